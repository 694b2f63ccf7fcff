// One exchange: what happened, in three lanes of counts; its entries with proof; the time it took.
import EVENTS from "./event-labels.json";
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { session } from "./api.js";
import { go } from "./router.js";
import { useSource } from "./source.js";
import { useKeys } from "./keys.js";
import { Notice, Pills, SignInNeeded, useTitle } from "./parts.js";
import { ProofPanel } from "./proof-panel.js";
import { lastShown } from "./exchanges.js";
import { bytes, count, many, moment, shortId, took } from "./format.js";
import { OUTCOMES, VENDOR_STATES, decision, headline, logTitle, sent, typeWord } from "./words.js";

const OPEN_MS = 2000;

const neighbour = (id, by) => {
  const at = lastShown.indexOf(id);
  const other = at < 0 ? undefined : lastShown[at + by];
  return other && `/exchanges/${encodeURIComponent(other)}`;
};

// What was decided about the code in the request, and by which rule.
function Code({ access }) {
  const others = (access.files ?? []).filter((f) => f.act !== "allow");
  return html`<div><dt>Code</dt><dd>${access.class}<small>${access.repo_name || "repository not described"}</small><small>rule <span class="mono">${access.rule}</span></small>
    ${others.map((f) => html`<small key=${f.rule + f.entry}>${many(f.count, "file")} of class ${f.class} ${f.act === "cut" ? "cut" : "refused"}, rule <span class="mono">${f.rule}</span></small>`)}</dd></div>`;
}

function Verdict({ x }) {
  const tokens = Number.isFinite(x.output_tokens) ? `, ${count(x.output_tokens)} tokens` : "";
  const ended = Number.isFinite(x.ms_total) ? `${OUTCOMES[x.state] ?? x.state} after ${took(x.ms_total)}${tokens}` : OUTCOMES[x.state] ?? x.state;
  return html`<dl class="verdict">
    <div><dt>Decision</dt><dd>${decision(x)}<small>${sent(x) ? "by the rules in force" : "nothing was sent"}</small></dd></div>
    <div><dt>Caller</dt><dd>${x.user || "unknown"}<small>tenant ${x.tenant}</small><small>key <span class="mono">${x.key || "–"}</span></small></dd></div>
    <div><dt>Model</dt><dd>${x.model || "–"}<small>${x.vendor}, ${VENDOR_STATES[x.vendor_state] ?? x.vendor_state}</small></dd></div>
    <div><dt>Interface</dt><dd>${x.api}<small>${x.stream ? "streamed" : "one answer"}</small></dd></div>
    ${x.access && html`<${Code} access=${x.access} />`}
    <div><dt>When</dt><dd>${moment(x.at)}<small>${ended}</small></dd></div>
  </dl>`;
}

const Lane = ({ title, size, children }) =>
  html`<section class="lane"><header><h2>${title}</h2><span class="small faint">${size}</span></header>${children}</section>`;

function Lanes({ x }) {
  const found = Object.values(x.findings ?? {}).reduce((sum, n) => sum + n, 0);
  const left = sent(x);
  const bars = (a, b) => html`<div class="veil" aria-hidden="true"><i class=${a}></i><i class=${b}></i></div>`;
  return html`<div class="lanes">
    <${Lane} title="What the client sent" size=${found ? many(found, "finding") : "no finding"}>
      <div class="msg">${bars("w4", "w3")}<div class="veil"><${Pills} findings=${x.findings} /></div>${bars("w6", "w2")}</div><//>
    <${Lane} title="What left" size=${left ? bytes(x.body_bytes) : "nothing"}>
      <div class="msg">${left
        ? html`${bars("w4", "w3")}<div class="veil">${x.replaced > 0 ? html`<span class="pill rep">${many(x.replaced, "value")} replaced by surrogates</span>` : html`<span class="faint">nothing to replace</span>`}</div>${bars("w6", "w2")}`
        : html`<p><span class="pill bad">the request stopped here</span></p><p class="small quiet">The client got an error in its own format that names the reason.</p>`}</div><//>
    <${Lane} title="What came back" size=${Number.isFinite(x.answer_bytes) ? bytes(x.answer_bytes) : OUTCOMES[x.state] ?? x.state}>
      <div class="msg">${Number.isFinite(x.answer_bytes) && left
        ? html`${bars("w5", "w3")}<div class="veil">${x.restored > 0 ? html`<span class="pill back">${many(x.restored, "value")} put back</span>` : html`<span class="faint">nothing to put back</span>`}</div>${bars("w6", "w1")}`
        : html`<p class="small quiet">${left ? (x.state === "open" ? "The answer is still on its way." : "No complete answer.") : "There was nothing to answer."}</p>`}</div><//>
  </div>
  <p class="key"><span><span class="pill raw">found</span> a value the rules found</span><span><span class="pill rep">replaced</span> its surrogate left instead</span><span><span class="pill back">put back</span> for the client</span><span>Bars stand for text. Values are never shown here.</span></p>`;
}

function Entries({ x }) {
  const entries = x.entries ?? [];
  const [picked, setPicked] = useState(0);
  const shown = entries[Math.min(picked, entries.length - 1)];
  const gloss = sent(x) ? "The first entry was durable before the first byte went out." : "The refusal itself is an entry.";
  return html`<section class="row"><header class="gloss"><h2>${entries.length === 2 ? "Two entries" : many(entries.length, "entry", "entries")}</h2><p>${gloss}</p></header><div class="body">
    ${entries.length === 0 && html`<p>Durable on disk, not yet in a signed checkpoint. This takes a second or two.</p>`}
    ${entries.length > 0 && html`<div class="side"><div><div class="scroll" tabindex="0" role="region" aria-label="Entries"><table class="stack">
      <thead><tr><th scope="col">Entry</th><th scope="col">Log</th><th scope="col">Type</th><th scope="col">Says</th></tr></thead>
      <tbody>${entries.map((e, i) => html`<tr key=${e.log + e.index} class=${e === shown ? "current" : ""}>
        <td class="nowrap" data-l="Entry"><button type="button" class="plainly link mono" aria-pressed=${e === shown ? "true" : "false"} onClick=${() => setPicked(i)}>${count(e.index)}</button></td>
        <td class="nowrap" data-l="Log">${logTitle(e.log)}</td><td class="mono" data-l="Type">${e.type}</td><td data-l="Says">${EVENTS[e.type]?.means ?? ""}</td></tr>`)}</tbody></table></div></div>
      <div class="proofs"><${ProofPanel} log=${shown.log} index=${shown.index} /></div></div>`}
  </div></section>`;
}

// One bar: the whole is the time before egress (or in all), its parts are labelled in words below.
function Bar({ parts, label }) {
  const whole = parts.reduce((sum, part) => sum + part.ms, 0);
  if (!(whole > 0)) return null;
  let x = 0;
  return html`<svg class="bar" viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label=${label}>${parts.map((part) => {
    const width = (part.ms / whole) * 1000;
    x += width;
    return html`<rect key=${part.name} class=${part.cls} x=${(x - width).toFixed(1)} y="2" width=${Math.max(width - 2, 0).toFixed(1)} height="16" />`;
  })}</svg>
  <p class="key">${parts.map((part) => html`<span key=${part.name}><svg viewBox="0 0 12 12" aria-hidden="true"><rect class=${part.cls} width="12" height="12" /></svg>${part.name} ${took(part.ms)}</span>`)}</p>`;
}

function Times({ x }) {
  const scan = Number.isFinite(x.scan_us) ? x.scan_us / 1000 : 0;
  const gate = Number.isFinite(x.ms_gate) ? x.ms_gate : null;
  if (gate === null) return null;
  const before = [{ name: "scan", cls: "f-met", ms: Math.min(scan, gate) }, { name: "read, decide and seal", cls: "f-pen", ms: Math.max(gate - scan, 0) }];
  const after = Number.isFinite(x.ms_total) ? Math.max(x.ms_total - gate, 0) : null;
  return html`<section class="row"><header class="gloss"><h2>Time spent</h2><p>From the first byte we read to the first byte that left.</p></header><div class="body">
    <p><b>${took(gate)}</b> before egress${after !== null ? `, then ${took(after)} for the provider and its answer` : ""}.</p>
    <${Bar} parts=${before} label=${`${took(gate)} before egress, of which ${took(scan)} scanning`} /></div></section>`;
}

function Steps({ id }) {
  const older = neighbour(id, 1);
  const newer = neighbour(id, -1);
  useKeys({ j: () => (older ? go(older) : false), k: () => (newer ? go(newer) : false) });
  return html`<div class="acts">${older && html`<a class="btn quietly" href=${older}>Older <kbd>J</kbd></a>`}${newer && html`<a class="btn quietly" href=${newer}>Newer <kbd>K</kbd></a>`}</div>`;
}

function sentence(x) {
  const found = Object.entries(x.findings ?? {}).map(([type, n]) => `${typeWord(type)}${n > 1 ? ` (${count(n)})` : ""}`);
  const what = found.length ? ` Found: ${found.join(", ")}.` : " Nothing was found in it.";
  return `${x.user || "Somebody"} asked ${x.vendor || "no vendor"} for ${x.model || "a model"}.${what}`;
}

export function Exchange({ id }) {
  useTitle(`Exchange ${shortId(id)}`);
  const [every, setEvery] = useState(OPEN_MS);
  const seen = useSource(session.value ? `/api/v1/exchanges/${encodeURIComponent(id)}` : null, every);
  const x = seen.data;
  const done = Boolean(x) && x.state !== "open" && (x.entries?.length ?? 0) >= (sent(x) ? 2 : 1);
  if (done && every) setEvery(0);
  const missing = seen.failed?.status === 404;
  return html`<p class="crumbs"><a href="/exchanges">Exchanges</a><span class="mono">${shortId(id)}</span></p>
    <div class="head"><div><h1 tabindex="-1">${x ? headline(x) : missing ? "No such exchange" : "Exchange"}</h1>
      ${x && html`<p class="lede">${sentence(x)}</p>`}${missing && html`<p class="lede">No entry with this id is in the log. It may be too new: an exchange shows about a second after it was sealed.</p>`}</div><${Steps} id=${id} /></div>
    ${session.value === null ? html`<${SignInNeeded} what="One exchange" />` : !missing && html`<${Notice} seen=${seen} />`}
    ${x && html`<${Verdict} x=${x} /><${Lanes} x=${x} /><div class="paper"><${Entries} x=${x} /><${Times} x=${x} /></div>`}`;
}
