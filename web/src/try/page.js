// /try: what would leave this machine, and what would not. Nothing is sent on and nothing is kept.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { html } from "../html.js";
import { useKeys } from "../keys.js";
import { Notice, useTitle } from "../parts.js";
import { many } from "../format.js";
import { grouped, lineAt, lines } from "./marks.js";
import { NOTHING, useAsking } from "./asking.js";
import { Left, Sent } from "./panes.js";
import { List, Meaning, StatusLine } from "./findings.js";
import { EXAMPLE } from "./example.js";
import { Export } from "./export.js";
import { Files, useFiles } from "./files.js";
import { Kinds } from "./kinds.js";

const SAY_AFTER_MS = 1000;

// One box follows the other by share of its height; the follower's own event is not followed back.
function useTogether(a, b) {
  const led = useRef(null);
  const follow = (leader, other) => () => {
    if (led.current === leader) {
      led.current = null;
      return;
    }
    const from = leader.current;
    const to = other.current;
    if (!from || !to) return;
    const share = from.scrollTop / Math.max(1, from.scrollHeight - from.clientHeight);
    const top = Math.round(share * (to.scrollHeight - to.clientHeight));
    if (Math.abs(to.scrollTop - top) < 2) return;
    led.current = other;
    to.scrollTop = top;
  };
  return [follow(a, b), follow(b, a)];
}

// Results are spoken once the typing has paused, never per key.
function useSaid(answer, waiting) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (waiting || answer === NOTHING) return undefined;
    const timer = setTimeout(() => {
      const blocked = answer.findings.some((f) => f.action === "block");
      setSaid(`${many(answer.findings.length, "finding")}${blocked ? ", the request would be blocked" : ""}`);
    }, SAY_AFTER_MS);
    return () => clearTimeout(timer);
  }, [answer, waiting]);
  return said;
}

// A place in a long text is far outside the view: bring its line near the middle of the box.
function reveal(box, area, span, text) {
  area.focus({ preventScroll: true });
  area.setSelectionRange(span.start, span.end);
  const here = box.querySelector("mark.here");
  if (here) {
    const offset = here.getBoundingClientRect().top - box.getBoundingClientRect().top;
    if (offset < 0 || offset > box.clientHeight - 40) box.scrollTop += offset - box.clientHeight / 2;
    return;
  }
  const line = parseFloat(getComputedStyle(box).lineHeight) || 25;
  box.scrollTop = lineAt(lines(text).starts, span.start) * line - box.clientHeight / 2;
}

function usePicked(asking, area, box) {
  const [picked, setPicked] = useState(-1);
  const shown = asking.spans.find((s) => s.nr === picked) ? picked : -1;
  const pick = (nr) => {
    const span = asking.spans.find((s) => s.nr === nr);
    setPicked(nr);
    if (span) setTimeout(() => reveal(box.current, area.current, span, asking.text));
  };
  const walk = (by) => {
    const { spans } = asking;
    if (spans.length === 0) return;
    const at = spans.findIndex((s) => s.nr === shown);
    pick(spans[at < 0 ? (by > 0 ? 0 : spans.length - 1) : (at + by + spans.length) % spans.length].nr);
  };
  // The caret inside a finding makes it the current one.
  const caret = (i) => {
    const span = asking.spans[i];
    if (span && area.current.selectionStart <= span.end) setPicked(span.nr);
  };
  return { picked: shown, pick, walk, caret };
}

function Tools({ onText, onFiles }) {
  const file = useRef(null);
  const folder = useRef(null);
  const opened = (input) => () => {
    const chosen = [...input.current.files].map((f) => ({ path: f.webkitRelativePath || f.name, file: f }));
    input.current.value = "";
    if (chosen.length) onFiles(chosen);
  };
  return html`<div class="acts"><input ref=${file} type="file" multiple class="vh" tabindex="-1" aria-hidden="true" onChange=${opened(file)} />
    <input ref=${folder} type="file" webkitdirectory class="vh" tabindex="-1" aria-hidden="true" onChange=${opened(folder)} />
    <button type="button" class="btn" onClick=${() => file.current.click()}>Open files</button>
    <button type="button" class="btn" onClick=${() => folder.current.click()}>Open a folder</button>
    <button type="button" class="btn" onClick=${() => onText(EXAMPLE)}>Load an example</button></div>`;
}

export function Try() {
  useTitle("Try");
  const [allow, setAllow] = useState(new Set());
  const asking = useAsking(allow);
  const { text, answer, spans, waiting } = asking;
  const area = useRef(null);
  const left = useRef(null);
  const right = useRef(null);
  const [onLeft, onRight] = useTogether(left, right);
  const { picked, pick, walk, caret } = usePicked(asking, area, left);
  useKeys({ F8: () => walk(1), "Shift+F8": () => walk(-1) });
  const said = useSaid(answer, waiting);
  const model = useMemo(() => lines(text), [text]);
  const { starts } = model;
  const groups = useMemo(() => grouped(spans, starts), [spans]);
  const group = groups.find((g) => g.members.includes(picked));
  const current = useMemo(() => ({ picked, kin: new Set(group?.members ?? []) }), [picked, group]);
  const load = (value) => {
    area.current.value = value;
    asking.change(value);
    area.current.focus();
    area.current.setSelectionRange(0, 0);
  };
  const files = useFiles(allow, load);
  const openFile = async (row) => load(await row.file.text());
  return html`<div class="drop" onDragOver=${(e) => e.preventDefault()} onDrop=${files.drop}><div class="head"><div><h1 tabindex="-1">What would leave this machine?</h1><p class="lede" id="try-hint">Type or paste what you would send to an assistant. Or drop a file or a folder. It is checked on this machine by the rules in force. Nothing is sent to a model and nothing is kept.</p></div><${Tools} onText=${load} onFiles=${files.check} /></div>
    ${asking.failed && html`<${Notice} seen=${{ failed: asking.failed, retryAt: asking.failed.retryAt, at: null }} />`}
    <div class="bench"><${Sent} text=${text} model=${model} spans=${spans} current=${current} area=${area} box=${left} onChange=${asking.change} onCaret=${caret} onScroll=${onLeft} />
      <${Left} answer=${answer} current=${current} box=${right} onPick=${pick} onScroll=${onRight} starts=${starts} />
      <${StatusLine} answer=${answer} text=${text} places=${spans.length} kinds=${new Set(spans.map((s) => s.type)).size} waiting=${waiting} /></div>
    <${Kinds} findings=${spans} allow=${allow} onAllow=${setAllow} />
    <${Export} answer=${answer} starts=${starts} />
    <${Files} files=${files} onOpen=${openFile} />
    <p class="vh" role="status">${said}</p>
    ${spans.length > 0 && html`<div class="under"><${List} groups=${groups} current=${current} onPick=${pick} /><${Meaning} finding=${spans.find((s) => s.nr === picked)} starts=${starts} /></div>`}
    ${answer !== NOTHING && !waiting && spans.length === 0 && text && html`<p class="lede">No rule finds anything here. That means the rules, not that there is nothing.</p>`}</div>`;
}
