// The layer that shows a text with marks in it, line by line with numbers. Short texts wrap and are
// drawn whole. Long ones do not wrap, so that every line has one height and only those in view need
// to be drawn; empty SVGs above and below hold the place of the rest (no style attribute needed).
import { html } from "../html.js";
import { pieces } from "./marks.js";

export const WRAP_MAX_CHARS = 40000;
export const WRAP_MAX_LINES = 600;
const AROUND = 40;
const COLUMNS_MAX = 20000;

export const isLong = (text, starts) => text.length > WRAP_MAX_CHARS || starts.length > WRAP_MAX_LINES;

export function windowOf(view, total) {
  const first = Math.max(0, Math.floor(view.top / view.line) - AROUND);
  const last = Math.min(total, Math.ceil((view.top + view.height) / view.line) + AROUND);
  return { first: Math.min(first, Math.max(0, total - 1)), last };
}

const Space = ({ height }) => (height > 0 ? html`<svg class="space" width="1" height=${height} aria-hidden="true" />` : null);

function Line({ text, from, to, spans, nr, piece }) {
  const end = Math.min(to, from + COLUMNS_MAX);
  return html`<div data-n=${nr + 1}>${pieces(text, from, end, spans).map((p) => (p.span ? piece(p) : p.text))}${to > end ? " …" : ""}</div>`;
}

// spans: ordered, with start and end in `text`; piece: how one marked piece looks.
export function Lines({ text, starts, spans, long, view, piece }) {
  const { first, last } = long ? windowOf(view, starts.length) : { first: 0, last: starts.length };
  const out = [];
  for (let nr = first; nr < last; nr += 1) {
    const to = nr + 1 < starts.length ? starts[nr + 1] - 1 : text.length;
    out.push(html`<${Line} key=${nr} text=${text} from=${starts[nr]} to=${to} spans=${spans} nr=${nr} piece=${piece} />`);
  }
  return html`${long && html`<${Space} height=${first * view.line} />`}${out}${long && html`<${Space} height=${(starts.length - last) * view.line} />`}`;
}
