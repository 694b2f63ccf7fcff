// A long run of everything at once: all shapes, streamed and not, with findings, refusals and clients that go away,
// while keys come and go, rules are loaded anew and workers are reloaded. Memory and descriptors of every process are
// sampled; what grows steadily fails. make soak; SOAK_SECONDS (1800) shortens it.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Provider } from '../gateway/provider.mjs'
import { System } from '../gateway/system.mjs'
import { leaks, plant } from '../gateway/planted.mjs'

const seconds = Number(process.env.SOAK_SECONDS ?? 1800)
const warm = Math.min(300, seconds / 4) // caches fill and pools grow until then
const every = Math.max(1, seconds / 120)
let provider, system
const { text, secrets } = plant()
const pause = (ms) => new Promise((done) => setTimeout(done, ms))
const count = { answered: 0, refused: 0, left: 0, bundles: 0, rules: 0, reloads: 0, leaks: 0, again: 0, wrong: [] }
let reloaded = 0

// A rule of the customer's own, of another form each time: the workers take another set of rules.
const rule = (n) => `rules:
  - id: badge-of-ours
    type: EMPLOYEE_ID
    title: Number on a badge of this company
    pattern: '\\b(Z${'QRS'[n % 3]}-[0-9]{7})\\b'
    confidence: 90
    source: the company's own handbook
    examples: ['badge [[Z${'QRS'[n % 3]}-<digit*7>]] today', 'see [[Z${'QRS'[n % 3]}-<digit*7>]]', '([[Z${'QRS'[n % 3]}-<digit*7>]])']
    counter_examples: ['ZQ-12', 'ZQ-123456789', 'AZQ-1234567']
`

before(async () => {
  provider = await new Provider().start()
  const vendor = (name, api) => `  ${name}:\n    api: ${api}\n    base_url: ${provider.url}\n    credential: env:FAKE_KEY\n    assessment: {decision: approved, by: X}\n    check: {interval: 5}\n    breaker: {failures: 50}\n`
  system = new System({ workers: 2 })
  mkdirSync(join(system.dir, 'rules/pii'), { recursive: true })
  writeFileSync(join(system.dir, 'rules/pii/badge.yaml'), rule(0))
  Object.assign(system.options, { extra: `  - name: rival\nrules: ${system.dir}/rules\n`, vendors: 'vendors:\n' + vendor('a', 'anthropic') + vendor('o', 'openai') + vendor('g', 'gemini') })
  await system.start()
})
after(async () => {
  await system?.remove()
  await provider.stop()
})

// --- load ---

const turn = (n) => `${text}\nturn ${n} ${'lorem ipsum '.repeat(n % 40)}`
const shapes = [
  (n) => ['/v1/messages', { model: 'm', max_tokens: 9, stream: n % 2 === 0, messages: [{ role: 'user', content: turn(n) }] }],
  (n) => ['/v1/chat/completions', { model: 'm', stream: n % 2 === 0, messages: [{ role: 'user', content: turn(n) }] }],
  (n) => ['/v1/responses', { model: 'm', stream: n % 2 === 0, store: n % 3 !== 0, input: turn(n) }],
  (n) => [`/v1beta/models/m:${n % 2 ? 'generateContent' : 'streamGenerateContent?alt=sse'}`, { contents: [{ role: 'user', parts: [{ text: turn(n) }] }] }],
  () => ['/v1/embeddings', { model: 'm', input: text }],
  () => ['/v1/messages/count_tokens', { model: 'm', messages: [{ role: 'user', content: text }] }],
]

async function one(n, again = false) {
  const [path, body] = shapes[n % shapes.length](n)
  const gone = n % 17 === 3 && new AbortController()
  const broken = n % 23 === 5, key = n % 5 ? system.key : system.rival
  const headers = { 'content-type': 'application/json', ...(path.includes('beta') ? { 'x-goog-api-key': key } : path.includes('messages') ? { 'x-api-key': key, 'anthropic-version': '2023-06-01' } : { authorization: `Bearer ${key}` }) }
  let r
  try {
    if (gone) setTimeout(() => gone.abort(), n % 50)
    r = await fetch(system.url + path, { method: 'POST', headers, body: broken ? '{"model":' : JSON.stringify(body), ...(gone && { signal: gone.signal }) })
    const answer = await r.text()
    if (broken ? r.status !== 400 : r.status !== 200) count.wrong.push(`${path}: ${r.status} ${answer.slice(0, 200)}`)
    else if (!broken && !/embed|count/.test(path) && /CUSTOS_/.test(answer)) count.wrong.push(`${path}: a surrogate stayed`)
    count[broken ? 'refused' : 'answered']++
  } catch (e) {
    if (gone) count.left++
    // nginx closes idle connections when it is reloaded, on a busy machine some seconds later: a request that was just being
    // written to one was not taken, no answer has begun, and the client sends it again (RFC 9112, 9.3.1)
    else if (!r && /^(UND_ERR_SOCKET|ECONNRESET)$/.test(e.cause?.code) && !again && Date.now() - reloaded < 10_000) {
      count.again++
      await one(n, true)
    } else count.wrong.push(`${path}: ${r ? 'torn, ' : ''}${e.cause?.code ?? e}, ${Date.now() - reloaded} ms after a reload`)
  }
}

async function look() {
  for (const r of provider.received.splice(0)) if (leaks(r.body, secrets).length) count.leaks++
}

// --- what changes meanwhile ---

async function changes(run) {
  for (let i = 0; run.on; i++) {
    const k = system.json('key', 'issue', '--tenant', i % 2 ? 'acme' : 'rival', '--user', `u${i % 9}`)
    system.json('key', 'revoke', k.id)
    count.bundles += 2
    if (i % 10 === 9) {
      writeFileSync(join(system.dir, 'rules/pii/badge.yaml'), rule(i / 10 | 0))
      system.json('rules', 'reload')
      count.rules++
    }
    if (i % 20 === 19) { process.kill(system.pids('nginx')[0], 'SIGHUP'); count.reloads++; reloaded = Date.now() }
    await pause(2000)
  }
}

// --- samples ---

const alive = () => {
  const list = [['daemon', system.pids('daemon')[0]], ['signer', system.pids('signer')[0]], ['nginx master', system.pids('nginx')[0]], ['supervisor', system.child.pid]]
  return list.concat(system.workers().map((pid) => ['nginx worker', pid]))
}

// Workers are replaced at a reload: what counts is the sum and the largest of them.
function sample() {
  const out = {}
  for (const [name, pid] of alive()) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      const anon = /RssAnon:\s+(\d+)/.exec(status)
      if (!anon) continue // it has ended, and nobody has asked for its status yet
      const kib = Number(anon[1]), fds = readdirSync(`/proc/${pid}/fd`).length
      const o = (out[name] ??= { kib: 0, fds: 0 })
      o.kib = Math.max(o.kib, kib)
      o.fds = Math.max(o.fds, fds)
    } catch (e) { if (e.code !== 'ENOENT' && e.code !== 'ESRCH') throw e } // it ended just now
  }
  return out
}

const median = (v) => v.toSorted((a, b) => a - b)[v.length >> 1]
// Growth from the first third behind the warm-up to the last.
function growth(samples, name, what) {
  const v = samples.map((s) => s[name]?.[what]).filter((x) => x !== undefined), third = Math.max(1, Math.floor(v.length / 3))
  return { from: median(v.slice(0, third)), to: median(v.slice(-third)), max: Math.max(...v) }
}

test(`${seconds} s of mixed traffic leave no growth`, { timeout: (seconds + 300) * 1000 }, async (t) => {
  system.rival = system.json('key', 'issue', '--tenant', 'rival', '--user', 'r').key
  const run = { on: true }, samples = [], until = Date.now() + seconds * 1000
  let n = 0
  const load = Array.from({ length: 8 }, async () => { while (run.on) await one(n++) })
  const other = changes(run).catch((e) => { count.wrong.push(e.message) })
  const began = Date.now()
  try {
    while (Date.now() < until) {
      await pause(every * 1000)
      await look()
      if (Date.now() - began > warm * 1000) samples.push(sample())
    }
  } finally {
    run.on = false
    await Promise.all([...load, other])
  }
  await look()
  const rows = ['daemon', 'signer', 'nginx master', 'nginx worker', 'supervisor'].map((name) => [name, growth(samples, name, 'kib'), growth(samples, name, 'fds')])
  t.diagnostic(`${seconds} s: ${count.answered} answered, ${count.refused} refused, ${count.left} clients left, ${count.bundles} bundles, ${count.rules} rule loads, ${count.reloads} reloads (${count.again} sent again)`)
  for (const [name, m, f] of rows) t.diagnostic(`${name.padEnd(13)} memory ${m.from} -> ${m.to} KiB (max ${m.max}), descriptors ${f.from} -> ${f.to} (max ${f.max})`)
  assert.deepEqual(count.wrong.slice(0, 5), [])
  assert.equal(count.leaks, 0)
  for (const [name, m, f] of rows) {
    assert.ok(m.to <= m.from * 1.15 + 4096, `${name}: memory grew from ${m.from} to ${m.to} KiB`)
    assert.ok(f.to <= f.from + 8, `${name}: descriptors grew from ${f.from} to ${f.to}`)
  }
  const v = system.verify()
  assert.equal(v.status, 0, v.stdout + v.stderr)
})
