// The auditor's seat: an auditor who has nothing but the API of her seat does her work, and sees nothing outside of it.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { System } from '../gateway/system.mjs'
import { accept, call, join } from '../web/people.mjs'

let s, owner, compliance, early, narrow
const today = new Date().toISOString().slice(0, 10), later = '2099-12-31'
const ask = async (text) => (await fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': s.key }, body: JSON.stringify({ model: 'sink', max_tokens: 5, messages: [{ role: 'user', content: text }] }) })).text()
const taken = (...args) => { const r = s.run('register', 'step', ...args, '--config', s.config, '--format', 'json'); assert.equal(r.status, 0, r.stdout + r.stderr); return JSON.parse(r.stdout) }
const pause = (ms) => new Promise((done) => setTimeout(done, ms))
const seat = (session) => {
  const out = { calls: 0 }
  const go = (method) => async (path, body) => {
    out.calls++
    const r = await call(s, method, '/api/v1' + path, { session, body })
    return { status: r.status, json: await r.json().catch(() => null) }
  }
  return Object.assign(out, { get: go('GET'), post: go('POST'), step: (type, fields) => go('POST')('/records', { type, fields }) })
}

before(async () => {
  s = await new System({ extra: '  - name: beta\n' }).start()
  owner = seat((await join(s, 'Olga Example', 'owner')).session)
  compliance = seat((await join(s, 'Cora Example', 'compliance')).session)
  for (let i = 0; i < 12; i++) await ask(`question ${i}`)
  taken('finding.opened', 'title=Inside', 'severity=low', 'owner=Ada Example', 'due=2099-01-31', 'control=PIN-03')
  taken('vendor.registered', 'vendor=inside', 'service=models', 'owner=Ada Example', 'criticality=low')
  await pause(1200)
  const end = new Date().toISOString().slice(0, 19) + 'Z' // the window of the early one ends here
  await pause(1200)
  const window = ['--from', today, '--to', end, '--expires', later]
  early = seat((await join(s, 'Ea Auditor', 'auditor', ...window)).session)
  narrow = { ...(await join(s, 'Na Auditor', 'auditor', '--controls', 'PIN-03', ...window)) }
  Object.assign(narrow, seat(narrow.session))
  await ask('outside of the window')
  taken('finding.opened', 'title=Outside', 'severity=low', 'owner=Ada Example', 'due=2099-01-31', 'control=PIN-03')
  taken('vendor.registered', 'vendor=outside', 'service=models', 'owner=Ada Example', 'criticality=low')
  taken('finding.fixed', 'finding=F-1', 'fix=Fixed outside')
})
after(() => s?.remove())

test('from the invitation to the first verified sample, with the seat alone', async () => {
  const began = Date.now()
  const made = s.json('person', 'add', 'First Auditor', '--role', 'auditor', '--controls', 'PIN-03', '--from', today, '--to', later, '--expires', later)
  const her = seat((await accept(s, 'First Auditor', made.url)).session)
  const controls = (await her.get('/controls')).json
  assert.deepEqual(controls.items.map((x) => x.id), ['PIN-03'])
  assert.ok(controls.items[0].evidence.some((e) => e.count >= 12), JSON.stringify(controls.items[0].evidence))
  const population = (await her.post('/populations', { control: 'PIN-03', from: today, to: later })).json
  assert.ok(population.document.count >= 24, JSON.stringify(population))
  const sample = (await her.post('/samples', { population: population.id, seed: 'grey-herons', size: 5 })).json
  const items = (await her.get(`/samples/${sample.id}/items`)).json.items
  assert.equal(items.length, 5)
  const proof = await her.get(`/logs/${encodeURIComponent(items[0].log.replace('t/', 't:'))}/proof?index=${items[0].index}`)
  assert.equal(proof.status, 200, JSON.stringify(proof))
  assert.equal((await her.post(`/populations/${population.id}/check`, {})).json.same, true)
  const tested = await her.step('auditor.tested', { control: 'PIN-03', procedure: 'Each of the five held against its proof', result: 'no_exception', items: 5, exceptions: 0, sample: sample.id })
  assert.equal(tested.status, 201, JSON.stringify(tested))
  assert.ok(Date.now() - began < 600000)
  assert.ok(her.calls <= 8, `${her.calls} calls`)
})

test('a request is answered with evidence that is there, and accepted or returned by auditors alone', async () => {
  const q = await narrow.step('auditor.requested', { title: 'Refusals', asks: 'All of the window', control: 'PIN-03' })
  assert.equal(q.status, 201, JSON.stringify(q))
  const request = q.json.id
  assert.equal(request, 'Q-1')
  assert.equal((await narrow.step('auditor.requested', { title: 'x', asks: 'y', control: 'IAM-02' })).status, 404, 'a control that is not hers')
  assert.equal((await owner.step('auditor.requested', { title: 'x', asks: 'y' })).status, 403)
  const bad = await compliance.step('auditor.answered', { request, answer: 'Here', evidence: ['population:01J9ZK4V3T7Q8R5S6W2X1Y0ABC'] })
  assert.match(bad.json.detail, /there is no population:/)
  for (const e of ['record:finding/F-99', 'entry:org/99999999', 'entry:../../x/0', 'control:NOP-1', 'x', 'sample:../../../etc/passwd'])
    assert.equal((await compliance.step('auditor.answered', { request, answer: 'Here', evidence: [e] })).status, 400, e)
  const answered = await compliance.step('auditor.answered', { request, answer: 'Here', evidence: ['record:finding/F-1', 'entry:org/0', 'entry:t:acme/1', 'control:PIN-03'] })
  assert.equal(answered.status, 201, JSON.stringify(answered))
  assert.equal((await compliance.step('auditor.accepted', { request })).status, 403)
  assert.equal((await narrow.step('auditor.returned', { request, missing: 'October' })).json.state, 'returned')
  assert.equal((await compliance.step('auditor.commented', { request, comment: 'Looking' })).json.state, 'returned')
  assert.equal((await compliance.step('auditor.answered', { request, answer: 'Now with October', evidence: 'control:PIN-03' })).status, 201)
  assert.equal((await narrow.step('auditor.accepted', { request })).json.state, 'accepted')
  const whole = (await narrow.get('/records/request/Q-1')).json
  assert.deepEqual(whole.steps.map((x) => x.type.slice(8)), ['requested', 'answered', 'returned', 'commented', 'answered', 'accepted'])
})

test('a conclusion is the auditor\'s own: nobody of ours writes it, no other auditor changes it, no state follows it', async () => {
  const state = async () => (await owner.get('/controls')).json.items.find((x) => x.id === 'PIN-03')
  const before = await state()
  const c = await narrow.step('auditor.tested', { control: 'PIN-03', procedure: 'Read', result: 'exception', items: 3, exceptions: 1 })
  assert.equal(c.status, 201, JSON.stringify(c))
  for (const who of [owner, compliance, early]) assert.equal((await who.step('auditor.revised', { conclusion: c.json.id, note: 'No', result: 'no_exception' })).status, 403)
  const r = s.run('register', 'step', 'auditor.dropped', `conclusion=${c.json.id}`, 'note=x', '--config', s.config)
  assert.equal(r.status, 2)
  assert.match(r.stderr, /only an auditor with an account/)
  assert.match((await narrow.step('auditor.revised', { conclusion: c.json.id, note: 'More', result: 'exception', exceptions: 4 })).json.detail, /more of them than items/)
  assert.equal((await narrow.step('auditor.revised', { conclusion: c.json.id, note: 'Explained', result: 'no_exception', exceptions: 0 })).status, 201)
  assert.deepEqual([(await state()).state, (await state()).why], [before.state, before.why])
})

test('nothing after the window and nothing beside the controls is shown', async () => {
  for (const her of [early, narrow]) {
    const findings = (await her.get('/records?register=finding')).json.items
    assert.deepEqual(findings.map((x) => [x.fields.title, x.state]), [['Inside', 'open']])
    assert.equal((await her.get('/records/finding/F-2')).status, 404)
    const one = (await her.get('/records/finding/F-1')).json
    assert.equal(one.steps.length, 1)
    assert.equal(one.state, 'open')
    assert.equal((await her.get('/records?register=finding&as_of=2099-01-01T00:00:00Z')).json.items.length, 1)
    for (const path of ['/controls', '/criteria', '/gaps', '/controls?as_of=2099-01-01']) {
      const got = await her.get(path)
      assert.equal(got.status, 200, path)
      for (const [, at] of JSON.stringify(got.json).matchAll(/"(?:last|first)":"([^"]+)"/g)) assert.ok(at < got.json.as_of || at === got.json.as_of, `${path}: ${at}`)
    }
    for (const path of ['/vendors', '/policies', '/calendar', '/probes']) assert.equal((await her.get(path)).status, 403, path)
  }
  assert.ok((await early.get('/records?register=vendor')).json.items.some((x) => x.id === 'inside'))
  assert.ok(!(await early.get('/records?register=vendor')).json.items.some((x) => x.id === 'outside'))
  assert.equal((await narrow.get('/records?register=vendor')).json.items.length, 0, 'no step of a vendor evidences PIN-03')
  assert.deepEqual((await narrow.get('/criteria')).json.items.flatMap((x) => x.controls.map((k) => k.id)).filter((id) => id !== 'PIN-03'), [])
  assert.equal((await early.step('finding.retested', { finding: 'F-1', retest: 'x' })).status, 404, 'after her window')
  const counts = (await early.get('/registers')).json.registers.find((r) => r.name === 'finding').counts
  assert.deepEqual(counts, { open: 1 })
})

test('a preview shows what the seat shows, reads only, and is on record as a preview', async () => {
  for (const path of ['/controls', '/records?register=finding', '/registers', '/populations', '/vendors', '/exchanges']) {
    const his = await narrow.get(path), ours = await owner.get(`${path}${path.includes('?') ? '&' : '?'}preview=${narrow.person}`)
    assert.equal(ours.status, his.status, path)
    if (his.status === 200) assert.deepEqual(Object.keys(ours.json), Object.keys(his.json), path)
    if (his.status === 200 && path !== '/registers') assert.deepEqual(ours.json.items, his.json.items, path)
  }
  assert.equal((await narrow.get(`/controls?preview=${narrow.person}`)).status, 403)
  assert.equal((await owner.post(`/records?preview=${narrow.person}`, { type: 'auditor.requested', fields: { title: 'x', asks: 'y' } })).status, 405)
  assert.equal((await owner.get('/controls?preview=p_00000000000000000000000000000000')).status, 404)
  await s.stop() // what was not written yet is written now, and sealed at the next start
  await s.start()
  await s.sealed((x) => x.type === 'auditor.previewed', 'org')
  const seen = s.entries('org').filter((x) => x.type === 'auditor.previewed')
  assert.ok(seen.length && seen.every((x) => x.body.seat === narrow.person && x.body.user !== narrow.person), JSON.stringify(seen))
  assert.ok(s.entries('org').some((x) => x.type === 'auditor.viewed' && x.body.user === narrow.person))
})
