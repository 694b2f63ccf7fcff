// One switch for each kind that was found: off, and it leaves as it is.
import { html } from "../html.js";
import { capital, count } from "../format.js";
import { typeWord } from "../words.js";

export function kindsOf(findings) {
  const kinds = new Map();
  for (const f of findings) {
    const kind = kinds.get(f.type) ?? { type: f.type, word: capital(f.type_text || typeWord(f.type)), places: 0 };
    kind.places += 1;
    kinds.set(f.type, kind);
  }
  return [...kinds.values()].sort((a, b) => b.places - a.places || a.word.localeCompare(b.word));
}

export function Kinds({ findings, allow, onAllow }) {
  const kinds = kindsOf(findings);
  if (!kinds.length) return null;
  const flip = (type) => {
    const next = new Set(allow);
    if (!next.delete(type)) next.add(type);
    onAllow(next);
  };
  return html`<fieldset class="kinds"><legend>Keep from leaving</legend>${kinds.map((k) => html`<label key=${k.type}>
    <input type="checkbox" checked=${!allow.has(k.type)} onChange=${() => flip(k.type)} /> ${k.word} <span class="faint">${count(k.places)}</span></label>`)}</fieldset>`;
}
