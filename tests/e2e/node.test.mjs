// What the daemon sees of its own node, of its configuration and of new things in traffic; and steps that need two.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { appendFileSync, chmodSync, mkdirSync, readFileSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join as path } from 'node:path'
import https from 'node:https'
import { authority } from '../gateway/certificates.mjs'
import { System } from '../gateway/system.mjs'
import { join, call } from '../web/people.mjs'

const more = `repositories:
  - {name: acme/vault, class: restricted}
  - {name: acme/fixtures, class: confidential}
capture: {tenants: {acme: {keep: {confidential: 30}}}}
capacity: {memory_percent: 0}
`
let s
before(async () => { s = await new System({ extra: more, upstream: 'http://127.0.0.1:9' }).start() })
after(async () => s?.remove())

const check = () => { const r = s.run('node', 'check', '--config', s.config, '--format', 'json'); assert.notEqual(r.status, 2, r.stderr); return { status: r.status, ...JSON.parse(r.stdout) } }
const org = (type) => s.entries('org').filter((e) => e.type === type)
const wait = async (what, seconds = 90) => {
  for (let i = 0; i < seconds * 5; i++) {
    const hit = what()
    if (hit) return hit
    await new Promise((done) => setTimeout(done, 200))
  }
  assert.fail(`not within ${seconds} s: ${what}`)
}
const step = (...args) => s.run('register', 'step', ...args, '--config', s.config, '--format', 'json')
const taken = (...args) => { const r = step(...args); assert.equal(r.status, 0, r.stdout + r.stderr); return JSON.parse(r.stdout) }
const take = (who, type, fields) => call(s, 'POST', '/api/v1/records', { session: who.session, body: { type, fields } })
const ask = (headers) => fetch(`${s.url}/v1/messages`, { method: 'POST', headers: { 'x-api-key': s.key, 'content-type': 'application/json', 'user-agent': 'made-up-client/7.3', ...headers },
  body: JSON.stringify({ model: 'claude-made-up', max_tokens: 8, messages: [{ role: 'user', content: 'hello' }] }) })

test('the node is as it has to be; what departs from the baseline is told, and told to be over', async () => {
  const first = check()
  assert.equal(first.status, 0, JSON.stringify(first.items))
  assert.ok(first.capacity.disk_free_mib > 0 && first.capacity.cpus > 0)
  const keystore = path(s.dir, 'state/keystore'), file = path(keystore, readdirSync(keystore).find((n) => !n.endsWith('.pub')))
  chmodSync(file, 0o644)
  const drift = check()
  assert.equal(drift.status, 1)
  assert.equal(drift.items.length, 1)
  assert.match(drift.items[0].what, /^keystore\//)
  assert.match(drift.items[0].found, /0644/)
  await s.sealed((e) => e.type === 'baseline.drift', 'org')
  chmodSync(file, 0o600)
  assert.equal(check().status, 0)
  await wait(() => org('baseline.checked').length >= 2 && org('capacity.sample').length >= 3, 10)
})

test('links over TLS are looked at: what can be trusted is noted, a certificate that cannot is told, and who is not there counts', async () => {
  const links = await s.sealed((e) => e.type === 'tls.observed', 'org')
  assert.deepEqual(links.body, { links: [], unreachable: 0 }) // its only vendor is on this machine, without TLS
  const other = new System({ workers: 1 }), make = authority(other.dir)
  make.ca('ca')
  make.ca('stranger')
  make.sign('good', 'ca', '/CN=good', 'DNS:localhost')
  make.sign('bad', 'stranger', '/CN=bad', 'DNS:localhost')
  const file = (name) => readFileSync(path(other.dir, name))
  const servers = await Promise.all(['good', 'bad'].map((n) => new Promise((done) => { const x = https.createServer({ key: file(`${n}.key`), cert: file(`${n}.pem`) }, (q, r) => r.end()); x.listen(0, () => done(x)) })))
  const vendor = (name, port) => `  ${name}:\n    api: anthropic\n    base_url: https://localhost:${port}\n    assessment: {decision: approved, by: J}\n`
  other.options.extra = `trusted_ca: ${other.dir}/ca.pem\n`
  other.options.vendors = `vendors:\n${vendor('good', servers[0].address().port)}${vendor('bad', servers[1].address().port)}${vendor('gone', 1)}`
  try {
    await other.start()
    const asked = await call(other, 'POST', '/api/v1/node-checks', { session: (await join(other, 'Ada', 'owner')).session, body: {} }) // not by a command: the servers live in this process
    assert.equal(asked.status, 201)
    const e = await other.sealed((x) => x.type === 'tls.observed', 'org')
    assert.deepEqual([e.body.links.map((l) => [l.kind, l.name, l.protocol]), e.body.unreachable], [[['vendor', 'good', 'TLSv1.3']], 1])
    assert.ok(e.body.links[0].days <= 2)
    assert.deepEqual((await other.sealed((x) => x.type === 'tls.refused', 'org')).body, { reason: 'certificate', vendor: 'bad' })
  } finally { servers.forEach((x) => { x.closeAllConnections(); x.close() }); await other.remove() }
})

test('a file among the kept bodies that nothing sealed is found', async () => {
  const strange = path(s.dir, 'state/bodies/strange')
  mkdirSync(strange)
  assert.equal(check().store, false)
  assert.equal((await s.sealed((e) => e.type === 'store.failed', 'org')).body.bad_objects, 1)
  rmdirSync(strange)
  const folder = path(s.dir, 'state/bodies', readdirSync(path(s.dir, 'state/bodies'))[0])
  writeFileSync(path(folder, 'plain'), 'what somebody said')
  assert.equal(check().store, false)
  rmSync(path(folder, 'plain'))
  assert.equal(check().store, true)
})

test('classes, credentials, configuration and what is new in traffic have their entries', async () => {
  assert.deepEqual(org('repo.classified').map((e) => [e.body.name, e.body.class]), [['acme/vault', 'restricted'], ['acme/fixtures', 'confidential']])
  assert.equal(org('upstream_key.rotated').length, 1)
  assert.doesNotMatch(JSON.stringify(s.entries('org')), /provider-credential/)
  await (await ask()).text()
  await wait(() => org('review.opened').length === 3)
  assert.deepEqual(org('review.opened').map((e) => e.body.name).sort(), ['anthropic', 'claude-made-up', 'made-up-client/7.3'])
  assert.ok(org('model.first_seen').length === 1 && org('client.first_seen').length === 1)
  assert.ok(org('retention.run').length >= 1)
  const id = org('review.opened').find((e) => e.body.kind === 'model').body.first_use
  assert.equal(taken('review.closed', `first_use=${id}`, 'decision=accepted', 'note=As the one before').state, 'closed')
  await wait(() => org('config.changed').length === 1)
})

test('a configuration is explained by one person and approved by another', async () => {
  const ada = await join(s, 'Ada', 'owner'), bo = await join(s, 'Bo', 'approver')
  const id = s.json('register', 'list', 'configuration').items[0].id
  assert.equal((await take(ada, 'config.explained', { configuration: id, reason: 'First installation' })).status, 201)
  assert.equal((await take(ada, 'policy.bundle_approved', { configuration: id })).status, 403)
  const r = await take(bo, 'policy.bundle_approved', { configuration: id })
  assert.equal(r.status, 201)
  assert.match((await r.json()).fields.bundle, /^[0-9a-f]{64}$/)
  s.ada = ada
  s.bo = bo
})

test('a key is issued once, on a request that another person approved, for whom it was asked', async () => {
  const kr = await (await take(s.ada, 'key.requested', { for_tenant: 'acme', holder: 'Cy', purpose: 'Tests' })).json()
  assert.equal((await take(s.ada, 'key.approved', { key_request: kr.id })).status, 403)
  const issue = (user) => s.run('key', 'issue', '--tenant', 'acme', '--user', user, '--request', kr.id, '--config', s.config, '--format', 'json')
  assert.match(issue('Cy').stderr, /is requested/)
  assert.equal((await take(s.bo, 'key.approved', { key_request: kr.id })).status, 201)
  assert.match(issue('Dee').stderr, /asks for a key of tenant acme for Cy/)
  const good = issue('Cy')
  assert.equal(good.status, 0, good.stderr)
  assert.match(issue('Cy').stderr, /is issued/)
  assert.equal((await s.sealed((e) => e.type === 'key.handed_out', 'org')).body.key, JSON.parse(good.stdout).id)
})

test('owners of controls are persons, and controls are of the catalogue', () => {
  assert.equal(taken('control.owner_changed', 'control_owner=IAM-01', 'owner=Ada').state, 'assigned')
  assert.match(step('control.owner_changed', 'control_owner=IAM-99', 'owner=Ada').stderr, /there is no control of the id IAM-99/)
})

test('code of a repository whose consent is withdrawn does not leave, and does again when it is given', async () => {
  const tag = { 'x-custos-repo': 'acme/fixtures' }
  assert.notEqual((await ask(tag)).status, 400)
  taken('consent.recorded', 'consent=acme/fixtures', 'basis=consent', 'decided_on=2026-11-01', 'source=Register, row 1')
  taken('consent.withdrawn', 'consent=acme/fixtures', 'decided_on=2026-11-20', 'source=Register, row 1')
  for (let i = 0; (await ask(tag)).status !== 400; i++) { assert.ok(i < 500); await new Promise((done) => setTimeout(done, 100)) }
  assert.equal((await s.sealed((e) => e.type === 'input.rejected')).body.access.rule, 'consent-withdrawn')
  assert.notEqual((await ask({ 'x-custos-repo': 'acme/other' })).status, 400)
  taken('consent.recorded', 'consent=acme/fixtures', 'basis=consent', 'decided_on=2026-11-21', 'source=Register, row 2')
  for (let i = 0; (await ask(tag)).status === 400; i++) { assert.ok(i < 500); await new Promise((done) => setTimeout(done, 100)) }
})

test('a configuration that was changed on disk, and thresholds that are crossed, are told', async () => {
  appendFileSync(s.config, '# a remark\n')
  const drift = await wait(() => org('config.drift')[0])
  assert.equal(drift.body.what, 'configuration')
  assert.notEqual(drift.body.expected, drift.body.found)
  await s.stop()
  s.options.extra = more.replace('memory_percent: 0', 'memory_percent: 1')
  await s.start()
  check()
  assert.equal((await s.sealed((e) => e.type === 'capacity.threshold', 'org')).body.resource, 'memory_percent')
  check()
  assert.equal(org('capacity.threshold').length, 1) // once, until it is over
  assert.equal(org('upstream_key.rotated').length, 1)
  await wait(() => org('config.changed').length === 2)
  assert.deepEqual(s.json('register', 'list', 'configuration').items.map((x) => x.state), ['running', 'replaced'])
  await s.stop()
  s.options.extra = more
  await s.start()
  check()
  await s.sealed((e) => e.type === 'capacity.cleared', 'org')
})

test('a tenant that is erased is told to be retired', async () => {
  const r = s.run('erase', '--tenant', 'acme', '--basis', 'End of contract', '--config', s.config, '--format', 'json')
  assert.equal(r.status, 0, r.stdout + r.stderr)
  const second = await join(s, 'pia', 'owner')
  const approved = await take(second, 'erasure.approved', { erasure: JSON.parse(r.stdout).order.id })
  assert.equal(approved.status, 201, await approved.text())
  assert.equal((await s.sealed((e) => e.type === 'tenant.offboarded', 'org')).body.tenant, 'acme')
})

test('the catalogue says what it covers: every source but feeds is written by something', () => {
  const c = JSON.parse(s.run('control', 'coverage', '--format', 'json').stdout)
  assert.equal(c.controls, 68)
  for (const k of c.items) for (const x of k.sources) for (const e of x.events) assert.ok(x.feed || !x.written || e.by !== 'nobody' || x.events.some((o) => o.by !== 'nobody'), k.id)
  assert.ok(c.criteria_automatic >= 38, c.criteria_automatic)
  assert.ok(c.controls_written >= 67, c.controls_written)
  assert.ok(c.probes_there >= 55, c.probes_there)
})
