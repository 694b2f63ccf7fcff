// Routes to vendors as they are in force: what is open, until when, under which terms, and what it did.
import { html } from "./html.js";
import { session } from "./api.js";
import { Registers } from "./registers.js";
import { useSource } from "./source.js";
import { Notice, SignInNeeded, useTitle } from "./parts.js";
import { count, day, digest, many, moment } from "./format.js";
import { DECISIONS, VENDOR_STATES, entryPath } from "./words.js";

const EVERY_MS = 5000;
const DAY_MS = 86400000;
const SOON_DAYS = 30;

const HEALTH = { ready: ["met", "no failure that counts"], resting: ["not", "resting after failures"], unknown: ["nodata", "not watched"] };
// Nobody asked it anything: that is no good sign either.
const healthOf = (r, u) => (u.health === "ready" && !r.used?.some((x) => x.decision === "allow") ? ["nodata", "not asked in this time"] : HEALTH[u.health] ?? HEALTH.unknown);

function Mark({ cls, children }) {
  return html`<span class=${`st ${cls}`}><svg aria-hidden="true"><use href=${`#s-${cls}`} /></svg>${children}</span>`;
}

const daysLeft = (until) => Math.ceil((Date.parse(until) - Date.now()) / DAY_MS);

function Open({ r }) {
  if (!r.open) return html`<${Mark} cls="not">closed: ${VENDOR_STATES[r.state] ?? r.state}<//>`;
  if (r.until && daysLeft(r.until) <= SOON_DAYS) return html`<${Mark} cls="partly">open, ends in ${many(Math.max(daysLeft(r.until), 0), "day")}<//>`;
  return html`<${Mark} cls="met">open<//>`;
}

function Assessment({ r }) {
  const a = r.assessment;
  if (r.builtin) return html`<dd>none: the built-in provider never leaves this machine</dd>`;
  if (!a) return html`<dd>none is recorded${r.unassessed_allowed ? "; the configuration lets it be used nevertheless" : ""}</dd>`;
  // until is the end of its last day: the day before is what people say
  const last = r.until && day(Date.parse(r.until) - 1);
  return html`<dd>${a.body.decision} by ${a.body.by}, ${last ? `through ${last}` : "without an end"}${a.body.soc2 ? `, SOC 2: ${a.body.soc2}` : ""}; <a class="fig" href=${entryPath(a.log, a.index)}>entry ${count(a.index)}</a> of ${moment(a.at)}</dd>`;
}

const MISMATCH = { refuse: "is refused", set: "is set right", record: "is recorded and sent" };

function Refuses({ r }) {
  const said = [];
  if (!r.open) said.push("every request, until there is an assessment that is approved and in date");
  if (r.models && r.models !== "-") said.push(`models other than ${r.models} do not come this way`);
  if (r.profile === "strict") said.push("personal data and secrets: blocked, not replaced");
  if (r.terms?.retention === "none") said.push(`a request to store (store: true, background): ${MISMATCH[r.terms.mismatch]}`);
  if (r.terms?.training === "none") said.push(`a request that allows training (data_collection): ${MISMATCH[r.terms.mismatch]}`);
  if (r.pins > 0) said.push(`a server without one of ${many(r.pins, "pinned key")}`);
  if (said.length === 0) return html`<p>Nothing of its own; keys, types of findings and rules about code decide.</p>`;
  return html`<ul class="evidence">${said.map((s) => html`<li key=${s}>${s}</li>`)}</ul>`;
}

function Used({ r, from }) {
  if (!r.used) return html`<p class="quiet">It could not be read.</p>`;
  if (r.used.length === 0) return html`<p class="quiet">No request since ${moment(from)}.</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${`Decisions about ${r.name}, ${r.api}`}><table class="stack by-type"><caption class="vh">Decisions since ${moment(from)}</caption><thead><tr><th scope="col">Decision</th><th scope="col" class="num">Requests</th><th scope="col">Last</th></tr></thead>
    <tbody>${r.used.map((u) => html`<tr key=${u.decision}><td data-l="Decision">${u.decision === "allow" ? "sent" : `refused: ${DECISIONS[u.decision] ?? u.decision}`}</td><td class="num" data-l="Requests"><a class="fig" href=${`/exchanges?${new URLSearchParams({ vendor: r.name, decision: u.decision, from })}`}>${count(u.count)}</a></td><td class="nowrap" data-l="Last">${moment(u.last)}</td></tr>`)}</tbody></table></div>`;
}

function Upstreams({ r }) {
  if (r.builtin) return html`<p>On this machine.</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${`Upstreams of ${r.name}, ${r.api}`}><table class="stack by-type"><thead><tr><th scope="col">Upstream</th><th scope="col">Address</th><th scope="col">Health</th></tr></thead>
    <tbody>${r.upstreams.map((u) => {
      const [cls, word] = healthOf(r, u);
      return html`<tr key=${u.number}><td data-l="Upstream">${count(u.number)}</td><td class="mono breakable" data-l="Address">${u.host}:${u.port}</td><td data-l="Health"><${Mark} cls=${cls}>${word}<//>${u.until && html` <span class="small quiet">until ${moment(u.until)}</span>`}</td></tr>`;
    })}</tbody></table></div>${r.upstreams.length > 1 && html`<p class="small quiet">${r.balance === "session" ? "Each session stays with one of them." : "The first that answers is asked."}</p>`}`;
}

function Route({ r, first, from }) {
  return html`<section class="row" id=${first ? r.name : null}><header class="gloss"><h2>${r.name}</h2><p>speaks ${r.api}</p><p><${Open} r=${r} /></p></header><div class="body">
    <dl class="facts"><dt>Models</dt><dd class="mono">${r.models || "any that no other route takes"}</dd>
      <dt>Assessment</dt><${Assessment} r=${r} />
      <dt>Plan</dt><dd>${r.plan ? html`${r.plan}${r.terms && html`: training ${r.terms.training}, retention ${r.terms.retention}`}` : "none named, so no terms are held against requests"}</dd>
      <dt>Profile</dt><dd>${r.profile}</dd>
      ${r.own_credentials.length > 0 && html`<dt>Own credentials</dt><dd>of ${r.own_credentials.join(", ")}</dd>`}</dl>
    <h3 class="apart">What this route refuses</h3><${Refuses} r=${r} />
    <h3 class="apart">Upstreams</h3><${Upstreams} r=${r} />
    <h3 class="apart">What it did since ${day(from)}</h3><${Used} r=${r} from=${from} /></div></section>`;
}

function List() {
  const seen = useSource("/api/v1/routes", EVERY_MS);
  if (!seen.data) return html`<${Notice} seen=${seen} />`;
  const { bundle, items } = seen.data;
  const shut = items.filter((r) => !r.open).length;
  return html`<${Notice} seen=${seen} />
    <p class="lead">${many(items.length, "route")}, ${shut ? `${count(shut)} closed` : "all open"}. From bundle <a class="fig" href=${`/registers/bundles#${bundle.digest}`}>${count(bundle.version)}</a>, <span class="mono" title=${bundle.digest}>${digest(bundle.digest)}</span>, of ${moment(bundle.made)}.</p>
    <div class="paper apart">${items.map((r, i) => html`<${Route} key=${r.name + r.api} r=${r} first=${items.findIndex((x) => x.name === r.name) === i} from=${bundle.from} />`)}</div>
    <p class="limit">Health is what this gateway met, not what a vendor says of itself. An assessment is what a person wrote into the configuration; whether it was right is not shown here.</p>`;
}

export function Routes() {
  useTitle("Routes");
  return html`<div class="head"><div><h1 tabindex="-1">Ways to vendors</h1><p class="lede">A route is open only while its vendor's assessment is approved and in date.</p></div><div class="acts"><button type="button" class="btn" onClick=${() => print()}>Print this page</button></div></div><${Registers} here="Routes" />
    ${session.value === null && html`<${SignInNeeded} what="The routes" />`}${session.value && html`<${List} />`}`;
}
