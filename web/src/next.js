// What changed lately and what is next, from what exists: routes, keys, criteria, probes, the log.
import { html } from "./html.js";
import { session } from "./api.js";
import { useSource } from "./source.js";
import { Notice } from "./parts.js";
import { useCriteria } from "./checklist.js";
import { count, day, many, moment } from "./format.js";
import { VENDOR_STATES } from "./words.js";
import { labelOf } from "./explorer.js";

const SOON_DAYS = 30;
const DAY_MS = 86400000;
const SLOW_MS = 15000;

const days = (at) => Math.ceil((Date.parse(at) - Date.now()) / DAY_MS);

// Each item: how urgent (0 first), a state with its shape, what, and where to go.
function ofRoutes(routes) {
  return (routes ?? []).filter((r) => !r.builtin).flatMap((r) => {
    const to = `/registers/routes#${r.name}`;
    if (!r.open) return [{ rank: 1, cls: "not", when: "now", what: html`Route to <b>${r.name}</b> is closed: ${VENDOR_STATES[r.state] ?? r.state}. Its requests are refused.`, to, act: "Open the route" }];
    if (r.until && days(r.until) <= SOON_DAYS) return [{ rank: 2, cls: "partly", when: many(Math.max(days(r.until), 0), "day"), what: html`The assessment of <b>${r.name}</b> ends on ${day(Date.parse(r.until) - 1)}; its traffic ends with it.`, to, act: "Open the route" }];
    return [];
  });
}

function ofKeys(keys) {
  const ending = (keys ?? []).filter((k) => !k.revoked && !k.expired && k.expires && days(k.expires) <= 14);
  return ending.length ? [{ rank: 2, cls: "partly", when: "14 days", what: `${many(ending.length, "key")} end within two weeks.`, to: "/registers/keys", act: "Open the keys" }] : [];
}

function ofStatus(s) {
  const items = [];
  if (!s) return items;
  if (s.trouble) items.push({ rank: 0, cls: "not", when: "now", what: s.trouble, to: "/log", act: "Open the log" });
  if (s.spool?.space === false) items.push({ rank: 0, cls: "not", when: "now", what: "No space for evidence: requests are refused until it returns.", to: "/log", act: "Open the log" });
  if (s.bundle?.refused) items.push({ rank: 0, cls: "not", when: "now", what: `A worker refused a policy bundle on ${moment(s.bundle.refused)}.`, to: "/registers/bundles", act: "Open the bundles" });
  if (s.isolation?.leak_suspected?.count > 0) items.push({ rank: 0, cls: "not", when: "now", what: `${many(s.isolation.leak_suspected.count, "suspected leak")} between tenants.`, to: "/registers/isolation", act: "Open isolation" });
  if (!s.isolation?.probes?.count) items.push({ rank: 3, cls: "nodata", when: "when you can", what: "The isolation of tenants was never probed here.", to: "/registers/isolation", act: "See how" });
  return items;
}

function ofCriteria(items) {
  const n = (code) => (items ?? []).filter((x) => x.state === code).length;
  const out = [];
  if (n("not_met")) out.push({ rank: 1, cls: "not", when: "now", what: `${many(n("not_met"), "criterion", "criteria")} not met.`, to: "/controls?state=not_met", act: "Open them" });
  if (n("no_data")) out.push({ rank: 4, cls: "nodata", when: "when you can", what: `${many(n("no_data"), "criterion", "criteria")} without data: no evidence has come in.`, to: "/controls?state=no_data", act: "Open them" });
  return out;
}

// What waits for a person in the registers: a second one to agree, somebody to answer.
const WAITING = [
  ["vendor_decision", "proposed", "vendor decision waits", "vendor decisions wait", "for a second person", "/registers/vendor_decision?state=proposed"],
  ["policy", "draft", "policy waits", "policies wait", "for a second person", "/policies"],
  ["policy", "stale", "policy speaks", "policies speak", "of a setting that has changed", "/policies"],
  ["erasure", "requested", "erasure waits", "erasures wait", "for a second person", "/privacy"],
  ["deploy", "requested", "deployment waits", "deployments wait", "for approval", "/registers/deploy?state=requested"],
  ["finding", "open", "finding is", "findings are", "open", "/registers/finding?state=open"],
  ["exception", "open", "exception has", "exceptions have", "no answer", "/registers/exception?state=open"],
  ["conflict", "open", "promise contradicts", "promises contradict", "a vendor's term", "/registers/conflict?state=open"],
];

function ofRegisters(registers) {
  return WAITING.flatMap(([name, state, one, more, rest, to]) => {
    const n = registers?.find((r) => r.name === name)?.counts[state] ?? 0;
    return n ? [{ rank: state === "stale" || name === "conflict" ? 1 : 2, cls: state === "stale" || name === "conflict" ? "not" : "partly", when: "waits", what: `${count(n)} ${n === 1 ? one : more} ${rest}.`, to, act: "Open" }] : [];
  });
}

function ofCalendar(c) {
  const late = (c?.items ?? []).filter((x) => x.overdue).length, week = (c?.items ?? []).filter((x) => !x.overdue && x.what !== "first_occurrence" && days(x.due) <= 7).length;
  return [
    ...(late ? [{ rank: 1, cls: "not", when: "overdue", what: `${many(late, "thing is", "things are")} overdue.`, to: "/work?view=calendar", act: "Open the calendar" }] : []),
    ...(week ? [{ rank: 3, cls: "partly", when: "7 days", what: `${many(week, "thing falls", "things fall")} due within a week.`, to: "/work?view=calendar", act: "Open the calendar" }] : []),
  ];
}

export function Next({ status }) {
  const registers = useSource(session.value ? "/api/v1/registers" : null, SLOW_MS);
  const calendar = useSource(session.value ? "/api/v1/calendar" : null, SLOW_MS);
  const routes = useSource(session.value ? "/api/v1/routes" : null, SLOW_MS);
  const keys = useSource(session.value ? "/api/v1/keys" : null, SLOW_MS);
  const criteria = useCriteria();
  const all = [...ofStatus(status.data), ...ofRoutes(routes.data?.items), ...ofKeys(keys.data?.items), ...ofRegisters(registers.data?.registers), ...ofCalendar(calendar.data), ...ofCriteria(criteria.data?.items)].sort((a, b) => a.rank - b.rank);
  const read = routes.data && keys.data && status.data && criteria.data;
  return html`<section class="row"><header class="gloss"><h2>What is next</h2><p>From routes, keys, criteria, probes and registers, most urgent first.</p></header><div class="body"><${Notice} seen=${routes} />
    ${read && all.length === 0 && html`<p>Nothing that this Custos knows of.</p>`}
    <ul class="next-list">${all.map((x) => html`<li key=${x.to + x.when + x.cls}><span class=${`st ${x.cls}`}><svg aria-hidden="true"><use href=${`#s-${x.cls}`} /></svg>${x.when}</span><span>${x.what} <a href=${x.to}>${x.act}</a></span></li>`)}</ul></div></section>`;
}

const CHANGES = new Set(["bundle.published", "vendor.assessed", "rules.loaded", "key.issued", "key.rotated", "key.revoked", "limit.changed", "policy.bundle_refused",
  "isolation.leak_suspected", "probe.completed", "daemon.started", "scan.completed", "access.signed_in", "upstream.down", "upstream.up"]);

export function Changed() {
  const seen = useSource(session.value ? "/api/v1/logs/org/types" : null, SLOW_MS);
  const rows = (seen.data?.items ?? []).filter((t) => CHANGES.has(t.value)).sort((a, b) => (a.last < b.last ? 1 : -1));
  return html`<section class="row"><header class="gloss"><h2>What changed</h2><p>Acts and events of the organisation, the latest first.</p><p><a href="/log?log=org&view=entries">All entries</a></p></header><div class="body"><${Notice} seen=${seen} />
    ${seen.data && rows.length === 0 && html`<p>Nothing is sealed yet.</p>`}
    ${rows.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label="What changed"><table class="stack by-type"><thead><tr><th scope="col">What</th><th scope="col">Last</th><th scope="col" class="num">In all</th></tr></thead>
      <tbody>${rows.map((t) => html`<tr key=${t.value}><td data-l="What">${labelOf(t.value)}</td><td class="nowrap" data-l="Last">${moment(t.last)}</td><td class="num" data-l="In all"><a class="fig" href=${`/log?log=org&view=entries&type=${t.value}`}>${count(t.count)}</a></td></tr>`)}</tbody></table></div>`}</div></section>`;
}
