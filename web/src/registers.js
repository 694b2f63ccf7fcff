// From one register to the others.
import { html } from "./html.js";

const REGISTERS = [
  ["/registers", "All"],
  ["/work", "Work"],
  ["/changes", "Changes"],
  ["/incidents", "Incidents"],
  ["/service-levels", "Service"],
  ["/privacy", "Privacy"],
  ["/vendors", "Vendors"],
  ["/policies", "Policies"],
  ["/registers/people", "People"],
  ["/registers/keys", "Keys"],
  ["/registers/routes", "Routes"],
  ["/registers/classes", "Classes"],
  ["/registers/bundles", "Bundles"],
  ["/registers/isolation", "Isolation"],
  ["/rules", "Rules"],
];

export const Registers = ({ here }) => html`<nav class="registers" aria-label="Registers">${REGISTERS.map(
  ([href, name]) => html`<a key=${href} href=${href} aria-current=${name === here ? "page" : null}>${name}</a>`,
)}</nav>`;
