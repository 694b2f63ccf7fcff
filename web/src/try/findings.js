// The list of findings and, beside it, what the current one means for the person who typed it.
import { useState } from "preact/hooks";
import { html } from "../html.js";
import { capital, count, many } from "../format.js";
import { actOf, typeWord } from "../words.js";
import { lineAt } from "./marks.js";

const ROWS = 100;
const LINES_NAMED = 4;

const naming = (f) => f.type_text || typeWord(f.type);

function whichLines(list) {
  const named = list.slice(0, LINES_NAMED).map(count).join(", ");
  return list.length > LINES_NAMED ? `${named} and ${count(list.length - LINES_NAMED)} more` : named;
}

function what(group) {
  const word = capital(naming(group.first));
  return group.members.length > 1 ? `${word}, ${count(group.members.length)} times` : word;
}

function act(group) {
  const { word } = actOf(group.first.action);
  return group.members.length > 1 && group.first.action === "replace" ? `${word}, same surrogate` : word;
}

const confidence = (c) => (Number.isFinite(c) ? `${c} of 100` : c ?? "–");

export function List({ groups, current, onPick }) {
  const [shown, setShown] = useState(ROWS);
  const rows = groups.slice(0, shown);
  return html`<section><h2>Findings</h2><div class="scroll" tabindex="0" role="region" aria-label="Findings"><table class="stack"><thead><tr><th scope="col">Line</th><th scope="col">Found</th><th scope="col">What happens</th><th scope="col">Rule</th><th scope="col" class="num">Confidence</th></tr></thead>
    <tbody>${rows.map((g) => html`<tr key=${g.key} class=${g.members.some((nr) => current.kin.has(nr)) ? "current" : ""}>
      <td class="nowrap" data-l="Line"><button type="button" class="plainly link" onClick=${() => onPick(g.first.nr)}><span class="vh">Go to line </span>${whichLines(g.lines)}</button></td>
      <td data-l="Found">${what(g)}</td><td class="nowrap" data-l="What happens"><span class=${`pill ${actOf(g.first.action).pill}`}>${act(g)}</span></td>
      <td data-l="Rule"><span class="mono">${g.first.rule}</span></td><td class="num nowrap" data-l="Confidence">${confidence(g.first.confidence)}</td></tr>`)}</tbody></table></div>
    ${groups.length > shown && html`<p class="small quiet">${count(shown)} of ${count(groups.length)} shown. <button type="button" class="plainly link" onClick=${() => setShown(shown + ROWS)}>Show ${count(Math.min(ROWS, groups.length - shown))} more</button></p>`}</section>`;
}

const MEANS = {
  replace: {
    now: "A surrogate leaves instead. It is the same one each time, so the assistant can still tell values apart; in the answer it is put back.",
    next: "Nothing to do. If the assistant must know the real value, it cannot.",
  },
  block: {
    now: "The whole request stops. The assistant gets an error in its own format that names this rule.",
    next: "Take the value out and load it from where your secrets are kept. If it is live and was pasted elsewhere before, change it.",
  },
  allow: {
    now: "It is reported and leaves as it is.",
    next: "If it should not leave, tell the person who keeps the rules.",
  },
};

export function Meaning({ finding, starts }) {
  if (!finding) return html`<section><h2>Pick a finding</h2><p class="small quiet"><kbd>F8</kbd> and <kbd>Shift F8</kbd> walk through them.</p></section>`;
  const means = MEANS[finding.action] ?? MEANS.allow;
  return html`<section><h2>Line ${count(lineAt(starts, finding.start) + 1)}: ${naming(finding)}</h2><p class="small quiet">${means.now}</p><p class="limit">${means.next}</p>
    <dl class="why"><dt>Rule</dt><dd>${capital(finding.title ?? finding.rule)} <span class="mono faint">${finding.rule}</span></dd><dt>Confidence</dt><dd>${confidence(finding.confidence)}: ${finding.reasons || "no reason given"}</dd><dt>Severity</dt><dd>${finding.severity ?? "–"}</dd><dt>Known from</dt><dd>${finding.source ?? "–"}</dd></dl>
    <p class="limit">What no rule knows is not found.</p></section>`;
}

export function StatusLine({ answer, text, places, kinds, waiting }) {
  return html`<p class="status"><span><b>${count(text.length)}</b> characters${answer.micros && !waiting ? html` in <b>${(answer.micros / 1000).toFixed(answer.micros < 100 ? 2 : 1)} ms</b>` : ""}</span><span><b>${many(places, "place")}</b>, <b>${many(kinds, "kind")}</b> of finding</span><span><b>0</b> requests to a provider</span><span><b>${count(answer.stored)}</b> bytes stored</span>${waiting && html`<span class="faint">checking …</span>`}</p>`;
}
