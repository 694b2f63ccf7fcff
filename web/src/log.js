// The log: its entries, its heads with their signatures, and the heads that there were.
import { html } from "./html.js";
import { session } from "./api.js";
import { route } from "./router.js";
import { useSource } from "./source.js";
import { Notice, SignInNeeded, useTitle } from "./parts.js";
import { Entries, Entry } from "./explorer.js";
import { Head, History, Witnesses } from "./heads.js";
import { Usage } from "./usage.js";

const HEADS_MS = 5000;
const VIEWS = [["heads", "Heads and signatures"], ["entries", "Entries"], ["history", "Checkpoint history"]];

function asked(query, logs) {
  const log = logs.find((l) => l.name === query.get("log"));
  const text = query.get("entry") ?? "";
  return log && /^\d{1,15}$/.test(text) ? { log, index: Number(text) } : null;
}

// The fullest tenant's log, unless another is named.
function logOf(query, logs) {
  const named = logs.find((l) => l.name === query.get("log"));
  return (named ?? logs.filter((l) => l.name.startsWith("t:")).sort((a, b) => b.size - a.size)[0] ?? logs[0]).name;
}

const Views = ({ view }) => html`<nav class="registers" aria-label="Views of the log">${VIEWS.map(([code, name]) => html`<a key=${code} href=${code === "heads" ? "/log" : `/log?view=${code}`} aria-current=${code === view ? "page" : null}>${name}</a>`)}</nav>`;

function Heads({ logs }) {
  return html`<div class="paper">${logs.map((log) => html`<${Head} key=${log.name} log=${log} />`)}
    ${logs.length === 0 && html`<section class="row"><header class="gloss"><h2>No log yet</h2></header><div class="body"><p>The first entry makes the first log.</p></div></section>`}
    <${Witnesses} anchor=${logs.find((l) => l.name === "anchor")} />
    <${Usage} />
    <section class="row"><header class="gloss"><h2>Check it all</h2><p>On this machine, or on another with a copy of the directory.</p></header><div class="body"><pre class="codebox first-box" tabindex="0">custos verify --dir LOG_DIR</pre>
      <p class="limit">A head shows that the log has one past, not two. It says nothing about what was never written to it. Write down heads elsewhere, so that a later one can be held against them.</p></div></section></div>`;
}

function Whole({ view }) {
  const query = route.value.query;
  const seen = useSource("/api/v1/logs", HEADS_MS);
  const logs = seen.data?.logs;
  if (!logs) return html`<${Notice} seen=${seen} />`;
  const entry = asked(query, logs);
  if (entry) return html`<${Notice} seen=${seen} /><div class="paper"><${Entry} key=${entry.log.name + entry.index} ...${entry} /></div>`;
  return html`<${Notice} seen=${seen} />${view === "entries" && logs.length > 0 ? html`<${Entries} key=${logOf(query, logs)} log=${logOf(query, logs)} logs=${logs} />` : view === "history" ? html`<${History} />` : html`<${Heads} logs=${logs} />`}`;
}

const TITLES = { heads: ["The log and its heads", "Every entry hangs in a Merkle tree; each head below fixes all entries before it and is signed by a process that holds nothing but the key."],
  entries: ["Entries of the log", "Each is shown as it is stored, with a proof that this browser checks."],
  history: ["Heads of the past", "What each log's head was, and when."] };

export function Log() {
  const { query } = route.value;
  const view = query.get("entry") ? "entries" : TITLES[query.get("view")] ? query.get("view") : "heads";
  const [title, lede] = TITLES[view];
  useTitle(title);
  return html`<div class="head"><div><${Views} view=${view} /><h1 tabindex="-1">${title}</h1><p class="lede">${lede}</p></div><div class="acts"><button type="button" class="btn" onClick=${() => print()}>Print this page</button></div></div>
    ${session.value === null && html`<${SignInNeeded} what="The log" />`}${session.value && html`<${Whole} view=${view} />`}`;
}
