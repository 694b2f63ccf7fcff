// Service levels from the counts in the log, and the privacy desk.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { probeOf, verdicts } from '../gateway/probing.mjs'
import { System } from '../gateway/system.mjs'

let s, provider, good = true
before(async () => {
  provider = createServer((q, a) => q.resume().on('end', () => { a.statusCode = good ? 200 : 503; a.setHeader('content-type', 'application/json').end('{"id":"m","type":"message","role":"assistant","content":[],"usage":{"input_tokens":1,"output_tokens":1}}') }))
  await new Promise((done) => provider.listen(0, '127.0.0.1', done))
  s = await new System({ upstream: `http://127.0.0.1:${provider.address().port}`, extra: '  - name: umbra\n' }).start()
})
after(async () => { await s?.remove(); provider.closeAllConnections(); provider.close() })

const step = (...args) => s.run('register', 'step', ...args, '--config', s.config, '--format', 'json')
const taken = (...args) => { const r = step(...args); assert.equal(r.status, 0, r.stdout + r.stderr); return JSON.parse(r.stdout) }
const refused = (why, ...args) => { const r = step(...args); assert.equal(r.status, 2, r.stdout); assert.match(r.stderr, why) }
const ago = (hours) => new Date(Date.now() - hours * 3600000).toISOString()
const until = async (what) => { for (let i = 0; i < 1000; i++) { const v = what(); if (v) return v; await new Promise((done) => setTimeout(done, 100)) } assert.fail('not within a hundred seconds') }
const ask = (content, key = s.key) => fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': key }, body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content }] }) }).then((r) => r.text().then(() => r.status))
const level = (id) => s.json('slo', 'list').items.find((x) => x.id === id)
const ended = (e) => e.type === 'exchange.response' || e.type === 'exchange.aborted'

test('a level is measured from the log: nothing is no data, not kept', async () => {
  refused(/target is 1 to 100000/, 'slo.set', 'name=x', 'measure=availability', 'target=100001', 'window_days=30')
  refused(/window_days is 1 to 366/, 'slo.set', 'name=x', 'measure=availability', 'target=99000', 'window_days=0')
  refused(/commitment: there is none/, 'slo.set', 'name=x', 'measure=availability', 'target=99000', 'window_days=3', 'commitment=C-9')
  taken('slo.set', 'name=Assistants answer', 'measure=availability', 'target=90000', 'window_days=30')
  taken('slo.set', 'name=No wait', 'measure=gate_ms_p95', 'target=60000', 'window_days=1')
  assert.equal(level('SL-1').now.met, null)
  assert.equal(s.run('slo', 'sample', '--config', s.config).status, 0)
  assert.equal(level('SL-1').series.at(-1).value, null)
})

test('what the log holds gives the figure; a miss is an entry, a state and an incident; it ends when it is kept again', async () => {
  for (let i = 0; i < 4; i++) assert.equal(await ask('hello'), 200)
  good = false
  await ask('hello')
  good = true
  await until(() => s.entries().filter(ended).length === 5 && level('SL-1').now.counted === 5)
  const requests = s.entries().filter((e) => e.type === 'exchange.request'), ends = s.entries().filter(ended)
  const bad = ends.filter((e) => (e.type === 'exchange.response' ? e.body.status >= 500 : ['upstream_failed', 'upstream_reset'].includes(e.body.reason))).length
  const now = level('SL-1').now
  assert.equal(now.counted, requests.length)
  assert.equal(bad, 1)
  assert.equal(now.bad, bad)
  assert.equal(now.value, Math.floor((100000 * (requests.length - bad)) / requests.length)) // derived again from the entries
  const gate = ends.filter((e) => e.type === 'exchange.response').map((e) => e.body.ms_gate).sort((a, b) => a - b)
  assert.equal(level('SL-2').now.value, gate[Math.ceil(gate.length * 0.95) - 1])
  assert.equal(s.run('slo', 'sample', '--config', s.config).status, 1)
  assert.equal(level('SL-1').state, 'missed')
  const incident = s.json('incident', 'list').items.find((x) => x.fields.source === 'slo.breached')
  assert.equal(incident.fields.title, 'Service level missed: Assistants answer')
  assert.equal(s.json('slo', 'list').status.outages.length, 1)
  assert.equal(s.run('slo', 'sample', '--config', s.config).status, 1) // still: no second breach
  assert.equal(s.entries('org').filter((e) => e.type === 'slo.breached').length, 1)
  for (let i = 0; i < 6; i++) await ask('hello')
  await until(() => level('SL-1').now.counted === 11)
  assert.equal(s.run('slo', 'sample', '--config', s.config).status, 0)
  assert.equal(level('SL-1').state, 'kept')
  assert.deepEqual(s.json('slo', 'list').status.days.map((d) => [d.counted, d.bad]), [[11, 1]])
})

test('a request of a person has a clock, is answered for herself only, and an erasure only when she is gone', async () => {
  const ida = s.json('key', 'issue', '--tenant', 'umbra', '--user', 'Ida-Test').key
  assert.equal(await ask('write to ida.test@example.org', ida), 200)
  await until(() => s.entries('t/umbra').some(ended))
  refused(/received lies in the future/, 'dsr.received', 'kind=access', 'about=Ida-Test', `received=${ago(-5)}`)
  const r = taken('dsr.received', 'kind=access', 'about=Ida-Test', `received=${ago(31 * 24)}`)
  assert.ok(Math.abs(Date.parse(r.fields.due) - Date.parse(r.fields.received) - 30 * 86400000) < 1000) // to the second
  assert.equal(s.run('privacy', 'list', '--config', s.config).status, 1) // overdue
  refused(/make sure that the request is from the person/, 'dsr.answered', `dsr=${r.id}`, 'answer=granted', 'reason=x')
  taken('dsr.identified', `dsr=${r.id}`, 'how=Signed in')
  const held = s.json('privacy', 'find', 'Ida-Test')
  assert.deepEqual(held.tenants.map((t) => [t.tenant, t.exchanges, t.keys.length]), [['umbra', 1, 1]])
  assert.deepEqual(held.tenants[0].disclosed.map((d) => [d.vendor, d.exchanges, d.kinds]), [['anthropic', 1, { EMAIL_ADDRESS: 1 }]])
  assert.deepEqual(held.records.map((x) => [x.register, x.id]), [['dsr', r.id]])
  assert.equal(s.run('privacy', 'find', 'Nobody-Here', '--config', s.config).status, 2)
  taken('dsr.answered', `dsr=${r.id}`, 'answer=granted', 'reason=The export was handed over')
  const e = taken('dsr.received', 'kind=erasure', 'about=Ida-Test')
  taken('dsr.identified', `dsr=${e.id}`, 'how=Signed in')
  refused(/she is not erased yet/, 'dsr.answered', `dsr=${e.id}`, 'answer=granted', 'reason=x')
  const gone = s.run('erase', '--subject', 'Ida-Test', '--basis', 'Request of the person', '--approver', 'Bo', '--config', s.config, '--format', 'json')
  assert.equal(gone.status, 0, gone.stdout + gone.stderr)
  taken('dsr.answered', `dsr=${e.id}`, 'answer=granted', 'reason=Erased')
  assert.equal(s.run('privacy', 'find', 'Ida-Test', '--config', s.config).status, 2) // nobody of this name
  assert.equal(s.json('privacy', 'list').dsr[0].fields.about, 'erased')
  assert.equal(s.verify().status, 0) // the log still verifies
  for (const log of ['org', 't/umbra']) assert.equal(JSON.stringify(s.entries(log)).includes('Ida'), false)
})

test('a notice names the vendors in use, and says so no longer when there is another', async () => {
  // the daemon enters those of custos.yaml by itself
  for (let i = 0; i < 3000 && !s.json('register', 'list', 'vendor').items.length; i++) await new Promise((done) => setTimeout(done, 300))
  taken('notice.published', 'purposes=Assistants write code', 'rights=privacy@example.org', 'providers=somebody')
  const p = s.json('privacy', 'list')
  assert.equal(p.notice_current, true)
  assert.deepEqual(p.notice[0].fields.providers, ['anthropic']) // what the register says, not what was typed
  const probe = () => probeOf(s, {}, 'prv-notice-provider-list-current')
  assert.deepEqual(verdicts(await probe()), { providers: 'held' })
  taken('vendor.registered', 'vendor=another', 'service=api', 'owner=Ada', 'criticality=low')
  assert.equal(s.json('privacy', 'list').notice_current, false)
  const red = await probe()
  assert.deepEqual([red.status, verdicts(red)], [1, { providers: 'broken' }], red.err)
  refused(/due comes after/, 'complaint.received', 'subject=x', `received=${ago(1)}`, `due=${ago(2)}`)
  const c = taken('complaint.received', 'subject=Kept too long', `received=${ago(1)}`, `due=${ago(-240)}`)
  taken('complaint.closed', `complaint=${c.id}`, 'answer=Nothing is kept')
})
