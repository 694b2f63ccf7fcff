// The heads of the logs with each of their signatures, and the heads that there were.
import { useEffect, useState } from "preact/hooks";
import { html } from "./html.js";
import { getText, logPath } from "./api.js";
import { go, route, withQuery } from "./router.js";
import { useSource } from "./source.js";
import { CopyBox, Notice, saveAs } from "./parts.js";
import { asHex, count, digest, moment } from "./format.js";
import { checkSignatures, hex, readCheckpoint } from "./tlog.js";
import { entryPath, logHolds, logTitle } from "./words.js";

const PAGE = 100;

// Checkpoint and key, read again whenever the head has moved.
function useSigned(log) {
  const [signed, setSigned] = useState(null);
  useEffect(() => {
    const abort = new AbortController();
    const read = (what) => getText(logPath(log.name, what), { signal: abort.signal }).catch(() => null);
    Promise.all([read("checkpoint"), read("vkey")]).then(async ([checkpoint, vkey]) => {
      const lines = checkpoint && vkey ? await checkSignatures(checkpoint, vkey) : [];
      if (!abort.signal.aborted) setSigned({ checkpoint, vkey, lines });
    });
    return () => abort.abort();
  }, [log.name, log.size]);
  return signed;
}

const stem = (name) => name.replace(/[^a-z0-9-]+/g, "-");
const SAID = { true: ["rep", "holds"], false: ["bad", "fails"], null: ["plain", "not checked"] };

function Signatures({ lines }) {
  return html`<h3 class="apart">Signatures</h3><ul class="checks">${lines.map((s) => {
    const [cls, word] = SAID[String(s.ok)];
    return html`<li key=${s.name + s.id}><span class=${`pill ${cls}`}>${word}</span><span><span class="mono">${s.name}</span>, key <span class="mono">${s.id}</span>. ${s.said}</span></li>`;
  })}</ul>`;
}

function EntryForm({ log }) {
  const submit = (event) => {
    event.preventDefault();
    go(entryPath(log.name, new FormData(event.currentTarget).get("entry")));
  };
  return html`<form class="ask-entry" onSubmit=${submit}><label class="field"><span>Entry, 0 to ${count(log.size - 1)}<span class="vh"> of ${logTitle(log.name)}</span></span><input name="entry" type="number" inputmode="numeric" min="0" max=${log.size - 1} step="1" required /></label><button class="btn">Prove it</button></form>`;
}

export function Head({ log }) {
  const signed = useSigned(log);
  return html`<section class="row"><header class="gloss"><h2>${logTitle(log.name)}</h2><p>${logHolds(log.name)}</p></header><div class="body">
    <div class="side"><div><dl class="facts">
      <dt>Entries</dt><dd><a class="fig" href=${`/log?log=${encodeURIComponent(log.name)}&view=entries`}>${count(log.size)}</a></dd>
      <dt>Head signed</dt><dd>${log.at ? moment(log.at) : "not yet"}</dd>
      <dt>Origin</dt><dd class="mono">${log.origin}</dd>
      <dt>Root</dt><dd class="mono">${log.size > 0 ? asHex(log.root) || log.root : "–"}</dd></dl>
      ${signed?.lines.length > 0 && html`<${Signatures} lines=${signed.lines} />`}
      ${log.size > 0 && html`<${EntryForm} log=${log} />`}</div>
      <div>${signed?.checkpoint ? html`<h3>Checkpoint</h3><pre class="codebox" tabindex="0">${signed.checkpoint}</pre>` : html`<p class="small quiet">${log.size > 0 ? "Reading the checkpoint …" : "No checkpoint yet: the first entry makes it."}</p>`}
        ${signed?.vkey && html`<h3 class="apart">Verifier key</h3><${CopyBox} text=${signed.vkey.trim()} />`}
        ${signed?.checkpoint && html`<div class="acts2"><button type="button" class="btn" onClick=${() => saveAs(`${stem(log.name)}.checkpoint`, signed.checkpoint, "text/plain")}>Save checkpoint</button>
        ${signed.vkey && html`<button type="button" class="btn" onClick=${() => saveAs(`${stem(log.name)}.vkey`, signed.vkey, "text/plain")}>Save key</button>`}</div>`}</div></div>
  </div></section>`;
}

// Lines that are not the log's own: of witnesses, which say the time first (C2SP tlog-cosignature).
function cosigners(note) {
  try {
    const point = readCheckpoint(note);
    return point.signatures.filter((s) => s.name !== point.origin).map((s) => ({ name: s.name, id: hex(s.id), at: s.signature.length === 72 ? s.signature.slice(0, 8).reduce((sum, b) => sum * 256 + b, 0) * 1000 : null }));
  } catch {
    return [];
  }
}

export function Witnesses({ anchor }) {
  const seen = useSource("/api/v1/witness", 10000);
  const d = seen.data;
  if (!d) return html`<${Notice} seen=${seen} />`;
  const behind = (x) => (x.newest && anchor ? `${count(Math.max(anchor.size - x.newest.size, 0))} entries behind the head` : "");
  const none = (what) => html`<p><span class="st nodata"><svg aria-hidden="true"><use href="#s-nodata" /></svg>no data</span></p><p class="small quiet">${what}</p>`;
  const lines = d.cosigned.newest ? cosigners(d.cosigned.newest.note) : [];
  return html`<section class="row"><header class="gloss"><h2>Witnesses</h2><p>Others who saw the anchor log grow, and so would see it fork.</p></header><div class="body">
    <h3>Cosigned checkpoints</h3>${d.cosigned.newest ? html`<dl class="facts"><dt>Newest</dt><dd>size ${count(d.cosigned.newest.size)}, ${behind(d.cosigned)}, written ${moment(d.cosigned.newest.written)}</dd><dt>Kept</dt><dd>${count(d.cosigned.count)}</dd>
        ${lines.map((l) => html`<dt key=${l.name + l.id} class="mono">${l.name}</dt><dd>key <span class="mono">${l.id}</span>${l.at ? `, says ${moment(l.at)}` : ""}; its signature is checked where its key is held</dd>`)}</dl>
        <details class="raw"><summary>The note, as text</summary><pre class="codebox" tabindex="0">${d.cosigned.newest.note}</pre></details>` : none("No witness has cosigned a checkpoint here: that this log has one past only is so far our word.")}
    <h3 class="apart">Time stamps</h3>${d.stamped.newest ? html`<dl class="facts"><dt>Newest</dt><dd>size ${count(d.stamped.newest.size)}, ${behind(d.stamped)}, written ${moment(d.stamped.newest.written)}</dd><dt>Kept</dt><dd>${count(d.stamped.count)}</dd></dl><h3 class="apart">Checked by</h3><pre class="codebox" tabindex="0">openssl ts -verify -in SIZE.tsr -data SIZE -CAfile CA</pre>` : none("No time stamp authority has stamped a checkpoint here: when it was made is so far our word.")}</div></section>`;
}

// Every head that a log had is an entry of the anchor log.
export function History() {
  const query = route.value.query;
  const cursor = query.get("cursor");
  const seen = useSource(logPath("anchor", `entries?${new URLSearchParams({ type: "log.checkpoint", bodies: "yes", limit: String(PAGE), ...(cursor ? { cursor } : {}) })}`), cursor ? 0 : 3000);
  const d = seen.data;
  return html`<${Notice} seen=${seen} />${d?.items.length === 0 && html`<p class="lead">No checkpoint is anchored yet.</p>`}
    ${d?.items.length > 0 && html`<p class="small quiet">${count(d.total)} checkpoints, newest first. Each is an entry of the anchor log, so a head of the past cannot be exchanged without breaking the anchor's own.</p>
    <div class="sheet apart"><div class="scroll" tabindex="0" role="region" aria-label="Checkpoints"><table class="stack list"><caption class="vh">Checkpoints, newest first</caption><thead><tr><th scope="col">Anchored, UTC</th><th scope="col">Log</th><th scope="col" class="num">Entries</th><th scope="col">Root</th><th scope="col" class="num">Entry and proof</th></tr></thead>
      <tbody>${d.items.map((x) => html`<tr key=${x.index}><td class="nowrap" data-l="Anchored">${moment(x.at).replace(" UTC", "")}</td><td data-l="Log">${logTitle(x.body?.log?.replace(/^t\//, "t:") ?? "–")}</td><td class="num" data-l="Entries">${count(x.body?.size)}</td><td class="mono" data-l="Root" title=${x.body?.root}>${digest(x.body?.root, 4)}</td><td class="num" data-l="Entry"><a class="fig mono rowlink" href=${entryPath("anchor", x.index)}>${count(x.index)}</a></td></tr>`)}</tbody></table></div></div>
    <div class="rowhead"><span></span><nav class="pager" aria-label="Pages of checkpoints">${cursor && html`<a class="btn" href=${withQuery({ cursor: null })}>Newest</a>`}${d.next_cursor && html`<a class="btn" href=${withQuery({ cursor: d.next_cursor })}>Older</a>`}</nav></div>`}`;
}
