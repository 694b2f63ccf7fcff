// What a provider counted, day by day, beside what the log has.
import { html } from "./html.js";
import { useSource } from "./source.js";
import { Notice } from "./parts.js";
import { count } from "./format.js";
import { entryPath } from "./words.js";

const SHOWN = 31;
const STATES = { tied: ["met", "s-met", "fits"], gap: ["not", "s-not", "does not fit"] };
const signed = (n) => (n > 0 ? `+${count(n)}` : n < 0 ? `−${count(-n)}` : "0");

const State = ({ state }) => { const [cls, shape, word] = STATES[state]; return html`<span class=${`st ${cls}`}><svg aria-hidden="true"><use href=${`#${shape}`} /></svg>${word}</span>`; };

const Row = ({ x }) => html`<tr><td class="nowrap" data-l="Day">${x.day}</td><td data-l="Vendor">${x.vendor}</td><td class="num" data-l="In the log">${count(x.ours)}</td><td class="num" data-l="Provider says">${count(x.theirs)}</td>
  <td class="num" data-l="Difference">${signed(x.theirs - x.ours)}</td><td data-l="State"><${State} state=${x.state} /></td><td class="num" data-l="Entry"><a class="fig mono rowlink" href=${entryPath("org", x.index)}>${count(x.index)}</a></td></tr>`;

export function Usage() {
  const seen = useSource(`/api/v1/usage?limit=${SHOWN}`, 30000);
  const items = seen.data?.items;
  if (!items) return html`<${Notice} seen=${seen} />`;
  return html`<section class="row"><header class="gloss"><h2>Held against providers</h2><p>What a provider counted and the log does not have went past the gateway.</p></header><div class="body">
    ${items.length === 0 && html`<p><span class="st nodata"><svg aria-hidden="true"><use href="#s-nodata" /></svg>no data</span></p><p class="small quiet">No usage export was imported yet.</p>`}
    ${items.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label="Days held against providers"><table class="stack"><caption class="vh">Tokens by day, newest first</caption><thead><tr><th scope="col">Day</th><th scope="col">Vendor</th><th scope="col" class="num">In the log</th><th scope="col" class="num">Provider says</th><th scope="col" class="num">Difference</th><th scope="col">State</th><th scope="col" class="num">Entry</th></tr></thead>
      <tbody>${[...items].sort((a, b) => b.day.localeCompare(a.day)).map((x) => html`<${Row} key=${x.vendor + x.day} x=${x} />`)}</tbody></table></div>
      <p class="limit">Tokens of all classes. Each model and class may differ by the tolerance that its entry states.</p>`}
    <h3 class="apart">Import an export</h3><pre class="codebox" tabindex="0">custos usage import FILE --vendor NAME</pre></div></section>`;
}
