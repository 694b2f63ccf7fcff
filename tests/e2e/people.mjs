// Looking for bytes in every file below a folder, in every spelling that a file could hold them in.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { gunzipSync } from 'node:zlib'

function files(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((e) => {
    const path = join(dir, e.name)
    return e.isDirectory() ? files(path) : e.isFile() ? [path] : []
  })
}

// base64 of text that begins at each of the three places in a group; what depends on neighbours is cut off.
function base64s(b) {
  return [0, 1, 2].map((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), b, Buffer.alloc((3 - ((shift + b.length) % 3)) % 3)]).toString('base64')
    const from = [0, 2, 3][shift], over = (shift + b.length) % 3
    return whole.slice(from, whole.length - [0, 3, 2][over])
  })
}

export function spellings(secret) {
  const b = Buffer.from(secret)
  const out = [b, b.toString('hex'), b.toString('hex').toUpperCase(), ...base64s(b), ...base64s(b).map((s) => s.replaceAll('+', '-').replaceAll('/', '_')),
    [...b].map((c) => '%' + c.toString(16).padStart(2, '0')).join(''), [...b].map((c) => '%' + c.toString(16).padStart(2, '0').toUpperCase()).join(''),
    [...b].map((c) => '\\u' + c.toString(16).padStart(4, '0')).join('')]
  if (typeof secret === 'string')
    out.push(encodeURIComponent(secret), Buffer.from(secret, 'utf16le'), Buffer.from(secret, 'utf16le').swap16(), JSON.stringify(secret).slice(1, -1), secret.toUpperCase(), secret.toLowerCase())
  return out.map((x) => Buffer.from(x))
}

// Without the zeros behind what was written: segments of the spool are made of 64 MiB of them.
const block = 1 << 16, zeros = Buffer.alloc(block)
function written(b) {
  let n = b.length
  while (n >= block && b.subarray(n - block, n).equals(zeros)) n -= block
  return b.subarray(0, n)
}

const zstd = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
function contents(path) {
  let b
  try { b = readFileSync(path) } catch (e) { if (e.code === 'ENOENT') return []; throw e } // a temporary file that was renamed meanwhile
  if (b[0] === 0x1f && b[1] === 0x8b) return [b, gunzipSync(b)]
  if (!b.subarray(0, 4).equals(zstd)) return [written(b)]
  const r = spawnSync('zstd', ['-dcq', path], { maxBuffer: 1 << 30 })
  if (r.status !== 0) throw new Error(`${path}: ${r.stderr}`)
  return [b, r.stdout]
}

// The files that hold one of the secrets in any spelling.
export function search(dir, secrets) {
  const wanted = secrets.flatMap(spellings)
  return files(dir).filter((path) => contents(path).some((b) => wanted.some((w) => b.includes(w))))
}
