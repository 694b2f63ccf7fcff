// The secret for an authenticator app, as a picture made here and as text; and the recovery codes, once.
import { useEffect, useRef } from "preact/hooks";
import qrcode from "qrcode-generator";
import { html } from "./html.js";
import { CopyBox, saveAs } from "./parts.js";

const QUIET = 4; // modules around it, as the standard asks

function pathOf(code) {
  const n = code.getModuleCount();
  let path = "";
  for (let y = 0; y < n; y++) for (let x = 0; x < n; x++) if (code.isDark(y, x)) path += `M${x + QUIET} ${y + QUIET}h1v1h-1z`;
  return { path, size: n + 2 * QUIET };
}

export function Authenticator({ otpauth, secret }) {
  const code = qrcode(0, "M");
  code.addData(otpauth);
  code.make();
  const { path, size } = pathOf(code);
  return html`<div class="authenticator">
    <svg class="qr" viewBox=${`0 0 ${size} ${size}`} role="img" aria-label="QR code of the secret below" shape-rendering="crispEdges"><rect width=${size} height=${size} fill="#fff" /><path d=${path} fill="#000" /></svg>
    <div><p>Scan this with an authenticator app, or type the secret into it.</p><p class="mono secret">${secret.match(/.{1,4}/g).join(" ")}</p>
    <p class="small quiet">It was made by this Custos and drawn in this browser. Six digits, new each half a minute, SHA-1, as every app expects.</p></div>
  </div>`;
}

export function RecoveryCodes({ codes, onDone, done }) {
  const title = useRef(null);
  useEffect(() => title.current?.focus(), []);
  const text = codes.join("\n");
  return html`<section class="notice" aria-labelledby="recovery"><h2 id="recovery" class="h3" tabindex="-1" ref=${title}>Ten recovery codes, shown this once</h2>
    <p class="small">Each signs you in one time when the app is not at hand. Keep them where you keep secrets; Custos has digests only.</p>
    <${CopyBox} text=${text} />
    <div class="acts2"><button type="button" class="btn" onClick=${() => saveAs("custos-recovery-codes.txt", `${text}\n`, "text/plain")}>Save as a file</button><button type="button" class="btn go" onClick=${onDone}>${done}</button></div></section>`;
}
