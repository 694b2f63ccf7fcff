// What customers bring: wordings of criteria, cross-maps, and tables of steps. Nothing of it is shipped.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join as path } from 'node:path'
import { System } from '../gateway/system.mjs'
import { call, join } from '../web/people.mjs'

let s, owner
before(async () => { s = await new System({ workers: 1, upstream: 'http://127.0.0.1:9' }).start(); owner = await join(s, 'Ada', 'owner') })
after(async () => s?.remove())
const file = (name, text) => { const f = path(s.dir, name); writeFileSync(f, text); return f }
const take = (...args) => s.run('catalog', 'import', ...args)
const get = async (p) => (await call(s, 'GET', `/api/v1/${p}`, { session: owner.session })).json()

test('nothing of a standard is shipped, and our own cross-maps are said to be ours', async () => {
  assert.ok((await get('criteria')).items.every((x) => x.official === ''))
  const c = (await get('controls')).items
  assert.ok(c.every((x) => x.mappings.every((m) => m.ids.length && /our mapping/.test(m.title))))
  assert.ok(c.filter((x) => x.mappings.length).length >= 60)
})

test('wordings from CSV and from OSCAL, and cross-maps, are taken; what does not fit is refused with its place', async () => {
  const out = path(s.dir, 'own'), second = path(s.dir, 'second')
  const bad = (text, why, ...more) => { const r = take(file('bad', text), '--kind', 'criteria', '--out', out, ...more); assert.equal(r.status, 2); assert.match(r.stderr, why) }
  bad('id,text\nCC6.1,words\nCC99.1,words\n', /row 3: there is no criterion CC99.1/)
  bad('id,text\nCC6.1,a\ncc-6.1,b\n', /row 3: cc-6.1 has a text already/)
  bad('id,wording\nCC6.1,a\n', /columns id and text/)
  bad(`id,text\nCC6.1,${'x'.repeat(20000)}\n`, /more than 16384 bytes/)
  bad('{"catalog":', /line 1/)
  bad('{"profile":{}}', /no OSCAL catalog/)
  assert.ok(!existsSync(path(out, 'criteria.yaml')))
  assert.equal(take(file('texts.csv', 'id;text\nCC6.1;"Words of ours, with ""quotes"" and: signs"\ncc 7.2;Other words\n'), '--kind', 'criteria', '--out', out).status, 0)
  assert.match(take(file('texts.csv', 'id,text\nCC6.2,a\n'), '--kind', 'criteria', '--out', out).stderr, /is there already/)
  const oscal = { catalog: { uuid: 'x', groups: [{ controls: [{ id: 'cc6.1', parts: [{ name: 'statement', prose: 'First.', parts: [{ name: 'item', prose: 'Second.' }] }, { name: 'guidance', prose: 'never' }] }, { id: 'zz', props: [{ name: 'label', value: 'A1.2' }], parts: [{ name: 'statement', prose: 'Third.' }] }, { id: 'elsewhere' }] }] } }
  const r = take(file('oscal.json', JSON.stringify(oscal)), '--kind', 'criteria', '--out', second, '--format', 'json')
  assert.deepEqual([r.status, JSON.parse(r.stdout)], [0, { taken: 2, unknown: 1, file: 'criteria.yaml' }], r.stderr)
  assert.match(readFileSync(path(second, 'criteria.yaml'), 'utf8'), /First\.\\nSecond\./)
  assert.doesNotMatch(readFileSync(path(second, 'criteria.yaml'), 'utf8'), /never/)
  const map = file('map.csv', 'control,id\nIAM-01,X-1\nIAM-01,X-2\nDAT-02,X-9\n')
  assert.match(take(map, '--kind', 'mappings', '--out', out).stderr, /--framework/)
  assert.match(take(file('m2.csv', 'control,id\nIAM-99,X\n'), '--kind', 'mappings', '--out', out, '--framework', 'own_set', '--title', 'T').stderr, /row 2: there is no control IAM-99/)
  assert.equal(take(map, '--kind', 'mappings', '--out', out, '--framework', 'own_set', '--title', 'A set of our own').status, 0)
  await s.stop()
  s.options.extra = `catalog: ${out}\n`
  await s.start()
  owner = await join(s, 'Bo', 'owner')
  const x = (await get('criteria')).items.find((c) => c.id === 'CC6.1')
  assert.equal(x.official, 'Words of ours, with "quotes" and: signs')
  const m = (await get('controls')).items.find((c) => c.id === 'IAM-01').mappings
  assert.deepEqual(m.find((v) => v.framework === 'own_set'), { framework: 'own_set', title: 'A set of our own', ids: ['X-1', 'X-2'] })
  assert.ok(m.some((v) => v.framework === 'iso27001_2022'))
})

test('trainings come as a table; a row that is refused is named, and the others are taken', () => {
  const f = file('training.csv', 'person,course,completed_on,valid_until\nAda,Safe use,2026-11-01,2027-11-01\nBo,,2026-11-01,2027-11-01\nCy,Safe use,not a day,2027-11-01\nDee,Safe use,2026-11-02,2027-11-02\n')
  const r = s.run('register', 'import', 'training.completed', f, '--config', s.config, '--format', 'json')
  assert.deepEqual([r.status, JSON.parse(r.stdout)], [1, { taken: 2, refused: 2 }], r.stderr)
  assert.match(r.stderr, /row 3: .*course/)
  assert.match(r.stderr, /row 4: .*completed_on/)
  assert.equal(s.json('register', 'list', 'training').items.length, 2)
  assert.equal(s.run('register', 'import', 'training.completed', file('empty.csv', 'person\n'), '--config', s.config).status, 2)
  assert.match(s.run('register', 'import', 'training.completed', file('two.csv', 'person,person\na,b\n'), '--config', s.config).stderr, /twice/)
})
