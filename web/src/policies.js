// Written policies: the sentence and the setting behind it side by side; draft, approve, acknowledge.
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { post, session } from "./api.js";
import { useSource } from "./source.js";
import { Notice, SignInNeeded, State, useTitle } from "./parts.js";
import { day, many, moment } from "./format.js";
import { Registers } from "./registers.js";

const EVERY_MS = 10000;
const STATES = { none: ["no_data", "not drafted"], draft: ["partly", "draft, waits for a second person"], approved: ["met", "approved"], stale: ["not_met", "stale: a setting changed"] };
const SPECIFICATION = "processing-specification";

const PolicyState = ({ p }) => html`<span><${State} code=${STATES[p.state][0]} /> <span class="quiet">${STATES[p.state][1]}</span></span>`;

export function Policies() {
  useTitle("Policies");
  const seen = useSource(session.value ? "/api/v1/policies" : null, EVERY_MS);
  const head = html`<div class="head"><div><h1 tabindex="-1">Policies</h1><p class="lede">What you have laid down in writing, filled from the settings that are in force. When a setting changes, the text that speaks of it is no longer what was approved, and says so.</p></div></div><${Registers} here="Policies" />`;
  if (session.value === null) return html`${head}<${SignInNeeded} what="The policies" />`;
  return html`${head}<${Notice} seen=${seen} /><div class="sheet"><div class="scroll" tabindex="0" role="region" aria-label="Policies"><table class="stack list"><caption class="vh">Policies</caption>
    <thead><tr><th scope="col">Policy</th><th scope="col">State</th><th scope="col">Version</th><th scope="col">Looked at again</th><th scope="col">Acknowledged</th><th scope="col">Owner</th><th scope="col">Controls</th></tr></thead>
    <tbody>${seen.data?.items.map((p) => html`<tr key=${p.id}><td data-l="Policy"><a href=${`/policies/${p.id}`}>${p.title}</a></td><td data-l="State"><${PolicyState} p=${p} /></td><td data-l="Version">${p.version || "–"}</td>
      <td class="nowrap" data-l="Looked at again">${p.record?.fields.approved_until ? day(new Date(p.record.fields.approved_until)) : "–"}</td><td data-l="Acknowledged">${p.acknowledged || p.readings ? many(p.readings, "person", "persons") : html`<span class="faint">not asked</span>`}</td><td data-l="Owner">${p.owner_role}</td><td data-l="Controls">${p.controls.join(", ")}</td></tr>`)}</tbody></table></div></div>`;
}

// A text with its facts marked, each with the setting that says so.
function Sentence({ section }) {
  const marks = section.facts.filter((f) => f.value && section.text.includes(f.value));
  let rest = [section.text];
  for (const f of marks) rest = rest.flatMap((part) => (typeof part === "string" ? part.split(f.value).flatMap((s, i) => (i ? [html`<mark class="fact" title=${f.setting}>${f.value}</mark>`, s] : [s])) : [part]));
  return html`<section class="row"><header class="gloss"><h2>${section.heading}</h2>${section.facts.map((f) => html`<p key=${f.name} class="small mono">${f.setting}</p>`)}</header><div class="body"><p>${rest}</p></div></section>`;
}

export function Policy({ id }) {
  const seen = useSource(session.value ? `/api/v1/policies/${encodeURIComponent(id)}` : null, EVERY_MS);
  const [failed, setFailed] = useState(null);
  const p = seen.data;
  useTitle(p?.title ?? "Policy");
  if (session.value === null) return html`<div class="head"><div><h1 tabindex="-1">Policy</h1></div></div><${SignInNeeded} what="A policy" />`;
  if (!p) return html`<div class="head"><div><h1 tabindex="-1">One moment</h1></div></div><${Notice} seen=${seen} />`;
  const spec = id === SPECIFICATION;
  const take = async (type, fields = {}) => {
    setFailed(null);
    try {
      await post("/api/v1/records", { type, fields: { policy: id, ...fields } });
      seen.refresh();
    } catch (cause) {
      setFailed(cause);
    }
  };
  const button = (words, type) => html`<button type="button" class="btn" onClick=${() => take(type)}>${words}</button>`;
  const r = p.record;
  return html`<div class="head"><div><p class="small"><a href="/policies">Policies</a></p><h1 tabindex="-1">${p.title}</h1><p class="lede"><${PolicyState} p=${p} />${r && html` <span class="quiet">version ${p.version}, ${moment(r.at)}, ${r.by}</span>`}</p></div>
      <div class="acts">${(p.state === "none" || p.state === "stale" || !p.as_approved) && button(p.version ? "Draft it again" : "Draft it", spec ? "spec.generated" : "policy.drafted")}${p.state === "draft" && button("Approve", spec ? "spec.approved" : "policy.approved")}${p.state === "approved" && button("I have read it", "policy.acknowledged")}${r && html`<a class="btn" href=${`/registers/policy/${id}`}>History and proof</a>`}</div></div>
    <${Notice} seen=${seen} />${failed && html`<p class="notice" role="alert"><b>${failed.title}.</b> ${failed.detail ?? ""}</p>`}
    ${p.changed.length > 0 && html`<p class="notice" role="status"><b>Settings have changed since version ${p.version}:</b> ${p.changed.join(", ")}. Below stands what they say now.</p>`}
    ${p.sections.map((x) => html`<${Sentence} key=${x.heading} section=${x} />`)}
    <p class="small quiet">Owner: ${p.owner_role}. Serves ${p.controls.join(", ")}. ${p.acknowledged ? "Everybody who uses an assistant acknowledges it." : ""} ${many(p.readings, "person has", "persons have")} acknowledged this version. Digest of the text as of now: <span class="mono">${p.digest}</span></p>`;
}
