// Questionnaires of buyers: a file comes in, answers are drafted, a person lets them go out one at a time, the file leaves filled in.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "./html.js";
import { Registers } from "./registers.js";
import { post, session } from "./api.js";
import { go } from "./router.js";
import { useSource } from "./source.js";
import { useKeys } from "./keys.js";
import { Notice, SignInNeeded, useTitle } from "./parts.js";
import { Refused, useAct } from "./examination.js";
import { bytes, count, many, moment } from "./format.js";
import { entryPath } from "./words.js";

const EVERY_MS = 15000;
const FILE_MAX = 5 << 20;
const PIPS_MAX = 400;
const VERDICTS = [["yes", "Yes"], ["partly", "In part"], ["no", "No"], ["text", "As the text says"]];
// Words alone: the shapes of states mean states of controls.
const Status = ({ of }) => html`<span class="stage">${of}</span>`;

function base64Of(file) {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result).replace(/^[^,]*,?/, ""));
    reader.onerror = () => fail(new Error("The file could not be read."));
    reader.readAsDataURL(file);
  });
}

function Bring() {
  const act = useAct();
  const [name, setName] = useState("");
  const take = async (file) => {
    if (!file) return;
    setName(file.name);
    const made = await act.run(async () => {
      if (file.size > FILE_MAX) throw { title: "Too large", detail: `${file.name} has ${bytes(file.size)}; 5 MiB are possible.` };
      return (await post("/api/v1/questionnaires", { name: file.name.slice(0, 100), content: await base64Of(file) })).json();
    });
    if (made) go(`/examination/questionnaires/${made.id}`);
  };
  return html`<section class="row"><header class="gloss"><h2>Bring one in</h2><p>CSV, XLSX or DOCX, up to 5 MiB. It is read on this machine, and nothing of it leaves.</p></header>
    <div class="body" onDragOver=${(e) => e.preventDefault()} onDrop=${(e) => { e.preventDefault(); take(e.dataTransfer.files[0]); }}><${Refused} act=${act} />
    <label class="field file"><span>A questionnaire; you can also drop it here</span><input type="file" accept=".csv,.xlsx,.docx" disabled=${act.busy} onChange=${(e) => { take(e.currentTarget.files[0]); e.currentTarget.value = ""; }} /></label>
    <p class="quiet" role="status">${act.busy ? `Reading ${name} and drafting its answers …` : ""}</p></div></section>`;
}

function Listed({ seen }) {
  const items = seen.data?.items;
  return html`<section class="row"><header class="gloss"><h2>Came in</h2><p>Newest first. ${seen.data && `${many(seen.data.approved_answers, "approved answer")} remembered; the bank has ${count(seen.data.bank)} questions.`}</p></header><div class="body"><${Notice} seen=${seen} />
    ${items?.length === 0 && html`<p>No questionnaire yet. In a terminal: <code>custos questionnaire draft FILE --out FILE</code></p>`}
    ${items?.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label="Questionnaires"><table class="stack"><thead><tr><th scope="col">File</th><th scope="col">Came in</th><th scope="col" class="num">Questions</th><th scope="col" class="num">Approvals</th><th scope="col">Left</th></tr></thead>
      <tbody>${items.map((x) => html`<tr key=${x.id}><td data-l="File" class="breakable"><a class="rowlink" href=${`/examination/questionnaires/${x.id}`}>${x.name}</a></td><td class="nowrap" data-l="Came in"><a class="fig" href=${entryPath("org", x.index)}>${moment(x.imported)}</a></td><td class="num" data-l="Questions">${count(x.questions)}</td><td class="num" data-l="Approvals">${count(x.approvals)}</td><td class="nowrap" data-l="Left">${x.exported ? moment(x.exported) : "not yet"}</td></tr>`)}</tbody></table></div>`}</div></section>`;
}

function Desk() {
  const seen = useSource("/api/v1/questionnaires?limit=200", EVERY_MS);
  return html`<div class="paper"><${Bring} /><${Listed} seen=${seen} /></div>
    <p class="limit">A draft says what controls and sealed entries say, with citations. What they do not decide waits for a person. Only what was approved goes out without a mark.</p>`;
}

export function Questionnaires() {
  useTitle("Questionnaires");
  return html`<div class="head"><div><h1 tabindex="-1">Questionnaires</h1><p class="lede">What buyers ask, drafted from controls and from the log; approved answers come back until their facts change.</p></div></div><${Registers} here="Questionnaires" />
    ${session.value === null && html`<${SignInNeeded} what="The desk for questionnaires" />`}${session.value && html`<${Desk} />`}`;
}

/* --- one of them --- */

const waiting = (q) => q.status !== "approved";
const firstOpen = (list, from = 0) => {
  const order = [...list.slice(from), ...list.slice(0, from)];
  return (order.find((q) => q.status === "changed") ?? order.find(waiting))?.n ?? 0;
};

// Where an entry is named, it is a link to it and its proof.
function Citations({ text }) {
  const parts = text.split("; ").map((part, i) => html`<li key=${i}>${part.split(/((?:t\/[a-z0-9-]+|org)#\d+|control [A-Z]{3}-\d+)/).map((x) => {
    const entry = /^(t\/[a-z0-9-]+|org)#(\d+)$/.exec(x), control = /^control (.+)$/.exec(x);
    if (entry) return html`<a class="fig" href=${entryPath(entry[1].replace(/^t\//, "t:"), Number(entry[2]))}>${x}</a>`;
    return control ? html`control <a class="fig" href=${`/controls?control=${control[1]}`}>${control[1]}</a>` : x;
  })}</li>`);
  return html`<ul class="ev cited">${parts}</ul>`;
}

function Progress({ all, at, set }) {
  const { counts, items } = all;
  const pip = (q) => (q.n === at ? "now" : q.status === "approved" ? "done" : q.answer ? "pre" : "");
  const sections = [...new Set(items.map((q) => q.section))];
  return html`<nav aria-label="Progress"><h2 class="breakable">${all.name}</h2>
    <ul class="tallied">${[["changed", counts.changed], ["drafted", counts.drafted], ["needs a person", counts.person], ["approved", counts.approved]].map(([s, n]) => html`<li key=${s}><b>${count(n)}</b> ${s}</li>`)}</ul>
    ${items.length <= PIPS_MAX && html`<ol class="secs">${sections.map((s) => {
      const of = items.filter((q) => q.section === s);
      return html`<li key=${s} aria-current=${of.some((q) => q.n === at) ? "step" : null}><span>${s || "Questions"}</span><div class="pips">${of.map((q) => html`<button type="button" key=${q.n} class=${pip(q)} aria-label=${`${q.id}, ${q.status}`} onClick=${() => set(q.n)}></button>`)}</div></li>`;
    })}</ol>`}<p><button type="button" class="plainly" onClick=${() => set(0)}>Export <kbd>F</kbd></button></p></nav>`;
}

function Beside({ q }) {
  return html`<aside id="evidence" tabindex="-1" aria-label="Evidence"><h2>${q.citations ? "What it stands on" : "Nothing to stand on"}</h2>
    ${q.citations ? html`<${Citations} text=${q.citations} />` : html`<p class="quiet">The bank of questions has no entry near enough.${q.nearest && ` The nearest asks: ${q.nearest}`}</p>`}
    ${q.gap && html`<p class="limit"><b>Not shown.</b> ${q.gap}</p>`}
    ${q.approved && html`<p class="limit"><b>Approved</b> by ${q.approved.by}, <a href=${entryPath("org", q.approved.index)}>${moment(q.approved.at)}</a>${q.status === "changed" && html`: ${q.approved.answer}`}</p>`}
    ${q.bank_id && html`<p class="limit">Taken as <span class="mono">${q.bank_id}</span>: ${q.bank_question}${q.inverted && " (asked the other way round)"}</p>`}
    <p class="limit">A citation shows what was recorded, not that nothing else happened.</p></aside>`;
}

const verdictOf = (q) => (q.approved && q.status === "approved" ? q.verdict : q.verdict === "holds in part" ? "partly" : /^Yes\./.test(q.answer) ? "yes" : /^No\./.test(q.answer) ? "no" : "text");
const outward = (text) => text.replace(/^\[A person decides\.\]\s*/, "");

function Card({ q, id, walk, done }) {
  const act = useAct();
  const [answer, setAnswer] = useState(outward(q.answer));
  const [verdict, setVerdict] = useState(verdictOf(q));
  const [touched, touch] = useState(false);
  const title = useRef(null), field = useRef(null);
  const decided = q.verdict !== "needs a person" || touched;
  const keep = async () => {
    if (!answer.trim() || !decided || act.busy) return;
    if (await act.run(() => post(`/api/v1/questionnaires/${id}/answers`, { n: q.n, answer, verdict, facts: q.facts }))) done();
  };
  useTitle(`${q.id} Questionnaire`);
  useEffect(() => { title.current?.focus({ preventScroll: true }); }, []);
  const numbers = Object.fromEntries(VERDICTS.map(([v], i) => [String(i + 1), () => { touch(true); setVerdict(v); }]));
  useKeys({ ...numbers, s: walk.later, f: walk.end, ArrowLeft: walk.back, e: () => document.getElementById("evidence")?.focus(), t: () => field.current?.focus(),
    Enter: (event) => (event.target.closest?.("a, button, summary") ? false : void keep()) });
  return html`<section class="card" aria-labelledby="q"><p class="small quiet"><span class="mono">${q.id}</span>${q.section && ` · ${q.section}`} · <${Status} of=${q.status} /></p>
    <h1 class="ask" id="q" tabindex="-1" ref=${title}>${q.question}</h1>
    ${q.existing && html`<p class="say">The file has an answer already, and keeps it: ${q.existing}</p>`}<${Refused} act=${act} />
    <form onSubmit=${(e) => { e.preventDefault(); keep(); }}>
    <label class="field note"><span>${q.status === "approved" ? "Approved answer" : q.answer ? "Draft; change what you like" : "Your answer"} <kbd>T</kbd></span><textarea ref=${field} name="answer" rows="9" maxlength="8000" value=${answer} onInput=${(e) => { touch(true); setAnswer(e.currentTarget.value); }} onKeyDown=${(e) => { if (e.key === "Enter" && e.ctrlKey) { e.preventDefault(); keep(); } }}></textarea></label>
    <fieldset class="answers verdicts"><legend class="small quiet">What it says</legend>${VERDICTS.map(([v, word], i) => html`<label key=${v}><kbd>${i + 1}</kbd><span>${word}</span><input type="radio" name="v" checked=${verdict === v} onChange=${() => { touch(true); setVerdict(v); }} /></label>`)}</fieldset>
    ${!decided && html`<p class="small quiet" role="status">Facts do not decide this one: choose what it says, or write the answer.</p>`}
    <div class="walk"><button class="btn go" disabled=${!answer.trim() || !decided || act.busy}>${act.busy ? "Sealing …" : "Approve"} <kbd>Enter</kbd></button><button type="button" class="btn" onClick=${walk.later}>Later <kbd>S</kbd></button><button type="button" class="btn" onClick=${walk.back}>Back <kbd>←</kbd></button></div></form>
    <p class="keys"><span><kbd>1</kbd>–<kbd>4</kbd> what it says</span><span><kbd>E</kbd> evidence</span><span><kbd>Ctrl Enter</kbd> approve while writing</span><span><kbd>F</kbd> export</span></p></section>`;
}

async function save(id, format, name) {
  const answer = await post(`/api/v1/questionnaires/${id}/exports`, { format });
  const at = URL.createObjectURL(await answer.blob());
  const link = Object.assign(document.createElement("a"), { href: at, download: name.replace(/\.[a-z]+$/i, "") + ` answered.${format}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(at), 10000);
}

function End({ all, set }) {
  const act = useAct();
  const title = useRef(null);
  const { counts, items } = all;
  const open = items.filter(waiting).length;
  useTitle("Questionnaire");
  useEffect(() => { title.current?.focus({ preventScroll: true }); }, []);
  useKeys({ f: () => open > 0 && set(firstOpen(items)) });
  const forms = ["csv", "json", ...(all.format === "csv" ? [] : [all.format])];
  return html`<section class="card"><h1 class="ask" tabindex="-1" ref=${title}>${count(counts.approved)} of ${many(counts.questions, "answer")} approved</h1>
    <p class="say">${open === 0 ? "Every answer was approved, and its facts are what they were." : `${many(counts.drafted + counts.changed, "answer")} would leave with the mark of a draft, ${many(counts.person, "question")} without an answer.`}</p><${Refused} act=${act} />
    <div class="walk">${open > 0 && html`<button type="button" class="btn go" onClick=${() => set(firstOpen(items))}>Go on <kbd>F</kbd></button>`}${forms.map((f) => html`<button type="button" key=${f} class="btn" disabled=${act.busy} onClick=${() => act.run(() => save(all.id, f, all.name))}>Export as ${f.toUpperCase()}</button>`)}<button type="button" class="btn" onClick=${() => print()}>Print</button></div>
    <ul class="ev">${items.map((q) => html`<li key=${q.n}><button type="button" class="plainly" onClick=${() => set(q.n)}><span class="mono">${q.id}</span> ${q.question}</button> <${Status} of=${q.status} />${q.answer && html`<p class="quiet">${outward(q.answer)}</p>`}</li>`)}</ul></section>`;
}

function Review({ id }) {
  const seen = useSource(`/api/v1/questionnaires/${id}`);
  const [at, set] = useState(null);
  const all = seen.data;
  useEffect(() => { if (all && at === null) set(firstOpen(all.items)); }, [Boolean(all)]);
  if (!all || at === null) return html`<div class="head"><div><h1 tabindex="-1">Questionnaire</h1></div></div><${Notice} seen=${seen} />`;
  const q = all.items.find((x) => x.n === at);
  const nextOpen = () => firstOpen(all.items.map((x) => (x.n === at ? { ...x, status: "approved" } : x)), at);
  const walk = { later: () => set(all.items[at]?.n ?? 0), back: () => set(Math.max(at - 1, 1)), end: () => set(0) };
  const done = () => { set(nextOpen()); seen.refresh(); };
  return html`<${Notice} seen=${seen} /><div class="solo"><${Progress} all=${all} at=${at} set=${set} />
    ${q ? html`<${Card} key=${`${q.n}${q.facts}${q.status}`} q=${q} id=${id} walk=${walk} done=${done} /><${Beside} q=${q} />` : html`<${End} all=${all} set=${set} /><aside aria-label="About"><h2>About</h2><p class="small">Drafted as of ${moment(all.as_of)}. Came in <a href=${entryPath("org", all.index)}>${moment(all.imported)}</a>.</p></aside>`}</div>`;
}

export function Questionnaire({ id }) {
  return html`<p class="crumbs"><a href="/examination">Examination</a><a href="/examination/questionnaires">Questionnaires</a><span class="mono">${id.slice(-8)}</span></p>
    ${session.value === null && html`<div class="head"><div><h1 tabindex="-1">Questionnaire</h1></div></div><${SignInNeeded} what="A questionnaire" />`}${session.value && html`<${Review} id=${id} />`}`;
}
