// Probes that people ask for, and what is brought from outside: leavers, lists of repositories, vulnerabilities.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { System } from '../gateway/system.mjs'
import { join, call } from '../web/people.mjs'

let s, owner, auditor
before(async () => {
  s = await new System({ workers: 1, upstream: 'http://127.0.0.1:9', extra: 'probes: {after: 3600}\nrepositories:\n  - {name: acme/app, class: internal}\n' }).start()
  owner = await join(s, 'Ada', 'owner')
  auditor = await join(s, 'Rae', 'auditor', '--from', '2026-01-01', '--to', '2099-01-01', '--expires', '2099-01-02')
})
after(async () => s?.remove())

const wait = async (what) => { for (let i = 0; i < 3000; i++) { const hit = await what(); if (hit) return hit; await new Promise((done) => setTimeout(done, 200)) } assert.fail(`not within ten minutes: ${what}`) }
const ask = (who, body) => call(s, 'POST', '/api/v1/probe-runs', { session: who?.session, body })
const runs = async (who) => (await call(s, 'GET', '/api/v1/probe-runs', { session: who.session })).json()
const take = (type, ...fields) => s.run('register', 'step', type, ...fields, '--config', s.config, '--format', 'json')
const taken = (...args) => { const r = take(...args); assert.equal(r.status, 0, r.stdout + r.stderr); return JSON.parse(r.stdout) }

test('an auditor has a probe run with a value of her own; the entry says who asked, and holds no value', async () => {
  await wait(async () => (await runs(auditor)).probes.length > 50)
  const value = 'rae.' + 'unusual' + '@mail-of-hers.net'
  const r = await ask(auditor, { probe: 'pin-roundtrip-split', value })
  assert.equal(r.status, 202)
  const { id } = await r.json()
  const one = await wait(async () => { const x = await (await call(s, 'GET', `/api/v1/probe-runs/${id}`, { session: auditor.session })).json(); return x.state === 'ended' && x })
  assert.deepEqual([one.by, one.own_value, one.results.map((x) => x.verdict)], ['Rae', true, ['held', 'held']])
  const e = await s.sealed((x) => x.type === 'probe.completed' && x.body.started === 'request', 'org')
  assert.deepEqual([e.body.probe, e.body.own_value, e.body.outcome], ['pin-roundtrip-split', true, 'held'])
  assert.match(e.body.asked_by, /^p_/)
  assert.ok(!JSON.stringify(s.entries('org')).includes('unusual'))
})

test('what nobody knows, takes no value, is too short or too much is refused', async () => {
  assert.equal((await ask(null, { probe: 'isolation' })).status, 401)
  assert.equal((await ask(owner, { probe: 'nothing' })).status, 404)
  assert.equal((await ask(owner, { probe: 'isolation', value: 'a value' })).status, 400)
  assert.equal((await ask(owner, { probe: 'pin-roundtrip-split', value: 'abc' })).status, 400)
  assert.equal((await ask(owner, {})).status, 400)
  const said = []
  for (let i = 0; i < 8; i++) said.push((await ask(owner, { probe: 'avl-disk-threshold-alert' })).status)
  assert.ok(said[0] === 202 && said.includes(429), said.join())
})

test('a person who left loses keys and account at once', async () => {
  const gone = await join(s, 'Lee', 'developer')
  const key = s.json('key', 'issue', '--tenant', 'acme', '--user', 'Lee')
  assert.equal(taken('leaver.imported', 'person=Lee', 'left_on=2026-11-20', 'source=Directory').state, 'ended')
  await s.sealed((e) => e.type === 'leaver.ended', 'org')
  const e = s.entries('org').find((x) => x.type === 'leaver.ended')
  assert.deepEqual([e.body.keys, e.body.account], [1, true])
  assert.ok(!s.json('key', 'list').items.some((k) => k.id === key.id && !k.revoked))
  assert.equal((await call(s, 'GET', '/api/v1/account', { session: gone.session })).status, 401)
})

test('lists, checks and vulnerabilities are counted and timed here', async () => {
  assert.deepEqual((({ listed, undescribed }) => [listed, undescribed])(taken('repo.listed', 'names=acme/app,acme/other', 'source=code host').fields), [2, 1])
  assert.equal(taken('egress.checked', 'from=2026-11-01', 'to=2026-11-08', 'source=resolver', 'destinations=12').state, 'clean')
  assert.match(take('egress.checked', 'from=2026-11-08', 'to=2026-11-01', 'source=resolver', 'destinations=12').stderr, /from is before to/)
  assert.equal(taken('bypass.detected', 'from=2026-11-01', 'to=2026-11-08', 'source=resolver', 'hosts=api.example.com').state, 'bypass')
  assert.equal(taken('advisories.checked', 'components=118', 'matched=1', 'source=scanner').state, 'checked')
  const v = taken('vuln.detected', 'advisory=CVE-2026-1', 'component=lib 1', 'severity=critical', 'detected=2026-01-01')
  assert.equal(v.fields.due.slice(0, 10), '2026-01-08')
  await s.sealed((e) => e.type === 'vuln.overdue', 'org')
  assert.equal(taken('vuln.fixed', `vulnerability=${v.id}`, 'how=updated').state, 'fixed')
})
