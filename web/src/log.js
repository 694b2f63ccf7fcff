// The heads of the logs, as signed, and the proof of any entry by its number.
import { useEffect, useState } from "preact/hooks";
import { html } from "./html.js";
import { getText, logPath, session } from "./api.js";
import { go, route } from "./router.js";
import { useSource } from "./source.js";
import { CopyBox, Notice, SignInNeeded, saveAs, useTitle } from "./parts.js";
import { ProofPanel } from "./proof-panel.js";
import { asHex, count, digest, many, moment } from "./format.js";
import { logHolds, logTitle } from "./words.js";

const HEADS_MS = 5000;

// Checkpoint and key, read again whenever the head has moved.
function useSigned(log) {
  const [signed, setSigned] = useState(null);
  useEffect(() => {
    const abort = new AbortController();
    const read = (what) => getText(logPath(log.name, what), { signal: abort.signal }).catch(() => null);
    Promise.all([read("checkpoint"), read("vkey")]).then(([checkpoint, vkey]) => {
      if (!abort.signal.aborted) setSigned({ checkpoint, vkey });
    });
    return () => abort.abort();
  }, [log.name, log.size]);
  return signed;
}

const stem = (name) => name.replace(/[^a-z0-9-]+/g, "-");

function Head({ log }) {
  const signed = useSigned(log);
  return html`<section class="row"><header class="gloss"><h2>${logTitle(log.name)}</h2><p>${logHolds(log.name)}</p></header><div class="body">
    <div class="side"><div><dl class="facts">
      <dt>Entries</dt><dd>${count(log.size)}</dd>
      <dt>Head signed</dt><dd>${log.at ? moment(log.at) : "not yet"}</dd>
      <dt>Origin</dt><dd class="mono">${log.origin}</dd>
      <dt>Root</dt><dd class="mono">${log.size > 0 ? asHex(log.root) || log.root : "–"}</dd></dl>
      ${log.size > 0 && html`<${EntryForm} log=${log} />`}</div>
      <div>${signed?.checkpoint ? html`<h3>Checkpoint</h3><pre class="codebox" tabindex="0">${signed.checkpoint}</pre>` : html`<p class="small quiet">${log.size > 0 ? "Reading the checkpoint …" : "No checkpoint yet: the first entry makes it."}</p>`}
        ${signed?.vkey && html`<h3 class="apart">Verifier key</h3><${CopyBox} text=${signed.vkey.trim()} />`}
        ${signed?.checkpoint && html`<div class="acts2"><button type="button" class="btn" onClick=${() => saveAs(`${stem(log.name)}.checkpoint`, signed.checkpoint, "text/plain")}>Save checkpoint</button>
        ${signed.vkey && html`<button type="button" class="btn" onClick=${() => saveAs(`${stem(log.name)}.vkey`, signed.vkey, "text/plain")}>Save key</button>`}</div>`}</div></div>
  </div></section>`;
}

function EntryForm({ log }) {
  const submit = (event) => {
    event.preventDefault();
    const entry = new FormData(event.currentTarget).get("entry");
    go(`/log?log=${encodeURIComponent(log.name)}&entry=${entry}`);
  };
  return html`<form class="ask-entry" onSubmit=${submit}><label class="field"><span>Entry, 0 to ${count(log.size - 1)}<span class="vh"> of ${logTitle(log.name)}</span></span><input name="entry" type="number" inputmode="numeric" min="0" max=${log.size - 1} step="1" required /></label><button class="btn">Prove it</button></form>`;
}

function asked(query, logs) {
  const log = logs.find((l) => l.name === query.get("log"));
  const text = query.get("entry") ?? "";
  if (!log || !/^\d{1,15}$/.test(text)) return null;
  return { log, index: Number(text) };
}

function Asked({ asked: { log, index } }) {
  return html`<section class="row"><header class="gloss"><h2>Entry ${count(index)}</h2><p>${logTitle(log.name)}, ${many(log.size, "entry", "entries")}.</p><p><a href="/log">Back to all heads</a></p></header><div class="body">
    ${index < log.size ? html`<div class="proofs wide"><${ProofPanel} log=${log.name} index=${index} /></div>` : html`<p>This log has ${many(log.size, "entry", "entries")}; the last is ${count(log.size - 1)}.</p>`}</div></section>`;
}

function Heads() {
  const seen = useSource("/api/v1/logs", HEADS_MS);
  const logs = seen.data ? (Array.isArray(seen.data) ? seen.data : seen.data.logs ?? seen.data.items ?? []) : null;
  if (!logs) return html`<${Notice} seen=${seen} />`;
  const wanted = asked(route.value.query, logs);
  return html`<${Notice} seen=${seen} /><div class="paper">
    ${wanted && html`<${Asked} asked=${wanted} />`}
    ${logs.map((log) => html`<${Head} key=${log.name} log=${log} />`)}
    ${logs.length === 0 && html`<section class="row"><header class="gloss"><h2>No log yet</h2></header><div class="body"><p>The first entry makes the first log.</p></div></section>`}
    <section class="row"><header class="gloss"><h2>Check it all</h2><p>On this machine, or on another with a copy of the directory.</p></header><div class="body"><pre class="codebox first-box" tabindex="0">custos verify --dir LOG_DIR</pre>
      <p class="limit">A head shows that the log has one past, not two. It says nothing about what was never written to it. Write down heads elsewhere, so that a later one can be held against them.</p></div></section></div>`;
}

export function Log() {
  useTitle("Log");
  return html`<div class="head"><div><h1 tabindex="-1">The log and its heads</h1><p class="lede">Every entry hangs in a Merkle tree; each head below fixes all entries before it and is signed by a process that holds nothing but the key.</p></div></div>
    ${session.value === null && html`<${SignInNeeded} what="The log" />`}${session.value && html`<${Heads} />`}`;
}
