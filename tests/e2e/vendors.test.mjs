// The vendor desk: what is known, who decided, and what the gateway makes of it.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { System } from '../gateway/system.mjs'
import { accept, call } from '../web/people.mjs'

let s, provider
const inDays = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10)
before(async () => {
  provider = createServer((q, a) => q.resume().on('end', () => a.setHeader('content-type', 'application/json').end('{"id":"m","type":"message","role":"assistant","content":[],"usage":{"input_tokens":1,"output_tokens":1}}')))
  await new Promise((done) => provider.listen(0, '127.0.0.1', done))
  s = await new System({ vendors: `vendors:
  anthropic:
    api: anthropic
    base_url: http://127.0.0.1:${provider.address().port}
    credential: env:FAKE_KEY
` }).start()
  for (let i = 0; i < 1000 && !s.json('register', 'list', 'vendor').items.length; i++) await new Promise((done) => setTimeout(done, 100))
})
after(async () => { await s?.remove(); provider.closeAllConnections(); provider.close() })

const run = (...args) => s.run('register', 'step', ...args, '--config', s.config, '--format', 'json')
const taken = (...args) => { const r = run(...args); assert.equal(r.status, 0, r.stdout + r.stderr); return JSON.parse(r.stdout) }
const refused = (why, ...args) => { const r = run(...args); assert.equal(r.status, 2, r.stdout); assert.match(r.stderr, why) }
const vendor = () => s.json('vendor', 'show', 'anthropic')
const ask = async () => (await fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': s.key }, body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] }) })).status
const until = async (status) => { for (let i = 0; i < 1000; i++) { if (await ask() === status) return; await new Promise((done) => setTimeout(done, 50)) } assert.equal(await ask(), status) }

test('a vendor of custos.yaml is in the register by itself, not decided, and gets nothing', async () => {
  const v = vendor()
  assert.equal(v.record.state, 'registered')
  assert.equal(v.decision.decision, 'unassessed')
  assert.equal(v.known.confirmed, 0)
  assert.ok(v.known.total >= 40 && v.known.hold_back >= 10)
  assert.deepEqual(v.next.map((x) => x.what), ['decide', 'read_report', 'record_facts'])
  assert.equal(await ask(), 400)
})

test('facts need a source, a day that has come and a next reading in time', () => {
  const fact = ['vendor.term_recorded', 'vendor=anthropic', 'field=retention_default', 'value=30 days', 'plan=business', 'source=Example terms, clause 4.2', `read_on=${inDays(-1)}`, `next_read=${inDays(60)}`]
  refused(/read_on lies in the future/, ...fact.map((x) => (x.startsWith('read_on') ? `read_on=${inDays(3)}` : x)))
  refused(/read again within 100 days/, ...fact.map((x) => (x.startsWith('next_read') ? `next_read=${inDays(200)}` : x)))
  refused(/has no field colour/, ...fact.map((x) => x.replace('retention_default', 'colour')))
  refused(/no vendor nobody in use/, ...fact.map((x) => x.replace('anthropic', 'nobody')))
  refused(/source: must not be empty/, ...fact.map((x) => (x.startsWith('source') ? 'source=' : x)))
  const f = taken(...fact)
  assert.equal(f.id, 'anthropic:retention_default')
  assert.equal(vendor().known.confirmed, 1)
  taken('vendor.fact_withdrawn', `vendor_fact=${f.id}`, 'reason=Another plan')
  assert.equal(vendor().known.confirmed, 0) // what was withdrawn is unknown again
  taken(...fact)
})

test('a promise that a term contradicts becomes a conflict, once', async () => {
  taken('commitment.changed', 'promise=Nothing is kept for more than a week', 'to=All customers', 'topic=retention_days', 'value=7', 'controls=VEN-06')
  const open = s.json('register', 'list', 'conflict').items
  assert.equal(open.length, 1)
  assert.equal(open[0].fields.says, '30 days')
  taken('commitment.changed', 'promise=Your code never trains a model', 'to=All customers', 'topic=training', 'value=no', 'controls=VEN-05')
  assert.equal(s.json('register', 'list', 'conflict').items.length, 1)
  assert.equal(vendor().conflicts, 1)
  taken('conflict.resolved', 'conflict=X-1', 'how=The account was set to 7 days')
  assert.equal(vendor().conflicts, 0)
  taken('vendor.term_changed', 'vendor_fact=anthropic:retention_default', 'vendor=anthropic', 'field=retention_default', 'value=90 days', 'plan=business', 'source=Example terms, clause 4.3', `read_on=${inDays(0)}`, `next_read=${inDays(60)}`)
  assert.equal(vendor().conflicts, 1) // another contradiction is told again
})

test('a report is read with its period, and a bridge of three months at most', () => {
  const report = ['vendor.report_reviewed', 'vendor=anthropic', 'kind=soc2_type2', 'opinion=unqualified', 'carve_out=carved_out', 'exceptions=', 'scope=API; security', 'subservice=', `period_from=${inDays(-400)}`, `period_to=${inDays(-35)}`]
  refused(/three months after the period/, ...report, `bridge_until=${inDays(90)}`)
  refused(/not in the future/, ...report.map((x) => (x.startsWith('period_to') ? `period_to=${inDays(9)}` : x)))
  taken(...report, `bridge_until=${inDays(30)}`)
  const v = vendor()
  assert.equal(v.report.fits, true)
  assert.equal(v.report.uncovered_days, 0)
  taken('vendor.cuec_recorded', 'vendor=anthropic', 'vendor_report=VR-1', 'expectation=Customers protect their keys')
  refused(/there is none of the id NOP-1/, 'vendor.cuec_mapped', 'cuec=CUEC-1', 'control=NOP-1', 'how=x')
  assert.equal(vendor().unmapped, 1)
  taken('vendor.cuec_mapped', 'cuec=CUEC-1', 'control=IAM-02', 'how=Virtual keys that end')
  assert.equal(vendor().unmapped, 0)
})

test('a decision is proposed within its limits, and nobody agrees with himself', async () => {
  const proposal = ['vendor.decision_proposed', 'vendor=anthropic', 'decision=approved', 'plan=business', 'profile=strict', 'reason=Needed', `until=${inDays(90)}`]
  refused(/until lies in the next twelve months/, ...proposal.map((x) => (x.startsWith('until') ? `until=${inDays(500)}` : x)))
  refused(/only strict is possible while \d+ facts/, ...proposal.map((x) => x.replace('strict', 'standard')))
  assert.equal(taken(...proposal).id, 'VD-1')
  refused(/a second person is needed/, 'assessment.approved', 'vendor_decision=VD-1')
  refused(/is proposed|proposes to approve|second person/, 'assessment.refused', 'vendor_decision=VD-1')
  assert.equal(await ask(), 400)
})

test('what another person agrees to, the gateway does at once, and it ends with its day', async () => {
  const bo = await accept(s, 'Bo', s.json('person', 'add', 'Bo', '--role', 'approver').url)
  const take = (type, fields) => call(s, 'POST', '/api/v1/records', { session: bo.session, body: { type, fields } })
  assert.equal((await take('vendor.decision_proposed', { vendor: 'anthropic' })).status, 403)
  assert.equal((await take('assessment.refused', { vendor_decision: 'VD-1' })).status, 409) // it proposes to approve
  const r = await take('assessment.approved', { vendor_decision: 'VD-1' })
  assert.equal(r.status, 201)
  assert.equal((await r.json()).by, 'Bo')
  await until(200)
  const v = vendor()
  assert.deepEqual([v.decision.decision, v.decision.by, v.decision.profile], ['approved', 'register', 'strict'])
  taken('vendor.decision_proposed', 'vendor=anthropic', 'decision=refused', 'plan=business', 'profile=strict', 'reason=It leaked', `until=${inDays(90)}`)
  await until(200) // a proposal changes nothing
  assert.equal((await take('assessment.refused', { vendor_decision: 'VD-2' })).status, 201)
  await until(400)
  assert.deepEqual(vendor().vendor_decision.map((d) => d.state), ['refused', 'superseded'])
})
