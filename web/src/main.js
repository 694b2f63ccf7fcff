// Starts the console: settings, sign-in link, router, then the frame with one page in it.
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { html } from "./html.js";
import { askSession, preview, session } from "./api.js";
import { startSettings } from "./settings.js";
import { go, route, startRouter } from "./router.js";
import { arrival, takeToken } from "./signin.js";
import { useSource } from "./source.js";
import { Mast, SealLine, SeatLine } from "./frame.js";
import { useTitle } from "./parts.js";
import { lazy } from "./lazy.js";

const STATUS_EVERY_MS = 5000;

function Unknown() {
  useTitle("No such page");
  return html`<div class="head"><div><h1 tabindex="-1">There is no such page</h1><p class="lede">The address may be misspelt. <a href="/">Go to the overview.</a></p></div></div>`;
}

const PAGES = {
  overview: lazy(() => import("./overview.js"), "Overview"), audit: lazy(() => import("./audit.js"), "Audit"), controls: lazy(() => import("./checklist.js"), "Checklist"),
  try: lazy(() => import("./try/page.js"), "Try"),
  exchanges: lazy(() => import("./exchanges.js"), "Exchanges"), exchange: lazy(() => import("./exchange.js"), "Exchange"),
  findings: lazy(() => import("./exposure.js"), "Exposure"), scan: lazy(() => import("./scan.js"), "Scan"), log: lazy(() => import("./log.js"), "Log"),
  account: lazy(() => import("./account.js"), "Account"), join: lazy(() => import("./join.js"), "Join"),
  people: lazy(() => import("./people.js"), "People"),
  keys: lazy(() => import("./register-keys.js"), "RegisterKeys"), isolation: lazy(() => import("./isolation.js"), "Isolation"), probes: lazy(() => import("./probes.js"), "Probes"),
  examination: lazy(() => import("./examination.js"), "Examination"),
  questionnaires: lazy(() => import("./questionnaires.js"), "Questionnaires"), questionnaire: lazy(() => import("./questionnaires.js"), "Questionnaire"),
  population: lazy(() => import("./population.js"), "Population"), sample: lazy(() => import("./population.js"), "Sample"),
  routes: lazy(() => import("./routes.js"), "Routes"), classes: lazy(() => import("./classes.js"), "Classes"), bundles: lazy(() => import("./bundles.js"), "Bundles"),
  desks: lazy(() => import("./desk.js"), "Desks"), desk: lazy(() => import("./desk.js"), "Desk"), record: lazy(() => import("./desk.js"), "DeskRecord"),
  reports: lazy(() => import("./reports.js"), "Reports"),
  policies: lazy(() => import("./policies.js"), "Policies"), policy: lazy(() => import("./policies.js"), "Policy"),
  work: lazy(() => import("./work.js"), "Work"), review: lazy(() => import("./work.js"), "AccessReview"),
  incidents: lazy(() => import("./incidents.js"), "Incidents"), incident: lazy(() => import("./incidents.js"), "Incident"), disclosures: lazy(() => import("./incidents.js"), "Disclosures"),
  services: lazy(() => import("./services.js"), "Services"), privacy: lazy(() => import("./privacy.js"), "Privacy"),
  changes: lazy(() => import("./changes.js"), "Changes"), change: lazy(() => import("./changes.js"), "Change"),
  portal: lazy(() => import("./portal.js"), "Portal"), timeline: lazy(() => import("./timeline.js"), "Timeline"),
  vendors: lazy(() => import("./vendors.js"), "Vendors"), vendor: lazy(() => import("./vendors.js"), "Vendor"),
  rules: lazy(() => import("./rules.js"), "Rules"),
  unknown: Unknown,
};

// A reader is told of a new page: focus goes to its title, the view to its top.
function useArrival(key) {
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    if (!route.value.hash) scrollTo(0, 0);
    document.querySelector("main h1")?.focus({ preventScroll: true });
  }, [key]);
}

function Console() {
  const { place, id, pathname } = route.value;
  const status = useSource(session.value ? "/api/v1/status" : null, STATUS_EVERY_MS);
  useArrival(pathname);
  const Page = PAGES[place];
  const log = place === "log" ? route.value.query.get("log") : null;
  return html`<a class="skip" href="#main">Skip to the page</a>
    <${Mast} /><${SeatLine} /><${SealLine} status=${session.value ? status : { data: null }} log=${log} />
    <main id="main" tabindex="-1">
      ${arrival.value && html`<div class="notice" role="status">${arrival.value}</div>`}
      <${Page} key=${place + id + (preview.value?.person ?? "")} id=${id} status=${status} />
    </main>`;
}

startSettings();
startRouter();
const token = takeToken();
if (token) go(token.to, { replace: true });
render(html`<${Console} />`, document.getElementById("console"));
if (token) token.use();
else askSession();
