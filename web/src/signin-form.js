// The sign-in form: name, password and the code of the authenticator, all at once, so that a wrong one does not
// say which.
import { useEffect, useState } from "preact/hooks";
import { html } from "./html.js";
import { getJson, signInWith } from "./api.js";
import { Field, Wrong, useAct } from "./forms.js";

function Provider() {
  const [provider, set] = useState(null);
  useEffect(() => {
    getJson("/api/v1/oidc").then((x) => set(x.name ? x : null), () => {});
  }, []);
  return provider && html`<p class="provider"><a class="btn go" href="/api/v1/oidc/start">Sign in with ${provider.name}</a></p>`;
}

export function SignInForm() {
  const { act, failed, busy } = useAct(() => {});
  const submit = (event) => {
    event.preventDefault();
    const form = event.currentTarget, f = new FormData(form);
    act(async () => {
      await signInWith(f.get("name").trim(), f.get("password"), f.get("code").replace(/\s/g, ""));
      form.reset();
    });
  };
  return html`<div class="signin">
    <${Provider} />
    <form onSubmit=${submit} aria-label="Sign in">
      <${Wrong} failed=${failed} />
      <div class="fields">
        <${Field} label="Name"><input name="name" required maxlength="128" autocomplete="username" /><//>
        <${Field} label="Password"><input name="password" type="password" required maxlength="128" autocomplete="current-password" /><//>
        <${Field} label="Code" hint="of your app, or a recovery code"><input name="code" required maxlength="20" autocomplete="one-time-code" /><//>
        <button class="btn go" disabled=${busy}>${busy ? "Signing in" : "Sign in"}</button>
      </div>
    </form>
    <p class="small quiet">No account yet: an owner makes one with <code>custos person add NAME</code>. Nobody has one: <code>custos signin</code> prints a link that signs this browser in once. <a href="/try">Try</a> works without a sign-in, the <a href="/audit">checklist</a> until the first person has joined.</p>
  </div>`;
}
