// What a change does to the code, for who decides about it: each line, which exchange with a model it comes from, and
// beside it what rules and scanners find there. All of it is somebody else's text: text nodes only, and characters that
// hide or reorder text are written out.
import { useEffect, useState } from "preact/hooks";
import { html } from "./html.js";
import { post, session } from "./api.js";
import { useSource } from "./source.js";
import { Notice } from "./parts.js";
import { count, many, moment } from "./format.js";

const OPEN_LINES = 1500; // in files that stand open at first; more would make the page slow
const MAY_OPEN = ["owner", "security"];
const WHY = { binary: "it is no text", "too large": "it is too large to be kept, or was not sent", "too many lines": "the change has more lines than are shown" };
const NOT_JUDGED = { "too large": "it is too large", "too deep": "it is nested too deeply" };

// Controls, and what turns or hides text: a reader must not see another program than a compiler.
const UNSEEN = /([\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff])/;
const code = (c) => `U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
const plain = (text) => (UNSEEN.test(text) ? text.split(UNSEEN).map((p, i) => (i % 2 ? html`<span class="ctl" key=${i}>${code(p)}</span>` : p)) : text);

function Text({ l }) {
  const cut = l.cut && html` <span class="ctl">${many(l.cut, "more byte")}</span>`;
  if (!l.parts) return html`${plain(l.text)}${cut}`;
  return html`${l.parts.map((p, i) => (p.value === undefined ? html`<span key=${i}>${plain(p.text)}</span>`
    : p.text === undefined ? html`<span key=${i} class="hid" title=${p.rule}>${p.value}, hidden</span>` : html`<mark key=${i} class="opened" title=${`${p.value}: ${p.rule}`}>${plain(p.text)}</mark>`))}${cut}`;
}

function Finding({ x }) {
  const who = x.kind === "scan" ? x.tool : x.kind === "code" ? "rules for code" : "rules for data";
  return html`<tr class="d-find"><td colspan="4"><p><b>${x.severity}</b> ${plain(x.message)}${x.fix && html` <span class="quiet">${x.fix}</span>`} <span class="faint">${plain(who)}, ${x.kind === "scan" ? x.rule : html`<a href=${`/rules/${encodeURIComponent(x.rule)}`}>${x.rule}</a>`}${x.cwe ? `, CWE-${x.cwe}` : ""}</span></p></td></tr>`;
}

const KINDS = { "+": ["d-add", "added"], "-": ["d-del", "removed"], " ": ["", ""] };

// The number of the exchange stands where its lines begin, a bar beside all of them.
function Line({ l, before, numbers }) {
  const [cls, word] = KINDS[l.kind] ?? KINDS[" "], n = numbers.get(l.from), from = n && `${l.alike ? "≈" : ""}M${n}`, first = n && (l.from !== before?.from || l.alike !== before?.alike);
  return html`<tr class=${cls}><td class="d-no">${l.before ?? ""}</td><td class="d-no">${l.after ?? ""}</td>
    <td class=${n ? "d-by d-model" : "d-by"}>${first ? html`<a href=${`/exchanges/${l.from}`} title=${l.alike ? "a model wrote one like it" : "a model wrote it"}>${from}</a>` : n ? html`<span class="vh">${from}</span>` : ""}</td>
    <td class="d-text"><span class="d-kind" aria-hidden="true">${l.kind}</span>${word && html`<span class="vh">${word}: </span>`}<${Text} l=${l} /></td></tr>`;
}

function Hunk({ h, findings, numbers }) {
  const rows = [];
  h.lines.forEach((l, i) => {
    rows.push(html`<${Line} key=${i} l=${l} before=${h.lines[i - 1]} numbers=${numbers} />`);
    if (l.kind !== "-") findings.filter((x) => x.end_line === l.after || (x.line === l.after && !h.lines.some((o) => o.after === x.end_line))).forEach((x, k) => rows.push(html`<${Finding} key=${`${i} ${k}`} x=${x} />`));
  });
  return html`<tbody><tr class="d-hunk"><th colspan="4" scope="rowgroup">from line ${h.after || h.before}</th></tr>${rows}</tbody>`;
}

const size = (f) => f.hunks.reduce((n, h) => n + h.lines.length, 0);
const sum = (f, test) => f.hunks.reduce((n, h) => n + h.lines.filter(test).length, 0);

function File({ f, id, open, set, numbers }) {
  const model = sum(f, (l) => l.from), added = sum(f, (l) => l.kind === "+"), removed = sum(f, (l) => l.kind === "-");
  const notes = [f.mode && `mode ${f.mode}`, f.left_out && `not shown: ${WHY[f.left_out] ?? f.left_out}`, NOT_JUDGED[f.not_judged] && `rules for code did not read it: ${NOT_JUDGED[f.not_judged]}`, f.elsewhere > 0 && `${many(f.elsewhere, "finding")} on lines that were there before`].filter(Boolean);
  return html`<details class="d-file" id=${id} open=${open} onToggle=${(e) => set(e.currentTarget.open)}><summary><span class="mono d-path">${f.from && html`${plain(f.from)} → `}${plain(f.path)}</span> <span class="d-sum">${f.change}${f.hunks.length ? `, ${many(added, "line")} more, ${count(removed)} less` : ""}${model > 0 ? `, ${count(model)} by a model` : ""}${f.findings.length > 0 && html`, <span class="refusal">${many(f.findings.length, "finding")}</span>`}</span></summary>
    ${notes.length > 0 && html`<p class="small quiet d-notes">${notes.join("; ")}</p>`}
    ${open && f.hunks.length > 0 && html`<table class="diff"><caption class="vh">${plain(f.path)}: number before, number after, by which exchange, text</caption><colgroup><col class="c-before" /><col class="c-no" /><col class="c-by" /><col /></colgroup>${f.hunks.map((h, i) => html`<${Hunk} key=${i} h=${h} findings=${f.findings} numbers=${numbers} />`)}</table>`}</details>`;
}

// Only who answers for the values sees them, and it is on record why.
function Opening({ id, values, onOpened }) {
  const [purpose, setPurpose] = useState(null), [failed, setFailed] = useState(null);
  if (!MAY_OPEN.includes(session.value?.role)) return null;
  if (purpose === null) return html`<button type="button" class="btn small" onClick=${() => setPurpose("")}>Show ${many(values, "value")}</button>`;
  const send = async (e) => {
    e.preventDefault();
    try {
      onOpened(await (await post(`/api/v1/changes/${encodeURIComponent(id)}/diff/values`, { purpose })).json());
    } catch (cause) {
      setFailed(cause);
    }
  };
  return html`<form class="d-open" onSubmit=${send}><label>What for? It becomes an entry of the log.<input type="text" maxlength="200" required value=${purpose} onInput=${(e) => setPurpose(e.currentTarget.value)} /></label><button class="btn small">Show ${many(values, "value")}</button>${failed && html`<p class="refusal" role="alert">${failed.detail || failed.title}</p>`}</form>`;
}

function Missing({ id }) {
  return html`<p class="small quiet">What it changes is not here: nobody has sent it, or it was kept for its time. Where the repository is: <code>custos change diff ${id} --git .</code></p>`;
}

const anchor = (i) => `file-${i + 1}`;

function Contents({ files, go }) {
  return html`<ol class="plain d-list">${files.map((f, i) => html`<li key=${i}><a href=${`#${anchor(i)}`} onClick=${() => go(i)}><span class="mono">${plain(f.path)}</span></a>${f.findings.length > 0 && html` <span class="refusal">${many(f.findings.length, "finding")}</span>`}${f.left_out && html` <span class="refusal">not shown</span>`}</li>`)}</ol>`;
}

function Sources({ list }) {
  if (list.length === 0) return null;
  return html`<ul class="plain d-from" aria-label="Exchanges that lines come from">${list.map((x, i) => html`<li key=${x.id}><b>M${i + 1}</b> <a href=${`/exchanges/${x.id}`}>${x.model} of ${x.vendor}</a>, ${moment(x.at)}, asked for by ${x.user ?? "nobody known"}, ${many(x.lines, "line")}</li>`)}</ul>`;
}

export function Diff({ change }) {
  const id = change.id, f = change.fields;
  const seen = useSource(f.objects ? `/api/v1/changes/${encodeURIComponent(id)}/diff` : null);
  const [opened, setOpened] = useState(null), [shown, setShown] = useState({});
  const d = opened ?? seen.data;
  useEffect(() => { setOpened(null); if (f.objects) seen.refresh(); }, [f.objects]);
  useEffect(() => { // paper has no "open"
    const all = () => d && setShown(Object.fromEntries(d.files.map((_, i) => [i, true])));
    addEventListener("beforeprint", all);
    return () => removeEventListener("beforeprint", all);
  }, [d]);
  const head = html`<h2 id="diff" class="h3">What it changes</h2>`;
  if (!f.objects || seen.failed?.status === 404) return html`<section class="apart" aria-labelledby="diff">${head}<${Missing} id=${id} /></section>`;
  if (!d) return html`<section class="apart" aria-labelledby="diff">${head}<${Notice} seen=${seen} /></section>`;
  let lines = 0;
  const first = d.files.map((x) => (lines += size(x)) <= OPEN_LINES), isOpen = (i) => shown[i] ?? first[i];
  const numbers = new Map(d.exchanges.map((x, i) => [x.id, i + 1])), left = d.files.filter((x) => x.left_out).length, found = d.files.reduce((n, x) => n + x.findings.length, 0);
  const set = (i, open) => setShown((was) => ({ ...was, [i]: open }));
  return html`<section class="apart" aria-labelledby="diff">${head}
    <p class="lede">${many(d.files.length, "file")}, ${count(f.lines_added)} lines added, ${count(f.lines_removed)} removed${d.commits > 1 ? html` in <b>${many(d.commits, "commit")}</b>` : ""}${d.base ? html`, against <span class="mono" title=${d.base}>${d.base.slice(0, 12)}</span>` : ", from nothing"}. ${d.lines ? `${count(d.from_assistant)} of ${many(d.lines, "added line")} that say something come from a model.` : "No added line says enough to be traced."} ${found ? html`<span class="refusal">${many(found, "finding")} on its lines.</span>` : "Nothing was found on its lines."}</p>
    ${left > 0 && html`<div class="notice" role="status"><b>${many(left, "file")} not shown.</b> Binary, or larger than what is kept here: read ${left === 1 ? "it" : "them"} in ${f.repo}.</div>`}
    ${d.values > 0 && html`<div class="d-values"><p class="small">${d.opened ? `${many(d.values, "value")} shown; it is on record.` : `${many(d.values, "value")} in these lines ${d.values === 1 ? "looks" : "look"} like a secret or personal data, and ${d.values === 1 ? "is" : "are"} hidden.`}</p>${!d.opened && html`<${Opening} id=${id} values=${d.values} onOpened=${setOpened} />`}</div>`}
    ${d.files.length > 1 && html`<${Contents} files=${d.files} go=${(i) => set(i, true)} />`}
    <${Sources} list=${d.exchanges} />
    <div class="d-files">${d.files.map((x, i) => html`<${File} key=${i} f=${x} id=${anchor(i)} open=${isOpen(i)} set=${(open) => open !== isOpen(i) && set(i, open)} numbers=${numbers} />`)}</div>
    <p class="small quiet">Worked out from git's own objects, down from the name of the commit; the entry "Change kept for its desk" holds their digest. It does not say that what was built comes from this commit, and a line that no exchange of this gateway wrote may still be a model's.</p></section>`;
}
