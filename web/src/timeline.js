// The way to a report, drawn: milestones on their days, what is reached and what proves it, what is late; and the map of
// operation, a row a control and a column a day. Pictures are SVG with words; sizes are attributes, as no style is allowed.
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { Registers } from "./registers.js";
import { session } from "./api.js";
import { route, withQuery } from "./router.js";
import { useSource } from "./source.js";
import { Notice, SignInNeeded, State, useTitle } from "./parts.js";
import { count, day, many } from "./format.js";
import { StepForm } from "./step-form.js";

const EVERY_MS = 10000;
const ROW = 22, LEFT = 330, WIDTH = 1160, PLOT = WIDTH - LEFT - 16, HEAD = 34, DAY = 86400000;
const date = (t) => day(new Date(t));

// Months along the top, not more than fit.
function months(from, to) {
  const list = [], at = new Date(from);
  at.setUTCDate(1);
  for (at.setUTCHours(0, 0, 0, 0); at <= to; at.setUTCMonth(at.getUTCMonth() + 1)) if (at >= from) list.push(new Date(at));
  const every = Math.ceil(list.length / 9);
  return list.filter((_, i) => i % every === 0);
}

const short = (text, n) => (text.length > n ? `${text.slice(0, n - 1)}…` : text);
const say = (m) => `${m.id} ${m.title}: ${m.reached ? `reached ${date(m.reached)}` : `planned ${date(m.date)}${m.late_days > 0 ? `, forecast ${date(m.forecast)}` : ""}`}`;

function Gantt({ plan }) {
  const from = Date.parse(plan.start), to = Math.max(Date.parse(plan.report), Date.parse(plan.forecast_report)) + 14 * DAY;
  const x = (t) => LEFT + ((Date.parse(t) - from) / (to - from)) * PLOT;
  const rows = plan.phases.flatMap((p) => [{ phase: p }, ...plan.milestones.filter((m) => m.phase === p.id).map((m) => ({ m }))]);
  const height = HEAD + rows.length * ROW + 6, now = Date.parse(plan.now);
  return html`<div class="sheet"><div class="scroll" tabindex="0" role="region" aria-label="Timeline, drawn"><svg class="trend gantt" width=${WIDTH} height=${height} viewBox=${`0 0 ${WIDTH} ${height}`} role="img" aria-label=${`From ${date(plan.start)} to the report on ${date(plan.report)}; the same as a table below`}>
    <rect class="g-window" x=${x(plan.from)} y=${HEAD - 4} width=${Math.max(2, x(plan.to) - x(plan.from))} height=${height - HEAD} />
    ${months(from, to).filter((d) => x(d.toISOString()) < WIDTH - 60).map((d) => html`<g key=${+d}><path class="t-rule" d=${`M${x(d.toISOString())} ${HEAD - 4}V${height}`} /><text class="t-label" x=${x(d.toISOString()) + 3} y="16">${d.toISOString().slice(0, 7)}</text></g>`)}
    ${now >= from && now <= to && html`<g><path class="g-now" d=${`M${x(plan.now)} 20V${height}`} /><text class="t-label g-today" x=${x(plan.now) + 3} y="29">today</text></g>`}
    ${rows.map(({ phase, m }, i) => {
      const y = HEAD + i * ROW;
      if (phase) return html`<g key=${phase.id}><text class="g-phase" x="4" y=${y + 15}>${phase.title}, ${phase.reached} of ${phase.milestones}</text><rect class="g-span" x=${x(phase.from)} y=${y + 8} width=${Math.max(2, x(phase.to) - x(phase.from))} height="6" /></g>`;
      const at = x(m.date), mid = y + 11;
      return html`<g key=${m.id}><title>${say(m)}</title><text class="t-label" x="16" y=${y + 15}>${m.id} ${short(m.title, 42)}</text>
        ${!m.reached && m.late_days > 0 && html`<path class="g-late" d=${`M${at} ${mid}H${x(m.forecast)}m-5 -4l5 4l-5 4`} />`}
        ${m.reached ? html`<path class="m-met" d=${`M${x(m.reached)} ${mid - 7}l7 7l-7 7l-7 -7z`} />` : html`<path class="g-plan" d=${`M${at} ${mid - 6}l6 6l-6 6l-6 -6z`} />`}</g>`;
    })}</svg></div></div>
    <p class="small quiet"><svg class="g-key" viewBox="0 0 14 14" aria-hidden="true"><path class="m-met" d="M7 0l7 7l-7 7l-7 -7z" /></svg> reached, <svg class="g-key" viewBox="0 0 14 14" aria-hidden="true"><path class="g-plan" d="M7 1l6 6l-6 6l-6 -6z" /></svg> planned, an arrow to where it will be at the pace so far; the shaded days are the observation window.</p>`;
}

function Proof({ m }) {
  if (!m.proof) return html`<span class="faint">a draft proves nothing</span>`;
  return html`<ul class="plain small">${m.proof.map((p, i) => html`<li key=${i}>${p.holds ? "✓" : "·"} ${p.what} <span class="faint">(${p.found})</span></li>`)}</ul>`;
}

function Milestones({ plan }) {
  return html`<div class="sheet"><div class="scroll" tabindex="0" role="region" aria-label="Milestones"><table class="stack list"><caption class="vh">Milestones in their order</caption>
    <thead><tr><th scope="col">Milestone</th><th scope="col">Day</th><th scope="col">State</th><th scope="col">Proven by</th><th scope="col">Who</th></tr></thead>
    <tbody>${plan.milestones.map((m) => html`<tr key=${m.id}><td data-l="Milestone"><b>${m.id}</b> ${m.title}<div class="small quiet">${m.deliverable}${m.needs.length > 0 && `; needs ${m.needs.join(", ")}`}</div></td>
      <td class="nowrap" data-l="Day">${date(m.date)}${m.date !== m.planned && html`<div class="small quiet">planned ${date(m.planned)}</div>`}</td>
      <td class="nowrap" data-l="State">${m.reached ? html`<${State} code="met" /> <span class="small">reached ${date(m.reached)}</span>` : m.late_days > 0 ? html`<span class="refusal">${many(m.late_days, "day")} late</span>` : html`<span class="quiet">to come</span>`}</td>
      <td data-l="Proven by"><${Proof} m=${m} /></td><td data-l="Who">${m.owner_role}</td></tr>`)}</tbody></table></div></div>`;
}

// What may be done with the plan, as the registry of steps says.
function Steps({ record, start, onDone }) {
  const registers = useSource(session.value ? "/api/v1/registers" : null);
  const [step, setStep] = useState(null);
  const reg = registers.data?.registers.find((r) => r.name === "engagement");
  const role = session.value?.role;
  const may = (s) => s.roles.includes(role) && (record ? s.from.includes(record.state) : s.opens);
  const steps = reg?.steps.filter(may) ?? [];
  return html`<div class="acts2 below">${steps.map((s) => html`<button key=${s.type} type="button" class="btn small" aria-pressed=${step === s} onClick=${() => setStep(s)}>${s.act}</button>`)}${record && html`<a class="btn small" href=${`/registers/engagement/${record.id}`}>History and proof</a>`}</div>
    ${step && html`<${StepForm} reg=${reg} step=${step} record=${record} start=${start} onDone=${() => { setStep(null); onDone(); }} onCancel=${() => setStep(null)} />`}`;
}

// Before anything is planned: what it would come to if one began today.
function Draft({ onDone }) {
  const [months, setMonths] = useState("6");
  const [pace, setPace] = useState("standard");
  const start = new Date().toISOString().slice(0, 10);
  const seen = useSource(`/api/v1/timeline?${new URLSearchParams({ start, months, pace })}`);
  const plan = seen.data;
  return html`<p class="lede">No report is planned yet. ${plan && html`Begun today, with a window of <b>${many(Number(months), "month")}</b>, the report is there on <b>${date(plan.report)}</b>.`}</p>
    <div class="fields below"><label class="field"><span>Window</span><select value=${months} onChange=${(e) => setMonths(e.currentTarget.value)}>${["3", "6", "9", "12"].map((n) => html`<option key=${n} value=${n}>${n} months</option>`)}</select></label>
      <label class="field"><span>Pace of the preparation</span><select value=${pace} onChange=${(e) => setPace(e.currentTarget.value)}><option value="standard">standard</option><option value="fast">fast</option></select></label></div>
    <${Steps} record=${null} start=${{ kind: "type2", months, pace, start }} onDone=${onDone} /><${Notice} seen=${seen} />
    ${plan && html`<dl class="verdict"><div><dt>Report</dt><dd>${date(plan.report)}<small>a draft, nothing is recorded</small></dd></div><div><dt>Window</dt><dd>${date(plan.from)}<small>to ${date(Date.parse(plan.to) - 1)}</small></dd></div>
      <div><dt>Preparation</dt><dd>${many(Math.round((Date.parse(plan.from) - Date.parse(plan.start)) / (7 * DAY)), "week")}<small>from today to the window</small></dd></div><div><dt>Milestones</dt><dd>${plan.milestones.length}<small>each proven by records</small></dd></div></dl><${Gantt} plan=${plan} />`}`;
}

function Plan() {
  const seen = useSource(session.value ? "/api/v1/timeline" : null, EVERY_MS);
  const plan = seen.data;
  if (seen.failed?.status === 404) return html`<${Draft} onDone=${() => seen.refresh()} />`;
  if (!plan) return html`<${Notice} seen=${seen} />`;
  return html`<${Notice} seen=${seen} /><dl class="verdict"><div><dt>Report</dt><dd>${date(plan.report)}<small>${plan.late_days > 0 ? `${many(plan.late_days, "day")} late at the pace so far: ${date(plan.forecast_report)}` : "in time at the pace so far"}</small></dd></div>
      <div><dt>Window</dt><dd>${date(plan.from)}<small>to ${date(Date.parse(plan.to) - 1)}, ${plan.engagement.state}</small></dd></div>
      <div><dt>Milestones</dt><dd>${plan.milestones.filter((m) => m.reached).length}<small>of ${plan.milestones.length} reached, each proven</small></dd></div>
      <div><dt>Pace</dt><dd>${plan.pace_percent} %<small>of the time that was planned</small></dd></div></dl>
    ${plan.late_days > 0 && html`<p class="notice" role="status"><b>The report slips by ${many(plan.late_days, "day")}.</b> Late: ${plan.milestones.filter((m) => !m.reached && Date.parse(m.date) < Date.parse(plan.now)).map((m) => `${m.id} ${m.title}`).join("; ") || "what comes after"}.</p>`}
    <${Steps} record=${plan.engagement} onDone=${() => seen.refresh()} /><${Gantt} plan=${plan} /><${Milestones} plan=${plan} />`;
}

const LETTER = { m: "met", p: "partly", n: "not_met", d: "no_data", a: "not_applicable" };
const SHAPE = {
  m: (x, y, w) => html`<rect class="h-met" x=${x} y=${y + 2} width=${w} height="14" />`,
  p: (x, y, w) => html`<rect class="h-partly" x=${x} y=${y + 9} width=${w} height="7" />`,
  n: (x, y, w) => html`<path class="h-not" d=${`M${x} ${y + 2}h${w}v14h${-w}z`} /><path class="h-cut" d=${`M${x} ${y + 2}l${w} 14`} />`,
  d: (x, y, w) => html`<path class="h-nodata" d=${`M${x} ${y + 15}h${w}`} />`,
  a: (x, y, w) => html`<path class="h-na" d=${`M${x} ${y + 9}h${w}`} />`,
};

// Days of the same state in a row are drawn as one.
function runs(text) {
  return [...text.matchAll(/(.)\1*/g)].map((m) => ({ letter: m[1], at: m.index, n: m[0].length }));
}

function words(text) {
  return Object.entries(LETTER).map(([l, code]) => [code, [...text].filter((c) => c === l).length]).filter(([, n]) => n > 0);
}

function HeatMap() {
  const seen = useSource(session.value ? "/api/v1/heat-map" : null, 60000);
  const m = seen.data;
  const w = m ? Math.max(2, Math.min(20, Math.floor(640 / m.days))) : 0;
  return html`<${Notice} seen=${seen} />${m && html`<p class="lede">The state of each control at the end of each day, ${date(m.from)} to ${date(Date.parse(m.to) - 1)}, worked out from the log as it stood then.</p>
    <p class="acts2 flush below">${Object.values(LETTER).map((code) => html`<${State} key=${code} code=${code} />`)}</p>
    <div class="sheet"><div class="scroll" tabindex="0" role="region" aria-label="Map of operation"><table class="list heat"><caption class="vh">Days of each control by state</caption><thead><tr><th scope="col">Control</th><th scope="col">Days</th><th scope="col">In words</th></tr></thead>
      <tbody>${m.items.map((k) => html`<tr key=${k.id}><th scope="row" class="nowrap"><a href=${`/controls#${k.id}`} title=${k.title}>${k.id}</a></th><td><svg width=${w * m.days} height="18" viewBox=${`0 0 ${w * m.days} 18`} aria-hidden="true">${runs(k.days).map((r) => SHAPE[r.letter](r.at * w, 0, r.n * w))}</svg></td>
        <td class="small nowrap">${words(k.days).map(([code, n]) => `${code.replace("_", " ")} ${count(n)}`).join(", ")}</td></tr>`)}</tbody></table></div></div>`}`;
}

export function Timeline() {
  useTitle("Timeline");
  const view = route.value.query.get("view") ?? "";
  const head = html`<div class="head"><div><h1 tabindex="-1">Timeline</h1><p class="lede">From the decision to the report. A milestone is reached when the records that prove it are there; nobody ticks it.</p></div><div class="acts"><button type="button" class="btn" onClick=${() => print()}>Print this page</button></div></div><${Registers} here="Timeline" />`;
  if (session.value === null) return html`${head}<${SignInNeeded} what="The timeline" />`;
  return html`${head}<nav class="registers" aria-label="View">${[["", "Plan"], ["map", "Map of operation"]].map(([v, name]) => html`<a key=${name} href=${withQuery({ view: v || null })} aria-current=${v === view ? "page" : null}>${name}</a>`)}</nav>${view === "map" ? html`<${HeatMap} />` : html`<${Plan} />`}`;
}
