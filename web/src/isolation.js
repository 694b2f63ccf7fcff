// Attacks from one tenant on another: what was tried, what was seen, and the sealed entry that says so.
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { session } from "./api.js";
import { Registers } from "./registers.js";
import { useSource } from "./source.js";
import { Notice, SignInNeeded, useTitle } from "./parts.js";
import { ProofPanel } from "./proof-panel.js";
import { count, many, moment } from "./format.js";
import { logTitle } from "./words.js";

const EVERY_MS = 5000;

// By the beginning of an attack's id; what fits none stands last.
const FAMILIES = [
  ["Placeholders of another tenant", "A placeholder that stands for a value of tenant A must stay what it is for everybody else.", /^surrogate-(?!header)/],
  ["The same words from two tenants", "One value, two tenants: outside they must not be the same.", /^same-/],
  ["Who the caller says that it is", "Only the key says which tenant it is.", /^(tenant-|identity-|tag-of|second-)/],
  ["Names for the provider", "Caches, users and sessions of two tenants must not meet at the provider.", /^(cache-|user|safety-|session-|client-|tag-header|key-upstream|previous-)/],
  ["Keys", "Without a good key nothing is forwarded.", /^(key-|surrogate-header)/],
  ["Code", "Code of one tenant in an answer to another is an incident; common code is none.", /^code-/],
];

const VERDICTS = {
  held: ["met", "held"],
  broken: ["not", "got through"],
  failed: ["nodata", "not tried"],
};

function Verdict({ code }) {
  const [cls, word] = VERDICTS[code] ?? ["nodata", code];
  return html`<span class=${`st ${cls}`}><svg aria-hidden="true"><use href=${`#s-${cls}`} /></svg>${word}</span>`;
}

function families(results) {
  const left = new Set(results);
  const groups = FAMILIES.map(([title, what, shape]) => {
    const items = [...left].filter((r) => shape.test(r.id));
    items.forEach((r) => left.delete(r));
    return { title, what, items };
  });
  if (left.size > 0) groups.push({ title: "Others", what: "", items: [...left] });
  return groups.filter((g) => g.items.length > 0);
}

function Family({ group, at, shown, onPick }) {
  const bad = group.items.filter((r) => r.verdict !== "held").length;
  return html`<section class="row"><header class="gloss"><h2>${group.title}</h2><p>${group.what}</p>
      <p>${bad === 0 ? `${many(group.items.length, "attack")}, all held.` : `${count(bad)} of ${many(group.items.length, "attack")} not held.`}</p></header><div class="body">
    <div class="scroll" tabindex="0" role="region" aria-label=${group.title}><table class="stack">
      <thead><tr><th scope="col">Result</th><th scope="col">Attack</th><th scope="col">Seen</th><th scope="col">Evidence</th></tr></thead>
      <tbody>${group.items.map((r) => html`<tr key=${r.id} class=${shown === r.id ? "current" : ""}>
        <td class="nowrap" data-l="Result"><${Verdict} code=${r.verdict} /></td>
        <td data-l="Attack">${r.tried}<div class="small faint mono">${r.id}</div></td>
        <td data-l="Seen">${r.saw}</td>
        <td class="nowrap" data-l="Evidence"><button type="button" class="plainly link" aria-expanded=${shown === r.id ? "true" : "false"} onClick=${() => onPick(shown === r.id ? null : r.id)}>entry and proof<span class="vh"> of ${r.id}</span></button></td></tr>`)}</tbody></table></div>
    ${group.items.some((r) => r.id === shown) && html`<p class="small quiet apart">The entry of this run holds <span class="mono">${shown}</span> and every other result.</p>
      <div class="proofs wide"><${ProofPanel} log=${at.log} index=${at.index} /></div>`}
  </div></section>`;
}

function Incident({ leaks, last }) {
  if (!leaks?.count) {
    return html`<section class="row"><header class="gloss"><h2>Suspected leaks</h2><p>Code that one tenant sent, in an answer to another.</p></header><div class="body"><p>None was seen. ${" "}<span class="quiet">What only one tenant sent counts, and nothing short.</span></p></div></section>`;
  }
  const e = last?.entry?.body;
  return html`<section class="row"><header class="gloss"><h2>Suspected leaks</h2><p>Code that one tenant sent, in an answer to another.</p></header><div class="body">
    <div class="notice" role="status"><b>${many(leaks.count, "suspected leak")}, the last on ${moment(leaks.last)}.</b>
      ${e && html` Code of ${e.code_of} in an answer to ${e.shown_to} by ${e.vendor}, exchange <a class="mono" href=${`/exchanges/${e.about}`}>${e.about}</a>.`}
      ${last && html` <a href=${`/log?log=${encodeURIComponent(last.log)}&entry=${last.index}`}>Entry ${count(last.index)} of ${logTitle(last.log)}, with proof</a>.`}</div>
    <p class="limit">It is a suspicion: open code that only one tenant has sent so far looks the same. Ask the vendor, and look at the exchange.</p>
  </div></section>`;
}

function Run({ at }) {
  const [shown, setShown] = useState(null);
  const body = at.entry.body;
  const groups = families(body.results ?? []);
  return html`<dl class="verdict">
      <div><dt>Last run</dt><dd>${moment(at.entry.ts)}<small>entry <a href=${`/log?log=${at.log}&entry=${at.index}`}>${count(at.index)}</a> of ${logTitle(at.log)}</small></dd></div>
      <div><dt>Attacks</dt><dd>${count(body.attacks)}<small>through the live path</small></dd></div>
      <div><dt>Held</dt><dd>${count(body.held)}</dd></div>
      <div><dt>Got through</dt><dd>${count(body.broken)}</dd></div>
      <div><dt>Not tried</dt><dd>${count(body.failed)}</dd></div></dl>
    <div class="paper">${groups.map((g) => html`<${Family} key=${g.title} group=${g} at=${at} shown=${shown} onPick=${setShown} />`)}</div>`;
}

function Matrix() {
  const seen = useSource("/api/v1/probes", EVERY_MS);
  if (!seen.data) return html`<${Notice} seen=${seen} />`;
  const { probe, leak, isolation } = seen.data;
  return html`<${Notice} seen=${seen} />
    ${isolation?.leak_suspected?.count > 0 && html`<div class="paper incident"><${Incident} leaks=${isolation.leak_suspected} last=${leak} /></div>`}
    ${probe ? html`<${Run} key=${probe.index} at=${probe} />` : null}
    <div class="paper">${!isolation?.leak_suspected?.count && html`<${Incident} leaks=${null} />`}
    ${!probe && html`<section class="row"><header class="gloss"><h2>No run yet</h2><p>Without a run there is no data, and no data is not good news.</p></header><div class="body"><p>On this machine:</p><pre class="codebox first-box" tabindex="0">custos probe isolation</pre></div></section>`}
    ${probe && html`<section class="row"><header class="gloss"><h2>Again</h2><p>It takes some seconds and counts as nobody's traffic.</p></header><div class="body"><pre class="codebox first-box" tabindex="0">custos probe isolation</pre>
      <p class="limit">The attacks go to the built-in sink, not to a provider: what a provider does between two of its customers is only seen where it answers wrongly. Two tenants that exist for probes alone are used; that they are treated like all others is what the configuration's rules say.</p></div></section>`}</div>`;
}

export function Isolation() {
  useTitle("Isolation");
  return html`<div class="head"><div><h1 tabindex="-1">Tenants apart</h1><p class="lede">One tenant attacks another through the running gateway; what came of it is sealed, whether it held or not.</p></div></div><${Registers} here="Isolation" />
    ${session.value === null && html`<${SignInNeeded} what="The isolation of tenants" />`}${session.value && html`<${Matrix} />`}`;
}
