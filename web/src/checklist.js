// The 61 criteria, each with its state, why, and the controls and evidence behind it.
import { useEffect, useRef } from "preact/hooks";
import { html } from "./html.js";
import { route, withQuery } from "./router.js";
import { useSource } from "./source.js";
import { useKeys } from "./keys.js";
import { Notice, Shape, State, useTitle } from "./parts.js";
import { capital, count, day, many, moment } from "./format.js";
import { EVIDENCE_CLASS, STATES, bySeries, entryPath, seriesName, stateOf } from "./words.js";

const CRITERIA_MS = 10000, MAPS_MS = 3600000; // mappings change with the catalogue only

export const useCriteria = () => useSource("/api/v1/criteria", CRITERIA_MS);

export function tally(items) {
  return STATES.map((state) => ({ ...state, n: items.filter((x) => stateOf(x.state).code === state.code).length }));
}

// The moment of the states: a time, or an object that holds one.
export function asOf(data) {
  const at = data?.as_of?.at ?? data?.as_of?.now ?? data?.as_of;
  return typeof at === "string" || typeof at === "number" ? at : null;
}

export function Tally({ items }) {
  return html`<div class="tally">${tally(items).map((s) => html`<a key=${s.code} href=${`/controls?state=${s.code}`}><span class="n">${s.n}</span><span class=${`st ${s.cls}`}><svg aria-hidden="true"><use href=${`#s-${s.cls}`} /></svg>${s.word}</span></a>`)}</div>`;
}

const logName = (folder) => folder.replace(/^t\//, "t:");
// The entries behind a figure: those of its types in the log where the newest is.
const figurePath = (e) => `/log?log=${encodeURIComponent(logName(e.log))}&view=entries&type=${encodeURIComponent(e.types.length === 1 ? e.types[0] : "")}`;

function Probe({ of }) {
  const words = { none: "has not run", held: "held", broken: "got through", failed: "could not run" };
  if (!of) return null;
  return html`<p class="small quiet">Probe <code>${of.name}</code> ${words[of.outcome]}${of.log && html`, <a href=${entryPath(logName(of.log), of.index)}>${moment(of.last)}</a>`}</p>`;
}

function Evidence({ list }) {
  if (!list?.length) return html`<span class="faint">no evidence yet</span>`;
  return html`<ul class="evidence">${list.map((e) => html`<li key=${e.query}>${e.count > 0 ? html`<a class="fig fig2" href=${figurePath(e)}>${count(e.count)}</a>` : html`<span class="fig2">0</span>`} <code>${e.query}</code>${e.count > 0 && html` <a href=${entryPath(logName(e.log), e.index)}>newest entry and proof</a>`}${e.planned && html` <span class="faint">written by nobody yet</span>`}${e.feed && html` <span class="faint">from outside</span>`}${e.count > 0 && !e.fresh && html` <span class="faint">older than ${many(e.within_hours > 48 ? Math.round(e.within_hours / 24) : e.within_hours, e.within_hours > 48 ? "day" : "hour")}</span>`}${e.count > 0 && e.first && html` <span class="faint">${day(e.first)}${e.last && day(e.last) !== day(e.first) ? ` to ${day(e.last)}` : ""}</span>`}</li>`)}</ul>`;
}

// What other frameworks ask, by the controls that answer it: our own mapping, or the customer's where his catalogue has one.
function Elsewhere({ of, list, maps }) {
  const mapped = list?.filter((c) => maps?.[c.id]?.length) ?? [];
  const frameworks = [...new Map(mapped.flatMap((c) => maps[c.id].map((m) => [m.framework, m.title])))];
  if (!mapped.length) return null;
  const ids = (c, framework) => maps[c.id].find((m) => m.framework === framework)?.ids.map((id) => id.replaceAll(" ", "\u00a0")).join(", ") ?? "–";
  return html`<section aria-label=${`${of} in other frameworks`}><h3>In other frameworks</h3>
    <table class="stack maps"><thead><tr><th scope="col">Control</th>${frameworks.map(([code, title]) => html`<th key=${code} scope="col">${title}</th>`)}</tr></thead>
    <tbody>${mapped.map((c) => html`<tr key=${c.id}><td class="mono" data-l="Control">${c.id}</td>${frameworks.map(([code, title]) => html`<td key=${code} data-l=${title}>${ids(c, code)}</td>`)}</tr>`)}</tbody></table>
    <p class="small quiet">Ids only. A mapping says where the same evidence helps; it does not say that a framework's requirement is met.</p></section>`;
}

function Controls({ list }) {
  if (!list?.length) return html`<p class="small quiet">No control of ours serves this criterion. It needs documents or statements from outside.</p>`;
  return html`<table class="stack controls"><thead><tr><th scope="col">Control</th><th scope="col">State</th><th scope="col">Why</th><th scope="col">Evidence, entries</th></tr></thead>
    <tbody>${list.map((c) => html`<tr key=${c.id}><td data-l="Control"><span class="mono">${c.id}</span> ${c.title}</td><td class="nowrap" data-l="State"><${State} code=${c.state} /></td><td data-l="Why">${c.why}</td><td data-l="Evidence"><${Evidence} list=${c.evidence} /><${Probe} of=${c.probe} />${c.missed > 0 && html`<p class="small quiet">${many(c.missed, "occurrence")} did not take place in the last year.</p>`}</td></tr>`)}</tbody></table>`;
}

function Criterion({ x, maps }) {
  return html`<details class="criterion" id=${x.id}><summary><${Shape} code=${x.state} /><span class="mono id">${x.id}</span><span class="what">${x.title}</span><span class=${`word ${stateOf(x.state).cls}`}>${stateOf(x.state).title}</span></summary>
    <div class="inside"><p class="serif">${x.why}</p>${x.official && html`<blockquote class="small official" aria-label=${`Wording of ${x.id} that you brought`}>${x.official.split("\n").map((line, i) => html`<p key=${i}>${line}</p>`)}</blockquote>`}<p class="small quiet">${EVIDENCE_CLASS[x.evidence_class] ?? x.evidence_class}.</p><${Controls} list=${x.controls} /><${Elsewhere} of=${x.id} list=${x.controls} maps=${maps} /></div></details>`;
}

function Series({ code, items, maps }) {
  const counts = tally(items).filter((s) => s.n > 0).map((s) => `${s.n} ${s.word}`).join(", ");
  return html`<section class="row"><header class="gloss"><h2>${code} ${seriesName(code)}</h2><p>${counts}</p></header><div class="body tight">${items.map((x) => html`<${Criterion} key=${x.id} x=${x} maps=${maps} />`)}</div></section>`;
}

// An address with a hash names one criterion, one with control=ID the first that it serves: open it and bring it into view.
function useNamed(items) {
  const { hash, query } = route.value;
  const control = query.get("control");
  const id = hash.length > 1 ? decodeURIComponent(hash.slice(1)) : (control && items?.find((x) => x.controls.some((c) => c.id === control))?.id) || "";
  useEffect(() => {
    const box = id && document.getElementById(id);
    if (!box || box.tagName !== "DETAILS") return;
    box.open = true;
    box.scrollIntoView({ block: "center" });
    box.firstElementChild.focus({ preventScroll: true });
  }, [Boolean(items), id]);
}

// On paper nothing can be opened, so everything is.
function usePrintOpen(root) {
  useEffect(() => {
    let opened = [];
    const before = () => {
      opened = [...(root.current?.querySelectorAll("details.criterion:not([open])") ?? [])];
      for (const box of opened) box.open = true;
    };
    const after = () => {
      for (const box of opened) box.open = false;
    };
    addEventListener("beforeprint", before);
    addEventListener("afterprint", after);
    return () => {
      removeEventListener("beforeprint", before);
      removeEventListener("afterprint", after);
    };
  }, []);
}

function useWalk(root) {
  const move = (by) => {
    const all = [...(root.current?.querySelectorAll("details.criterion > summary") ?? [])];
    const at = all.indexOf(document.activeElement);
    all[Math.min(Math.max(at + by, 0), all.length - 1)]?.focus();
  };
  useKeys({ j: () => move(1), k: () => move(-1) });
}

function Filter({ items, chosen }) {
  const link = (code, text, cls) => html`<a key=${code} class="chip" href=${withQuery({ state: code })} aria-current=${chosen === code ? "true" : null}>${cls && html`<svg class=${`gl ${cls}`} aria-hidden="true"><use href=${`#s-${cls}`} /></svg>`}${text}</a>`;
  return html`<nav class="chips" aria-label="Filter by state">${link("", html`All <b>${items.length}</b>`)}${tally(items).map((s) => link(s.code, html`${capital(s.word)} <b>${s.n}</b>`, s.cls))}</nav>`;
}

function Sheet({ items, maps, at, root }) {
  const chosen = route.value.query.get("state") ?? "";
  const shown = items.filter((x) => !chosen || stateOf(x.state).code === chosen);
  return html`<${Filter} items=${items} chosen=${chosen} />
    <p class="vh" role="status">${count(shown.length)} criteria shown</p>
    <div class="paper" ref=${root}>${bySeries(shown).map(([code, list]) => html`<${Series} key=${code} code=${code} items=${list} maps=${maps} />`)}
    ${shown.length === 0 && html`<section class="row"><header class="gloss"><h2>None</h2></header><div class="body"><p>No criterion is ${stateOf(chosen).word}.</p></div></section>`}</div>
    <p class="keys"><span><kbd>J</kbd> <kbd>K</kbd> next, previous</span><span><kbd>Enter</kbd> open</span>${at && html`<span>computed ${moment(at)}</span>`}</p>`;
}

export function Checklist() {
  useTitle("Controls");
  const seen = useCriteria();
  const root = useRef(null);
  useNamed(seen.data?.items);
  usePrintOpen(root);
  useWalk(root);
  const items = seen.data?.items, controls = useSource("/api/v1/controls", MAPS_MS).data?.items;
  const maps = controls && Object.fromEntries(controls.map((c) => [c.id, c.mappings]));
  const of = items && Object.fromEntries(tally(items).map((s) => [s.code, s.n]));
  return html`<div class="head"><div><h1 tabindex="-1">${items ? `${items.length} criteria, as the log shows them` : "Criteria, as the log shows them"}</h1>
      <p class="lede">${of && `${of.met} met, ${of.partly} partly, ${of.not_met} not met, ${of.no_data} without data, ${of.not_applicable} not applicable. `}A criterion without fresh evidence is no data, whatever anyone believes. Ids refer to the Trust Services Criteria; the titles are our own.</p></div>
      <div class="acts"><button type="button" class="btn" onClick=${() => print()}>Print this page</button></div></div>
    <${Notice} seen=${seen} />${items && html`<${Sheet} items=${items} maps=${maps} at=${asOf(seen.data)} root=${root} />`}`;
}
