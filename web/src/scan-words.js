// A recorded scan in words: what several pages say of it, and where its entry is.
import { html } from "./html.js";
import { count } from "./format.js";

const MODES = { tree: "files", history: "whole history", staged: "staged changes", diff: "a change" };
export const modeWord = (mode) => MODES[mode] ?? mode;
export const scanPath = (scan) => `/findings/${encodeURIComponent(scan.id)}`;
export const grave = (scan) => (scan.severity?.critical ?? 0) + (scan.severity?.high ?? 0);
export const mild = (scan) => (scan.severity?.low ?? 0) + (scan.severity?.info ?? 0);
export const about = (change) => (change?.estimated ? "about " : "");
// A change without an earlier scan of the same question is not zero: it is not known.
export const part = (scan, name) => (scan.change ? about(scan.change) + count(scan.change[name]) : "–");

export function repositoryPath(x) {
  const query = new URLSearchParams({ repository: x.repository, log: x.log, mode: x.mode });
  return `/findings?${query}`;
}

export const Figure = ({ scan, children }) => html`<a class="fig" href=${scanPath(scan)}>${children}</a>`;

// A long name breaks behind its slashes.
export const Name = ({ of }) => of.split("/").map((part, i) => (i ? html`/<wbr />${part}` : part));
