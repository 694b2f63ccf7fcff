// Populations, samples and bundles: evidence that is fixed before it is looked at.
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { Registers } from "./registers.js";
import { post, session } from "./api.js";
import { go } from "./router.js";
import { useSource } from "./source.js";
import { Notice, SignInNeeded, useTitle } from "./parts.js";
import { useCriteria } from "./checklist.js";
import { bytes, count, day, digest } from "./format.js";

const EVERY_MS = 10000;

// One act of a person: what was refused stays to read, what was made is opened.
export function useAct() {
  const [state, setState] = useState({ busy: false, failed: null });
  const run = async (work) => {
    setState({ busy: true, failed: null });
    try {
      const done = await work();
      setState({ busy: false, failed: null });
      return done;
    } catch (failed) {
      setState({ busy: false, failed });
      return null;
    }
  };
  return { ...state, run };
}

export const Refused = ({ act }) => act.failed && html`<div class="notice" role="alert"><b>${act.failed.title}.</b> ${act.failed.detail} Nothing was changed.</div>`;

const make = async (path, body) => (await post(path, body)).json();
export const scopeWord = (d) => `${day(d.from)} to ${day(Date.parse(d.to) - 1)}, ${d.tenant ? (d.tenant === "org" ? "the organisation" : `tenant ${d.tenant}`) : "all logs"}`;

const yearBegin = () => `${new Date().getUTCFullYear()}-01-01`;
const tomorrow = () => new Date(Date.now() + 86400000).toISOString().slice(0, 10);

function Scope({ tenants }) {
  return html`<label class="field"><span>From</span><input name="from" type="date" required defaultValue=${yearBegin()} /></label>
    <label class="field"><span>Before</span><input name="to" type="date" required defaultValue=${tomorrow()} /></label>
    <label class="field"><span>Log</span><select name="tenant"><option value="">all</option><option value="org">organisation</option>${tenants.map((t) => html`<option key=${t} value=${t}>tenant ${t}</option>`)}</select></label>`;
}

function Freeze({ tenants }) {
  const act = useAct();
  const criteria = useCriteria();
  const controls = [...new Map((criteria.data?.items ?? []).flatMap((x) => x.controls ?? []).map((c) => [c.id, c])).values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const submit = async (event) => {
    event.preventDefault();
    const made = await act.run(() => make("/api/v1/populations", Object.fromEntries(new FormData(event.currentTarget))));
    if (made) go(`/examination/${made.id}`);
  };
  return html`<form onSubmit=${submit}><${Refused} act=${act} /><div class="fields"><label class="field"><span>Control</span><select name="control" required>${controls.map((c) => html`<option key=${c.id} value=${c.id}>${c.id} ${c.title}</option>`)}</select></label><${Scope} tenants=${tenants} />
    <button class="btn go" disabled=${act.busy}>${act.busy ? "Reading the log …" : "Freeze the population"}</button></div></form>`;
}

function Populations({ seen, tenants }) {
  const items = seen.data?.items;
  return html`<section class="row"><header class="gloss"><h2>Populations</h2><p>All entries that answer a question about a control, fixed with their number and digest.</p></header><div class="body"><${Notice} seen=${seen} /><${Freeze} tenants=${tenants} />
    ${items?.length === 0 && html`<p class="apart">None was frozen yet.</p>`}
    ${items?.length > 0 && html`<div class="scroll apart" tabindex="0" role="region" aria-label="Populations"><table class="stack"><thead><tr><th scope="col">Control</th><th scope="col">Period and log</th><th scope="col" class="num">Entries</th><th scope="col">Digest</th></tr></thead>
      <tbody>${items.map(({ id, document: d }) => html`<tr key=${id}><td data-l="Control"><a class="mono rowlink" href=${`/examination/${id}`}>${d.control}</a></td><td data-l="Period">${scopeWord(d)}</td><td class="num" data-l="Entries"><a class="fig" href=${`/examination/${id}`}>${count(d.count)}</a></td><td class="mono" data-l="Digest" title=${d.digest}>${digest(d.digest)}</td></tr>`)}</tbody></table></div>`}</div></section>`;
}

function Samples({ populations }) {
  const seen = useSource("/api/v1/samples", EVERY_MS);
  const items = seen.data?.items;
  const of = (id) => populations?.find((p) => p.id === id)?.document.control ?? "population";
  return html`<section class="row"><header class="gloss"><h2>Samples</h2><p>Drawn by a seed, so that anybody draws the same.</p></header><div class="body"><${Notice} seen=${seen} />
    ${items?.length === 0 && html`<p>None was drawn yet: open a population and draw one.</p>`}
    ${items?.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label="Samples"><table class="stack"><thead><tr><th scope="col">Of</th><th scope="col">Seed</th><th scope="col" class="num">Drawn</th><th scope="col" class="num">From</th><th scope="col">Size</th></tr></thead>
      <tbody>${items.map(({ id, document: d }) => html`<tr key=${id}><td data-l="Of"><a class="mono rowlink" href=${`/examination/samples/${id}`}>${of(d.population)}</a></td><td class="mono breakable" data-l="Seed">${d.seed}</td><td class="num" data-l="Drawn">${count(rowsOf(d).length)}</td><td class="num" data-l="From"><a class="fig" href=${`/examination/${d.population}`}>${count(d.count)}</a></td><td data-l="Size">${d.why}</td></tr>`)}</tbody></table></div>`}</div></section>`;
}

export const rowsOf = (d) => String(d.rows).split(" ").filter(Boolean).map(Number);

function Exports({ tenants }) {
  const seen = useSource("/api/v1/exports", EVERY_MS);
  const act = useAct();
  const submit = async (event) => {
    event.preventDefault();
    if (await act.run(() => make("/api/v1/exports", Object.fromEntries(new FormData(event.currentTarget))))) seen.refresh();
  };
  const items = seen.data?.items;
  return html`<section class="row"><header class="gloss"><h2>Bundles for auditors</h2><p>Entries, proofs, populations and samples of a period in one file; nothing of ours is needed to check it.</p></header><div class="body"><${Notice} seen=${seen} /><${Refused} act=${act} />
    <form onSubmit=${submit}><div class="fields"><${Scope} tenants=${tenants} /><button class="btn" disabled=${act.busy}>${act.busy ? "Writing the bundle …" : "Make the bundle"}</button></div></form>
    ${items?.length === 0 && html`<p class="apart">None was made yet.</p>`}
    ${items?.length > 0 && html`<div class="scroll apart" tabindex="0" role="region" aria-label="Bundles for auditors"><table class="stack"><thead><tr><th scope="col">Period and log</th><th scope="col" class="num">Entries</th><th scope="col" class="num">Size</th><th scope="col">Manifest</th><th scope="col">File</th></tr></thead>
      <tbody>${items.map(({ id, document: d }) => html`<tr key=${id}><td data-l="Period">${scopeWord(d)}</td><td class="num" data-l="Entries">${count(d.entries)}</td><td class="num nowrap" data-l="Size">${bytes(d.bytes)}</td><td class="mono" data-l="Manifest" title=${d.manifest}>${digest(d.manifest)}</td><td data-l="File"><a href=${`/api/v1/exports/${id}/bundle`} download>Save<span class="vh"> the bundle of ${scopeWord(d)}</span></a></td></tr>`)}</tbody></table></div>
      <h3 class="apart">Checked by</h3><pre class="codebox" tabindex="0">custos-verify FILE.tar.zst</pre>`}</div></section>`;
}

function Desk({ status }) {
  const seen = useSource("/api/v1/populations", EVERY_MS);
  const tenants = status.data?.tenants ?? [];
  return html`<div class="paper"><${Populations} seen=${seen} tenants=${tenants} /><${Samples} populations=${seen.data?.items} /><${Exports} tenants=${tenants} /></div>
    <p class="limit">A population shows what was recorded and that nothing was left out of the listing. What was never recorded is in none.</p>`;
}

export function Examination({ status }) {
  useTitle("Examination");
  return html`<div class="head"><div><h1 tabindex="-1">Examination</h1><p class="lede">Evidence that is fixed before it is looked at. Each act on this page is itself an entry of the log.</p></div><div class="acts"><button type="button" class="btn" onClick=${() => print()}>Print this page</button></div></div><${Registers} here="Populations" />
    ${session.value === null && html`<${SignInNeeded} what="The examination" />`}${session.value && html`<${Desk} status=${status} />`}`;
}
