// The rules, for people: what each asks for and why, its examples, and where it fired.
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { session } from "./api.js";
import { count, many, moment } from "./format.js";
import { route, withQuery } from "./router.js";
import { useSource } from "./source.js";
import { Notice, SignInNeeded, useTitle } from "./parts.js";
import { Registers } from "./registers.js";

const KINDS = [
  ["code", "Code", "What generated code may not hold."],
  ["command", "Commands", "What a command that a model wrote may not do."],
  ["data", "Data", "Personal data and secrets in what is sent."],
];

const SEVERE = { critical: 4, high: 3, medium: 2, low: 1, info: 0 };

function Fired({ fired, answers }) {
  if (!fired) return html`<span class="faint">not told by rule</span>`;
  if (!fired.count) return html`<span class="faint">not in ${many(answers, "answer")}</span>`;
  return html`${many(fired.count, "time")}<div class="small faint">last ${moment(fired.last)}</div>`;
}

function Examples({ title, list }) {
  if (!list?.length) return null;
  return html`<div><h3 class="h3">${title}</h3>${list.map((text, i) => html`<pre key=${i} class="codebox" tabindex="0">${text.trimEnd()}</pre>`)}</div>`;
}

function Detail({ id }) {
  const seen = useSource(`/api/v1/rules/${encodeURIComponent(id)}`);
  if (!seen.data) return html`<${Notice} seen=${seen} />`;
  const r = seen.data;
  return html`<div class="rule-detail">
    ${r.fix && html`<p><b>What to do.</b> ${r.fix}</p>`}
    ${r.source && html`<p class="small quiet">Source of the form: ${r.source}</p>`}
    <div class="two"><${Examples} title="Fires on" list=${r.match} /><${Examples} title="Lets pass" list=${r.not_match} /></div>
    ${r.firings?.length > 0 && html`<h3 class="h3">Where it fired</h3><ul class="plain">${r.firings.map((f) => html`<li key=${f.log + f.index}>${moment(f.at)}: ${f.decision}, ${f.action}, <a href=${`/log?log=${encodeURIComponent(f.log)}&entry=${f.index}`}>entry ${count(f.index)}</a></li>`)}</ul>`}
    ${r.fired && !r.firings?.length && html`<p class="small quiet">It did not fire in the newest ${many(r.answers, "answer")} that the log holds.</p>`}
    ${!r.fired && html`<p class="small quiet">Entries name the kinds of data that were found, not the rule that found them.</p>`}
  </div>`;
}

function Rows({ items, answers, open, onOpen }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Rules"><table class="stack">
    <thead><tr><th scope="col">Rule</th><th scope="col">What is wrong</th><th scope="col">For</th><th scope="col">Weight</th><th scope="col">Fired</th></tr></thead>
    <tbody>${items.map((r) => html`<tr key=${r.id} class=${open === r.id ? "current" : ""}>
        <td data-l="Rule"><button type="button" class="plainly link" aria-expanded=${open === r.id ? "true" : "false"} onClick=${() => onOpen(open === r.id ? null : r.id)}>${r.title}</button><div class="small faint mono">${r.id}</div></td>
        <td data-l="What is wrong">${r.message}</td>
        <td data-l="For" class="small">${[...r.languages, ...r.cwe.map((n) => `CWE-${n}`)].join(", ") || "any text"}</td>
        <td data-l="Weight" class="nowrap">${r.severity ?? ""}${r.severity && r.decision ? ", " : ""}${r.decision ?? ""}</td>
        <td data-l="Fired"><${Fired} fired=${r.fired} answers=${answers} /></td></tr>
      ${open === r.id && html`<tr key=${`${r.id}+`}><td colspan="5"><${Detail} id=${r.id} /></td></tr>`}`)}</tbody></table></div>`;
}

function matches(r, words, language) {
  const text = `${r.id} ${r.title} ${r.message} ${r.cwe.map((n) => `cwe-${n}`).join(" ")}`.toLowerCase();
  return words.every((w) => text.includes(w)) && (!language || r.languages.includes(language));
}

function Pack({ kind }) {
  const seen = useSource(`/api/v1/rules?kind=${kind}&limit=1000`);
  const [search, setSearch] = useState("");
  const [language, setLanguage] = useState("");
  const [open, setOpen] = useState(null);
  if (!seen.data) return html`<${Notice} seen=${seen} />`;
  const { items, answers, packs } = seen.data;
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const languages = [...new Set(items.flatMap((r) => r.languages))];
  const shown = items.filter((r) => matches(r, words, language)).sort((a, b) => (b.fired?.count ?? 0) - (a.fired?.count ?? 0) || (SEVERE[b.severity] ?? 3) - (SEVERE[a.severity] ?? 3));
  const digest = { code: packs.code, command: packs.commands }[kind];
  return html`<${Notice} seen=${seen} /><div class="paper"><section class="row"><header class="gloss"><h2>${KINDS.find(([k]) => k === kind)[1]}</h2><p>${KINDS.find(([k]) => k === kind)[2]}</p>
      <p>${many(items.length, "rule")}, each held to its examples when it is loaded.</p>
      ${digest && html`<p class="small faint mono">pack ${digest.slice(0, 16)}</p>`}
      ${kind !== "data" && html`<p class="small quiet">Firings are counted in the newest ${many(answers, "answer")} of the log.</p>`}</header><div class="body">
    <form class="picks" onSubmit=${(e) => e.preventDefault()}><label class="field"><span>Search</span><input type="search" value=${search} autocomplete="off" onInput=${(e) => setSearch(e.target.value)} /></label>
      ${languages.length > 1 && html`<label class="field"><span>Language</span><select value=${language} onChange=${(e) => setLanguage(e.target.value)}><option value="">all</option>${languages.map((l) => html`<option key=${l} value=${l}>${l}</option>`)}</select></label>`}
      <output aria-live="polite">${count(shown.length)} shown</output></form>
    ${shown.length === 0 ? html`<p>No rule has these words.</p>` : html`<${Rows} items=${shown} answers=${answers} open=${open} onOpen=${setOpen} />`}
  </div></section></div>`;
}

export function Rules() {
  useTitle("Rules");
  const asked = route.value.query.get("kind");
  const kind = KINDS.some(([k]) => k === asked) ? asked : "code";
  return html`<div class="head"><div><h1 tabindex="-1">Rules</h1><p class="lede">What is looked for in code, commands and data, with the examples that prove each rule, and where it fired.</p></div></div><${Registers} here="Rules" /><nav class="registers" aria-label="Kinds of rules">${KINDS.map(([k, name]) => html`<a key=${k} href=${withQuery({ kind: k })} aria-current=${k === kind ? "page" : null}>${name}</a>`)}</nav>
    ${session.value === null && html`<${SignInNeeded} what="The rules" />`}${session.value && html`<${Pack} key=${kind} kind=${kind} />`}`;
}
