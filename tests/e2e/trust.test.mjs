// The trust page: nothing without two persons, nothing that the log does not hold, proofs that verify, reports with a mark.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join as path, resolve } from 'node:path'
import { chromium } from 'playwright-core'
import { System, build } from '../gateway/system.mjs'
import { call, join } from '../web/people.mjs'

let s, ann, bo
const inDays = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10)
const take = async (who, type, fields, want = 201) => { const r = await call(s, 'POST', '/api/v1/records', { session: who.session, body: { type, fields } }); assert.equal(r.status, want, await r.clone().text()); return r.json() }
const get = async (at) => { const r = await fetch(s.url + at, { redirect: 'manual' }); return { status: r.status, text: await r.text(), headers: r.headers } }
const agree = (fields, type = 'application/x-www-form-urlencoded') => fetch(s.url + '/trust/agreement', { method: 'POST', headers: { 'content-type': type, cookie: '' }, body: new URLSearchParams(fields).toString() })
const whole = { report: 'readiness', name: 'Kim <b>Lee</b>', mail: 'kim@example.org', purpose: 'evaluation', agree: 'yes' }
const hostile = '<script>alert(1)</script>"\'&'
const page = (title) => ({ title, contact: `security@example.org ${hostile}`, statement: `We use assistants ${hostile}`, agreement: 'For your own use.', reports: ['readiness', 'control-matrix'] })

before(async () => {
  s = await new System({ vendors: `vendors:
  anthropic:
    api: anthropic
    base_url: http://127.0.0.1:9
    credential: env:FAKE_KEY
` }).start()
  ann = await join(s, 'Ann', 'owner')
  bo = await join(s, 'Bo', 'approver')
  for (let i = 0; i < 1000 && !s.json('register', 'list', 'vendor').items.length; i++) await new Promise((done) => setTimeout(done, 100))
  await take(ann, 'vendor.term_recorded', { vendor: 'anthropic', field: 'retention_default', value: `30 days ${hostile}`, plan: 'business', source: 'Example terms, clause 4.2', read_on: inDays(-1), next_read: inDays(60) })
})
after(() => s?.remove())

test('nothing is public before a second person has published it', async () => {
  for (const at of ['/trust', '/trust/leaf?index=0', '/trust/proof?index=0', '/trust/vkey', '/trust/checkpoint', '/trust/report?t=x']) assert.equal((await get(at)).status, 404, at)
  assert.equal((await agree(whole)).status, 404)
  await take(ann, 'trustpage.proposed', { ...page('Example'), reports: ['nothing'] }, 400)
  assert.equal((await take(ann, 'trustpage.proposed', page('Example'))).id, 'TP-1')
  assert.equal((await get('/trust')).status, 404)
  await take(ann, 'trustpage.published', { trustpage: 'TP-1' }, 403)
  assert.equal((await take(bo, 'trustpage.published', { trustpage: 'TP-1' })).state, 'published')
  assert.equal((await get('/trust')).status, 200)
})

test('the page says what the log says, in a strict policy and without script', async () => {
  const entry = await s.sealed((e) => e.type === 'trustpage.stated', 'org')
  let r = await get('/trust')
  for (let i = 0; i < 2000 && !/Stated in the log/.test(r.text); i++) { await new Promise((done) => setTimeout(done, 50)); r = await get('/trust') }
  assert.match(r.headers.get('content-security-policy'), /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/)
  assert.equal(r.headers.get('referrer-policy'), 'no-referrer')
  assert.equal(r.headers.get('set-cookie'), null)
  assert.doesNotMatch(r.text, /<script|style=|onload|<img/i)
  assert.match(r.text, /&lt;script&gt;/)
  assert.doesNotMatch(r.text, /\bAnn\b|\bBo\b|\b[Cc]ertified|[Oo]pinion|[Ee]ffective/)
  const criteria = (await (await call(s, 'GET', `/api/v1/criteria?as_of=${entry.ts}`, { session: ann.session })).json()).items
  const shown = Object.fromEntries([...r.text.matchAll(/<li><b>(\d+)<\/b>&#?\w+; ([a-z ]+)/g)].map(([, n, label]) => [label, Number(n)]))
  assert.deepEqual(entry.body.criteria, criteria.map((c) => ({ id: c.id, state: c.state })))
  const words = { met: 'met', partly: 'partly met', not_met: 'not met', no_data: 'no data', not_applicable: 'out of scope' }
  assert.deepEqual([...r.text.matchAll(/<tr><td>([A-Z]+\d+\.\d+)<td>&#?\w+; ([a-z ]+)<\/tr>/g)].map(([, id, label]) => [id, label]), criteria.map((c) => [c.id, words[c.state]]))
  assert.match(r.text, new RegExp(`Stated in the log, \\d+ minutes old: <a href="/trust/leaf\\?index=${s.entries('org').findLastIndex((e) => e.type === 'trustpage.stated')}">`))
  const of = (state) => criteria.filter((c) => c.state === state).length
  assert.deepEqual(shown, { met: of('met'), 'partly met': of('partly'), 'not met': of('not_met'), 'no data': of('no_data'), 'out of scope': of('not_applicable') })
  assert.match(r.text, /anthropic<td>/)
  assert.match(r.text, /30 days/)
})

test('every statement leads to an entry whose proof verifies, and to no other', async () => {
  const html = (await get('/trust')).text, dir = path(s.dir, 'proofs')
  const cited = [...new Set([...html.matchAll(/\/trust\/leaf\?index=(\d+)/g)].map((m) => m[1]))]
  assert.ok(cited.length >= 3)
  mkdirSync(dir)
  writeFileSync(path(dir, 'key'), (await get('/trust/vkey')).text)
  for (const n of cited) {
    writeFileSync(path(dir, 'leaf'), (await get(`/trust/leaf?index=${n}`)).text)
    writeFileSync(path(dir, 'proof'), (await get(`/trust/proof?index=${n}`)).text)
    const r = spawnSync(existsSync(path(build, 'src/verify/custos-verify')) ? path(build, 'src/verify/custos-verify') : resolve(build, 'custos-verify'), ['--proof', path(dir, 'proof'), '--leaf', path(dir, 'leaf'), '--vkey', path(dir, 'key')], { encoding: 'utf8' })
    assert.equal(r.status, 0, r.stdout + r.stderr)
  }
  for (let n = 0; n < s.entries('org').length; n++) assert.equal((await get(`/trust/leaf?index=${n}`)).status, cited.includes(String(n)) ? 200 : 404, `entry ${n}`)
  for (const bad of ['', '-1', '1e3', 'x', '999999']) assert.equal((await get(`/trust/proof?index=${bad}`)).status, 404)
  assert.match((await get('/trust/checkpoint')).text, /\/org\n\d+\n/)
})

test('a report comes under an agreement, with a mark, and both are entries with a pseudonym', async () => {
  for (const wrong of [{ agree: 'no' }, { name: '' }, { mail: 'x' }, { purpose: 'fun' }, { report: 'board' }, { report: '../x' }, { more: '1' }]) assert.ok([400, 404].includes((await agree({ ...whole, ...wrong })).status), JSON.stringify(wrong))
  const r = await agree(whole), text = await r.text()
  assert.equal(r.status, 201, text)
  const link = /href="(\/trust\/report\?t=[^"]+)"/.exec(text)[1]
  const a = await s.sealed((e) => e.type === 'trustpage.agreed', 'org')
  assert.equal(a.body.kind, 'readiness')
  assert.match(a.body.person, /^p_[0-9a-f]{32}$/)
  const got = await get(link)
  assert.equal(got.status, 200)
  assert.match(got.headers.get('content-disposition'), /attachment; filename="readiness.html"/)
  assert.match(got.text, /For Kim &lt;b&gt;Lee&lt;\/b&gt; &lt;kim@example.org&gt;/)
  assert.doesNotMatch(got.text, /<b>Lee|<script/)
  const d = await s.sealed((e) => e.type === 'trustpage.downloaded', 'org')
  assert.equal(d.body.person, a.body.person)
  assert.match(got.text, new RegExp(d.body.digest))
  const pdf = await call(s, 'GET', link + '&as=pdf'), pages = spawnSync('pdftotext', ['-', '-'], { input: Buffer.from(await pdf.arrayBuffer()), encoding: 'utf8' }).stdout.split('\f').slice(0, -1)
  assert.match(pdf.headers.get('content-disposition'), /attachment; filename="readiness.pdf"/)
  assert.ok(pages.length > 1)
  for (const x of pages) assert.match(x, /For Kim <b>Lee<\/b> <kim@example.org>/)
  for (let i = 0; i < 1200 && s.entries('org').filter((e) => e.type === 'trustpage.downloaded').length < 2; i++) await new Promise((done) => setTimeout(done, 50))
  assert.equal(s.entries('org').filter((e) => e.type === 'trustpage.downloaded').length, 2) // each download
  for (const e of s.entries('org')) assert.doesNotMatch(JSON.stringify(e), /Kim|kim@example/)
  const t = link.split('t=')[1], [report, person, until, mac] = t.split('.')
  for (const bad of [`control-matrix.${person}.${until}.${mac}`, `${report}.${person}.${Number(until) + 1}.${mac}`, `${report}.${person}.${until}.${'0'.repeat(32)}`, t.slice(0, -1), '', 'x'.repeat(5000)]) assert.ok((await get('/trust/report?t=' + bad)).status >= 400)
})

test('a newer page replaces the one before, and withdrawing ends all of it at once', async () => {
  const link = /href="(\/trust\/report\?t=[^"]+)"/.exec(await (await agree(whole)).text())[1]
  await take(ann, 'trustpage.proposed', { ...page('Example two'), reports: ['control-matrix'] })
  assert.match((await get('/trust')).text, /<h1>Example<\/h1>/)
  await take(bo, 'trustpage.published', { trustpage: 'TP-2' })
  assert.match((await get('/trust')).text, /<h1>Example two<\/h1>/)
  assert.equal((await get(link)).status, 404) // no longer offered
  assert.deepEqual(s.json('register', 'list', 'trustpage').items.map((x) => x.state).sort(), ['published', 'replaced'])
  await take(ann, 'trustpage.withdrawn', { trustpage: 'TP-2', reason: 'A mistake' })
  for (const at of ['/trust', '/trust/vkey', link]) assert.equal((await get(at)).status, 404, at)
  assert.equal((await agree(whole)).status, 404)
})

test('the form works in a browser, where the policy lets nothing else happen', async () => {
  const { id } = await take(ann, 'trustpage.proposed', page('Example three'))
  await take(bo, 'trustpage.published', { trustpage: id })
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  try {
    const p = await browser.newPage(), wrong = []
    p.on('console', (m) => m.type() === 'error' && wrong.push(m.text()))
    await p.goto(s.url + '/trust')
    for (const [scheme, width] of [['light', 1280], ['dark', 390]]) {
      await p.emulateMedia({ colorScheme: scheme })
      await p.setViewportSize({ width, height: 900 })
      assert.ok(await p.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} scrolls sideways`)
      if (process.env.SHOTS) await p.screenshot({ path: `${process.env.SHOTS}-${scheme}.png`, fullPage: true })
    }
    await p.getByLabel('Your name').fill('Kim Lee')
    await p.getByLabel('Mail').fill('kim@example.org')
    await p.getByLabel(/agree/).check()
    await p.getByRole('button', { name: 'Get the report' }).click()
    await p.getByRole('link', { name: 'readiness (web page)' }).waitFor()
    assert.deepEqual(wrong.filter((x) => !/favicon/.test(x)), [])
  } finally { await browser.close() }
})
