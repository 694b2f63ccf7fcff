// From a commit to production: tests, scans, a review, approvals of other people, and a statement that others verify.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { createHash, createPublicKey, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join as path } from 'node:path'
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify'
import { bundleFromJSON } from '@sigstore/bundle'
import { System, custos } from '../gateway/system.mjs'
import { call, join } from '../web/people.mjs'

let s, ada, bo, cleo, dev
const sha = () => randomBytes(20).toString('hex'), digest = () => randomBytes(32).toString('hex')
const junit = (failed = 0) => `<?xml version="1.0"?><testsuites><testsuite name="unit" tests="3" failures="${failed}" errors="0"><testcase name="a"/><testcase name="b">${failed ? '<failure message="no"/>' : ''}</testcase><testcase name="c"><skipped/></testcase></testsuite></testsuites>`
const sarif = (levels = [], tool = 'scanner') => JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: { name: tool } }, results: levels.map((level) => ({ ruleId: 'r', level, message: { text: 'x' } })) }] })
const file = (text) => { const f = path(s.dir, `report-${randomBytes(4).toString('hex')}`); writeFileSync(f, text); return f }
// as somebody who signed in on the command line
const as = (who, ...args) => spawnSync(custos, [...args, '--config', s.config, '--format', 'json'], { encoding: 'utf8', cwd: s.dir, env: { ...process.env, CUSTOS_SESSION: who?.session ?? '' } })
const good = (who, ...args) => { const r = as(who, ...args); assert.equal(r.status, 0, args.join(' ') + r.stdout + r.stderr); return JSON.parse(r.stdout) }
const bad = (why, who, ...args) => { const r = as(who, ...args); assert.equal(r.status, 2, r.stdout); assert.match(r.stderr, why) }
const refused = (reason, ...args) => {
  const r = as(dev, 'gate', '--env', 'production', ...args)
  assert.equal(r.status, 1, r.stdout + r.stderr)
  assert.ok(JSON.parse(r.stdout).reasons.some((x) => x.reason === reason), r.stdout)
}
const passes = (...args) => good(dev, 'gate', '--env', 'production', ...args)
const change = (commit, ...more) => good(dev, 'change', 'add', '--commit', commit, '--repo', 'acme/pay', '--branch', `b-${commit.slice(0, 6)}`, '--author', 'Dev', '--assistant', '--prompted-by', 'Cleo', ...more)
// everything but approvals
const ready = (...more) => {
  const commit = sha()
  change(commit, ...more)
  good(dev, 'change', 'report', commit, '--junit', file(junit()))
  good(dev, 'change', 'report', commit, '--sarif', file(sarif(['warning', 'note'])))
  good(bo, 'change', 'review', commit)
  return commit
}

before(async () => {
  s = await new System({ extra: 'gates:\n  - {env: production, approvals: 2, expires_hours: 1}\n  - {env: staging, approvals: 0, tests: true, scans: false, review: false, break_glass: false}\n' }).start()
  ;[ada, bo, cleo, dev] = [await join(s, 'Ada', 'owner'), await join(s, 'Bo', 'approver'), await join(s, 'Cleo', 'owner'), await join(s, 'Dev', 'developer')]
  ada.other = await join(s, 'Eve', 'approver')
})
after(async () => s?.remove())

test('what nobody registered, tested, scanned, reviewed or asked for is refused, with the reason', async () => {
  refused('unknown_commit', '--commit', sha())
  bad(/no gate for moon/, dev, 'gate', '--env', 'moon', '--commit', sha())
  bad(/--commit or --artifact, are needed/, dev, 'gate', '--env', 'production')
  const commit = sha()
  change(commit)
  for (const reason of ['no_test_run', 'no_scan', 'not_reviewed', 'no_deployment_asked_for']) refused(reason, '--commit', commit)
  good(dev, 'change', 'report', commit, '--junit', file(junit(1)))
  refused('tests_failed', '--commit', commit)
  good(dev, 'change', 'report', commit, '--junit', file(junit()))
  good(dev, 'change', 'report', commit, '--sarif', file(sarif(['error'])))
  refused('scan_failed', '--commit', commit)
  good(dev, 'change', 'report', commit, '--sarif', file(sarif(['warning'])))
  good(dev, 'change', 'report', commit, '--sarif', file(sarif(['error'], 'other')))
  refused('scan_failed', '--commit', commit) // each tool by its newest
  bad(/whoever wrote a change does not review it/, dev, 'change', 'review', commit)
  good(bo, 'change', 'review', commit, '--request-changes')
  refused('changes_requested', '--commit', commit)
  good(bo, 'change', 'review', commit)
  const e = (await s.sealed((x) => x.type === 'deploy.refused' && x.body.reasons.includes('changes_requested'), 'org'))
  assert.equal(e.body.change, commit)
})

test('reports are counted, not believed: what is no report is refused and named', () => {
  const commit = sha()
  change(commit)
  const said = good(dev, 'change', 'report', commit, '--junit', file('<testsuite name="x" failures="2"><testcase/></testsuite>'))
  assert.equal(said.fields.failed, 2) // it says more than it shows
  for (const [text, why] of [['<html/>', /no JUnit report/], ['<testsuites></testsuites>', /no test case/], ['<testsuite><testcase></testsuite>', /line 1/],
    ['<!DOCTYPE x [<!ENTITY a "b">]><testsuite><testcase/></testsuite>', /document type/], ['<testsuite>'.repeat(80) + '</testsuite>'.repeat(80), /too deeply/]])
    bad(why, dev, 'change', 'report', commit, '--junit', file(text))
  for (const text of ['{}', '[]', '{"version":"2.1.0","runs":[]}', '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}}}]}', '{"version":"2.1.0","version":"2.1.0"}'])
    bad(/SARIF/, dev, 'change', 'report', commit, '--sarif', file(text))
})

let envelope, approvedCommit
test('two other people approve exactly this, and it goes', () => {
  const artifact = digest(), commit = approvedCommit = ready('--artifact', artifact)
  const d = good(dev, 'deploy', 'request', '--env', 'production', '--commit', commit)
  assert.equal(d.fields.artifact, artifact)
  bad(/another one was built/, dev, 'deploy', 'request', '--env', 'production', '--commit', commit, '--artifact', digest())
  bad(/role developer may not/, dev, 'approve', d.id)
  bad(/sign in with an account/, null, 'approve', d.id)
  bad(/whose key an assistant worked with/, cleo, 'approve', d.id)
  refused('too_few_approvals', '--commit', commit)
  good(bo, 'approve', d.id)
  bad(/is given, and deploy\.approved is not possible/, bo, 'approve', d.id)
  refused('too_few_approvals', '--commit', commit)
  good(ada, 'approve', d.id)
  refused('other_artifact', '--commit', commit, '--artifact', digest())
  refused('unknown_commit', '--artifact', digest())
  const out = path(s.dir, 'statement.json')
  const v = passes('--artifact', artifact, '--out', out)
  assert.equal(v.approvals.length, 2)
  envelope = JSON.parse(readFileSync(out, 'utf8'))
  assert.deepEqual(envelope, v.envelope)
})

test('who asked for a deployment, or wrote it, does not approve it', () => {
  const commit = sha()
  good(ada, 'change', 'add', '--commit', commit, '--repo', 'acme/pay', '--branch', 'own', '--author', 'Ada')
  const d = good(cleo, 'deploy', 'request', '--env', 'production', '--commit', commit)
  bad(/whoever wrote a change/, ada, 'approve', d.id)
  bad(/whoever asked for a deployment/, cleo, 'approve', d.id)
})

test('the statement is verified by somebody else, and a tampered one is refused', () => {
  const pem = good(dev, 'gate', 'key').pem
  const trust = toTrustMaterial({ mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1', tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] },
    () => ({ publicKey: createPublicKey(pem), validFor: () => true }))
  const bundle = (e) => bundleFromJSON({ mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', verificationMaterial: { publicKey: { hint: e.signatures[0].keyid }, tlogEntries: [], timestampVerificationData: {} }, dsseEnvelope: e })
  const verify = (e) => new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, tsaThreshold: 0 }).verify(toSignedEntity(bundle(e)))
  verify(envelope)
  const statement = JSON.parse(Buffer.from(envelope.payload, 'base64'))
  assert.equal(statement._type, 'https://in-toto.io/Statement/v1')
  assert.deepEqual(statement.subject[0].digest, { gitCommit: approvedCommit })
  assert.equal(statement.predicateType, 'https://slsa.dev/verification_summary/v1')
  assert.equal(statement.predicate.verificationResult, 'PASSED')
  assert.equal(statement.predicate.inputAttestations.length, 2)
  for (const a of statement.predicate.custos_approval.approvals) assert.match(a.by, /^p_[0-9a-f]{32}$/) // no name leaves the house
  const forged = Buffer.from(JSON.stringify({ ...statement, subject: [{ name: 'x', digest: { gitCommit: sha() } }] })).toString('base64')
  assert.throws(() => verify({ ...envelope, payload: forged }))
  assert.throws(() => verify({ ...envelope, payloadType: 'application/json' }))
})

test('a new push voids what was approved', async () => {
  const commit = ready()
  const d = good(dev, 'deploy', 'request', '--env', 'production', '--commit', commit)
  good(bo, 'approve', d.id); good(ada, 'approve', d.id)
  assert.equal(passes('--commit', commit).pass, true)
  change(sha(), '--branch', `b-${commit.slice(0, 6)}`)
  refused('pushed_over', '--commit', commit)
  refused('too_few_approvals', '--commit', commit)
  const voided = s.entries('org').filter((e) => e.type === 'deploy.approval_void' && e.body.approval.startsWith(d.id + ':'))
  assert.deepEqual(voided.map((e) => e.body.why), ['new_push', 'new_push'])
})

test('two approvers at once both count; an approval is taken back by its giver only', async () => {
  const commit = ready()
  const d = good(dev, 'deploy', 'request', '--env', 'production', '--commit', commit)
  const answers = await Promise.all([ada, bo, ada, bo].map((who) => call(s, 'POST', '/api/v1/records', { session: who.session, body: { type: 'deploy.approved', fields: { deploy: d.id, note: '' } } })))
  assert.deepEqual(answers.map((r) => r.status).sort(), [201, 201, 409, 409])
  assert.equal(passes('--commit', commit).approvals.length, 2)
  const mine = s.json('register', 'list', 'approval').items.find((x) => x.id.startsWith(d.id + ':') && x.by === 'Bo')
  bad(/own approval only/, ada, 'register', 'step', 'deploy.approval_void', `approval=${mine.id}`, 'why=taken_back')
  good(bo, 'register', 'step', 'deploy.approval_void', `approval=${mine.id}`, 'why=taken_back')
  refused('too_few_approvals', '--commit', commit)
})

test('an emergency goes first where it may, and another person looks at it afterwards', () => {
  const commit = sha()
  change(commit)
  const d = good(dev, 'deploy', 'request', '--env', 'production', '--commit', commit)
  bad(/role developer may not/, dev, 'register', 'step', 'deploy.emergency', `deploy=${d.id}`, 'emergency=down')
  good(bo, 'register', 'step', 'deploy.emergency', `deploy=${d.id}`, 'emergency=Customers cannot sign in')
  const v = passes('--commit', commit)
  assert.equal(v.emergency, true)
  bad(/second person is needed/, bo, 'register', 'step', 'deploy.reviewed', `deploy=${d.id}`, 'review=fine')
  good(ada, 'register', 'step', 'deploy.reviewed', `deploy=${d.id}`, 'review=It was one')
  const st = good(dev, 'deploy', 'request', '--env', 'staging', '--commit', commit)
  bad(/nothing goes first to staging/, bo, 'register', 'step', 'deploy.emergency', `deploy=${st.id}`, 'emergency=x')
})

test('an environment asks for what its gate says', () => {
  const commit = sha()
  change(commit)
  const at = () => as(dev, 'gate', '--env', 'staging', '--commit', commit)
  assert.equal(at().status, 1)
  good(dev, 'change', 'report', commit, '--junit', file(junit()))
  assert.equal(at().status, 0)
  const shown = good(dev, 'change', 'show', commit)
  assert.deepEqual(shown.gates.map((g) => [g.env, g.pass]), [['production', false], ['staging', true]])
})

test('a git hook asks the gate: what may not go is not pushed, neither from here nor into a bare repository', async () => {
  const git = (dir, ...a) => spawnSync('git', ['-C', dir, '-c', 'user.name=Dev', '-c', 'user.email=d@example.com', ...a], { encoding: 'utf8' })
  const bare = path(s.dir, 'bare.git'), work = path(s.dir, 'work')
  for (const a of [['init', '-q', '--bare', '-b', 'main', bare], ['init', '-q', '-b', 'main', work]]) assert.equal(git(s.dir, ...a).status, 0)
  git(work, 'remote', 'add', 'origin', bare)
  const commit = () => { assert.equal(git(work, 'commit', '-q', '--allow-empty', '-m', 'x').status, 0); return git(work, 'rev-parse', 'HEAD').stdout.trim() }
  assert.match(s.run('hook', 'install', '--gate', 'staging', bare).stderr, /--gate needs --config FILE/)
  for (const [dir, name] of [[bare, 'pre-receive'], [work, 'pre-push']]) {
    const one = commit(), at = s.run('hook', 'install', '--gate', 'staging', '--config', s.config, dir)
    assert.match(at.stdout, new RegExp(`installed .*${name}`))
    const no = git(work, 'push', '-q', 'origin', 'main')
    assert.notEqual(no.status, 0)
    assert.match(no.stderr, /not registered/)
    assert.equal(git(work, 'push', '-q', 'origin', 'HEAD:refs/heads/other-' + name).status, 0) // another branch
    change(one)
    good(dev, 'change', 'report', one, '--junit', file(junit()))
    assert.equal(git(work, 'push', '-q', 'origin', 'main').status, 0)
    assert.equal(s.run('hook', 'remove', '--gate', dir).status, 0)
  }
})
