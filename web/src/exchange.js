// One exchange: what happened, in three lanes of counts; its entries with proof; the time it took.
import EVENTS from "./event-labels.json";
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { session } from "./api.js";
import { go, route } from "./router.js";
import { useSource } from "./source.js";
import { useKeys } from "./keys.js";
import { Notice, Pills, SignInNeeded, useTitle } from "./parts.js";
import { ProofPanel } from "./proof-panel.js";
import { Stored } from "./stored.js";
import { filterQuery } from "./filters.js";
import { bytes, count, day, digest, many, moment, shortId, took } from "./format.js";
import { DECISIONS, OUTCOMES, VENDOR_STATES, decision, headline, entryPath, logTitle, sent, typeWord } from "./words.js";

const OPEN_MS = 2000;

// What was decided about the code in the request, and by which rule.
function Code({ access }) {
  const others = (access.files ?? []).filter((f) => f.act !== "allow");
  return html`<div><dt>Code</dt><dd>${access.class}<small>${access.repo_name || "repository not described"}</small><small>rule <span class="mono">${access.rule}</span></small>
    ${others.map((f) => html`<small key=${f.rule + f.entry}>${many(f.count, "file")} of class ${f.class} ${f.act === "cut" ? "cut" : "refused"}, rule <span class="mono">${f.rule}</span></small>`)}</dd></div>`;
}

function Verdict({ x }) {
  const tokens = Number.isFinite(x.output_tokens) ? `, ${count(x.output_tokens)} tokens` : "";
  const ended = Number.isFinite(x.ms_total) ? `${OUTCOMES[x.state] ?? x.state} after ${took(x.ms_total)}${tokens}` : OUTCOMES[x.state] ?? x.state;
  return html`<dl class="verdict six">
    <div><dt>Decision</dt><dd>${decision(x)}<small>${sent(x) ? "by the rules in force" : "nothing was sent"}</small></dd></div>
    <div><dt>Caller</dt><dd>${x.user || "unknown"}<small>tenant ${x.tenant}</small><small>key <span class="mono">${x.key || "–"}</span></small></dd></div>
    <div><dt>Model</dt><dd>${x.model || "–"}<small>${x.vendor}, ${VENDOR_STATES[x.vendor_state] ?? x.vendor_state}</small></dd></div>
    <div><dt>Interface</dt><dd>${x.api}<small>${x.stream ? "streamed" : "one answer"}</small></dd></div>
    ${x.access && html`<${Code} access=${x.access} />`}
    <div><dt>When</dt><dd>${moment(x.at)}<small>${ended}</small></dd></div>
  </dl>`;
}

const Lane = ({ title, size, children }) =>
  html`<section class="lane"><header><h2>${title}</h2><span class="small faint">${size}</span></header>${children}</section>`;

const bars = (a, b) => html`<div class="veil" aria-hidden="true"><i class=${a}></i><i class=${b}></i></div>`;
const POSITIONS = 40; // as many are kept with an entry

// In the order of the text: where a surrogate stands in what left, and which type it stands for.
function places(x) {
  const number = {};
  return (x.marks ?? []).map(({ at, type }) => ({ at, type, n: (number[type] = (number[type] ?? 0) + 1) }));
}

const W = ["w3", "w5", "w2", "w4"];

function Placed({ list, side }) {
  return html`<ol class="placed">${list.map((m, i) => html`<li key=${m.at}><i class=${`hide ${W[i % 4]}`} aria-hidden="true"></i>${side === "sent"
    ? html`<span class="pill raw">${typeWord(m.type)} ${m.n}</span>`
    : html`<span class="pill rep">${typeWord(m.type)} ${m.n} replaced</span><span class="small faint mono">byte ${count(m.at)}</span>`}</li>`)}</ol>`;
}

// Found, but not among what was replaced: allowed by the rules, or what the request was refused for.
function rest(x, list) {
  const left = { ...x.findings };
  for (const m of list) if (left[m.type]) left[m.type] -= 1;
  return Object.fromEntries(Object.entries(left).filter(([, n]) => n > 0));
}

function Sent({ x, list }) {
  const found = Object.values(x.findings ?? {}).reduce((sum, n) => sum + n, 0);
  const others = list.length < POSITIONS ? rest(x, list) : {};
  return html`<${Lane} title="What the client sent" size=${found ? many(found, "finding") : "no finding"}>
    <div class="msg">${list.length ? html`<${Placed} list=${list} side="sent" />` : html`${bars("w4", "w3")}<div class="veil"><${Pills} findings=${x.findings} /></div>${bars("w6", "w2")}`}
    ${list.length > 0 && Object.keys(others).length > 0 && html`<p class="small quiet">Found as well: <${Pills} findings=${others} /></p>`}</div><//>`;
}

function Left({ x, list }) {
  const left = sent(x);
  return html`<${Lane} title="What left" size=${left ? bytes(x.body_bytes) : "nothing"}>
    <div class="msg">${!left && html`<p><span class="pill bad">the request stopped here</span></p><p class="small quiet">The client got an error in its own format that names the reason${x.status ? ` (${x.status})` : ""}.</p>`}
      ${left && list.length > 0 && html`<${Placed} list=${list} side="left" />`}
      ${left && list.length === 0 && html`${bars("w4", "w3")}<div class="veil">${x.replaced > 0 ? html`<span class="pill rep">${many(x.replaced, "value")} replaced by surrogates</span>` : html`<span class="faint">nothing to replace</span>`}</div>${bars("w6", "w2")}`}
      ${left && x.replaced > list.length && list.length > 0 && html`<p class="small quiet">${many(x.replaced - list.length, "more place")} replaced; the entry keeps the first ${count(POSITIONS)} places.</p>`}
      ${left && x.access?.cut > 0 && html`<p class="small quiet">${many(x.access.cut, "place")} cut out by a rule about code; a note stands there.</p>`}
      ${left && x.access?.pseudonyms > 0 && html`<p class="small quiet">${many(x.access.pseudonyms, "name")} that would identify the caller replaced by the tenant's own.</p>`}</div><//>`;
}

const stopped = (g) => g.blocked + g.held;
const FOLLOWED = { passed: ["plain", "passed on"], noted: ["raw", "passed on, noted"], held: ["bad", "held, did not run"], blocked: ["bad", "blocked, did not run"] };

function Judged({ g }) {
  return html`<p class="small quiet">${many(g.calls, "call")} of tools${stopped(g) ? "" : ", all passed on"}.</p>
    ${stopped(g) > 0 && html`<p><span class="pill bad">${many(stopped(g), "call")} did not reach the client</span></p><p class="small quiet">A text stands there that says which rule, and why.</p>`}`;
}

// What the model asked the client to do, as the rules for commands saw it. The text itself is kept nowhere.
function Calls({ x }) {
  const g = x.guard;
  if (!g) return null;
  return html`<section class="row"><header class="gloss"><h2>Calls of tools</h2><p>Judged before the client had them, with the values that it would have used.</p></header><div class="body">
    <p><b>${many(g.calls, "call")}</b>: ${count(g.blocked)} blocked, ${count(g.held)} held, ${count(g.noted)} noted, the rest passed on. ${g.verdicts.length === 0 ? "No rule fired." : ""}</p>
    ${g.verdicts.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label="Verdicts about calls"><table class="stack"><thead><tr><th scope="col">Call</th><th scope="col">Tool</th><th scope="col">What</th><th scope="col">Rule</th><th scope="col">Says</th><th scope="col">What followed</th><th scope="col">Where</th></tr></thead>
      <tbody>${g.verdicts.map((v, i) => html`<tr key=${i}><td data-l="Call">${v.call ? count(v.call) : "in the text"}</td><td class="mono" data-l="Tool">${v.tool || "–"}</td><td data-l="What">${v.kind}${v.lang ? html` <span class="faint">${v.lang}</span>` : ""}</td>
        <td data-l="Rule"><span class="mono">${v.rule}</span> <span class="faint">${v.tier}</span></td><td data-l="Says">${v.decision}</td><td data-l="What followed"><span class=${`pill ${FOLLOWED[v.action][0]}`}>${FOLLOWED[v.action][1]}</span></td><td class="nowrap" data-l="Where">bytes ${count(v.start)} to ${count(v.end)}</td></tr>`)}</tbody></table></div>
      <p class="small quiet">The text of a call is not kept. Its entry holds a keyed hash; who has the answer can have it judged again:</p><pre class="codebox" tabindex="0">custos inspect --replay ${x.id} ${"<"} answer</pre>`}
    <dl class="facts">${g.packs.map((p) => html`<dt key=${p.tier}>Rules, ${p.tier}</dt><dd class="mono" title=${p.digest}>${digest(p.digest)}</dd>`)}<dt>Time</dt><dd>${took(g.us / 1000)} of processor time</dd></dl></div></section>`;
}

function Back({ x }) {
  const left = sent(x);
  return html`<${Lane} title="What came back" size=${Number.isFinite(x.answer_bytes) ? bytes(x.answer_bytes) : OUTCOMES[x.state] ?? x.state}>
    <div class="msg">${Number.isFinite(x.answer_bytes) && left
      ? html`${bars("w5", "w3")}<div class="veil">${x.restored > 0 ? html`<span class="pill back">${many(x.restored, "value")} put back</span>` : html`<span class="faint">nothing to put back</span>`}</div>${bars("w6", "w1")}
        ${x.guard ? html`<${Judged} g=${x.guard} />` : x.tool_calls > 0 && html`<p class="small quiet">${many(x.tool_calls, "call")} of tools.</p>`}`
      : html`<p class="small quiet">${left ? (x.state === "open" ? "The answer is still on its way." : "No complete answer.") : "There was nothing to answer."}</p>`}</div><//>`;
}

function Lanes({ x }) {
  const list = places(x);
  return html`<div class="lanes"><${Sent} x=${x} list=${list} /><${Left} x=${x} list=${list} /><${Back} x=${x} /></div>
  <p class="key"><span><span class="pill raw">found</span> a value the rules found</span><span><span class="pill rep">replaced</span> its surrogate left instead</span><span><span class="pill back">put back</span> for the client</span><span>Bars stand for text. Values are never shown here, and neither is how long they were.</span></p>`;
}

function Explained({ x }) {
  const seen = useSource(x.access ? `/api/v1/verdicts/${encodeURIComponent(x.id)}` : null);
  const command = html`<pre class="codebox" tabindex="0">custos policy explain ${x.id}</pre>`;
  const e = seen.data;
  return html`<section class="row"><header class="gloss"><h2>Why</h2><p>Which rule decided about the code in it, worked out again just now from the record and the policy bundle of that time.</p></header><div class="body">
    ${!x.access && html`<p>${sent(x) ? "This entry records no verdict about code." : html`It was refused before its code was looked at: <b>${DECISIONS[x.decision] ?? x.decision}</b>.`}</p>`}
    ${x.access && seen.failed && html`<p>${seen.failed.message}</p>`}${x.access && !seen.failed && !e && html`<p class="quiet">Working it out …</p>`}
    ${e && html`<p>${e.agrees ? html`<span class="st met"><svg aria-hidden="true"><use href="#s-met" /></svg>comes out the same</span>` : html`<span class="st not"><svg aria-hidden="true"><use href="#s-not" /></svg>comes out differently</span>`} with bundle ${count(e.version)}.</p>
      <div class="scroll" tabindex="0" role="region" aria-label="Verdicts"><table class="stack"><thead><tr><th scope="col">About</th><th scope="col">Class</th><th scope="col">Rule</th><th scope="col">Recorded</th><th scope="col">Again</th></tr></thead>
      <tbody>${e.verdicts.map((v, i) => html`<tr key=${i}><td data-l="About">${v.about === "files" ? many(v.count ?? 1, "file") : "the conversation"}${v.entry ? html` <span class="faint mono">entry ${v.entry}</span>` : ""}</td><td data-l="Class"><a class="fig" href=${`/exchanges?class=${v.class}`}>${v.class}</a></td><td class="mono" data-l="Rule"><a class="fig" href=${`/registers/classes#rule-${v.rule}`}>${v.rule}</a></td><td data-l="Recorded">${v.act}</td><td data-l="Again">${v.agrees ? "the same" : `${v.act_now}, rule ${v.rule_now}`}</td></tr>`)}</tbody></table></div>`}
    ${x.access && html`<h3 class="apart">The same on this machine</h3>${command}`}</div></section>`;
}

function Vendor({ x }) {
  const a = x.assessment;
  return html`<section class="row"><header class="gloss"><h2>Vendor</h2><p>What was known of it when this was decided.</p></header><div class="body"><dl class="facts">
    <dt>Vendor</dt><dd>${x.vendor ? html`<a href=${`/registers/routes#${x.vendor}`}>${x.vendor}</a>` : "none was reached"}</dd>
    ${x.vendor_state && html`<dt>State then</dt><dd>${VENDOR_STATES[x.vendor_state] ?? x.vendor_state}</dd>`}
    ${x.plan && html`<dt>Plan</dt><dd>${x.plan}</dd>`}${x.profile && html`<dt>Profile</dt><dd>${x.profile}</dd>`}
    <dt>Assessment</dt><dd>${a ? html`${a.body.decision} by ${a.body.by}${a.body.until ? `, until ${day(a.body.until)}` : ""}, <a class="fig" href=${entryPath(a.log, a.index)}>entry ${count(a.index)}</a> of ${moment(a.at)}` : "no entry of one before this exchange"}</dd>
    ${x.bundle && html`<dt>Bundle</dt><dd class="mono" title=${x.bundle}><a class="fig" href=${`/registers/bundles#${x.bundle}`}>${digest(x.bundle)}</a></dd>`}
    ${x.rules && html`<dt>Detection rules</dt><dd class="mono" title=${x.rules}>${digest(x.rules)}</dd>`}</dl></div></section>`;
}

function Entries({ x }) {
  const entries = x.entries ?? [];
  const [picked, setPicked] = useState(0);
  const shown = entries[Math.min(picked, entries.length - 1)];
  const gloss = sent(x) ? "The first entry was durable before the first byte went out." : "The refusal itself is an entry.";
  return html`<section class="row"><header class="gloss"><h2>${entries.length === 2 ? "Two entries" : many(entries.length, "entry", "entries")}</h2><p>${gloss}</p></header><div class="body">
    ${entries.length === 0 && html`<p>Durable on disk, not yet in a signed checkpoint. This takes a second or two.</p>`}
    ${entries.length > 0 && html`<div class="side"><div><div class="scroll" tabindex="0" role="region" aria-label="Entries"><table class="stack">
      <thead><tr><th scope="col">Entry</th><th scope="col">Log</th><th scope="col">Type</th><th scope="col">Says</th></tr></thead>
      <tbody>${entries.map((e, i) => html`<tr key=${e.log + e.index} class=${e === shown ? "current" : ""}>
        <td class="nowrap" data-l="Entry"><button type="button" class="plainly link mono" aria-pressed=${e === shown ? "true" : "false"} onClick=${() => setPicked(i)}>${count(e.index)}</button></td>
        <td class="nowrap" data-l="Log">${logTitle(e.log)}</td><td class="mono" data-l="Type">${e.type}</td><td data-l="Says">${EVENTS[e.type]?.means ?? ""}</td></tr>`)}</tbody></table></div></div>
      <div class="proofs"><${ProofPanel} log=${shown.log} index=${shown.index} /></div></div>`}
  </div></section>`;
}

// One bar: the whole is the time before egress (or in all), its parts are labelled in words below.
function Bar({ parts, label }) {
  const whole = parts.reduce((sum, part) => sum + part.ms, 0);
  if (!(whole > 0)) return null;
  let x = 0;
  return html`<svg class="bar" viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label=${label}>${parts.map((part) => {
    const width = (part.ms / whole) * 1000;
    x += width;
    return html`<rect key=${part.name} class=${part.cls} x=${(x - width).toFixed(1)} y="2" width=${Math.max(width - 2, 0).toFixed(1)} height="16" />`;
  })}</svg>
  <p class="key">${parts.map((part) => html`<span key=${part.name}><svg viewBox="0 0 12 12" aria-hidden="true"><rect class=${part.cls} width="12" height="12" /></svg>${part.name} ${took(part.ms)}</span>`)}</p>`;
}

function Times({ x }) {
  const scan = Number.isFinite(x.scan_us) ? x.scan_us / 1000 : 0;
  const gate = Number.isFinite(x.ms_gate) ? x.ms_gate : null;
  if (gate === null) return null;
  const before = [{ name: "scan", cls: "f-met", ms: Math.min(scan, gate) }, { name: "read, decide and seal", cls: "f-pen", ms: Math.max(gate - scan, 0) }];
  const after = Number.isFinite(x.ms_total) ? Math.max(x.ms_total - gate, 0) : null;
  return html`<section class="row"><header class="gloss"><h2>Time spent</h2><p>From the first byte we read to the first byte that left.</p></header><div class="body">
    ${x.tries?.length > 0 && html`<p>${many(x.tries.length, "try", "tries")}: ${x.tries.map((t, i) => html`${i ? ", then " : ""}upstream ${count(t.upstream)} ${t.answered ? "answered" : t.sent_bytes > 0 ? `broke off after ${bytes(t.sent_bytes)}` : "was not reached"}`)}.</p>`}
    <p><b>${took(gate)}</b> before egress${after !== null ? `, then ${took(after)} for the provider and its answer` : ""}.</p>
    <${Bar} parts=${before} label=${`${took(gate)} before egress, of which ${took(scan)} scanning`} /></div></section>`;
}

function Steps({ x }) {
  const to = (id) => id && `/exchanges/${encodeURIComponent(id)}${filterQuery(route.value.query)}`;
  const older = to(x?.neighbours?.older);
  const newer = to(x?.neighbours?.newer);
  useKeys({ j: () => (older ? go(older) : false), k: () => (newer ? go(newer) : false) });
  return html`<div class="acts">${older && html`<a class="btn quietly" href=${older}>Older <kbd>J</kbd></a>`}${newer && html`<a class="btn quietly" href=${newer}>Newer <kbd>K</kbd></a>`}<button type="button" class="btn" onClick=${() => print()}>Print</button></div>`;
}

function sentence(x) {
  const found = Object.entries(x.findings ?? {}).map(([type, n]) => `${typeWord(type)}${n > 1 ? ` (${count(n)})` : ""}`);
  const what = found.length ? ` Found: ${found.join(", ")}.` : " Nothing was found in it.";
  return `${x.user || "Somebody"} asked ${x.vendor || "no vendor"} for ${x.model || "a model"}.${what}`;
}

export function Exchange({ id }) {
  useTitle(`Exchange ${shortId(id)}`);
  const [every, setEvery] = useState(OPEN_MS);
  const seen = useSource(session.value ? `/api/v1/exchanges/${encodeURIComponent(id)}${filterQuery(route.value.query)}` : null, every);
  const x = seen.data;
  const done = Boolean(x) && x.state !== "open" && (x.entries?.length ?? 0) >= (sent(x) ? 2 : 1);
  if (done && every) setEvery(0);
  const missing = seen.failed?.status === 404;
  return html`<p class="crumbs"><a href=${`/exchanges${filterQuery(route.value.query)}`}>Exchanges</a><span class="mono">${shortId(id)}</span></p>
    <div class="head"><div><h1 tabindex="-1">${x ? headline(x) : missing ? "No such exchange" : "Exchange"}</h1>
      ${x && html`<p class="lede">${sentence(x)}</p>`}${missing && html`<p class="lede">No entry with this id is in the log. It may be too new: an exchange shows about a second after it was sealed.</p>`}</div><${Steps} x=${x} /></div>
    ${session.value === null ? html`<${SignInNeeded} what="One exchange" />` : !missing && html`<${Notice} seen=${seen} />`}
    ${x && html`<${Verdict} x=${x} /><${Lanes} x=${x} /><div class="paper"><${Calls} x=${x} /><${Explained} x=${x} /><${Vendor} x=${x} /><${Stored} x=${x} /><${Entries} x=${x} /><${Times} x=${x} /></div>`}`;
}
