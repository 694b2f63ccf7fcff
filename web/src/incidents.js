// Incidents: each with its clocks drawn; one with its runbook to tick, its steps and its timeline; and whose data went where.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "./html.js";
import { post, session } from "./api.js";
import { go, route, withQuery } from "./router.js";
import { useSource } from "./source.js";
import { Notice, Part, Pills, SignInNeeded, useTitle } from "./parts.js";
import { count, day, many, moment } from "./format.js";
import { Registers } from "./registers.js";
import { RecordState } from "./desk.js";
import { StepForm } from "./step-form.js";
import { labelOf } from "./explorer.js";
import { entryPath } from "./words.js";
import { span } from "./span.js";

const EVERY_MS = 5000;
const CLOCKS = { acknowledge: "Take on", contain: "Contain", notify: "Notify", close: "Close" };
const PHASES = { contain: "Stop it", look: "Look into it", notify: "Tell those who must know", learn: "Learn from it" };
const TONE = { running: "m-due", overdue: "m-bad", met: "m-met", late: "m-bad", not_owed: "m-rest" };

function said(c, now) {
  const due = Date.parse(c.due), done = Date.parse(c.done);
  if (c.state === "not_owed") return "no notice is owed";
  if (c.state === "running") return `${span(due - now)} left`;
  if (c.state === "overdue") return `overdue by ${span(now - due)}`;
  return c.state === "met" ? `done, ${span(due - done)} before its end` : `done, ${span(done - due)} too late`;
}

// How much of its time is used up, with the words beside it: colour alone says nothing.
export function Clock({ c, label, now = Date.now() }) {
  const from = Date.parse(c.due) - c.limit_s * 1000, end = c.done ? Date.parse(c.done) : now;
  const share = c.state === "not_owed" ? 0 : Math.max(2, Math.min(100, (100 * (end - from)) / (c.limit_s * 1000)));
  return html`<div class="clock"><span class="clock-l">${label}</span><span class="meter" role="img" aria-label=${`${label}: ${said(c, now)}, due ${moment(c.due)}`} title=${`due ${moment(c.due)}`}><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="m-rest" width="100" height="8" /><rect class=${TONE[c.state]} width=${share} height="8" /></svg></span><span class=${c.state === "overdue" || c.state === "late" ? "refusal" : "quiet"} aria-hidden="true">${said(c, now)}</span></div>`;
}

const Clocks = ({ v, open }) => v.clocks.filter((c) => !open || !["met", "not_owed"].includes(c.state)).map((c) => html`<${Clock} key=${c.clock} c=${c} label=${CLOCKS[c.clock]} />`);

function useRegisters() {
  const registers = useSource(session.value ? "/api/v1/registers" : null);
  const all = registers.data?.registers ?? [];
  return { reg: (name) => all.find((r) => r.name === name), step: (type) => all.flatMap((r) => r.steps.map((s) => [r, s])).find(([, s]) => s.type === type) };
}

function Rows({ data, reg }) {
  const name = (id) => data.runbooks.find((b) => b.id === id)?.label ?? "Other";
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Incidents"><table class="stack list"><caption class="vh">Incidents, newest first</caption>
    <thead><tr><th scope="col">Incident</th><th scope="col">State</th><th scope="col">Severity</th><th scope="col">Clocks</th><th scope="col">Owner</th></tr></thead>
    <tbody>${data.items.map((v) => html`<tr key=${v.id}><td data-l="Incident"><a href=${`/incidents/${v.id}`}>${v.id} ${v.fields.title}</a> <span class="faint">${name(v.fields.kind)}${v.fields.tenant ? `, ${v.fields.tenant}` : ""}${v.fields.vendor ? `, ${v.fields.vendor}` : ""}</span></td>
      <td class="nowrap" data-l="State"><${RecordState} reg=${reg("incident")} name=${v.state} /></td><td data-l="Severity">${v.fields.severity}</td>
      <td data-l="Clocks">${v.state === "closed" ? html`<span class="faint">${v.clocks.some((c) => c.state === "late") ? "closed; not all in time" : "closed, all in time"}</span>` : html`<${Clocks} v=${v} open />`}</td><td data-l="Owner">${v.fields.owner || html`<span class="faint">nobody yet</span>`}</td></tr>`)}</tbody></table></div>`;
}

function Exercises({ items, button }) {
  return html`<${Part} title="Exercises" gloss="One hour with a runbook shows what is missing before it matters." act=${button}>
    ${items.length === 0 ? html`<p>None is on record yet.</p>` : html`<ul class="plain">${items.map((x) => html`<li key=${x.id}><a href=${`/registers/exercise/${x.id}`}>${x.id}</a> ${x.fields.runbook.replaceAll("_", " ")}, ${day(new Date(x.fields.held_on))}, led by ${x.fields.lead}, ${many(x.fields.participants, "person", "persons")}: ${x.fields.lessons}</li>`)}</ul>`}<//>`;
}

export function Incidents() {
  useTitle("Incidents");
  const [asked, setAsked] = useState(null);
  const seen = useSource(session.value ? "/api/v1/incidents" : null, EVERY_MS);
  const { reg, step } = useRegisters();
  const button = (type, cls = "btn") => step(type) && html`<button type="button" class=${cls} onClick=${() => setAsked(type)}>${step(type)[1].act}</button>`;
  const head = html`<div class="head"><div><h1 tabindex="-1">Incidents</h1><p class="lede">What went wrong, and how much time is left for each step. A suspected leak, missing evidence, a missed service level and a vendor's notice open one by themselves.</p></div><div class="acts">${session.value && button("incident.opened")}</div></div><${Registers} here="Incidents" />`;
  if (session.value === null) return html`${head}<${SignInNeeded} what="The incident desk" />`;
  return html`${head}<${Notice} seen=${seen} />
    ${asked && step(asked) && html`<${StepForm} key=${asked} reg=${step(asked)[0]} step=${step(asked)[1]} given=${asked === "incident.opened" ? { entry: "", source: "person" } : {}} onDone=${(r) => { setAsked(null); seen.refresh(); if (r.register === "incident") go(`/incidents/${r.id}`); }} onCancel=${() => setAsked(null)} />`}
    ${seen.data && html`<div class="paper"><${Part} title="On record" gloss=${html`For those who must be told: <a href="/disclosures">whose data went where</a>.`}>
        ${seen.data.items.length === 0 ? html`<p>No incident is on record. That nothing happened in a month is a statement too: <code>custos audit nil OPS-04</code> records it.</p>` : html`<${Rows} data=${seen.data} reg=${reg} />`}<//>
      <${Exercises} items=${seen.data.exercises} button=${button("exercise.completed", "btn small")} /></div>`}`;
}

// --- one incident ---

function Tick({ x, open, tick }) {
  const [note, setNote] = useState("");
  return html`<li class="tick"><div><b>${x.do}.</b> <span class="faint">Proof: ${x.proof}.</span>
    ${x.done && html`<p class="small quiet"><span class="st met"><svg aria-hidden="true"><use href="#s-met" /></svg>Done</span> by ${x.done.by}, ${moment(x.done.at)}${x.done.note && `: ${x.done.note}`}. <a href=${entryPath(x.done.entry.log, x.done.entry.index)}>Entry</a></p>`}</div>
    ${!x.done && open && html`<form class="rowacts" onSubmit=${(e) => { e.preventDefault(); tick(x.id, note); }}><input value=${note} maxlength="1000" placeholder="What proves it" aria-label=${`What proves: ${x.do}`} onInput=${(e) => setNote(e.currentTarget.value)} /><button class="btn small">Tick<span class="vh"> ${x.do}</span></button></form>`}</li>`;
}

function Runbook({ v, tick }) {
  if (!v.runbook) return null;
  const open = ["acknowledged", "contained"].includes(v.state), done = v.runbook.steps.filter((x) => x.done).length;
  return html`<section class="apart" aria-labelledby="runbook"><h2 id="runbook" class="h3">Runbook: ${v.runbook.label}</h2><p class="small quiet">${v.runbook.when}. ${done} of ${v.runbook.steps.length} steps are done.${v.state === "open" && " Take the incident on first; then steps can be ticked."}</p>
    ${Object.entries(PHASES).map(([phase, label]) => { const steps = v.runbook.steps.filter((x) => x.phase === phase); return steps.length > 0 && html`<div key=${phase} class="sheet asis"><h3 class="h3">${label}</h3><ol class="plain ticks">${steps.map((x) => html`<${Tick} key=${x.id} x=${x} open=${open} tick=${tick} />`)}</ol></div>`; })}</section>`;
}

const SHOWN = ["owner", "how", "severity", "reason", "notice_owed", "affected", "to", "basis", "sent", "step", "note", "cause", "lessons", "actions", "summary", "clock", "due", "more"];

function Timeline({ v, reg, step }) {
  const steps = v.steps.toReversed();
  const fields = (s) => (step(s.type)?.[1].fields ?? []).map((f) => f.name).filter((n) => SHOWN.includes(n) && s.fields[n] !== undefined && s.fields[n] !== "");
  return html`<section class="apart" aria-labelledby="timeline"><h2 id="timeline" class="h3">Timeline</h2><ol class="plain timeline">${steps.map((s) => html`<li key=${s.entry.index}><p><b>${labelOf(s.type)}</b> <span class="faint">${moment(s.at)}, by ${s.by}; <a href=${entryPath(s.entry.log, s.entry.index)}>entry ${count(s.entry.index)}</a></span></p>
    ${fields(s).map((n) => html`<p key=${n} class="small">${n.replaceAll("_", " ")}: ${/^\d{4}-\d\d-\d\dT/.test(s.fields[n]) ? moment(s.fields[n]) : String(s.fields[n])}</p>`)}</li>`)}</ol></section>`;
}

export function Incident({ id }) {
  useTitle(id);
  const [asked, setAsked] = useState(null);
  const [failed, setFailed] = useState(null);
  const seen = useSource(session.value ? `/api/v1/incidents/${encodeURIComponent(id)}` : null, EVERY_MS);
  const { reg, step } = useRegisters();
  const v = seen.data;
  if (session.value === null) return html`<div class="head"><div><h1 tabindex="-1">${id}</h1></div></div><${SignInNeeded} what="An incident" />`;
  if (!v) return html`<div class="head"><div><p class="small"><a href="/incidents">Incidents</a></p><h1 tabindex="-1">${id}</h1></div></div><${Notice} seen=${seen} />`;
  const tick = async (name, note) => {
    setFailed(null);
    try {
      await post("/api/v1/records", { type: "incident.step_done", fields: { incident: id, step: name, note } });
      seen.refresh();
    } catch (cause) {
      setFailed(cause);
    }
  };
  const possible = (reg("incident")?.steps ?? []).filter((s) => s.act && s.type !== "incident.step_done" && s.from.includes(v.state));
  const from = v.fields.detected ? new Date(Date.parse(v.fields.detected) - 7 * 86400000).toISOString() : "";
  return html`<div class="head"><div><p class="small"><a href="/incidents">Incidents</a></p><h1 tabindex="-1">${id} ${v.fields.title}</h1>
      <p class="lede"><${RecordState} reg=${reg("incident")} name=${v.state} /> Severity ${v.fields.severity}${v.fields.tenant ? `, tenant ${v.fields.tenant}` : ""}${v.fields.vendor ? `, vendor ${v.fields.vendor}` : ""}. Detected ${moment(v.fields.detected)}${v.fields.entry !== undefined ? html`, by <a href=${entryPath("org", v.fields.entry)}>entry ${count(v.fields.entry)}</a>` : ""}.</p></div>
      <div class="acts"><a class="btn" href=${`/disclosures?${new URLSearchParams({ from, ...(v.fields.tenant ? { tenant: v.fields.tenant } : {}), ...(v.fields.vendor ? { vendor: v.fields.vendor } : {}) })}`}>Whose data went where</a><a class="btn" href=${`/registers/incident/${id}`}>History and proof</a></div></div>
    <${Notice} seen=${seen} />${failed && html`<p class="notice" role="alert"><b>${failed.title}.</b> ${failed.detail ?? ""}</p>`}
    <section class="sheet asis" aria-label="Clocks"><${Clocks} v=${v} /></section>
    <div class="acts2 below">${possible.map((s) => html`<button key=${s.type} type="button" class="btn small" onClick=${() => setAsked(s.type)}>${s.act}</button>`)}</div>
    ${asked && step(asked) && html`<${StepForm} key=${asked} reg=${step(asked)[0]} step=${step(asked)[1]} record=${v} onDone=${() => { setAsked(null); seen.refresh(); }} onCancel=${() => setAsked(null)} />`}
    <${Runbook} v=${v} tick=${tick} /><${Timeline} v=${v} reg=${reg} step=${step} />`;
}

// --- whose data went where ---

export function Disclosures() {
  useTitle("Whose data went where");
  const names = ["from", "to", "tenant", "vendor", "user"];
  const query = new URLSearchParams(names.flatMap((n) => (route.value.query.get(n) ? [[n, route.value.query.get(n)]] : [])));
  const seen = useSource(session.value ? `/api/v1/disclosures?${query}` : null);
  const form = useRef(null);
  useEffect(() => form.current?.reset(), [String(query)]); // another address: what was typed for the one before goes
  const d = seen.data;
  const head = html`<div class="head"><div><p class="small"><a href="/incidents">Incidents</a></p><h1 tabindex="-1">Whose data went where</h1><p class="lede">Counted from the exchanges in the log. What was found was replaced before it left, unless a rule let it pass.</p></div><div class="acts">${d && html`<a class="btn" download href=${`/api/v1/disclosures?${query}${query.size ? "&" : ""}format=csv`}>CSV</a>`}</div></div>`;
  if (session.value === null) return html`${head}<${SignInNeeded} what="This list" />`;
  const chosen = (e) => { e.preventDefault(); const f = new FormData(e.currentTarget); go(withQuery(Object.fromEntries(names.map((n) => [n, ["from", "to"].includes(n) && f.get(n) ? `${f.get(n)}T00:00:00Z` : f.get(n)])))); };
  return html`${head}<form class="sheet asis" ref=${form} onSubmit=${chosen} aria-label="Conditions"><div class="fields">${names.map((n) => html`<label key=${n} class="field" for=${`d-${n}`}><span>${{ from: "From (UTC)", to: "Before (UTC)", tenant: "Tenant", vendor: "Vendor", user: "Person or service" }[n]}</span><input id=${`d-${n}`} name=${n} type=${["from", "to"].includes(n) ? "date" : "text"} autocomplete="off" defaultValue=${["from", "to"].includes(n) ? (query.get(n) ?? "").slice(0, 10) : query.get(n) ?? ""} /></label>`)}<button class="btn go">Show</button></div></form>
    <${Notice} seen=${seen} />
    ${d && d.items.length === 0 && html`<p class="lede">No exchange left under these conditions.</p>`}
    ${d && d.items.length > 0 && html`<p class="small quiet">${many(d.exchanges, "exchange")} left${d.cut_short ? "; the list is cut short, narrow it" : ""}.</p><div class="sheet"><div class="scroll" tabindex="0" role="region" aria-label="Disclosures"><table class="stack list"><caption class="vh">Exchanges that left, by tenant, person, vendor and class</caption>
      <thead><tr><th scope="col">Tenant</th><th scope="col">Whose</th><th scope="col">Vendor</th><th scope="col">Class</th><th scope="col" class="num">Exchanges</th><th scope="col">Found in them</th><th scope="col">Last</th></tr></thead>
      <tbody>${d.items.map((x, i) => html`<tr key=${i}><td data-l="Tenant">${x.tenant}</td><td data-l="Whose">${x.user || html`<span class="faint">nobody named</span>`}</td><td data-l="Vendor">${x.vendor || "–"}</td><td data-l="Class">${x.class || html`<span class="faint">none</span>`}</td>
        <td class="num" data-l="Exchanges"><a class="fig" href=${`/exchanges?${new URLSearchParams({ tenant: x.tenant, user: x.user, vendor: x.vendor, decision: "allow", ...(query.get("from") ? { from: query.get("from") } : {}), ...(query.get("to") ? { to: query.get("to") } : {}) })}`}>${count(x.exchanges)}</a></td><td data-l="Found in them"><${Pills} findings=${x.kinds} /></td><td class="nowrap" data-l="Last">${moment(x.last)}</td></tr>`)}</tbody></table></div></div>`}`;
}
