// Limits of a caller: the fields in which they are written, and the words in which they are read.
import { html } from "./html.js";
import { count } from "./format.js";

const LIMITS = [
  ["requests_per_minute", "Requests a minute", "requests a minute", 100000000],
  ["tokens_per_minute", "Tokens a minute", "tokens a minute", 100000000],
  ["tokens_per_day", "Tokens a day", "tokens a day", 1000000000000000],
  ["concurrent", "Requests at a time", "at a time", 65535],
];

export function LimitFields({ limits = {} }) {
  return html`<div class="fields">${LIMITS.map(([name, label, , max]) => html`<label key=${name} class="field"><span>${label}</span>
      <input name=${name} type="number" min="1" max=${max} step="1" inputmode="numeric" defaultValue=${limits[name] ?? ""} /></label>`)}
    <label class="field"><span>Spend a day <span class="faint">like 12.50</span></span><input name="spend_per_day" inputmode="decimal" pattern="[0-9]{1,9}(\\.[0-9]{1,6})?" defaultValue=${limits.spend_per_day ?? ""} autocomplete="off" /></label></div>`;
}

// clear: a field that was emptied takes its limit away.
export function limitsOf(form, clear = false) {
  const out = {};
  for (const [name] of LIMITS) {
    if (form.get(name)) out[name] = Number(form.get(name));
    else if (clear) out[name] = 0;
  }
  if (form.get("spend_per_day")) out.spend_per_day = form.get("spend_per_day").trim();
  else if (clear) out.spend_per_day = "0";
  return out;
}

export function limitWords(limits = {}) {
  const said = LIMITS.filter(([name]) => limits[name]).map(([name, , words]) => `${count(limits[name])} ${words}`);
  if (limits.spend_per_day) said.push(`spend of ${limits.spend_per_day} a day`);
  return said.length ? said : ["no limit"];
}
