// Where we stand: the criteria, the latest exchanges, the heads of the logs, and how the machine is.
import { html } from "./html.js";
import { session } from "./api.js";
import { useSource } from "./source.js";
import { Notice, SignInNeeded, Shape, useTitle } from "./parts.js";
import { Changed, Next } from "./next.js";
import { FirstStep } from "./first-step.js";
import { Tally, useCriteria } from "./checklist.js";
import { Table } from "./exchanges.js";
import { FirstScan } from "./exposure.js";
import { Figure, Name, grave, modeWord, part, repositoryPath } from "./scan-words.js";
import { count, digest, many, moment, took } from "./format.js";
import { bySeries, logTitle, seriesName, stateOf } from "./words.js";

const LATEST = 8;
const LATEST_MS = 3000;

function Cell({ x }) {
  const state = stateOf(x.state);
  const short = x.id.replace(/^[A-Z]+/, "");
  return html`<li><a class=${state.cell} href=${`/controls#${x.id}`} title=${`${x.id} ${x.title}: ${state.title}`}><${Shape} code=${x.state} /><span class="vh">${x.id}, ${state.title}</span><span aria-hidden="true">${short}</span></a></li>`;
}

function Criteria() {
  const seen = useCriteria();
  const items = seen.data?.items;
  return html`<section class="row"><header class="gloss"><h2>${items ? `${items.length} criteria` : "Criteria"}</h2><p>Each cell is one criterion. Open it to see its controls and evidence.</p><p>A criterion without fresh evidence is <em>no data</em>, whatever anyone believes.</p></header><div class="body">
    <${Notice} seen=${seen} />${items && html`<${Tally} items=${items} /><div class="crit">${bySeries(items).map(([code, list]) => html`<div key=${code}><h3>${code} ${seriesName(code)}</h3><ol>${list.map((x) => html`<${Cell} key=${x.id} x=${x} />`)}</ol></div>`)}</div>`}</div></section>`;
}

function Latest({ status }) {
  const seen = useSource(session.value ? `/api/v1/exchanges?limit=${LATEST}` : null, LATEST_MS);
  const items = seen.data?.items;
  const tenants = status.data?.tenants ?? [];
  return html`<section class="row"><header class="gloss"><h2>Latest exchanges</h2>${items && html`<p>${many(seen.data.total, "exchange")} in all.</p>`}${items?.length > 0 && html`<p><a href="/exchanges">Show all</a></p>`}</header><div class="body">
    <${Notice} seen=${seen} />${items?.length === 0 && html`<${FirstStep} status=${status} />`}
    ${items?.length > 0 && html`<${Table} rows=${items} caption=${{ text: "Latest exchanges, newest first", hidden: true }} manyTenants=${tenants.length > 1} />`}</div></section>`;
}

const REPOSITORIES = 5;

function Found() {
  const seen = useSource(session.value ? `/api/v1/repositories?limit=${REPOSITORIES}` : null, LATEST_MS * 3);
  const items = seen.data?.items;
  return html`<section class="row"><header class="gloss"><h2>Exposure</h2><p>What the latest recorded scans found in repositories.</p>${items?.length > 0 && html`<p><a href="/findings">Over time, and all</a></p>`}</header><div class="body">
    <${Notice} seen=${seen} />${items?.length === 0 && html`<${FirstScan} />`}
    ${items?.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label="Exposure"><table class="stack latest-scans"><caption class="vh">Latest scan of each repository</caption><thead><tr><th scope="col">Repository</th><th scope="col">Scanned</th><th scope="col">Latest</th><th scope="col" class="num">Findings</th><th scope="col" class="num">Critical, high</th><th scope="col" class="num">New</th></tr></thead>
      <tbody>${items.map((x) => html`<tr key=${x.latest.id}><td data-l="Repository"><a class="breakable" href=${repositoryPath(x)}><${Name} of=${x.repository} /></a></td><td class="nowrap" data-l="Scanned">${modeWord(x.mode)}</td><td class="nowrap" data-l="Latest">${moment(x.latest.at)}</td>
        <td class="num" data-l="Findings"><${Figure} scan=${x.latest}>${count(x.latest.findings)}<//></td><td class="num" data-l="Critical, high"><${Figure} scan=${x.latest}>${count(grave(x.latest))}<//></td><td class="num" data-l="New"><${Figure} scan=${x.latest}>${part(x.latest, "new")}<//></td></tr>`)}</tbody></table></div>`}</div></section>`;
}

function Heads({ status }) {
  const logs = status.data?.logs;
  return html`<section class="row"><header class="gloss"><h2>Log heads</h2><p>Each head fixes every entry before it.</p><p><a href="/log">Checkpoints and proofs</a></p></header><div class="body">
    <${Notice} seen=${status} />${logs && html`<div class="scroll" tabindex="0" role="region" aria-label="Log heads"><table class="stack"><thead><tr><th scope="col">Log</th><th scope="col" class="num">Entries</th><th scope="col">Root</th><th scope="col">Head signed</th></tr></thead>
      <tbody>${logs.map((l) => html`<tr key=${l.name}><td data-l="Log"><a href="/log">${logTitle(l.name)}</a></td><td class="num" data-l="Entries"><a class="fig" href=${`/log?log=${encodeURIComponent(l.name)}&view=entries`}>${count(l.size)}</a></td><td class="mono nowrap" data-l="Root" title=${l.root}>${l.size > 0 ? digest(l.root) : "–"}</td><td class="nowrap" data-l="Head signed">${l.size > 0 ? moment(l.at) : "no entry yet"}</td></tr>`)}</tbody></table></div>`}</div></section>`;
}

const SPACE = { true: "enough", false: "no space: requests are refused until it returns", ok: "enough" };

function Operation({ status }) {
  const s = status.data;
  if (!s) return null;
  return html`<section class="row"><header class="gloss"><h2>Operation</h2><p>Read ${moment(s.now)}.</p></header><div class="body"><dl class="facts">
    <dt>Version</dt><dd>${s.version}, running since ${moment(s.started)}</dd>
    <dt>Gateway</dt><dd class="mono">${(s.gateway_urls ?? []).join(", ") || "–"}</dd>
    <dt>Rules</dt><dd>${s.rules ? html`${count(s.rules.rules)} rules, <span class="mono" title=${s.rules.digest}>${digest(s.rules.digest)}</span>` : "–"}</dd>
    <dt>Policy</dt><dd>bundle ${s.bundle?.version ?? "–"}, <span class="mono">${digest(s.bundle?.digest)}</span></dd>
    <dt>Sealing</dt><dd>${Number.isFinite(s.sealed_age_ms) ? `last head ${took(s.sealed_age_ms)} ago` : "–"}</dd>
    <dt>Disk for evidence</dt><dd>${SPACE[String(s.spool?.space)] ?? String(s.spool?.space ?? "–")}</dd>
    <dt>Log directory</dt><dd class="mono">${s.log_dir}</dd></dl></div></section>`;
}

export function Overview({ status }) {
  useTitle("Overview");
  const signedOut = session.value === null;
  return html`<div class="head"><div><h1 tabindex="-1">Where we stand</h1><p class="lede">Computed from the sealed log on this machine, and from nothing else.</p></div><div class="acts"><button type="button" class="btn" onClick=${() => print()}>Print this page</button></div></div>
    <div class="paper"><${Criteria} />
    ${signedOut && html`<section class="row"><header class="gloss"><h2>Exchanges and log</h2></header><div class="body"><${SignInNeeded} what="The rest of this page" /></div></section>`}
    ${session.value && html`<${Next} status=${status} /><${Changed} /><${Latest} status=${status} /><${Found} /><${Heads} status=${status} /><${Operation} status=${status} />`}</div>`;
}
