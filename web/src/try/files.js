// Files that were dropped or chosen: read here, checked one after the other by the daemon on this
// machine, listed by what was found. Choosing one puts it into the editor.
import { useRef, useState } from "preact/hooks";
import { html } from "../html.js";
import { count, many } from "../format.js";
import { askOnce } from "./asking.js";

const MAX_FILES = 2000;
const MAX_BYTES = 1 << 20;

async function entries(entry, path, out) {
  if (out.length >= MAX_FILES) return;
  if (entry.isFile) {
    const file = await new Promise((done, fail) => entry.file(done, fail)).catch(() => null);
    if (file) out.push({ path: path + entry.name, file });
    return;
  }
  if (entry.name === ".git" || entry.name === "node_modules") return;
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((done) => reader.readEntries(done, () => done([])));
    if (!some.length) return;
    for (const e of some) await entries(e, `${path}${entry.name}/`, out);
  }
}

async function dropped(transfer) {
  const roots = [...transfer.items].map((i) => i.webkitGetAsEntry?.()).filter(Boolean);
  const out = [];
  if (!roots.length) return [...transfer.files].map((file) => ({ path: file.name, file }));
  for (const r of roots) await entries(r, "", out);
  return out;
}

// Checks each file; `stop` ends it early.
export function useFiles(allow, onText) {
  const [state, setState] = useState({ rows: [], done: 0, total: 0, running: false });
  const turn = useRef(0);
  const check = async (files) => {
    const mine = (turn.current += 1);
    const list = files.slice(0, MAX_FILES);
    if (list.length === 1) {
      onText(await list[0].file.text());
      return;
    }
    const rows = [];
    for (let i = 0; i < list.length && turn.current === mine; i += 1) {
      const { path, file } = list[i];
      const row = { path, file, found: 0, note: "" };
      if (file.size > MAX_BYTES) row.note = "larger than 1 MiB: use custos scan";
      else {
        const text = await file.text();
        if (text.includes("\0")) row.note = "not text";
        else row.found = (await askOnce(text, allow).catch(() => ({ findings: [] }))).findings.length;
      }
      rows.push(row);
      if (i % 10 === 9 || i === list.length - 1) setState({ rows: [...rows], done: i + 1, total: list.length, running: i + 1 < list.length });
    }
  };
  const stop = () => {
    turn.current += 1;
    setState((s) => ({ ...s, running: false }));
  };
  const drop = async (event) => {
    event.preventDefault();
    const files = await dropped(event.dataTransfer);
    if (files.length) await check(files);
  };
  return { ...state, check, stop, drop };
}

export function Files({ files, onOpen }) {
  if (!files.total) return null;
  const rows = files.rows.filter((r) => r.found || r.note).sort((a, b) => b.found - a.found).slice(0, 200);
  const found = files.rows.reduce((n, r) => n + r.found, 0);
  return html`<section class="files"><h2>Files</h2>
    <p class="small"><span role="status">${count(files.done)} of ${many(files.total, "file")} checked, ${many(found, "finding")}</span>
      ${files.running && html` <progress max=${files.total} value=${files.done} aria-label="Files checked" /> <button type="button" class="btn" onClick=${files.stop}>Stop</button>`}</p>
    ${rows.length > 0 && html`<ul>${rows.map((r) => html`<li key=${r.path}><button type="button" class="plainly link mono" onClick=${() => onOpen(r)}>${r.path}</button> <span class="quiet">${r.note || many(r.found, "finding")}</span></li>`)}</ul>`}</section>`;
}
