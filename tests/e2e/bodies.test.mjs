// Bodies are kept where the configuration says so: sealed, read by two persons' agreement, ended on schedule, and nowhere in clear.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { execFileSync, spawnSync } from 'node:child_process'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { System } from '../gateway/system.mjs'
import { Provider } from '../gateway/provider.mjs'
import { chromium } from 'playwright-core'
import { search } from './people.mjs'
import { call, join as joinAs } from '../web/people.mjs'

const marker = 'quiet-' + randomBytes(9).toString('hex') // of a prompt: no kind of secret
const mail = `liv.${randomBytes(5).toString('hex')}@north.example`
const capture = `capture:
  tenants:
    acme:
      keep: {internal: 1, confidential: 2}
      readers: [rae, sam]
      approvers: [pat, rae]
    beta:
      keep: {confidential: 30}
      failing: refuse
      readers: [rae]
      approvers: [pat]
repositories:
  - {name: acme/open, class: internal}
  - {name: acme/site, class: public}
`
let s, provider, dir, offset, betaKey

const ask = async (text, { key = s.key, headers = {}, stream = false, status = 200 } = {}) => {
  const r = await fetch(`${s.url}/v1/messages`, { method: 'POST', headers: { 'x-api-key': key, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'm', max_tokens: 5, stream, messages: [{ role: 'user', content: text }] }) })
  const answer = await r.text()
  assert.equal(r.status, status, answer)
  return { id: r.headers.get('request-id'), answer }
}
const state = () => join(s.dir, 'state')
const runDir = () => process.getuid() === 0 ? `/run/custos-${createHash('sha256').update(state()).digest('hex').slice(0, 8)}` : join(state(), 'run')
const api = (path) => new Promise((done, failed) => get({ socketPath: join(runDir(), 'admin.sock'), path: '/api/v1' + path }, (r) => {
  let text = ''
  r.on('data', (d) => (text += d)).on('end', () => done({ status: r.statusCode, body: JSON.parse(text) }))
}).on('error', failed))
const kept = async (id, log = 't/acme', parts = 2) => {
  const entry = (part) => s.sealed((x) => /^content\.(not_)?captured$/.test(x.type) && x.body.exchange === id && x.body.part === part, log)
  const found = parts === 2 ? [await entry('request'), await entry('answer')] : [await entry('request')]
  await until(async () => (await api(`/exchanges/${id}`)).body.bodies?.length >= parts) // sealed, and taken into the projection
  return found
}
const until = async (is) => {
  for (const end = Date.now() + 60000; !(await is());) {
    assert.ok(Date.now() < end, 'not within a minute')
    await new Promise((done) => setTimeout(done, 50))
  }
}
const body = (verb, id, ...args) => {
  const r = s.run('body', verb, ...(id ? [id] : []), ...args, '--config', s.config, '--format', 'json')
  return { status: r.status, err: r.stderr, out: r.status === 0 ? JSON.parse(r.stdout) : null }
}
const files = () => readdirSync(join(state(), 'bodies'), { recursive: true }).filter((f) => f.includes('/'))
const fileOf = (entry) => join(state(), 'bodies', entry.body.key, files().map((f) => f.split('/')).find(([k, f]) => k === entry.body.key && f.startsWith(`${entry.body.exchange}.${entry.body.part}.`))[1])

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'custos-bodies-'))
  chmodSync(dir, 0o755) // www-data's workers read the offset too
  offset = join(dir, 'offset')
  writeFileSync(offset, Buffer.alloc(8))
  execFileSync('cc', ['-shared', '-fPIC', '-O1', `-DOFFSET_FILE="${offset}"`, '-o', join(dir, 'shift.so'), new URL('../faults/shift_clock.c', import.meta.url).pathname, '-ldl'])
  process.env.LD_PRELOAD = join(dir, 'shift.so') // of what is started from here on
  provider = await new Provider().start()
  s = await new System({ upstream: provider.url, extra: '  - name: beta\n  - name: plain\n' + capture }).start()
  betaKey = s.json('key', 'issue', '--tenant', 'beta', '--user', 'dev').key
})
after(async () => {
  await s?.remove()
  delete process.env.LD_PRELOAD
  await provider?.stop()
  rmSync(dir, { recursive: true, force: true })
})

let first, entries
test('what left and what came back is kept, sealed; the log holds digests and commitments', async () => {
  first = await ask(`${marker}, write to ${mail}`)
  entries = await kept(first.id)
  for (const e of entries) {
    assert.equal(e.type, 'content.captured')
    assert.equal(e.body.class, 'confidential', 'a repository that nobody described')
    const file = readFileSync(fileOf(e))
    assert.equal(createHash('sha256').update(file).digest('hex'), e.body.digest)
    assert.equal(file.length, e.body.bytes + 88 + 28 + 32, 'as docs/formats/bodies.md says')
    assert.equal(file.subarray(0, 8).toString(), 'CUBODY01')
    assert.equal(file.subarray(12, 28).toString('hex'), e.body.key)
  }
  const request = await s.sealed((x) => x.id === first.id)
  assert.equal(request.body.capture, 'confidential')
  const made = await s.sealed((x) => x.type === 'datakey.rotated' && x.body.key === entries[0].body.key)
  assert.deepEqual([made.body.class, made.body.day, made.body.keep_days], ['confidential', new Date().toISOString().slice(0, 10) + 'T00:00:00.000Z', 2])
  assert.equal(entries[0].body.bytes, request.body.body_bytes)
  assert.deepEqual(search(state(), [marker, mail]), [], 'in clear nowhere')
  assert.deepEqual(search(runDir(), [marker, mail]), [])
})

test('nothing is kept of classes and tenants that are not named', async () => {
  const open = await ask(`${marker} open`, { headers: { 'x-custos-repo': 'acme/open' } }), site = await ask(`${marker} site`, { headers: { 'x-custos-repo': 'acme/site' } })
  const plainKey = s.json('key', 'issue', '--tenant', 'plain', '--user', 'dev').key
  const plain = await ask(`${marker} plain`, { key: plainKey })
  assert.equal((await kept(open.id))[0].body.class, 'internal')
  assert.equal((await s.sealed((x) => x.id === site.id)).body.capture, undefined)
  await s.sealed((x) => x.body.exchange === site.id)
  await s.sealed((x) => x.body.exchange === plain.id, 't/plain')
  await new Promise((done) => setTimeout(done, 500))
  for (const [id, log] of [[site.id, 't/acme'], [plain.id, 't/plain']]) {
    assert.equal(s.entries(log).filter((x) => x.type.startsWith('content.') && x.body.exchange === id).length, 0)
    assert.equal(files().filter((f) => f.includes(id)).length, 0)
  }
})

test('reading: a purpose, a second person, and each step an entry', async () => {
  const shown = (await api(`/exchanges/${first.id}`)).body
  assert.deepEqual(shown.bodies.map((b) => [b.part, b.class, b.captured, b.key_there]), [['request', 'confidential', true, true], ['answer', 'confidential', true, true]])
  assert.equal(body('request', first.id, '--user', 'rae').status, 2, 'no purpose')
  const stranger = body('request', first.id, '--user', 'mallory', '--purpose', 'curious')
  assert.equal(stranger.status, 2)
  assert.match(stranger.err, /may not read bodies/)
  assert.match(body('request', first.id, '--user', 'rae', '--purpose', 'rae wants it').err, /must not name/)
  const reading = body('request', first.id, '--user', 'rae', '--purpose', 'incident 42').out
  assert.equal(reading.state, 'waiting')
  assert.match(body('read', reading.id, '--user', 'rae').err, /second person/)
  assert.match(body('approve', reading.id, '--user', 'rae').err, /second person/, 'nobody approves his own')
  assert.match(body('approve', reading.id, '--user', 'sam').err, /may not approve/)
  assert.equal(body('approve', reading.id, '--user', 'pat').out.state, 'approved')
  assert.match(body('approve', reading.id, '--user', 'pat', '--refuse').err, /approved/)
  assert.match(body('read', reading.id, '--user', 'sam').err, /who asked/)
  const read = body('read', reading.id, '--user', 'rae').out
  const sent = provider.received.find((x) => x.body.includes(marker)).body.toString()
  assert.equal(read.request.text, sent, 'as forwarded')
  assert.ok(!read.request.text.includes(mail) && !read.answer.text.includes(mail) && first.answer.includes(mail), 'surrogates, where the client got the value')
  const done = await s.sealed((x) => x.type === 'content.read' && x.body.reading === reading.id)
  assert.deepEqual([done.body.request, done.body.answer, done.body.exchange], ['kept', 'kept', first.id])
  const asked = s.entries('t/acme').find((x) => x.id === reading.id), agreed = s.entries('t/acme').find((x) => x.type === 'content.read_approved')
  assert.equal(asked.body.purpose, 'incident 42')
  assert.equal(done.body.by, asked.body.by)
  assert.notEqual(agreed.body.by, asked.body.by)
  assert.ok(![asked, agreed, done].some((x) => JSON.stringify(x).includes('rae')), 'no name')
  await until(() => body('list', first.id).out.items[0].reads === 1)
  const listed = body('list', first.id).out.items
  assert.deepEqual(listed.map((x) => [x.by.name, x.decided_by.name, x.reads]), [['rae', 'pat', 1]])
  assert.equal((await api(`/readings?exchange=${first.id}`)).body.items.length, 1)
})

test('a refused reading is not read; below confidential no second person is asked', async () => {
  const no = body('request', first.id, '--user', 'sam', '--purpose', 'a look').out
  assert.equal(body('approve', no.id, '--user', 'rae', '--refuse').out.state, 'refused')
  assert.match(body('read', no.id, '--user', 'sam').err, /refused/)
  const { id } = await ask(`${marker} two`, { headers: { 'x-custos-repo': 'acme/open' } })
  await kept(id)
  const own = body('request', id, '--user', 'sam', '--purpose', 'a look').out
  assert.equal(own.state, 'open')
  assert.match(body('read', own.id, '--user', 'sam').out.request.text, new RegExp(marker))
})

test('at the API behind nginx only what the log says is shown', async () => {
  const link = s.json('signin').url, r = await fetch(link, { redirect: 'manual' })
  assert.ok(r.status < 500)
  const token = new URL(link).hash.match(/[A-Za-z0-9_-]{20,}/)?.[0]
  const session = await fetch(`${s.url}/api/v1/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token }) })
  const cookie = session.headers.get('set-cookie')?.split(';')[0]
  assert.ok(cookie, `signed in: ${session.status}`)
  const shown = await (await fetch(`${s.url}/api/v1/exchanges/${first.id}`, { headers: { cookie } })).json()
  assert.equal(shown.bodies.length, 2)
  const asked = await fetch(`${s.url}/api/v1/readings`, { method: 'POST', headers: { cookie, 'content-type': 'application/json' }, body: JSON.stringify({ exchange: first.id, purpose: 'x', user: 'rae' }) })
  assert.equal(asked.status, 403)
})

test('a file that was changed is not given out, and the entry says so', async () => {
  const { id } = await ask(`${marker} three`, { headers: { 'x-custos-repo': 'acme/open' } })
  const [request] = await kept(id)
  const path = fileOf(request), was = readFileSync(path)
  was[was.length - 20] ^= 1
  writeFileSync(path, was)
  const reading = body('request', id, '--user', 'sam', '--purpose', 'a look').out
  const out = body('read', reading.id, '--user', 'sam').out
  assert.equal(out.request.state, 'corrupt')
  assert.equal(out.request.text, undefined)
  assert.equal(out.answer.state, 'kept')
  assert.equal((await s.sealed((x) => x.type === 'content.read' && x.body.reading === reading.id)).body.request, 'corrupt')
})

test('streams and torn answers are kept as far as they came', async () => {
  const { id } = await ask(`${marker} stream ${mail}`, { stream: true, headers: { 'x-custos-repo': 'acme/open' } })
  const [, answer] = await kept(id)
  assert.equal(answer.body.whole, true)
  provider.how.fail = 'reset'
  const torn = await fetch(`${s.url}/v1/messages`, { method: 'POST', headers: { 'x-api-key': s.key, 'content-type': 'application/json', 'x-custos-repo': 'acme/open' },
    body: JSON.stringify({ model: 'm', max_tokens: 5, messages: [{ role: 'user', content: `${marker} torn` }] }) }).then((r) => r.headers.get('request-id'), () => null)
  delete provider.how.fail
  const e = await s.sealed((x) => x.type === 'content.captured' && x.body.part === 'answer' && x.body.whole === false)
  assert.ok(e.body.bytes > 0)
  if (torn) assert.equal(e.body.exchange, torn)
})

test('where it cannot be stored: the one tenant goes on and an entry says so, the other is refused', async () => {
  const beta = await ask(`${marker} beta`, { key: betaKey })
  assert.equal((await kept(beta.id, 't/beta'))[0].type, 'content.captured')
  const folder = join(state(), 'bodies'), aside = join(s.dir, 'aside')
  renameSync(folder, aside) // workers hold the folder open: what is in it is taken away
  const folders = readdirSync(aside)
  for (const f of folders) renameSync(join(aside, f), join(aside, f + '-away'))
  const before = provider.received.length
  const acme = await ask(`${marker} lost`)
  for (const e of await kept(acme.id)) assert.deepEqual([e.type, e.body.reason], ['content.not_captured', 'disk'])
  const refused = await ask(`${marker} refused`, { key: betaKey, status: 503 })
  assert.match(refused.answer, /capture_unavailable/)
  assert.equal(provider.received.length, before + 1, 'it did not leave')
  assert.equal((await s.sealed((x) => x.type === 'input.rejected' && x.id === refused.id, 't/beta')).body.reason, 'capture_unavailable')
  for (const f of folders) renameSync(join(aside, f + '-away'), join(aside, f))
  renameSync(aside, folder)
  assert.equal((await kept((await ask(`${marker} again`, { key: betaKey })).id, 't/beta'))[0].type, 'content.captured')
  const shown = (await api(`/exchanges/${acme.id}`)).body.bodies
  assert.deepEqual(shown.map((b) => [b.captured, b.reason]), [[false, 'disk'], [false, 'disk']])
})

test('a worker that ends seals what it was given', async () => {
  const ids = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(`${marker} end ${i}`)))
  await s.stop()
  await s.start()
  for (const { id } of ids) assert.ok((await kept(id)).every((e) => e.type === 'content.captured'))
})

test('what a killed worker left is removed and said so; what has its entry stays', { timeout: 120000 }, async () => {
  const inFolder = () => files().filter((f) => !f.startsWith(folder())).map((f) => join(state(), 'bodies', f))
  const folder = () => s.entries('t/beta').find((x) => x.type === 'content.captured').body.key
  for (let i = 0; i < 4; i++) { // real kills, wherever they hit
    const asked = Array.from({ length: 12 }, (_, k) => ask(`${marker} killed ${i} ${k}`).catch(() => null))
    await new Promise((done) => setTimeout(done, 30 + 40 * i))
    for (const pid of s.workers()) try { process.kill(pid, 'SIGKILL') } catch { /* it has ended */ }
    await Promise.all(asked)
  }
  // and one that hits while large bodies wait for the thread that stores them: the first has reached the provider
  const before = provider.received.length, large = Array.from({ length: 6 }, (_, k) => ask(`${marker} large ${k} ${'lorem ipsum '.repeat(500_000)}`).catch(() => null))
  while (provider.received.length === before) await new Promise((done) => setTimeout(done, 1))
  for (const pid of s.workers()) try { process.kill(pid, 'SIGKILL') } catch { /* it has ended */ }
  await Promise.all(large)
  let id // workers come back, and connections to the killed ones are still in the client's pool
  await until(async () => (id = (await ask(`${marker} kept`).catch(() => null))?.id))
  const [whole] = await kept(id), path = fileOf(whole), person = path.split('.').at(-1)
  const stray = (name) => join(path, '..', name), made = (n) => id.slice(0, 16) + String(n).padStart(10, 'Z')
  const [first, second, half, young] = [`${made(1)}.request.${person}`, `${made(2)}.answer.${person}`, `.${made(3)}.request.${person}`, `${made(4)}.request.${person}`].map(stray)
  const other = [stray('README'), stray(`${'x'.repeat(26)}.request.${person}`), stray(`${made(5)}.reply.${person}`)]
  for (const f of [first, second, half, young, ...other]) copyFileSync(path, f)
  const old = Date.now() / 1000 - 1000
  for (const f of inFolder()) if (f !== young) utimesSync(f, old, old)
  await until(() => { s.json('log', 'reconcile'); return !existsSync(first) && !existsSync(second) && !existsSync(half) })
  for (const [n, part] of [[1, 'request'], [2, 'answer'], [3, 'request']]) {
    const e = await s.sealed((x) => x.type === 'content.not_captured' && x.body.exchange === made(n))
    assert.deepEqual([e.body.part, e.body.reason, e.body.class, e.actor], [part, 'worker_ended', 'confidential', 'daemon'])
  }
  assert.ok(existsSync(path) && existsSync(young), 'one with its entry, and one whose entry may still come')
  for (const f of other) { assert.ok(existsSync(f), 'no name of a body: nobody knows what that is'); rmSync(f) }
  rmSync(young)
  const known = new Set(s.entries('t/acme').filter((x) => x.type === 'content.captured').map((x) => `${x.body.key}/${x.body.exchange}.${x.body.part}`))
  for (const f of inFolder()) assert.ok(known.has(f.split('/').slice(-2).join('/').replace(/\.[^.]*$/, '')), `${f} has no entry`)
  s.json('log', 'reconcile')
  assert.equal(s.entries('t/acme').filter((x) => x.type === 'content.not_captured' && x.body.exchange === made(1)).length, 1, 'said once')
})

test('an auditor’s bundle and a backup hold no body', async () => {
  const out = join(s.dir, 'bundle.tar.zst'), r = s.run('export', '--from', '2020-01-01', '--to', '2030-01-01', '--out', out, '--config', s.config)
  assert.equal(r.status, 0, r.stderr)
  const tar = spawnSync('zstd', ['-dcq', out], { maxBuffer: 1 << 30 }).stdout
  assert.ok(tar.length > 1000 && !tar.includes('CUBODY01'))
  const file = join(s.dir, 'b.tar'), phrase = join(s.dir, 'phrase')
  writeFileSync(phrase, 'a long phrase for a test\n', { mode: 0o600 })
  const b = s.run('backup', '--out', file, '--passphrase-file', phrase, '--config', s.config)
  assert.equal(b.status, 0, b.stderr)
  const raw = readFileSync(file), whole = raw.subarray(0, 4).equals(Buffer.from([0x28, 0xb5, 0x2f, 0xfd])) ? spawnSync('zstd', ['-dcq', file], { maxBuffer: 1 << 30 }).stdout : raw
  assert.ok(!whole.includes('CUBODY01') && !whole.includes('body-keys'))
})

test('persons with accounts ask, approve and read in the console, and nobody approves at the machine itself', { timeout: 120000 }, async () => {
  const { id } = await ask(`${marker} seen by two`)
  await kept(id)
  const mine = body('request', id, '--user', 'rae', '--purpose', 'before anybody had an account').out
  const rae = await joinAs(s, 'rae', 'security'), pat = await joinAs(s, 'pat', 'compliance'), eve = await joinAs(s, 'eve', 'owner')
  assert.match(body('approve', mine.id, '--user', 'pat').err, /in the console/)
  const act = async (who, path, given) => {
    const r = await call(s, 'POST', `/api/v1/readings${path}`, { session: who.session, body: given })
    return { status: r.status, body: await r.json() }
  }
  assert.equal((await act(eve, '', { exchange: id, purpose: 'x', user: 'rae' })).status, 403, 'an owner is not listed, and a name in the body counts for nothing')
  assert.equal((await act(rae, `/${mine.id}/decision`, { decision: 'approve' })).status, 403)
  const env = { ...process.env }
  delete env.LD_PRELOAD
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'], env })
  const open = async (who, width = 1280) => {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: width < 500 ? 'dark' : 'light' })
    await context.addCookies([{ name: 'custos_session', value: who.session, url: s.url }])
    const page = await context.newPage()
    page.on('pageerror', (e) => assert.fail(String(e)))
    await page.goto(`${s.url}/exchanges/${id}`)
    await page.getByRole('heading', { name: 'Stored text' }).waitFor()
    return page
  }
  try {
    const asks = await open(rae)
    await asks.getByLabel('What it is to be read for').fill('incident 43')
    await asks.getByRole('button', { name: 'Ask to read it' }).click()
    const row = asks.getByRole('row').filter({ hasText: 'incident 43' })
    await row.getByText('waits for a second person').waitFor()
    const agrees = await open(pat)
    await agrees.getByRole('row').filter({ hasText: 'incident 43' }).getByRole('button', { name: 'Approve' }).click()
    await agrees.getByRole('row').filter({ hasText: 'incident 43' }).getByText('approved', { exact: true }).waitFor()
    await agrees.getByRole('row').filter({ hasText: 'incident 43' }).getByRole('button', { name: 'Read' }).click()
    await agrees.getByText('Only who asked for a reading reads').or(agrees.getByText('may not read')).waitFor()
    const reads = await open(rae)
    await reads.getByRole('row').filter({ hasText: 'incident 43' }).getByRole('button', { name: 'Read' }).click()
    await reads.getByText(`${marker} seen by two`).first().waitFor()
    if (process.env.CUSTOS_SHOTS) {
      await reads.getByRole('heading', { name: 'Stored text' }).scrollIntoViewIfNeeded()
      await reads.screenshot({ path: join(process.env.CUSTOS_SHOTS, 'wide.png') })
      const narrow = await open(rae, 390)
      await narrow.getByRole('heading', { name: 'Stored text' }).scrollIntoViewIfNeeded()
      await narrow.screenshot({ path: join(process.env.CUSTOS_SHOTS, 'narrow.png') })
    }
    await s.sealed((x) => x.type === 'content.read' && x.body.exchange === id)
  } finally {
    await browser.close()
  }
})

test('who is limited sees and takes part in the readings within her limits, and in no others', async () => {
  const { id } = await ask(`${marker} limits`), [, mine] = [await kept(id), body('request', id, '--user', 'rae', '--purpose', 'limits').out]
  const later = new Date(Date.now() + 86400_000).toISOString().slice(0, 10)
  const people = { acme: await joinAs(s, 'sam', 'security', '--tenant', 'acme'), beta: await joinAs(s, 'tom', 'security', '--tenant', 'beta'),
    auditor: await joinAs(s, 'aud', 'auditor', '--tenant', 'acme', '--from', '2020-01-01', '--to', later, '--expires', later),
    past: await joinAs(s, 'aud of then', 'auditor', '--from', '2020-01-01', '--to', '2020-12-31', '--expires', later) }
  const get = async (who, path) => { const r = await call(s, 'GET', `/api/v1${path}`, { session: who.session }); return { status: r.status, body: await r.json() } }
  const post = async (who, path, given) => (await call(s, 'POST', `/api/v1/readings${path}`, { session: who.session, body: given })).status
  const all = (await api('/readings?limit=1000')).body.items
  assert.ok(all.length > 3 && all.every((x) => x.tenant === 'acme'))
  for (const [who, want] of [['acme', all.length], ['beta', 0], ['auditor', all.length], ['past', 0]]) {
    const r = await get(people[who], '/readings?limit=1000')
    assert.deepEqual([r.status, r.body.items.length], [200, want], who)
  }
  const page = (await get(people.acme, '/readings?limit=2')).body
  assert.equal((await get(people.acme, `/readings?limit=2&cursor=${page.next_cursor}`)).body.items[0].id, all[2].id)
  assert.equal(await post(people.beta, '', { exchange: id, purpose: 'x' }), 404, 'another tenant’s body is not there')
  assert.equal(await post(people.beta, `/${mine.id}/decision`, { decision: 'approve' }), 404)
  assert.equal(await post(people.beta, `/${mine.id}/content`, {}), 404)
  assert.equal(await post(people.acme, '', { exchange: id, purpose: 'her own tenant' }), 201)
  assert.equal(await post(people.auditor, '', { exchange: id, purpose: 'x' }), 403, 'an auditor reads no body')
})

test('their time over, keys are destroyed, files are gone, and the log still verifies', { timeout: 120000 }, async () => {
  const day = (n) => { const b = Buffer.alloc(8); b.writeBigInt64LE(BigInt(n) * 86400_000_000_000n); writeFileSync(offset, b) }
  const [internal] = s.entries('t/acme').filter((x) => x.type === 'content.captured' && x.body.class === 'internal')
  const copy = readFileSync(fileOf(internal))
  const late = body('request', internal.body.exchange, '--user', 'sam', '--purpose', 'late').out
  await s.stop()
  day(2) // internal is kept one day behind its own
  await s.start()
  const gone = await s.sealed((x) => x.type === 'key.destroyed' && x.body.key === internal.body.key)
  assert.deepEqual([gone.body.class, gone.body.subject, gone.body.basis], ['internal', 'data-key', 'retention of 1 days'])
  assert.ok(gone.body.bodies > 0)
  assert.ok(!existsSync(join(state(), 'bodies', internal.body.key)))
  assert.deepEqual(search(state(), [copy.subarray(56, 120)]), [], 'not a copy of it is left')
  assert.match(body('read', late.id, '--user', 'sam').err, /within 60 minutes/)
  const again = body('request', internal.body.exchange, '--user', 'sam', '--purpose', 'late').out
  assert.equal(body('read', again.id, '--user', 'sam').out.request.state, 'gone')
  assert.ok(files().some((f) => f.startsWith(entries[0].body.key)), 'confidential is kept a day longer')
  assert.equal(s.verify().status, 0)
  assert.equal((await kept((await ask(`${marker} new day`)).id))[0].type, 'content.captured', 'under the new day’s key')
})

test('each body that was to be kept has an entry, or an entry says that it was not', { timeout: 120000 }, async () => {
  const without = () => {
    const all = s.entries('t/acme'), told = new Set(all.filter((x) => /^content\.(not_)?captured$/.test(x.type)).map((x) => x.body.exchange + x.body.part))
    const kept = new Map(all.filter((x) => x.type === 'exchange.request' && x.body.capture).map((x) => [x.id, x]))
    return [...kept.values()].filter((x) => x.body.body_bytes && !told.has(x.id + 'request')).map((x) => x.id + ' request').concat(
      all.filter((x) => /^exchange\.(response|aborted)$/.test(x.type) && kept.has(x.body.exchange) && x.body.answer_bytes && !told.has(x.body.exchange + 'answer')).map((x) => x.body.exchange + ' answer'))
  }
  await until(() => { s.json('log', 'reconcile'); return without().length === 0 })
})
