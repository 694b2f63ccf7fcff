// One's own account: who one is, how one signs in, and where one is signed in.
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { post, send, session } from "./api.js";
import { useSource } from "./source.js";
import { Field, Wrong, useAct } from "./forms.js";
import { Authenticator, RecoveryCodes } from "./authenticator.js";
import { Notice, useTitle } from "./parts.js";
import { SignInForm } from "./signin-form.js";
import { day, many, moment } from "./format.js";
import { ROLE_WORDS } from "./roles.js";

const EVERY_MS = 30000;
const codeOf = (f) => f.get("code").replace(/\s/g, "");

const Proof = () => html`<${Field} label="Your password"><input name="password" type="password" required maxlength="128" autocomplete="current-password" /><//>
  <${Field} label="Code" hint="of your app"><input name="code" required maxlength="20" autocomplete="one-time-code" /><//>`;

function Password({ name }) {
  const [said, setSaid] = useState("");
  const { act, failed, busy } = useAct(() => setSaid("Your password is changed. Your other sessions have ended."));
  const submit = (event) => {
    event.preventDefault();
    const form = event.currentTarget, f = new FormData(form);
    setSaid("");
    act(async () => {
      await post("/api/v1/account/password", { password: f.get("password"), code: codeOf(f), new: f.get("new") });
      form.reset();
    });
  };
  return html`<form class="sheet keyform" onSubmit=${submit} aria-labelledby="pw"><h2 id="pw" class="h3">Another password</h2><${Wrong} failed=${failed} />
    <input name="username" type="text" class="vh" tabindex="-1" readonly autocomplete="username" value=${name} aria-hidden="true" />
    <div class="fields"><${Proof} /><${Field} label="New password" hint="12 characters or more"><input name="new" type="password" required minlength="12" maxlength="128" autocomplete="new-password" /><//><button class="btn go" disabled=${busy}>Change the password</button></div><p class="small" role="status">${said}</p></form>`;
}

function Codes({ left, refresh }) {
  const [offer, setOffer] = useState(null);
  const [codes, setCodes] = useState(null);
  const ask = useAct(setOffer), confirm = useAct((x) => { setCodes(x.recovery); setOffer(null); refresh(); });
  const submit = (run, path, more) => (event) => {
    event.preventDefault();
    const f = new FormData(event.currentTarget);
    run.act(async () => (await post(path, { code: codeOf(f), ...more(f) })).json());
  };
  if (codes) return html`<${RecoveryCodes} codes=${codes} onDone=${() => setCodes(null)} done="I have them" />`;
  if (offer) return html`<form class="sheet keyform" onSubmit=${submit(confirm, "/api/v1/account/codes/confirm", () => ({}))} aria-labelledby="new-app"><h2 id="new-app" class="h3">The new authenticator</h2><${Wrong} failed=${confirm.failed} /><${Authenticator} ...${offer} />
    <div class="fields"><${Field} label="The code that it shows now"><input name="code" required inputmode="numeric" maxlength="8" autocomplete="one-time-code" /><//><button class="btn go" disabled=${confirm.busy}>Use it from now on</button></div></form>`;
  return html`<form class="sheet keyform" onSubmit=${submit(ask, "/api/v1/account/codes", (f) => ({ password: f.get("password") }))} aria-labelledby="app"><h2 id="app" class="h3">Another authenticator</h2><p class="small quiet">${many(left, "recovery code")} left. A new authenticator comes with ten new ones.</p><${Wrong} failed=${ask.failed} />
    <div class="fields"><${Proof} /><button class="btn" disabled=${ask.busy}>Set up another</button></div></form>`;
}

function Sessions({ list, end }) {
  return html`<div class="sheet"><div class="scroll" tabindex="0" role="region" aria-label="Sessions"><table class="stack list"><caption class="vh">Your sessions</caption>
    <thead><tr><th scope="col">Signed in</th><th scope="col">Last used</th><th scope="col">From</th><th scope="col">By</th><th scope="col">Ends at the latest</th><th scope="col">Acts</th></tr></thead>
    <tbody>${list.map((s) => html`<tr key=${s.id}><td class="nowrap" data-l="Signed in">${moment(s.began)}</td><td class="nowrap" data-l="Last used">${moment(s.seen)}</td><td class="mono" data-l="From">${s.address || "this machine"}</td><td data-l="By">${s.how}</td><td class="nowrap" data-l="Ends">${moment(s.until)}</td>
      <td data-l="Acts">${s.this ? html`<span class="faint">this one</span>` : end && html`<button type="button" class="btn small" onClick=${() => end(s.id)}>End<span class="vh"> the session of ${moment(s.began)}</span></button>`}</td></tr>`)}</tbody></table></div></div>`;
}

function Own() {
  const seen = useSource("/api/v1/account", EVERY_MS);
  const ending = useAct(() => seen.refresh());
  if (!seen.data) return html`<${Notice} seen=${seen} />`;
  const { account: a, password, recovery_codes: left, sessions } = seen.data;
  const end = (id) => ending.act(() => send("DELETE", `/api/v1/account/sessions/${id}`));
  return html`<${Notice} seen=${seen} />
    ${a ? html`<dl class="sheet own-facts asis"><div><dt>Name</dt><dd>${a.name}</dd></div><div><dt>Role</dt><dd>${a.role} <span class="faint">${ROLE_WORDS[a.role]?.may}</span></dd></div>
      <div><dt>In the log as</dt><dd class="mono">${a.person}</dd></div>${a.tenants.length > 0 && html`<div><dt>Limited to</dt><dd>${a.tenants.join(", ")}</dd></div>`}
      ${a.from && html`<div><dt>Window</dt><dd>${day(a.from)} to ${day(new Date(new Date(a.to) - 1))}</dd></div>`}${a.expires && html`<div><dt>Ends</dt><dd>${moment(a.expires)}</dd></div>`}</dl>`
      : html`<p class="lede">You came by the one-time link: entries name the operator. With an account of your own (<a href="/registers/people">People</a>) they name you, and you can be the second of two persons.</p>`}
    ${password && html`<${Password} name=${a.name} /><${Codes} left=${left} refresh=${seen.refresh} />`}
    <h2 class="h3 apart signed-in">Where you are signed in</h2><${Wrong} failed=${ending.failed} /><${Sessions} list=${sessions} end=${end} />`;
}

export function Account() {
  const signedOut = session.value === null;
  useTitle(signedOut ? "Sign in" : "Your account");
  return html`<div class="head"><div><h1 tabindex="-1">${signedOut ? "Sign in" : "Your account"}</h1></div></div>
    ${signedOut ? html`<${SignInForm} />` : session.value && html`<${Own} />`}`;
}
