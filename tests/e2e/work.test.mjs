// Gaps, findings that open and retest themselves, exceptions, risks and access reviews of a running system.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { System } from '../gateway/system.mjs'
import { call, join } from '../web/people.mjs'

let s
before(async () => { s = await new System({ extra: '  - name: umbra\n' }).start() })
after(async () => s?.remove())

const admin = (method, path, body) => new Promise((done, fail) => {
  const run = readFileSync(`/proc/${s.pids('nginx')[0]}/cmdline`, 'utf8').match(/ -p (\S+)/)[1]
  const q = request({ socketPath: `${run}/admin.sock`, method, path, headers: { 'content-type': 'application/json' } }, (r) => {
    let text = ''
    r.on('data', (d) => (text += d)).on('end', () => done({ status: r.statusCode, json: text ? JSON.parse(text) : null }))
  })
  q.on('error', fail).end(body && JSON.stringify(body))
})
const step = (...args) => s.run('register', 'step', ...args, '--config', s.config, '--format', 'json')
const taken = (...args) => { const r = step(...args); assert.equal(r.status, 0, r.stdout + r.stderr); return JSON.parse(r.stdout) }
const refused = (why, ...args) => { const r = step(...args); assert.equal(r.status, 2, r.stdout); assert.match(r.stderr, why) }
const findings = (control) => s.json('register', 'list', 'finding').items.filter((x) => x.fields.control === control)
const look = () => s.json('gaps', '--record')
const probed = async (verdict) => {
  const r = await admin('POST', '/api/v1/probes', { probe: 'iam-anon-refused', controls: ['IAM-01'], results: [{ id: 'no-key', tried: 'x', saw: 'y', verdict, exchange: '' }], started: 'hand' })
  assert.equal(r.status, 201)
  await s.sealed((e) => e.type === 'probe.completed' && e.body.outcome === verdict, 'org')
  await new Promise((done) => setTimeout(done, 400)) // the newest entry is in the states
}

test('every criterion that is not met says why, and what to do next', async () => {
  const g = look()
  assert.equal(g.items.length, 61)
  assert.equal(Object.values(g.counts).reduce((a, b) => a + b, 0), 61)
  for (const c of g.items.filter((x) => !['met', 'not_applicable'].includes(x.state))) {
    assert.ok(c.gaps.length, c.id)
    for (const k of c.gaps) assert.ok(k.cause.length > 10 && k.next.length > 10, `${c.id} ${k.id}: ${k.cause} ${k.next}`)
  }
  const recorded = await s.sealed((e) => e.type === 'gap.assessed', 'org')
  assert.equal(recorded.body.met + recorded.body.partly + recorded.body.not_met + recorded.body.no_data + recorded.body.not_applicable, 61)
})

test('a probe that gets through opens a finding, once; only a probe that holds lets it be closed', async () => {
  await probed('broken')
  look(); look()
  const [f, ...more] = findings('IAM-01')
  assert.equal(more.length, 0)
  assert.equal(f.state, 'open')
  assert.equal(f.fields.source, 'probe')
  assert.equal(f.fields.severity, 'high')
  const bo = await join(s, 'Bo', 'security')
  const own = await call(s, 'POST', '/api/v1/records', { session: bo.session, body: { type: 'finding.retested', fields: { finding: f.id, retest: 'I looked' } } })
  assert.match((await own.json()).detail, /Custos opened .*, and retests it/)
  refused(/is open, and finding\.closed is not possible/, 'finding.closed', `finding=${f.id}`, 'note=')
  taken('finding.fixed', `finding=${f.id}`, 'fix=Closed the open listener')
  look()
  assert.equal(findings('IAM-01')[0].state, 'fixed') // no run since
  await probed('broken')
  look()
  assert.equal(findings('IAM-01')[0].state, 'open') // the retest failed
  taken('finding.fixed', `finding=${f.id}`, 'fix=Now really')
  await probed('held')
  look()
  assert.equal(findings('IAM-01')[0].state, 'passed')
  taken('finding.closed', `finding=${f.id}`, 'note=')
  look()
  assert.deepEqual(findings('IAM-01').map((x) => x.state), ['closed'])
})

test('a finding of a person is retested by another one, and an overdue one is told once', () => {
  const f = taken('finding.opened', 'title=No list of exits', 'severity=low', 'owner=Ada Example', 'due=2020-01-31')
  look(); look()
  const one = s.json('register', 'show', 'finding', f.id)
  assert.equal(one.steps.filter((x) => x.type === 'finding.escalated').length, 1)
  taken('finding.fixed', `finding=${f.id}`, 'fix=Wrote it')
  refused(/a second person is needed/, 'finding.retested', `finding=${f.id}`, 'retest=read it')
  refused(/there is none of the id NOP-9/, 'finding.opened', 'title=x', 'severity=low', 'owner=Ada Example', 'due=2027-01-31', 'control=NOP-9')
})

test('risks are suggested from what is there, scored within limits, and not accepted by who scored them', async () => {
  const before = (await admin('GET', '/api/v1/risk-suggestions')).json.items
  const endless = before.find((x) => /outlives/.test(x.title))
  assert.ok(endless, JSON.stringify(before))
  const risk = ['risk.assessed', `title=${endless.title}`, `category=${endless.category}`, `likelihood=${endless.likelihood}`, `impact=${endless.impact}`, `controls=${endless.controls}`, 'owner=Bo Example', 'treatment=reduce', 'response=Keys end', 'review_by=2027-03-01']
  refused(/likelihood is a number from 1 to 5/, ...risk.map((x) => x.replace(/likelihood=.*/, 'likelihood=6')))
  refused(/controls: there is none of the id NOP-1/, ...risk.map((x) => x.replace(/controls=.*/, 'controls=NOP-1')))
  assert.equal(taken(...risk).id, 'R-1')
  assert.ok(!(await admin('GET', '/api/v1/risk-suggestions')).json.items.some((x) => x.title === endless.title))
  refused(/a second person is needed/, 'risk.accepted', 'risk=R-1', 'reason=small', 'until=2027-05-01')
})

test('an access review fixes who may use a key, asks for each, and ends what is removed', async () => {
  const issued = ['ada', 'bo'].map((user) => s.json('key', 'issue', '--tenant', 'umbra', '--user', user))
  const r = taken('review.frozen', 'scope=umbra', 'reviewer=Cleo Example', 'due=2027-01-31')
  assert.equal(r.fields.lines, 2)
  s.json('key', 'issue', '--tenant', 'umbra', '--user', 'later') // after the moment: not in it
  const of = async () => (await admin('GET', '/api/v1/access-reviews/AR-1')).json
  let review = await of()
  assert.deepEqual(review.items.map((x) => x.holder).sort(), ['ada', 'bo'])
  assert.equal(review.same_listing, true)
  refused(/2 lines are not decided/, 'review.completed', 'access_review=AR-1')
  refused(/has no key k_nobody/, 'review.decided', 'access_review=AR-1', 'key=k_nobody', 'decision=keep', 'note=')
  taken('review.decided', 'access_review=AR-1', `key=${issued[0].id}`, 'decision=keep', 'note=')
  taken('review.removed', 'access_review=AR-1', `key=${issued[1].id}`, 'decision=remove', 'note=Left the team')
  const keys = s.json('key', 'list').items
  assert.equal(keys.find((k) => k.id === issued[1].id).revoked, true)
  assert.equal(keys.find((k) => k.id === issued[0].id).revoked, false)
  const done = taken('review.completed', 'access_review=AR-1')
  assert.deepEqual([done.fields.kept, done.fields.removed], [1, 1])
  review = await of()
  assert.equal(review.same_listing, true) // read again from the log, after one was revoked
  assert.deepEqual(review.items.map((x) => x.decided.state).sort(), ['kept', 'removed'])
})

test('the calendar has what is due, the overdue first', async () => {
  const c = s.json('calendar')
  const due = c.items.map((x) => x.due)
  assert.deepEqual(due, [...due].sort())
  assert.ok(c.items.some((x) => x.what === 'finding' && x.overdue))
  assert.ok(c.items.some((x) => x.what === 'risk_review' && x.id === 'R-1' && !x.overdue))
})
