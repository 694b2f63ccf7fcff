// The checklist as files, made in the browser: it works before anybody signs in.
import { answerOf, standing } from "./answers.js";

const rows = (list) => list.map((q) => ({ id: q.id, question: q.question, answer: answerOf(q)?.ids ?? [], note: answerOf(q)?.note ?? "", standing: standing(q), next_step: q.next_step ?? "" }));

// A cell that a table program would take for a formula begins with an apostrophe.
const cell = (text) => `"${(/^[=+\-@\t\r]/.test(text) ? "'" : "") + text.replaceAll('"', '""')}"`;
const csv = (list) => [["id", "question", "answer", "standing", "note", "next_step"], ...rows(list).map((r) => [r.id, r.question, r.answer.join("; "), r.standing, r.note, r.next_step])].map((r) => r.map(cell).join(",") + "\r\n").join("");

// Version 4; randomUUID is there on secure origins only.
function uuid() {
  const r = crypto.getRandomValues(new Uint8Array(16));
  r[6] = (r[6] & 15) | 64;
  r[8] = (r[8] & 63) | 128;
  return [...r].map((b) => b.toString(16).padStart(2, "0")).join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// Assessment results: each question an observation, each gap a finding, as `custos audit --format oscal` has them.
function oscal(list) {
  const at = new Date().toISOString(), plan = uuid(), prop = (name, value) => ({ name, ns: "urn:custos:oscal", value });
  const seen = rows(list).map((r) => ({ r, o: { uuid: uuid(), description: r.question, methods: ["INTERVIEW"], props: [prop("question", r.id), prop("standing", r.standing), ...r.answer.map((a) => prop("answer", a))], collected: at, ...(r.note && { remarks: r.note }) } }));
  const findings = seen.filter(({ r }) => r.standing === "gap").map(({ r, o }) => ({ uuid: uuid(), title: r.question, description: r.next_step, target: { type: "objective-id", "target-id": r.id, status: { state: "not-satisfied" } }, "related-observations": [{ "observation-uuid": o.uuid }] }));
  const result = { uuid: uuid(), title: "Readiness checklist", description: "Answers are claims of who gave them; only evidence makes a criterion met", start: at, "reviewed-controls": { "control-selections": [{ "include-all": {} }] }, observations: seen.map(({ o }) => o), ...(findings.length && { findings }) };
  return { "assessment-results": { uuid: uuid(), metadata: { title: "Readiness checklist", "last-modified": at, version: at, "oscal-version": "1.1.3" }, "import-ap": { href: `#${plan}` }, results: [result], "back-matter": { resources: [{ uuid: plan, title: "The questions of the checklist" }] } } };
}

const FORMS = {
  json: ["checklist.json", "application/json", (list) => JSON.stringify({ exported: new Date().toISOString(), questions: rows(list) }, null, 2)],
  csv: ["checklist.csv", "text/csv", csv],
  oscal: ["checklist-oscal.json", "application/json", (list) => JSON.stringify(oscal(list), null, 2)],
};

export function save(list, form) {
  const [name, type, make] = FORMS[form], at = URL.createObjectURL(new Blob([make(list)], { type }));
  Object.assign(document.createElement("a"), { href: at, download: name }).click();
  URL.revokeObjectURL(at);
}
