// Real paths in the address bar, one page without reloads: links stay links.
import { signal } from "@preact/signals";

const PLACES = [
  ["overview", /^\/$/],
  ["audit", /^\/audit\/?$/],
  ["controls", /^\/controls\/?$/],
  ["try", /^\/try\/?$/],
  ["exchanges", /^\/exchanges\/?$/],
  ["exchange", /^\/exchanges\/([^/]+)\/?$/],
  ["findings", /^\/findings\/?$/],
  ["scan", /^\/findings\/([^/]+)\/?$/],
  ["examination", /^\/examination\/?$/],
  ["sample", /^\/examination\/samples\/([0-9A-Z]{26})\/?$/],
  ["questionnaires", /^\/examination\/questionnaires\/?$/],
  ["questionnaire", /^\/examination\/questionnaires\/([0-9A-Z]{26})\/?$/],
  ["population", /^\/examination\/([0-9A-Z]{26})\/?$/],
  ["log", /^\/log\/?$/],
  ["account", /^\/account\/?$/],
  ["join", /^\/join\/?$/],
  ["people", /^\/registers\/people\/?$/],
  ["keys", /^\/registers\/keys\/?$/],
  ["routes", /^\/registers\/routes\/?$/],
  ["classes", /^\/registers\/classes\/?$/],
  ["bundles", /^\/registers\/bundles\/?$/],
  ["probes", /^\/registers\/probes\/?$/],
  ["isolation", /^\/registers\/isolation\/?$/],
  ["rules", /^\/rules\/?$/],
  ["policies", /^\/policies\/?$/],
  ["policy", /^\/policies\/([a-z-]+)\/?$/],
  ["reports", /^\/reports\/?$/],
  ["work", /^\/work\/?$/],
  ["review", /^\/reviews\/([^/]+)\/?$/],
  ["incidents", /^\/incidents\/?$/],
  ["incident", /^\/incidents\/([^/]+)\/?$/],
  ["services", /^\/service-levels\/?$/],
  ["privacy", /^\/privacy\/?$/],
  ["disclosures", /^\/disclosures\/?$/],
  ["changes", /^\/changes\/?$/],
  ["change", /^\/changes\/([0-9a-f]+)\/?$/],
  ["portal", /^\/portal\/?$/],
  ["timeline", /^\/timeline\/?$/],
  ["vendors", /^\/vendors\/?$/],
  ["vendor", /^\/vendors\/([^/]+)\/?$/],
  ["desks", /^\/registers\/?$/],
  ["desk", /^\/registers\/([a-z_]+)\/?$/],
  ["record", /^\/registers\/([a-z_]+\/[^/]+)\/?$/],
];

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function read() {
  const { pathname, search, hash } = location;
  const query = new URLSearchParams(search);
  for (const [place, shape] of PLACES) {
    const hit = shape.exec(pathname);
    if (hit) return { place, id: hit[1] ? decoded(hit[1]) : "", pathname, query, hash };
  }
  return { place: "unknown", id: "", pathname, query, hash };
}

export const route = signal(read());

export function go(href, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", href);
  route.value = read();
}

// The address of this page with some of its filters changed; null or "" removes one.
export function withQuery(changes) {
  const query = new URLSearchParams(route.value.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  return route.value.pathname + (text ? `?${text}` : "");
}

function followed(event) {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest?.("a[href]");
  if (!link || link.getAttribute("target") || link.hasAttribute("download")) return;
  const url = new URL(link.getAttribute("href"), location.href); // .href of a link in a picture is no text
  if (url.origin !== location.origin) return;
  const here = url.pathname === location.pathname && url.search === location.search;
  if (here && url.hash) return;
  if (!PLACES.some(([, shape]) => shape.test(url.pathname))) return;
  event.preventDefault();
  go(url.pathname + url.search + url.hash);
}

export function startRouter() {
  document.addEventListener("click", followed);
  addEventListener("popstate", () => (route.value = read()));
}
