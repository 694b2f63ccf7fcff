// The register of keys: who may ask, for what, how much and until when. A key itself is shown once,
// when it is issued, and nowhere else.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { html } from "./html.js";
import { Registers } from "./registers.js";
import { post, send, session } from "./api.js";
import { useSource } from "./source.js";
import { useKeys } from "./keys.js";
import { Field, Wrong, useAct } from "./forms.js";
import { CopyBox, Notice, SignInNeeded, useTitle } from "./parts.js";
import { day, many, moment } from "./format.js";
import { LimitFields, limitsOf, limitWords } from "./register-limits.js";

const EVERY_MS = 5000;
const SCOPES = [["vendors", "Vendors"], ["models", "Models"], ["repos", "Repositories"], ["classes", "Data classes"], ["tools", "Tools"]];

const namesOf = (text) => text.split(/[\s,]+/).filter(Boolean);
const stateOf = (k) => (k.revoked ? "revoked" : k.expired ? "expired" : "in use");
const ended = (k) => k.revoked || k.expired;

function scopeWords(scopes) {
  const said = SCOPES.filter(([name]) => scopes?.[name]?.length);
  return said.length ? said.map(([name, label]) => `${label.toLowerCase()}: ${scopes[name].join(", ")}`) : ["all"];
}

function Once({ issued, onClose }) {
  const box = useRef(null);
  useEffect(() => box.current?.focus(), []);
  return html`<section class="notice" aria-labelledby="once"><h2 id="once" class="h3" tabindex="-1" ref=${box}>The key of ${issued.user}, shown this once</h2>
    <p class="small">Keep it where its holder keeps secrets. Custos has its hash only, and cannot show it again.${issued.expires && ` It works until ${moment(issued.expires)}.`}</p>
    <${CopyBox} text=${issued.key} />
    <div class="acts2"><button type="button" class="btn" onClick=${onClose}>I have it</button></div></section>`;
}

function readForm(form) {
  const f = new FormData(form);
  const body = { tenant: f.get("tenant"), [f.get("kind")]: f.get("holder").trim(), limits: limitsOf(f) };
  for (const name of ["name", "expires"]) if (f.get(name)) body[name] = f.get(name).trim();
  body.scopes = Object.fromEntries(SCOPES.map(([name]) => [name, namesOf(f.get(name))]).filter(([, list]) => list.length));
  return body;
}

function Issue({ tenants, onIssued, onCancel }) {
  const first = useRef(null);
  const { act, failed, busy } = useAct(onIssued);
  useLayoutEffect(() => first.current?.focus(), []); // before the next key arrives
  const submit = (event) => {
    event.preventDefault();
    const body = readForm(event.currentTarget);
    act(async () => (await post("/api/v1/keys", body)).json());
  };
  return html`<form class="sheet keyform" onSubmit=${submit} aria-labelledby="issue-title">
    <h2 id="issue-title" class="h3">Issue a key</h2>
    <${Wrong} failed=${failed} />
    <div class="fields">
      <fieldset class="look"><legend>Holder</legend>
        <label><input type="radio" name="kind" value="user" checked /> a person</label>
        <label><input type="radio" name="kind" value="service" /> a service</label></fieldset>
      <${Field} label="Name of the holder"><input ref=${first} name="holder" required maxlength="128" pattern="[^ ]+" autocomplete="off" /><//>
      <${Field} label="Tenant"><select name="tenant">${tenants.map((t) => html`<option key=${t}>${t}</option>`)}</select><//>
      <${Field} label="What it is for" hint="optional, one word"><input name="name" maxlength="128" pattern="[^ ]*" autocomplete="off" /><//>
      <${Field} label="Last day" hint="optional"><input name="expires" type="date" /><//>
    </div>
    <h3 class="h3 apart">Only for</h3><p class="small quiet">Names with commas between; a name may end in *. What is empty is not restricted.</p>
    <div class="fields">${SCOPES.map(([name, label]) => html`<${Field} key=${name} label=${label}><input name=${name} autocomplete="off" /><//>`)}</div>
    <h3 class="h3 apart">At most</h3><p class="small quiet">What is empty has no limit of its own; the tenant's limits hold in any case.</p>
    <${LimitFields} />
    <div class="acts2"><button class="btn go" disabled=${busy}>Issue the key</button><button type="button" class="btn quietly" onClick=${onCancel}>Cancel</button></div>
  </form>`;
}

// One act on one key, in a dialog: what it does, and the button that does it.
function Act({ asked, onDone, onClose }) {
  const box = useRef(null);
  const { act, failed, busy } = useAct(onDone);
  const k = asked.key;
  const at = `/api/v1/keys/${encodeURIComponent(k.id)}`;
  useEffect(() => box.current?.showModal(), []);
  const acts = {
    revoke: {
      title: "Revoke this key?", go: "Revoke the key",
      body: html`<p>Requests with it are refused within a second, on every worker. This cannot be taken back; a new key can be issued.</p>`,
      work: async () => { await send("DELETE", at); return null; },
    },
    rotate: {
      title: "Rotate this key", go: "Issue the new key",
      body: html`<p>A new key with the same holder, scopes and limits. The old one works for a while longer, so that it can be exchanged at leisure.</p>
        <${Field} label="The old key ends after"><select name="overlap"><option value="0">at once</option><option value="3600">1 hour</option><option value="86400" selected>24 hours</option><option value="604800">7 days</option></select><//>`,
      work: async (f) => (await post(`${at}/rotate`, { overlap_seconds: Number(f.get("overlap")) })).json(),
    },
    limit: {
      title: "Change its limits", go: "Change the limits",
      body: html`<p>They hold from the next request on. What is empty has no limit.</p><${LimitFields} limits=${k.limits} />`,
      work: async (f) => { await send("PATCH", at, { limits: limitsOf(f, true) }); return null; },
    },
  }[asked.act];
  const submit = (event) => {
    event.preventDefault();
    const f = new FormData(event.currentTarget);
    act(() => acts.work(f));
  };
  return html`<dialog ref=${box} aria-labelledby="act-title" onClose=${onClose}><form onSubmit=${submit}>
    <h2 id="act-title">${acts.title}</h2>
    <p class="small"><span class="mono">${k.shown || k.id}…</span> of ${k.user}, tenant ${k.tenant}</p>
    <${Wrong} failed=${failed} />${acts.body}
    <div class="acts2"><button class="btn go" disabled=${busy}>${acts.go}</button><button type="button" class="btn" onClick=${() => box.current.close()}>Leave it as it is</button></div>
  </form></dialog>`;
}

function Row({ k, ask }) {
  const button = (act, text) => html`<button type="button" class="btn small" onClick=${() => ask({ act, key: k })}>${text}<span class="vh"> the key of ${k.user}, ${k.shown || k.id}</span></button>`;
  return html`<tr>
    <td data-l="Key"><span class="mono" title=${k.id}>${k.shown ? `${k.shown}…` : k.id}</span></td>
    <td data-l="Holder">${k.user} <span class="faint">${k.kind === "service" ? "service, " : ""}${k.tenant}${k.name && `, ${k.name}`}</span></td>
    <td class="nowrap" data-l="State"><span class=${ended(k) ? "refusal" : ""}>${stateOf(k)}</span></td>
    <td data-l="Only for">${scopeWords(k.scopes).map((w) => html`<div key=${w}>${w}</div>`)}</td>
    <td data-l="At most">${limitWords(k.limits).map((w) => html`<div key=${w}>${w}</div>`)}</td>
    <td class="nowrap" data-l="Last used">${k.last_used ? moment(k.last_used) : "never"}</td>
    <td class="nowrap" data-l="Ends">${k.expires ? day(new Date(new Date(k.expires) - 1)) : "no end"}</td>
    <td data-l="Acts"><span class="rowacts">${!ended(k) && button("rotate", "Rotate")}${!ended(k) && button("limit", "Limits")}${!k.revoked && button("revoke", "Revoke")}</span></td>
  </tr>`;
}

function Table({ keys, at, ask, body }) {
  return html`<div class="sheet"><div class="scroll" tabindex="0" role="region" aria-label="Keys"><table class="stack list">
    <caption class="vh">Keys, newest first, as of ${moment(at)}</caption>
    <thead><tr><th scope="col">Key</th><th scope="col">Holder</th><th scope="col">State</th><th scope="col">Only for</th><th scope="col">At most</th><th scope="col">Last used</th><th scope="col">Ends</th><th scope="col">Acts</th></tr></thead>
    <tbody ref=${body}>${keys.map((k) => html`<${Row} key=${k.id} k=${k} ask=${ask} />`)}</tbody></table></div></div>`;
}

function Register({ status }) {
  const seen = useSource("/api/v1/keys", EVERY_MS);
  const [issuing, setIssuing] = useState(false);
  const [issued, setIssued] = useState(null);
  const [asked, setAsked] = useState(null);
  const [all, setAll] = useState(false);
  const body = useRef(null);
  const step = (by) => {
    const rows = [...(body.current?.rows ?? [])];
    const at = rows.findIndex((r) => r.contains(document.activeElement));
    rows[Math.min(Math.max(at + by, 0), rows.length - 1)]?.querySelector("button")?.focus();
  };
  useKeys({ i: () => setIssuing(true), j: () => step(1), k: () => step(-1) });
  if (!seen.data) return html`<${Notice} seen=${seen} />`;
  const items = [...seen.data.items].reverse();
  const shown = all ? items : items.filter((k) => !ended(k));
  const over = items.length - items.filter((k) => !ended(k)).length;
  const done = (result) => {
    setIssuing(false);
    setAsked(null);
    if (result?.key) setIssued(result);
    seen.refresh();
  };
  return html`<${Notice} seen=${seen} />
    ${issued && html`<${Once} issued=${issued} onClose=${() => setIssued(null)} />`}
    ${issuing ? html`<${Issue} tenants=${status.data?.tenants ?? []} onIssued=${done} onCancel=${() => setIssuing(false)} />` : html`<div class="rowhead">
      <p class="small quiet" role="status">${many(items.length - over, "key")} in use${over > 0 && `, ${over} ended`}</p>
      <div class="acts2 flush">${over > 0 && html`<label class="tick"><input type="checkbox" checked=${all} onChange=${(e) => setAll(e.currentTarget.checked)} /> Show ended keys</label>`}
        <button type="button" class="btn go" onClick=${() => setIssuing(true)}>Issue a key <kbd>I</kbd></button></div></div>`}
    ${shown.length === 0 && !issuing && html`<p class="lede">No key is in use. Issue one, and give it to an assistant in the place of the provider's key.</p>`}
    ${shown.length > 0 && html`<${Table} keys=${shown} at=${seen.at} ask=${setAsked} body=${body} />`}
    ${asked && html`<${Act} key=${asked.act + asked.key.id} asked=${asked} onDone=${done} onClose=${() => setAsked(null)} />`}
    <p class="keys"><span><kbd>I</kbd> issue a key</span><span><kbd>J</kbd> <kbd>K</kbd> next, previous</span></p>`;
}

export function RegisterKeys({ status }) {
  useTitle("Keys");
  return html`<div class="head"><div><h1 tabindex="-1">Keys</h1><p class="lede">Who may ask, for what, how much, and until when. Each change is an entry of the log; a revoked key is refused within a second.</p></div></div><${Registers} here="Keys" />
    ${session.value === null ? html`<${SignInNeeded} what="The register of keys" />` : session.value && html`<${Register} status=${status} />`}`;
}
