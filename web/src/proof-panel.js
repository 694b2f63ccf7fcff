// One entry of a log beside its proof: fetched, checked in this browser, saved for a check elsewhere.
import { useEffect, useState } from "preact/hooks";
import { getBytes, getText, logPath } from "./api.js";
import { html } from "./html.js";
import { saveAs } from "./parts.js";
import { bytes, clock, count, digest } from "./format.js";
import { logTitle } from "./words.js";
import { check, hex, verdict } from "./tlog.js";

async function examine(log, index, signal) {
  const [proof, leaf, vkey] = await Promise.all([
    getText(logPath(log, `proof?index=${index}`), { signal }),
    getBytes(logPath(log, `entries/${index}`), { signal }),
    getText(logPath(log, "vkey"), { signal }),
  ]);
  const { steps, proof: read } = await check(proof, leaf, vkey, index);
  return { proof, leaf, vkey, steps, read, at: Date.now() };
}

export const fileStem = (log, index) => `${log.replace(/[^a-z0-9-]+/g, "-")}-${index}`;

// The leaf laid out for reading; bytes that are not JSON are shown as they are.
function laidOut(leaf) {
  const text = new TextDecoder().decode(leaf);
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

const MARKS = { true: ["holds", "rep"], false: ["fails", "bad"], null: ["not checked", "plain"] };

function Steps({ steps }) {
  return html`<ul class="checks">${steps.map((s) => {
    const [word, cls] = MARKS[String(s.ok)];
    return html`<li key=${s.name}><span class=${`pill ${cls}`}>${word}</span><span>${s.said}</span></li>`;
  })}</ul>`;
}

const SUMMARY = {
  true: "Checked in this browser just now: proof and signature hold.",
  false: "This proof does not hold. Keep both files and compare with an older checkpoint.",
  null: "Not everything could be checked in this browser.",
};

function Files({ log, index, found }) {
  const stem = fileStem(log, index);
  return html`<div class="acts2">
    <button type="button" class="btn" onClick=${() => saveAs(`${stem}.tlog-proof`, found.proof, "text/plain")}>Save proof</button>
    <button type="button" class="btn" onClick=${() => saveAs(`${stem}.json`, found.leaf, "application/json")}>Save leaf</button>
    <button type="button" class="btn" onClick=${() => saveAs(`${stem}.vkey`, found.vkey, "text/plain")}>Save key</button>
  </div>`;
}

function Found({ log, index, found }) {
  const stem = fileStem(log, index);
  const point = found.read?.checkpoint;
  return html`<p class="small" role="status">${SUMMARY[String(verdict(found.steps))]}</p>
    <${Steps} steps=${found.steps} />
    ${point && html`<dl class="facts">
      <dt>log</dt><dd class="mono">${point.origin}</dd>
      <dt>of</dt><dd>${count(point.size)} entries</dd>
      <dt>root</dt><dd class="mono" title=${hex(point.root)}>${digest(hex(point.root), 4)}</dd>
      <dt>checked</dt><dd>${clock(found.at)} UTC</dd>
    </dl>`}
    <${Files} log=${log} index=${index} found=${found} />
    <h3 class="apart">The same check without this page</h3>
    <pre tabindex="0">${`custos-verify --proof ${stem}.tlog-proof \\\n  --leaf ${stem}.json --vkey ${stem}.vkey`}</pre>
    <p class="limit">It proves that these bytes are in the log and that the log's key signed it. The key came from this same server: compare it with a copy of your own. That nothing went around the gateway is not shown here.</p>
    <details class="raw"><summary>Proof, as text</summary><pre tabindex="0">${found.proof}</pre></details>`;
}

export function ProofPanel({ log, index, level = 3 }) {
  const [seen, setSeen] = useState({ found: null, failed: null });
  useEffect(() => {
    const abort = new AbortController();
    setSeen({ found: null, failed: null });
    examine(log, index, abort.signal).then(
      (found) => !abort.signal.aborted && setSeen({ found, failed: null }),
      (failed) => !abort.signal.aborted && setSeen({ found: null, failed }),
    );
    return () => abort.abort();
  }, [log, index]);
  const H = `h${level}`;
  return html`<section class="proof" aria-label=${`Proof for entry ${index}`}>
    <${H} class="h3">Proof for entry ${count(index)}, ${logTitle(log)}</${H}>
    ${seen.failed && html`<p class="small" role="status">${seen.failed.message}</p>`}
    ${!seen.failed && !seen.found && html`<p class="small quiet" role="status">Reading and checking …</p>`}
    ${seen.found && html`<${Found} log=${log} index=${index} found=${seen.found} />`}
  </section>
  ${seen.found && html`<section class="leaf"><${H} class="h3">What the entry holds</${H}>
    <p class="small quiet">${bytes(seen.found.leaf.length)}, one line in the log; laid out here for reading.</p>
    <pre class="codebox" tabindex="0">${laidOut(seen.found.leaf)}</pre></section>`}`;
}
