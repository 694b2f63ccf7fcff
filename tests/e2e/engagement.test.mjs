// A whole engagement on a clock of its own: scope, gaps, remediation, readiness, the window with an outage, missed
// occurrences and an incident, an auditor who has nothing but the API of her seat and the bundle, and drafts of which
// every figure is worked out again from the entries alone (recount.mjs). Here at the fast pace with three months, and
// people who work every third day; make engagement runs each day of twelve months: twenty weeks, six months, six weeks.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash, createHmac, randomBytes } from 'node:crypto'
import http from 'node:http'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join as path } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parse } from 'yaml'
import { ShiftedClock } from '../faults/clock.mjs'
import { System, build, custos } from '../gateway/system.mjs'
import { call, code, cookieOf, join } from '../web/people.mjs'
import { Recount, controls, criteria, registry } from './recount.mjs'

const whole = process.env.CUSTOS_ENGAGEMENT === 'whole'
const months = whole ? 6 : 3, prep = whole ? 140 : 56, stride = whole ? 1 : 3
const DAY = 86400e3, iso = (ms) => new Date(ms).toISOString(), day = (n = 0) => iso(Date.now() + n * DAY).slice(0, 10)
const began = performance.now(), kinds = parse(readFileSync(new URL('../../catalog/reports.yaml', import.meta.url), 'utf8')).reports
let s, clock, olga, cora, sam, ann, dev, auditor, start, window = {}, days = 0, outage = [], sent = 0

// --- the log, read from its tiles; full ones once ---
const seen = new Map()
function log(name) {
  const dir = path(s.status.log_dir, name), all = seen.get(name) ?? seen.set(name, []).get(name)
  if (!existsSync(path(dir, 'checkpoint'))) return []
  for (let turn = 0; ; turn++) {
    try {
      const size = Number(readFileSync(path(dir, 'checkpoint'), 'utf8').split('\n')[1])
      all.length = Math.floor(all.length / 256) * 256
      for (let tile = all.length / 256; tile * 256 < size; tile++) {
        const width = Math.min(256, size - tile * 256), n = String(tile).padStart(3, '0')
        const file = path(dir, 'tile/entries', width === 256 ? n : `${n}.p/${width}`)
        let b = width === 256 && existsSync(file + '.gz') ? gunzipSync(readFileSync(file + '.gz')) : readFileSync(file)
        for (; b.length; b = b.subarray(2 + b.readUInt16BE(0))) all.push(JSON.parse(b.subarray(2, 2 + b.readUInt16BE(0))))
      }
      return all
    } catch (e) { if (e.code !== 'ENOENT' || turn === 9) throw e }
  }
}
const soon = async (what, ms) => { for (let t = performance.now(); performance.now() - t < ms; await new Promise((done) => setTimeout(done, 25))) { const v = await what(); if (v) return v } }

// --- people: each signs in again on each day on which she does something ---
class Person {
  constructor(joined) { Object.assign(this, joined, { on: day(), calls: 0 }) }
  async ask(method, at, body) {
    if (this.on !== day()) {
      const r = await call(s, 'POST', '/api/v1/session', { body: { name: this.name, password: this.password, code: code(this.secret, Date.now()) } })
      assert.equal(r.status, 204, `${this.name}: ${await r.text()}`)
      this.session = cookieOf(r)
      this.on = day()
    }
    this.calls++
    return call(s, method, at.startsWith('/trust') ? at : '/api/v1' + at, { session: this.session, body })
  }
  async get(at, want = 200) { const r = await this.ask('GET', at), text = await r.text(); assert.equal(r.status, want, `${at}: ${text}`); return JSON.parse(text) }
  async post(at, body, want = 201) { const r = await this.ask('POST', at, body), text = await r.text(); assert.equal(r.status, want, `${at} ${JSON.stringify(body)}: ${text}`); return text && JSON.parse(text) }
  step(type, fields, want = 201) { return this.post('/records', { type, fields }, want) }
  cli(status, ...args) {
    const r = spawnSync(custos, [...args, '--config', s.config, '--format', 'json'], { encoding: 'utf8', cwd: s.dir, env: { ...process.env, CUSTOS_SESSION: this.session } })
    assert.equal(r.status, status, `${args.join(' ')}: ${r.stdout}${r.stderr}`)
    return JSON.parse(r.stdout)
  }
}
const ok = (...args) => { const r = s.run(...args, '--config', s.config); assert.equal(r.status, 0, `${args.join(' ')}: ${r.stdout}${r.stderr}`); return r.stdout }
const probe = (...names) => names.forEach((n) => ok('probe', n))

// --- days ---
const newest = (type, more) => log('org').findLast((e) => e.type === type && (!more || more(e)))?.ts ?? ''
// After a sleep nothing is held against the counters before all writers had the time to say that they are there: ninety
// seconds from when the daemon noticed. It may notice after the hundred that pass here, so that more may have to.
// While it notices, the gateway is asked something, which is seen as well before time goes on.
async function looked(content) {
  const woken = iso(Date.now() - 60e3)
  const [noticed] = await Promise.all([soon(() => newest('writer.heartbeat', (e) => e.writer.startsWith('daemon')) >= woken, 60000), heard(content)])
  assert.ok(noticed, `the daemon does not notice that it is ${iso(Date.now())}: ${s.output}`)
  for (let turn = 0; turn < 30; turn++) {
    clock.pass(100e3)
    if (await soon(() => newest('evidence.reconciled', (e) => e.body.against === 'counters') >= woken, 3000)) return
    await heard()
  }
  assert.fail(`nothing is held against the counters: ${s.output}`)
}
async function ask(content = 'Write a function that adds two numbers') {
  const r = await fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': s.key }, body: JSON.stringify({ model: 'sink', max_tokens: 5, messages: [{ role: 'user', content }] }) })
  assert.equal(r.status, 200, await r.text())
  sent++
  return r.headers.get('request-id')
}
// And the daemon has what the gateway wrote about it: who says nothing for three minutes is missed.
const operator = (at) => new Promise((done, failed) => http.get({ socketPath: `${s.runDir}/admin.sock`, path: '/api/v1' + at }, (a) => { a.resume(); done(a.statusCode) }).on('error', failed))
async function heard(content) {
  const id = await ask(content)
  assert.ok(await soon(async () => await operator(`/exchanges/${id}`) === 200, 60000), `the daemon does not know of exchange ${id}: ${s.output}`)
}
async function pass(n = 1) {
  for (let k; n > 0; n -= k) {
    k = Math.min(n, stride)
    clock.pass((k - 0.5) * DAY)
    await ask() // people work all day: what must be fresh each day is
    clock.pass(DAY / 2)
    days += k
    await looked(days % 5 ? undefined : `and write to person${days}@example.org`)
  }
}
const to = (f) => pass(Math.max(0, Math.round(prep * f) - days))
// What the settings left behind is drafted and approved again.
async function policies() {
  const all = (await cora.get('/policies')).items
  for (const p of all.filter((x) => x.state !== 'approved')) {
    const spec = p.id === 'processing-specification'
    await cora.step(spec ? 'spec.generated' : 'policy.drafted', { policy: p.id })
    await ann.step(spec ? 'spec.approved' : 'policy.approved', { policy: p.id })
  }
}
async function review() {
  const r = await cora.step('review.frozen', { scope: '', reviewer: 'Sam Example', due: day(20) })
  const lines = (await cora.get(`/access-reviews/${r.id}`)).items
  for (const x of lines) await cora.step('review.decided', { access_review: r.id, key: x.key, decision: 'keep', note: '' })
  await cora.step('review.completed', { access_review: r.id })
}
async function nils() {
  const events = controls.filter((k) => k.frequency === 'event')
  for (const k of events) if (!['CHG-02'].includes(k.id)) await cora.post('/nil-returns', { control: k.id, by: 'Cora Example', note: '' })
}
const plan = async (id) => (await olga.get('/timeline' + (id ? `?engagement=${id}` : '')))
const reached = (p) => p.milestones.filter((m) => m.recorded).map((m) => m.id)
async function must(...ids) {
  for (let turn = 0; turn < 40; turn++) {
    clock.pass(61e3) // looked at each minute
    await heard()
    await new Promise((done) => setTimeout(done, 150))
    const r = reached(await plan('ENG-1'))
    if (ids.every((id) => r.includes(id))) return
  }
  const p = await plan('ENG-1')
  assert.fail(ids.map((id) => p.milestones.find((m) => m.id === id)).filter((m) => !m.recorded).map((m) => `${m.id} needs ${m.needs}: ${JSON.stringify(m.proof)}`).join('\n'))
}

// nginx is told where it is
const findRunDir = () => (s.runDir = readFileSync(`/proc/${s.pids('nginx')[0]}/cmdline`, 'utf8').match(/ -p (\S+)|-p\0([^\0]+)/).slice(1).find(Boolean))

before(async () => {
  clock = new ShiftedClock()
  s = await new System({ workers: 1, extra: '  - name: beta\nprobes: {schedule: false}\ngates:\n  - {env: production, approvals: 1, expires_hours: 24}\n' }).start()
  findRunDir()
  for (const [name, role] of [['Olga Example', 'owner'], ['Cora Example', 'compliance'], ['Sam Example', 'security'], ['Ann Example', 'approver'], ['Dev Example', 'developer']])
    await join(s, name, role).then((j) => { const p = new Person(j); ({ owner: () => (olga = p), compliance: () => (cora = p), security: () => (sam = p), approver: () => (ann = p), developer: () => (dev = p) })[role]() })
  start = Date.now()
})
after(async () => {
  await s?.remove()
  clock?.remove()
})

test('scope and gap assessment', async () => {
  await cora.step('timeline.planned', { title: 'First report', kind: 'type2', months, pace: whole ? 'standard' : 'fast', owner: 'Olga Example', start: day(), categories: ['availability', 'confidentiality'] })
  await ask()
  await must('M01', 'M02')
  await to(0.1)
  await olga.post('/scope', { role: 'both', approver: 'Olga Example', reason: 'Customers ask', categories: ['availability', 'confidentiality'], excluded: [{ control: 'IAM-07', reason: 'Nobody works outside of the office' }] })
  await must('M03')
  mkdirSync(path(s.dir, 'repo'))
  writeFileSync(path(s.dir, 'repo/a.txt'), 'write to somebody@example.org\n')
  assert.ok([0, 1].includes(s.run('scan', path(s.dir, 'repo'), '--record', '--tenant', 'acme', '--repository', 'acme/pay', '--config', s.config).status))
  await sam.step('vendor.registered', { vendor: 'example', service: 'models', owner: 'Sam Example', criticality: 'high' })
  for (const [title, likelihood] of [['A provider stops', 2], ['Code leaves', 3], ['A model is persuaded to lie', 4]])
    await sam.step('risk.assessed', { title, category: 'vendor', likelihood, impact: 4, controls: ['VEN-07'], treatment: 'reduce', response: 'A second provider', owner: 'Sam Example', review_by: day(300) })
  await ann.step('risk.accepted', { risk: 'R-1', reason: 'It is rare', until: day(300) })
  await to(0.2)
  ok('gaps', '--record')
  const question = (await cora.get('/checklist')).questions[0]
  await cora.post('/checklist/answers', { question: question.id, answer: [question.answers[0].id], note: '', from_log: false })
  await must('M04', 'M05', 'M06')
  await cora.step('auditor.engaged', { engagement: 'ENG-1', firm: 'Example Auditors', independent: true, letter: createHash('sha256').update('letter').digest('hex') })
  await must('M07')
})

test('remediation', async () => {
  await to(0.4)
  await policies()
  for (const p of (await cora.get('/policies')).items) for (const who of [dev, sam]) await who.step('policy.acknowledged', { policy: p.id, person: '' })
  for (const person of ['Dev Example', 'Sam Example']) await cora.step('training.completed', { person, course: 'Safe use of assistants', completed_on: day(), valid_until: day(365) })
  await review()
  probe('iam-anon-refused')
  await must('M08', 'M09')
  probe('dat-canary-stripped')
  const field = 'retention_default'
  await sam.step('vendor.term_recorded', { vendor: 'example', field, value: '30 days', plan: 'business', source: 'Example terms, clause 4.2', read_on: day(-1), next_read: day(60) })
  await sam.step('vendor.decision_proposed', { vendor: 'example', decision: 'approved', plan: 'business', profile: 'strict', reason: 'Needed', until: day(360) })
  await ann.step('assessment.approved', { vendor_decision: 'VD-1' })
  await sam.step('commitment.changed', { promise: 'We answer within a day', to: 'All customers', topic: 'other', value: '24 hours', controls: ['GOV-05'] })
  await must('M10', 'M11')
  probe('isolation')
  await must('M12')
  const commit = randomBytes(20).toString('hex'), file = (name, text) => { writeFileSync(path(s.dir, name), text); return path(s.dir, name) }
  assert.equal(dev.cli(1, 'gate', '--env', 'production', '--commit', commit).pass, false)
  dev.cli(0, 'change', 'add', '--commit', commit, '--repo', 'acme/pay', '--branch', 'first', '--author', 'Dev Example')
  dev.cli(0, 'change', 'report', commit, '--junit', file('j.xml', '<testsuites><testsuite name="u" tests="1" failures="0" errors="0"><testcase name="a"/></testsuite></testsuites>'))
  dev.cli(0, 'change', 'report', commit, '--sarif', file('s.json', JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: { name: 'scanner' } }, results: [] }] })))
  await ann.get('/session')
  ann.cli(0, 'change', 'review', commit)
  const d = dev.cli(0, 'deploy', 'request', '--env', 'production', '--commit', commit)
  ann.cli(0, 'approve', d.id)
  assert.equal(dev.cli(0, 'gate', '--env', 'production', '--commit', commit).pass, true)
  await must('M13')
  const f = await sam.step('finding.opened', { title: 'Two keys <script>alert(1)</script> have no end', control: 'IAM-02', severity: 'high', owner: 'Dev Example', due: day(20), cause: '=1+1' })
  ok('backup', '--out', path(s.dir, 'first.backup'))
  probe('avl-restore-verifies')
  await must('M14')
  await sam.step('slo.set', { name: 'Assistants answer', measure: 'availability', target: 99000, window_days: 30 })
  await sam.step('exercise.completed', { runbook: 'outage', held_on: day(), lead: 'Sam Example', participants: 4, lessons: 'The contact list was old' })
  await pass(3)
  assert.ok(!reached(await plan('ENG-1')).includes('M15'), 'a high finding is open')
  await dev.step('finding.fixed', { finding: f.id, fix: 'They end now' })
  await cora.step('finding.retested', { finding: f.id, retest: 'Both refused' })
  await sam.step('finding.closed', { finding: f.id, note: '' })
  await must('M15')
})

const report = { vendor: 'example', kind: 'soc2_type2', opinion: 'unqualified', carve_out: 'carved_out', exceptions: '', scope: 'API; security', subservice: '' }
test('readiness, with the auditor', async () => {
  await to(0.8)
  const made = s.json('person', 'add', 'Ada Auditor', '--role', 'auditor', '--from', iso(start).slice(0, 10), '--to', day(400), '--expires', day(450))
  const { accept } = await import('../web/people.mjs')
  auditor = new Person({ ...(await accept(s, 'Ada Auditor', made.url)), person: made.person })
  await auditor.get('/controls')
  clock.pass(120e3) // what she looked at is written after a minute
  await heard()
  await must('M16')
  const p = await auditor.post('/populations', { control: 'IAM-02', from: iso(start).slice(0, 10), to: day() })
  assert.ok(p.document.count >= 1)
  await auditor.post('/samples', { population: p.id, seed: 'dry run', size: 'auto' })
  await must('M17')
  const q = await auditor.step('auditor.requested', { title: 'Who may issue keys', asks: 'A list', control: 'IAM-02', blocking: true })
  await cora.step('vendor.report_reviewed', { ...report, period_from: day(-400), period_to: day(-35), bridge_until: day(30) })
  await cora.step('vendor.cuec_recorded', { vendor: 'example', vendor_report: 'VR-1', expectation: 'Customers protect their keys' })
  await cora.step('vendor.cuec_mapped', { cuec: 'CUEC-1', control: 'IAM-02', how: 'Virtual keys that end' })
  await must('M18')
  await pass(1)
  assert.ok(!reached(await plan('ENG-1')).includes('M19'), 'a remark that blocks waits for its answer')
  await cora.step('auditor.answered', { request: q.id, answer: 'The population', evidence: [`population:${p.id}`] })
  await auditor.step('auditor.accepted', { request: q.id })
  await must('M19')
})

test('observation: a window with an outage, missed occurrences and an incident', async () => {
  await to(1)
  await policies()
  await cora.step('period.opened', { engagement: 'ENG-1', from: day() })
  const p = await plan('ENG-1')
  Object.assign(window, { from: p.from, to: p.to })
  await must('M20')
  const length = Math.round((Date.parse(window.to) - Date.parse(window.from)) / DAY), opened = days
  const on = (f, act) => ({ at: opened + Math.max(1, Math.round(length * f)), act })
  const acts = [
    on(0.05, nils), on(0.3, nils), on(0.55, nils), on(0.8, nils), on(0.97, nils),
    on(0.15, () => probe('dat-canary-stripped')), on(0.95, () => probe('dat-canary-stripped', 'iam-anon-refused')),
    on(0.2, async () => { // the platform is down for five days
      outage = [iso(Date.now())]
      await s.stop()
      clock.pass(5 * DAY)
      days += 5
      await s.start()
      findRunDir()
      outage.push(iso(Date.now()))
      const i = await sam.step('incident.opened', { kind: 'outage', severity: 'high', title: 'Nothing answered', detected: outage[0] })
      await sam.step('incident.acknowledged', { incident: i.id, owner: 'Sam Example' })
      await sam.step('incident.contained', { incident: i.id, how: 'Power is back' })
      await sam.step('breach.assessed', { incident: i.id, affected: 0, notice_owed: 'no', query: 'none', reason: 'Nothing left' })
      await sam.step('incident.postmortem', { incident: i.id, cause: 'One power line', lessons: 'Two are better', actions: 'A second line' })
      await sam.step('incident.closed', { incident: i.id, summary: 'Five days without assistants' })
    }),
    on(0.25, () => { ok('backup', '--out', path(s.dir, 'second.backup')); probe('avl-restore-verifies') }),
    on(0.5, midWindow), on(0.45, review), on(0.6, policies),
    on(0.7, async () => { // a key that was lost
      const k = s.json('key', 'issue', '--tenant', 'beta', '--user', 'bea')
      ok('key', 'revoke', k.id)
      await sam.step('incident.opened', { kind: 'credential_left', severity: 'critical', title: 'A key in a chat', tenant: 'beta' })
    }),
    on(0.9, async () => { await policies(); await olga.post('/reports', { kind: 'board', from: day(-90), to: day() }) }),
  ].sort((a, b) => a.at - b.at)
  for (const { at, act } of acts) {
    await pass(Math.max(0, at - days))
    await act()
  }
  await must('M21', 'M22', 'M23', 'M24', 'M25')
  await pass(Math.max(0, opened + length - days))
  assert.ok(Date.now() >= Date.parse(window.to))
})

async function midWindow() {
  const p = await auditor.post('/populations', { control: 'PIN-03', from: window.from.slice(0, 10), to: day() })
  const sample = await auditor.post('/samples', { population: p.id, seed: 'mid window', size: 5 })
  await auditor.step('auditor.tested', { control: 'PIN-03', procedure: 'Each held against its proof', result: 'no_exception', items: 5, exceptions: 0, sample: sample.id })
}

test('what was missed is on record, as often as the entries say', async () => {
  await olga.step('period.locked', { engagement: 'ENG-1' })
  await must('M26')
  assert.match((await cora.step('training.completed', { person: 'Late Example', course: 'x', completed_on: day(-20), valid_until: day(300) }, 409)).detail, /locked the period/)
  const at = Date.now(), r = new Recount(logs()), shown = (await olga.get(`/controls?as_of=${iso(at)}`)).items
  for (const k of controls) assert.equal(shown.find((x) => x.id === k.id).missed ?? 0, r.missed(k, at).n, `${k.id}: occurrences that were missed`)
  const gov = r.missed(controls.find((k) => k.id === 'GOV-06'), at)
  assert.ok(gov.n >= 2, `the five days without evidence are no missed occurrence: ${gov.n}`)
  const exceptions = r.records('exception', at).filter((x) => x.fields.control === 'GOV-06')
  assert.ok(whole ? exceptions.length === 1 : exceptions.length > 0, exceptions.length)
  assert.equal(exceptions.at(-1).fields.failed, gov.n)
})

test('an auditor with her seat and the bundle alone', async () => {
  const from = window.from.slice(0, 10), upto = window.to.slice(0, 10), dir = path(s.dir, 'auditor')
  mkdirSync(dir)
  const began = auditor.calls
  const verify = (...args) => spawnSync(path(build, 'src/verify/custos-verify'), args, { encoding: 'utf8' })
  const shown = (await auditor.get('/controls')).items
  for (const id of ['IAM-02', 'PIN-03', 'GOV-06', 'OPS-06', 'CHG-02']) {
    const frozen = await auditor.post('/populations', { control: id, from, to: upto })
    assert.equal((await auditor.post(`/populations/${frozen.id}/check`, {}, 200)).same, true)
    const listing = await (await auditor.ask('GET', `/populations/${frozen.id}/listing`)).text()
    assert.equal(createHash('sha256').update(listing).digest('hex'), frozen.document.digest)
    const rows = listing.trim().split('\n').filter(Boolean).map((x) => JSON.parse(x))
    assert.equal(rows.length, frozen.document.count)
    for (const x of rows) assert.ok(x.ts >= window.from && x.ts < window.to)
    if (!rows.length) continue
    const seed = randomBytes(6).toString('hex'), sample = await auditor.post('/samples', { population: frozen.id, seed, size: Math.min(25, rows.length) })
    assert.deepEqual(sample.document.rows.split(' ').map(Number), drawn(frozen.document.digest, rows.length, seed, Math.min(25, rows.length)))
    const items = (await auditor.get(`/samples/${sample.id}/items`)).items
    for (const x of items.slice(0, 5)) {
      const name = encodeURIComponent(x.log.replace('t/', 't:')), file = (kind) => path(dir, `${name}-${x.index}.${kind}`)
      for (const [kind, at] of [['proof', `proof?index=${x.index}`], ['leaf', `entries/${x.index}`], ['vkey', 'vkey']])
        writeFileSync(file(kind), Buffer.from(await (await auditor.ask('GET', `/logs/${name}/${at}`)).arrayBuffer()))
      const v = verify('--proof', file('proof'), '--leaf', file('leaf'), '--vkey', file('vkey'))
      assert.equal(v.status, 0, v.stdout + v.stderr)
    }
    const result = shown.find((k) => k.id === id).missed ? 'exception' : 'no_exception'
    await auditor.step('auditor.tested', { control: id, procedure: 'Rows drawn again, proofs held against the log', result, items: items.length, exceptions: result === 'exception' ? 1 : 0, sample: sample.id })
  }
  const q = await auditor.step('auditor.requested', { title: 'Five days', asks: 'What happened in the outage', due: day(7) })
  await cora.step('auditor.answered', { request: q.id, answer: 'The incident', evidence: ['record:incident/INC-1'] })
  await auditor.step('auditor.accepted', { request: q.id })
  const made = await cora.post('/exports', { from, to: upto })
  const bundle = path(dir, 'evidence.tar.zst'), r = await auditor.ask('GET', `/exports/${made.id}/bundle`)
  assert.equal(r.status, 200, await r.clone().text().then((t) => t.slice(0, 300)))
  writeFileSync(bundle, Buffer.from(await r.arrayBuffer()))
  const v = verify(bundle, '--format', 'json')
  assert.equal(v.status, 0, v.stdout + v.stderr)
  assert.match(verify(bundle).stdout, /populations: \d+/)
  const spoilt = Buffer.from(readFileSync(bundle))
  spoilt[spoilt.length >> 1] ^= 1
  writeFileSync(bundle + '.spoilt', spoilt)
  assert.notEqual(verify(bundle + '.spoilt').status, 0)
  await must('M27', 'M28')
  assert.ok(auditor.calls - began < 800)
})

// docs/auditor.md, in JavaScript
function drawn(digest, count, seed, size) {
  if (size >= count) return Array.from({ length: count }, (_, i) => i)
  const rows = [], fair = 2 ** 48 - (2 ** 48 % count)
  for (let turn = 0; rows.length < size; turn++) {
    const x = createHmac('sha256', seed).update(`${digest}:${turn}`).digest().readUIntBE(0, 6)
    if (x < fair && !rows.includes(x % count)) rows.push(x % count)
  }
  return rows
}
const folder = (name) => name.replace(/^t:/, 't/')
const logs = () => Object.fromEntries(['org', 'anchor', 't/acme', 't/beta'].map((l) => [l, log(l)]))

test('every figure of every draft is what the entries say', async (t) => {
  const personal = Object.fromEntries(registry.registers.map((r) => [r.name, new Set(registry.events.filter((e) => e.record?.register === r.name).flatMap((e) => e.fields.filter((f) => f.sensitivity === 'personal').map((f) => f.name)))]))
  const tables = parse(readFileSync(new URL('../../catalog/reports.yaml', import.meta.url), 'utf8')).tables
  const as_of = iso(Date.now())
  await pass(1)
  const r = new Recount(logs()), at = Date.parse(as_of), states = r.states(at)
  for (const of of ['controls', 'criteria']) for (const x of (await olga.get(`/${of}?as_of=${as_of}`)).items) assert.equal(states[of][x.id], x.state, `${x.id}: ${JSON.stringify(x)}`)
  const counts = { figures: 0, cells: 0, rows: 0 }
  for (const { id: kind, max_days } of kinds) {
    const from = max_days >= 380 ? window.from : iso(Math.max(Date.parse(window.from), Date.parse(window.to) - (max_days - 1) * DAY))
    const made = s.run('report', 'make', kind, '--from', from, '--to', window.to, '--as-of', as_of, '--format', 'json', '--config', s.config)
    assert.equal(made.status, 0, made.stderr)
    const d = JSON.parse(made.stdout), sizes = Object.fromEntries(d.heads.map((h) => [folder(h.log), h.size]))
    for (const h of d.heads) if (h.log !== 'anchor') assert.equal(h.size, log(folder(h.log)).filter((e) => e.ts <= as_of).length, `${kind}: the head of ${h.log}`)
    for (const part of d.sections.flatMap((x) => x.parts)) {
      for (const f of (part.text ?? []).filter((x) => x.value !== undefined)) {
        const x = f.source
        const want = x.kind === 'entries' ? r.entries(x.types, from, window.to, sizes).length
          : x.kind === 'records' ? r.records(x.register, at).filter((k) => x.states.includes(k.state)).length
          : Object.values(states[x.of]).filter((k) => !x.state || k === x.state).length
        assert.equal(f.value, want, `${kind}: ${f.fact} ${JSON.stringify(x)}`)
        counts.figures++
      }
      if (!part.table) continue
      const form = tables.find((x) => x.name === part.table.name), column = (row, name) => row.cells[part.table.columns.indexOf(name)]
      counts.rows += part.table.rows.length
      if (form.register) {
        const want = r.records(form.register, at).filter((x) => !form.states || form.states.includes(x.state))
        assert.deepEqual(part.table.rows.map((x) => x.cells[0]).sort(), want.map((x) => x.id).sort(), `${kind}: ${form.name}`)
        for (const row of part.table.rows) {
          const record = want.find((x) => x.id === row.cells[0])
          assert.equal(column(row, 'state'), record.state)
          assert.deepEqual([folder(row.source.log), row.source.index], [record.log, record.index])
          for (const c of form.columns.filter((c) => !personal[form.register].has(c) && ['string', 'number'].includes(typeof record.fields[c]))) {
            assert.equal(column(row, c), String(record.fields[c]), `${kind}: ${form.name} ${record.id} ${c}`)
            counts.cells++
          }
        }
      } else if (form.of === 'types') {
        const want = (form.types ?? registry.events.map((e) => e.type)).map((x) => [x, r.entries([x], from, window.to, sizes).length]).filter((x) => x[1])
        assert.deepEqual(part.table.rows.map((x) => [column(x, 'type'), Number(column(x, 'entries'))]), want, `${kind}: ${form.name}`)
        counts.cells += want.length
      } else if (form.columns.includes('state') && ['controls', 'gaps', 'criteria'].includes(form.of)) {
        const of = form.of === 'criteria' ? states.criteria : states.controls
        for (const row of part.table.rows) assert.equal(column(row, 'state'), of[column(row, 'id')], `${kind}: ${form.name} ${column(row, 'id')}`)
        if (form.of === 'gaps') assert.equal(part.table.rows.length, Object.values(of).filter((x) => !['met', 'not_applicable'].includes(x)).length)
        else assert.equal(part.table.rows.length, form.of === 'criteria' ? criteria.length : controls.length)
        counts.cells += part.table.rows.length
      } else if (form.of === 'criteria_out') {
        assert.deepEqual(part.table.rows.map((x) => column(x, 'id')), criteria.map((c) => c.id).filter((id) => states.criteria[id] === 'not_applicable'))
      } else if (form.of === 'scans') {
        const want = r.entries(['scan.completed'], from, window.to, sizes)
        assert.deepEqual(part.table.rows.map((x) => column(x, 'at')).sort(), want.map((e) => e.ts).sort())
      } else if (form.of === 'customer_controls') {
        for (const row of part.table.rows) assert.equal(column(row, 'state'), column(row, 'controls').split(', ').map((id) => `${id} ${states.controls[id]}`).join(', '))
      }
    }
  }
  assert.ok(counts.figures >= 70 && counts.cells >= 400, JSON.stringify(counts))
  t.diagnostic(`${kinds.length} drafts: ${counts.figures} figures and ${counts.cells} cells worked out again from ${r.all.length} entries`)
})

test('the report comes in, and the next window follows without a gap', async (t) => {
  const digest = (x) => createHash('sha256').update(x).digest('hex')
  await olga.step('assertion.signed', { engagement: 'ENG-1', assertion: digest('a'), description: digest('d') })
  await must('M29')
  await pass(whole ? 21 : 7)
  await olga.step('report.issued', { engagement: 'ENG-1', report: digest('r') })
  await must('M30')
  await cora.step('timeline.planned', { title: 'Second report', kind: 'type2', months, pace: 'fast', owner: 'Olga Example', start: day(-50) })
  await cora.step('period.opened', { engagement: 'ENG-2', from: day() })
  await must('M31')
  assert.equal(reached(await plan('ENG-1')).length, 31)
  const next = await plan('ENG-2')
  for (const id of ['M26', 'M29', 'M30']) assert.ok(!next.milestones.find((m) => m.id === id).proof.every((x) => x.holds), `${id}: what was done for the last report proves nothing of the next`)
  assert.equal(s.verify().status, 0)
  assert.equal(log('t/acme').filter((e) => e.type === 'exchange.request').length, sent)
  assert.equal(log('org').filter((e) => e.type === 'clock.step').length, 0)
  t.diagnostic(`${days} days in ${((performance.now() - began) / 1000).toFixed(0)} s`)
})
