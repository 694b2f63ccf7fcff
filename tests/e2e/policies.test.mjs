// Written policies: filled from settings, approved by a second person, stale when a setting changes, acknowledged.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { probeOf, verdicts } from '../gateway/probing.mjs'
import { System } from '../gateway/system.mjs'
import { accept, call } from '../web/people.mjs'

let s, ada, bo
before(async () => {
  s = await new System({ extra: '  - name: umbra\n' }).start()
  const join = async (name, role) => accept(s, name, s.json('person', 'add', name, '--role', role).url)
  ada = await join('Ada', 'owner')
  bo = await join('Bo', 'approver')
})
after(async () => s?.remove())
const take = async (who, type, fields) => {
  const r = await call(s, 'POST', '/api/v1/records', { session: who.session, body: { type, fields } })
  return { status: r.status, json: await r.json() }
}
const shown = (id) => s.json('policy', 'show', id)

test('there are at least twelve, each filled from what runs, with no gap left', () => {
  const all = s.json('policy', 'list').items
  assert.ok(all.length >= 12)
  for (const p of all) {
    const v = shown(p.id)
    assert.equal(v.state, 'none')
    assert.ok(v.sections.length >= 3)
    for (const x of v.sections) assert.doesNotMatch(x.text, /[{}]/, `${p.id}: ${x.text}`)
  }
  const isolation = shown('tenant-isolation')
  assert.match(isolation.sections[0].text, /acme, umbra/)
  assert.equal(isolation.sections[0].facts[0].setting, 'custos.yaml: tenants')
})

test('a draft holds the text that is approved, and not by who drafted it', async () => {
  const d = await take(ada, 'policy.drafted', { policy: 'tenant-isolation' })
  assert.equal(d.status, 201, JSON.stringify(d.json))
  assert.equal(d.json.fields.version, 1)
  assert.equal(createHash('sha256').update(d.json.fields.text).digest('hex'), d.json.fields.digest)
  assert.equal((await take(ada, 'policy.approved', { policy: 'tenant-isolation' })).status, 403)
  assert.equal((await take(bo, 'policy.drafted', { policy: 'tenant-isolation' })).status, 403) // his role does not draft
  assert.equal((await take(ada, 'policy.drafted', { policy: 'processing-specification' })).status, 400)
  assert.equal((await take(ada, 'policy.acknowledged', { policy: 'tenant-isolation' })).status, 409)
  const a = await take(bo, 'policy.approved', { policy: 'tenant-isolation' })
  assert.equal(a.status, 201, JSON.stringify(a.json))
  assert.equal(a.json.by, 'Bo')
  assert.equal(shown('tenant-isolation').as_approved, true)
  const spec = await take(ada, 'spec.generated', { policy: 'processing-specification' })
  assert.equal(spec.status, 201, JSON.stringify(spec.json))
  assert.equal((await take(bo, 'spec.approved', { policy: 'processing-specification' })).status, 201)
  assert.deepEqual(verdicts(await probeOf(s, {}, 'pin-spec-matches-config')), { settings: 'held' })
})

test('each person acknowledges a version once', async () => {
  const r = await take(bo, 'policy.acknowledged', { policy: 'tenant-isolation' })
  assert.equal(r.status, 201, JSON.stringify(r.json))
  assert.equal(r.json.fields.person, 'Bo')
  assert.equal((await take(bo, 'policy.acknowledged', { policy: 'tenant-isolation' })).status, 409)
  const entry = await s.sealed((e) => e.type === 'policy.acknowledged', 'org')
  assert.match(entry.body.person, /^p_[0-9a-f]{32}$/)
  assert.equal(shown('tenant-isolation').readings, 1)
})

test('a changed setting makes what speaks of it stale, and nothing else', async () => {
  await s.stop()
  writeFileSync(s.config, readFileSync(s.config, 'utf8').replace('  - name: umbra\n', '  - name: umbra\n  - name: third\n'))
  s.options.extra = '  - name: umbra\n  - name: third\n'
  await s.start()
  const p = shown('tenant-isolation')
  assert.equal(p.as_approved, false)
  assert.deepEqual(p.changed, ['tenants'])
  const stale = await (async () => { for (let i = 0; i < 3000; i++) { const e = s.entries('org').find((x) => x.type === 'policy.stale' && x.body.policy === 'tenant-isolation'); if (e) return e; await new Promise((d) => setTimeout(d, 100)) } })()
  assert.deepEqual(stale.body.changed, ['tenants'])
  assert.equal(shown('tenant-isolation').state, 'stale')
  assert.equal(shown('processing-specification').state, 'approved')
})

test('a setting of which the approved specification speaks is changed: its probe turns red', async () => {
  await s.stop()
  s.options.extra += 'max_body_mib: 9\n'
  await s.start()
  assert.deepEqual(shown('processing-specification').changed, ['max_body'])
  let r
  for (let i = 0; i < 600 && !(r && verdicts(r).settings === 'broken'); i++) r = await probeOf(s, {}, 'pin-spec-matches-config')
  assert.deepEqual([r.status, verdicts(r)], [1, { settings: 'broken' }], r.err)
})
