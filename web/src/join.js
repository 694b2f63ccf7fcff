// Following an invitation: a password and an authenticator, both needed before one is in.
import { useEffect, useState } from "preact/hooks";
import { html } from "./html.js";
import { askSession, post } from "./api.js";
import { go } from "./router.js";
import { invitation } from "./signin.js";
import { Field, Wrong, useAct } from "./forms.js";
import { Authenticator, RecoveryCodes } from "./authenticator.js";
import { useTitle } from "./parts.js";
import { ROLE_WORDS } from "./roles.js";

function Choose({ shown, onJoined }) {
  const { act, failed, busy } = useAct(onJoined);
  const [unlike, setUnlike] = useState(false);
  const submit = (event) => {
    event.preventDefault();
    const f = new FormData(event.currentTarget);
    const same = f.get("password") === f.get("again");
    setUnlike(!same);
    if (same) act(async () => (await post("/api/v1/invitations/accept", { token: invitation.value, password: f.get("password"), code: f.get("code").replace(/\s/g, "") })).json());
  };
  return html`<form class="sheet keyform" onSubmit=${submit} aria-label="Join">
    <${Wrong} failed=${failed} />${unlike && html`<p class="notice" role="alert">The two passwords are not the same.</p>`}
    <h2 class="h3">1. Choose a password</h2><p class="small quiet">12 to 128 characters; a sentence is good. Nobody else learns it, and nobody can read it back.</p>
    <input name="username" type="text" class="vh" tabindex="-1" readonly autocomplete="username" value=${shown.name} aria-hidden="true" />
    <div class="fields"><${Field} label="Password"><input name="password" type="password" required minlength="12" maxlength="128" autocomplete="new-password" /><//>
      <${Field} label="The same again"><input name="again" type="password" required minlength="12" maxlength="128" autocomplete="new-password" /><//></div>
    <h2 class="h3 apart">2. Set up your authenticator</h2><${Authenticator} ...${shown} />
    <h2 class="h3 apart">3. The code that it shows now</h2>
    <div class="fields"><${Field} label="Code"><input name="code" required inputmode="numeric" pattern="[0-9 ]{6,8}" maxlength="8" autocomplete="one-time-code" /><//>
      <button class="btn go" disabled=${busy}>Join and sign in</button></div>
  </form>`;
}

export function Join() {
  useTitle("Join");
  const [shown, setShown] = useState(null);
  const [failed, setFailed] = useState(null);
  const [codes, setCodes] = useState(null);
  useEffect(() => {
    if (!invitation.value) return setFailed({ title: "No invitation", detail: "Open the link that you were given once more." });
    post("/api/v1/invitations", { token: invitation.value }).then((r) => r.json()).then(setShown, setFailed);
  }, []);
  const joined = ({ recovery }) => {
    invitation.value = "";
    setCodes(recovery);
  };
  const done = async () => {
    await askSession();
    go("/", { replace: true });
  };
  return html`<div class="head"><div><h1 tabindex="-1">${shown ? `Welcome, ${shown.name}` : "Join"}</h1>
      <p class="lede">${shown ? `You were invited as ${ROLE_WORDS[shown.role]?.as ?? shown.role}. Choose how you sign in; what you do here is on record under your name.` : "Reading the invitation."}</p></div></div>
    ${failed && html`<p class="notice" role="alert"><b>${failed.title}.</b> ${failed.detail}</p>`}
    ${codes ? html`<${RecoveryCodes} codes=${codes} onDone=${done} done="I have them" />` : shown && html`<${Choose} shown=${shown} onJoined=${joined} />`}`;
}
