// The privacy desk: requests of persons with their clocks, what is held about one, complaints, and what persons were told.
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { getJson, session } from "./api.js";
import { useSource } from "./source.js";
import { Notice, Part, Pills, SignInNeeded, saveAs, useTitle } from "./parts.js";
import { count, day, many } from "./format.js";
import { Registers } from "./registers.js";
import { RecordState } from "./desk.js";
import { StepForm } from "./step-form.js";
import { Clock } from "./incidents.js";

const EVERY_MS = 10000;
const NEXT = { received: ["dsr.identified", "dsr.answered"], identified: ["dsr.corrected", "dsr.answered"], answered: [] };

function clockOf(r) {
  const done = r.state === "answered" ? r.at : "", due = r.fields.due, now = new Date().toISOString();
  const limit_s = (Date.parse(due) - Date.parse(r.fields.received)) / 1000;
  return { due, done, limit_s, state: done ? (done <= due ? "met" : "late") : now < due ? "running" : "overdue" };
}

function Requests({ items, reg, ask }) {
  if (items.length === 0) return html`<p>No request is on record.</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Requests"><table class="stack list"><caption class="vh">Requests of persons, newest first</caption>
    <thead><tr><th scope="col">Request</th><th scope="col">State</th><th scope="col">Of</th><th scope="col">Time for an answer</th><th scope="col">Acts</th></tr></thead>
    <tbody>${items.map((r) => html`<tr key=${r.id}><td data-l="Request"><a href=${`/registers/dsr/${r.id}`}>${r.id}</a> ${r.fields.kind}</td><td class="nowrap" data-l="State"><${RecordState} reg=${reg} name=${r.state} />${r.fields.answer && html` <span class="quiet">${r.fields.answer.replaceAll("_", " ")}</span>`}</td><td data-l="Of">${r.fields.about}</td>
      <td data-l="Clock"><${Clock} c=${clockOf(r)} label="Answer" /></td><td data-l="Acts"><span class="rowacts">${NEXT[r.state].map((type) => html`<button key=${type} type="button" class="btn small" onClick=${() => ask(type, r)}>${reg?.steps.find((s) => s.type === type)?.act}<span class="vh">: ${r.id}</span></button>`)}</span></td></tr>`)}</tbody></table></div>`;
}

// Orders of erasure: who asked for one does not approve it.
function Erasures({ items, reg, ask }) {
  if (items.length === 0) return html`<p>None was ordered. Find a person above, or erase a tenant as a whole.</p>`;
  const act = (type, r) => html`<button type="button" class="btn small" onClick=${() => ask(type, r)}>${reg?.steps.find((s) => s.type === type)?.act}<span class="vh">: ${r.id}</span></button>`;
  const came = (f) => "persons" in f && `${many(f.persons, "name")}, ${many(f.revoked, "key")}, ${many(f.bodies, "kept body", "kept bodies")}`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Erasures"><table class="stack list"><caption class="vh">Erasures, newest first</caption>
    <thead><tr><th scope="col">Erasure</th><th scope="col">State</th><th scope="col">Of</th><th scope="col">Basis</th><th scope="col">Acts</th></tr></thead>
    <tbody>${items.map((r) => html`<tr key=${r.id}><td data-l="Erasure"><a href=${`/registers/erasure/${r.id}`}>${r.id}</a></td><td data-l="State"><${RecordState} reg=${reg} name=${r.state} />${came(r.fields) && html` <span class="quiet">${came(r.fields)}</span>`}</td>
      <td data-l="Of">${r.fields.subject ?? "everybody"}${r.fields.where ? html` <span class="faint">in ${r.fields.where}</span>` : ""}</td><td data-l="Basis">${r.fields.basis}</td>
      <td data-l="Acts">${r.state === "requested" && html`<span class="rowacts">${act("erasure.approved", r)}${act("erasure.refused", r)}</span>`}</td></tr>`)}</tbody></table></div>`;
}

// What is held about one person, and the same as a file to hand to her.
function Held({ order }) {
  const [held, setHeld] = useState(null);
  const [failed, setFailed] = useState(null);
  const find = async (event) => {
    event.preventDefault();
    const user = new FormData(event.currentTarget).get("user").trim();
    setFailed(null);
    setHeld(null);
    try {
      setHeld(await getJson(`/api/v1/held?${new URLSearchParams({ user })}`));
    } catch (cause) {
      setFailed(cause);
    }
  };
  return html`<${Part} title="What is held about a person" gloss="By the name that her keys carry: exchanges, kept bodies, keys and records, and to whom they went.">
    <form class="fields" onSubmit=${find}><label class="field" for="held-user"><span>Name, as her keys carry it</span><input id="held-user" name="user" required maxlength="128" autocomplete="off" /></label><button class="btn">Find</button></form>
    <div role="status">${failed && html`<p class="notice"><b>${failed.title}.</b> ${failed.detail ?? ""}</p>`}
    ${held && html`<div class="apart"><div class="acts2 flush"><b>${held.name}</b><button type="button" class="btn small" onClick=${() => saveAs("held.json", JSON.stringify(held, null, 2), "application/json")}>Save as JSON</button></div>
      ${held.tenants.map((t) => html`<div key=${t.tenant}><h3 class="h3">${t.tenant}</h3><p class="small">${many(t.exchanges, "exchange")}, ${many(t.bodies, "kept body", "kept bodies")}, ${many(t.keys.length, "key")}. <a href=${`/disclosures?${new URLSearchParams({ tenant: t.tenant, user: held.name })}`}>Where they went</a></p>
        <ul class="plain">${t.disclosed.map((d, i) => html`<li key=${i}>${count(d.exchanges)} to ${d.vendor || "the built-in provider"}${d.class && `, ${d.class}`} <${Pills} findings=${d.kinds} /></li>`)}</ul></div>`)}
      ${held.records.length > 0 && html`<h3 class="h3">Records that name her</h3><ul class="plain">${held.records.map((r) => html`<li key=${r.register + r.id}><a href=${`/registers/${r.register}/${encodeURIComponent(r.id)}`}>${r.id}</a> <span class="faint">${r.register.replaceAll("_", " ")}, ${r.state}</span></li>`)}</ul>`}
      <p class="small quiet apart">Erased, her keys are destroyed with the names under them; what the log holds is nobody's then, and verifies as before. A second person approves it.</p>${order && html`<div class="acts2"><button type="button" class="btn small" onClick=${() => order(held.name)}>Order her erasure</button></div>`}</div>`}</div><//>`;
}

export function Privacy() {
  useTitle("Privacy");
  const [asked, setAsked] = useState(null);
  const seen = useSource(session.value ? "/api/v1/privacy" : null, EVERY_MS);
  const registers = useSource(session.value ? "/api/v1/registers" : null);
  const reg = (name) => registers.data?.registers.find((r) => r.name === name);
  const step = (type) => (registers.data?.registers ?? []).flatMap((r) => r.steps.map((s) => [r, s])).find(([, s]) => s.type === type);
  const ask = (type, record, given = {}, start = {}) => setAsked({ type, record, given, start });
  const button = (type, given, cls = "btn small") => step(type) && html`<button type="button" class=${cls} onClick=${() => ask(type, undefined, given)}>${step(type)[1].act}</button>`;
  const head = html`<div class="head"><div><h1 tabindex="-1">Privacy</h1><p class="lede">Persons who ask what is held about them, and what they were told.</p></div><div class="acts">${button("dsr.received", { due: "" }, "btn")}</div></div><${Registers} here="Privacy" />`;
  if (session.value === null) return html`${head}<${SignInNeeded} what="The privacy desk" />`;
  const d = seen.data, notice = d?.notice[0];
  return html`${head}<${Notice} seen=${seen} />
    ${asked && step(asked.type) && html`<${StepForm} key=${asked.type + (asked.record?.id ?? "")} reg=${step(asked.type)[0]} step=${step(asked.type)[1]} record=${asked.record} given=${asked.given} start=${asked.start} onDone=${() => { setAsked(null); seen.refresh(); }} onCancel=${() => setAsked(null)} />`}
    ${d && html`<div class="paper"><${Part} title="Requests" gloss="Each with the time that is left for an answer."><${Requests} items=${d.dsr} reg=${reg("dsr")} ask=${ask} /><//>
    <${Held} order=${step("erasure.requested") && ((subject) => ask("erasure.requested", undefined, {}, { subject }))} />
    <${Part} title="Erasures" gloss="Keys are destroyed; the log and every proof stay. A second person approves each." act=${button("erasure.requested", { subject: "" })}><${Erasures} items=${d.erasure} reg=${reg("erasure")} ask=${ask} /><//>
    <${Part} title="What persons were told" gloss="The notice, held against the vendors that are in use." act=${button("notice.published", { providers: "", digest: "" })}>
      ${notice ? html`<p><span class=${`st ${d.notice_current ? "met" : "not"}`}><svg aria-hidden="true"><use href=${`#s-${d.notice_current ? "met" : "not"}`} /></svg>${d.notice_current ? "Names the vendors in use" : "Does not name the vendors in use"}</span> <a href=${`/registers/notice/${notice.id}`}>${notice.id}</a> of ${day(new Date(notice.opened))}: ${notice.fields.providers.join(", ") || "no vendor"}.</p>` : html`<p>No notice is published. It would name: ${d.providers.join(", ") || "no vendor, none is registered"}.</p>`}
      ${notice && !d.notice_current && html`<p class="small">In use now: ${d.providers.join(", ") || "none"}.</p>`}<//>
    <${Part} title="Complaints" gloss="Each is answered by its day." act=${button("complaint.received")}>
      ${d.complaint.length === 0 ? html`<p>None is on record.</p>` : html`<ul class="plain">${d.complaint.map((x) => html`<li key=${x.id}><${RecordState} reg=${reg("complaint")} name=${x.state} /> <a href=${`/registers/complaint/${x.id}`}>${x.id}</a> ${x.fields.subject}, to be answered by ${day(new Date(x.fields.due))} ${x.state === "open" && html`<button type="button" class="btn small" onClick=${() => ask("complaint.closed", x)}>Answer it</button>`}</li>`)}</ul>`}<//></div>`}`;
}
