// Around every page: places, tools, the seal line, and the dialog of keys and look.
import { useEffect, useRef } from "preact/hooks";
import { html } from "./html.js";
import { route, go } from "./router.js";
import { preview, session, signOut } from "./api.js";
import { letterKeys, theme } from "./settings.js";
import { useKeys } from "./keys.js";
import { count, day, digest, moment } from "./format.js";
import { logTitle } from "./words.js";

const PLACES = [
  ["/", "Overview", ["overview"]],
  ["/audit", "Checklist", ["audit"]],
  ["/controls", "Controls", ["controls"]],
  ["/exchanges", "Exchanges", ["exchanges", "exchange"]],
  ["/changes", "Changes", ["changes", "change"]],
  ["/findings", "Findings", ["findings", "scan", "work", "review", "incidents", "incident", "disclosures", "services", "privacy"]],
  ["/examination", "Examination", ["examination", "reports", "portal", "timeline", "questionnaires", "questionnaire", "population", "sample"]],
  ["/log", "Log", ["log"]],
  ["/registers", "Registers", ["people", "keys", "routes", "classes", "bundles", "probes", "isolation", "rules", "desks", "desk", "record", "vendors", "vendor", "policies", "policy"]],
];

function Account() {
  const who = session.value;
  if (who === undefined) return null;
  const here = route.value.place === "account" ? "page" : null;
  if (who === null) return html`<a href="/account" aria-current=${here}>Sign in</a>`;
  const leave = async () => {
    await signOut().catch(() => {});
    go("/");
  };
  return html`<a href="/account" class="who" aria-current=${here} title=${who.role}>${who.user || "…"}</a><button type="button" class="plainly" onClick=${leave}>Sign out</button>`;
}

// An auditor is told on every page what the seat is, and who previews one that it is a preview.
export function SeatLine() {
  const who = session.value;
  if (who && preview.value) {
    return html`<div class="seat" role="note"><div class="seal-in"><span>Preview of the seat of <b>${preview.value.name}</b></span><span>pages show what it shows, and nothing can be changed</span><span>looking is on record</span><span><button type="button" class="plainly" onClick=${() => (preview.value = null)}>End the preview</button></span></div></div>`;
  }
  if (who?.role !== "auditor") return null;
  return html`<div class="seat" role="note"><div class="seal-in"><span>Auditor's seat of <b>${who.user}</b></span><span>window <b>${day(who.from)}</b> to <b>${day(new Date(new Date(who.to) - 1))}</b></span>
    <span>${who.tenants.length ? html`tenants <b>${who.tenants.join(", ")}</b>` : "all tenants"}${who.controls.length > 0 && html`, controls <b>${who.controls.join(", ")}</b>`}</span><span>what is looked at is on record</span></div></div>`;
}

export function Mast() {
  const dialog = useRef(null);
  useKeys({ "?": () => dialog.current?.showModal() });
  const here = route.value.place;
  // On a narrow screen the places scroll: the one we are at comes into view.
  useEffect(() => document.querySelector(".places [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" }), [here]);
  return html`<header class="mast"><div class="mast-in">
    <a class="brand" href="/"><svg aria-hidden="true"><use href="#s-mark" /></svg>Custos</a>
    <nav class="places" aria-label="Places">${PLACES.map(
      ([href, name, places]) => html`<a key=${href} href=${href} aria-current=${places.includes(here) ? "page" : null}>${name}</a>`,
    )}</nav>
    <div class="tools">
      <a href="/try" aria-current=${here === "try" ? "page" : null}>Try</a>
      <button type="button" class="plainly" onClick=${() => dialog.current?.showModal()}>Keys <kbd>?</kbd></button>
      <${Account} />
    </div>
  </div><${Settings} dialog=${dialog} /></header>`;
}

const KEYS = [
  [["J", "K"], "next and previous row"],
  [["Enter"], "open the row"],
  [["F"], "filter exchanges and entries"],
  [["Backspace"], "remove the last filter"],
  [["N"], "show new exchanges; a new record, in a register"],
  [["I"], "issue a key, in the register of keys"],
  [["1", "S", "F"], "answer, later and finish, in the checklist"],
  [["F8", "Shift F8"], "next and previous finding in Try"],
  [["?"], "these keys"],
];

function Choice({ name, value, chosen, onPick, children }) {
  return html`<label><input type="radio" name=${name} value=${value} checked=${chosen === value} onChange=${() => onPick(value)} /> ${children}</label>`;
}

function Settings({ dialog }) {
  const look = (value) => (theme.value = value);
  return html`<dialog ref=${dialog} aria-labelledby="settings-title">
    <h2 id="settings-title">Keys and look</h2>
    <dl class="keylist">${KEYS.map(
      ([keys, what]) => html`<div key=${what}><dt>${keys.map((k) => html`<kbd key=${k}>${k}</kbd> `)}</dt><dd>${what}</dd></div>`,
    )}</dl>
    <label class="tick"><input type="checkbox" checked=${letterKeys.value === "on"} onChange=${(e) => (letterKeys.value = e.currentTarget.checked ? "on" : "off")} /> Single-letter keys</label>
    <fieldset class="look"><legend>Look</legend>
      <${Choice} name="theme" value="system" chosen=${theme.value} onPick=${look}>as the system<//>
      <${Choice} name="theme" value="light" chosen=${theme.value} onPick=${look}>light<//>
      <${Choice} name="theme" value="dark" chosen=${theme.value} onPick=${look}>dark<//>
    </fieldset>
    <form method="dialog"><button class="btn">Close</button></form>
  </dialog>`;
}

// The log that this page speaks of: the one asked for, else the fullest log of a tenant.
function headOf(logs, wanted) {
  const named = logs.find((log) => log.name === wanted);
  if (named) return named;
  const tenants = logs.filter((log) => log.name.startsWith("t:") && log.size > 0);
  return tenants.sort((a, b) => b.size - a.size)[0] ?? logs.find((log) => log.name === "org");
}

const Seal = ({ children }) =>
  html`<section class="seal" aria-label="Moment of this page"><div class="seal-in">${children}</div></section>`;

const Mark = () => html`<svg aria-hidden="true"><use href="#s-seal" /></svg>`;

function age(ms) {
  if (!Number.isFinite(ms)) return "";
  return ms < 1500 ? "sealed within the last second" : `oldest unsealed entry ${Math.round(ms / 1000)} s`;
}

export function SealLine({ status, asOf, log }) {
  if (route.value.place === "try") {
    const bundle = status.data?.bundle;
    return html`<${Seal}><span><${Mark} />The rules in force, on this machine</span>
      ${bundle && html`<span>bundle <b>${bundle.version}</b></span><span class="opt">digest <b>${digest(bundle.digest)}</b></span>`}
      <span class="opt">this page writes nothing to the log</span><span>in a terminal: <b>custos scan PATH</b></span></${Seal}>`;
  }
  const head = status.data && headOf(status.data.logs ?? [], log);
  if (!head) {
    return html`<${Seal}><span><${Mark} />${asOf ? html`As of <b>${asOf}</b>` : "No log head read yet"}</span>${session.value === null && html`<span>not signed in</span>`}</${Seal}>`;
  }
  return html`<${Seal}><span><${Mark} />As of <b>${moment(head.at ?? status.data.now)}</b></span>
    <span>log <b>${logTitle(head.name)}</b></span><span>${head.size > 0 ? html`entry <b>${count(head.size)}</b>` : "no entry yet"}</span>
    <span class="opt" title=${head.root}>root <b>${digest(head.root)}</b></span><span class="opt">${age(status.data.sealed_age_ms)}</span>
    <span><a href="/log">All logs</a></span></${Seal}>`;
}
