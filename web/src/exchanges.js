// The stream of exchanges. New rows wait until asked for; rows on screen change in place.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "./html.js";
import { session } from "./api.js";
import { go, route, withQuery } from "./router.js";
import { useSource } from "./source.js";
import { useKeys } from "./keys.js";
import { Notice, Pills, SignInNeeded, useTitle } from "./parts.js";
import { FirstStep } from "./first-step.js";
import { capital, count, listed, many, moment, took } from "./format.js";
import { DECISIONS, OUTCOMES, decision, sent, typeWord } from "./words.js";

const PAGE = 100;
const LIVE_MS = 2000;
const OLD_PAGE_MS = 15000;

// The order in which rows were last shown, for "older" and "newer" on the page of one exchange.
export let lastShown = [];

// The tenant is the daemon's filter; the others look at the rows of this page only, and say so.
const FILTERS = {
  tenant: { label: "Tenant", word: (v) => v, test: () => true },
  decision: { label: "Decision", word: (v) => DECISIONS[v] ?? v, test: (x, v) => x.decision === v },
  state: { label: "Outcome", word: (v) => OUTCOMES[v] ?? v, test: (x, v) => x.state === v },
  found: {
    label: "Found", word: (v) => (v === "any" ? "anything" : typeWord(v)),
    test: (x, v) => (v === "any" ? Object.keys(x.findings ?? {}).length > 0 : (x.findings?.[v] ?? 0) > 0),
  },
};

export const chosenFilters = (query) =>
  [...query].filter(([name, value]) => Object.hasOwn(FILTERS, name) && value);

function addressOf(query) {
  const ask = new URLSearchParams({ limit: String(PAGE) });
  for (const name of ["cursor", "tenant"]) if (query.get(name)) ask.set(name, query.get(name));
  return `/api/v1/exchanges?${ask}`;
}

// Holds what is on screen while the source reads on: new ids wait, known ids are refreshed.
function useHeld(seen, live) {
  const held = useRef({ path: null, ids: [] });
  const [, again] = useState(0);
  const items = seen.data?.items ?? [];
  const fresh = held.current.path !== seen.path || held.current.ids.length === 0 || !live;
  if (fresh && seen.data) held.current = { path: seen.path, ids: items.map((x) => x.id), kept: new Map() };
  for (const x of items) held.current.kept?.set(x.id, x);
  const waiting = items.filter((x) => !held.current.ids.includes(x.id)).length;
  const show = () => {
    held.current = { path: null, ids: [] };
    again((n) => n + 1);
  };
  const rows = held.current.ids.map((id) => held.current.kept.get(id)).filter(Boolean);
  return { rows, waiting, show };
}

function Chips({ chosen, rows, tenants }) {
  const [open, setOpen] = useState(false);
  const values = {
    tenant: tenants, decision: Object.keys(DECISIONS), state: Object.keys(OUTCOMES),
    found: ["any", ...new Set(rows.flatMap((x) => Object.keys(x.findings ?? {})))],
  };
  const pick = (name, value) => {
    setOpen(false);
    go(withQuery({ [name]: value, cursor: null, from: null }));
  };
  return html`<div class="chips">
    ${chosen.map(([name, value]) => html`<a key=${name} class="chip" href=${withQuery({ [name]: null, cursor: null, from: null })}>${FILTERS[name].label}: <b>${FILTERS[name].word(value)}</b> <span class="x" aria-hidden="true">×</span><span class="vh">, remove this filter</span></a>`)}
    <button type="button" class="chip add" aria-expanded=${open ? "true" : "false"} onClick=${() => setOpen(!open)}>${chosen.length ? "Add a filter" : "All exchanges. Filter"}</button>
    ${open && html`<div class="picks">${Object.entries(values).map(([name, list]) => html`<label key=${name} class="field">${FILTERS[name].label}
      <select onChange=${(e) => pick(name, e.currentTarget.value)}><option value="">any</option>${list.map((v) => html`<option key=${v} value=${v} selected=${route.value.query.get(name) === v}>${FILTERS[name].word(v)}</option>`)}</select></label>`)}</div>`}
  </div>`;
}

const latency = (x) => (Number.isFinite(x.ms_gate) ? took(x.ms_gate) : "–");

const Sealed = ({ x }) => {
  const first = x.entries?.[0];
  if (!first) return html`<span class="faint">not yet</span>`;
  return html`<a class="fig mono" href=${`/log?log=${encodeURIComponent(first.log)}&entry=${first.index}`}>${count(first.index)}</a>`;
};

function outcome(x) {
  if (x.state === "answered" && x.status) return `${OUTCOMES.answered}, ${x.status}`;
  if (x.state === "refused" && x.status) return `${OUTCOMES.refused}, ${x.status}`;
  return OUTCOMES[x.state] ?? x.state;
}

export function Row({ x, manyTenants, current, onFocus }) {
  return html`<tr class=${current ? "current" : ""} onFocusIn=${onFocus}>
    <td class="nowrap" data-l="When"><a class="mono rowlink" href=${`/exchanges/${encodeURIComponent(x.id)}`} title=${`${moment(x.at)}, ${x.id}`}>${listed(x.at)}</a></td>
    <td data-l="Caller"><span class="clip">${x.user || "unknown"}${manyTenants && html` <span class="faint">${x.tenant}</span>`}</span></td>
    <td data-l="Model"><span class="clip">${x.model || "–"} <span class="faint">${x.vendor}</span></span></td>
    <td data-l="Found"><${Pills} findings=${x.findings} /></td>
    <td class="nowrap" data-l="Decision"><span class=${sent(x) ? "" : "refusal"}>${decision(x)}</span></td>
    <td class="nowrap" data-l="Outcome">${capital(outcome(x))}</td>
    <td class="num nowrap" data-l="Before egress">${latency(x)}</td>
    <td class="num nowrap" data-l="In all">${took(x.ms_total)}</td>
    <td class="num nowrap" data-l="Entry"><${Sealed} x=${x} /></td>
  </tr>`;
}

export function Table({ rows, caption, manyTenants, current = -1, onRow, body }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Exchanges"><table class="stack list">
    <caption class=${caption.hidden ? "vh" : ""}>${caption.text}</caption>
    <thead><tr><th scope="col">When, UTC</th><th scope="col">Caller</th><th scope="col">Model</th><th scope="col">Found</th><th scope="col">Decision</th><th scope="col">Outcome</th><th scope="col" class="num">Before egress</th><th scope="col" class="num">In all</th><th scope="col" class="num">Entry</th></tr></thead>
    <tbody ref=${body}>${rows.map((x, i) => html`<${Row} key=${x.id} x=${x} manyTenants=${manyTenants} current=${i === current} onFocus=${() => onRow?.(i)} />`)}</tbody>
  </table></div>`;
}

// J and K walk the links of the rows; Enter on a link needs no help from us.
function useRowKeys(body, current, setCurrent) {
  const move = (by) => {
    const links = body.current?.querySelectorAll("a.rowlink") ?? [];
    const next = Math.min(Math.max(current + by, 0), links.length - 1);
    links[next]?.focus();
    if (links[next]) setCurrent(next);
  };
  return { j: () => move(1), k: () => move(-1) };
}

function Range({ seen, from, rows, matching, chosen }) {
  const total = seen.data.total;
  const to = from + rows.length - 1;
  const local = chosen.some(([name]) => name !== "tenant");
  const range = rows.length ? `${count(from)}–${count(to)} of ${count(total)}` : `0 of ${count(total)}`;
  return html`<span>${range}${local && html`, of which <b>${count(matching)}</b> match. The filter looks at these ${count(rows.length)} rows only.`}</span>`;
}

function Pager({ seen, from }) {
  const next = seen.data.next_cursor;
  return html`<nav class="pager" aria-label="Pages of exchanges">
    ${from > 1 && html`<a class="btn" href=${withQuery({ cursor: null, from: null })}>Newest</a>`}
    ${next && html`<a class="btn" href=${withQuery({ cursor: next, from: String(from + PAGE) })}>Older</a>`}
  </nav>`;
}

export function Exchanges({ status }) {
  useTitle("Exchanges");
  return html`<div class="head"><div><h1 tabindex="-1">Exchanges</h1><p class="lede">Each request of an assistant: who asked, what was found, what was decided, how long it took. Text and values are never shown here.</p></div></div>
    ${session.value === null ? html`<${SignInNeeded} what="The list of exchanges" />` : html`<${Stream} status=${status} />`}`;
}

function Stream({ status }) {
  const query = route.value.query;
  const live = !query.get("cursor");
  const seen = useSource(session.value ? addressOf(query) : null, live ? LIVE_MS : OLD_PAGE_MS);
  const { rows, waiting, show } = useHeld(seen, live);
  const chosen = chosenFilters(query);
  const matching = rows.filter((x) => chosen.every(([name, value]) => FILTERS[name].test(x, value)));
  const [current, setCurrent] = useState(-1);
  const body = useRef(null);
  useEffect(() => {
    lastShown = matching.map((x) => x.id);
  });
  useKeys({
    ...useRowKeys(body, current, setCurrent),
    n: () => waiting > 0 && show(),
    Backspace: () => chosen.length > 0 && go(withQuery({ [chosen.at(-1)[0]]: null, cursor: null, from: null })),
  });
  if (!seen.data) return html`<${Notice} seen=${seen} />`;
  const tenants = status.data?.tenants?.map((t) => t.name ?? t) ?? [...new Set(rows.map((x) => x.tenant))];
  const from = Number(query.get("from")) || 1;
  return html`<${Notice} seen=${seen} />
    <${Chips} chosen=${chosen} rows=${rows} tenants=${tenants} />
    <div class="rowhead"><p class="small quiet" role="status"><${Range} seen=${seen} from=${from} rows=${rows} matching=${matching.length} chosen=${chosen} /></p>
      <div role="status">${waiting > 0 && html`<button type="button" class="btn new" onClick=${show}>${count(waiting)} new, show <kbd>N</kbd></button>`}</div></div>
    ${rows.length === 0 && chosen.length === 0 && html`<${FirstStep} status=${status} />`}
    ${rows.length > 0 && matching.length === 0 && html`<p class="lede">No exchange here matches. <a href="/exchanges">Remove all filters</a></p>`}
    ${rows.length === 0 && chosen.length > 0 && html`<p class="lede">No exchange matches. <a href="/exchanges">Remove all filters</a></p>`}
    ${matching.length > 0 && html`<div class="sheet"><${Table} rows=${matching} caption=${{ text: `Exchanges, newest first, as of ${moment(seen.at)}`, hidden: true }} manyTenants=${tenants.length > 1} current=${current} onRow=${setCurrent} body=${body} /></div>`}
    <div class="rowhead"><p class="keys"><span><kbd>J</kbd> <kbd>K</kbd> next, previous</span><span><kbd>Enter</kbd> open</span><span><kbd>Backspace</kbd> remove the last filter</span></p><${Pager} seen=${seen} from=${from} /></div>`;
}
