// Probes turn red in front of a gateway that enforces nothing.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { admin, openGateway, probeOf, runDirOf, verdicts } from './probing.mjs'
import { System } from './system.mjs'

// Which attacks a gateway without any control lets through. What is not in the list is not its business.
const names = ['iam-anon-refused', 'iam-revoked-key-refused', 'iam-console-closed', 'net-limit-enforced', 'dat-canary-stripped', 'dat-blocked-refused', 'iam-restricted-repo-denied', 'net-weak-tls-refused', 'net-unapproved-vendor-denied', 'ven-expired-assessment-blocks', 'pin-malformed-rejected', 'pin-record-fields-complete',
  'gov-self-approval-refused', 'gov-ack-before-key', 'gov-training-expiry-suspends', 'gov-counter-reconcile', 'rsk-unknown-model-denied', 'rsk-stale-evidence-opens-finding', 'iam-review-removal-enforced', 'iam-admin-needs-2fa', 'iam-denied-tool-stripped', 'dat-default-confidential', 'dat-no-plaintext-at-rest', 'ten-stage-tenant-equal', 'pin-known-bad-flagged', 'pin-forbidden-host-blocked', 'pin-roundtrip-split',
  'chg-unreviewed-merge-detected', 'chg-deploy-without-approval-refused', 'chg-failing-check-blocks', 'ven-no-report-strict-profile', 'ven-training-term-required', 'ven-retention-not-over-commitment', 'ven-failover-works', 'ops-synthetic-alert-delivered', 'ops-sla-clock-breach-escalates', 'ops-vuln-sla-clock', 'ops-affected-records-query', 'prv-withdrawn-dataset-denied', 'prv-no-purpose-no-pass', 'prv-disclosure-account']
// run against Custos itself before
const here = { 'IAM-01': ['iam-anon-refused'], 'DAT-02': ['dat-canary-stripped', 'dat-blocked-refused'], 'NET-01': ['net-weak-tls-refused', 'net-plain-listen-refused'] }
const AT_ONCE = 4 // some of them wait half a minute for an entry that never comes
const runs = new Map() // by name: a promise of what the probe said
let system, open

before(async () => {
  system = await new System({ workers: 2, extra: 'probes: {schedule: false}\n' }).start()
  for (const name of Object.values(here).flat()) assert.equal((await probeOf(system, {}, name)).status, 0, name)
  open = await openGateway(runDirOf(system))
  const lanes = Array(AT_ONCE).fill(Promise.resolve())
  names.forEach((name, i) => {
    const run = lanes[i % AT_ONCE].then(() => probeOf(system, {}, name, '--gateway', `http://127.0.0.1:${open.address().port}`))
    lanes[i % AT_ONCE] = run.catch(() => {})
    runs.set(name, run)
  })
})
after(async () => {
  open?.closeAllConnections()
  open?.close()
  await system?.remove()
})

for (const name of names)
  test(`${name} turns red before a gateway without controls`, async () => {
    const r = await runs.get(name)
    assert.equal(r.status, 1, r.err + JSON.stringify(r.result))
    assert.deepEqual(Object.entries(verdicts(r)).filter(([, v]) => v !== 'broken'), [])
    const leaf = await system.sealed((e) => e.type === 'probe.completed' && e.body.probe === name && e.body.outcome === 'broken', 'org')
    assert.deepEqual([leaf.body.broken, leaf.body.elsewhere], [leaf.body.attacks, true])
  })

test('a gateway that takes runs of probes and promises from anybody, and registers no vendor', async () => {
  const at = ['--gateway', `http://127.0.0.1:${open.address().port}`]
  // most probes have not run here, so that nothing can be said of their time
  assert.deepEqual(verdicts(await probeOf(system, {}, 'rsk-probe-meta', ...at)), { 'forged-run': 'broken', 'on-time': 'failed' })
  assert.deepEqual(verdicts(await probeOf(system, {}, 'gov-commitment-has-control', ...at)), { 'no-control': 'broken', 'unknown-control': 'broken', 'in-force': 'failed' })
  assert.deepEqual(verdicts(await probeOf(system, {}, 'ven-traffic-vendor-registered', ...at)), { 'all-vendors': 'held', 'new-vendor': 'broken' })
})

test('what was aimed elsewhere, or planted by hand, changes the state of no control', async () => {
  const state = Object.fromEntries((await admin(system, '/api/v1/controls')).items.map((c) => [c.id, c.probe?.outcome]))
  for (const control of Object.keys(here)) assert.equal(state[control], 'held', control)
})
