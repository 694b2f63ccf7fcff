// custos audit in the terminal: one question at a time, branches, resume, suggestions from the log, a score that
// tells evidence from claims, exports; answers are entries, and hostile ones are refused.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { oscalFaults } from './oscal.mjs'
import { System, custos } from '../gateway/system.mjs'

let system
before(async () => { system = await new System().start() })
after(() => system.remove())

const audit = (input, ...args) => spawnSync(custos, ['audit', ...args, '--config', system.config], { encoding: 'utf8', input, cwd: system.dir })
const list = () => JSON.parse(audit('', '--format', 'json').stdout)
const question = (id) => list().questions.find((q) => q.id === id)

test('nothing is suggested without data, and every path has at most 30 questions', () => {
  const all = list()
  assert.ok(all.questions.length <= 30 && all.score.shown < all.questions.length)
  assert.equal(all.questions.filter((q) => q.section === 'privacy' && q.shown).length, 0)
  assert.equal(question('Q18').suggestion, null)
  assert.equal(all.score.answered, 0)
})

test('one question at a time; a choice opens a branch; q stops, and the next run resumes', async () => {
  let r = audit('2\n4\nq\n')
  assert.equal(r.status, 0, r.stderr)
  assert.match(r.stdout, /Q01[\s\S]*Q02[\s\S]*Q03/)
  assert.equal(question('Q28').shown, true)
  r = audit('3\nq\n')
  assert.match(r.stdout, /^\nQ03/)
  assert.match(r.stdout, /Next: List the assistant clients/)
  assert.equal(question('Q03').standing, 'gap')
  const sealed = system.entries('org').filter((e) => e.type === 'checklist.answered')
  assert.deepEqual(sealed.map((e) => e.body.question), ['Q01', 'Q02', 'Q03'])
})

test('a claim is no evidence; an answer that does not apply needs a reason; a wrong one is asked again', () => {
  let r = audit('1\n9\n1\n5\nno gateway there\nq\n') // Q04, then Q05: wrong, yes; Q06: does not apply
  assert.equal(r.status, 0, r.stderr)
  assert.match(r.stdout, /none of its answers/)
  assert.deepEqual([question('Q05').standing, question('Q06').standing, question('Q06').answer.note], ['claim', 'not_applicable', 'no gateway there'])
  assert.match(r.stdout, /1 are claims without it/)
})

test('what the log suggests is kept with Enter', async () => {
  await (await fetch(system.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': system.key }, body: JSON.stringify({ model: 'sink', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] }) })).text()
  for (let i = 0; i < 600 && question('Q15').suggestion !== 'partly'; i++) await new Promise((done) => setTimeout(done, 50))
  assert.equal(question('Q15').suggestion, 'partly')
  const r = audit('s\n'.repeat(8) + '\nq\n') // Q07 to Q14 later
  assert.match(r.stdout, /from the log; Enter keeps it/)
  assert.deepEqual(question('Q15').answer.ids, ['partly'])
  assert.equal(question('Q15').answer.from_log, true)
})

test('scope and nil returns are entries and change the states; what is missing is named', () => {
  const at = (...a) => system.run('audit', ...a, '--config', system.config)
  assert.match(at('scope', '--role', 'both', '--categories', 'privacy').stderr, /approver/)
  assert.match(at('scope', '--role', 'both', '--categories', 'safety', '--approver', 'J. Doe', '--reason', 'x').stderr, /There are security/)
  assert.equal(at('scope', '--role', 'both', '--categories', 'confidentiality', '--approver', 'J. Doe', '--reason', 'customers ask for it').status, 0)
  const { criteria } = system.json('audit', 'status')
  assert.equal(criteria.items.find((x) => x.id === 'A1.1').state, 'not_applicable')
  assert.notEqual(criteria.items.find((x) => x.id === 'CC6.1').state, 'not_applicable')
  assert.match(at('nil', 'DAT-02', '--by', 'J. Doe').stderr, /nothing happened/)
  assert.equal(at('nil', 'OPS-04', '--by', 'J. Doe').status, 0)
  assert.equal(system.json('audit', 'status').controls.items.find((k) => k.id === 'OPS-04').state, 'partly')
})

test('exports hold what was answered, and no formula and no markup of a note', async () => {
  audit('5\n=HYPERLINK("x")<script>\nq\n') // Q07
  const csv = audit('', '--format', 'csv').stdout, page = audit('', '--format', 'html').stdout
  assert.match(csv, /"'=HYPERLINK\(""x""\)<script>"/)
  assert.match(page, /=HYPERLINK\(&quot;x&quot;\)&lt;script&gt;/)
  assert.doesNotMatch(page, /<script>/)
  assert.equal(csv.trim().split('\r\n').length, 1 + 30)
})

test('OSCAL holds each question that is asked, and each gap as a finding', () => {
  const v = JSON.parse(audit('', '--format', 'oscal').stdout), asked = system.json('audit').questions.filter((q) => q.shown)
  assert.deepEqual(oscalFaults(v), [])
  const [result] = v['assessment-results'].results
  assert.deepEqual(result.observations.map((o) => o.description), asked.map((q) => q.question))
  assert.deepEqual((result.findings ?? []).map((f) => f.target['target-id']), asked.filter((q) => q.standing === 'gap').map((q) => q.id))
  assert.ok(result.observations.some((o) => o.remarks?.startsWith('=HYPERLINK')))
})
