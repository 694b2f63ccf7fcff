// What the API's codes mean, in words. An unknown code is shown as it is, never hidden.
import { count, many } from "./format.js";

export const STATES = [
  { code: "met", cls: "met", cell: "c-met", word: "met", title: "Met" },
  { code: "partly", cls: "partly", cell: "c-partly", word: "partly", title: "Partly" },
  { code: "not_met", cls: "not", cell: "c-not", word: "not met", title: "Not met" },
  { code: "no_data", cls: "nodata", cell: "c-nodata", word: "no data", title: "No data" },
  { code: "not_applicable", cls: "na", cell: "c-na", word: "not applicable", title: "Not applicable" },
];
// Anything we do not know is no data.
export const stateOf = (code) => STATES.find((s) => s.code === code) ?? STATES[3];

const SERIES = {
  CC1: "Tone and structure", CC2: "Information and talk", CC3: "Risk", CC4: "Checking on controls",
  CC5: "Choosing controls", CC6: "Access", CC7: "Running the system", CC8: "Change",
  CC9: "Vendors", A1: "Availability", C1: "Confidentiality", PI1: "Processing integrity",
  P: "Privacy",
};
// The eight privacy series hold one to seven criteria each: shown as one.
export const seriesOf = (code) => (/^P\d/.test(code) ? "P" : code);
export const seriesName = (code) => SERIES[code] ?? "";

export function bySeries(items) {
  const groups = new Map(Object.keys(SERIES).map((code) => [code, []]));
  for (const item of items) {
    const code = seriesOf(item.series);
    if (!groups.has(code)) groups.set(code, []);
    groups.get(code).push(item);
  }
  return [...groups].filter(([, list]) => list.length > 0);
}

export const EVIDENCE_CLASS = {
  auto: "Served by automated controls alone",
  "auto+human": "Served by automated controls and by acts of people",
  workflow: "Served by acts of people inside the product",
  attest: "Served only by outside documents or signed statements",
};

const REFUSALS = {
  no_key: "no key", unknown_key: "unknown key", revoked_key: "revoked key", expired_key: "expired key",
  no_vendor: "no vendor takes it", vendor_refused: "vendor refused", vendor_expired: "assessment expired",
  vendor_unassessed: "vendor not assessed", vendor_out_of_scope: "vendor not for this key", model_out_of_scope: "model not for this key",
  tool_out_of_scope: "tool not for this key", terms_mismatch: "against the vendor's terms", no_price: "price not known",
  concurrent: "limit: requests at a time", requests_per_minute: "limit: requests a minute", tokens_per_minute: "limit: tokens a minute",
  tokens_per_day: "limit: tokens a day", spend_per_day: "limit: spend a day", locked_out: "address locked out", limits_unavailable: "limits not countable",
  blocked_data: "blocked data", access_denied: "code that may not leave", access_failed: "could not be checked", syntax: "malformed JSON", utf8: "invalid UTF-8", depth: "nested too deeply",
  duplicate: "a member twice", too_big: "too large", too_large: "body too large", unknown_path: "unknown path",
  method: "wrong method", content_encoding: "compressed body", query: "unusable query", header: "unusable header", body: "unexpected body",
  evidence_unavailable: "no room for evidence", scan_failed: "could not be checked", starting: "gateway starting",
  bad_request: "malformed request", no_length: "no length given",
};
export const DECISIONS = { allow: "allowed", ...REFUSALS };
export const sent = (x) => x.decision === "allow";

export function decision(x) {
  if (!sent(x)) return `Refused: ${REFUSALS[x.decision] ?? x.decision}`;
  return x.replaced > 0 ? `Sent, ${count(x.replaced)} replaced` : "Sent unchanged";
}

export const OUTCOMES = { open: "open", answered: "answered", aborted: "broken off", refused: "refused" };

export function headline(x) {
  if (!sent(x)) return `Refused: ${REFUSALS[x.decision] ?? x.decision}`;
  if (x.replaced > 0) return `Sent with ${many(x.replaced, "value")} replaced`;
  return "Sent unchanged";
}

const TYPES = {
  EMAIL_ADDRESS: "e-mail", PHONE_NUMBER: "phone", CREDIT_CARD: "card", IBAN: "IBAN", US_SSN: "US SSN",
  IP_ADDRESS: "IP address", IP_ADDRESS_PRIVATE: "private IP", SECRET: "secret", PRIVATE_KEY: "private key",
};
// Others speak for themselves: PERSON, DATE_OF_BIRTH, UK_NHS; short parts are abbreviations.
const ABBREVIATIONS = new Set(["IMEI", "IMSI", "ICCID", "SWIFT", "AADHAAR", "PESEL"]);
const spell = (code) => code.split("_").map((w) => (w.length <= 3 && w !== "OF" && w !== "AGE" || ABBREVIATIONS.has(w) ? w : w.toLowerCase())).join(" ");
export const typeWord = (code) => TYPES[code] ?? spell(code);

export const ACTS = {
  replace: { word: "Replaced", pill: "rep", mark: "" },
  block: { word: "Blocked", pill: "bad", mark: "stop" },
  allow: { word: "Leaves as it is", pill: "plain", mark: "keep" },
};
export const actOf = (code) => ACTS[code] ?? { word: code, pill: "plain", mark: "keep" };

export const VENDOR_STATES = {
  unassessed: "not assessed", approved: "approved", refused: "refused", expired: "assessment expired",
};

export function logTitle(name) {
  if (name === "org") return "Organisation";
  if (name === "anchor") return "Anchor";
  return name.startsWith("t:") ? `Tenant ${name.slice(2)}` : name;
}
export function logHolds(name) {
  if (name === "org") return "People, keys, vendors, policies, probes and recorded scans.";
  if (name === "anchor") return "The checkpoints of all other logs, in one row.";
  return "Exchanges of this tenant, two entries each, and scans recorded for it.";
}
export const entryPath = (log, index) => `/log?log=${encodeURIComponent(log)}&entry=${index}`;
