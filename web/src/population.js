// One population, one sample: the question, the answer, the second count in this browser, and the entry.
import { useEffect, useState } from "preact/hooks";
import { html } from "./html.js";
import { getBytes, logPath, post, session } from "./api.js";
import { go } from "./router.js";
import { useSource } from "./source.js";
import { Notice, SignInNeeded, useTitle } from "./parts.js";
import { ProofPanel } from "./proof-panel.js";
import { Refused, rowsOf, scopeWord, useAct } from "./examination.js";
import { drawn, listingFacts } from "./draw.js";
import { count, digest, many, moment } from "./format.js";
import { entryPath, logTitle } from "./words.js";
import { labelOf } from "./explorer.js";

const COUNTED_MAX = 50000; // rows that are counted without being asked
const apiName = (name) => name.replace(/^t\//, "t:");

const Held = ({ ok, children }) => html`<p><span class=${`st ${ok === null ? "nodata" : ok ? "met" : "not"}`}><svg aria-hidden="true"><use href=${`#s-${ok === null ? "nodata" : ok ? "met" : "not"}`} /></svg>${children}</span></p>`;

function useSecond(work, key) {
  const [seen, setSeen] = useState(null);
  useEffect(() => {
    let here = true;
    setSeen(null);
    work().then((v) => here && setSeen(v), (failed) => here && setSeen({ failed }));
    return () => (here = false);
  }, [key]);
  return seen;
}

// Its entry has its id.
function Sealed({ id, tenant, type }) {
  const log = tenant && tenant !== "org" ? `t:${tenant}` : "org";
  const seen = useSource(logPath(log, `entries?type=${type}&bodies=yes&limit=1000`), 2000);
  const entry = seen.data?.items.find((x) => x.id === id);
  return html`<section class="row"><header class="gloss"><h2>Its entry</h2><p>What is said above stands in the log, and was sealed when it was made.</p></header><div class="body"><${Notice} seen=${seen} />
    ${seen.data && !entry && html`<p>Written, not yet in a signed checkpoint. This takes a second or two.</p>`}${entry && html`<div class="proofs wide"><${ProofPanel} log=${entry.log} index=${entry.index} /></div>`}</div></section>`;
}

function Question({ d }) {
  return html`<section class="row"><header class="gloss"><h2>Question</h2><p>What was asked of the log.</p></header><div class="body"><dl class="facts">
    <dt>Control</dt><dd class="mono">${d.control}</dd><dt>Period and log</dt><dd>${scopeWord(d)}</dd>
    <dt>Types</dt><dd>${d.types.map((t) => `${labelOf(t)} (${t})`).join(", ")}</dd>
    ${d.where?.length > 0 && html`<dt>Where</dt><dd class="mono">${d.where.map((w) => `${w.field} = ${w.value}`).join(", ")}</dd>`}</dl>
    <div class="scroll apart" tabindex="0" role="region" aria-label="Logs read"><table class="stack"><thead><tr><th scope="col">Log</th><th scope="col" class="num">Size then</th><th scope="col">Root then</th><th scope="col" class="num">Listed</th><th scope="col">First and last</th></tr></thead>
      <tbody>${d.logs.map((l) => html`<tr key=${l.name}><td data-l="Log">${logTitle(apiName(l.name))}</td><td class="num" data-l="Size"><a class="fig" href=${`/log?log=${encodeURIComponent(apiName(l.name))}&view=entries`}>${count(l.size)}</a></td><td class="mono" data-l="Root" title=${l.root}>${digest(l.root)}</td><td class="num" data-l="Listed">${count(l.count)}</td><td data-l="First, last">${l.count > 0 ? html`<a class="fig" href=${entryPath(apiName(l.name), l.first)}>${count(l.first)}</a> to <a class="fig" href=${entryPath(apiName(l.name), l.last)}>${count(l.last)}</a>` : "none"}</td></tr>`)}</tbody></table></div></div></section>`;
}

function Counted({ id, d }) {
  const [asked, setAsked] = useState(d.count <= COUNTED_MAX);
  const second = useSecond(async () => (asked ? listingFacts(await getBytes(`/api/v1/populations/${id}/listing`)) : null), `${id}${asked}`);
  const again = useAct();
  const [same, setSame] = useState(null);
  const check = async () => setSame(await again.run(async () => (await (await post(`/api/v1/populations/${id}/check`, {})).json()).same));
  const holds = second && !second.failed && second.rows === d.count && second.digest === d.digest;
  return html`<section class="row"><header class="gloss"><h2>Answer</h2><p>And the same count from the other side.</p></header><div class="body">
    <p class="lead"><b>${many(d.count, "entry", "entries")}</b>, digest <span class="mono" title=${d.digest}>${digest(d.digest, 4)}</span></p>
    ${!asked && html`<button type="button" class="btn" onClick=${() => setAsked(true)}>Count all ${count(d.count)} rows in this browser</button>`}
    ${asked && !second && html`<p class="quiet">Counting …</p>`}${second?.failed && html`<${Held} ok=${null}>${second.failed.message}<//>`}
    ${second && !second.failed && html`<${Held} ok=${holds}>counted in this browser: ${count(second.rows)} rows, ${second.digest === d.digest ? "the same digest" : "another digest"}<//>`}
    ${same !== null && html`<${Held} ok=${same}>${same ? "asked again over the same logs: the same answer" : "asked again: another answer"}<//>`}<${Refused} act=${again} />
    <div class="acts2"><button type="button" class="btn" disabled=${again.busy} onClick=${check}>${again.busy ? "Reading the log …" : "Ask the log again"}</button><a class="btn" href=${`/api/v1/populations/${id}/listing`} download>Save the listing</a></div>
    <h3 class="apart">The same on this machine</h3><pre class="codebox" tabindex="0">${`custos evidence show ${id} --again`}</pre></div></section>`;
}

function Draw({ id, d }) {
  const act = useAct();
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const size = form.get("size") ? Number(form.get("size")) : "auto";
    const made = await act.run(async () => (await post("/api/v1/samples", { population: id, seed: form.get("seed"), size })).json());
    if (made) go(`/examination/samples/${made.id}`);
  };
  if (d.count === 0) return null;
  return html`<section class="row"><header class="gloss"><h2>Draw a sample</h2><p>The seed is the auditor's: whoever has it draws the same rows.</p></header><div class="body"><${Refused} act=${act} /><form onSubmit=${submit}><div class="fields">
    <label class="field"><span>Seed</span><input name="seed" required maxlength="128" autocomplete="off" spellcheck=${false} /></label><label class="field"><span>Size, empty: by the control's frequency</span><input name="size" type="number" min="1" max="1000" step="1" inputmode="numeric" /></label><button class="btn go" disabled=${act.busy}>Draw the sample</button></div></form></div></section>`;
}

export function Population({ id }) {
  useTitle("Population");
  const seen = useSource(session.value ? `/api/v1/populations/${id}` : null);
  const d = seen.data?.document;
  return html`<p class="crumbs"><a href="/examination">Examination</a><span class="mono">${id.slice(-8)}</span></p>
    <div class="head"><div><h1 tabindex="-1">${d ? `${many(d.count, "entry", "entries")} for ${d.control}` : "Population"}</h1>${d && html`<p class="lede">${scopeWord(d)}.</p>`}</div><div class="acts"><button type="button" class="btn" onClick=${() => print()}>Print</button></div></div>
    ${session.value === null ? html`<${SignInNeeded} what="A population" />` : html`<${Notice} seen=${seen} />`}
    ${d && html`<div class="paper"><${Question} d=${d} /><${Counted} id=${id} d=${d} /><${Draw} id=${id} d=${d} /><${Sealed} id=${id} tenant=${d.tenant} type="population.frozen" /></div>`}`;
}

function Drawn({ d }) {
  const rows = rowsOf(d);
  const second = useSecond(() => drawn(d.seed, d.digest, d.count, rows.length), d.seed + d.digest);
  const same = Array.isArray(second) && second.join(" ") === rows.join(" ");
  return html`<section class="row"><header class="gloss"><h2>Draw</h2><p>By the seed and the listing's digest alone.</p></header><div class="body">
    <dl class="facts"><dt>Seed</dt><dd class="mono">${d.seed}</dd><dt>Listing</dt><dd><a class="fig" href=${`/examination/${d.population}`}>${many(d.count, "entry", "entries")}</a>, <span class="mono" title=${d.digest}>${digest(d.digest, 4)}</span></dd><dt>Size</dt><dd>${d.why}</dd></dl>
    ${second ? html`<${Held} ok=${second.failed ? null : same}>${second.failed ? second.failed.message : same ? "drawn again in this browser: the same rows" : "drawn again in this browser: other rows"}<//>` : html`<p class="quiet">Drawing again …</p>`}</div></section>`;
}

function Items({ id }) {
  const seen = useSource(`/api/v1/samples/${id}/items`);
  const [shown, setShown] = useState(null);
  const items = seen.data?.items;
  const pick = items?.find((x) => x.row === shown);
  return html`<section class="row"><header class="gloss"><h2>Items</h2><p>Each with the entry and its proof.</p></header><div class="body"><${Notice} seen=${seen} />
    ${items && html`<div class="scroll" tabindex="0" role="region" aria-label="Items"><table class="stack"><thead><tr><th scope="col" class="num">Row</th><th scope="col">Log</th><th scope="col" class="num">Entry</th><th scope="col">What</th><th scope="col">When</th><th scope="col">Actor</th><th scope="col">Proof</th></tr></thead>
      <tbody>${items.map((x) => {
        const e = JSON.parse(x.entry);
        return html`<tr key=${x.row} class=${x.row === shown ? "current" : ""}><td class="num" data-l="Row">${count(x.row)}</td><td data-l="Log">${logTitle(apiName(x.log))}</td><td class="num" data-l="Entry"><a class="fig mono" href=${entryPath(apiName(x.log), x.index)}>${count(x.index)}</a></td><td data-l="What">${labelOf(e.type)}</td><td class="nowrap" data-l="When">${moment(e.ts)}</td><td class="mono breakable" data-l="Actor">${e.actor}</td><td data-l="Proof"><button type="button" class="plainly link" aria-expanded=${x.row === shown ? "true" : "false"} onClick=${() => setShown(x.row === shown ? null : x.row)}>check<span class="vh"> row ${x.row}</span></button></td></tr>`;
      })}</tbody></table></div>${pick && html`<div class="proofs wide apart"><${ProofPanel} log=${apiName(pick.log)} index=${pick.index} /></div>`}`}</div></section>`;
}

export function Sample({ id }) {
  useTitle("Sample");
  const seen = useSource(session.value ? `/api/v1/samples/${id}` : null);
  const d = seen.data?.document;
  const of = useSource(d ? `/api/v1/populations/${d.population}` : null).data?.document;
  return html`<p class="crumbs"><a href="/examination">Examination</a>${d && html`<a href=${`/examination/${d.population}`}>${of?.control ?? "Population"}</a>`}<span class="mono">${id.slice(-8)}</span></p>
    <div class="head"><div><h1 tabindex="-1">${d ? `${count(rowsOf(d).length)} of ${many(d.count, "entry", "entries")}` : "Sample"}</h1>${of && html`<p class="lede">${of.control}, ${scopeWord(of)}.</p>`}</div><div class="acts"><button type="button" class="btn" onClick=${() => print()}>Print</button></div></div>
    ${session.value === null ? html`<${SignInNeeded} what="A sample" />` : html`<${Notice} seen=${seen} />`}
    ${d && html`<div class="paper"><${Drawn} d=${d} /><${Items} id=${id} />${of && html`<${Sealed} id=${id} tenant=${of.tenant} type="sample.drawn" />`}</div>`}`;
}
