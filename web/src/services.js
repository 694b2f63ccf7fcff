// Service levels: the figure, what it is counted from, and how it went, drawn.
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { post, session } from "./api.js";
import { useSource } from "./source.js";
import { Notice, Part, SignInNeeded, useTitle } from "./parts.js";
import { count, day, many, moment } from "./format.js";
import { Registers } from "./registers.js";
import { RecordState } from "./desk.js";
import { StepForm } from "./step-form.js";

const EVERY_MS = 10000;
const exchangesOf = (at) => { const from = new Date(at).toISOString().slice(0, 10), to = new Date(Date.parse(from) + 86400000).toISOString().slice(0, 10); return `/exchanges?from=${from}T00:00:00.000Z&to=${to}T00:00:00.000Z`; };
const MEASURES = { availability: "Answered, of what was let through", gate_ms_p95: "Added by the gateway, 95 of 100 requests", gate_ms_p99: "Added by the gateway, 99 of 100 requests" };
const figure = (measure, n) => (n === undefined || n === null ? "no data" : measure === "availability" ? `${(n / 1000).toFixed(3).replace(/0+$/, "").replace(/\.$/, "")} %` : `${count(n)} ms`);

// One stroke a sample; the target is the line. What it shows stands beside it in words.
function Series({ level }) {
  const points = level.series.filter((p) => p.value !== null);
  if (points.length === 0) return html`<span class="faint">not measured yet</span>`;
  const target = level.fields.target, availability = level.fields.measure === "availability";
  const all = [...points.map((p) => p.value), target];
  const low = availability ? Math.min(...all) - 10 : 0, high = availability ? 100000 : Math.max(...all) * 1.15;
  const y = (v) => 34 - (30 * (v - low)) / Math.max(high - low, 1);
  const x = (i) => 2 + (i * 116) / Math.max(level.series.length - 1, 1);
  const good = (v) => (availability ? v >= target : v <= target);
  return html`<svg class="series" viewBox="0 0 120 36" role="img" aria-label=${`${many(points.length, "sample")}, last ${figure(level.fields.measure, points.at(-1).value)}, target ${figure(level.fields.measure, target)}`}><path class="s-target" d=${`M0 ${y(target)}H120`} />${level.series.map((p, i) => p.value !== null && html`<path key=${p.entry} class=${good(p.value) ? "s-met" : "s-not"} d=${`M${x(i)} 35V${Math.min(y(p.value), 33)}`} />`)}</svg>`;
}

function Level({ level, reg, end }) {
  const now = level.now, m = level.fields.measure;
  const query = new URLSearchParams({ decision: "allow", from: now?.from ?? "", to: now?.to ?? "" });
  return html`<section class="row"><header class="gloss"><h2>${level.fields.name}</h2><p><${RecordState} reg=${reg} name=${level.state} /></p><p class="small quiet">${MEASURES[m]}</p>${level.state !== "ended" && end && html`<p><button type="button" class="btn small quietly" onClick=${() => end(level)}>It is no longer promised</button></p>`}</header><div class="body">
    <p class="lead">${figure(m, now?.value)} <span class="quiet small">target ${m === "availability" ? "at least" : "at most"} ${figure(m, level.fields.target)}, over ${many(level.fields.window_days, "day")}</span></p>
    <p class="small">${now && html`<a class="fig" href=${`/exchanges?${query}`}>${count(now.counted)}</a> exchanges count, ${count(now.bad)} of them missed. ${day(new Date(now.from))} to ${moment(now.to)}.`}</p>
    <${Series} level=${level} />
    <p class="small"><a href=${`/registers/slo/${level.id}`}>${level.id}: each measure with its entry</a></p></div></section>`;
}

function Days({ status }) {
  return html`<${Part} title="Availability by day" gloss="Counted are exchanges that were let through; whom the client left does not count."><p>${status.outages.length === 0 ? "No outage is open." : html`Open: ${status.outages.map((o, i) => html`${i > 0 && ", "}<a key=${o.id} href=${`/incidents/${o.id}`}>${o.id} ${o.title}</a>`)}.`}</p>
    ${status.days.length === 0 ? html`<p>No exchange in 30 days.</p>` : html`<div class="scroll apart" tabindex="0" role="region" aria-label="Availability of the last 30 days"><table class="stack list"><caption class="vh">Availability of the last 30 days</caption><thead><tr><th scope="col">Day</th><th scope="col">Answered</th><th scope="col" class="num">Counted</th><th scope="col" class="num">Missed</th></tr></thead>
      <tbody>${status.days.toReversed().map((d) => html`<tr key=${d.day}><td class="nowrap" data-l="Day">${day(new Date(d.day))}</td><td data-l="Answered"><span class="meter"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="m-bad" width="100" height="8" /><rect class="m-met" width=${(100 * (d.counted - d.bad)) / d.counted} height="8" /></svg></span> ${figure("availability", Math.floor((100000 * (d.counted - d.bad)) / d.counted))}</td><td class="num" data-l="Counted"><a class="fig" href=${exchangesOf(d.day)}>${count(d.counted)}</a></td><td class="num" data-l="Missed">${count(d.bad)}</td></tr>`)}</tbody></table></div>`}<//>`;
}

export function Services() {
  useTitle("Service levels");
  const [asked, setAsked] = useState(null);
  const [failed, setFailed] = useState(null);
  const seen = useSource(session.value ? "/api/v1/service-levels" : null, EVERY_MS);
  const registers = useSource(session.value ? "/api/v1/registers" : null);
  const reg = registers.data?.registers.find((r) => r.name === "slo"), step = (type) => reg?.steps.find((s) => s.type === type);
  const sample = async () => {
    setFailed(null);
    try {
      await post("/api/v1/service-levels/samples", {});
      seen.refresh();
    } catch (cause) {
      setFailed(cause);
    }
  };
  const head = html`<div class="head"><div><h1 tabindex="-1">Service levels</h1><p class="lede">What was promised, counted from the log. Each is measured once a day; one that is missed opens an incident.</p></div><div class="acts">${reg && html`<button type="button" class="btn" onClick=${() => setAsked({ type: "slo.set" })}>${step("slo.set").act}</button>`}${seen.data?.items.length > 0 && html`<button type="button" class="btn" onClick=${sample}>Measure now</button>`}</div></div><${Registers} here="Service" />`;
  if (session.value === null) return html`${head}<${SignInNeeded} what="The service levels" />`;
  return html`${head}<${Notice} seen=${seen} />${failed && html`<p class="notice" role="alert"><b>${failed.title}.</b> ${failed.detail ?? ""}</p>`}
    ${asked && step(asked.type) && html`<${StepForm} key=${asked.type} reg=${reg} step=${step(asked.type)} record=${asked.record} onDone=${() => { setAsked(null); seen.refresh(); }} onCancel=${() => setAsked(null)} />`}
    ${seen.data && html`<div class="paper">${seen.data.items.length === 0 && html`<${Part} title="Promised"><p>No service level is promised yet. Promise one, and it is measured from the exchanges that the log holds already.</p><//>`}
      ${seen.data.items.map((x) => html`<${Level} key=${x.id} level=${x} reg=${reg} end=${(record) => setAsked({ type: "slo.ended", record })} />`)}<${Days} status=${seen.data.status} /></div>`}`;
}
