// Checks in this browser that an entry is in a log: RFC 6962 hashing, a C2SP tlog-proof, and the
// signed note around its checkpoint (Ed25519). Everything read here is treated as hostile.
const HEAD = "c2sp.org/tlog-proof@v1";
const MAX_HASHES = 63;
const ED25519 = 1;

export class Malformed extends Error {}

const must = (holds, what) => {
  if (!holds) throw new Malformed(what);
};

export function fromBase64(text, what) {
  must(/^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0, `${what} is not base64`);
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

export const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

async function sha256(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", all));
}

export const leafHash = (leaf) => sha256(Uint8Array.of(0), leaf);
export const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

// RFC 9162, 2.1.3.2. Plain arithmetic instead of bit operators: sizes go up to 2^53.
export async function rootFromProof(index, size, leaf, hashes) {
  must(index < size, `entry ${index} is not below the size ${size}`);
  let position = index;
  let last = size - 1;
  let root = leaf;
  for (const hash of hashes) {
    must(last > 0, "the proof is too long");
    if (position % 2 === 1 || position === last) {
      root = await nodeHash(hash, root);
      while (position % 2 === 0 && position > 0) {
        position /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      root = await nodeHash(root, hash);
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  must(last === 0, "the proof is too short");
  return root;
}

function number(text, what) {
  must(/^(0|[1-9]\d{0,15})$/.test(text), `${what} is not a number`);
  const value = Number(text);
  must(Number.isSafeInteger(value), `${what} is too large`);
  return value;
}

// A signed note: text, an empty line, signature lines. What is signed ends with the text's newline.
export function readCheckpoint(note) {
  const cut = note.indexOf("\n\n");
  must(cut > 0, "the checkpoint has no signatures");
  const signed = note.slice(0, cut + 1);
  const lines = signed.split("\n");
  must(lines.length >= 4, "the checkpoint is too short");
  const root = fromBase64(lines[2], "the root");
  must(root.length === 32, "the root is not 32 bytes");
  return {
    origin: lines[0],
    size: number(lines[1], "the size"),
    root,
    signed,
    signatures: note.slice(cut + 2).split("\n").filter(Boolean).map(readSignature),
  };
}

function readSignature(line) {
  const hit = /^— (\S+) (\S+)$/.exec(line);
  must(hit, "a signature line is malformed");
  const bytes = fromBase64(hit[2], "a signature");
  must(bytes.length > 4, "a signature is too short");
  return { name: hit[1], id: bytes.slice(0, 4), signature: bytes.slice(4) };
}

export function readProof(text) {
  const cut = text.indexOf("\n\n");
  must(cut > 0, "the proof has no checkpoint");
  const lines = text.slice(0, cut).split("\n");
  must(lines.shift() === HEAD, `the proof does not begin with ${HEAD}`);
  if (lines[0]?.startsWith("extra ")) lines.shift();
  const index = /^index (\d+)$/.exec(lines.shift() ?? "");
  must(index, "the proof names no index");
  must(lines.length <= MAX_HASHES, "the proof has too many hashes");
  const hashes = lines.map((line) => fromBase64(line, "a hash"));
  must(hashes.every((hash) => hash.length === 32), "a hash is not 32 bytes");
  return { index: number(index[1], "the index"), hashes, checkpoint: readCheckpoint(text.slice(cut + 2)) };
}

// "name+1a2b3c4d+BASE64": the name of the log, the key's id, the key.
export async function readVkey(line) {
  const hit = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)\s*$/.exec(line);
  must(hit, "the verifier key is malformed");
  const key = fromBase64(hit[3], "the verifier key");
  must(key.length === 33 && key[0] === ED25519, "the verifier key is not Ed25519");
  const id = (await sha256(new TextEncoder().encode(`${hit[1]}\n`), key)).slice(0, 4);
  must(hex(id) === hit[2], "the verifier key does not fit its id");
  return { name: hit[1], id, key: key.slice(1) };
}

// true, false, or null when this browser has no Ed25519.
async function signatureHolds(checkpoint, vkey) {
  const line = checkpoint.signatures.find((s) => s.name === vkey.name && same(s.id, vkey.id));
  must(line, `no signature by ${vkey.name}+${hex(vkey.id)}`);
  let key;
  try {
    key = await crypto.subtle.importKey("raw", vkey.key, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return null;
  }
  const signed = new TextEncoder().encode(checkpoint.signed);
  return crypto.subtle.verify({ name: "Ed25519" }, key, line.signature, signed);
}

// Each signature line of a note: checked when it is by this key, otherwise only named.
export async function checkSignatures(note, vkeyLine) {
  try {
    const checkpoint = readCheckpoint(note);
    const vkey = await readVkey(vkeyLine);
    return await Promise.all(checkpoint.signatures.map(async (line) => {
      const seen = { name: line.name, id: hex(line.id) };
      if (line.name !== vkey.name || !same(line.id, vkey.id)) return { ...seen, ok: null, said: "Its key is not on this page: it is checked where that key is held" };
      const ok = await signatureHolds({ ...checkpoint, signatures: [line] }, vkey);
      return { ...seen, ok, said: ok === null ? "This browser has no Ed25519" : ok ? "By the log's own key" : "Not by this key over these bytes" };
    }));
  } catch (failed) {
    if (!(failed instanceof Malformed)) throw failed;
    return [{ name: "checkpoint", id: "–", ok: false, said: failed.message }];
  }
}

async function step(name, work) {
  try {
    return { name, ...(await work()) };
  } catch (failed) {
    if (!(failed instanceof Malformed)) throw failed;
    return { name, ok: false, said: failed.message };
  }
}

// Every check with its own answer: ok true, false or null (could not be checked here).
export async function check(proofText, leaf, vkeyLine, index) {
  if (!globalThis.crypto?.subtle) {
    const said = "This browser offers no SHA-256 on this address; use the command below.";
    return { steps: [{ name: "hash", ok: null, said }], proof: null };
  }
  let proof = null;
  const steps = [];
  steps.push(await step("read", async () => {
    proof = readProof(proofText);
    must(proof.index === index, `the proof is for entry ${proof.index}, not ${index}`);
    return { ok: true, said: `Proof for entry ${index} in ${proof.checkpoint.origin}` };
  }));
  if (!proof) return { steps, proof };
  steps.push(await step("inclusion", async () => {
    const root = await rootFromProof(proof.index, proof.checkpoint.size, await leafHash(leaf), proof.hashes);
    const ok = same(root, proof.checkpoint.root);
    const said = ok ? "leads from these bytes to the signed root" : "does not lead to the signed root";
    return { ok, said: `${proof.hashes.length === 1 ? "1 hash" : `${proof.hashes.length} hashes`}: ${said}` };
  }));
  steps.push(await step("signature", async () => {
    const vkey = await readVkey(vkeyLine);
    must(vkey.name === proof.checkpoint.origin, "the key belongs to another log");
    const ok = await signatureHolds(proof.checkpoint, vkey);
    if (ok === null) return { ok, said: "This browser has no Ed25519; use the command below" };
    return { ok, said: ok ? `Signature by key ${hex(vkey.id)} holds` : "The signature does not hold" };
  }));
  return { steps, proof };
}

export function verdict(steps) {
  if (steps.some((s) => s.ok === false)) return false;
  return steps.every((s) => s.ok === true) ? true : null;
}
