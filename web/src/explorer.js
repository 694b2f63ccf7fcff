// The entries of one log: filtered, one at a time with its proof and with what stands beside it.
import { useRef, useState } from "preact/hooks";
import { html } from "./html.js";
import { route, go, withQuery } from "./router.js";
import { useSource } from "./source.js";
import { useKeys } from "./keys.js";
import { logPath } from "./api.js";
import { Notice } from "./parts.js";
import { ProofPanel } from "./proof-panel.js";
import { count, many, moment } from "./format.js";
import { entryPath, logTitle } from "./words.js";
import LABELS from "./event-labels.json";

const PAGE = 100;
const EVERY_MS = 3000;
const FIELDS = ["type", "actor", "from", "to"];
const TITLES = { type: "Type", actor: "Actor", from: "From", to: "Before" };

export const labelOf = (type) => LABELS[type]?.label ?? type;

const word = (name, value) => (name === "type" ? labelOf(value) : name === "actor" ? value : moment(value));
const chosenOf = (query) => FIELDS.filter((name) => query.get(name)).map((name) => [name, query.get(name)]);
const set = (changes) => go(withQuery({ ...changes, cursor: null, at: null }));

function Fields({ log, query }) {
  const seen = useSource(logPath(log, "types"));
  const types = seen.data?.items ?? [];
  const time = (name) => html`<label class="field"><span>${TITLES[name]}, UTC</span><input type="datetime-local" value=${query.get(name)?.slice(0, 16) ?? ""} onChange=${(e) => set({ [name]: e.currentTarget.value ? `${e.currentTarget.value.slice(0, 16)}:00.000Z` : null })} /></label>`;
  return html`<div class="picks"><label class="field"><span>Type</span><select onChange=${(e) => set({ type: e.currentTarget.value })}><option value="">any</option>${types.map((t) => html`<option key=${t.value} value=${t.value} selected=${query.get("type") === t.value}>${labelOf(t.value)}, ${t.value} (${count(t.count)})</option>`)}</select></label>
    <label class="field"><span>Actor</span><input value=${query.get("actor") ?? ""} autocomplete="off" spellcheck=${false} onChange=${(e) => set({ actor: e.currentTarget.value.trim() })} /></label>${time("from")}${time("to")}</div>`;
}

function Chips({ log, logs, query, open, setOpen }) {
  const chosen = chosenOf(query);
  return html`<div class="chips"><nav class="chain" aria-label="Logs">${logs.map((l) => html`<a key=${l.name} class="chip" aria-current=${l.name === log ? "true" : null} href=${`/log?log=${encodeURIComponent(l.name)}&view=entries`}>${logTitle(l.name)} <b>${count(l.size)}</b></a>`)}</nav>
    ${chosen.map(([name, value]) => html`<a key=${name} class="chip" href=${withQuery({ [name]: null, cursor: null, at: null })}>${TITLES[name]}: <b>${word(name, value)}</b> <span class="x" aria-hidden="true">×</span><span class="vh">, remove this filter</span></a>`)}
    <button type="button" class="chip add" aria-expanded=${open ? "true" : "false"} onClick=${() => setOpen(!open)}>Filter <kbd>F</kbd></button>${open && html`<${Fields} log=${log} query=${query} />`}</div>
    <p class="in-print">${logTitle(log)}. ${chosen.length ? `Filter: ${chosen.map(([n, v]) => `${TITLES[n]} ${word(n, v)}`).join(", ")}.` : "No filter."}</p>`;
}

function listAddress(log, query) {
  const ask = new URLSearchParams({ limit: String(PAGE) });
  for (const name of [...FIELDS, "cursor"]) if (query.get(name)) ask.set(name, query.get(name));
  return logPath(log, `entries?${ask}`);
}

export function Entries({ log, logs }) {
  const query = route.value.query;
  const [open, setOpen] = useState(false);
  const [current, setCurrent] = useState(-1);
  const body = useRef(null);
  const seen = useSource(listAddress(log, query), query.get("cursor") ? 0 : EVERY_MS);
  const chosen = chosenOf(query);
  const move = (by) => {
    const links = body.current?.querySelectorAll("a.rowlink") ?? [];
    const next = Math.min(Math.max(current + by, 0), links.length - 1);
    links[next]?.focus();
    if (links[next]) setCurrent(next);
  };
  useKeys({ j: () => move(1), k: () => move(-1), f: () => setOpen(!open), Backspace: () => chosen.length > 0 && set({ [chosen.at(-1)[0]]: null }) });
  const d = seen.data;
  const from = Number(query.get("at")) || 1;
  return html`<${Notice} seen=${seen} /><${Chips} log=${log} logs=${logs} query=${query} open=${open} setOpen=${setOpen} />
    ${d && html`<p class="small quiet" role="status">${d.items.length ? `${count(from)}–${count(from + d.items.length - 1)} of ${count(d.total)}, newest first` : `No entry ${chosen.length ? "matches" : "yet"}`}</p>`}
    ${d?.items.length > 0 && html`<div class="sheet apart"><div class="scroll" tabindex="0" role="region" aria-label="Entries"><table class="stack list"><caption class="vh">Entries of ${logTitle(log)}</caption><thead><tr><th scope="col" class="num">Entry</th><th scope="col">When, UTC</th><th scope="col">What</th><th scope="col">Type</th><th scope="col">Actor</th><th scope="col">Writer, place in its chain</th></tr></thead>
      <tbody ref=${body}>${d.items.map((x, i) => html`<tr key=${x.index} class=${i === current ? "current" : ""} onFocusIn=${() => setCurrent(i)}><td class="num" data-l="Entry"><a class="mono rowlink" href=${entryPath(x.log, x.index)}>${count(x.index)}</a></td><td class="nowrap" data-l="When">${moment(x.at).replace(" UTC", "")}</td><td data-l="What">${labelOf(x.type)}</td><td class="mono" data-l="Type">${x.type}</td><td class="mono breakable" data-l="Actor">${x.actor}</td><td class="mono" data-l="Writer">${x.writer} ${count(x.seq)}</td></tr>`)}</tbody></table></div></div>`}
    <div class="rowhead"><p class="keys"><span><kbd>J</kbd> <kbd>K</kbd> next, previous</span><span><kbd>Enter</kbd> open</span><span><kbd>F</kbd> filter</span></p><nav class="pager" aria-label="Pages of entries">${query.get("cursor") && html`<a class="btn" href=${withQuery({ cursor: null, at: null })}>Newest</a>`}${d?.next_cursor && html`<a class="btn" href=${withQuery({ cursor: d.next_cursor, at: String(from + PAGE) })}>Older</a>`}</nav></div>`;
}

function Beside({ title, x }) {
  if (!x) return html`<dt>${title}</dt><dd class="vnone">none</dd>`;
  return html`<dt>${title}</dt><dd><a class="fig" href=${entryPath(x.log, x.index)}>entry ${count(x.index)} of ${logTitle(x.log)}</a>, ${labelOf(x.type)} <span class="faint">${moment(x.at)}, ${x.writer} ${count(x.seq)}</span></dd>`;
}

function Neighbours({ log, index }) {
  const seen = useSource(logPath(log, `entries/${index}/neighbours`));
  const n = seen.data;
  const path = (x) => x && entryPath(x.log, x.index);
  useKeys({ j: () => (path(n?.before) ? go(path(n.before)) : false), k: () => (path(n?.after) ? go(path(n.after)) : false) });
  return html`<${Notice} seen=${seen} />${n && html`<dl class="facts"><${Beside} title="Before it in this log" x=${n.before} /><${Beside} title="After it in this log" x=${n.after} /><${Beside} title="Its writer's entry before" x=${n.chain_before} /><${Beside} title="Its writer's entry after" x=${n.chain_after} /></dl>
    <p class="small quiet apart">Each writer numbers its entries and names the digest of the one before, across all logs: an entry that is missing leaves a gap here. <span class="keys"><span><kbd>J</kbd> <kbd>K</kbd> older, newer in this log</span></span></p>`}`;
}

export function Entry({ log, index }) {
  return html`<section class="row"><header class="gloss"><h2>Entry ${count(index)}</h2><p>${logTitle(log.name)}, ${many(log.size, "entry", "entries")}.</p><p><a href=${`/log?log=${encodeURIComponent(log.name)}&view=entries`}>All entries of this log</a></p></header><div class="body">
    ${index < log.size ? html`<div class="proofs wide"><${ProofPanel} log=${log.name} index=${index} /></div>` : html`<p>This log has ${many(log.size, "entry", "entries")}; the last is ${count(log.size - 1)}.</p>`}</div></section>
    ${index < log.size && html`<section class="row"><header class="gloss"><h2>Beside it</h2><p>By number in this log, and by its writer's chain.</p></header><div class="body"><${Neighbours} log=${log.name} index=${index} /></div></section>`}`;
}
