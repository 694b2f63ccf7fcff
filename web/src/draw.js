// What an auditor does by hand, done in this browser: count and digest of a listing, and the draw of a
// sample from its seed (docs/formats/population.md).
import { hex } from "./tlog.js";

const TWO_48 = 2 ** 48;

export async function listingFacts(bytes) {
  let rows = 0;
  for (const byte of bytes) if (byte === 10) rows += 1;
  return { rows, digest: hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))) };
}

// x is the first six bytes of HMAC-SHA256(seed, "DIGEST:TURN"); those past the last full multiple are skipped.
export async function drawn(seed, digest, count, n) {
  if (n >= count) return Array.from({ length: count }, (_, i) => i);
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(seed), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const limit = TWO_48 - (TWO_48 % count);
  const rows = new Set();
  for (let turn = 0; rows.size < n; turn += 1) {
    const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`${digest}:${turn}`)));
    const x = mac.slice(0, 6).reduce((sum, byte) => sum * 256 + byte, 0);
    if (x < limit) rows.add(x % count);
  }
  return [...rows];
}
