// Which code is of which class, which rule decides about it, and what was decided lately.
import { html } from "./html.js";
import { session } from "./api.js";
import { Registers } from "./registers.js";
import { useSource } from "./source.js";
import { Notice, SignInNeeded, useTitle } from "./parts.js";
import { count, day, digest, many, moment } from "./format.js";

const EVERY_MS = 10000;
const ACTS = { allow: "let pass", cut: "cut out", refuse: "refused" };
const CLASSES = ["public", "internal", "confidential", "restricted"];

const Words = ({ list, none }) => (list.length ? html`<span class="mono wordlist">${list.join(", ")}</span>` : html`<span class="faint">${none}</span>`);

function Repositories({ items, unknown }) {
  return html`<section class="row"><header class="gloss"><h2>Repositories</h2><p>The first whose name fits is the one; of its paths that fit the strictest counts.</p></header><div class="body">
    ${items.length === 0 && html`<p>None is described. Every repository is ${unknown}.</p>`}
    ${items.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label="Repositories"><table class="stack"><thead><tr><th scope="col" class="num">No.</th><th scope="col">Name or path</th><th scope="col">Class</th><th scope="col">Tenant</th><th scope="col">Working copies</th></tr></thead>
      <tbody>${items.map((r, i) => html`<tr key=${`r${i}`}><td class="num" data-l="No.">${i}</td><td class="mono breakable" data-l="Repository"><b>${r.name}</b></td><td data-l="Class">${r.class}</td><td data-l="Tenant">${r.tenant || html`<span class="faint">every one</span>`}</td><td data-l="Copies"><${Words} list=${r.directories} none="a folder of its last part" /></td></tr>
        ${r.paths.map((p, k) => html`<tr key=${`p${i}.${k}`}><td class="num faint" data-l="No.">${i}.${k}</td><td class="mono breakable" data-l="Path">${p.path}</td><td data-l="Class">${p.class}</td><td class="faint" data-l="Of">of ${r.name}</td><td></td></tr>`)}`)}</tbody></table></div>
      <p class="small quiet">A repository that nobody described is ${unknown}.</p>`}</div></section>`;
}

function use(by, rule) {
  return (by ?? []).filter((x) => x.value === rule);
}

function Count({ list, rule, from }) {
  if (list.length === 0) return html`<span class="faint">none</span>`;
  return html`${list.map((x, i) => html`${i ? ", " : ""}<a key=${x.act} class="fig" href=${`/exchanges?${new URLSearchParams({ rule, from })}`}>${count(x.count)} ${ACTS[x.act] ?? x.act}</a>`)}`;
}

const BUILTIN = [
  ["builtin.key-scope", "outside of what the caller's key may see", "cut or refuse"],
  ["builtin.restricted", "restricted, and no rule above fits", "cut or refuse"],
  ["builtin.allow", "everything else", "allow"],
];

function Rules({ data }) {
  const from = data.bundle.from;
  return html`<section class="row"><header class="gloss"><h2>Rules</h2><p>From top to bottom; the first of which everything fits decides.</p></header><div class="body">
    <div class="scroll" tabindex="0" role="region" aria-label="Rules about code"><table class="stack"><thead><tr><th scope="col">Rule</th><th scope="col">Who</th><th scope="col">Class</th><th scope="col">Vendor, plan</th><th scope="col">Repository</th><th scope="col">Then</th><th scope="col">Since ${day(from)}</th></tr></thead>
      <tbody>${data.rules.map((r) => html`<tr key=${r.id} id=${`rule-${r.id}`}><td class="mono" data-l="Rule">${r.id}</td><td data-l="Who"><${Words} list=${r.who} none="everybody" /></td><td data-l="Class"><${Words} list=${r.classes} none="every class" /></td><td data-l="Vendor"><${Words} list=${r.vendors} none="every vendor" />${r.plans.length > 0 && html`, plan <${Words} list=${r.plans} none="" />`}</td><td data-l="Repository"><${Words} list=${r.repositories} none="every one" /></td><td data-l="Then">${r.act}</td><td data-l="Decided"><${Count} list=${use(data.by_rule, r.id)} rule=${r.id} from=${from} /></td></tr>`)}
      ${BUILTIN.map(([id, what, act]) => html`<tr key=${id} id=${`rule-${id}`}><td class="mono" data-l="Rule">${id}</td><td colspan="4" class="quiet" data-l="When">${what}</td><td data-l="Then">${act}</td><td data-l="Decided"><${Count} list=${use(data.by_rule, id)} rule=${id} from=${from} /></td></tr>`)}</tbody></table></div>
    <p class="limit">Counted are verdicts about conversations as a whole. What was decided about single files stands in each entry, and <code>custos policy explain</code> works it out again.</p></div></section>`;
}

function Decided({ data }) {
  const by = data.by_class ?? [];
  return html`<section class="row"><header class="gloss"><h2>Decided</h2><p>Conversations by the class of their code, since ${moment(data.bundle.from)}.</p></header><div class="body">
    ${by.length === 0 && html`<p>No exchange was decided about in this time: there is no data.</p>`}
    ${by.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label="Decided by class"><table class="stack by-type"><thead><tr><th scope="col">Class</th>${Object.keys(ACTS).map((a) => html`<th key=${a} scope="col" class="num">${ACTS[a]}</th>`)}</tr></thead>
      <tbody>${CLASSES.map((c) => html`<tr key=${c}><td data-l="Class"><a class="fig" href=${`/exchanges?${new URLSearchParams({ class: c, from: data.bundle.from })}`}>${c}</a></td>${Object.keys(ACTS).map((a) => html`<td key=${a} class="num" data-l=${ACTS[a]}>${count(by.filter((x) => x.value === c && x.act === a).reduce((sum, x) => sum + x.count, 0))}</td>`)}</tr>`)}</tbody></table></div>`}</div></section>`;
}

function Groups({ items }) {
  if (items.length === 0) return null;
  return html`<section class="row"><header class="gloss"><h2>Groups</h2><p>As rules name them.</p></header><div class="body"><dl class="facts">${items.map((g) => html`<dt key=${`t${g.name}`} class="mono">${g.name}</dt><dd>${g.members.join(", ")}</dd>`)}</dl></div></section>`;
}

function All() {
  const seen = useSource("/api/v1/classes", EVERY_MS);
  const d = seen.data;
  if (!d) return html`<${Notice} seen=${seen} />`;
  return html`<${Notice} seen=${seen} />
    <p class="lead">${many(d.repositories.length, "repository", "repositories")}, ${many(d.rules.length, "rule")}. From bundle <a class="fig" href=${`/registers/bundles#${d.bundle.digest}`}>${count(d.bundle.version)}</a>, <span class="mono" title=${d.bundle.digest}>${digest(d.bundle.digest)}</span></p>
    <div class="paper apart"><${Decided} data=${d} /><${Rules} data=${d} /><${Repositories} items=${d.repositories} unknown=${d.unknown} /><${Groups} items=${d.groups} /></div>`;
}

export function Classes() {
  useTitle("Classes of code");
  return html`<div class="head"><div><h1 tabindex="-1">Classes of code</h1><p class="lede">Who may send which code to which vendor, and what came of it.</p></div><div class="acts"><button type="button" class="btn" onClick=${() => print()}>Print this page</button></div></div><${Registers} here="Classes" />
    ${session.value === null && html`<${SignInNeeded} what="Classes of code" />`}${session.value && html`<${All} />`}`;
}
