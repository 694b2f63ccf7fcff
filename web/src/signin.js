// The sign-in link carries its token behind the hash, which no server or referrer ever sees. It
// leaves the address bar before anything else happens.
import { signal } from "@preact/signals";
import { askSession, signIn } from "./api.js";

// What to tell the person after following a link; "" for nothing.
export const arrival = signal("");

// The token of an invitation, for as long as the page that uses it is open.
export const invitation = signal("");

const INVITED = /^#\/join\/([0-9a-f]{96})$/;
const LINK = /^#\/signin\/([A-Za-z0-9_-]{8,256})$/;

async function use(token) {
  arrival.value = "Signing in …";
  try {
    await signIn(token);
    arrival.value = "Signed in.";
    setTimeout(() => (arrival.value = ""), 5000);
  } catch (failed) {
    arrival.value = failed.kind === "silent"
      ? "The daemon does not answer, so the link could not be used. It is still good: open it again in a moment."
      : "This link was used before or has ended. Start custos serve again for a new one.";
    await askSession();
  }
}

export function takeToken() {
  const invited = INVITED.exec(location.hash);
  if (invited) {
    invitation.value = invited[1];
    return { to: "/join", use: askSession };
  }
  const hit = LINK.exec(location.hash);
  return hit && { to: "/", use: () => use(hit[1]) };
}
