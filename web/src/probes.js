// Probes: what each attacks, how its newest runs ended, and one asked for by hand, with a value of one's own.
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { post, session } from "./api.js";
import { Registers } from "./registers.js";
import { useSource } from "./source.js";
import { Notice, SignInNeeded, useTitle } from "./parts.js";
import { count, many, moment } from "./format.js";

const EVERY_MS = 4000;
const HISTORY = "/api/v1/logs/org/entries?type=probe.completed&bodies=yes&limit=400";
const WORDS = { held: ["met", "held"], broken: ["not", "got through"], failed: ["nodata", "no data"], waiting: ["partly", "waits"], running: ["partly", "runs"], lost: ["nodata", "lost"] };

function Outcome({ code }) {
  const [cls, word] = WORDS[code] ?? ["nodata", "not run yet"];
  return html`<span class=${`st ${cls}`}><svg aria-hidden="true"><use href=${`#s-${cls}`} /></svg>${word}</span>`;
}

const every = (seconds) => (seconds <= 3600 ? "hourly" : "daily");
const outcomeOf = (results) => (results.some((r) => r.verdict === "broken") ? "broken" : results.some((r) => r.verdict === "failed") ? "failed" : "held");

function Results({ of, label }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${label}><table class="stack">
    <thead><tr><th scope="col">Result</th><th scope="col">Attack</th><th scope="col">Seen</th></tr></thead>
    <tbody>${of.map((r) => html`<tr key=${r.id}><td class="nowrap" data-l="Result"><${Outcome} code=${r.verdict} /></td><td data-l="Attack">${r.tried}<div class="small faint mono">${r.id}</div></td><td data-l="Seen">${r.saw}</td></tr>`)}</tbody></table></div>`;
}

function Ask({ probe, asked, onAsked }) {
  const [value, setValue] = useState("");
  const [wrong, setWrong] = useState(null);
  const waits = asked && (asked.state === "waiting" || asked.state === "running");
  const go = async (event) => {
    event.preventDefault();
    setWrong(null);
    try {
      await post("/api/v1/probe-runs", { probe: probe.name, ...(value ? { value } : {}) });
      setValue("");
      onAsked();
    } catch (failure) { setWrong(failure); }
  };
  return html`<form onSubmit=${go}>
    ${probe.takes_value && html`<div class="field"><label for="probe-value">A value of your own (optional)</label><input id="probe-value" type="text" minlength="4" maxlength="256" autocomplete="off" spellcheck=${false} value=${value} onInput=${(e) => setValue(e.currentTarget.value)} aria-describedby="probe-value-note" />
      <p id="probe-value-note" class="small quiet">It is planted in the place of invented ones. No entry holds it; the entry says that it was yours, and such a run changes the state of no control.</p></div>`}
    <p class="apart"><button type="submit" class="btn" disabled=${waits}>${waits ? "It runs …" : "Run it now"}</button></p>
    ${wrong && html`<div class="notice" role="alert"><b>${wrong.title}.</b> ${wrong.detail}</div>`}
    ${asked && !waits && html`<p class="small quiet" role="status">${asked.state === "lost" ? "The run did not come to an end; nothing is known of it." : html`Asked for by ${asked.by} on ${moment(asked.asked)}: <${Outcome} code=${outcomeOf(asked.results)} />`}</p>`}
  </form>`;
}

function One({ probe, history, asked, onAsked, onClose }) {
  const last = history[0];
  return html`<section class="row"><header class="gloss"><h2 class="mono">${probe.name}</h2><p>${probe.attacks[0].toUpperCase() + probe.attacks.slice(1)}. Runs ${every(probe.every_seconds)}.${probe.needs && ` Needs ${probe.needs}.`}</p>
      <p>For ${probe.controls.map((c, i) => html`${i > 0 && ", "}<a key=${c} class="mono" href=${`/controls?control=${c}`}>${c}</a>`)}.</p><p><button type="button" class="plainly link" onClick=${onClose}>Back to all</button></p></header>
    <div class="body"><${Ask} probe=${probe} asked=${asked} onAsked=${onAsked} />
      ${last ? html`<h3 class="apart">Newest run</h3><p class="small quiet">${moment(last.at)}, <a href=${`/log?log=org&entry=${last.index}`}>entry ${count(last.index)} with proof</a>${last.body.own_value ? "; a value of somebody's own was planted" : ""}.</p><${Results} of=${last.body.results} label="Results of the newest run" />` : html`<p>It has not run yet: no data, and no data is not good news.</p>`}
      ${history.length > 1 && html`<h3 class="apart">Before</h3><ul class="plain">${history.slice(1, 20).map((e) => html`<li key=${e.index}><${Outcome} code=${e.body.outcome} /> <a href=${`/log?log=org&entry=${e.index}`}>${moment(e.at)}</a></li>`)}</ul>`}
    </div></section>`;
}

function All() {
  const [open, setOpen] = useState(null);
  const [turn, setTurn] = useState(0);
  const desk = useSource(`/api/v1/probe-runs?turn=${turn}`, EVERY_MS), past = useSource(HISTORY, EVERY_MS);
  if (!desk.data || !past.data) return html`<${Notice} seen=${desk.data ? past : desk} />`;
  const runs = Object.groupBy ? Object.groupBy(past.data.items, (e) => e.body?.probe) : past.data.items.reduce((all, e) => ((all[e.body?.probe] ??= []).push(e), all), {});
  const { probes } = desk.data;
  const asked = (name) => desk.data.runs.filter((r) => r.probe === name).sort((a, b) => (a.id < b.id ? 1 : -1))[0];
  const one = probes.find((p) => p.name === open);
  const said = probes.map((p) => runs[p.name]?.[0]?.body.outcome);
  return html`<${Notice} seen=${desk} /><dl class="verdict">
      <div><dt>Probes</dt><dd>${count(probes.length)}</dd></div><div><dt>Held</dt><dd>${count(said.filter((x) => x === "held").length)}</dd></div>
      <div><dt>Got through</dt><dd>${count(said.filter((x) => x === "broken").length)}</dd></div><div><dt>No data</dt><dd>${count(said.filter((x) => x !== "held" && x !== "broken").length)}</dd></div></dl>
    <div class="paper">${one && html`<${One} key=${one.name} probe=${one} history=${runs[one.name] ?? []} asked=${asked(one.name)} onAsked=${() => setTurn(turn + 1)} onClose=${() => setOpen(null)} />`}
    ${probes.length === 0 && html`<section class="row"><header class="gloss"><h2>Nobody runs probes</h2><p>They run by themselves unless custos.yaml says otherwise.</p></header><div class="body"><p>On this machine:</p><pre class="codebox first-box" tabindex="0">custos probe all</pre></div></section>`}
    ${!one && probes.length > 0 && html`<section class="row"><header class="gloss"><h2>${many(probes.length, "probe")}</h2><p>Each attacks the running system, or a second one beside it, and seals what came of it.</p></header><div class="body">
      <div class="scroll" tabindex="0" role="region" aria-label="Probes"><table class="stack"><thead><tr><th scope="col">Newest run</th><th scope="col">Attacks</th><th scope="col">Controls</th><th scope="col">When</th></tr></thead>
      <tbody>${probes.map((p) => html`<tr key=${p.name}><td class="nowrap" data-l="Newest run"><${Outcome} code=${runs[p.name]?.[0]?.body.outcome} /></td>
        <td data-l="Attacks"><button type="button" class="plainly link mono" onClick=${() => setOpen(p.name)}>${p.name}</button><div class="small quiet">${p.attacks}</div></td>
        <td class="mono" data-l="Controls">${p.controls.join(", ")}</td><td class="nowrap" data-l="When">${runs[p.name] ? moment(runs[p.name][0].at) : every(p.every_seconds)}</td></tr>`)}</tbody></table></div></div></section>`}</div>`;
}

export function Probes() {
  useTitle("Probes");
  return html`<div class="head"><div><h1 tabindex="-1">Probes</h1><p class="lede">Controls, tested by attacks. What held, what got through and what could not be tried is sealed all the same.</p></div></div><${Registers} here="Probes" />
    ${session.value === null && html`<${SignInNeeded} what="The probes" />`}${session.value && html`<${All} />`}`;
}
