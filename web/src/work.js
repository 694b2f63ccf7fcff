// What is to be done: the gaps with cause and next step, what falls due, risks that the traffic suggests, access reviews.
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { post, session } from "./api.js";
import { route, withQuery } from "./router.js";
import { useSource } from "./source.js";
import { Notice, Part, SignInNeeded, State, useTitle } from "./parts.js";
import { count, day, many, moment } from "./format.js";
import { Registers } from "./registers.js";
import { StepForm } from "./step-form.js";

const EVERY_MS = 10000;
const VIEWS = [["", "Gaps"], ["calendar", "Calendar"], ["risks", "Suggested risks"]];
const WHAT = { occurrence: "next occurrence", first_occurrence: "first occurrence", finding: "finding to be fixed", access_review: "access review", risk_review: "risk to be looked at again", decision_ends: "approval ends", read_again: "fact to be read again", training_ends: "training ends", statement_ends: "statement ends" };

const TONES = [["not_met", "Shown not to work: these first."], ["partly", "Some of the evidence is there."], ["no_data", "Nothing fresh has come in."]];

// Each control once, with the criteria that wait for it; what most of them wait for comes first.
function shortfalls(criteria) {
  const of = new Map();
  for (const c of criteria) {
    for (const k of c.gaps) of.set(k.id, { ...k, serves: [...(of.get(k.id)?.serves ?? []), c.id] });
  }
  return [...of.values()].sort((a, b) => b.serves.length - a.serves.length || (a.id < b.id ? -1 : 1));
}

function Shortfalls({ code, of }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${`Controls: ${code.replace("_", " ")}`}><table class="stack list gaps"><caption class="vh">Controls, what most criteria wait for first</caption>
    <thead><tr><th scope="col">Control</th><th scope="col">Why</th><th scope="col">Next</th><th scope="col">Waiting for it</th></tr></thead>
    <tbody>${of.map((k) => html`<tr key=${k.id}><td data-l="Control"><a href=${`/controls#${k.id}`}>${k.id}</a> ${k.title} <span class="faint">${k.owner_role}</span></td><td class="small" data-l="Why">${k.cause}</td><td class="small" data-l="Next">${k.next}${k.register && html` <a href=${`/registers/${k.register}`}>Open it<span class="vh">: the register for ${k.id}</span></a>`}</td>
      <td class="small mono" data-l="Waiting for it">${k.serves.map((id, i) => html`${i > 0 && " "}<a key=${id} href=${`/controls#${id}`}>${id}</a>`)}</td></tr>`)}</tbody></table></div>`;
}

function Gaps() {
  const seen = useSource(session.value ? "/api/v1/gaps" : null, EVERY_MS);
  const [said, setSaid] = useState("");
  const keep = async () => {
    try {
      await post("/api/v1/gaps", {});
      setSaid("Recorded in the log.");
      seen.refresh();
    } catch (cause) {
      setSaid(`${cause.title}. ${cause.detail ?? ""}`);
    }
  };
  const all = shortfalls(seen.data?.items ?? []);
  return html`<${Notice} seen=${seen} />
    ${seen.data && html`<p class="acts2 flush below"><span>${many(Object.values(seen.data.counts).reduce((a, b) => a + b, 0), "criterion", "criteria")}:</span>${["met", "partly", "not_met", "no_data", "not_applicable"].map((code) => html`<span key=${code} class="nowrap"><${State} code=${code} /> ${count(seen.data.counts[code])}</span>`)}
      <button type="button" class="btn small" onClick=${keep}>Record this assessment</button><span class="small quiet" role="status">${said}</span></p>
    ${all.length === 0 ? html`<p class="lede">No control in scope falls short.</p>` : html`<div class="paper">${TONES.map(([code, means]) => {
      const of = all.filter((k) => k.state === code);
      return of.length > 0 && html`<${Part} key=${code} title=${html`<${State} code=${code} />`} gloss=${`${many(of.length, "control")}. ${means}`}><${Shortfalls} code=${code} of=${of} /><//>`;
    })}</div>`}`}`;
}

const dueHref = (x) => (x.register === "control" ? `/controls#${x.id}` : `/registers/${x.register}/${encodeURIComponent(x.id)}`);

// One bar a month: how much falls due, the overdue first.
function Months({ items }) {
  const of = new Map();
  for (const x of items) {
    const month = x.overdue ? "overdue" : x.due.slice(0, 7);
    of.set(month, (of.get(month) ?? 0) + 1);
  }
  const rows = [...of].slice(0, 14), most = Math.max(1, ...rows.map(([, n]) => n));
  return html`<dl class="bars" aria-label="How much falls due">${rows.map(([month, n]) => [html`<dt>${month}</dt>`, html`<dd><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class=${month === "overdue" ? "m-bad" : "m-met"} width=${(100 * n) / most} height="8" /></svg> ${count(n)}</dd>`])}</dl>`;
}

function Calendar() {
  const seen = useSource(session.value ? "/api/v1/calendar" : null, EVERY_MS);
  const items = seen.data?.items ?? [];
  return html`<${Notice} seen=${seen} />${items.length > 0 && html`<${Months} items=${items} />
    <div class="sheet"><div class="scroll" tabindex="0" role="region" aria-label="Calendar"><table class="stack list"><caption class="vh">What falls due, the earliest first</caption>
      <thead><tr><th scope="col">By</th><th scope="col">What</th><th scope="col">Of</th><th scope="col">Title</th></tr></thead>
      <tbody>${items.map((x) => html`<tr key=${x.what + x.id}><td class="nowrap" data-l="By">${day(new Date(x.due))}${x.overdue && html` <span class="refusal">overdue</span>`}</td><td data-l="What">${WHAT[x.what] ?? x.what}</td><td data-l="Of"><a href=${dueHref(x)}>${x.id}</a></td><td data-l="Title">${x.title}</td></tr>`)}</tbody></table></div></div>`}`;
}

function Risks() {
  const seen = useSource(session.value ? "/api/v1/risk-suggestions" : null, EVERY_MS);
  const registers = useSource(session.value ? "/api/v1/registers" : null);
  const [taken, setTaken] = useState(null);
  const reg = registers.data?.registers.find((r) => r.name === "risk"), step = reg?.steps.find((s) => s.type === "risk.assessed");
  const items = seen.data?.items ?? [];
  return html`<${Notice} seen=${seen} />
    ${taken && step && html`<${StepForm} reg=${reg} step=${step} start=${taken} onDone=${() => { setTaken(null); seen.refresh(); }} onCancel=${() => setTaken(null)} />`}
    ${seen.data && items.length === 0 && html`<p class="lede">Nothing in traffic, vendors and keys suggests a risk that the <a href="/registers/risk">register</a> does not hold.</p>`}
    ${items.map((x) => html`<section key=${x.title + x.why} class="sheet asis"><h2 class="h3">${x.title}</h2><p class="small">${x.why}</p><p class="small quiet">Suggested: likelihood ${x.likelihood}, impact ${x.impact} of 5; lowered by ${x.controls.replaceAll(",", ", ")}.</p>
      <div class="acts2"><button type="button" class="btn small" onClick=${() => setTaken({ ...x, controls: x.controls.split(",") })}>Assess it</button></div></section>`)}`;
}

export function Work() {
  useTitle("Work");
  const view = route.value.query.get("view") ?? "";
  const head = html`<div class="head"><div><h1 tabindex="-1">Work</h1><p class="lede">What is not met and why, what to do next, and what falls due.</p></div></div><${Registers} here="Work" />`;
  if (session.value === null) return html`${head}<${SignInNeeded} what="The work" />`;
  const Page = { calendar: Calendar, risks: Risks }[view] ?? Gaps;
  return html`${head}<nav class="registers" aria-label="View">${VIEWS.map(([v, name]) => html`<a key=${name} href=${withQuery({ view: v || null })} aria-current=${v === view ? "page" : null}>${name}</a>`)}</nav><${Page} />`;
}

// --- one access review ---

export function AccessReview({ id }) {
  useTitle(`Access review ${id}`);
  const seen = useSource(session.value ? `/api/v1/access-reviews/${encodeURIComponent(id)}` : null, EVERY_MS);
  const [failed, setFailed] = useState(null);
  if (session.value === null) return html`<div class="head"><div><h1 tabindex="-1">Access review ${id}</h1></div></div><${SignInNeeded} what="An access review" />`;
  const r = seen.data;
  const take = async (type, fields) => {
    setFailed(null);
    try {
      await post("/api/v1/records", { type, fields: { access_review: id, ...fields } });
      seen.refresh();
    } catch (cause) {
      setFailed(cause);
    }
  };
  const decide = (line, keep) => take(keep ? "review.decided" : "review.removed", { key: line.key, decision: keep ? "keep" : "remove", note: "" });
  const open = r?.items.filter((x) => !x.decided).length;
  const scope = (x) => ["vendors", "models", "repos", "classes", "tools"].filter((n) => x[n]).map((n) => `${n}: ${x[n]}`).join("; ") || "all";
  return html`<div class="head"><div><p class="small"><a href="/registers/access_review">Access reviews</a></p><h1 tabindex="-1">Access review ${id}</h1>${r && html`<p class="lede">${many(r.items.length, "key")} that worked on ${moment(r.fields.frozen)}; ${r.state === "done" ? "done" : `${many(open, "line")} to decide`}. ${r.same_listing ? "The listing is the same as it was recorded." : html`<span class="refusal">The listing is not the one that was recorded.</span>`}</p>`}</div>
      <div class="acts"><a class="btn" href=${`/registers/access_review/${encodeURIComponent(id)}`}>History and proof</a>${r?.state === "frozen" && open === 0 && html`<button type="button" class="btn" onClick=${() => take("review.completed", {})}>Finish</button>`}</div></div>
    <${Notice} seen=${seen} />${failed && html`<p class="notice" role="alert"><b>${failed.title}.</b> ${failed.detail ?? ""}</p>`}
    ${r && html`<div class="sheet"><div class="scroll" tabindex="0" role="region" aria-label="Lines"><table class="stack list"><caption class="vh">Keys of this review</caption>
      <thead><tr><th scope="col">Holder</th><th scope="col">Key</th><th scope="col">Since</th><th scope="col">Only for</th><th scope="col">Decision</th></tr></thead>
      <tbody>${r.items.map((x) => html`<tr key=${x.key}><td data-l="Holder">${x.holder} <span class="faint">${x.service ? "service, " : ""}${x.tenant}</span></td><td class="mono" data-l="Key">${x.key}</td><td class="nowrap" data-l="Since">${day(new Date(x.created))}</td><td data-l="Only for">${scope(x)}</td>
        <td data-l="Decision">${x.decided ? html`<a href=${`/registers/review_line/${encodeURIComponent(x.decided.id)}`}>${x.decided.state}</a>` : html`<span class="rowacts"><button type="button" class="btn small" onClick=${() => decide(x, true)}>Keep<span class="vh"> the key of ${x.holder}</span></button><button type="button" class="btn small" onClick=${() => decide(x, false)}>Remove<span class="vh"> the key of ${x.holder}</span></button></span>`}</td></tr>`)}</tbody></table></div></div>`}`;
}
