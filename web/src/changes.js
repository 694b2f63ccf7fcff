// Changes: which commits wait for what; and one change with all that an approver needs on one screen: who wrote it, what
// an assistant had a part in, tests, scans, reviewers, what each gate says and why, the deployments to decide, the code.
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { session } from "./api.js";
import { useSource } from "./source.js";
import { Notice, SignInNeeded, State, useTitle } from "./parts.js";
import { count, many, moment } from "./format.js";
import { Registers } from "./registers.js";
import { RecordState } from "./desk.js";
import { StepForm } from "./step-form.js";
import { Diff } from "./diff.js";

const EVERY_MS = 5000;
const path = (id) => `/changes/${encodeURIComponent(id)}`;
const short = (id) => id.slice(0, 12);

// Drawn, and said in words: how much of it a model wrote.
function Share({ f }) {
  if (f.share === undefined) return html`<span class="faint">${f.assistant ? "an assistant had a part, not traced" : "not traced"}</span>`;
  const percent = `${(f.share / 10).toFixed(1)} %`;
  return html`<span class="meter" aria-hidden="true"><svg viewBox="0 0 100 8" preserveAspectRatio="none"><rect class="m-rest" width="100" height="8" /><rect class="m-due" width=${f.share / 10} height="8" /></svg></span> <span class="nowrap">${percent} <span class="faint">${count(f.from_assistant)} of ${many(f.lines, "line")}</span></span>`;
}

export function Changes() {
  useTitle("Changes");
  const seen = useSource(session.value ? "/api/v1/records?register=change&limit=200" : null, EVERY_MS);
  const registers = useSource(session.value ? "/api/v1/registers" : null);
  const reg = registers.data?.registers.find((r) => r.name === "change");
  const head = html`<div class="head"><div><h1 tabindex="-1">Changes</h1><p class="lede">Commits on their way to production: who wrote them, what an assistant wrote of them, and what their gates still miss.</p></div></div><${Registers} here="Changes" />`;
  if (session.value === null) return html`${head}<${SignInNeeded} what="The desk of changes" />`;
  return html`${head}<${Notice} seen=${seen} />
    ${seen.data?.items.length === 0 && html`<p class="lede">No change is registered. A webhook does it (<code>hooks</code> in custos.yaml), or <code>custos change add</code> in your pipeline.</p>`}
    ${seen.data?.items.length > 0 && html`<div class="sheet"><div class="scroll" tabindex="0" role="region" aria-label="Changes"><table class="stack list"><caption class="vh">Changes, newest first</caption>
      <thead><tr><th scope="col">Commit</th><th scope="col">State</th><th scope="col">About</th><th scope="col">Author</th><th scope="col">By an assistant</th><th scope="col">Last step</th></tr></thead>
      <tbody>${seen.data.items.map((c) => html`<tr key=${c.id}><td class="mono" data-l="Commit"><a href=${path(c.id)}>${short(c.id)}</a></td><td class="nowrap" data-l="State"><${RecordState} reg=${reg} name=${c.state} /></td>
        <td data-l="About">${c.fields.title || "–"} <span class="faint">${c.fields.repo}, ${c.fields.branch}</span></td><td data-l="Author">${c.fields.author}</td><td data-l="By an assistant"><${Share} f=${c.fields} /></td><td class="nowrap" data-l="Last step">${moment(c.at)}</td></tr>`)}</tbody></table></div></div>`}`;
}

// --- one change ---

const results = (gates, name) => Object.entries(Object.assign({}, ...gates.map((g) => g[name])));

function Rows({ title, none, heads, rows }) {
  return html`<section class="apart" aria-label=${title}><h2 class="h3">${title}</h2>${rows.length === 0 ? html`<p class="small quiet">${none}</p>` : html`<div class="sheet"><div class="scroll" tabindex="0" role="region" aria-label=${title}><table class="stack list"><caption class="vh">${title}</caption>
    <thead><tr>${heads.map((h) => html`<th key=${h} scope="col">${h}</th>`)}</tr></thead><tbody>${rows.map((r, i) => html`<tr key=${i}>${r.map((x, k) => html`<td key=${k} data-l=${heads[k]}>${x}</td>`)}</tr>`)}</tbody></table></div></div>`}</section>`;
}

function Gates({ gates }) {
  return html`<section class="sheet asis" aria-label="Gates"><h2 class="h3">Gates</h2>${gates.map((g) => html`<div key=${g.env}><p><${State} code=${g.pass ? (g.emergency ? "partly" : "met") : "not_met"} /> <b>${g.env}</b> ${g.pass ? (g.emergency ? "may go, under the emergency rule" : "may go") : "may not go"}<span class="faint"> ${many(g.approvals.length, "approval")}</span></p>
    ${g.reasons.length > 0 && html`<ul class="plain quiet">${g.reasons.map((r) => html`<li key=${r.reason}>${r.text}</li>`)}</ul>`}</div>`)}</section>`;
}

// What the gateway found in an answer that lines come from.
function Exchange({ id }) {
  const x = useSource(`/api/v1/exchanges/${id}`).data, found = x?.guard?.verdicts?.length ?? 0;
  return html`<tr><td class="mono" data-l="Exchange"><a href=${`/exchanges/${id}`}>${id}</a></td><td class="nowrap" data-l="When">${x ? moment(x.at) : "–"}</td><td data-l="Model">${x ? `${x.model} of ${x.vendor}` : "–"}</td><td data-l="Client">${x?.client ?? "–"}</td><td data-l="Asked for by">${x?.user ?? "–"}</td>
    <td data-l="Findings">${found ? `${many(found, "finding")}, ${many(x.guard.blocked + x.guard.held, "call")} stopped` : x ? "none" : "–"}</td></tr>`;
}

function Exchanges({ ids }) {
  if (!ids?.length) return null;
  return html`<section class="apart" aria-labelledby="from"><h2 id="from" class="h3">Where its lines come from</h2><div class="sheet"><div class="scroll" tabindex="0" role="region" aria-label="Exchanges"><table class="stack list"><caption class="vh">Exchanges, most lines first</caption>
    <thead><tr>${["Exchange", "When", "Model", "Client", "Asked for by", "Findings"].map((h) => html`<th key=${h} scope="col">${h}</th>`)}</tr></thead><tbody>${ids.slice(0, 10).map((id) => html`<${Exchange} key=${id} id=${id} />`)}</tbody></table></div></div>${ids.length > 10 && html`<p class="small quiet">And ${ids.length - 10} more.</p>`}</section>`;
}

const ACTS = { requested: ["deploy.withdrawn", "deploy.emergency"], emergency: ["deploy.reviewed"] };

export function Change({ id }) {
  useTitle(`Change ${short(id)}`);
  const [asked, setAsked] = useState(null);
  const seen = useSource(session.value ? `/api/v1/changes/${encodeURIComponent(id)}` : null, EVERY_MS);
  const given = useSource(session.value ? "/api/v1/records?register=approval&state=given&limit=200" : null, EVERY_MS);
  const registers = useSource(session.value ? "/api/v1/registers" : null);
  const c = seen.data, regOf = (name) => registers.data?.registers.find((r) => r.name === name);
  const step = (type) => registers.data?.registers.flatMap((r) => r.steps.map((s) => [r, s])).find(([, s]) => s.type === type);
  const head = (lede, acts) => html`<div class="head"><div><p class="small"><a href="/changes">Changes</a></p><h1 tabindex="-1">${c?.fields.title || `Change ${short(id)}`}</h1>${lede}</div>${acts}</div>`;
  if (session.value === null) return html`${head()}<${SignInNeeded} what="A change" />`;
  if (!c) return html`${head()}<${Notice} seen=${seen} />`;
  const f = c.fields, ask = (type, fixed, record, what) => setAsked({ type, fixed, record, what });
  const button = (type, fixed, record, what, word) => step(type) && html`<button type="button" class="btn small" onClick=${() => ask(type, fixed, record, what)}>${word ?? step(type)[1].act}<span class="vh">: ${what}</span></button>`;
  const mine = (d) => (given.data?.items ?? []).filter((a) => a.fields.deploy === d.id);
  const done = () => { setAsked(null); seen.refresh(); given.refresh(); };
  return html`${head(html`<p class="lede"><${RecordState} reg=${regOf("change")} name=${c.state} /> <span class="mono">${short(id)}</span> of ${f.repo}, ${f.branch}, written by ${f.author}</p>`,
    c.state === "registered" && html`<div class="acts">${button("change.reviewed", { change: id, reviewer: "" }, c, short(id), "Review it")}${button("deploy.requested", { change: id, ...(f.artifact && { artifact: f.artifact }) }, undefined, short(id))}</div>`)}
    <${Notice} seen=${seen} />
    ${asked && step(asked.type) && html`<${StepForm} key=${asked.type + asked.what} reg=${step(asked.type)[0]} step=${step(asked.type)[1]} record=${asked.record} given=${asked.fixed} onDone=${done} onCancel=${() => setAsked(null)} />`}
    <section class="sheet asis" aria-label="In short"><dl class="facts"><dt>By an assistant</dt><dd><${Share} f=${f} /></dd><dt>Whose key it worked with</dt><dd>${f.prompted_by ?? html`<span class="faint">–</span>`}</dd>
      <dt>Artifact</dt><dd class="mono">${f.artifact ?? html`<span class="faint">none named</span>`}</dd><dt>What it changes</dt><dd>${f.objects ? html`<a href="#diff">${many(f.files, "file")}, ${count(f.lines_added)} lines added, ${count(f.lines_removed)} removed</a>` : html`<span class="faint">not sent here</span>`}</dd>
      <dt>History</dt><dd><a href=${`/registers/change/${encodeURIComponent(id)}`}>every step, with its entry and proof</a></dd></dl></section>
    <${Gates} gates=${c.gates} />
    <section class="apart" aria-labelledby="deps"><h2 id="deps" class="h3">Deployments</h2>${c.deployments.length === 0 ? html`<p class="small quiet">Nobody has asked for one.</p>` : html`<div class="sheet"><div class="scroll" tabindex="0" role="region" aria-label="Deployments"><table class="stack list"><caption class="vh">Deployments of this change</caption>
      <thead><tr><th scope="col">Deployment</th><th scope="col">State</th><th scope="col">To</th><th scope="col">Asked for by</th><th scope="col">Why</th><th scope="col">Approved by</th><th scope="col">Acts</th></tr></thead>
      <tbody>${c.deployments.map((d) => html`<tr key=${d.id}><td data-l="Deployment"><a href=${`/registers/deploy/${d.id}`}>${d.id}</a></td><td class="nowrap" data-l="State"><${RecordState} reg=${regOf("deploy")} name=${d.state} /></td><td data-l="To">${d.fields.env}</td><td data-l="Asked for by">${d.opened_by}</td><td data-l="Why">${d.fields.reason || "–"}</td>
        <td data-l="Approved by">${mine(d).length === 0 ? html`<span class="faint">nobody</span>` : html`<ul class="plain">${mine(d).map((a) => html`<li key=${a.id}>${a.by} <span class="faint">until ${moment(a.fields.until)}</span> ${button("deploy.approval_void", { approval: a.id, why: "taken_back" }, a, `approval of ${a.by}`)}</li>`)}</ul>`}</td>
        <td data-l="Acts"><span class="rowacts">${d.state === "requested" && button("deploy.approved", { deploy: d.id, approval: undefined, artifact: undefined, change: undefined, until: undefined }, undefined, d.id, "Approve")}${(ACTS[d.state] ?? []).map((t) => button(t, { deploy: d.id }, d, d.id))}</span></td></tr>`)}</tbody></table></div></div>`}</section>
    <${Rows} title="Tests" none="No test run is recorded." heads=${["Suite", "Passed", "Failed", "Skipped", "When"]} rows=${results(c.gates, "tests").map(([n, t]) => [n, count(t.passed), t.failed ? html`<span class="refusal">${count(t.failed)}</span>` : "0", count(t.skipped), moment(t.at)])} />
    <${Rows} title="Scans" none="No scan is recorded." heads=${["Tool", "Errors", "Warnings", "Notes", "When"]} rows=${results(c.gates, "scans").map(([n, t]) => [n, t.errors ? html`<span class="refusal">${count(t.errors)}</span>` : "0", count(t.warnings), count(t.notes), moment(t.at)])} />
    <${Rows} title="Reviews" none="Nobody has reviewed it." heads=${["Reviewer", "Verdict", "When"]} rows=${results(c.gates, "reviews").map(([, t]) => [t.reviewer, t.verdict === "approved" ? "approved" : html`<span class="refusal">asks for changes</span>`, moment(t.at)])} />
    <${Diff} change=${c} />
    <${Exchanges} ids=${f.exchanges} />
    <p class="small quiet">As of ${moment(seen.at)}.</p>`;
}
