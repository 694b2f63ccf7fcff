// Populations, samples and bundles of a running system, through the command line and the API behind it.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { System, build } from '../gateway/system.mjs'

const FROM = '2026-01-01', TO = '2090-01-01'
// tenants drawn anew for each run: names, users and how much each did
const tenants = ['acme', ...Array.from({ length: 5 }, () => 'x' + randomBytes(6).toString('hex'))]
const did = {}
let s

before(async () => {
  s = await new System({ extra: tenants.slice(1).map((t) => `  - name: ${t}\n`).join('') }).start()
  for (const t of tenants) {
    did[t] = { keys: [], users: [], names: [] }
    const n = 1 + randomBytes(1)[0] % 7
    for (let i = 0; i < n; i++) {
      const user = 'u' + randomBytes(8).toString('hex')
      did[t].keys.push(s.json('key', 'issue', '--tenant', t, '--user', user).id)
      did[t].users.push(s.json('key', 'list').items.find((k) => k.id === did[t].keys.at(-1)).person)
      did[t].names.push(user)
    }
  }
})
after(async () => s?.remove())

const verify = (file, ...more) => spawnSync(join(build, 'src/verify/custos-verify'), [file, ...more], { encoding: 'utf8' })
const scope = (tenant) => ['--from', FROM, '--to', TO, ...(tenant ? ['--tenant', tenant] : [])]
const bundle = (name, tenant) => {
  const file = join(s.dir, name)
  s.json('export', ...scope(tenant), '--out', file)
  return { file, bytes: spawnSync('zstd', ['-dqc', file], { maxBuffer: 1 << 28 }).stdout }
}

let p
test('a population holds every entry of its control, and is listed again byte by byte', async () => {
  p = s.json('evidence', 'population', 'IAM-02', ...scope('acme'))
  const d = p.document
  assert.equal(d.count, did.acme.keys.length + 1) // the system's own key
  assert.deepEqual(d.types, ['key.issued', 'key.revoked', 'key.rotated'])
  const first = s.run('evidence', 'show', p.id, '--config', s.config), again = s.run('evidence', 'show', p.id, '--config', s.config)
  assert.equal(first.status, 0, first.stderr)
  assert.equal(first.stdout, again.stdout)
  assert.equal(spawnSync('sha256sum', { input: first.stdout }).stdout.toString().slice(0, 64), d.digest)
  const rows = first.stdout.trim().split('\n').map((l) => JSON.parse(l)), entries = s.entries('t/acme')
  for (const r of rows) assert.equal(entries[r.index].id, r.id)
  assert.equal(rows.length, entries.filter((e) => e.type.startsWith('key.')).length)
  const sealed = await s.sealed((e) => e.type === 'population.frozen' && e.id === p.id, 't/acme')
  assert.deepEqual(sealed.body, d)
})

test('asked again later, when the log has grown, the listing is the same', () => {
  s.json('key', 'issue', '--tenant', 'acme', '--user', 'later')
  const r = s.run('evidence', 'show', p.id, '--again', '--config', s.config)
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.match(r.stdout, /the same listing/)
})

test('as CSV', () => {
  const r = s.run('evidence', 'show', p.id, '--config', s.config, '--format', 'csv')
  const lines = r.stdout.trim().split('\n')
  assert.equal(lines[0], 'log,index,ts,type,actor,id,leaf')
  assert.equal(lines.length, p.document.count + 1)
  assert.match(lines[1], /^"t\/acme",\d+,"20/)
})

test('over the whole organisation, with a filter of the catalogue', () => {
  const all = s.json('evidence', 'population', 'IAM-02', ...scope())
  assert.equal(all.document.count, 2 + tenants.reduce((n, t) => n + did[t].keys.length, 0))
  assert.equal(all.document.tenant, '')
  const probes = s.json('evidence', 'population', 'TEN-02', ...scope('org'))
  assert.deepEqual(probes.document.where, [{ field: 'probe', value: 'isolation' }])
  assert.equal(probes.document.count, 0)
})

test('a sample: its rows are the seed\'s, each with a proof that holds; size auto says why', () => {
  const out = join(s.dir, 'items')
  const r = s.json('evidence', 'sample', p.id, '--seed', 'auditor 42', '--size', '1', '--out', out)
  assert.equal(r.items.length, 1)
  const [item] = r.items, key = join(s.status.log_dir, 't/acme/vkey')
  const v = spawnSync(join(build, 'src/verify/custos-verify'), ['--proof', join(out, `${item.row}.tlog-proof`), '--leaf', join(out, `${item.row}.json`), '--vkey', key])
  assert.equal(v.status, 0, v.stdout.toString())
  assert.equal(s.json('evidence', 'sample', p.id, '--seed', 'auditor 42', '--size', '1').document.rows, r.document.rows)
  const auto = s.json('evidence', 'sample', p.id, '--seed', '7')
  assert.match(auto.document.why, /IAM-02 is a control by event: 10 percent of the rows, at least 5, at most 40; house default/)
  assert.equal(auto.items.length, Math.min(5, p.document.count))
})

test('a bundle of a tenant verifies, with its populations and samples', () => {
  const { file } = bundle('acme.tar.zst', 'acme')
  const r = verify(file, '--vkey', (() => {
    const keys = join(s.dir, 'keys')
    spawnSync('sh', ['-c', `cat ${s.status.log_dir}/t/acme/vkey ${s.status.log_dir}/anchor/vkey >${keys}`])
    return keys
  })())
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.match(r.stdout, /populations: 1, /)
  assert.match(r.stdout, /samples: 3, /)
  assert.match(r.stdout, /the anchor log states the same history/)
  assert.ok(s.entries('t/acme').some((e) => e.type === 'sample.drawn'))
})

test('nothing of another tenant is in a tenant\'s bundle', () => {
  for (const t of tenants) {
    const { file, bytes } = bundle(`${t}.of.zst`, t)
    assert.equal(verify(file).status, 0, verify(file).stdout)
    assert.ok(bytes.includes(did[t].users[0]), 'its persons are in it, by pseudonym')
    for (const name of did[t].names) assert.ok(!bytes.includes(name), 'and not by name')
    for (const other of tenants.filter((o) => o !== t)) {
      for (const word of [...did[other].users, ...did[other].keys, ...(other === 'acme' ? ['t/acme', '"acme"'] : [other])]) {
        assert.ok(!bytes.includes(word), `${word} of ${other} is in the bundle of ${t}`)
      }
    }
  }
})

test('a bundle of everything verifies too, and an export is an entry', async () => {
  const { file } = bundle('all.tar.zst')
  const r = verify(file)
  assert.equal(r.status, 0, r.stdout + r.stderr)
  const e = await s.sealed((e) => e.type === 'export.made' && e.body.tenant === '', 'org')
  assert.equal(e.body.to, '2090-01-01T00:00:00.000Z')
})

test('a file that cannot be written to its end leaves nothing behind', () => {
  const file = join(s.dir, 'cut.zst')
  // no file of this process may grow beyond 512 bytes: what a full disk is for it
  const r = spawnSync('sh', ['-c', `trap '' XFSZ; ulimit -f 1; exec ${join(build, 'custos')} "$@"`, 'sh', 'export', ...scope('acme'), '--out', file, '--config', s.config], { encoding: 'utf8' })
  assert.deepEqual([r.status, r.signal], [2, null], r.stdout + r.stderr)
  assert.match(r.stderr, /cut\.zst|written/)
  assert.deepEqual(readdirSync(s.dir).filter((n) => n.startsWith('cut')), [])
})

test('mistakes are named', () => {
  const fails = (args, pattern) => {
    const r = s.run(...args, '--config', s.config)
    assert.equal(r.status, 2)
    assert.match(r.stderr, pattern)
  }
  fails(['evidence', 'population', 'XX-99', ...scope('acme')], /No control of this id/)
  fails(['evidence', 'population', 'IAM-02', '--from', 'monday', '--to', TO], /must be dates/)
  fails(['evidence', 'population', 'IAM-02', '--from', TO, '--to', FROM], /from before to/)
  fails(['evidence', 'population', 'IAM-02', ...scope('nobody')], /Known are|no tenant|acme/)
  fails(['evidence', 'sample', '01ARZ3NDEKTSV4RRFFQ69G5FAV', '--seed', '1'], /no population of this id/)
  fails(['evidence', 'sample', p.id, '--seed', '1', '--size', '1001'], /size must be/)
  fails(['evidence', 'sample', p.id, '--seed', 'a"b', '--size', '1'], /seed must be/)
  fails(['evidence', 'show', '../../origin'], /no file of this id|no such path/)
  fails(['export', ...scope('nobody'), '--out', join(s.dir, 'no')], /acme/)
  assert.ok(!existsSync(join(s.dir, 'no')))
  assert.deepEqual(readdirSync(s.dir).filter((n) => n.endsWith('.part')), [])
  assert.equal(s.verify().status, 0)
})
