// Bodies that are kept of an exchange: what the log says of them, who asked to read them, and reading them.
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { post, session } from "./api.js";
import { bytes, count, digest, many, moment } from "./format.js";
import { entryPath } from "./words.js";

const PARTS = { request: "what left", answer: "what came back" };
const REASONS = { busy: "too much waited to be kept", disk: "it could not be written", no_key: "there was no key for the day", too_large: "it is too large", worker_ended: "the worker was killed before it was on record" };
const STATES = { waiting: ["partly", "waits for a second person"], open: ["met", "may be read"], approved: ["met", "approved"], refused: ["not", "refused"] };
const GONE = { gone: "Its key or its file is no more.", absent: "It was not kept.", corrupt: "The stored file is not what the log says, and is not shown." };

const shape = (code, words) => html`<span class=${`st ${code}`}><svg aria-hidden="true"><use href=${`#s-${code}`} /></svg>${words}</span>`;

function Kept({ b }) {
  const words = !b.captured ? shape("not", `not kept: ${REASONS[b.reason] ?? b.reason}`) : b.key_there ? shape("met", "kept, sealed") : shape("nodata", "its key was destroyed");
  return html`<tr><td data-l="Part">${PARTS[b.part] ?? b.part}${b.whole === false ? html` <span class="faint">as far as it came</span>` : ""}</td><td data-l="State">${words}</td>
    <td data-l="Class">${b.class}</td><td class="num" data-l="Size">${b.captured ? bytes(b.bytes) : "–"}</td>
    <td class="mono" data-l="Sealed file" title=${b.digest}>${b.captured ? digest(b.digest) : "–"}</td>
    <td class="nowrap" data-l="Entry"><a class="fig" href=${entryPath(b.entry.log, b.entry.index)}>${count(b.entry.index)}</a></td></tr>`;
}

function Text({ read }) {
  return html`${["request", "answer"].map((part) => html`<h3 class="apart" key=${part}>${PARTS[part]}</h3>
    ${read[part].state === "kept" ? html`<pre class="codebox" tabindex="0">${read[part].text ?? read[part].base64}</pre>` : html`<p class="small quiet">${GONE[read[part].state]}</p>`}`)}`;
}

function Reading({ r, busy, act }) {
  const [code, words] = STATES[r.state] ?? ["nodata", r.state];
  return html`<tr><td class="nowrap" data-l="Asked">${moment(r.at)}</td><td data-l="By">${r.by.name}</td><td data-l="For">${r.purpose}</td>
    <td data-l="State">${shape(code, words)}${r.decided_by && html` <span class="faint">by ${r.decided_by.name}</span>`}</td>
    <td class="num" data-l="Read">${r.reads === undefined ? "" : many(r.reads, "time")}</td>
    <td class="nowrap" data-l="Next"><span class="acts">${r.state === "waiting" && html`<button type="button" class="btn quietly" disabled=${busy} onClick=${() => act(`${r.id}/decision`, { decision: "approve" })}>Approve</button><button type="button" class="btn quietly" disabled=${busy} onClick=${() => act(`${r.id}/decision`, { decision: "refuse" })}>Refuse</button>`}
      ${(r.state === "open" || r.state === "approved") && html`<button type="button" class="btn quietly" disabled=${busy} onClick=${() => act(`${r.id}/content`, {})}>Read</button>`}</span></td></tr>`;
}

// Where none are kept this says why there is nothing to open.
export function Stored({ x }) {
  const [changed, setChanged] = useState({});
  const [failed, setFailed] = useState(null);
  const [busy, setBusy] = useState(false);
  const [read, setRead] = useState(null);
  const bodies = x.bodies ?? [];
  const known = (x.readings ?? []).map((r) => changed[r.id] ?? r);
  const fresh = Object.values(changed).filter((r) => !known.some((k) => k.id === r.id));
  const readings = [...fresh.reverse(), ...known];
  const act = async (path, body) => {
    setBusy(true);
    setFailed(null);
    try {
      const answer = await (await post(`/api/v1/readings${path ? `/${path}` : ""}`, body)).json();
      if (answer.reading) {
        setRead(answer);
        const r = readings.find((one) => one.id === answer.reading);
        setChanged((was) => ({ ...was, [r.id]: { ...r, reads: r.reads + 1 } }));
      }
      else setChanged((was) => ({ ...was, [answer.id]: answer }));
    } catch (cause) {
      setFailed(cause);
    } finally {
      setBusy(false);
    }
  };
  const ask = (event) => {
    event.preventDefault();
    act("", { exchange: x.id, purpose: new FormData(event.currentTarget).get("purpose") });
  };
  const gloss = "What left for the provider and what came back, with surrogates: never the values behind them.";
  return html`<section class="row"><header class="gloss"><h2>Stored text</h2><p>${gloss}</p></header><div class="body">
    ${bodies.length === 0 && html`<p>${shape("nodata", x.capture ? "not stored yet" : "not captured")}</p>
      <p class="small quiet">Bodies are not stored unless capture is switched on for a tenant and a class of data, and its entry says so. ${x.body_commit ? html`What left can still be recognised: the entry holds a keyed commitment to it, <span class="mono" title=${x.body_commit}>${digest(x.body_commit)}</span>.` : ""}</p>`}
    ${bodies.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label="Stored bodies"><table class="stack"><thead><tr><th scope="col">Part</th><th scope="col">State</th><th scope="col">Class</th><th scope="col" class="num">Size</th><th scope="col">Sealed file</th><th scope="col">Entry</th></tr></thead>
      <tbody>${bodies.map((b) => html`<${Kept} key=${b.part} b=${b} />`)}</tbody></table></div>
      ${readings.length > 0 && html`<h3 class="apart">Readings</h3><div class="scroll" tabindex="0" role="region" aria-label="Readings"><table class="stack"><thead><tr><th scope="col">Asked</th><th scope="col">By</th><th scope="col">For</th><th scope="col">State</th><th scope="col" class="num">Read</th><th scope="col">Next</th></tr></thead>
        <tbody>${readings.map((r) => html`<${Reading} key=${r.id} r=${r} busy=${busy} act=${act} />`)}</tbody></table></div>`}
      ${failed && html`<p class="notice" role="alert"><b>${failed.title}.</b> ${failed.detail ?? ""}</p>`}
      ${read && html`<${Text} read=${read} />`}
      ${bodies.some((b) => b.captured && b.key_there) && session.value && html`<form class="sheet keyform" onSubmit=${ask} aria-label="Ask to read it"><div class="fields"><label class="field" for="purpose"><span>What it is to be read for</span><input id="purpose" name="purpose" maxlength="200" required /></label></div>
        <p class="small quiet">It stands in the log, with your pseudonym. From class confidential on a second person approves.</p><div class="acts2"><button class="btn go" disabled=${busy}>Ask to read it</button></div></form>`}
      <h3 class="apart">The same on this machine</h3><pre class="codebox" tabindex="0">custos body list ${x.id}</pre>`}
  </div></section>`;
}
