// Registers that people keep: what there is, one register's records, and one record with its history. What they
// are and which steps there are comes from the registry of events, by /api/v1/registers.
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { session } from "./api.js";
import { route, go, withQuery } from "./router.js";
import { useSource } from "./source.js";
import { useKeys } from "./keys.js";
import { Notice, SignInNeeded, useTitle } from "./parts.js";
import { count, day, many, moment } from "./format.js";
import { Registers } from "./registers.js";
import { StepForm, wordOf } from "./step-form.js";

const EVERY_MS = 5000;

export function RecordState({ reg, name }) {
  const state = reg?.states.find((s) => s.name === name);
  const cls = { met: "met", partly: "partly", unmet: "not", nodata: "nodata", na: "na" }[state?.tone] ?? "nodata";
  return html`<span class=${`st ${cls}`}><svg aria-hidden="true"><use href=${`#s-${cls}`} /></svg>${state?.label ?? name}</span>`;
}

const DATE = /^\d{4}-\d\d-\d\dT/;
export function Value({ value }) {
  if (value === undefined || value === null || value === "") return html`<span class="faint">–</span>`;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return count(value);
  if (Array.isArray(value) && value.every((v) => typeof v === "string")) return value.join(", ") || html`<span class="faint">none</span>`;
  if (typeof value === "object") return html`<ul class="plain">${(Array.isArray(value) ? value : [value]).map((v, i) => html`<li key=${i}>${Object.entries(v).map(([k, x]) => `${wordOf(k)}: ${x}`).join("; ")}</li>`)}</ul>`;
  return DATE.test(value) ? (value.endsWith("T00:00:00.000Z") ? day(new Date(value)) : moment(value)) : String(value);
}

const recordPath = (reg, id) => `/registers/${encodeURIComponent(reg)}/${encodeURIComponent(id)}`;
const overdue = (r, reg) => r.fields.due && !reg.states.find((s) => s.name === r.state)?.ends && r.fields.due < new Date().toISOString();

// --- all registers ---

export function Desks() {
  useTitle("Registers");
  const seen = useSource(session.value ? "/api/v1/registers" : null, EVERY_MS);
  const head = html`<div class="head"><div><h1 tabindex="-1">Registers</h1><p class="lede">What people keep and decide. Every step is an entry of the log, with who took it and when.</p></div></div><${Registers} here="All" />`;
  if (session.value === null) return html`${head}<${SignInNeeded} what="The registers" />`;
  const areas = [...new Set(seen.data?.registers.map((r) => r.area))];
  return html`${head}<${Notice} seen=${seen} />${areas.length > 0 && html`<div class="paper">${areas.map((a) => html`<${Area} key=${a} name=${a} registers=${seen.data.registers.filter((r) => r.area === a)} />`)}</div>`}`;
}

// What somebody has to do something about.
const waiting = (r) => r.states.filter((s) => s.tone === "unmet").reduce((n, s) => n + (r.counts[s.name] ?? 0), 0);

function Area({ name, registers }) {
  const waits = registers.reduce((n, r) => n + waiting(r), 0);
  return html`<section class="row"><header class="gloss"><h2>${name}</h2>${waits > 0 && html`<p>${many(waits, "record waits", "records wait")} for somebody.</p>`}</header><div class="body"><table class="stack list even"><caption class="vh">${name}</caption>
    <thead><tr><th scope="col">Register</th><th scope="col">Holds</th><th scope="col">Now</th></tr></thead>
    <tbody>${registers.map((r) => html`<tr key=${r.name}><td data-l="Register"><a href=${`/registers/${r.name}`}>${r.plural}</a></td><td data-l="Holds">${r.means}</td>
      <td data-l="Now">${Object.keys(r.counts).length === 0 ? html`<span class="faint">nothing yet</span>` : r.states.filter((s) => r.counts[s.name]).map((s) => html`<div key=${s.name}><${RecordState} reg=${r} name=${s.name} /> ${count(r.counts[s.name])}</div>`)}</td></tr>`)}</tbody></table></div></section>`;
}

// --- one register ---

function Rows({ reg, items }) {
  return html`<div class="sheet"><div class="scroll" tabindex="0" role="region" aria-label=${reg.plural}><table class="stack list"><caption class="vh">${reg.plural}, newest first</caption>
    <thead><tr><th scope="col">${reg.label}</th><th scope="col">State</th>${reg.columns.map((c) => html`<th key=${c} scope="col">${wordOf(c)}</th>`)}<th scope="col">Last step</th></tr></thead>
    <tbody>${items.map((r) => html`<tr key=${r.id}><td data-l=${reg.label}><a href=${recordPath(reg.name, r.id)}>${r.id}</a>${r.tenant && html` <span class="faint">${r.tenant}</span>`}</td>
      <td class="nowrap" data-l="State"><${RecordState} reg=${reg} name=${r.state} />${overdue(r, reg) && html` <span class="refusal">overdue</span>`}</td>
      ${reg.columns.map((c) => html`<td key=${c} data-l=${wordOf(c)}><${Value} value=${r.fields[c]} /></td>`)}
      <td class="nowrap" data-l="Last step">${moment(r.at)}</td></tr>`)}</tbody></table></div></div>`;
}

function StateChoice({ reg, chosen }) {
  const to = (state) => withQuery({ state, cursor: null });
  const all = Object.values(reg.counts).reduce((a, b) => a + b, 0);
  return html`<nav class="registers" aria-label="State"><a href=${to(null)} aria-current=${chosen ? null : "page"}>All ${count(all)}</a>${reg.states.map((s) => html`<a key=${s.name} href=${to(s.name)} aria-current=${chosen === s.name ? "page" : null}>${s.label} ${count(reg.counts[s.name] ?? 0)}</a>`)}</nav>`;
}

export function Desk({ id }) {
  const [step, setStep] = useState(null);
  const state = route.value.query.get("state") ?? "", cursor = route.value.query.get("cursor") ?? "";
  const registers = useSource(session.value ? "/api/v1/registers" : null, EVERY_MS);
  const reg = registers.data?.registers.find((r) => r.name === id);
  const ask = new URLSearchParams({ register: id, limit: "100", ...(state && { state }), ...(cursor && { cursor }) });
  const seen = useSource(session.value && reg ? `/api/v1/records?${ask}` : null, EVERY_MS);
  useTitle(reg?.plural ?? "Register");
  const opening = reg?.steps.filter((s) => s.opens && s.roles.length) ?? [];
  useKeys({ n: () => opening.length === 1 && setStep(opening[0]) });
  if (session.value === null) return html`<div class="head"><div><h1 tabindex="-1">Register</h1></div></div><${SignInNeeded} what="A register" />`;
  if (registers.data && !reg) return html`<div class="head"><div><h1 tabindex="-1">There is no such register</h1><p class="lede"><a href="/registers">All registers</a></p></div></div>`;
  if (!reg) return html`<div class="head"><div><h1 tabindex="-1">One moment</h1></div></div><${Notice} seen=${registers} />`;
  const done = (r) => go(recordPath(reg.name, r.id));
  return html`<div class="head"><div><h1 tabindex="-1">${reg.plural}</h1><p class="lede">${reg.means}.</p></div>
      <div class="acts">${opening.map((s) => html`<button key=${s.type} type="button" class="btn" onClick=${() => setStep(s)}>${s.act}${opening.length === 1 && html` <kbd>N</kbd>`}</button>`)}</div></div>
    <${Registers} here="All" />
    ${step && html`<${StepForm} reg=${reg} step=${step} onDone=${done} onCancel=${() => setStep(null)} />`}
    <${Notice} seen=${seen} /><${StateChoice} reg=${reg} chosen=${state} />
    ${seen.data?.items.length === 0 && html`<p class="lede">Nothing here${state ? " in this state" : " yet"}.</p>`}
    ${seen.data?.items.length > 0 && html`<${Rows} reg=${reg} items=${seen.data.items} />`}
    ${seen.data?.next_cursor && html`<p><a href=${withQuery({ cursor: seen.data.next_cursor })}>Older</a></p>`}`;
}

// --- one record ---

const mayFollow = (step, state) => step.roles.length > 0 && (step.from.length ? step.from.includes(state) : true) && !(step.opens && step.from.length === 1);
const proofPath = (entry) => `/log?log=${encodeURIComponent(entry.log)}&entry=${entry.index}`;

// What the register lists comes first.
const ordered = (reg, fields) => [...reg.columns.filter((c) => c in fields), ...Object.keys(fields).filter((k) => !reg.columns.includes(k))].filter((k) => k !== reg.name).map((k) => [k, fields[k]]);

// What a step changed, beside the one before.
function changes(step, before, reg) {
  return Object.entries(step.fields).filter(([k, v]) => k !== reg.name && JSON.stringify(v) !== JSON.stringify(before?.fields[k]));
}

function History({ reg, steps }) {
  const label = (type) => reg.steps.find((s) => s.type === type)?.label ?? type;
  return html`<section class="apart" aria-labelledby="history"><h2 id="history" class="h3">History</h2><ol class="plain timeline">${steps.map((s, i) => html`<li key=${s.at + s.type}>
    <p><b>${label(s.type)}</b> <${RecordState} reg=${reg} name=${s.state} /> <span class="quiet">${moment(s.at)}, ${s.by}</span> <a class="small" href=${proofPath(s.entry)}>entry ${count(s.entry.index)} and its proof</a></p>
    <dl class="facts">${changes(s, steps[i - 1], reg).map(([k, v]) => [html`<dt>${wordOf(k)}</dt>`, html`<dd><${Value} value=${v} /></dd>`])}</dl></li>`)}</ol></section>`;
}

export function DeskRecord({ id }) {
  const [name, record] = id.split("/");
  const [step, setStep] = useState(null);
  const registers = useSource(session.value ? "/api/v1/registers" : null, EVERY_MS);
  const seen = useSource(session.value ? `/api/v1/records/${encodeURIComponent(name)}/${encodeURIComponent(record)}` : null, EVERY_MS);
  const reg = registers.data?.registers.find((r) => r.name === name), r = seen.data;
  useTitle(`${reg?.label ?? name} ${record}`);
  if (session.value === null) return html`<div class="head"><div><h1 tabindex="-1">${record}</h1></div></div><${SignInNeeded} what="A record" />`;
  if (!reg || !r) return html`<div class="head"><div><h1 tabindex="-1">${reg?.label ?? ""} ${record}</h1></div></div><${Notice} seen=${seen} />`;
  const possible = reg.steps.filter((s) => mayFollow(s, r.state));
  return html`<div class="head"><div><p class="small"><a href=${`/registers/${name}`}>${reg.plural}</a></p><h1 tabindex="-1">${r.id}${r.fields.title && html`: ${r.fields.title}`}</h1>
      <p class="lede"><${RecordState} reg=${reg} name=${r.state} />${overdue(r, reg) && html` <span class="refusal">overdue</span>`} since ${moment(r.at)}</p></div>
      <div class="acts">${name === "access_review" && html`<a class="btn" href=${`/reviews/${encodeURIComponent(r.id)}`}>Its lines</a>`}${possible.map((s) => html`<button key=${s.type} type="button" class="btn" aria-pressed=${step === s} onClick=${() => setStep(s)}>${s.act}</button>`)}</div></div>
    <${Notice} seen=${seen} />
    ${step && html`<${StepForm} reg=${reg} step=${reg.steps.find((s) => s.type === step.type)} record=${r} onDone=${() => { setStep(null); seen.refresh(); }} onCancel=${() => setStep(null)} />`}
    <section class="sheet asis" aria-label="As it is"><dl class="facts">${ordered(reg, r.fields).map(([k, v]) => [html`<dt>${wordOf(k)}</dt>`, html`<dd><${Value} value=${v} /></dd>`])}</dl></section>
    <${History} reg=${reg} steps=${r.steps} />`;
}
