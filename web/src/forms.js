// What forms share: a field, what went wrong, one act at a time.
import { useState } from "preact/hooks";
import { html } from "./html.js";

export const Field = ({ label, hint, children }) =>
  html`<label class="field"><span>${label}${hint && html` <span class="faint">${hint}</span>`}</span>${children}</label>`;

// What went wrong with an act, in the daemon's words.
export const Wrong = ({ failed }) =>
  failed && html`<p class="notice" role="alert"><b>${failed.title}.</b> ${failed.detail ?? ""} Nothing was changed.</p>`;

export function useAct(done) {
  const [failed, setFailed] = useState(null);
  const [busy, setBusy] = useState(false);
  const act = async (work) => {
    setBusy(true);
    setFailed(null);
    try {
      done(await work());
    } catch (cause) {
      setFailed(cause);
    } finally {
      setBusy(false);
    }
  };
  return { act, failed, busy };
}
