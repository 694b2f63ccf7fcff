// What recorded scans found: the latest of each repository, one repository over time, its scans.
import { Registers } from "./registers.js";
import { html } from "./html.js";
import { session } from "./api.js";
import { route, withQuery } from "./router.js";
import { useSource } from "./source.js";
import { CopyBox, Notice, SignInNeeded, useTitle } from "./parts.js";
import { Trend } from "./trend.js";
import { count, many, moment } from "./format.js";
import { logTitle } from "./words.js";
import { Figure, Name, grave, modeWord, part, repositoryPath, scanPath } from "./scan-words.js";

const EVERY_MS = 5000;
const PAGE = 100;
const DRAWN = 1000;

const keyOf = (x) => [x.repository, x.log, x.mode].join("\n");

export function FirstScan() {
  return html`<section class="first"><h2>No scan is recorded yet</h2>
    <p>In the folder of a repository, on this machine:</p>
    <${CopyBox} text="custos scan . --record" />
    <p class="small quiet">It scans as always, and hands the result to this Custos: counts by type, and keyed hashes that tell a new finding from an old one. No value and no path is sent. Each further scan of the same repository says what is new, what is gone and what is still there.</p></section>`;
}

function Repositories({ items, chosen }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Repositories"><table class="stack list">
    <caption class="vh">Repositories, the one scanned last first</caption>
    <thead><tr><th scope="col">Repository</th><th scope="col">Scanned</th><th scope="col">Log</th><th scope="col">Latest, UTC</th><th scope="col" class="num">Findings</th><th scope="col" class="num">Critical, high</th><th scope="col" class="num">New</th><th scope="col" class="num">Gone</th><th scope="col" class="num">Scans</th></tr></thead>
    <tbody>${items.map((x) => html`<tr key=${keyOf(x)} class=${x === chosen ? "current" : ""}>
      <td data-l="Repository"><a class="rowlink breakable" href=${repositoryPath(x)} aria-current=${x === chosen ? "true" : null}><${Name} of=${x.repository} /></a></td>
      <td class="nowrap" data-l="Scanned">${modeWord(x.mode)}</td><td class="nowrap" data-l="Log">${logTitle(x.log)}</td>
      <td class="nowrap" data-l="Latest">${moment(x.latest.at).replace(" UTC", "")}</td>
      <td class="num" data-l="Findings"><${Figure} scan=${x.latest}>${count(x.latest.findings)}<//></td>
      <td class="num" data-l="Critical, high"><${Figure} scan=${x.latest}>${count(grave(x.latest))}<//></td>
      <td class="num nowrap" data-l="New"><${Figure} scan=${x.latest}>${part(x.latest, "new")}<//></td>
      <td class="num nowrap" data-l="Gone"><${Figure} scan=${x.latest}>${part(x.latest, "gone")}<//></td>
      <td class="num" data-l="Scans">${count(x.scans)}</td></tr>`)}</tbody></table></div>`;
}

const left = (scan) => (scan.not_scanned?.unreadable ?? 0);

function Scans({ rows }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Scans"><table class="stack list">
    <caption class="vh">Scans of this repository, newest first</caption>
    <thead><tr><th scope="col">When, UTC</th><th scope="col">Commit</th><th scope="col" class="num">Files</th><th scope="col" class="num">Unreadable</th><th scope="col" class="num">Findings</th><th scope="col" class="num">New</th><th scope="col" class="num">Gone</th><th scope="col" class="num">Still there</th><th scope="col" class="num">Entry</th></tr></thead>
    <tbody>${rows.map((x) => html`<tr key=${x.id}>
      <td class="nowrap" data-l="When"><a class="rowlink" href=${scanPath(x)}>${moment(x.at).replace(" UTC", "")}</a></td>
      <td class="mono nowrap" data-l="Commit" title=${x.commit}>${x.commit ? x.commit.slice(0, 10) : "–"}</td>
      <td class="num" data-l="Files">${count(x.files)}</td><td class="num" data-l="Unreadable">${count(left(x))}</td>
      <td class="num" data-l="Findings"><${Figure} scan=${x}>${count(x.findings)}<//></td>
      <td class="num nowrap" data-l="New"><${Figure} scan=${x}>${part(x, "new")}<//></td>
      <td class="num nowrap" data-l="Gone"><${Figure} scan=${x}>${part(x, "gone")}<//></td>
      <td class="num nowrap" data-l="Still there"><${Figure} scan=${x}>${part(x, "still")}<//></td>
      <td class="num" data-l="Entry"><a class="fig mono" href=${scanPath(x)}>${count(x.index)}</a></td></tr>`)}</tbody></table></div>`;
}

function addressOf(x, limit, cursor) {
  const query = new URLSearchParams({ repository: x.repository, log: x.log, mode: x.mode, limit: String(limit) });
  if (cursor) query.set("cursor", cursor);
  return `/api/v1/scans?${query}`;
}

function Pager({ page, from }) {
  return html`<div class="rowhead"><p class="small quiet">${count(from)}–${count(from + page.items.length - 1)} of ${count(page.total)}</p><nav class="pager" aria-label="Pages of scans">
    ${from > 1 && html`<a class="btn" href=${withQuery({ cursor: null, from: null })}>Newest</a>`}
    ${page.next_cursor && page.total > PAGE && html`<a class="btn" href=${withQuery({ cursor: page.next_cursor, from: String(from + PAGE) })}>Older</a>`}</nav></div>`;
}

function OverTime({ x }) {
  const seen = useSource(addressOf(x, DRAWN), EVERY_MS);
  const drawn = seen.current || seen.data?.items?.[0]?.repository === x.repository ? seen.data : null;
  const series = x.mode === "tree" || x.mode === "history";
  return html`<section class="row"><header class="gloss"><h2><${Name} of=${x.repository} /></h2><p>${modeWord(x.mode)}, ${logTitle(x.log)}.</p>${series && html`<p>New, gone and still there count different values. A moved file changes nothing.</p>`}</header><div class="body">
    <${Notice} seen=${seen} />${drawn && html`<${Trend} key=${keyOf(x)} scans=${drawn.items} total=${drawn.total} />`}</div></section>`;
}

function ScanList({ x }) {
  const query = route.value.query;
  const seen = useSource(addressOf(x, PAGE, query.get("cursor")), EVERY_MS);
  const from = Number(query.get("from")) || 1;
  return html`<section class="row"><header class="gloss"><h2>Scans</h2><p>Each is one entry of the log. Open one for its proof.</p></header><div class="body">
    <${Notice} seen=${seen} />${seen.data?.items?.length > 0 && html`<${Scans} rows=${seen.data.items} /><${Pager} page=${seen.data} from=${from} />`}
    <p class="limit">A scan shows what its rules found in what it was given. It says nothing about files that were left out (<code>.gitignore</code>, binary, unreadable), and nothing about repositories that nobody scanned.</p></div></section>`;
}

function Places() {
  const seen = useSource("/api/v1/repositories?limit=1000", EVERY_MS);
  const items = seen.data?.items;
  if (!items) return html`<${Notice} seen=${seen} />`;
  if (items.length === 0) return html`<${Notice} seen=${seen} /><div class="sheet pad"><${FirstScan} /></div>`;
  const query = route.value.query;
  const asked = ["repository", "log", "mode"].map((name) => query.get(name) ?? "").join("\n");
  const chosen = items.find((x) => keyOf(x) === asked) ?? (query.get("repository") ? null : items[0]);
  return html`<${Notice} seen=${seen} /><div class="paper">
    <section class="row"><header class="gloss"><h2>${many(items.length, "series", "series")}</h2><p>One for each repository, kind of scan and log; the latest scan of each.</p></header><div class="body"><${Repositories} items=${items} chosen=${chosen} /></div></section>
    ${chosen ? html`<${OverTime} key=${keyOf(chosen)} x=${chosen} /><${ScanList} key=${`list ${keyOf(chosen)}`} x=${chosen} />` : html`<section class="row"><header class="gloss"><h2>Not there</h2></header><div class="body"><p>No scan of this repository, kind and log is recorded. <a href="/findings">Show the latest</a></p></div></section>`}</div>`;
}

export function Exposure() {
  useTitle("Findings");
  return html`<div class="head"><div><h1 tabindex="-1">What scans found</h1><p class="lede">Secrets and personal data in repositories, over time. The log holds counts and keyed hashes; values and paths stay where the scan ran.</p></div></div><${Registers} here="Exposure" />
    ${session.value === null ? html`<${SignInNeeded} what="What scans found" />` : session.value && html`<${Places} />`}`;
}
