// Our verifier and one written in Go with golang.org/x/mod must agree: on an intact log, and on
// every way of tampering.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { thirdParty } from '../verify-go/built.mjs'

const build = process.env.CUSTOS_BUILD ?? resolve('build')
const dir = mkdtempSync(join(tmpdir(), 'custos-ledger-'))
let go
const run = (cmd, args, env) => spawnSync(cmd, args, { encoding: 'utf8', env: { ...process.env, ...env } })
const makeLog = (to, count, rounds, ...more) => {
  const r = run(join(build, 'tests/ledger/make-log'), [to, String(count), String(rounds), ...more])
  assert.equal(r.status, 0, r.stderr)
}
const ours = (log) => run(join(build, 'src/verify/custos-verify'), [log])
const verb = (log) => run(join(build, 'src/cli/custos'), ['verify', '--dir', log, '--format', 'json'])
const theirs = (log) => run(go, [log])

before(() => {
  go = thirdParty()
  makeLog(join(dir, 'a'), 700, 4)
})
after(() => rmSync(dir, { recursive: true, force: true }))

const copy = (name) => {
  cpSync(join(dir, 'a'), join(dir, name), { recursive: true })
  return join(dir, name, 'log')
}
// [name of one log, what to do to its folder]
const both = (log, one, pattern) => {
  for (const r of [ours(log), verb(log)]) {
    assert.equal(r.status, 1, r.stdout + r.stderr)
    assert.match(r.stdout, pattern)
  }
  assert.equal(ours(one).status, 1)
  assert.equal(theirs(one).status, 1, theirs(one).stdout)
}
const bundle = (one) => {
  const p = join(one, 'tile/entries/001.p')
  return join(p, readdirSync(p).sort((a, b) => b - a)[0])
}

test('an intact log satisfies both, and the report names every log', () => {
  const r = ours(join(dir, 'a/log'))
  assert.equal(r.status, 0, r.stdout)
  for (const log of ['org', 't/acme', 'anchor']) {
    assert.ok(r.stdout.includes(log))
    assert.match(theirs(join(dir, 'a/log', log)).stdout, /^intact/)
  }
  assert.equal(JSON.parse(verb(join(dir, 'a/log')).stdout).intact, true)
})

test('a log that goes on keeps verifying', () => {
  const log = copy('grown')
  makeLog(join(dir, 'grown'), 300, 3)
  assert.equal(ours(log).status, 0, ours(log).stdout)
  assert.equal(theirs(join(log, 't/acme')).status, 0)
})

test('partial tiles go when their tile is full', () => {
  const at = (...p) => readdirSync(join(dir, 'a/log/t/acme/tile', ...p)).sort()
  assert.deepEqual(at('entries'), ['000', '001.p'])
  assert.deepEqual(at('0'), ['000', '001.p'])
})

test('a flipped byte', () => {
  const log = copy('flip'), one = join(log, 't/acme'), f = bundle(one)
  const b = readFileSync(f)
  b[1000] ^= 1
  writeFileSync(f, b)
  both(log, one, /t\/acme, entry 2\d\d/)
})

test('a dropped entry', () => {
  const log = copy('drop'), one = join(log, 't/acme'), f = bundle(one)
  const b = readFileSync(f), n = 2 + b.readUInt16BE(0)
  writeFileSync(f, Buffer.concat([b.subarray(n)]))
  both(log, one, /t\/acme, entry 256/)
})

test('a truncated tile, of entries and of hashes', () => {
  for (const [name, of] of [['cut1', bundle], ['cut2', (one) => join(one, 'tile/0/000')]]) {
    const log = copy(name), one = join(log, 't/acme'), f = of(one)
    truncateSync(f, readFileSync(f).length - 7)
    both(log, one, /t\/acme/)
  }
})

test('a missing tile', () => {
  const log = copy('missing'), one = join(log, 't/acme')
  unlinkSync(join(one, 'tile/0/000'))
  both(log, one, /missing/)
})

test('a checkpoint that was set back, even when it was validly signed', () => {
  const log = copy('back'), old = readFileSync(join(log, 't/acme/checkpoint'))
  makeLog(join(dir, 'back'), 100, 1)
  writeFileSync(join(log, 't/acme/checkpoint'), old)
  both(log, join(log, 't/acme'), /set back/)
})

test('a log that was set back as a whole is found by the anchor log', () => {
  const log = copy('whole')
  makeLog(join(dir, 'whole'), 100, 1)
  rmSync(join(log, 't/acme'), { recursive: true })
  cpSync(join(dir, 'a/log/t/acme'), join(log, 't/acme'), { recursive: true })
  const r = ours(log)
  assert.equal(r.status, 1)
  assert.match(r.stdout, /anchor log knows a larger one/)
})

test('the signer refuses to continue a log that was set back', () => {
  const log = copy('fork')
  makeLog(join(dir, 'fork'), 100, 1)
  rmSync(log, { recursive: true })
  cpSync(join(dir, 'a/log'), log, { recursive: true })
  const r = run(join(build, 'tests/ledger/make-log'), [join(dir, 'fork'), '30', '1'])
  assert.notEqual(r.status, 0)
  assert.match(r.stderr, /set back/)
})

test('trusted keys are used for every log of a folder', () => {
  const log = copy('trust'), keys = join(dir, 'keys')
  const all = ['org', 't/acme', 'anchor'].map((name) => readFileSync(join(log, name, 'vkey'), 'utf8'))
  const check = (list) => {
    writeFileSync(keys, list.join(''))
    return run(join(build, 'src/verify/custos-verify'), [log, '--vkey', keys])
  }
  assert.equal(check(all).status, 0)
  assert.match(check(all.slice(1)).stdout, /BROKEN: log org.*none of the trusted keys/)
  makeLog(join(dir, 'stranger'), 30, 1) // the same names, another key
  const theirKeys = ['org', 't/acme', 'anchor'].map((name) => readFileSync(join(dir, 'stranger/log', name, 'vkey'), 'utf8'))
  const r = check(theirKeys)
  assert.equal(r.status, 1)
  assert.match(r.stdout, /signature does not verify/)
  writeFileSync(keys, 'nonsense\n')
  assert.equal(run(join(build, 'src/verify/custos-verify'), [log, '--vkey', keys]).status, 2)
})

test('a planted stage excuses nothing', () => {
  const sealed = (text) => text + `end ${createHash('sha256').update(text).digest('hex')}\n`
  const entry = Buffer.from([0, 2, 123, 125]).toString('latin1')
  const head = 'custos-stage 1\n'
  const size = Number(readFileSync(join(dir, 'a/log/t/acme/checkpoint'), 'utf8').split('\n')[1])
  for (const [name, text] of [['p1', 'x'], ['p2', sealed(head)], ['p3', sealed(`${head}log t/acme ${size} 1 4\n${entry}`)], ['p4', sealed(`${head}log t/acme ${size} 100 4\n${entry}`)]]) {
    const log = copy(name), old = readFileSync(join(log, 't/acme/checkpoint'))
    makeLog(join(dir, name), 100, 1)
    writeFileSync(join(log, 't/acme/checkpoint'), old)
    writeFileSync(join(log, 'stage'), text, 'latin1')
    const r = ours(log)
    assert.equal(r.status, 1, name + r.stdout + r.stderr)
  }
})

// --- packed bundles ---

const packed = (name) => {
  const log = copy(name)
  makeLog(join(dir, name), 600, 2, 'pack')
  return [log, join(log, 't/acme'), join(log, 't/acme/tile/entries/001.gz')]
}

test('full bundles are packed, say what they said, and the log goes on', () => {
  const [log, one] = packed('packed'), plain = readFileSync(join(dir, 'a/log/t/acme/tile/entries/000'))
  assert.deepEqual(readdirSync(join(one, 'tile/entries')).sort(), ['000.gz', '001.gz', '002.gz', '003.p'])
  assert.deepEqual(gunzipSync(readFileSync(join(one, 'tile/entries/000.gz'))), plain, 'any gzip reads them')
  const r = run('gzip', ['-dc', join(one, 'tile/entries/000.gz')], {})
  assert.deepEqual([r.status, Buffer.byteLength(r.stdout)], [0, plain.length])
  const holds = () => {
    for (const v of [ours(log), verb(log), theirs(one), theirs(join(log, 'org'))]) assert.equal(v.status, 0, v.stdout + v.stderr)
  }
  holds()
  makeLog(join(dir, 'packed'), 700, 3)
  holds()
  makeLog(join(dir, 'packed'), 1, 1, 'pack')
  holds()
  assert.equal(run('gunzip', ['-r', one]).status, 0)
  assert.ok(existsSync(join(one, 'tile/entries/000')))
  holds()
})

test('a bundle in both forms, as a crash may leave it; in two forms that differ', () => {
  const [log, one, file] = packed('forms'), plain = gunzipSync(readFileSync(file))
  writeFileSync(file.slice(0, -3), plain)
  assert.equal(ours(log).status, 0, ours(log).stdout)
  writeFileSync(file, readFileSync(join(one, 'tile/entries/000.gz'))) // whole, and of another bundle
  assert.match(ours(log).stdout, /t\/acme, entry 256: the packed bundle is not what was sealed/)
  assert.equal(ours(one).status, 1)
  writeFileSync(file, 'x')
  assert.equal(ours(log).status, 1)
  makeLog(join(dir, 'forms'), 1, 1, 'pack') // done again
  assert.equal(ours(log).status, 0, ours(log).stdout)
  assert.ok(!existsSync(file.slice(0, -3)))
})

test('a packed bundle that was changed, cut, replaced, removed, or is one too many', () => {
  const [log, one, file] = packed('spoilt'), whole = readFileSync(file), plain = gunzipSync(whole)
  const entry = 2 + plain.readUInt16BE(0)
  const tries = {
    'another content in the same form': () => { plain[100] ^= 1; const z = gzipSync(plain); plain[100] ^= 1; return z },
    'the same content, compressed by somebody else': () => gzipSync(plain),
    'an entry less': () => gzipSync(plain.subarray(entry)),
    'cut short': () => whole.subarray(0, whole.length - 9),
    'longer': () => Buffer.concat([whole, Buffer.from('x')]),
    'a second member': () => Buffer.concat([whole, gzipSync('x')]),
    'another bundle': () => readFileSync(join(one, 'tile/entries/000.gz')),
  }
  for (const [what, make] of Object.entries(tries)) {
    writeFileSync(file, make())
    const r = ours(log)
    assert.equal(r.status, 1, what + r.stdout + r.stderr)
    assert.match(r.stdout, /t\/acme, entry 256/, what)
    if (!what.startsWith('the same')) assert.equal(theirs(one).status, 1, what)
  }
  for (let i = 0; i < whole.length; i += 211) {
    const b = Buffer.from(whole)
    b[i] ^= 1 << (i % 8)
    writeFileSync(file, b)
    assert.equal(ours(one).status, 1, `byte ${i}`)
  }
  unlinkSync(file)
  both(log, one, /missing/)
  writeFileSync(file, whole)
  assert.equal(ours(log).status, 0)
  for (const extra of ['003.gz', '004.gz']) {
    writeFileSync(join(one, 'tile/entries', extra), whole)
    both(log, one, /beyond the checkpoint/)
    unlinkSync(join(one, 'tile/entries', extra))
  }
})

test('a bundle that is not what was sealed is not packed', () => {
  const log = copy('unpacked'), file = join(log, 't/acme/tile/entries/000'), b = readFileSync(file)
  b[200] ^= 1
  writeFileSync(file, b)
  const r = run(join(build, 'tests/ledger/make-log'), [join(dir, 'unpacked'), '600', '1', 'pack'])
  assert.match(r.stderr, /log t\/acme: the bundle of entry 0 is not what was sealed and stays as it is/)
  assert.deepEqual(readFileSync(file), b)
})

test('a damaged spool segment halts the sequencer and is kept', () => {
  const at = join(dir, 'halt')
  makeLog(at, 30, 1)
  const r = run(join(build, 'tests/ledger/make-log'), [at, '30', '1', 'leave'])
  assert.equal(r.status, 0, r.stderr)
  const name = readdirSync(join(at, 'spool')).find((n) => n.endsWith('.seg'))
  const b = readFileSync(join(at, 'spool', name))
  b[3] ^= 1
  writeFileSync(join(at, 'spool', name), b)
  const halted = run(join(build, 'tests/ledger/make-log'), [at, '30', '1'])
  assert.equal(halted.status, 1)
  assert.match(halted.stderr, /header of spool segment .* is damaged/)
  assert.ok(readdirSync(join(at, 'spool')).includes(name))
})

test('what cannot be read is no verdict', () => {
  assert.equal(ours(join(dir, 'nothing')).status, 2)
  assert.equal(verb(join(dir, 'nothing')).status, 2)
})
