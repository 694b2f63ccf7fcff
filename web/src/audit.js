// The readiness checklist: one question a card, by keyboard, saved at each key, taken up where it was left.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "./html.js";
import { session } from "./api.js";
import { useSource } from "./source.js";
import { useKeys } from "./keys.js";
import { Notice, State, useTitle } from "./parts.js";
import { count, many, moment } from "./format.js";
import { answerOf, give, giveAll, local, shown, standing } from "./answers.js";
import { save } from "./checklist-export.js";

const EVERY_MS = 10000;
const STANDINGS = { evidence: "stands on evidence", claim: "claimed, no evidence", gap: "gap", not_applicable: "does not apply", fact: "sets the scope", open: "open" };

const firstOpen = (list) => list.find((q) => !answerOf(q))?.id ?? "end";

function Progress({ sections, list, at, go }) {
  const pip = (q) => (q.id === at ? "now" : answerOf(q) ? "done" : q.suggestion ? "pre" : "");
  const open = list.filter((q) => !answerOf(q)).length;
  return html`<nav aria-label="Progress"><h2>Readiness checklist</h2><p class="small quiet">${list.length - open} answered, ${open} to go.</p>
    <ol class="secs">${sections.filter((s) => list.some((q) => q.section === s.id)).map((s) => {
      const of = list.filter((q) => q.section === s.id);
      return html`<li key=${s.id} aria-current=${of.some((q) => q.id === at) ? "step" : null}><span>${s.title}</span><div class="pips">${of.map((q) => html`<button type="button" key=${q.id} class=${pip(q)} aria-label=${`${q.id}, ${STANDINGS[standing(q)]}`} onClick=${() => go(q.id)}></button>`)}</div></li>`;
    })}</ol><p><button type="button" class="plainly" onClick=${() => go("end")}>Where it stands <kbd>F</kbd></button></p></nav>`;
}

function Beside({ q }) {
  return html`<aside id="evidence" tabindex="-1" aria-label="Evidence"><h2>${q.suggestion ? "Why this is suggested" : "What the log shows"}</h2>
    <ul class="ev">${q.controls.map((k) => html`<li key=${k.id}><${State} code=${k.state} /><div><a href=${`/controls?control=${k.id}`}><span class="mono">${k.id}</span> ${k.title}</a></div><p class="quiet">${k.why} <span class="nowrap">${count(k.entries)} entries.</span></p></li>`)}</ul>
    <p class="limit"><b>The rule.</b> Yes when all of these controls are met, no when one does not work, partly when there is something; without data, no suggestion.</p>
    <p class="limit">Serves ${q.criteria.map((id, i) => html`${i ? ", " : ""}<a href=${`/controls#${id}`}>${id}</a>`)}. An answer is a claim; only evidence makes a criterion met.</p></aside>`;
}

function Note({ q, note, set, needed }) {
  return html`<label class="field note"><span>${needed ? "Why it does not apply (needed)" : "Note"}</span><textarea name="note" rows="2" maxlength="1000" value=${note} onInput=${(e) => set(e.currentTarget.value)}></textarea></label>`;
}

// What is chosen on a card before it is kept. The next key may come before the card is drawn again, so it is read from now().
function useDraft(q) {
  const had = answerOf(q);
  const suggested = !had && q.suggestion;
  const [draft, set] = useState({ ids: had?.ids ?? (suggested ? [suggested] : []), note: had?.note ?? "", touched: false });
  const last = useRef(draft);
  const change = (part) => set((last.current = { ...last.current, ...part }));
  const choose = (id) => {
    const { ids } = last.current;
    change({ touched: true, ids: !q.multiple ? [id] : ids.includes(id) ? ids.filter((x) => x !== id) : [...ids, id] });
  };
  return { draft, now: () => last.current, choose, note: (note) => change({ note }) };
}

function Card({ q, section, walk, failed, onGive }) {
  const { draft, now, choose, note } = useDraft(q);
  const [writing, setWriting] = useState(Boolean(draft.note));
  const title = useRef(null);
  const picked = q.answers.filter((a) => draft.ids.includes(a.id));
  const needed = picked.some((a) => a.needs_note);
  const complete = (d) => d.ids.length > 0 && (d.note.trim() || !q.answers.some((a) => a.needs_note && d.ids.includes(a.id)));
  const ready = complete(draft);
  const short = picked.some((a) => a.counts_as === "gap");
  const keep = () => {
    const d = now();
    if (!complete(d)) return false;
    onGive(q, { ids: d.ids, note: d.note, from_log: d.ids.length === 1 && d.ids[0] === q.suggestion && !d.touched });
    return true;
  };
  useTitle(`${q.id} Checklist`);
  useEffect(() => { title.current?.focus({ preventScroll: true }); }, []);
  const numbers = Object.fromEntries(q.answers.map((a, i) => [String(i + 1), () => choose(a.id)]));
  useKeys({ ...numbers, n: () => setWriting(true), s: () => walk.later(), f: () => walk.go("end"), ArrowLeft: () => walk.back(), e: () => document.getElementById("evidence")?.focus(),
    Enter: (event) => (event.target.closest?.("a, button, summary") ? false : keep()) });
  return html`<section class="card" aria-labelledby="q"><p class="small quiet"><span class="mono">${q.id}</span> · ${section}</p>
    <h1 class="ask" id="q" tabindex="-1" ref=${title}>${q.question}</h1><p class="say">${q.why}</p>
    ${failed && html`<div class="notice" role="alert"><b>${failed.title}.</b> ${failed.detail} The answer is kept on this machine.</div>`}
    <form onSubmit=${(e) => { e.preventDefault(); keep(); }}>
    <fieldset class="answers"><legend class="vh">Your answer${q.multiple ? ", one or more" : ""}</legend>${q.answers.map((a, i) => html`<label key=${a.id}><kbd>${i + 1}</kbd><span>${a.label}</span><input type=${q.multiple ? "checkbox" : "radio"} name="a" checked=${draft.ids.includes(a.id)} onChange=${() => choose(a.id)} />${q.suggestion === a.id && html`<span class="tag">from the log</span>`}</label>`)}</fieldset>
    ${short && q.next_step && html`<div class="next" role="status"><b>What would make it a yes</b>${q.next_step}</div>`}
    ${(writing || needed) && html`<${Note} q=${q} note=${draft.note} set=${note} needed=${needed} />`}
    <div class="walk"><button class="btn go" disabled=${!ready}>Keep this answer <kbd>Enter</kbd></button>${!writing && !needed && html`<button type="button" class="btn" onClick=${() => setWriting(true)}>Add a note <kbd>N</kbd></button>`}<button type="button" class="btn" onClick=${walk.later}>Later <kbd>S</kbd></button><button type="button" class="btn" onClick=${walk.back}>Back <kbd>←</kbd></button></div></form>
    <p class="keys"><span><kbd>1</kbd>–<kbd>${q.answers.length}</kbd> answer</span><span><kbd>E</kbd> evidence</span><span><kbd>F</kbd> finish for now</span></p></section>`;
}

function End({ list, go }) {
  useTitle("Checklist");
  const of = (what) => list.filter((q) => standing(q) === what);
  const open = of("open").length;
  const title = useRef(null);
  useEffect(() => { title.current?.focus({ preventScroll: true }); }, []);
  useKeys({ f: () => go(firstOpen(list)) });
  return html`<section class="card"><h1 class="ask" tabindex="-1" ref=${title}>${list.length - open} of ${list.length} answered: ${of("evidence").length} stand on evidence, ${many(of("claim").length, "is a claim", "are claims")}, ${many(of("gap").length, "is a gap", "are gaps")}</h1>
    <p class="say">An answer is a claim; only evidence makes a criterion met. <a href="/controls">The criteria, as the log shows them</a></p>
    <div class="walk">${open > 0 && html`<button type="button" class="btn go" onClick=${() => go(firstOpen(list))}>Go on <kbd>F</kbd></button>`}<button type="button" class="btn" onClick=${() => save(list, "json")}>Export as JSON</button><button type="button" class="btn" onClick=${() => save(list, "csv")}>CSV</button><button type="button" class="btn" onClick=${() => save(list, "oscal")}>OSCAL</button><button type="button" class="btn" onClick=${() => print()}>Print</button></div>
    <ul class="ev">${list.map((q) => html`<li key=${q.id}><button type="button" class="plainly" onClick=${() => go(q.id)}>${q.id} ${q.question}</button><p class="quiet">${answerOf(q) ? q.answers.filter((a) => answerOf(q).ids.includes(a.id)).map((a) => a.label).join("; ") : "not answered"} · <b>${STANDINGS[standing(q)]}</b>${standing(q) === "gap" && html`<br />Next: ${q.next_step}`}</p></li>`)}</ul></section>`;
}

function Unsealed({ refresh }) {
  const n = Object.keys(local.value).length;
  const [failed, setFailed] = useState(null);
  if (!n) return session.value ? html`<p class="small quiet">Every answer is an entry of the log.</p>` : null;
  if (!session.value) return html`<p class="small quiet">${many(n, "answer")} kept on this machine. Sign in to put them into the log.</p>`;
  const all = () => giveAll().then(() => { setFailed(null); refresh(); }, setFailed);
  return html`<p class="small">${many(n, "answer")} kept on this machine. <button type="button" class="plainly" onClick=${all}>Put into the log</button>${failed && html` <span role="alert">${failed.detail || failed.title}</span>`}</p>`;
}

export function Audit() {
  const seen = useSource("/api/v1/checklist", EVERY_MS);
  const [at, setAt] = useState(null);
  const [failed, setFailed] = useState(null);
  const questions = seen.data?.questions;
  const list = questions ? shown(questions) : [];
  const here = at && (at === "end" || list.some((q) => q.id === at)) ? at : firstOpen(list);
  useEffect(() => { if (questions && at === null) setAt(firstOpen(list)); }, [Boolean(questions)]);
  if (!questions) return html`<div class="head"><div><h1 tabindex="-1">Readiness checklist</h1></div></div><${Notice} seen=${seen} />`;
  const i = list.findIndex((q) => q.id === here);
  const next = () => list[i + 1]?.id ?? "end";
  const walk = { go: setAt, later: () => setAt(next()), back: () => setAt(list[Math.max(i - 1, 0)]?.id ?? "end") };
  const onGive = (q, answer) => {
    give(q.id, answer).then(() => { setFailed(null); seen.refresh(); }, setFailed);
    const after = shown(questions); // a choice may have opened a branch
    const j = after.findIndex((x) => x.id === q.id);
    setAt(after[j + 1]?.id ?? "end");
  };
  const q = list[i];
  return html`<${Notice} seen=${seen} /><div class="solo"><${Progress} sections=${seen.data.sections} list=${list} at=${here} go=${setAt} />
    ${q ? html`<${Card} key=${q.id} q=${q} section=${seen.data.sections.find((s) => s.id === q.section)?.title} walk=${walk} failed=${failed} onGive=${onGive} /><${Beside} q=${q} />` : html`<${End} list=${list} go=${setAt} /><aside aria-label="About"><p class="limit">As of ${moment(seen.data.as_of)}.</p></aside>`}</div><${Unsealed} refresh=${seen.refresh} />`;
}
