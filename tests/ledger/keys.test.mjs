// Keys of the log: replaced while the log grows, lost memory, open files, strangers.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { thirdParty } from '../verify-go/built.mjs'

const build = process.env.CUSTOS_BUILD ?? resolve('build')
const dir = mkdtempSync(join(tmpdir(), 'custos-keys-'))
let go
const run = (cmd, args, env) => spawnSync(cmd, args, { encoding: 'utf8', env: { ...process.env, ...env } })
const makeLog = (to, ...args) => run(join(build, 'tests/ledger/make-log'), [to, ...args.map(String)])
const ours = (log, ...more) => run(join(build, 'src/verify/custos-verify'), [log, ...more])
const lines = (f) => readFileSync(f, 'utf8').split('\n').filter(Boolean)
const copy = (name) => {
  cpSync(join(dir, 'a'), join(dir, name), { recursive: true })
  return join(dir, name)
}

before(() => {
  go = thirdParty()
  assert.equal(makeLog(join(dir, 'a'), 300, 2).status, 0)
})
after(() => rmSync(dir, { recursive: true, force: true }))

test('during the overlap both keys sign, after it the new one alone, and every verifier is content', () => {
  const at = copy('rotate'), acme = join(at, 'log/t/acme')
  const old = readFileSync(join(acme, 'vkey'), 'utf8').trim()
  const oldSize = lines(join(acme, 'checkpoint'))[1]
  let r = makeLog(at, 60, 2, 'rotate=3')
  assert.equal(r.status, 0, r.stderr)
  assert.equal(lines(join(acme, 'checkpoint')).filter((l) => l.startsWith('—')).length, 2)
  const both = lines(join(acme, 'vkeys'))
  assert.equal(both.length, 2)
  assert.equal(both[0], `${old} 0 -`)
  assert.ok(Number(both[1].split(' ')[1]) > Number(oldSize))
  assert.equal(readFileSync(join(acme, 'vkey'), 'utf8').trim(), both[1].split(' ')[0])
  assert.equal(ours(join(at, 'log')).status, 0)
  assert.match(run(go, [acme]).stdout, /^intact/)
  // a verifier that trusts the old key alone is still content
  const trusted = (of) => {
    writeFileSync(join(at, 'trusted'), ['org', 't/acme', 'anchor'].flatMap((l) => of(lines(join(at, 'log', l, 'vkeys')))).join('\n'))
    return ours(join(at, 'log'), '--vkey', join(at, 'trusted'))
  }
  assert.equal(trusted((v) => [v[0].split(' ')[0]]).status, 0)
  const before = lines(join(acme, 'checkpoint'))[1]
  spawnSync('sleep', ['3.2'])
  r = makeLog(at, 60, 2)
  assert.equal(r.status, 0, r.stderr)
  assert.equal(lines(join(acme, 'checkpoint')).filter((l) => l.startsWith('—')).length, 1)
  assert.equal(lines(join(acme, 'vkeys'))[0], `${old} 0 ${before}`)
  assert.equal(ours(join(at, 'log')).status, 0, ours(join(at, 'log')).stdout)
  assert.match(run(go, [acme]).stdout, /^intact/)
  assert.equal(trusted((v) => v).status, 0)
  r = trusted((v) => [v[0]])
  assert.equal(r.status, 1)
  assert.match(r.stdout, /good for its size/)
  // no seed of the old key is left
  assert.equal(lines(join(at, 'signer/keys')).filter((l) => l.startsWith('key ')).length, 1)
  assert.equal(lines(join(at, 'signer/keys')).filter((l) => l.startsWith('gone ')).length, 1)
})

test('a stolen key signs no more: overlap 0, and a second rotation waits for the first', () => {
  const at = copy('stolen')
  let r = makeLog(at, 30, 1, 'rotate=0')
  assert.equal(r.status, 0, r.stderr)
  assert.equal(lines(join(at, 'log/org/checkpoint')).filter((l) => l.startsWith('—')).length, 1)
  assert.equal(ours(join(at, 'log')).status, 0, ours(join(at, 'log')).stdout)
  assert.equal(makeLog(at, 30, 1, 'rotate=60').status, 0)
  r = makeLog(at, 30, 1, 'rotate=60')
  assert.notEqual(r.status, 0)
  assert.match(r.stderr, /still being replaced/)
})

test('a signer that lost its memory is shown its own signature, and forks no more than before', () => {
  const at = copy('lost'), memory = readdirSync(join(at, 'signer')).filter((n) => n.startsWith('last-'))
  for (const n of memory) unlinkSync(join(at, 'signer', n))
  const r = makeLog(at, 30, 1)
  assert.equal(r.status, 0, r.stderr)
  assert.match(r.stderr, /recalled org had 0/)
  // without a checkpoint of its own it signs nothing for a log that it knows
  for (const n of memory) unlinkSync(join(at, 'signer', n))
  rmSync(join(at, 'log'), { recursive: true })
  const refused = makeLog(at, 30, 1)
  assert.notEqual(refused.status, 0)
  assert.match(refused.stderr, /lost its memory/)
})

test('two folders with one signer: the second is a fork, whether smaller, larger or of the same size', () => {
  const at = copy('one')
  cpSync(join(at, 'log'), join(at, 'other'), { recursive: true })
  cpSync(join(at, 'spool'), join(at, 'other-spool'), { recursive: true })
  assert.equal(makeLog(at, 30, 1).status, 0)
  const swap = () => {
    for (const n of ['log', 'spool']) rmSync(join(at, n), { recursive: true })
    cpSync(join(at, 'other'), join(at, 'log'), { recursive: true })
    cpSync(join(at, 'other-spool'), join(at, 'spool'), { recursive: true })
  }
  for (const count of [10, 30, 300]) {
    swap()
    const r = makeLog(at, count, 1)
    assert.notEqual(r.status, 0, String(count))
    assert.match(r.stderr, /set back/)
  }
})

test('a tree that the signer signed elsewhere, of the same size, is called a fork', () => {
  const at = copy('same'), twin = copy('twin')
  assert.equal(makeLog(at, 30, 1).status, 0)
  assert.equal(makeLog(twin, 30, 1).status, 0) // the same key: its state folder was copied
  rmSync(join(at, 'log'), { recursive: true })
  cpSync(join(twin, 'log'), join(at, 'log'), { recursive: true })
  const r = makeLog(at, 30, 1)
  assert.notEqual(r.status, 0)
  assert.match(r.stderr, /fork/)
})

test('keys that others can read are refused, and so is a stranger in place of the key', () => {
  const at = copy('open')
  assert.equal(statSync(join(at, 'signer/keys')).mode & 0o777, 0o600)
  chmodSync(join(at, 'signer/keys'), 0o644)
  assert.match(makeLog(at, 30, 1).stderr, /open to others/)
  unlinkSync(join(at, 'signer/keys'))
  const r = makeLog(at, 30, 1)
  assert.notEqual(r.status, 0)
  assert.match(r.stderr, /another key than the signer holds/)
})
