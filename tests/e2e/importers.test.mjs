// What comes from outside as a file, and is none of what it says to be: each importer refuses it with a sentence, nothing
// of it is recorded, and the daemon goes on. Questionnaires have their own (questionnaire.test.mjs), backups and bundles too.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { System } from '../gateway/system.mjs'
import { call, join as joins } from '../web/people.mjs'

const commit = randomBytes(20).toString('hex'), big = 10 << 20
let s, ann, daemon, n = 0
const file = (content) => { const at = join(s.dir, `in-${n++}`); writeFileSync(at, content); return at }
before(async () => {
  s = await new System({ vendors: 'vendors:\n  anthropic:\n    api: anthropic\n    base_url: http://127.0.0.1:9\n    credential: env:FAKE_KEY\n    assessment: {decision: approved, by: X, until: 2099-12-31}\n' }).start()
  ann = await joins(s, 'Ann', 'owner')
  const r = s.run('change', 'add', '--commit', commit, '--repo', 'acme/pay', '--branch', 'main', '--author', 'Dev', '--config', s.config)
  assert.equal(r.status, 0, r.stderr)
  daemon = s.pids('daemon')[0]
})
after(() => s?.remove())

const deep = (open, close, k = 100000) => open.repeat(k) + close.repeat(k)
const anything = {
  nothing: '', 'one NUL': '\0', 'bytes that are no UTF-8': Buffer.from([0xff, 0xfe, 0xc3, 0x28]), 'ten megabytes of one letter': 'x'.repeat(big), 'a ZIP': Buffer.from('504b0304', 'hex'), 'half a surrogate': '"\\ud800"',
}
const xml = {
  'an entity from elsewhere': '<!DOCTYPE t [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuites><testsuite name="&a;" tests="1"/></testsuites>',
  'a billion laughs': '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]><testsuites>&c;</testsuites>',
  'elements without an end': '<testsuites>' + '<testsuite>'.repeat(100000), 'deep elements': deep('<testsuite>', '</testsuite>'),
  'another document': '<html><script>alert(1)</script></html>', 'negative counts': '<testsuites><testsuite name="a" tests="-1" failures="0"/></testsuites>', 'counts that are none': '<testsuites><testsuite name="a" tests="99999999999999999999" failures="x"/></testsuites>',
}
const json = {
  'deep lists': deep('[', ']'), 'a list': '[1,2,3]', 'a number': '1e999', 'members twice': '{"version":"2.1.0","version":"2.1.0","runs":[]}', 'torn in the middle': '{"version":"2.1.0","runs":[{"tool":', 'members of other kinds': '{"version":7,"runs":{"a":[]},"data":7}', 'a run of another kind': '{"version":"2.1.0","runs":[7]}',
}
const csv = { 'a quote without an end': 'usage_date_utc,model_version\n"2026', 'other columns': 'a,b\n=1+1,@x\n', 'a row with too few cells': 'start_time_iso,model,input_tokens,input_cached_tokens,output_tokens\n2026-11-01\n', 'numbers that are none': 'start_time_iso,model,input_tokens,input_cached_tokens,output_tokens\n2026-11-01T00:00:00,m,=1+1,-5,1e9999\n' }
const entries = () => s.entries('org').filter((e) => /^(finding|questionnaire|report|checklist|nil|scope|population|sample)\./.test(e.type) && !e.actor.startsWith('daemon')).length

for (const [name, args, files] of [
  ['JUnit', (f) => ['change', 'report', commit, '--junit', f], { ...anything, ...xml }],
  ['SARIF', (f) => ['change', 'report', commit, '--sarif', f], { ...anything, ...json }],
  ['usage of a provider', (f) => ['usage', 'import', f, '--vendor', 'anthropic'], { ...anything, ...json, ...csv }],
]) test(`${name}: what is none is refused with a sentence, and nothing is recorded`, () => {
  for (const [what, content] of Object.entries(files)) {
    const before = s.entries('org').filter((e) => /^(ci|change|evidence)\./.test(e.type) && e.body.against !== 'counters').length
    const r = s.run(...args(file(content)), '--config', s.config)
    assert.equal(r.status, 2, `${name}, ${what}: ${r.stdout}${r.stderr}`)
    assert.match(r.stderr, /^custos \w+ \w+: .{12,}/, `${name}, ${what}`)
    assert.doesNotMatch(r.stderr, /root:|Sanitizer|signal|alert\(1\)/, `${name}, ${what}`)
    assert.equal(s.entries('org').filter((e) => /^(ci|change|evidence)\./.test(e.type) && e.body.against !== 'counters').length, before, `${name}, ${what}`)
  }
  assert.equal(s.pids('daemon')[0], daemon, 'the daemon is the one that was started')
})

test('ten megabytes in any text of the API: an error with its reason, nothing recorded, the next call is answered', async () => {
  const x = 'x'.repeat(big), q = await (await call(s, 'POST', '/api/v1/questionnaires', { session: ann.session, body: { name: 'a.csv', content: Buffer.from('id,question\n1,Is data encrypted at rest?\n').toString('base64') } })).json()
  assert.ok(q.id, JSON.stringify(q))
  await s.sealed((e) => e.type === 'questionnaire.imported', 'org')
  await new Promise((done) => setTimeout(done, 1000)) // and what follows from it
  const before = entries()
  for (const [at, body] of [
    ['/records', { type: 'finding.opened', fields: { title: x, control: 'IAM-02', severity: 'low', owner: 'A', due: '2099-01-01', cause: 'x' } }],
    ['/records', { type: x, fields: {} }], [`/questionnaires/${q.id}/answers`, { question: '1', verdict: 'text', answer: x }], [`/questionnaires/${q.id}/answers`, { question: x, verdict: 'yes' }],
    ['/questionnaires', { name: 'b.csv', content: x }], ['/questionnaires', { name: x, content: 'eA==' }],
    ['/reports', { kind: 'board', from: '2026-01-01', to: '2026-02-01', organisation: x }], ['/checklist/answers', { question: x, answer: [x], note: x, from_log: false }], ['/nil-returns', { control: x, by: x, note: x }],
    ['/scope', { role: 'both', approver: x, reason: x, categories: [], excluded: [] }], ['/populations', { control: x, from: x, to: x }], ['/samples', { population: x, seed: x, size: 1 }],
  ]) {
    const r = await call(s, 'POST', '/api/v1' + at, { session: ann.session, body }).catch((e) => ({ status: 413, text: async () => `the connection was closed: ${e}` })), text = await r.text()
    assert.ok(r.status >= 400 && r.status < 500, `${at} ${r.status} ${text.slice(0, 200)}`)
    assert.ok(text.length > 12 && text.length < 4000, `${at}: ${text.length} bytes of an answer`)
    assert.equal((await call(s, 'GET', '/api/v1/session', { session: ann.session })).status, 200)
  }
  assert.equal(entries(), before)
  assert.equal(s.pids('daemon')[0], daemon)
})
