// The way to a report in a running system: a plan, milestones that records prove, a move and what it takes along, the
// window that is opened and locked, and the map of operation.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { System } from '../gateway/system.mjs'
import { call, join } from '../web/people.mjs'

let s, owner, compliance, auditor
const DAY = 86400000
const today = new Date().toISOString().slice(0, 10), later = '2099-12-31'
const at = (days) => new Date(Date.now() + days * DAY).toISOString().slice(0, 10)
const as = (session) => {
  const go = (method) => async (path, body) => { const r = await call(s, method, '/api/v1' + path, { session, body }); return { status: r.status, json: await r.json().catch(() => null) } }
  return { get: go('GET'), post: go('POST'), step: (type, fields) => go('POST')('/records', { type, fields }) }
}
const plan = async () => (await owner.get('/timeline')).json
const milestone = (p, id) => p.milestones.find((m) => m.id === id)
const pause = (ms) => new Promise((done) => setTimeout(done, ms))

before(async () => {
  s = await new System().start()
  owner = as((await join(s, 'Olga Example', 'owner')).session)
  compliance = as((await join(s, 'Cora Example', 'compliance')).session)
})
after(() => s?.remove())

test('a draft is worked out from a start and back from a report, and records nothing', async () => {
  assert.equal((await owner.get('/timeline')).status, 404)
  const from = s.json('timeline', 'plan', '--months', '6', '--start', today)
  assert.equal(from.milestones.length, 31)
  assert.equal(Date.parse(from.from) - Date.parse(from.start), 140 * DAY)
  const back = s.json('timeline', 'plan', '--months', '6', '--report-by', from.report.slice(0, 10))
  assert.ok(Math.abs(Date.parse(back.start) - Date.parse(from.start)) <= 3 * DAY, `${back.start} ${from.start}`)
  const late = s.run('timeline', 'plan', '--months', '12', '--report-by', at(60), '--config', s.config)
  assert.equal(late.status, 1, late.stdout)
  assert.match(late.stdout, /days late/)
  const text = s.run('timeline', 'plan', '--months', '3', '--pace', 'fast', '--start', today, '--config', s.config)
  assert.equal(text.status, 0, text.stderr)
  assert.match(text.stdout, /M20 .*\[?.*Window opened/)
  for (const bad of [['--months', '5', '--start', today], ['--months', '6'], ['--start', 'x;y'], ['--start', today, '--pace', 'slow']])
    assert.equal(s.run('timeline', 'plan', ...bad, '--config', s.config).status, 2, bad.join(' '))
  assert.equal(s.json('register', 'list', 'engagement').items.length, 0)
})

test('a plan is taken; a milestone is reached when its records are there, and not before', async () => {
  assert.match((await compliance.step('timeline.planned', { title: 'x', kind: 'type1', months: 6, pace: 'standard', owner: 'Olga Example', start: today })).json.detail, /0 for type1/)
  assert.match((await compliance.step('timeline.planned', { title: 'x', kind: 'type2', months: 6, pace: 'standard', owner: 'Olga Example' })).json.detail, /either start or report_by/)
  const made = await compliance.step('timeline.planned', { title: 'First report', kind: 'type2', months: 6, pace: 'standard', owner: 'Olga Example', start: at(-10), categories: 'confidentiality' })
  assert.equal(made.status, 201, JSON.stringify(made))
  let p = await plan()
  assert.ok(milestone(p, 'M01').reached && milestone(p, 'M01').recorded)
  assert.equal(milestone(p, 'M03').reached, null)
  assert.equal((await owner.post('/scope', { role: 'deployer', approver: 'Olga Example', reason: 'Customers ask', categories: ['confidentiality'], excluded: [] })).status, 201)
  await pause(300)
  p = await plan()
  assert.ok(milestone(p, 'M03').reached, JSON.stringify(milestone(p, 'M03')))
  assert.ok(milestone(p, 'M03').proof.every((x) => x.holds))
  assert.equal(milestone(p, 'M15').reached, null, 'no finding is open, but what it needs was not reached')
  assert.ok(milestone(p, 'M15').proof.every((x) => x.holds))
  assert.equal(milestone(p, 'M02').reached, null)
  assert.ok(milestone(p, 'M02').late_days >= 3 && p.late_days > 0, 'a week was planned for it')
  const entries = s.entries('org').filter((x) => x.type === 'milestone.reached')
  assert.deepEqual(entries.map((x) => x.body.milestone), ['M01'])
  assert.deepEqual(s.entries('org').filter((x) => x.type === 'timeline.slipped').map((x) => x.body.milestone), ['M02'])
})

test('moving a milestone moves what needs it, and that is in the history', async () => {
  const before = await plan()
  assert.equal((await owner.step('timeline.moved', { engagement: 'ENG-1', milestone: 'M99', date: at(90), reason: 'x' })).status, 400)
  const date = new Date(Date.parse(milestone(before, 'M08').date) + 21 * DAY).toISOString().slice(0, 10)
  assert.equal((await owner.step('timeline.moved', { engagement: 'ENG-1', milestone: 'M08', date, reason: 'The board meets later' })).status, 201)
  const now = await plan()
  for (const id of ['M08', 'M15', 'M17', 'M20', 'M26', 'M30']) assert.equal(Date.parse(milestone(now, id).date) - Date.parse(milestone(before, id).date), 21 * DAY, id)
  for (const id of ['M09', 'M10', 'M07', 'M16']) assert.equal(milestone(now, id).date, milestone(before, id).date, id)
  assert.equal(Date.parse(now.report) - Date.parse(before.report), 21 * DAY)
  const shown = s.run('timeline', 'show', '--config', s.config)
  assert.equal(shown.status, 1)
  assert.match(shown.stdout, /M01 .*#.*\(reached\)/)
})

test('a window begins today or later, is locked by a second person, and nothing is dated into it then', async () => {
  assert.match((await owner.step('period.opened', { engagement: 'ENG-1', from: at(-1) })).json.detail, /not opened for days that are over/)
  const opened = await owner.step('period.opened', { engagement: 'ENG-1', from: today })
  assert.equal(opened.status, 201, JSON.stringify(opened))
  const training = { person: 'Ada Example', course: 'Assistants', completed_on: today, valid_until: later }
  assert.equal((await compliance.step('training.completed', training)).status, 201)
  assert.match((await compliance.step('period.locked', { engagement: 'ENG-1' })).json.detail, /still to come/)
  const until = new Date(Date.now() - 1000).toISOString().slice(0, 19) + 'Z'
  assert.match((await owner.step('period.locked', { engagement: 'ENG-1', until })).json.detail, /second person/)
  const locked = await compliance.step('period.locked', { engagement: 'ENG-1', until })
  assert.equal(locked.status, 201, JSON.stringify(locked))
  assert.ok(locked.json.fields.org > 0 && locked.json.fields.anchor > 0)
  const late = await compliance.step('training.completed', training)
  assert.equal(late.status, 409)
  assert.match(late.json.detail, /ENG-1 locked the period/)
  assert.equal((await compliance.step('training.completed', { ...training, completed_on: at(-2) })).status, 201, 'before the window')
  const signed = (period_from, period_to) => owner.step('attestation.signed', { control: 'GOV-02', statement: 'x', period_from, period_to, until: at(300) })
  assert.equal((await signed(at(-30), at(30))).status, 409, 'a period around it')
  assert.equal((await signed(at(-30), at(-1))).status, 201)
  assert.equal(s.run('register', 'step', 'training.completed', 'person=Ada Example', 'course=x', `completed_on=${today}`, `valid_until=${later}`, '--config', s.config).status, 2, 'the operator no more than others')
})

test('the map shows each control at the end of each day, within limits, and a later scope changes no day before', async () => {
  const window = ['--controls', 'PIN-03,IAM-01', '--from', at(-2), '--to', later, '--expires', later]
  auditor = as((await join(s, 'Na Auditor', 'auditor', ...window)).session)
  const map = (await owner.get(`/heat-map?from=${at(-5)}`)).json
  assert.equal(map.days, 6)
  const controls = (await owner.get('/controls')).json.items
  assert.equal(map.items.length, controls.length)
  for (const x of map.items) assert.match(x.days, /^[mpnda]{6}$/)
  const letter = { met: 'm', partly: 'p', not_met: 'n', no_data: 'd', not_applicable: 'a' }
  for (const day of [0, 3]) {
    const then = (await owner.get(`/controls?as_of=${at(day - 5)}T23:59:59.999Z`)).json.items
    for (const x of then) assert.equal(map.items.find((k) => k.id === x.id).days[day], letter[x.state], `${x.id} on day ${day}`)
  }
  const his = (await auditor.get(`/heat-map?from=${at(-5)}`)).json
  assert.deepEqual(his.items.map((x) => x.id).sort(), ['IAM-01', 'PIN-03'])
  assert.equal(his.days, 3)
  assert.equal((await owner.post('/scope', { role: 'deployer', approver: 'Olga Example', reason: 'Less', categories: [], excluded: [{ control: 'AVL-01', reason: 'No' }] })).status, 201)
  await pause(300)
  const after = (await owner.get(`/heat-map?from=${at(-5)}`)).json
  assert.deepEqual(after.items.map((x) => x.days.slice(0, 5)), map.items.map((x) => x.days.slice(0, 5)))
  assert.equal(after.items.find((x) => x.id === 'AVL-01').days[5], 'a')
  assert.equal((await owner.get('/heat-map?from=2020-01-01')).status, 400)
  assert.match(s.run('timeline', 'map', '--config', s.config).stdout, /^PIN-03 +[mpnda]+$/m)
})
