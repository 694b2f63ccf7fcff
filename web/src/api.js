// The daemon's API. Every failure becomes one of three kinds: silent (nobody answers), signin (the
// session is missing), problem (an answer that says what is wrong, RFC 9457).
import { signal } from "@preact/signals";

// undefined: not asked yet; null: signed out; else {user}.
export const session = signal(undefined);

export class Failure extends Error {
  constructor(kind, title, detail, status = 0, reference = "") {
    super(detail || title);
    Object.assign(this, { kind, title, detail, status, reference });
  }
}

// {person, name}: whose seat is looked through; every read is then answered as that seat's would be.
export const preview = signal(null);
const OWN = /^\/api\/v1\/(session|account|oidc|invitations)/;
const through = (path) => (preview.value && !OWN.test(path) ? `${path}${path.includes("?") ? "&" : "?"}preview=${encodeURIComponent(preview.value.person)}` : path);

const SILENT = new Set([502, 503, 504]);

async function call(path, options = {}) {
  let answer;
  try {
    answer = await fetch(through(path), { credentials: "same-origin", cache: "no-store", ...options });
  } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    throw new Failure("silent", "The daemon does not answer");
  }
  if (answer.ok) return answer;
  throw await failure(answer);
}

async function failure(answer) {
  const said = await answer.json().catch(() => ({}));
  const text = (value) => (typeof value === "string" ? value : "");
  const title = text(said.title) || `Status ${answer.status}`;
  const reference = answer.headers.get("request-id") ?? text(said.instance);
  if (answer.status === 401) {
    session.value = null;
    return new Failure("signin", title, text(said.detail), 401, reference);
  }
  const kind = SILENT.has(answer.status) ? "silent" : "problem";
  return new Failure(kind, title, text(said.detail), answer.status, reference);
}

export const getJson = async (path, options) => (await call(path, options)).json();
export const getText = async (path, options) => (await call(path, options)).text();
export const getBytes = async (path, options) =>
  new Uint8Array(await (await call(path, options)).arrayBuffer());

export function post(path, body, options = {}) {
  return call(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    ...options,
  });
}

export function send(method, path, body) {
  return call(path, { method, headers: { "content-type": "application/json" }, body: body && JSON.stringify(body) });
}

export async function askSession() {
  try {
    session.value = await getJson("/api/v1/session");
  } catch (failed) {
    // Without an answer we cannot know; pages then say that the daemon is silent.
    if (failed.kind !== "signin") session.value = session.value ?? undefined;
  }
}

export async function signIn(token) {
  await post("/api/v1/session", { token });
  session.value = { user: "" };
  await askSession();
}

export async function signInWith(name, password, code) {
  await post("/api/v1/session", { name, password, code });
  await askSession();
}

export async function signOut() {
  await call("/api/v1/session", { method: "DELETE", keepalive: true, headers: { "content-type": "application/json" } }); // also when the page is left at once
  session.value = null;
  preview.value = null;
}

export const logPath = (name, rest) => `/api/v1/logs/${encodeURIComponent(name).replace("%3A", ":")}/${rest}`;
