// From one page of a place to the others.
import { html } from "./html.js";

const GROUPS = [
  ["Changes", [
    ["/changes", "Changes"],
    ["/registers/deploy", "Deployments"],
    ["/registers/approval", "Approvals"],
  ]],
  ["Findings", [
    ["/findings", "Exposure"],
    ["/work", "Work"],
    ["/incidents", "Incidents"],
    ["/service-levels", "Service"],
    ["/privacy", "Privacy"],
  ]],
  ["Examination", [
    ["/examination", "Populations"],
    ["/examination/questionnaires", "Questionnaires"],
    ["/timeline", "Timeline"],
    ["/portal", "Auditor's desk"],
    ["/reports", "Reports"],
  ]],
  ["Registers", [
    ["/registers", "All"],
    ["/vendors", "Vendors"],
    ["/policies", "Policies"],
    ["/registers/people", "People"],
    ["/registers/keys", "Keys"],
    ["/registers/routes", "Routes"],
    ["/registers/classes", "Classes"],
    ["/registers/bundles", "Bundles"],
    ["/registers/probes", "Probes"],
    ["/registers/isolation", "Isolation"],
    ["/rules", "Rules"],
  ]],
];

export function Registers({ here }) {
  const [place, pages] = GROUPS.find(([, list]) => list.some(([, name]) => name === here));
  return html`<nav class="registers" aria-label=${place}>${pages.map(([href, name]) => html`<a key=${href} href=${href} aria-current=${name === here ? "page" : null}>${name}</a>`)}</nav>`;
}
