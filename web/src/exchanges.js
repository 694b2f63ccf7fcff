// The stream of exchanges. New rows wait until asked for; rows on screen change in place.
import { useRef, useState } from "preact/hooks";
import { html } from "./html.js";
import { session } from "./api.js";
import { route, withQuery } from "./router.js";
import { useSource } from "./source.js";
import { useKeys } from "./keys.js";
import { Notice, Pills, SignInNeeded, useTitle } from "./parts.js";
import { FirstStep } from "./first-step.js";
import { Chips, chosenFilters, dropLast, filterQuery } from "./filters.js";
import { capital, count, listed, moment, took } from "./format.js";
import { OUTCOMES, decision, sent } from "./words.js";

const PAGE = 100;
const LIVE_MS = 2000;
const OLD_PAGE_MS = 15000;

const addressOf = (query) => `/api/v1/exchanges${filterQuery(query, { limit: String(PAGE), cursor: query.get("cursor") })}`;

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

export function Row({ x, manyTenants, current, onFocus, query = "" }) {
  return html`<tr class=${current ? "current" : ""} onFocusIn=${onFocus}>
    <td class="nowrap" data-l="When"><a class="mono rowlink" href=${`/exchanges/${encodeURIComponent(x.id)}${query}`} title=${`${moment(x.at)}, ${x.id}`}>${listed(x.at)}</a></td>
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

export function Table({ rows, caption, manyTenants, current = -1, onRow, body, query }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Exchanges"><table class="stack list">
    <caption class=${caption.hidden ? "vh" : ""}>${caption.text}</caption>
    <thead><tr><th scope="col">When, UTC</th><th scope="col">Caller</th><th scope="col">Model</th><th scope="col">Found</th><th scope="col">Decision</th><th scope="col">Outcome</th><th scope="col" class="num">Before egress</th><th scope="col" class="num">In all</th><th scope="col" class="num">Entry</th></tr></thead>
    <tbody ref=${body}>${rows.map((x, i) => html`<${Row} key=${x.id} x=${x} manyTenants=${manyTenants} query=${query} current=${i === current} onFocus=${() => onRow?.(i)} />`)}</tbody>
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

function Range({ seen, from, rows }) {
  const { total, all } = seen.data;
  const to = from + rows.length - 1;
  const of = total === all ? count(total) : `${count(total)} that match, ${count(all)} in all`;
  return html`<span>${rows.length ? `${count(from)}–${count(to)} of ${of}` : `0 of ${count(all)}`}</span>`;
}

function Pager({ seen, from }) {
  const next = seen.data.next_cursor;
  return html`<nav class="pager" aria-label="Pages of exchanges">
    ${from > 1 && html`<a class="btn" href=${withQuery({ cursor: null, at: null })}>Newest</a>`}
    ${next && html`<a class="btn" href=${withQuery({ cursor: next, at: String(from + PAGE) })}>Older</a>`}
  </nav>`;
}

export function Exchanges({ status }) {
  useTitle("Exchanges");
  return html`<div class="head"><div><h1 tabindex="-1">Exchanges</h1><p class="lede">Each request of an assistant: who asked, what was found, what was decided, how long it took. Text and values are never shown here.</p></div><div class="acts"><button type="button" class="btn" onClick=${() => print()}>Print this page</button></div></div>
    ${session.value === null ? html`<${SignInNeeded} what="The list of exchanges" />` : html`<${Stream} status=${status} />`}`;
}

function Stream({ status }) {
  const query = route.value.query;
  const live = !query.get("cursor");
  const seen = useSource(session.value ? addressOf(query) : null, live ? LIVE_MS : OLD_PAGE_MS);
  const { rows, waiting, show } = useHeld(seen, live);
  const chosen = chosenFilters(query);
  const [current, setCurrent] = useState(-1);
  const [open, setOpen] = useState(false);
  const body = useRef(null);
  useKeys({
    ...useRowKeys(body, current, setCurrent),
    n: () => waiting > 0 && show(),
    f: () => setOpen(!open),
    Backspace: () => chosen.length > 0 && dropLast(chosen),
  });
  if (!seen.data) return html`<${Notice} seen=${seen} />`;
  const tenants = status.data?.tenants?.map((t) => t.name ?? t) ?? [...new Set(rows.map((x) => x.tenant))];
  const from = Number(query.get("at")) || 1;
  return html`<${Notice} seen=${seen} />
    <${Chips} query=${query} open=${open} setOpen=${setOpen} />
    <div class="rowhead"><p class="small quiet" role="status"><${Range} seen=${seen} from=${from} rows=${rows} /></p>
      <div role="status">${waiting > 0 && html`<button type="button" class="btn new" onClick=${show}>${count(waiting)} new, show <kbd>N</kbd></button>`}</div></div>
    ${rows.length === 0 && chosen.length === 0 && html`<${FirstStep} status=${status} />`}
    ${rows.length === 0 && chosen.length > 0 && html`<p class="lede">No exchange matches. <a href="/exchanges">Remove all filters</a></p>`}
    ${rows.length > 0 && html`<div class="sheet"><${Table} rows=${rows} query=${filterQuery(query)} caption=${{ text: `Exchanges, newest first, as of ${moment(seen.at)}`, hidden: true }} manyTenants=${tenants.length > 1} current=${current} onRow=${setCurrent} body=${body} /></div>`}
    <div class="rowhead"><p class="keys"><span><kbd>J</kbd> <kbd>K</kbd> next, previous</span><span><kbd>Enter</kbd> open</span><span><kbd>F</kbd> filter</span><span><kbd>Backspace</kbd> remove the last filter</span></p><${Pager} seen=${seen} from=${from} /></div>`;
}
