// Who has an account: invited, changed and put out by an owner.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { html } from "./html.js";
import { Registers } from "./registers.js";
import { getJson, post, send, session } from "./api.js";
import { useSource } from "./source.js";
import { useKeys } from "./keys.js";
import { Field, Wrong, useAct } from "./forms.js";
import { CopyBox, Notice, SignInNeeded, useTitle } from "./parts.js";
import { day, many, moment } from "./format.js";
import { ROLE_WORDS } from "./roles.js";

const EVERY_MS = 10000;
const STATES = { invited: "invited", active: "active", expired: "expired", ended: "ended" };
const over = (p) => p.state === "ended" || p.state === "expired";
const namesOf = (text) => text.split(/[\s,]+/).filter(Boolean);
const lastDay = (end) => day(new Date(new Date(end) - 1));

function bodyOf(form) {
  const f = new FormData(form), body = { role: f.get("role"), tenants: namesOf(f.get("tenants")) };
  if (f.get("name")) body.name = f.get("name").trim();
  body.expires = f.get("expires") || "";
  const auditor = body.role === "auditor";
  body.from = auditor ? f.get("from") : "";
  body.to = auditor ? f.get("to") : "";
  body.controls = auditor ? namesOf(f.get("controls")) : [];
  return body;
}

function Terms({ was }) {
  const [role, setRole] = useState(was?.role ?? "developer");
  const date = (text, end) => (text ? new Date(new Date(text) - (end ? 1 : 0)).toISOString().slice(0, 10) : "");
  return html`<fieldset class="look roles"><legend>Role</legend>${Object.entries(ROLE_WORDS).map(([name, { may }]) => html`<label key=${name}><input type="radio" name="role" value=${name} checked=${role === name} onChange=${() => setRole(name)} /> <b>${name}</b> <span class="faint">${may}</span></label>`)}</fieldset>
    <div class="fields">
      ${role !== "owner" ? html`<${Field} label="Only these tenants" hint="empty: all"><input name="tenants" autocomplete="off" defaultValue=${was?.tenants.join(", ") ?? ""} /><//>` : html`<input type="hidden" name="tenants" value="" />`}
      <${Field} label="Last day" hint=${role === "auditor" ? "" : "optional"}><input name="expires" type="date" required=${role === "auditor"} defaultValue=${date(was?.expires, true)} /><//>
      ${role === "auditor" && html`<${Field} label="Window from"><input name="from" type="date" required defaultValue=${date(was?.from)} /><//><${Field} label="to"><input name="to" type="date" required defaultValue=${date(was?.to, true)} /><//>
        <${Field} label="Only these controls" hint="empty: all"><input name="controls" autocomplete="off" defaultValue=${was?.controls.join(", ") ?? ""} /><//>`}
    </div>`;
}

function Invite({ onDone, onCancel }) {
  const first = useRef(null);
  const { act, failed, busy } = useAct(onDone);
  useLayoutEffect(() => first.current?.focus(), []);
  const submit = (event) => {
    event.preventDefault();
    const body = bodyOf(event.currentTarget);
    act(async () => (await post("/api/v1/people", body)).json());
  };
  return html`<form class="sheet keyform" onSubmit=${submit} aria-labelledby="invite-title"><h2 id="invite-title" class="h3">Invite a person</h2><${Wrong} failed=${failed} />
    <div class="fields"><${Field} label="Name"><input ref=${first} name="name" required maxlength="128" autocomplete="off" /><//></div><${Terms} />
    <div class="acts2"><button class="btn go" disabled=${busy}>Make the invitation</button><button type="button" class="btn quietly" onClick=${onCancel}>Cancel</button></div></form>`;
}

function Once({ made, onClose }) {
  const box = useRef(null);
  useEffect(() => box.current?.focus(), []);
  return html`<section class="notice" aria-labelledby="once"><h2 id="once" class="h3" tabindex="-1" ref=${box}>The link for ${made.account.name}, shown this once</h2>
    <p class="small">Hand it over yourself: whoever opens it first is ${made.account.name}. It works once, until ${moment(made.until)}.</p>
    <${CopyBox} text=${`${location.origin}/#/join/${made.invitation}`} /><div class="acts2"><button type="button" class="btn" onClick=${onClose}>I have it</button></div></section>`;
}

// One act on one person, in a dialog: what it does, and the button that does it.
function Act({ asked, onDone, onClose }) {
  const box = useRef(null);
  const { act, failed, busy } = useAct(onDone);
  const [list, setList] = useState(null);
  const p = asked.person, at = `/api/v1/people/${p.person}`;
  useEffect(() => box.current?.showModal(), []);
  useEffect(() => {
    if (asked.act === "sessions") getJson(`${at}/sessions`).then((x) => setList(x.sessions), () => setList([]));
  }, []);
  const change = async (body) => { await send("PATCH", at, body); return null; };
  const acts = {
    change: { title: "Change role and limits", go: "Change the account", body: html`<p>Sessions end at once; the next sign-in has the new rights.</p><${Terms} was=${p} />`, work: (form) => change(bodyOf(form)) },
    end: { title: "End this account?", go: "End the account", body: html`<p>Sessions end at once, and there is no sign-in any more. Entries keep the pseudonym.</p>`, work: () => change({ active: false }) },
    again: { title: "Reopen this account?", go: "Reopen the account", body: html`<p>What the person signed in with works again.</p>`, work: () => change({ active: true, expires: "" }) },
    invite: { title: "A new invitation", go: "Make the link", body: html`<p>For who lost password or authenticator: neither works any more once the link is made, and sessions end.</p>`, work: async () => (await post(`${at}/invitation`, {})).json() },
    sessions: { title: "Sessions", go: "End all of them", body: list === null ? html`<p class="quiet">Reading.</p>` : list.length ? html`<ul class="plain">${list.map((s) => html`<li key=${s.id}>Since ${moment(s.began)} from <span class="mono">${s.address || "this machine"}</span>, by ${s.how}, last used ${moment(s.seen)}</li>`)}</ul>` : html`<p>Not signed in anywhere.</p>`, work: async () => { await send("DELETE", `${at}/sessions`); return null; } },
  }[asked.act];
  const submit = (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    act(() => acts.work(form));
  };
  return html`<dialog ref=${box} aria-labelledby="act-title" onClose=${onClose}><form onSubmit=${submit}><h2 id="act-title">${acts.title}</h2><p class="small">${p.name}, ${p.role}</p><${Wrong} failed=${failed} />${acts.body}
    <div class="acts2"><button class="btn go" disabled=${busy}>${acts.go}</button><button type="button" class="btn" onClick=${() => box.current.close()}>Leave it as it is</button></div></form></dialog>`;
}

function limitWords(p) {
  const words = [];
  if (p.tenants.length) words.push(`tenants: ${p.tenants.join(", ")}`);
  if (p.from) words.push(`${day(p.from)} to ${lastDay(p.to)}`);
  if (p.controls.length) words.push(`controls: ${p.controls.join(", ")}`);
  return words.length ? words : ["nothing"];
}

function Row({ p, ask }) {
  const button = (act, text) => html`<button type="button" class="btn small" onClick=${() => ask({ act, person: p })}>${text}<span class="vh"> ${p.name}</span></button>`;
  return html`<tr><td data-l="Name">${p.name}</td><td data-l="Role">${p.role}</td><td class="nowrap" data-l="State"><span class=${over(p) ? "refusal" : ""}>${STATES[p.state] ?? p.state}</span></td>
    <td data-l="Limited to">${limitWords(p).map((w) => html`<div key=${w}>${w}</div>`)}</td><td class="nowrap" data-l="Last signed in">${p.last ? moment(p.last) : "never"}</td><td class="nowrap" data-l="Ends">${p.expires ? lastDay(p.expires) : "no end"}</td>
    ${ask && html`<td data-l="Acts"><span class="rowacts">${!over(p) && button("change", "Change")}${p.state === "active" && button("sessions", "Sessions")}${p.state !== "ended" && button("invite", "Invite again")}${over(p) ? p.name !== "erased" && button("again", "Reopen") : button("end", "End")}</span></td>`}</tr>`;
}

function List() {
  const seen = useSource("/api/v1/people", EVERY_MS);
  const [inviting, setInviting] = useState(false);
  const [made, setMade] = useState(null);
  const [asked, setAsked] = useState(null);
  const [all, setAll] = useState(false);
  const body = useRef(null);
  const owner = session.value.role === "owner";
  const step = (by) => {
    const rows = [...(body.current?.rows ?? [])], at = rows.findIndex((r) => r.contains(document.activeElement));
    rows[Math.min(Math.max(at + by, 0), rows.length - 1)]?.querySelector("button")?.focus();
  };
  useKeys({ i: () => owner && setInviting(true), j: () => step(1), k: () => step(-1) });
  if (!seen.data) return html`<${Notice} seen=${seen} />`;
  const items = seen.data.items, live = items.filter((p) => !over(p)), shown = all ? items : live, gone = items.length - live.length;
  const done = (result) => {
    setInviting(false);
    setAsked(null);
    if (result?.invitation) setMade(result);
    seen.refresh();
  };
  return html`<${Notice} seen=${seen} />${made && html`<${Once} made=${made} onClose=${() => setMade(null)} />`}
    ${inviting ? html`<${Invite} onDone=${done} onCancel=${() => setInviting(false)} />` : html`<div class="rowhead"><p class="small quiet" role="status">${many(live.length, "account")}${gone > 0 && `, ${gone} ended`}</p>
      <div class="acts2 flush">${gone > 0 && html`<label class="tick"><input type="checkbox" checked=${all} onChange=${(e) => setAll(e.currentTarget.checked)} /> Show ended ones</label>`}${owner && html`<button type="button" class="btn go" onClick=${() => setInviting(true)}>Invite a person <kbd>I</kbd></button>`}</div></div>`}
    ${shown.length === 0 && !inviting && html`<p class="lede">Nobody has an account. Whoever opens the link of <code>custos signin</code> acts as the operator; invite yourself first, as an owner.</p>`}
    ${shown.length > 0 && html`<div class="sheet"><div class="scroll" tabindex="0" role="region" aria-label="People"><table class="stack list"><caption class="vh">People with accounts, as of ${moment(seen.at)}</caption>
      <thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col">State</th><th scope="col">Limited to</th><th scope="col">Last signed in</th><th scope="col">Ends</th>${owner && html`<th scope="col">Acts</th>`}</tr></thead>
      <tbody ref=${body}>${shown.map((p) => html`<${Row} key=${p.person} p=${p} ask=${owner && setAsked} />`)}</tbody></table></div></div>`}
    ${asked && html`<${Act} key=${asked.act + asked.person.person} asked=${asked} onDone=${done} onClose=${() => setAsked(null)} />`}
    ${owner && html`<p class="keys"><span><kbd>I</kbd> invite</span><span><kbd>J</kbd> <kbd>K</kbd> next, previous</span></p>`}`;
}

export function People() {
  useTitle("People");
  return html`<div class="head"><div><h1 tabindex="-1">People</h1><p class="lede">Who may use this console and the API, in which role, within which limits. Each change is an entry of the log and ends sessions at once.</p></div></div><${Registers} here="People" />
    ${session.value === null ? html`<${SignInNeeded} what="The register of people" />` : session.value && html`<${List} />`}`;
}
