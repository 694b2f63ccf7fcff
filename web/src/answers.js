// What was answered: entries of the log once signed in; before that, kept on this machine alone.
import { signal } from "@preact/signals";
import { post, session } from "./api.js";

const NAME = "checklist-answers";

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(NAME) ?? "{}");
    return kept && typeof kept === "object" && !Array.isArray(kept) ? kept : {};
  } catch {
    return {};
  }
}

// {Q05: {ids, note, from_log}}
export const local = signal(read());

function keep(all) {
  local.value = all;
  try {
    localStorage.setItem(NAME, JSON.stringify(all));
  } catch {
    // Without storage the answers last as long as the page.
  }
}

const send = (question, { ids, note, from_log }) => post("/api/v1/checklist/answers", { question, answer: ids, note, from_log });

// Kept here first, so that nothing is lost when the daemon is silent; gone from here once it is sealed.
export async function give(question, answer) {
  keep({ ...local.value, [question]: answer });
  if (!session.value) return;
  await send(question, answer);
  const { [question]: sealed, ...rest } = local.value;
  if (sealed === answer) keep(rest);
}

export async function giveAll() {
  for (const [question, answer] of Object.entries(local.value)) await give(question, answer);
}

export const answerOf = (q) => local.value[q.id] ?? q.answer;

// Branches, worked out here so that a choice counts at once: the daemon says which categories a question is for.
export function shown(questions) {
  const setters = questions.filter((q) => q.answers.some((a) => a.category));
  const asked = setters.some(answerOf);
  const chosen = new Set(setters.flatMap((q) => q.answers.filter((a) => a.category && answerOf(q)?.ids.includes(a.id)).map((a) => a.category)));
  return questions.filter((q) => (asked ? q.shown_for.length === 0 || q.shown_for.some((c) => chosen.has(c)) : q.shown));
}

// What an answer stands on: evidence only when the log itself suggests yes.
export function standing(q) {
  const ids = answerOf(q)?.ids;
  if (!ids) return "open";
  const counted = q.answers.find((a) => a.id === ids[0])?.counts_as;
  if (counted === "claimed") return q.suggestion === "yes" ? "evidence" : "claim";
  return counted === "not-applicable" ? "not_applicable" : counted;
}
