// Policy bundles: which is in force, and which there were, from the log.
import { html } from "./html.js";
import { session } from "./api.js";
import { Registers } from "./registers.js";
import { route, withQuery } from "./router.js";
import { useSource } from "./source.js";
import { Notice, SignInNeeded, useTitle } from "./parts.js";
import { count, digest, many, moment } from "./format.js";
import { entryPath } from "./words.js";

const EVERY_MS = 5000;
const PAGE = 100;
const COUNTED = ["tenants", "vendors", "keys"];

// What differs from the bundle before, as far as the entries say it.
function change(now, before) {
  if (!before) return "the first on this page";
  const said = COUNTED.filter((k) => now[k] !== before[k]).map((k) => `${k} ${count(before[k])} → ${count(now[k])}`);
  if (said.length) return said.join(", ");
  return now.bundle === before.bundle ? "the same content" : "content, not in number";
}

function Row({ x, before, force }) {
  const here = x.body.bundle === force.digest && x.body.version === force.version;
  return html`<tr id=${x.body.bundle} class=${here ? "current" : ""}><td class="num" data-l="Version">${count(x.body.version)}</td><td class="nowrap" data-l="Published">${moment(x.at)}</td><td class="mono" data-l="Digest" title=${x.body.bundle}>${digest(x.body.bundle, 4)}</td>
    ${COUNTED.map((k) => html`<td key=${k} class="num" data-l=${k}>${count(x.body[k])}</td>`)}<td data-l="Changed">${change(x.body, before?.body)}</td><td data-l="State">${here ? html`<b>in force</b>` : html`<span class="faint">followed</span>`}</td><td class="num" data-l="Entry"><a class="fig mono" href=${entryPath(x.log, x.index)}>${count(x.index)}</a></td></tr>`;
}

function History() {
  const cursor = route.value.query.get("cursor");
  const seen = useSource(`/api/v1/bundles?limit=${PAGE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`, EVERY_MS);
  const d = seen.data;
  if (!d) return html`<${Notice} seen=${seen} />`;
  return html`<${Notice} seen=${seen} />
    ${d.refused.length > 0 && html`<div class="notice" role="status"><b>${many(d.refused.length, "bundle")} refused by a worker,</b> the last on ${moment(d.refused[0].at)}: ${d.refused[0].body.error ?? d.refused[0].body.reason}. The one before stayed in force. <a href=${entryPath(d.refused[0].log, d.refused[0].index)}>Entry ${count(d.refused[0].index)}</a>.</div>`}
    <p class="lead">Bundle <b>${count(d.in_force.version)}</b> is in force, <span class="mono" title=${d.in_force.digest}>${digest(d.in_force.digest)}</span>; ${many(d.total, "bundle")} published so far.</p>
    <div class="sheet apart"><div class="scroll" tabindex="0" role="region" aria-label="Bundles"><table class="stack"><caption class="vh">Bundles, newest first</caption><thead><tr><th scope="col" class="num">Version</th><th scope="col">Published</th><th scope="col">Digest</th>${COUNTED.map((k) => html`<th key=${k} scope="col" class="num">${k}</th>`)}<th scope="col">Changed</th><th scope="col">State</th><th scope="col" class="num">Entry</th></tr></thead>
      <tbody>${d.items.map((x, i) => html`<${Row} key=${x.index} x=${x} before=${d.items[i + 1]} force=${d.in_force} />`)}</tbody></table></div></div>
    <div class="rowhead"><p class="small quiet">Every exchange names the digest it was decided by.</p><nav class="pager" aria-label="Pages of bundles">${cursor && html`<a class="btn" href=${withQuery({ cursor: null })}>Newest</a>`}${d.next_cursor && html`<a class="btn" href=${withQuery({ cursor: d.next_cursor })}>Older</a>`}</nav></div>`;
}

export function Bundles() {
  useTitle("Policy bundles");
  return html`<div class="head"><div><h1 tabindex="-1">Policy bundles</h1><p class="lede">Everything a gateway decides by, in one signed file with a version. A bundle is recorded before it is written.</p></div><div class="acts"><button type="button" class="btn" onClick=${() => print()}>Print this page</button></div></div><${Registers} here="Bundles" />
    ${session.value === null && html`<${SignInNeeded} what="The bundles" />`}${session.value && html`<${History} />`}`;
}
