// The form of one step in a register, made from what the registry of events says of its fields.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { html } from "./html.js";
import { post } from "./api.js";

export const wordOf = (name) => {
  const text = name.replaceAll("_", " ");
  return text[0].toUpperCase() + text.slice(1);
};

const LONG = 300;
// Where the hour matters: asked for in the reader's own time, sent in UTC.
const MOMENTS = new Set(["detected", "sent", "received"]);

// What a field begins with is its default: a page that reads again draws the form again, and what was typed must stay.
function Input({ field, value, id }) {
  const known = { name: field.name, id, required: field.required };
  if (field.type === "one_of") return html`<select ...${known}>${!field.required && html`<option value=""></option>`}${field.words.map((w) => html`<option key=${w} value=${w} selected=${w === value}>${w.replaceAll("_", " ")}</option>`)}</select>`;
  if (field.type === "bool") return html`<select ...${known}>${["true", "false"].map((w) => html`<option key=${w} value=${w} selected=${w === String(value ?? false)}>${w === "true" ? "yes" : "no"}</option>`)}</select>`;
  if (field.type === "time" && MOMENTS.has(field.name)) return html`<input type="datetime-local" ...${known} max="9999-12-31T23:59" />`;
  if (field.type === "time") return html`<input type="date" ...${known} defaultValue=${typeof value === "string" ? value.slice(0, 10) : ""} />`;
  if (field.type === "number") return html`<input type="number" min="0" step="1" inputmode="numeric" ...${known} defaultValue=${value ?? ""} />`;
  if (field.type === "list" || field.type === "object" || field.type === "counts") return html`<textarea ...${known} rows="4" class="mono" spellcheck=${false} defaultValue=${value ? JSON.stringify(value, null, 1) : ""} />`;
  if (field.type === "text" && field.max > LONG) return html`<textarea ...${known} rows="3" maxlength=${field.max} defaultValue=${value ?? ""} />`;
  return html`<input ...${known} maxlength=${field.max ?? null} autocomplete="off" defaultValue=${Array.isArray(value) ? value.join(", ") : value ?? ""} />`;
}

function hint(field) {
  const kind = { words: "names with commas between", list: `a list of {${(field.fields ?? []).map((f) => f.name).join(", ")}} in JSON`, object: "in JSON", counts: "in JSON" }[field.type];
  const said = [field.person && "a person", kind, !field.required && "optional"].filter(Boolean).join(", ");
  return [field.means, said].filter(Boolean).join("; ");
}

// What was written, as the API takes it. Throws a text that names the field.
function read(form, fields) {
  const out = {};
  const data = new FormData(form);
  for (const f of fields) {
    const text = String(data.get(f.name) ?? "").trim();
    if (!text && !f.required) continue;
    if (["list", "object", "counts"].includes(f.type)) {
      try {
        out[f.name] = JSON.parse(text);
      } catch {
        throw { title: wordOf(f.name), detail: "This is no JSON." };
      }
    } else if (f.type === "time" && MOMENTS.has(f.name) && text) out[f.name] = new Date(text).toISOString();
    else out[f.name] = text;
  }
  return out;
}

// step: of /registers; record: what it is taken of, absent when it opens one; given: fields that are known already and
// not asked for; start: what the fields begin with. onDone gets the record as it is then.
export function StepForm({ reg, step, record, given = {}, start = {}, onDone, onCancel }) {
  const box = useRef(null);
  const [failed, setFailed] = useState(null);
  const [busy, setBusy] = useState(false);
  const rank = (f) => (f.name === reg.name ? -1 : reg.columns.includes(f.name) ? reg.columns.indexOf(f.name) : reg.columns.length);
  const fields = step.fields.filter((f) => !(f.name in given) && (f.name !== reg.name || (!record && !reg.counted))).sort((a, b) => rank(a) - rank(b));
  useLayoutEffect(() => box.current?.querySelector("input, select, textarea")?.focus(), [step.type]);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setFailed(null);
    try {
      const known = Object.fromEntries(step.fields.filter((f) => f.name in given).map((f) => [f.name, given[f.name]]));
      const body = { type: step.type, fields: { ...known, ...read(event.currentTarget, fields) } };
      if (record) body.fields[reg.name] = record.id;
      onDone(await (await post("/api/v1/records", body)).json());
    } catch (cause) {
      setFailed(cause);
    } finally {
      setBusy(false);
    }
  };
  const id = (f) => `f-${step.type.replaceAll(".", "-")}-${f.name}`;
  return html`<form key=${step.type + (record?.id ?? "") + JSON.stringify(start)} class="sheet keyform" ref=${box} onSubmit=${submit} aria-label=${step.act}>
    <h2 class="h3">${step.act}</h2><p class="small quiet">${step.means}.${step.other_than.length > 0 && ` A second person is needed: not who made it ${step.other_than.join(" or ")}.`}</p>
    ${failed && html`<p class="notice" role="alert"><b>${failed.title}.</b> ${failed.detail ?? ""}</p>`}
    <div class="fields">${fields.map((f) => html`<label key=${f.name} class="field" for=${id(f)}><span>${wordOf(f.name)}${hint(f) && html` <span class="faint">${hint(f)}</span>`}</span>
      <${Input} field=${f} id=${id(f)} value=${record?.fields[f.name] ?? start[f.name]} /></label>`)}</div>
    <div class="acts2"><button class="btn go" disabled=${busy}>${step.act}</button><button type="button" class="btn quietly" onClick=${onCancel}>Cancel</button></div>
  </form>`;
}
