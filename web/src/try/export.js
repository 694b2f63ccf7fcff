// What was seen, to take along: the text as it would leave, and the findings without their values.
import { html } from "../html.js";
import { lineAt } from "./marks.js";

function save(name, type, content) {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(new Blob([content], { type }));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}

export const report = (findings, starts) => JSON.stringify({
  findings: findings.map((f) => ({
    line: lineAt(starts, f.start) + 1, start: f.start, end: f.end, type: f.type, rule: f.rule, title: f.title,
    severity: f.severity, confidence: f.confidence, reasons: f.reasons, action: f.action,
  })),
}, null, 2);

export function Export({ answer, starts }) {
  if (!answer.text) return null;
  return html`<div class="acts export"><button type="button" class="btn" onClick=${() => save("what-would-leave.txt", "text/plain", answer.text)}>Save what would leave</button>
    <button type="button" class="btn" onClick=${() => save("findings.json", "application/json", report(answer.findings, starts))}>Save the findings (without values)</button></div>`;
}
