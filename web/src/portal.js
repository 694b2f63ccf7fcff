// The auditor's desk: what was asked for and answered, the controls in scope with their evidence, populations and
// samples, and the auditor's own conclusions, kept apart from our states. Who runs the programme sees the same, and
// may look at it through a seat.
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { Registers } from "./registers.js";
import { preview, session } from "./api.js";
import { go } from "./router.js";
import { useSource } from "./source.js";
import { Notice, SignInNeeded, State, useTitle } from "./parts.js";
import { count, day, many, moment } from "./format.js";
import { RecordState } from "./desk.js";
import { StepForm } from "./step-form.js";
import { scopeWord } from "./examination.js";

const EVERY_MS = 10000;
const use = (path) => useSource(session.value ? path : null, EVERY_MS);
const mine = () => session.value?.role === "auditor";

function Opening({ reg, type }) {
  const [on, setOn] = useState(false);
  const step = reg?.steps.find((s) => s.type === type);
  if (!step || !mine()) return null;
  if (!on) return html`<div class="acts2"><button type="button" class="btn" onClick=${() => setOn(true)}>${step.act}</button></div>`;
  return html`<${StepForm} reg=${reg} step=${step} onDone=${(r) => go(`/registers/${reg.name}/${r.id}`)} onCancel=${() => setOn(false)} />`;
}

function Table({ name, heads, children }) {
  return html`<div class="scroll apart" tabindex="0" role="region" aria-label=${name}><table class="stack list"><caption class="vh">${name}</caption><thead><tr>${heads.map((h) => html`<th key=${h} scope="col">${h}</th>`)}</tr></thead><tbody>${children}</tbody></table></div>`;
}

function Requests({ reg, seen }) {
  const items = seen.data?.items;
  const open = items?.filter((x) => ["open", "returned"].includes(x.state)).length;
  return html`<section class="row"><header class="gloss"><h2>Requests</h2><p>What is asked for, and what was given. An answer names evidence that can be opened.</p>${items && html`<p>${many(open, "waits", "wait")} for an answer.</p>`}</header><div class="body"><${Notice} seen=${seen} /><${Opening} reg=${reg} type="auditor.requested" />
    ${items?.length === 0 && html`<p>Nothing was asked for yet.</p>`}
    ${items?.length > 0 && html`<${Table} name="Requests" heads=${["Request", "State", "Control", "Due", "Last step"]}>${items.map((x) => html`<tr key=${x.id}><td data-l="Request"><a href=${`/registers/request/${x.id}`}>${x.id}</a> ${x.fields.title}${x.fields.blocking && html` <span class="refusal">blocking</span>`}</td>
      <td class="nowrap" data-l="State"><${RecordState} reg=${reg} name=${x.state} /></td><td class="mono" data-l="Control">${x.fields.control || "–"}</td><td class="nowrap" data-l="Due">${x.fields.due ? day(new Date(x.fields.due)) : "–"}</td><td class="nowrap" data-l="Last step">${moment(x.at)}, ${x.by}</td></tr>`)}</${Table}>`}</div></section>`;
}

function Controls({ seen }) {
  const items = seen.data?.items;
  const entries = (k) => k.evidence.reduce((n, e) => n + e.count, 0);
  return html`<section class="row"><header class="gloss"><h2>Controls in scope</h2><p>State as of ${seen.data ? moment(seen.data.as_of) : "…"}; evidence of the window alone.</p></header><div class="body"><${Notice} seen=${seen} />
    ${items && html`<${Table} name="Controls in scope" heads=${["Control", "State", "Entries", "How it is tested"]}>${items.map((k) => html`<tr key=${k.id}><td data-l="Control"><a href=${`/controls#${k.id}`}>${k.id}</a> ${k.title}</td><td class="nowrap" data-l="State"><${State} code=${k.state} /></td><td class="num" data-l="Entries">${count(entries(k))}</td><td class="small" data-l="How it is tested">${k.auditor_test}</td></tr>`)}</${Table}>`}</div></section>`;
}

function Listings({ populations, samples }) {
  const p = populations.data?.items, s = samples.data?.items;
  return html`<section class="row"><header class="gloss"><h2>Populations and samples</h2><p>Frozen before they are looked at; drawn by a seed that you choose.</p></header><div class="body"><${Notice} seen=${populations} />
    <div class="acts2"><a class="btn" href="/examination">Freeze and draw</a></div>
    ${p?.length === 0 && html`<p>None was frozen yet.</p>`}
    ${p?.length > 0 && html`<${Table} name="Populations" heads=${["Control", "Period and log", "Entries", "Samples"]}>${p.map(({ id, document: d }) => html`<tr key=${id}><td data-l="Control"><a class="mono" href=${`/examination/${id}`}>${d.control}</a></td><td data-l="Period">${scopeWord(d)}</td><td class="num" data-l="Entries">${count(d.count)}</td><td data-l="Samples">${(s ?? []).filter((x) => x.document.population === id).map((x) => html`<a key=${x.id} class="mono breakable" href=${`/examination/samples/${x.id}`}>${x.document.seed}</a> `)}</td></tr>`)}</${Table}>`}</div></section>`;
}

const RESULT = { no_exception: "no exception", exception: "exception", inconclusive: "inconclusive" };

function Conclusions({ reg, seen }) {
  const items = seen.data?.items;
  return html`<section class="row"><header class="gloss"><h2>Auditor's conclusions</h2><p>In the auditor's words. They count in no state of ours, and nobody of ours can write them.</p></header><div class="body"><${Notice} seen=${seen} /><${Opening} reg=${reg} type="auditor.tested" />
    ${items?.length === 0 && html`<p>No test was recorded yet.</p>`}
    ${items?.length > 0 && html`<${Table} name="Conclusions" heads=${["Test", "Control", "Result", "Items", "What was done"]}>${items.map((x) => html`<tr key=${x.id}><td class="nowrap" data-l="Test"><a href=${`/registers/conclusion/${x.id}`}>${x.id}</a>${x.state === "withdrawn" && html` <span class="faint">withdrawn</span>`}</td><td class="mono" data-l="Control">${x.fields.control}</td><td class="nowrap" data-l="Result">${RESULT[x.fields.result]}</td>
      <td class="nowrap" data-l="Items">${x.fields.items === undefined ? "–" : `${count(x.fields.exceptions ?? 0)} of ${count(x.fields.items)} deviate`}</td><td data-l="What was done">${x.fields.procedure}</td></tr>`)}</${Table}>`}</div></section>`;
}

// Which seats there are; looking through one is on record.
function Seats() {
  const seen = use(preview.value ? null : "/api/v1/people");
  const seats = (seen.data?.items ?? []).filter((x) => x.role === "auditor");
  const look = (x) => {
    preview.value = { person: x.person, name: x.name };
    go("/portal");
  };
  return html`<section class="row"><header class="gloss"><h2>Seats</h2><p>See exactly what a seat sees. That is recorded as a preview.</p></header><div class="body"><${Notice} seen=${seen} />
    ${seen.data && seats.length === 0 && html`<p>No auditor was invited yet. <a href="/registers/people">People</a></p>`}
    ${seats.length > 0 && html`<${Table} name="Seats" heads=${["Auditor", "Seat", "Window", "Controls", ""]}>${seats.map((x) => html`<tr key=${x.person}><td data-l="Auditor">${x.name}</td><td data-l="Seat">${x.state}, until ${day(new Date(x.expires))}</td><td class="nowrap" data-l="Window">${day(x.from)} to ${day(new Date(new Date(x.to) - 1))}</td><td data-l="Controls">${x.controls.join(", ") || "all"}</td>
      <td data-l="Preview"><button type="button" class="btn small" onClick=${() => look(x)}>Preview<span class="vh"> the seat of ${x.name}</span></button></td></tr>`)}</${Table}>`}</div></section>`;
}

export function Portal() {
  useTitle("Auditor's desk");
  const registers = use("/api/v1/registers"), requests = use("/api/v1/records?register=request&limit=100"), conclusions = use("/api/v1/records?register=conclusion&limit=100");
  const controls = use("/api/v1/controls"), populations = use("/api/v1/populations"), samples = use("/api/v1/samples");
  const reg = (name) => registers.data?.registers.find((r) => r.name === name);
  const head = html`<div class="head"><div><h1 tabindex="-1">Auditor's desk</h1><p class="lede">Ask, read, draw, conclude: all that an examination needs, within the window and the controls of the seat.</p></div><div class="acts"><a class="btn" href="/timeline">Timeline</a><button type="button" class="btn" onClick=${() => print()}>Print this page</button></div></div><${Registers} here="Auditor's desk" />`;
  if (session.value === null) return html`${head}<${SignInNeeded} what="The auditor's desk" />`;
  const ours = ["owner", "compliance"].includes(session.value?.role);
  return html`${head}<div class="paper">${ours && !preview.value && html`<${Seats} />`}<${Requests} reg=${reg("request")} seen=${requests} /><${Controls} seen=${controls} /><${Listings} populations=${populations} samples=${samples} /><${Conclusions} reg=${reg("conclusion")} seen=${conclusions} /></div>`;
}
