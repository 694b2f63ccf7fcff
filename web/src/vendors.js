// Vendors: what was decided about each, what is known, what is due; and one vendor with every question, its answer,
// source and next reading beside it.
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { session } from "./api.js";
import { useSource } from "./source.js";
import { Notice, SignInNeeded, State, useTitle } from "./parts.js";
import { count, day, many, moment } from "./format.js";
import { Registers } from "./registers.js";
import { RecordState, Value } from "./desk.js";
import { StepForm } from "./step-form.js";

const EVERY_MS = 5000;
const NEXT = {
  decide: () => "Decide: two persons approve or refuse",
  decide_again: (n) => `The approval ends in ${many(n, "day")}`,
  resolve_conflicts: (n) => `${many(n, "promise contradicts", "promises contradict")} a term`,
  read_report: () => "No SOC 2 report covers today",
  read_again: (n) => `${many(n, "fact is", "facts are")} to be read again`,
  record_facts: (n) => `${many(n, "fact", "facts")} unknown that hold the standard profile back`,
  map_expectations: (n) => `${many(n, "expected control has", "expected controls have")} nothing that meets ${n === 1 ? "it" : "them"}`,
};
const CODE = { approved: "met", refused: "not_met", expired: "not_met", unassessed: "no_data" };
const WORD = { approved: "Approved", refused: "Refused", expired: "Approval ended", unassessed: "Not decided" };

const Decision = ({ d }) => html`<span><${State} code=${CODE[d.decision]} /> <span class="vh">${WORD[d.decision]}</span>${d.decision !== "approved" && html` <span class="quiet">${WORD[d.decision].toLowerCase()}</span>`}${d.until && html` <span class="faint">until ${day(new Date(d.until))}</span>`}</span>`;
const Next = ({ v }) => (v.next.length === 0 ? html`<span class="faint">nothing</span>` : html`<ul class="plain">${v.next.map((n) => html`<li key=${n.what}>${NEXT[n.what](n.detail)}</li>`)}</ul>`);

// How much is known, drawn: one stroke a question.
function Known({ k }) {
  const share = (n) => `${(100 * n) / k.total}%`;
  return html`<span class="meter" role="img" aria-label=${`${k.confirmed} of ${k.total} facts are known, ${k.due} are to be read again`}><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="m-rest" width="100" height="8" /><rect class="m-due" width=${share(k.confirmed + k.due)} height="8" /><rect class="m-met" width=${share(k.confirmed)} height="8" /></svg></span> <span class="nowrap">${k.confirmed} of ${k.total}</span>`;
}

const classes = (t) => Object.entries(t.classes).map(([c, n]) => `${c} ${count(n)}`).join(", ");

export function Vendors() {
  useTitle("Vendors");
  const seen = useSource(session.value ? "/api/v1/vendors" : null, EVERY_MS);
  const head = html`<div class="head"><div><h1 tabindex="-1">Vendors</h1><p class="lede">Who gets what your assistants send. What two persons decide here, the gateway enforces at once; what nobody has read counts as unknown.</p></div></div><${Registers} here="Vendors" />`;
  if (session.value === null) return html`${head}<${SignInNeeded} what="The vendor desk" />`;
  return html`${head}<${Notice} seen=${seen} />
    ${seen.data?.items.length === 0 && html`<p class="lede">No vendor is configured: the built-in provider answers. Name one under <code>vendors</code> in custos.yaml, and it is registered here.</p>`}
    ${seen.data?.items.length > 0 && html`<div class="sheet"><div class="scroll" tabindex="0" role="region" aria-label="Vendors"><table class="stack list"><caption class="vh">Vendors</caption>
      <thead><tr><th scope="col">Vendor</th><th scope="col">Decision in force</th><th scope="col">Profile</th><th scope="col">Known</th><th scope="col">Last 30 days</th><th scope="col">Next</th></tr></thead>
      <tbody>${seen.data.items.map((v) => html`<tr key=${v.name}><td data-l="Vendor"><a href=${`/vendors/${encodeURIComponent(v.name)}`}>${v.name}</a> <span class="faint">${v.record?.fields.service ?? v.api}</span></td>
        <td data-l="Decision in force"><${Decision} d=${v.decision} /></td><td data-l="Profile">${v.decision.profile || "–"}</td><td data-l="Known"><${Known} k=${v.known} /></td>
        <td data-l="Last 30 days">${many(v.traffic.exchanges, "exchange")}${classes(v.traffic) && html` <span class="faint">${classes(v.traffic)}</span>`}</td><td data-l="Next"><${Next} v=${v} /></td></tr>`)}</tbody></table></div></div>`}`;
}

// --- one vendor ---

function Fact({ field, fact, ask }) {
  const due = fact && fact.fields.next_read <= new Date().toISOString(), known = fact?.state === "confirmed";
  const code = !known ? "no_data" : due ? "partly" : "met";
  return html`<tr><td data-l="Question">${field.label} <span class="faint">${field.controls.join(", ")}</span></td>
    <td class="nowrap" data-l="State"><${State} code=${code} /><span class="vh">${known ? (due ? "to be read again" : "known") : "unknown"}</span></td>
    <td data-l="Answer">${known ? html`<${Value} value=${fact.fields.value} />` : html`<span class="faint">${field.where}</span>`}</td>
    <td data-l="Source">${known && html`${fact.fields.source}, read ${day(new Date(fact.fields.read_on))} <a class="small" href=${`/registers/vendor_fact/${encodeURIComponent(fact.id)}`}>history and proof</a>`}</td>
    <td class="nowrap" data-l="Again by">${known && day(new Date(fact.fields.next_read))}</td>
    <td data-l="Acts"><span class="rowacts">${(known ? ["vendor.fact_reviewed", "vendor.term_changed"] : ["vendor.term_recorded"]).map((type) => html`<button key=${type} type="button" class="btn small" onClick=${() => ask(type, field, fact)}>${{ "vendor.fact_reviewed": "Read again", "vendor.term_changed": "Changed", "vendor.term_recorded": "Record" }[type]}<span class="vh">: ${field.label}</span></button>`)}</span></td></tr>`;
}

function Facts({ v, ask }) {
  const groups = [...new Set(v.fields.map((f) => f.group))];
  const factOf = (id) => v.vendor_fact.find((x) => x.fields.field === id);
  return html`<section class="apart" aria-labelledby="facts"><h2 id="facts" class="h3">What is known</h2><p class="small quiet">${v.known.confirmed} of ${v.known.total} questions are answered. While one about training, retention or isolation is unknown, only the strict profile can be approved.</p>
    <div class="sheet"><div class="scroll" tabindex="0" role="region" aria-label="Facts"><table class="stack list"><caption class="vh">Facts</caption>
    <thead><tr><th scope="col">Question</th><th scope="col">State</th><th scope="col">Answer, or where it is found</th><th scope="col">Source</th><th scope="col">Again by</th><th scope="col">Acts</th></tr></thead>
    ${groups.map((g) => html`<tbody key=${g}><tr class="group"><th colspan="6" scope="rowgroup">${g[0].toUpperCase() + g.slice(1)}</th></tr>${v.fields.filter((f) => f.group === g).map((f) => html`<${Fact} key=${f.id} field=${f} fact=${factOf(f.id)} ask=${ask} />`)}</tbody>`)}</table></div></div></section>`;
}

function Records({ title, reg, items, act }) {
  if (!reg) return null;
  return html`<section class="apart" aria-label=${title}><div class="acts2 flush"><h2 class="h3">${title}</h2>${act}</div>
    ${items.length === 0 ? html`<p class="small quiet">None yet.</p>` : html`<div class="sheet"><div class="scroll" tabindex="0" role="region" aria-label=${title}><table class="stack list"><caption class="vh">${title}</caption>
      <thead><tr><th scope="col">${reg.label}</th><th scope="col">State</th>${reg.columns.filter((c) => c !== "vendor").map((c) => html`<th key=${c} scope="col">${c.replaceAll("_", " ")}</th>`)}</tr></thead>
      <tbody>${items.map((r) => html`<tr key=${r.id}><td data-l=${reg.label}><a href=${`/registers/${reg.name}/${encodeURIComponent(r.id)}`}>${r.id}</a></td><td class="nowrap" data-l="State"><${RecordState} reg=${reg} name=${r.state} /></td>${reg.columns.filter((c) => c !== "vendor").map((c) => html`<td key=${c} data-l=${c.replaceAll("_", " ")}><${Value} value=${r.fields[c]} /></td>`)}</tr>`)}</tbody></table></div></div>`}</section>`;
}

export function Vendor({ id }) {
  useTitle(id);
  const [asked, setAsked] = useState(null);
  const seen = useSource(session.value ? `/api/v1/vendors/${encodeURIComponent(id)}` : null, EVERY_MS);
  const registers = useSource(session.value ? "/api/v1/registers" : null);
  const v = seen.data, reg = (name) => registers.data?.registers.find((r) => r.name === name);
  const step = (type) => registers.data?.registers.flatMap((r) => r.steps.map((s) => [r, s])).find(([, s]) => s.type === type);
  if (session.value === null) return html`<div class="head"><div><h1 tabindex="-1">${id}</h1></div></div><${SignInNeeded} what="The vendor desk" />`;
  if (!v) return html`<div class="head"><div><p class="small"><a href="/vendors">Vendors</a></p><h1 tabindex="-1">${id}</h1></div></div><${Notice} seen=${seen} />`;
  const ask = (type, given, record) => setAsked({ type, given, record });
  const button = (type, given = { vendor: id }) => step(type) && html`<button type="button" class="btn small" onClick=${() => ask(type, given)}>${step(type)[1].act}</button>`;
  const open = v.vendor_decision.find((d) => d.state === "proposed");
  return html`<div class="head"><div><p class="small"><a href="/vendors">Vendors</a></p><h1 tabindex="-1">${id}</h1><p class="lede"><${Decision} d=${v.decision} />${v.decision.by && html` <span class="quiet">by ${v.decision.by === "register" ? "this register" : v.decision.by}, profile ${v.decision.profile}</span>`}</p></div>
      <div class="acts">${open ? html`<a class="btn" href=${`/registers/vendor_decision/${open.id}`}>${open.id} waits for a second person</a>` : button("vendor.decision_proposed")}</div></div>
    <${Notice} seen=${seen} />
    ${asked && step(asked.type) && html`<${StepForm} reg=${step(asked.type)[0]} step=${step(asked.type)[1]} record=${asked.record} given=${asked.given} onDone=${() => { setAsked(null); seen.refresh(); }} onCancel=${() => setAsked(null)} />`}
    <section class="sheet asis" aria-label="Next"><h2 class="h3">Next</h2><${Next} v=${v} /></section>
    <${Records} title="Decisions" reg=${reg("vendor_decision")} items=${v.vendor_decision} />
    <${Records} title="Reports" reg=${reg("vendor_report")} items=${v.vendor_report} act=${button("vendor.report_reviewed")} />
    <${Records} title="Controls that it expects from us" reg=${reg("cuec")} items=${v.cuec} act=${v.report && button("vendor.cuec_recorded", { vendor: id, vendor_report: v.report.id })} />
    <${Records} title="Contradictions" reg=${reg("conflict")} items=${v.conflict} />
    <${Facts} v=${v} ask=${(type, field, fact) => ask(type, { vendor: id, field: field.id, vendor_fact: `${id}:${field.id}` }, fact?.state === "confirmed" ? fact : undefined)} />
    <p class="small quiet">As of ${moment(seen.at)}.</p>`;
}
