// Findings as places in a text: lines, moving marks with an edit, grouping equal values. No DOM here.

// Offsets at which lines begin, and the widest line in columns (a tab counts four).
export function lines(text) {
  const starts = [0];
  let columns = 0;
  let widest = 0;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c === 10) {
      starts.push(i + 1);
      if (columns > widest) widest = columns;
      columns = 0;
    } else {
      columns += c === 9 ? 4 : c > 255 ? 2 : 1;
    }
  }
  return { starts, widest: Math.max(widest, columns) };
}

// The last index whose value is not above `wanted`; -1 when all are.
export function lastNotAbove(list, wanted, of = (x) => x) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(list[middle]) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export const lineAt = (starts, offset) => lastNotAbove(starts, offset);

// Until the next answer old marks stay on their text: those before the edit stand, those behind it
// move, those inside it go.
export function moved(spans, before, after) {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before.charCodeAt(head) === after.charCodeAt(head)) head += 1;
  let tail = 0;
  while (tail < shorter - head && before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail)) tail += 1;
  const shift = after.length - before.length;
  const edge = before.length - tail;
  const kept = [];
  for (const span of spans) {
    if (span.end <= head) kept.push(span);
    else if (span.start >= edge) kept.push({ ...span, start: span.start + shift, end: span.end + shift });
  }
  return kept;
}

// Spans sorted and without overlap, each inside the text: what an answer should hold anyway.
export function orderly(findings, length) {
  const sorted = findings
    .filter((f) => Number.isInteger(f.start) && f.start >= 0 && f.end > f.start && f.end <= length)
    .sort((a, b) => a.start - b.start);
  const kept = [];
  for (const f of sorted) {
    if (!kept.length || f.start >= kept.at(-1).end) kept.push({ ...f, nr: kept.length });
  }
  return kept;
}

// One line cut into pieces: {text} or {text, span}. `spans` ordered by start.
export function pieces(text, from, to, spans) {
  const out = [];
  let at = from;
  let i = Math.max(lastNotAbove(spans, from, (s) => s.start), 0);
  for (; i < spans.length && spans[i].start < to; i += 1) {
    const span = spans[i];
    if (span.end <= from) continue;
    const start = Math.max(span.start, from);
    const end = Math.min(span.end, to);
    if (start > at) out.push({ text: text.slice(at, start) });
    out.push({ text: text.slice(start, end), span });
    at = end;
  }
  if (at < to) out.push({ text: text.slice(at, to) });
  return out;
}

// Rows of the list: the same value once, with all its lines; blocked first.
export function grouped(findings, starts) {
  const groups = new Map();
  for (const f of findings) {
    const key = f.surrogate ? `${f.type} ${f.surrogate}` : `${f.type} ${f.rule} ${f.action} ${f.start}`;
    const line = lineAt(starts, f.start) + 1;
    const group = groups.get(key);
    if (!group) groups.set(key, { key, first: f, members: [f.nr], lines: [line] });
    else {
      group.members.push(f.nr);
      if (group.lines.at(-1) !== line) group.lines.push(line);
    }
  }
  const rank = (group) => (group.first.action === "block" ? 0 : group.first.action === "replace" ? 1 : 2);
  return [...groups.values()].sort((a, b) => rank(a) - rank(b) || a.first.start - b.first.start);
}
