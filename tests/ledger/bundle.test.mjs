// Bundles for an auditor: the same input gives the same bytes, custos-verify accepts what was exported and
// names what is wrong with anything else.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, unlinkSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { header, tarOf } from './tar.mjs'
import { thirdParty } from '../verify-go/built.mjs'

const build = process.env.CUSTOS_BUILD ?? resolve('build')
const dir = mkdtempSync(join(tmpdir(), 'custos-bundle-'))
const FROM = '2020-01-01T00:00:00.000Z', TO = '2090-01-01T00:00:00.000Z'
const run = (cmd, args, options) => spawnSync(cmd, args, { maxBuffer: 1 << 28, ...options })
const bundle = (of, to, from = FROM, until = TO, tenant = 'acme') => {
  const r = run(join(build, 'tests/ledger/make-bundle'), [of, to, from, until, tenant])
  assert.equal(r.status, 0, r.stderr.toString())
  return JSON.parse(r.stdout)
}
const verify = (file, ...more) => {
  const r = run(join(build, 'src/verify/custos-verify'), [file, ...more], { encoding: 'utf8' })
  return { status: r.status, out: r.stdout + r.stderr, json: r.stdout }
}
const plain = (file) => run('zstd', ['-q', '-d', '-c', file]).stdout

// A tar as a list of {name, content}.
function members(tar) {
  const all = []
  for (let at = 0; tar[at];) {
    const name = tar.subarray(at, at + 100).toString().replace(/\0.*$/s, '')
    const size = parseInt(tar.subarray(at + 124, at + 135).toString(), 8)
    all.push({ name, content: Buffer.from(tar.subarray(at + 512, at + 512 + size)) })
    at += 512 + Math.ceil(size / 512) * 512
  }
  return all
}
// The manifest that fits the members: what is tested is then never the manifest alone.
function sealed(all) {
  const rest = all.filter((m) => m.name !== 'manifest.json')
  const lines = rest.map((m) => `{"bytes":${m.content.length},"name":"${m.name}","sha256":"${createHash('sha256').update(m.content).digest('hex')}"}\n`)
  return tarOf([...rest, { name: 'manifest.json', content: Buffer.from(`{"files":[\n${lines.join(',')}],"v":1}\n`) }])
}
const check = (bytes, name = 'x.tar') => {
  writeFileSync(join(dir, name), bytes)
  return verify(join(dir, name))
}

let all
before(() => {
  const r = run(join(build, 'tests/ledger/make-log'), [join(dir, 'a'), '1500', '4', 'freeze'])
  assert.equal(r.status, 0, r.stderr.toString())
  bundle(join(dir, 'a'), join(dir, 'a.tar.zst'))
  all = members(plain(join(dir, 'a.tar.zst')))
})
after(() => rmSync(dir, { recursive: true, force: true }))

test('a bundle is intact, and the report says what was checked and what was not', () => {
  const r = verify(join(dir, 'a.tar.zst'))
  assert.equal(r.status, 0, r.out)
  assert.match(r.out, /log t\/acme: signed checkpoint of 1002 entries/)
  assert.match(r.out, /the anchor log states the same history up to entry 1002/)
  assert.match(r.out, /populations: 1, each asked for again/)
  assert.match(r.out, /Not checked:[^]*taken from the bundle/)
  const j = JSON.parse(verify(join(dir, 'a.tar.zst'), '--format', 'json').json)
  assert.equal(j.intact, true)
  assert.equal(j.samples, 1)
  assert.equal(j.proofs, 1 + 2 + 20)
})

test('the same input gives the same bytes, also when the listing has to be asked for again', () => {
  bundle(join(dir, 'a'), join(dir, 'again'))
  assert.deepEqual(readFileSync(join(dir, 'again')), readFileSync(join(dir, 'a.tar.zst')))
  cpSync(join(dir, 'a'), join(dir, 'lost'), { recursive: true })
  for (const f of readdirSync(join(dir, 'lost/evidence/populations'))) unlinkSync(join(dir, 'lost/evidence/populations', f))
  bundle(join(dir, 'lost'), join(dir, 'again'))
  assert.deepEqual(readFileSync(join(dir, 'again')), readFileSync(join(dir, 'a.tar.zst')))
})

test('tar and zstd of the system unpack it, and it is our own form to the byte', () => {
  assert.deepEqual(tarOf(all), plain(join(dir, 'a.tar.zst')))
  assert.deepEqual(sealed(all), tarOf(all))
  const listed = run('tar', ['--zstd', '-tf', join(dir, 'a.tar.zst')]).stdout.toString().trim().split('\n')
  assert.deepEqual(listed, all.map((m) => m.name))
})

test('trusted keys', () => {
  const keys = ['t/acme', 'anchor'].map((l) => readFileSync(join(dir, 'a/log', l, 'vkey'), 'utf8').trim())
  writeFileSync(join(dir, 'keys'), keys.join('\n') + '\n')
  const r = verify(join(dir, 'a.tar.zst'), '--vkey', join(dir, 'keys'))
  assert.equal(r.status, 0, r.out)
  assert.doesNotMatch(r.out, /taken from the bundle/)
  writeFileSync(join(dir, 'keys'), keys[1] + '\n')
  assert.match(verify(join(dir, 'a.tar.zst'), '--vkey', join(dir, 'keys')).out, /BROKEN: log\/t\/acme: none of the trusted keys/)
})

test('several logs in one bundle, and a period before and behind everything', () => {
  bundle(join(dir, 'a'), join(dir, 'b'), FROM, TO, '-')
  let r = verify(join(dir, 'b'))
  assert.equal(r.status, 0, r.out)
  assert.match(r.out, /log org: .*\n.*\n.*\n  log t\/acme/)
  for (const [from, to] of [['2001-01-01T00:00:00.000Z', '2002-01-01T00:00:00.000Z'], ['2089-01-01T00:00:00.000Z', TO]]) {
    const made = bundle(join(dir, 'a'), join(dir, 'c'), from, to)
    assert.equal(made.entries, 0)
    assert.equal(made.populations, 0)
    r = verify(join(dir, 'c'))
    assert.equal(r.status, 0, r.out)
    assert.match(r.out, /what stands in the \d+ entries outside the period/)
  }
})

test('any member missing, twice, or in another place is named', () => {
  // one of each kind is enough for the drawn rows: they are alike
  const kinds = all.map((m, i) => i).filter((i) => !/samples\/.*\//.test(all[i].name) || i === all.findIndex((m) => /samples\/.*\//.test(m.name)))
  for (const i of kinds) {
    const dropped = check(sealed(all.filter((m, k) => k !== i)))
    if (all[i].name !== 'manifest.json') assert.notEqual(dropped.status, 0, `without ${all[i].name}: ${dropped.out}`)
    const twice = check(sealed([...all.slice(0, i + 1), ...all.slice(i)]))
    if (all[i].name !== 'manifest.json') assert.notEqual(twice.status, 0, `twice ${all[i].name}`)
    if (i + 2 < all.length) {
      const swapped = check(sealed([...all.slice(0, i), all[i + 1], all[i], ...all.slice(i + 2)]))
      assert.notEqual(swapped.status, 0, `swapped ${all[i].name}`)
    }
  }
  assert.match(check(tarOf(all.slice(0, -1))).out, /BROKEN: manifest.json is missing/)
  assert.match(check(sealed([...all.slice(0, -1), { name: 'more.txt', content: Buffer.from('x') }])).out, /manifest.json is missing; in its place stands more.txt/)
})

test('a flipped bit in any member is found, with a manifest that fits', () => {
  for (let i = 0; i < all.length - 1; i++) {
    if (all[i].name === 'README.txt' || (/samples\/.*\//.test(all[i].name) && i % 7)) continue
    for (const at of [0, all[i].content.length >> 1, all[i].content.length - 1]) {
      const bad = Buffer.from(all[i].content)
      if (!bad.length) continue
      bad[at] ^= 1
      const r = check(sealed(all.map((m, k) => (k === i ? { ...m, content: bad } : m))))
      assert.notEqual(r.status, 0, `${all[i].name} at ${at}: ${r.out}`)
      assert.match(r.out, /BROKEN: |custos-verify: /)
    }
  }
})

test('cut short anywhere', () => {
  const zst = readFileSync(join(dir, 'a.tar.zst')), tar = tarOf(all)
  for (let i = 1; i < 60; i++) {
    assert.notEqual(check(zst.subarray(0, Math.floor(zst.length * i / 60))).status, 0)
    assert.notEqual(check(tar.subarray(0, Math.floor(tar.length * i / 60))).status, 0)
  }
  for (let less = 1; less < 12; less++) assert.match(check(zst.subarray(0, zst.length - less)).out, /cut short/, `${less} less`)
  assert.match(check(Buffer.concat([zst, zst])).out, /BROKEN/)
  assert.match(check(Buffer.concat([tar, Buffer.from('x')])).out, /BROKEN/)
})

test('names that lead out, other types and other forms of tar', () => {
  const text = Buffer.from('x')
  for (const m of [{ name: '../x', content: text }, { name: '/etc/x', content: text }, { name: 'log/../../x', content: text }, { name: 'a//b', content: text },
    { name: '.hidden', content: text }, { name: 'link', content: Buffer.alloc(0), type: '2', link: '/etc/passwd' }, { name: 'dir/', content: Buffer.alloc(0), type: '5' }]) {
    const r = check(tarOf([all[0], all[1], m, ...all.slice(2)]))
    assert.equal(r.status, 1, m.name)
    assert.match(r.out, /BROKEN: behind README.txt: this is not what Custos writes/)
  }
})

test('a bomb is left before it unpacks', () => {
  const name = join(dir, 'bomb.tar')
  const big = header({ name: 'log/t/acme/tile/entries/000', content: { length: 8 * 1024 ** 3 - 1 } })
  const i = all.findIndex((m) => m.name.startsWith('log/t/acme/tile/0'))
  const front = tarOf(all.slice(0, i + 1)).subarray(0, -1024)
  const r = run('sh', ['-c', `{ cat; head -c 3G /dev/zero; } | zstd -q -1 >${name}`], { input: Buffer.concat([front, big]) })
  assert.equal(r.status, 0, r.stderr.toString())
  const started = Date.now(), got = verify(name)
  assert.equal(got.status, 1)
  assert.match(got.out, /larger than it can be/)
  assert.ok(Date.now() - started < 5000)
})

test('a full disk, and one on which room must stay for evidence', () => {
  const make = (...args) => run(join(build, 'tests/ledger/make-bundle'), [join(dir, 'a'), ...args], { encoding: 'utf8' })
  const full = make('/dev/full', FROM, TO, 'acme')
  assert.deepEqual([full.status, full.signal], [1, null])
  assert.match(full.stderr, /no room for the bundle/)
  const kept = make(join(dir, 'kept'), FROM, TO, 'acme', '1000000000')
  assert.equal(kept.status, 1)
  assert.match(kept.stderr, /1000000000 MiB stay free for evidence/)
  assert.equal(readFileSync(join(dir, 'kept')).length, 0)
  assert.equal(make(join(dir, 'kept'), FROM, TO, 'acme', '1').status, 0)
  assert.deepEqual(readFileSync(join(dir, 'kept')), readFileSync(join(dir, 'a.tar.zst')))
})

test('what is no bundle has no verdict', () => {
  assert.equal(check(Buffer.from('hello')).status, 2)
  assert.equal(check(Buffer.alloc(0)).status, 2)
  assert.equal(verify(join(dir, 'nothing')).status, 2)
})

test('another history under the same names is found by key, checkpoint or anchor', () => {
  run(join(build, 'tests/ledger/make-log'), [join(dir, 'stranger'), '1500', '4', 'freeze'])
  bundle(join(dir, 'stranger'), join(dir, 's.zst'))
  const theirs = members(plain(join(dir, 's.zst')))
  for (const part of ['log/t/acme/tile', 'log/', 'anchor/', 'populations/', 'samples/', 'log/t/acme/checkpoint', 'log/t/acme/vkey']) {
    const mixed = [...all.filter((m) => !m.name.startsWith(part))]
    const at = all.findIndex((m) => m.name.startsWith(part))
    mixed.splice(at, 0, ...theirs.filter((m) => m.name.startsWith(part)))
    assert.notEqual(check(sealed(mixed)).status, 0, part)
  }
})

// --- by hands that share no code with us ---

const unpack = (bytes, name) => {
  rmSync(join(dir, name), { recursive: true, force: true })
  mkdirSync(join(dir, name))
  const r = run('tar', ['-x', '-C', join(dir, name)], { input: bytes })
  assert.equal(r.status, 0, r.stderr.toString())
  return join(dir, name)
}

test('Go with x/mod says the same: of the bundle as it is, and of one bit flipped in each file that it reads', () => {
  const go = thirdParty()
  const theirs = (at) => run(go, ['--bundle', at], { encoding: 'utf8' })
  for (const tenant of ['acme', '-']) {
    bundle(join(dir, 'a'), join(dir, 'g'), FROM, TO, tenant)
    const r = theirs(unpack(plain(join(dir, 'g')), 'go'))
    assert.equal(r.status, 0, r.stdout + r.stderr)
    assert.match(r.stdout, tenant === '-' ? /^intact: 1502 entries in 2 logs, 1 populations, 22 proofs/ : /^intact: 1002 entries in 1 logs/)
  }
  const ours = /\.json$|\.jsonl$|tlog-proof$|checkpoint$|tile\//, drawn = all.findIndex((m) => /samples\/.*\//.test(m.name))
  for (let i = 0; i < all.length; i++) {
    if (!ours.test(all[i].name) || /counts|destroyed|manifest|bundle.json/.test(all[i].name) || (/samples\/.*\//.test(all[i].name) && i > drawn + 1)) continue
    const bad = Buffer.from(all[i].content)
    bad[bad.length >> 1] ^= 4
    const tar = sealed(all.map((m, k) => (k === i ? { ...m, content: bad } : m)))
    assert.equal(check(tar).status, 1, all[i].name)
    const r = theirs(unpack(tar, 'go'))
    assert.equal(r.status, 1, `${all[i].name}: ${r.stdout}${r.stderr}`)
  }
})

test('jq and sha256sum: the manifest, and the digest of the listing', () => {
  const at = unpack(tarOf(all), 'jq')
  const r = run('sh', ['-c', `cd ${at} && jq -r '.files[] | .sha256 + "  " + .name' manifest.json | sha256sum -c --quiet && p=$(ls populations/*.json) &&
    echo "$(jq -r .body.digest $p)  \${p%.json}.jsonl" | sha256sum -c`])
  assert.equal(r.status, 0, r.stderr.toString())
})

test('the sample is what a few lines of another language draw', () => {
  const p = JSON.parse(all.find((m) => /^populations\/[^/]*\.json$/.test(m.name)).content).body
  const s = JSON.parse(all.find((m) => /^samples\/[^/]*\.json$/.test(m.name)).content).body
  const script = readFileSync(resolve('docs/auditor.md'), 'utf8').match(/```python\n([^]*?)```/)[1]
  writeFileSync(join(dir, 'draw.py'), script)
  const r = run('python3', [join(dir, 'draw.py'), p.digest, String(p.count), s.seed, '20'])
  assert.equal(r.status, 0, r.stderr.toString())
  assert.deepEqual(r.stdout.toString().trim(), s.rows)
})
