// Small parts that every page uses: states, pills, notices, titles, saving a file.
import { useEffect, useState } from "preact/hooks";
import { html } from "./html.js";
import { clock, count } from "./format.js";
import { SignInForm } from "./signin-form.js";
import { stateOf, typeWord } from "./words.js";

export const Shape = ({ code, cls = "gl" }) =>
  html`<svg class=${`${cls} ${stateOf(code).cls}`} aria-hidden="true"><use href=${`#s-${stateOf(code).cls}`} /></svg>`;

export function State({ code }) {
  const state = stateOf(code);
  return html`<span class=${`st ${state.cls}`}><svg aria-hidden="true"><use href=${`#s-${state.cls}`} /></svg>${state.title}</span>`;
}

// A part of a page: what it is about in the margin, with what one may do, and beside it the thing itself.
export const Part = ({ title, gloss, act, children }) =>
  html`<section class="row"><header class="gloss"><h2>${title}</h2>${gloss && html`<p>${gloss}</p>`}${act && html`<div class="acts2">${act}</div>`}</header><div class="body">${children}</div></section>`;

export function useTitle(title) {
  useEffect(() => {
    document.title = `${title} · Custos`;
  }, [title]);
}

export function Pills({ findings, cls = "raw" }) {
  const kinds = Object.entries(findings ?? {}).filter(([, n]) => n > 0);
  if (kinds.length === 0) return html`<span class="faint">none</span>`;
  return html`<span class="pills">${kinds.map(
    ([type, n]) => html`<span key=${type} class=${`pill ${cls}`}>${typeWord(type)}${n > 1 ? ` × ${count(n)}` : ""}</span>`,
  )}</span>`;
}

function useSeconds(until) {
  const left = () => Math.max(0, Math.ceil((until - Date.now()) / 1000));
  const [seconds, setSeconds] = useState(left);
  useEffect(() => {
    setSeconds(left());
    const timer = setInterval(() => setSeconds(left()), 500);
    return () => clearInterval(timer);
  }, [until]);
  return seconds;
}

function Silent({ seen }) {
  const seconds = useSeconds(seen.retryAt);
  const from = seen.at ? `this page is from ${clock(seen.at)}` : "nothing has been read yet";
  const reference = seen.failed.reference;
  return html`<div class="notice" role="status"><b>The daemon does not answer.</b> Gateways go on and seal; ${from}. <span aria-hidden="true">Trying again in ${seconds} s.</span>${reference && html` <span class="mono">Reference ${reference}.</span>`}</div>`;
}

// Says what happened, what is safe and what to do; nothing when all is well.
export function Notice({ seen }) {
  if (seen.failed?.kind === "silent") return html`<${Silent} seen=${seen} />`;
  if (seen.failed?.status === 403) return html`<p class="small quiet" role="status">${seen.failed.title}. ${seen.failed.detail}</p>`;
  if (seen.failed?.kind === "problem") {
    const { title, detail, reference } = seen.failed;
    return html`<div class="notice" role="status"><b>${title}.</b> ${detail} Nothing was changed.${reference && html` <span class="mono">Reference ${reference}.</span>`}</div>`;
  }
  if (seen.slow) {
    return html`<div class="notice calm" role="status">Reading …${seen.at && html` This page is from ${clock(seen.at)}.`}</div>`;
  }
  return null;
}

export function SignInNeeded({ what }) {
  return html`<div class="needed"><p class="lede">${what} needs a sign-in.</p><${SignInForm} /></div>`;
}

export function saveAs(name, content, type) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

export function CopyBox({ text }) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    const done = await navigator.clipboard?.writeText(text).then(() => true, () => false);
    setSaid(done ? "Copied" : "Select it and copy by hand");
    setTimeout(() => setSaid(""), 3000);
  };
  return html`<div class="copy"><pre class="codebox" tabindex="0">${text}</pre><button type="button" class="btn" onClick=${copy}>Copy</button><span class="small quiet" role="status">${said}</span></div>`;
}
