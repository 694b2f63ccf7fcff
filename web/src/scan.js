// One recorded scan: its numbers, what has changed, and the entry with its proof.
import { html } from "./html.js";
import { session } from "./api.js";
import { useSource } from "./source.js";
import { Notice, SignInNeeded, useTitle } from "./parts.js";
import { ProofPanel } from "./proof-panel.js";
import { Name, about, grave, mild, modeWord, repositoryPath } from "./scan-words.js";
import { bytes, capital, count, digest, many, moment, shortId } from "./format.js";
import { logTitle, typeWord } from "./words.js";

const UNSEALED_MS = 2000;

function sentence(x) {
  const c = x.change;
  if (!c) return x.mode === "tree" || x.mode === "history" ? "No earlier scan of the same paths and options is recorded: there is nothing to compare with." : "A scan of what is added has no state before it.";
  return `Since the scan before: ${about(c)}${count(c.new)} new, ${count(c.gone)} gone, ${count(c.still)} still there.`;
}

function Numbers({ x }) {
  const n = x.not_scanned ?? {};
  const c = x.change;
  return html`<dl class="verdict">
    <div><dt>Findings</dt><dd>${count(x.findings)}<small>${c?.estimated || x.distinct > 1000 ? "about " : ""}${many(x.distinct, "different value")}</small></dd></div>
    <div><dt>How grave</dt><dd>${count(grave(x))} critical or high<small>${count(x.severity?.medium ?? 0)} medium, ${count(mild(x))} low or info</small></dd></div>
    <div><dt>Scanned</dt><dd>${capital(modeWord(x.mode))}<small>${many(x.files, x.mode === "history" ? "file version" : "file")}, ${bytes(x.bytes)}</small>${x.commit && html`<small>at <span class="mono" title=${x.commit}>${x.commit.slice(0, 10)}</span></small>`}</dd></div>
    <div><dt>Not scanned</dt><dd>${count(n.unreadable ?? 0)} unreadable<small>${count(n.binary ?? 0)} binary, ${count(n.ignored ?? 0)} ignored</small></dd></div>
    <div><dt>When</dt><dd>${moment(x.at)}<small>${c ? html`before: <a href=${`/findings/${encodeURIComponent(c.since)}`}>${moment(c.since_at)}</a>` : "nothing before"}</small></dd></div>
  </dl>`;
}

function Kinds({ x }) {
  const kinds = Object.entries(x.types ?? {}).sort(([, a], [, b]) => b - a);
  return html`<section class="row"><header class="gloss"><h2>Kinds</h2><p>Findings by type. Left out: ${count(x.accepted)} accepted, ${count(x.below)} less sure than was asked for.</p></header><div class="body">
    ${kinds.length === 0 && html`<p>Nothing was found.</p>`}
    ${kinds.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label="Findings by type"><table class="by-type"><caption class="vh">Findings by type, most first</caption><thead><tr><th scope="col">Type</th><th scope="col" class="num">Findings</th></tr></thead>
      <tbody>${kinds.map(([type, n]) => html`<tr key=${type}><td>${capital(typeWord(type))}</td><td class="num">${count(n)}</td></tr>`)}</tbody></table></div>`}
    <dl class="facts"><dt>Rules</dt><dd class="mono" title=${x.rules}>${digest(x.rules)}${x.change?.other_rules ? html` <span class="quiet">other than those of the scan before</span>` : ""}</dd></dl></div></section>`;
}

function Entry({ x }) {
  return html`<section class="row"><header class="gloss"><h2>Entry ${count(x.index)}</h2><p>${logTitle(x.log)}. Prints in it are keyed hashes: without the key of this Custos nobody can test a guess.</p></header><div class="body"><div class="proofs wide"><${ProofPanel} log=${x.log} index=${x.index} /></div></div></section>`;
}

export function Scan({ id }) {
  useTitle(`Scan ${shortId(id)}`);
  const seen = useSource(session.value ? `/api/v1/scans/${encodeURIComponent(id)}` : null, UNSEALED_MS * 5);
  const x = seen.data;
  const missing = seen.failed?.status === 404;
  return html`<p class="crumbs"><a href="/findings">Findings</a>${x && html`<a href=${repositoryPath(x)}>${x.repository}</a>`}<span class="mono">${shortId(id)}</span></p>
    <div class="head"><div><h1 tabindex="-1">${x ? html`${many(x.findings, "finding")} in <${Name} of=${x.repository} />` : missing ? "No such scan" : "Scan"}</h1>
      ${x && html`<p class="lede">${sentence(x)}${x.change?.other_rules ? " The rules changed between the two, which may be why." : ""}</p>`}${missing && html`<p class="lede">No recorded scan with this id is in the log. It may be too new: it shows about a second after it was sealed.</p>`}</div></div>
    ${session.value === null ? html`<${SignInNeeded} what="One scan" />` : !missing && html`<${Notice} seen=${seen} />`}
    ${x && html`<${Numbers} x=${x} /><div class="paper"><${Kinds} x=${x} /><${Entry} x=${x} /></div>`}`;
}
