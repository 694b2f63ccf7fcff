// Reports and drafts from the log, OSCAL exports, and the trust page: make one, save it, see which were made.
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { post, session } from "./api.js";
import { useSource } from "./source.js";
import { Notice, Part, saveAs, SignInNeeded, useTitle } from "./parts.js";
import { Field, useAct, Wrong } from "./forms.js";
import { Registers } from "./registers.js";
import { date, day, digest, moment } from "./format.js";
import { entryPath } from "./words.js";

const EVERY_MS = 15000;
const DAY_MS = 86400000;
const TYPES = { html: "text/html", pdf: "application/pdf", json: "application/json", text: "text/plain" };
const ago = (days) => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
const shown = (at) => day(date(at) ?? new Date(at));

function Make({ kinds, done }) {
  const [kind, setKind] = useState(kinds[0].id);
  const [from, setFrom] = useState(ago(89));
  const [to, setTo] = useState(ago(-1));
  const [format, setFormat] = useState("html");
  const { act, failed, busy } = useAct(done);
  const of = kinds.find((k) => k.id === kind);
  const form = of.formats.includes(format) ? format : of.formats[0];
  const make = (event) => {
    event.preventDefault();
    act(async () => {
      const answer = await post("/api/v1/reports", { kind, from, to, format: form });
      saveAs(`${kind}-${to}.${form === "text" ? "txt" : form}`, await answer.blob(), TYPES[form]);
    });
  };
  return html`<${Part} title="Make one" gloss="What is made is a draft: management changes and signs it. Every figure says which entries it was counted from."><form onSubmit=${make}>
      <${Field} label="Report"><select value=${kind} onChange=${(e) => setKind(e.currentTarget.value)}>${kinds.map((k) => html`<option key=${k.id} value=${k.id}>${k.title}</option>`)}</select><//>
      <p class="small quiet">${of.means}. At most ${of.max_days} days.</p>
      <div class="fields"><${Field} label="From"><input type="date" required value=${from} onInput=${(e) => setFrom(e.currentTarget.value)} /><//>
      <${Field} label="To" hint="not included"><input type="date" required value=${to} onInput=${(e) => setTo(e.currentTarget.value)} /><//>
      <${Field} label="As"><select value=${form} onChange=${(e) => setFormat(e.currentTarget.value)}>${of.formats.map((f) => html`<option key=${f} value=${f}>${f === "html" ? "web page" : f === "pdf" ? "PDF" : f}</option>`)}</select><//></div>
      <${Wrong} failed=${failed} />
      <div class="acts2"><button type="submit" class="btn go" disabled=${busy}>${busy ? "Reading the log …" : "Make and save it"}</button></div></form><//>`;
}

const Made = ({ items, kinds }) => html`<${Part} title="Made" gloss="Each is an entry with the digest of the document.">
  ${items.length ? html`<div class="scroll" tabindex="0" role="region" aria-label="Reports made"><table class="stack list"><caption class="vh">Reports made</caption>
    <thead><tr><th scope="col">Report</th><th scope="col">Period</th><th scope="col">As of</th><th scope="col">Digest</th><th scope="col">Entry</th></tr></thead>
    <tbody>${items.map((x) => html`<tr key=${x.index}><td data-l="Report">${kinds.find((k) => k.id === x.body.kind)?.title ?? x.body.kind} <span class="faint">${x.body.format}</span></td><td class="nowrap" data-l="Period">${shown(x.body.from)} – ${shown(x.body.to)}</td><td class="nowrap" data-l="As of">${moment(x.body.as_of)}</td><td class="mono" data-l="Digest" title=${x.body.digest}>${digest(x.body.digest)}</td><td data-l="Entry"><a href=${entryPath("org", x.index)}>org ${x.index}</a></td></tr>`)}</tbody></table></div>` : html`<p>None was made yet.</p>`}<//>`;

export function Reports() {
  useTitle("Reports");
  const seen = useSource(session.value ? "/api/v1/reports" : null, EVERY_MS);
  const head = html`<div class="head"><div><h1 tabindex="-1">Reports</h1><p class="lede">Drafts and reports, counted from the log as of a moment, and the same as OSCAL. They say what the log supports; what an auditor concludes, the auditor writes.</p></div><div class="acts"><a class="btn" href="/registers/trustpage">Trust page</a></div></div><${Registers} here="Reports" />`;
  if (session.value === null) return html`${head}<${SignInNeeded} what="Reports" />`;
  return html`${head}<${Notice} seen=${seen} />${seen.data && html`<div class="paper"><${Make} kinds=${seen.data.kinds} done=${() => seen.refresh()} /><${Made} items=${seen.data.items} kinds=${seen.data.kinds} /></div>`}`;
}
