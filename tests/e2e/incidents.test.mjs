// Incidents: clocks, runbook, what opens by itself, and whose data went where.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { System } from '../gateway/system.mjs'

let s, provider
before(async () => {
  provider = createServer((q, a) => q.resume().on('end', () => a.setHeader('content-type', 'application/json').end('{"id":"m","type":"message","role":"assistant","content":[],"usage":{"input_tokens":1,"output_tokens":1}}')))
  await new Promise((done) => provider.listen(0, '127.0.0.1', done))
  s = await new System({ upstream: `http://127.0.0.1:${provider.address().port}`, extra: '  - name: umbra\n' }).start()
})
after(async () => { await s?.remove(); provider.closeAllConnections(); provider.close() })

const step = (...args) => s.run('register', 'step', ...args, '--config', s.config, '--format', 'json')
const taken = (...args) => { const r = step(...args); assert.equal(r.status, 0, r.stdout + r.stderr); return JSON.parse(r.stdout) }
const refused = (why, ...args) => { const r = step(...args); assert.equal(r.status, 2, r.stdout); assert.match(r.stderr, why) }
const show = (id) => s.json('incident', 'show', id)
const clocks = (v) => Object.fromEntries(v.clocks.map((c) => [c.clock, c.state]))
const ago = (hours) => new Date(Date.now() - hours * 3600000).toISOString()
const until = async (what) => { for (let i = 0; i < 3000; i++) { const v = what(); if (v) return v; await new Promise((done) => setTimeout(done, 100)) } assert.fail('not within five minutes') }
const ask = (content, key = s.key) => fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': key }, body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content }] }) })

test('an incident that a person opens runs by its clocks, and is closed only when all is known', () => {
  const open = s.run('incident', 'open', 'A key in a prompt', '--kind', 'credential_left', '--severity', 'high', '--detected', ago(30), '--tenant', 'acme', '--config', s.config, '--format', 'json')
  assert.equal(open.status, 0, open.stderr)
  const { id, fields } = JSON.parse(open.stdout)
  assert.equal(id, 'INC-1')
  assert.equal(fields.source, 'person')
  assert.deepEqual(clocks(show(id)), { acknowledge: 'overdue', contain: 'overdue', notify: 'running', close: 'running' })
  assert.equal(s.run('incident', 'list', '--config', s.config).status, 1) // something is overdue
  refused(/is open, and incident\.contained is not possible/, 'incident.contained', `incident=${id}`, 'how=x')
  taken('incident.acknowledged', `incident=${id}`, 'owner=Ada')
  refused(/has no step colour/, 'incident.step_done', `incident=${id}`, 'step=colour', 'note=')
  assert.deepEqual(taken('incident.step_done', `incident=${id}`, 'step=name', 'note=Exchange').fields.done, ['name'])
  assert.deepEqual(taken('incident.step_done', `incident=${id}`, 'step=end', 'note=').fields.done, ['name', 'end'])
  refused(/done already/, 'incident.step_done', `incident=${id}`, 'step=end', 'note=')
  taken('incident.contained', `incident=${id}`, 'how=The key was ended')
  refused(/whether a notice is owed/, 'incident.closed', `incident=${id}`, 'summary=x')
  taken('breach.assessed', `incident=${id}`, 'affected=1', 'notice_owed=yes', 'query=tenant=acme', 'reason=Contract, clause 9')
  refused(/a notice is owed and none is recorded/, 'incident.closed', `incident=${id}`, 'summary=x')
  refused(/sent lies in the future/, 'notice.sent', `incident=${id}`, 'to=acme', 'basis=Contract', `sent=${ago(-5)}`)
  taken('notice.sent', `incident=${id}`, 'to=acme', 'basis=Contract', `sent=${ago(1)}`)
  refused(/needs cause and lessons/, 'incident.closed', `incident=${id}`, 'summary=x')
  taken('incident.postmortem', `incident=${id}`, 'cause=A test file', 'lessons=Scan before commit', 'actions=Hook by Friday')
  taken('incident.closed', `incident=${id}`, 'summary=Done')
  const v = show(id)
  assert.deepEqual(clocks(v), { acknowledge: 'late', contain: 'late', notify: 'met', close: 'met' })
  assert.deepEqual(v.runbook.steps.filter((x) => x.done).map((x) => x.id), ['name', 'end'])
  assert.equal(v.runbook.steps[0].done.note, 'Exchange')
  assert.equal(v.fields.owner, 'Ada')
  assert.equal(JSON.stringify(s.entries('org')).includes('Ada'), false) // entries hold a pseudonym
})

test('what cannot be so is refused', () => {
  const one = (...more) => ['incident.opened', 'kind=other', 'severity=low', 'title=x', ...more]
  refused(/detected lies in the future/, ...one(`detected=${ago(-3)}`))
  refused(/there is no tenant nobody/, ...one('tenant=nobody'))
  assert.equal(taken(...one('source=evidence.gap', 'entry=0')).fields.source, 'person') // nobody passes his own for the log's
  refused(/held_on lies in the future/, 'exercise.completed', 'runbook=outage', `held_on=${ago(-30).slice(0, 10)}`, 'lead=Ada', 'participants=3', 'lessons=x')
  taken('exercise.completed', 'runbook=outage', `held_on=${ago(48).slice(0, 10)}`, 'lead=Ada', 'participants=3', 'lessons=The contact was old')
})

test('a vendor that tells of an incident opens one at once, and a second word belongs to it', () => {
  const incidents = () => s.json('register', 'list', 'incident').items.filter((x) => x.fields.kind === 'vendor_breach')
  taken('vendor.registered', 'vendor=example', 'service=api', 'owner=Ada', 'criticality=high')
  taken('vendor.incident_notice', 'vendor=example', 'notice=Elevated errors', `received=${ago(1)}`)
  assert.deepEqual(incidents().map((x) => [x.state, x.fields.vendor, x.fields.source]), [['open', 'example', 'vendor.incident_notice']])
  taken('vendor.incident_notice', 'vendor=example', 'notice=Data was read', `received=${ago(0)}`)
  const [i, ...others] = incidents()
  assert.equal(others.length, 0)
  assert.equal(i.fields.more, 1)
  taken('vendor.registered', 'vendor=another', 'service=api', 'owner=Ada', 'criticality=low')
  taken('vendor.incident_notice', 'vendor=another', 'notice=Lost a disk', `received=${ago(0)}`)
  assert.equal(incidents().length, 2)
  const entry = s.entries('org')[i.fields.entry]
  assert.equal(entry.type, 'vendor.incident_notice') // the entry that it names
  assert.equal(entry.body.notice, 'Data was read')
})

test('a clock that runs out is told once', async () => {
  const { id } = taken('incident.opened', 'kind=outage', 'severity=critical', 'title=Nothing answers', `detected=${ago(2)}`)
  const told = () => s.entries('org').filter((e) => e.type === 'incident.overdue' && e.body.incident === id)
  await until(() => told().length)
  taken('vendor.incident_notice', 'vendor=example', 'notice=Again', `received=${ago(0)}`) // another look
  taken('vendor.incident_notice', 'vendor=example', 'notice=And again', `received=${ago(0)}`)
  assert.deepEqual(told().map((e) => e.body.clock), ['acknowledge'])
})

test('the disclosure list says whose data went where, and is what the exchanges add up to', async () => {
  const other = s.json('key', 'issue', '--tenant', 'umbra', '--user', '=1+1').key
  const mail = `ada.${Math.random().toString(36).slice(2)}@example.org`
  assert.equal((await ask(`write to ${mail}`)).status, 200)
  assert.equal((await ask('hello')).status, 200)
  assert.equal((await ask(`and ${mail}`, other)).status, 200)
  const list = (...args) => s.json('incident', 'disclosures', ...args)
  await until(() => list().exchanges === 3)
  const all = list()
  const line = all.items.find((x) => x.tenant === 'acme')
  assert.equal(line.user, 'dev')
  assert.equal(line.exchanges, 2)
  assert.equal(line.with_findings, 1)
  assert.deepEqual(line.kinds, { EMAIL_ADDRESS: 1 })
  const seen = s.entries('t/acme').concat(s.entries('t/umbra')).filter((e) => e.type === 'exchange.request')
  assert.equal(all.exchanges, seen.length) // the same from the log itself
  assert.equal(all.items.reduce((n, x) => n + (x.kinds.EMAIL_ADDRESS ?? 0), 0), seen.reduce((n, e) => n + (e.body.findings.EMAIL_ADDRESS ?? 0), 0))
  assert.equal(list('--tenant', 'umbra').exchanges, 1)
  assert.equal(list('--user', 'dev').exchanges, 2)
  assert.equal(list('--vendor', 'nobody').exchanges, 0)
  assert.equal(list('--from', ago(-1)).exchanges, 0)
  const csv = s.run('incident', 'disclosures', '--config', s.config, '--format', 'csv')
  assert.equal(csv.status, 0, csv.stderr)
  assert.match(csv.stdout, /^tenant,user,person,vendor,class,exchanges,/)
  assert.match(csv.stdout, /"'=1\+1"/) // a formula is text
  assert.doesNotMatch(csv.stdout, /(^|,)"?=1/m)
  assert.equal(s.run('incident', 'disclosures', '--from', 'yesterday', '--config', s.config).status, 2)
})

test('evidence that is missing opens an incident by itself', async () => {
  const day = (n) => new Date(Date.now() - n * 86400000).toISOString().slice(0, 10)
  const file = join(s.dir, 'usage.json')
  writeFileSync(file, JSON.stringify({ data: [{ starting_at: `${day(1)}T00:00:00Z`, ending_at: `${day(0)}T00:00:00Z`, results: [{ uncached_input_tokens: 900000, output_tokens: 900000, cache_read_input_tokens: 0, cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 }, model: 'm' }] }], has_more: false, next_page: null }))
  const r = s.run('usage', 'import', file, '--vendor', 'anthropic', '--config', s.config)
  assert.equal(r.status, 1, r.stdout + r.stderr) // a gap
  const i = await until(() => s.json('register', 'list', 'incident').items.find((x) => x.fields.kind === 'evidence_missing' && x.fields.source === 'evidence.gap'))
  assert.equal(s.entries('org')[i.fields.entry].type, 'evidence.gap')
})
