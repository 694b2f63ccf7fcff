// Findings over time, drawn: one bar for the latest scan of each span of time, none where nobody
// scanned. Sizes are SVG attributes: the page's policy allows no style. What the picture shows stands
// above it in words and behind a button as a table.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "./html.js";
import { count, day, many, moment } from "./format.js";
import { Figure, about, grave, mild, part, scanPath } from "./scan-words.js";

const MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const SPANS = [
  [MINUTE, "minute"], [5 * MINUTE, "5 minutes"], [15 * MINUTE, "15 minutes"], [HOUR, "hour"], [6 * HOUR, "6 hours"],
  [DAY, "day"], [7 * DAY, "week"], [28 * DAY, "4 weeks"], [364 * DAY, "52 weeks"],
];
const MOST = 60, LEAST = 12;
const LEFT = 44, RIGHT = 22, TOP = 12, PLOT = 150, GAP = 30, CHANGE = 56, BELOW = 22;
const MONDAY = 4 * DAY; // 1 Jan 1970 was a Thursday: weeks begin on Monday

export function bins(scans, now) {
  const times = scans.map((x) => Date.parse(x.at));
  const first = Math.min(...times);
  const [span, word] = SPANS.find(([ms]) => (now - first) / ms < MOST - 1) ?? SPANS.at(-1);
  const shift = span >= 7 * DAY ? MONDAY : 0;
  const start = (t) => Math.floor((t - shift) / span) * span + shift;
  const list = [];
  const from = Math.max(Math.min(start(first), start(now) - (LEAST - 1) * span), start(now) - (MOST - 1) * span);
  for (let at = from; at <= start(now); at += span) list.push({ at, scan: null, scans: 0, begun: at >= start(first) });
  scans.forEach((x, i) => { // newest first: the first one that falls into a span is its latest
    const bin = list[Math.round((start(times[i]) - from) / span)];
    if (!bin) return;
    bin.scan ??= x;
    bin.scans += 1;
  });
  return { list, span, word };
}

function ticks(most) {
  const step = [1, 2, 5].flatMap((n) => [0, 1, 2, 3, 4, 5, 6, 7].map((e) => n * 10 ** e)).sort((a, b) => a - b).find((n) => n * 3 >= most) ?? most;
  const top = Math.max(step * Math.ceil(most / step), step);
  return Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step);
}

const short = (n) => (n < 10000 ? count(n) : new Intl.NumberFormat("en-US", { notation: "compact" }).format(n));

function label(at, span) {
  const text = moment(at);
  return span >= DAY ? day(at).replace(/ \d{4}$/, "") : text.slice(-12, -7);
}

function told(bin, span) {
  const x = bin.scan;
  const change = x.change ? `, ${about(x.change)}${count(x.change.new)} new, ${count(x.change.gone)} gone` : "";
  return `${moment(x.at)}: ${many(x.findings, "finding")}, ${count(grave(x))} critical or high${change}${bin.scans > 1 ? ` (latest of ${bin.scans} scans)` : ""}`;
}

function Bar({ bin, x, width, scale, span }) {
  const s = bin.scan;
  const bottom = TOP + PLOT;
  if (!s && !bin.begun) return null; // before the first scan there was nothing to miss
  if (!s) return html`<path class="t-gap" d=${`M${x} ${bottom - 1}h${width}`} />`;
  const heights = [[grave(s), "f-grave"], [s.severity?.medium ?? 0, "f-medium"], [mild(s), "f-mild"]].map(([n, cls]) => [n * scale, cls]);
  let y = bottom;
  return html`<a href=${scanPath(s)} tabindex="-1"><title>${told(bin, span)}</title>
    <rect class="t-hit" x=${x - 1} y=${TOP} width=${width + 2} height=${PLOT + GAP + CHANGE} />
    ${s.findings === 0 && html`<rect class="f-none" x=${x} y=${bottom - 3} width=${width} height="3" />`}
    ${heights.filter(([h]) => h > 0).map(([h, cls]) => {
      y -= h;
      return html`<rect key=${cls} class=${cls} x=${x} y=${y.toFixed(2)} width=${width} height=${Math.max(h - 0.75, 0.75).toFixed(2)} />`;
    })}</a>`;
}

function Change({ bin, x, width, scale }) {
  const c = bin.scan?.change;
  const zero = TOP + PLOT + GAP + CHANGE / 2;
  if (!c) return null;
  const up = c.new ? Math.max(c.new * scale, 2) : 0, down = c.gone ? Math.max(c.gone * scale, 2) : 0;
  return html`${up > 0 && html`<rect class="f-new" x=${x} y=${(zero - up).toFixed(2)} width=${width} height=${up.toFixed(2)} />`}${down > 0 && html`<rect class="f-gone" x=${x} y=${zero} width=${width} height=${down.toFixed(2)} />`}`;
}

function useWidth() {
  const ref = useRef(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    watch.observe(ref.current);
    return () => watch.disconnect();
  }, []);
  return [ref, width];
}

function Times({ list, span, at, slot }) {
  const every = Math.max(1, Math.ceil(64 / slot));
  return list.map((bin, i) => ((list.length - 1 - i) % every === 0 && at(i) + slot / 2 > LEFT + 14 ? html`<text key=${bin.at} class="t-label" text-anchor="middle" x=${(at(i) + slot / 2).toFixed(1)} y=${TOP + PLOT + 16}>${label(bin.at, span)}</text>` : null));
}

function Picture({ width, list, span, compared }) {
  const most = Math.max(...list.map((b) => b.scan?.findings ?? 0), 1);
  const steps = ticks(most);
  const scale = PLOT / steps.at(-1);
  const changes = Math.max(...list.map((b) => Math.max(b.scan?.change?.new ?? 0, b.scan?.change?.gone ?? 0)), 1);
  const changeScale = (CHANGE / 2 - 4) / changes;
  const slot = (width - LEFT - RIGHT) / list.length;
  const bar = Math.max(Math.min(slot * 0.72, 34), 2);
  const at = (i) => LEFT + i * slot;
  const x = (i) => Number((at(i) + (slot - bar) / 2).toFixed(2));
  const zero = TOP + PLOT + GAP + CHANGE / 2;
  const height = TOP + PLOT + (compared ? GAP + CHANGE + 6 : BELOW);
  return html`<svg class="trend" width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} aria-hidden="true" focusable="false">
    ${steps.map((n) => html`<path key=${n} class=${n ? "t-rule" : "t-base"} d=${`M${LEFT} ${(TOP + PLOT - n * scale).toFixed(2)}H${width - RIGHT + 4}`} /><text key=${`n${n}`} class="t-label" text-anchor="end" x=${LEFT - 8} y=${(TOP + PLOT - n * scale + 4).toFixed(2)}>${short(n)}</text>`)}
    <${Times} list=${list} span=${span} at=${at} slot=${slot} />
    ${compared && html`<path class="t-base" d=${`M${LEFT} ${zero}H${width - RIGHT + 4}`} /><text class="t-label" text-anchor="end" x=${LEFT - 8} y=${zero - 6}>new</text><text class="t-label" text-anchor="end" x=${LEFT - 8} y=${zero + 14}>gone</text>`}
    ${list.map((bin, i) => html`<${Bar} key=${bin.at} bin=${bin} x=${x(i)} width=${Number(bar.toFixed(2))} scale=${scale} span=${span} />`)}
    ${compared && list.map((bin, i) => html`<${Change} key=${`c${bin.at}`} bin=${bin} x=${x(i)} width=${Number(bar.toFixed(2))} scale=${changeScale} />`)}
  </svg>`;
}

const Swatch = ({ cls, children }) => html`<span><svg viewBox="0 0 12 12" aria-hidden="true"><rect class=${cls} width="12" height="12" /></svg>${children}</span>`;

function Legend({ compared, gaps, word }) {
  return html`<p class="key"><${Swatch} cls="f-grave">critical, high<//><${Swatch} cls="f-medium">medium<//><${Swatch} cls="f-mild">low, info<//>
    ${compared && html`<${Swatch} cls="f-new">new<//><${Swatch} cls="f-gone">gone<//>`}
    ${gaps > 0 && html`<span><svg viewBox="0 0 12 12" aria-hidden="true"><path class="t-gap" d="M0 8h12" /></svg>no scan in this ${word}</span>`}</p>`;
}

function Rows({ list, word }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Findings over time"><table class="stack list">
    <caption class="vh">The latest scan of each ${word}, newest first</caption>
    <thead><tr><th scope="col">${word.charAt(0).toUpperCase() + word.slice(1)} from, UTC</th><th scope="col" class="num">Findings</th><th scope="col" class="num">Critical, high</th><th scope="col" class="num">Medium</th><th scope="col" class="num">Low, info</th><th scope="col" class="num">New</th><th scope="col" class="num">Gone</th></tr></thead>
    <tbody>${list.filter((b) => b.begun).toReversed().map(({ at, scan }) => html`<tr key=${at}><td class="nowrap" data-l="From">${moment(at).replace(/:\d\d UTC/, "")}</td>${scan
      ? [["Findings", count(scan.findings)], ["Critical, high", count(grave(scan))], ["Medium", count(scan.severity?.medium)], ["Low, info", count(mild(scan))], ["New", part(scan, "new")], ["Gone", part(scan, "gone")]].map(([name, text]) => html`<td key=${name} class="num nowrap" data-l=${name}><${Figure} scan=${scan}>${text}<//></td>`)
      : html`<td class="faint" colspan="6" data-l="Findings">no scan</td>`}</tr>`)}</tbody></table></div>`;
}

// "12 findings, 2 of them critical or high, at the latest scan (26 Nov 2026 …). …"
function Words({ scans, total, gaps, list, word }) {
  const latest = scans[0], oldest = scans.at(-1), c = latest.change;
  const apart = latest.findings - oldest.findings;
  return html`<p class="serif lead"><${Figure} scan=${latest}>${many(latest.findings, "finding")}<//>, ${count(grave(latest))} of them critical or high, at the latest scan on ${moment(latest.at)}.
    ${c && html` Since the one before: <${Figure} scan=${latest}>${about(c)}${count(c.new)} new<//>, ${count(c.gone)} gone, ${count(c.still)} still there.${c.other_rules && " The rules changed between the two, which may be why."}`}
    ${scans.length > 1 && ` ${apart === 0 ? "As many as" : `${count(Math.abs(apart))} ${apart > 0 ? "more" : "fewer"} than`} at the first of the ${total > scans.length ? `last ${count(scans.length)}` : count(scans.length)} scans, on ${day(oldest.at)}.`}
    ${gaps > 0 && ` ${count(gaps)} of the ${count(list.filter((b) => b.begun).length)} ${/^\d/.test(word) ? `spans of ${word}` : `${word}s`} drawn ${gaps === 1 ? "has" : "have"} no scan.`}</p>`;
}

export function Trend({ scans, total }) {
  const [ref, width] = useWidth();
  const [table, setTable] = useState(false);
  const { list, span, word } = bins(scans, Math.max(Date.now(), Date.parse(scans[0].at)));
  const compared = list.some((b) => b.scan?.change);
  const gaps = list.filter((b) => !b.scan && b.begun).length;
  return html`<figure class="over-time">
    <figcaption><${Words} scans=${scans} total=${total} gaps=${gaps} list=${list} word=${word} />
      <p class="small quiet">Each bar is the latest scan of ${/^\d/.test(word) ? word : `one ${word}`}. A bar opens its entry.</p></figcaption>
    <div ref=${ref} class="canvas">${!table && width > 0 && html`<${Picture} width=${width} list=${list} span=${span} compared=${compared} />`}</div>
    ${table ? html`<${Rows} list=${list} word=${word} />` : html`<${Legend} compared=${compared} gaps=${gaps} word=${word} />`}
    <div class="acts2"><button type="button" class="btn" aria-pressed=${table ? "true" : "false"} onClick=${() => setTable(!table)}>${table ? "Show as a picture" : "Show as a table"}</button></div>
  </figure>`;
}
