// The two panes. The textarea lies over its mirrored layer in one scrolling box, so that text and
// marks can never drift apart; in the other box stands what would leave.
import { useEffect, useLayoutEffect, useMemo, useState } from "preact/hooks";
import { html } from "../html.js";
import { actOf } from "../words.js";
import { lastNotAbove, lineAt, lines } from "./marks.js";
import { Lines, isLong } from "./text.js";

const STEP = 400;

// Where a box is scrolled to, in steps: a new drawing only when the window must move.
export function useView(box, long) {
  const [view, setView] = useState({ top: 0, height: 800, line: 25 });
  const look = () => {
    const el = box.current;
    if (!el) return;
    const line = parseFloat(getComputedStyle(el).lineHeight) || 25;
    const top = Math.floor(el.scrollTop / STEP) * STEP;
    const height = el.clientHeight + STEP;
    setView((v) => (v.top === top && v.height === height && v.line === line ? v : { top, height, line }));
  };
  useLayoutEffect(look, [long]);
  useEffect(() => {
    addEventListener("resize", look);
    return () => removeEventListener("resize", look);
  }, []);
  return [view, look];
}

// The current place itself, and the other places of the same value.
const lit = ({ picked, kin }, nr) => (nr === picked ? " here" : kin.has(nr) ? " kin" : "");

const markOf = (current) => ({ text, span }) =>
  html`<mark class=${actOf(span.action).mark + lit(current, span.nr)}>${text}</mark>`;

export function Sent({ text, model, spans, current, area, box, onChange, onCaret, onScroll }) {
  const long = isLong(text, model.starts);
  const [view, look] = useView(box, long);
  const caret = () => onCaret(lastNotAbove(spans, area.current.selectionStart, (s) => s.start));
  return html`<section class="pane" aria-labelledby="pane-sent"><header><h2 id="pane-sent">What you send</h2><span class="small faint">stays here</span></header>
    <div class=${`text edit${long ? " long" : ""}`} ref=${box} onScroll=${() => { look(); onScroll(); }}>
      <div class="layer" aria-hidden="true"><${Lines} text=${text} starts=${model.starts} spans=${spans} long=${long} view=${view} piece=${markOf(current)} /></div>
      <textarea ref=${area} aria-label="Text to check" aria-describedby="try-hint" spellcheck=${false} autocomplete="off" autocapitalize="off" wrap=${long ? "off" : "soft"}
        cols=${long ? model.widest + 4 : 20} rows=${long ? model.starts.length + 1 : 1} placeholder="Type or paste here"
        onInput=${(e) => onChange(e.currentTarget.value)} onKeyUp=${caret} onClick=${caret} />
    </div></section>`;
}

const leftOf = (current, onPick) => ({ text, span }) => {
  const here = lit(current, span.nr);
  if (span.action === "block") return html`<span class=${`gone${here}`}>the request stops here</span>`;
  const cls = span.action === "replace" ? "sur" : "kept";
  return html`<span class=${cls + here} onClick=${() => onPick(span.nr)}>${text}</span>`;
};

function verdict(answer, starts) {
  const blocked = answer.findings.find((f) => f.action === "block");
  if (blocked) return html`<span class="small not"><b>Nothing: line ${lineAt(starts, blocked.start) + 1} blocks the request</b></span>`;
  const replaced = answer.findings.filter((f) => f.action === "replace").length;
  return html`<span class="small faint">${replaced ? `${replaced} replaced` : answer.text ? "unchanged" : ""}</span>`;
}

export function Left({ answer, current, box, onPick, onScroll, starts }) {
  const model = useMemo(() => lines(answer.text), [answer]);
  const long = isLong(answer.text, model.starts);
  const [view, look] = useView(box, long);
  const spans = answer.findings
    .filter((f) => Number.isInteger(f.out_start) && f.out_end >= f.out_start)
    .map((f) => ({ start: f.out_start, end: f.out_end, action: f.action, nr: f.nr }))
    .sort((a, b) => a.start - b.start);
  return html`<section class="pane" aria-labelledby="pane-left"><header><h2 id="pane-left">What would leave</h2>${verdict(answer, starts)}</header>
    <div class=${`text${long ? " long" : ""}`} ref=${box} tabindex="0" role="region" aria-label="Text that would leave" onScroll=${() => { look(); onScroll(); }}>
      ${answer.text ? html`<${Lines} text=${answer.text} starts=${model.starts} spans=${spans} long=${long} view=${view} piece=${leftOf(current, onPick)} />` : html`<p class="faint hint">Appears here as you type.</p>`}
    </div></section>`;
}
