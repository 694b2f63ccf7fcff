// Every probe holds on a good installation; and each turns red when what it tests does not hold: in front of a
// gateway that enforces nothing, beside a signer that signs everything, over rules and logs that were changed.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync, unlinkSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { custos, System } from './system.mjs'

let system, runDir, open
before(async () => {
  system = new System({ workers: 2, extra: 'probes: {schedule: false}\n' })
  const rules = join(system.dir, 'rules/secrets')
  mkdirSync(rules, { recursive: true })
  writeFileSync(join(rules, 'own.yaml'), rule('zz'))
  system.options.extra += `rules: ${system.dir}/rules\n`
  await system.start()
  const dir = `${system.dir}/state`
  const short = createHash('sha256').update(dir).digest('hex').slice(0, 8)
  runDir = [`/run/custos-${short}`, `${dir}/run`, `/tmp/custos-${process.getuid()}-${short}`].find((d) => existsSync(`${d}/sink.port`))
  open = await openGateway(Number(readFileSync(`${runDir}/sink.port`, 'utf8')))
})
after(async () => {
  open.closeAllConnections()
  open.close()
  system.unsound = true // entries were changed on purpose
  await system.remove()
})

function rule(word) { return `rules:
  - id: own-code
    type: SECRET
    title: A code of our own
    pattern: '\\bzz-[0-9a-f]{20}\\b'
    severity: high
    confidence: 90
    source: our own
    examples: ['code [[${word}-<hex*20>]] ends', 'so [[${word}-<hex*20>]]', '[[${word}-<hex*20>]] it is']
    counter_examples: ['zz-12', 'zz', 'none']
` }

// What a gateway would be that asks nobody who they are and lets everything pass as it came: a gateway with no
// control at all. It answers with an id, as ours does, but writes nothing.
function openGateway(sinkPort) {
  let n = 0
  const server = http.createServer((req, res) => {
    const parts = []
    req.on('error', () => {})
    req.on('data', (d) => parts.push(d))
    req.on('end', () => {
      res.setHeader('request-id', '01J9ZK4V3T7Q8R5S6W2X1Y' + String(n++).padStart(4, '0'))
      if (!req.url.startsWith('/vendor/')) return res.end('{}')
      const body = Buffer.concat(parts)
      const up = http.request({ host: '127.0.0.1', port: sinkPort, path: '/v1/messages', method: 'POST', headers: { 'content-type': 'application/json', 'content-length': body.length } }, (answer) => {
        const got = []
        answer.on('data', (d) => got.push(d))
        answer.on('end', () => res.end(Buffer.concat(got)))
      })
      up.on('error', () => res.destroy())
      up.end(body)
    })
  })
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)))
}

// Not spawnSync: the open gateway lives in this process.
function probe(name, ...args) { return probeWith({}, name, ...args) }
function probeWith(env, name, ...args) {
  return new Promise((done) => {
    const child = spawn(custos, ['probe', name, '--config', system.config, '--format', 'json', ...args], { cwd: system.dir, env: { ...process.env, ...env } })
    let out = '', err = ''
    child.stdout.on('data', (d) => (out += d))
    child.stderr.on('data', (d) => (err += d))
    child.on('close', (status) => done({ status, err, result: out ? JSON.parse(out) : null }))
  })
}
const admin = (path) => new Promise((done, fail) => http.get({ socketPath: `${runDir}/admin.sock`, path }, (a) => {
  let t = ''
  a.on('data', (d) => (t += d)).on('end', () => done(JSON.parse(t)))
}).on('error', fail))
const verdicts = (r) => Object.fromEntries(r.result.results.map((x) => [x.id, x.verdict]))
const openUrl = () => `http://127.0.0.1:${open.address().port}`

const noData = ['pin-spec-matches-config', 'prv-notice-provider-list-current']
let list
test('the list says what each is, and that none has run', () => {
  list = system.json('probe', 'list').items
  assert.ok(list.length >= 59)
  for (const p of list) {
    assert.deepEqual([p.last_run, p.last_outcome], [null, null])
    assert.ok(p.controls.length && p.attacks && p.attempts && p.every_seconds, p.name)
  }
  const controls = readFileSync(new URL('../../catalog/controls.yaml', import.meta.url), 'utf8')
  for (const id of list.flatMap((p) => p.controls)) assert.ok(controls.includes(`- id: ${id}\n`), id)
})

test('all of them hold, each is sealed with its controls and outcome, and none is traffic', async () => {
  const r = await probe('all')
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
  const json = await admin('/api/v1/probes')
  assert.equal(json.probe.entry.body.probe, 'isolation')
})

// Which attacks a gateway without any control lets through. What is not in the list is not its business.
for (const name of ['iam-anon-refused', 'iam-revoked-key-refused', 'iam-console-closed', 'net-limit-enforced', 'dat-canary-stripped', 'dat-blocked-refused', 'iam-restricted-repo-denied', 'net-weak-tls-refused', 'net-unapproved-vendor-denied', 'ven-expired-assessment-blocks', 'pin-malformed-rejected', 'pin-record-fields-complete',
  'gov-self-approval-refused', 'gov-counter-reconcile', 'rsk-unknown-model-denied', 'rsk-stale-evidence-opens-finding', 'iam-review-removal-enforced', 'iam-admin-needs-2fa', 'iam-denied-tool-stripped', 'dat-default-confidential', 'dat-no-plaintext-at-rest', 'ten-stage-tenant-equal', 'pin-known-bad-flagged', 'pin-forbidden-host-blocked', 'pin-roundtrip-split',
  'chg-unreviewed-merge-detected', 'chg-deploy-without-approval-refused', 'chg-failing-check-blocks', 'ven-no-report-strict-profile', 'ven-training-term-required', 'ven-retention-not-over-commitment', 'ven-failover-works', 'ops-synthetic-alert-delivered', 'ops-sla-clock-breach-escalates', 'ops-vuln-sla-clock', 'ops-affected-records-query', 'prv-withdrawn-dataset-denied', 'prv-disclosure-account'])
  test(`${name} turns red before a gateway without controls`, async () => {
    const r = await probe(name, '--gateway', openUrl())
    assert.equal(r.status, 1, r.err)
    assert.deepEqual(Object.entries(verdicts(r)).filter(([, v]) => v !== 'broken'), [])
    const leaf = await system.sealed((e) => e.type === 'probe.completed' && e.body.probe === name && e.body.outcome === 'broken', 'org')
    assert.deepEqual([leaf.body.broken, leaf.body.elsewhere], [leaf.body.attacks, true])
  })

test('a gateway that takes runs of probes from anybody, and registers no vendor', async () => {
  assert.deepEqual(verdicts(await probe('rsk-probe-meta', '--gateway', openUrl())), { 'forged-run': 'broken', 'on-time': 'held' })
  assert.deepEqual(verdicts(await probe('ven-traffic-vendor-registered', '--gateway', openUrl())), { 'all-vendors': 'held', 'new-vendor': 'broken' })
})

// What a library says in the place of the system's, for one run and the second Custos that it starts.
const preload = (name, code) => {
  writeFileSync(join(system.dir, `${name}.c`), code)
  execFileSync('gcc', ['-shared', '-fPIC', '-o', join(system.dir, `${name}.so`), join(system.dir, `${name}.c`), '-ldl'])
  return { LD_PRELOAD: join(system.dir, `${name}.so`) }
}

test('a baseline that does not see a mode, a bundle that everybody may read, a log that no longer verifies', async () => {
  const blind = preload('blind', '#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <sys/types.h>\nint chmod(const char *p, mode_t m) { int (*f)(const char *, mode_t) = dlsym(RTLD_NEXT, "chmod"); return m == 0644 ? 0 : f(p, m); }\n')
  assert.deepEqual(verdicts(await probeWith(blind, 'ops-drift-detected')), { 'key-readable': 'broken' })
  const open = preload('open', '#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <sys/types.h>\nint chmod(const char *p, mode_t m) { int (*f)(const char *, mode_t) = dlsym(RTLD_NEXT, "chmod"); return f(p, m == 0640 ? 0644 : m); }\n')
  assert.equal(verdicts(await probeWith(open, 'iam-upstream-key-not-readable')).bundle, 'broken')
  const torn = preload('torn', 'int system(const char *c) { return 256; }\n')
  assert.deepEqual(verdicts(await probeWith(torn, 'prv-find-and-erase-subject')), { 'find-and-erase': 'broken' })
  assert.deepEqual(verdicts(await probeWith(torn, 'iam-shredded-tenant-unreadable')), { 'erased-tenant': 'broken' })
})

test('a scan and rules for code that find nothing', async () => {
  assert.deepEqual(verdicts(await probe('dat-planted-secret-found', '--value', 'an ordinary word')), { file: 'broken', history: 'broken' })
  const catalog = join(system.dir, 'catalog')
  cpSync(new URL('../../catalog', import.meta.url).pathname, catalog, { recursive: true })
  const file = join(catalog, 'rules/code/python.yaml'), text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace(/(- id: py-eval[\s\S]*?call: \[)[^\]]*\]/, '$1never_called]'))
  assert.notEqual(readFileSync(file, 'utf8'), text)
  const r = await probeWith({ CUSTOS_CATALOG: catalog }, 'pin-validator-corpus')
  assert.deepEqual([r.status, verdicts(r)], [1, { samples: 'broken' }], r.err)
})

test('an auditor plants a value of his own: one that is known is held, one that nothing knows gets through', async () => {
  const known = await probe('dat-canary-stripped', '--value', ['AK', 'IA', 'QWERTZ7UIOPASDFG'].join(''))
  assert.equal(verdicts(known)['aws-key'], 'held')
  const unknown = await probe('dat-canary-stripped', '--value', 'an ordinary word')
  assert.equal(unknown.status, 1)
  assert.equal(verdicts(unknown).email, 'broken')
  const leaf = await system.sealed((e) => e.type === 'probe.completed' && e.body.own_value && e.body.outcome === 'broken', 'org')
  assert.ok(!JSON.stringify(leaf).includes('ordinary'))
  assert.equal((await probe('net-limit-enforced', '--value', 'word')).status, 2)
})

test('what was aimed elsewhere, or planted by hand, changes the state of no control', async () => {
  const state = Object.fromEntries((await admin('/api/v1/controls')).items.map((c) => [c.id, c.probe?.outcome]))
  assert.deepEqual([state['IAM-01'], state['DAT-02'], state['NET-01']], ['held', 'held', 'held'])
})

test('what could not be tried is no data: nothing answers there', async () => {
  const r = await probe('net-limit-enforced', '--gateway', 'http://127.0.0.1:1')
  assert.deepEqual([r.status, r.result.outcome, r.result.failed], [2, 'failed', 1])
  await system.sealed((e) => e.type === 'probe.completed' && e.body.outcome === 'failed', 'org')
})

test('rules whose examples no longer hold', async () => {
  const file = join(system.dir, 'rules/secrets/own.yaml')
  writeFileSync(file, rule('yy'))
  const r = await probe('dat-canary-matrix')
  assert.equal(r.status, 1)
  assert.match(r.result.results[0].saw, /own-code/)
  writeFileSync(file, rule('zz'))
})

test('less room than there must be', async () => {
  const config = readFileSync(system.config, 'utf8')
  writeFileSync(system.config, config.replace('schedule: false', 'schedule: false, min_free_mib: 1000000000'))
  const r = await probe('avl-disk-threshold-alert')
  writeFileSync(system.config, config)
  assert.deepEqual([r.status, verdicts(r).space], [1, 'broken'])
})

test('a configuration that lets vendors without an assessment pass', async () => {
  const config = readFileSync(system.config, 'utf8')
  writeFileSync(system.config, config + 'allow_unassessed: true\n')
  const r = await probe('net-unapproved-vendor-denied')
  writeFileSync(system.config, config)
  assert.deepEqual([r.status, verdicts(r)], [1, { refused: 'held', unassessed: 'broken', unknown: 'held' }], r.err)
})

test('a restore that was verified is on record; nothing of it stays', async () => {
  const e = await system.sealed((x) => x.type === 'restore.verified', 'org')
  assert.ok(e.body.size > 0 && e.body.entries >= e.body.size && e.body.secrets && e.body.signer, JSON.stringify(e.body))
  assert.deepEqual(readdirSync(join(system.dir, 'state')).filter((n) => n.startsWith('probe-restore')), [])
})

test('what a run that was killed left behind goes, what another is at work on stays', async () => {
  const gone = join(system.dir, 'state/probe-restore.4194305.abcdef'), alive = join(system.dir, `state/probe-restore.${process.pid}.abcdef`) // beyond the highest number of a process
  for (const d of [gone, alive]) { mkdirSync(join(d, 'to'), { recursive: true }); writeFileSync(join(d, 'to/file'), 'x') }
  const r = await probe('avl-restore-verifies')
  assert.deepEqual([r.status, existsSync(gone), existsSync(alive)], [0, false, true], r.err)
  rmSync(alive, { recursive: true })
})

test('no room for a restore is no data, and nothing is taken of what is left', async () => {
  const config = readFileSync(system.config, 'utf8')
  writeFileSync(system.config, config.replace('schedule: false', 'schedule: false, min_free_mib: 1000000000'))
  const r = await probe('avl-restore-verifies')
  writeFileSync(system.config, config)
  assert.deepEqual([r.status, r.result.outcome, r.result.failed], [2, 'failed', 7])
  assert.match(r.result.results[0].saw, /MiB are free/)
})

test('an address that answers without TLS', async () => {
  const r = await probe('net-plain-listen-refused', '--gateway', openUrl())
  assert.deepEqual([r.status, verdicts(r)], [1, { 'listen-everywhere': 'held', 'provider-in-clear': 'held', 'asked-in-clear': 'broken' }])
})

test('a gateway that takes every signature for good', async () => {
  writeFileSync(join(system.dir, 'any.c'), 'int EVP_DigestVerify(void *c, const unsigned char *s, unsigned long n, const unsigned char *t, unsigned long m) { return 1; }\n')
  execFileSync('gcc', ['-shared', '-fPIC', '-o', join(system.dir, 'any.so'), join(system.dir, 'any.c')])
  const r = await probeWith({ LD_PRELOAD: join(system.dir, 'any.so') }, 'chg-unsigned-bundle-refused')
  assert.deepEqual([r.status, verdicts(r)], [1, { changed: 'broken', 'no-signature': 'broken', 'other-key': 'broken', older: 'held' }], JSON.stringify(r.result?.results) + r.err)
})

test('a clock that was moved while nobody recorded it', async () => {
  writeFileSync(join(system.dir, 'moved.c'), '#define _GNU_SOURCE\n#include <time.h>\n#include <unistd.h>\n#include <sys/syscall.h>\nint clock_gettime(clockid_t c, struct timespec *t) { long r = syscall(SYS_clock_gettime, c, t); if (c == CLOCK_REALTIME) t->tv_sec += 30; return (int)r; }\n')
  execFileSync('gcc', ['-shared', '-fPIC', '-o', join(system.dir, 'moved.so'), join(system.dir, 'moved.c')])
  const r = await probeWith({ LD_PRELOAD: join(system.dir, 'moved.so') }, 'ops-clock-watched')
  assert.deepEqual([r.status, verdicts(r)], [1, { 'step-noticed': 'broken', 'recorded-in-time': 'broken' }], JSON.stringify(r.result?.results) + r.err)
})

test('the schedule runs what is due and says so; nothing of a run is left when Custos stops', async () => {
  const s = await new System({ workers: 1, extra: 'probes: {after: 1}\n' }).start()
  try {
    assert.ok(s.pids('prober')[0] > 0)
    let leaf
    for (let i = 0; i < 600 && !leaf; i++) {
      leaf = s.entries('org').find((e) => e.type === 'probe.completed')
      await new Promise((done) => setTimeout(done, 100))
    }
    assert.deepEqual([leaf.body.probe, leaf.body.started, leaf.body.outcome], ['iam-anon-refused', 'schedule', 'held'])
  } finally { await s.remove() }
})

test('a signer that signs everything', async () => {
  const at = `${runDir}/signer/sock`
  renameSync(at, at + '.kept') // the sequencer stays connected to the true one
  const server = net.createServer((c) => c.on('error', () => {}).on('data', () => c.write('note 5\nnote\n')))
  await new Promise((done) => server.listen(at, done))
  const r = await probe('pin-tamper-detected')
  server.close()
  if (existsSync(at)) unlinkSync(at)
  renameSync(at + '.kept', at)
  assert.deepEqual([r.status, verdicts(r)], [1, { verify: 'held', 'head-fresh': 'held', 'signer-smaller': 'broken', 'signer-other': 'broken', 'signer-fork': 'broken' }])
})

test('a log that was changed', async () => {
  const dir = join(system.status.log_dir, 't/acme/tile/entries')
  const name = readdirSync(dir).find((f) => f.endsWith('.p'))
  for (const width of readdirSync(join(dir, name))) {
    const file = join(dir, name, width), b = readFileSync(file)
    b[b.indexOf('key.issued')] ^= 1
    writeFileSync(file, b)
  }
  const r = await probe('pin-tamper-detected')
  assert.deepEqual([r.status, verdicts(r).verify], [1, 'broken'], JSON.stringify(r.result?.results))
  const restored = await probe('avl-restore-verifies') // a faithful copy of what is broken
  assert.deepEqual([restored.status, restored.result.broken > 0], [1, true], JSON.stringify(restored.result?.results))
  assert.equal(verdicts(restored)['restored-recorded'], 'failed')
})
