// Every probe holds on a good installation, and its run is an entry.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { admin, probeOf } from './probing.mjs'
import { System } from './system.mjs'

let system
before(async () => {
  system = await new System({ workers: 2, extra: 'probes: {schedule: false}\n' }).start()
})
after(() => system?.remove())

const noData = ['pin-spec-matches-config', 'prv-notice-provider-list-current']
let list
test('the list says what each is, and that none has run', () => {
  list = system.json('probe', 'list').items
  assert.ok(list.length >= 63)
  for (const p of list) {
    assert.deepEqual([p.last_run, p.last_outcome], [null, null])
    assert.ok(p.controls.length && p.attacks && p.attempts && p.every_seconds, p.name)
  }
  const controls = readFileSync(new URL('../../catalog/controls.yaml', import.meta.url), 'utf8')
  for (const id of list.flatMap((p) => p.controls)) assert.ok(controls.includes(`- id: ${id}\n`), id)
})

test('all of them hold, each is sealed with its controls and outcome, and none is traffic', async () => {
  const r = await probeOf(system, {}, 'all')
  const bad = r.result.probes.flatMap((p) => p.results.filter((x) => x.verdict !== 'held').map((x) => `${p.probe}/${x.id}: ${x.saw}`))
  // nobody has approved a specification or published a notice here: no data, and said so
  assert.deepEqual([bad, r.status], [['pin-spec-matches-config/settings: no specification is approved (none)', 'prv-notice-provider-list-current/providers: no notice is published'], 2], r.err)
  assert.deepEqual(r.result.probes.map((p) => p.probe), list.map((p) => p.name))
  for (const p of list) {
    const leaf = await system.sealed((e) => e.type === 'probe.completed' && e.body.probe === p.name, 'org')
    assert.deepEqual([leaf.body.controls, leaf.body.outcome, leaf.body.started, leaf.body.own_value, leaf.body.elsewhere], [p.controls, noData.includes(p.name) ? 'failed' : 'held', 'hand', false, false])
  }
  assert.deepEqual(system.json('probe', 'list').items.filter((p) => p.last_outcome !== 'held').map((p) => p.name), noData)
  const status = system.json('status')
  assert.deepEqual(status.tenants, ['acme'])
  assert.equal(system.entries('t/acme').filter((e) => e.type.startsWith('exchange.')).length, 0)
  assert.deepEqual(system.json('key', 'list').items.map((k) => k.tenant), ['acme'])
})

test('the page of isolation shows its own probe among the others', async () => {
  const newest = system.entries('org').filter((e) => e.type === 'probe.completed').at(-1)
  assert.notEqual(newest.body.probe, 'isolation')
  const json = await admin(system, '/api/v1/probes')
  assert.equal(json.probe.entry.body.probe, 'isolation')
})
