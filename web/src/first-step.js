// What to do when nothing has come through yet.
import { html } from "./html.js";
import { CopyBox } from "./parts.js";

export function FirstStep({ status }) {
  const address = status.data?.gateway_urls?.[0] ?? location.origin;
  return html`<section class="first"><h2>No exchange yet</h2>
    <p>Point one assistant here and it shows within a second. For Claude Code, in the shell that starts it:</p>
    <${CopyBox} text=${`export ANTHROPIC_BASE_URL=${address}`} />
    <p class="small quiet">It needs a key of ours: <code>custos key issue --tenant NAME --user NAME</code> prints one. Without any assistant, <code>custos demo</code> sends a sample request through the same path.</p></section>`;
}
