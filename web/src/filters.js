// Filters of the exchanges: chips that read as a sentence, fields to add one; all of it in the address.
import { html } from "./html.js";
import { session } from "./api.js";
import { go, withQuery } from "./router.js";
import { useSource } from "./source.js";
import { count, moment } from "./format.js";
import { DECISIONS, OUTCOMES, typeWord } from "./words.js";

const plain = (v) => v;
export const FILTERS = {
  from: { label: "From", word: moment, kind: "time" },
  to: { label: "Before", word: moment, kind: "time" },
  tenant: { label: "Tenant", word: plain },
  user: { label: "User", word: plain },
  key: { label: "Key", word: plain },
  vendor: { label: "Vendor", word: plain },
  model: { label: "Model", word: plain },
  client: { label: "Client", word: plain },
  decision: { label: "Decision", word: (v) => (v === "refused" ? "refused, whatever the reason" : DECISIONS[v] ?? v), fixed: ["refused"] },
  found: { label: "Found", word: (v) => (v === "any" ? "anything" : v === "none" ? "nothing" : typeWord(v)), fixed: ["any", "none"] },
  state: { label: "Outcome", word: (v) => OUTCOMES[v] ?? v, fixed: Object.keys(OUTCOMES) },
  status: { label: "Status", word: plain },
  class: { label: "Class of code", word: plain, fixed: ["public", "internal", "confidential", "restricted"] },
  rule: { label: "Rule", word: plain, kind: "none" },
};
const NAMES = Object.keys(FILTERS);

export const chosenFilters = (query) => [...query].filter(([name, value]) => Object.hasOwn(FILTERS, name) && value);

// What the API and the page of one exchange are asked with.
export function filterQuery(query, more = {}) {
  const ask = new URLSearchParams(chosenFilters(query));
  for (const [name, value] of Object.entries(more)) if (value) ask.set(name, value);
  const text = ask.toString();
  return text ? `?${text}` : "";
}

const change = (changes) => go(withQuery({ ...changes, cursor: null, at: null }));
export const dropLast = (chosen) => chosen.length > 0 && change({ [chosen.at(-1)[0]]: null });

function options(name, values) {
  const seen = values?.[name];
  const counted = Array.isArray(seen) ? seen.map((v) => [v.value, v.count, v.of]) : Object.entries(seen ?? {}).sort(([, a], [, b]) => b - a);
  const fixed = FILTERS[name].fixed ?? [];
  return [...fixed.map((v) => [v]), ...counted.filter(([v]) => !fixed.includes(v) && v !== "0")];
}

function Choice({ name, values, current }) {
  const list = options(name, values);
  if (current && !list.some(([v]) => v === current)) list.push([current]);
  return html`<label class="field"><span>${FILTERS[name].label}</span><select onChange=${(e) => change({ [name]: e.currentTarget.value })}>
    <option value="">any</option>${list.map(([v, n, of]) => html`<option key=${v} value=${v} selected=${v === current}>${FILTERS[name].word(v)}${of ? `, ${of}` : ""}${n ? ` (${count(n)})` : ""}</option>`)}</select></label>`;
}

// datetime-local has no zone: what stands in the field is UTC, as everywhere on these pages.
function Time({ name, current }) {
  const set = (e) => change({ [name]: e.currentTarget.value ? `${e.currentTarget.value.slice(0, 16)}:00.000Z` : null });
  return html`<label class="field"><span>${FILTERS[name].label}, UTC</span><input type="datetime-local" value=${current ? current.slice(0, 16) : ""} onChange=${set} /></label>`;
}

function Picks({ query }) {
  const seen = useSource(session.value ? "/api/v1/exchange-values" : null);
  return html`<div class="picks">${NAMES.filter((name) => FILTERS[name].kind !== "none").map((name) => {
    const current = query.get(name) ?? "";
    return FILTERS[name].kind === "time" ? html`<${Time} key=${name} name=${name} current=${current} />` : html`<${Choice} key=${name} name=${name} values=${seen.data} current=${current} />`;
  })}</div>`;
}

export function Chips({ query, open, setOpen }) {
  const chosen = chosenFilters(query);
  return html`<div class="chips">
    ${chosen.map(([name, value]) => html`<a key=${name} class="chip" href=${withQuery({ [name]: null, cursor: null, at: null })}>${FILTERS[name].label}: <b>${FILTERS[name].word(value)}</b> <span class="x" aria-hidden="true">×</span><span class="vh">, remove this filter</span></a>`)}
    <button type="button" class="chip add" aria-expanded=${open ? "true" : "false"} onClick=${() => setOpen(!open)}>${chosen.length ? "Add a filter" : "All exchanges. Filter"} <kbd>F</kbd></button>
    ${open && html`<${Picks} query=${query} />`}
  </div><p class="in-print">${chosen.length ? `Filter: ${chosen.map(([name, value]) => `${FILTERS[name].label} ${FILTERS[name].word(value)}`).join(", ")}.` : "All exchanges, no filter."}</p>`;
}
