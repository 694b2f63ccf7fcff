// A backup made under load is restored elsewhere, verified by others, and gone on from; a spoilt one leaves nothing.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { System, build, custos } from '../gateway/system.mjs'
import { thirdParty } from '../verify-go/built.mjs'
import { search } from './people.mjs'

const who = ['Ada', 'Quilworthy'].join('.') + '@' + ['north', 'example'].join('.')
const phrase = ['seven', 'quiet', 'lanterns'].join(' ')
let s, dir, file, acked = [], tar

const ask = async (system = s) => {
  const r = await fetch(`${system.url}/v1/messages`, { method: 'POST', headers: { 'x-api-key': s.key, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'hello' }] }) })
  assert.equal(r.status, 200, await r.text())
  return r.headers.get('request-id')
}
const restore = (from, to, ...more) => s.run('backup', 'restore', from, '--to', join(dir, to), ...more)
const withPhrase = ['--passphrase-file']
// A tar's members, to take apart and put together again.
const members = (b) => {
  const out = []
  for (let at = 0; b[at];) {
    const name = b.subarray(at, at + 100).toString().replace(/\0.*$/s, ''), size = parseInt(b.subarray(at + 124, at + 135).toString(), 8)
    out.push({ name, content: b.subarray(at + 512, at + 512 + size) })
    at += 512 + Math.ceil(size / 512) * 512
  }
  return out
}
const header = (name, size, type = '0', link = '') => {
  const h = Buffer.alloc(512)
  h.write(name, 0); h.write('0000644', 100); h.write('0000000', 108); h.write('0000000', 116)
  h.write(size.toString(8).padStart(11, '0'), 124); h.write('00000000000', 136); h.write('        ', 148); h.write(type, 156); h.write(link, 157)
  h.write('ustar', 257); h.write('00', 263)
  h.write([...h].reduce((a, c) => a + c, 0).toString(8).padStart(6, '0') + '\0', 148)
  return h
}
const pack = (list, end = true) => Buffer.concat([...list.flatMap(({ name, content, type, link, size }) =>
  [header(name, size ?? content.length, type, link), content, Buffer.alloc((512 - (content.length % 512)) % 512)]), ...(end ? [Buffer.alloc(1024)] : [])])
const manifest = (list) => ({ name: 'manifest.json', content: Buffer.from('{"files":[\n' + list.map((m, i) =>
  `${i ? ',' : ''}{"bytes":${m.content.length},"name":"${m.name}","sha256":"${createHash('sha256').update(m.content).digest('hex')}"}\n`).join('') + '],"v":1}\n') })
const zstd = (b) => spawnSync('zstd', ['-q', '-c'], { input: b, maxBuffer: 1 << 30 }).stdout
const unzstd = (path) => spawnSync('zstd', ['-dcq', path], { maxBuffer: 1 << 30 }).stdout

before(async () => {
  s = await new System().start()
  dir = s.dir
  writeFileSync(join(dir, 'phrase'), phrase + '\n')
  withPhrase.push(join(dir, 'phrase'))
  s.json('key', 'issue', '--tenant', 'acme', '--user', who, '--name', 'desk')
})
after(() => s?.remove())

test('made under load, it holds whatever was answered before it began', { timeout: 120000 }, async () => {
  let going = true
  const load = Array.from({ length: 4 }, async () => { while (going) acked.push(await ask()) })
  while (acked.length < 200) await new Promise((done) => setTimeout(done, 20))
  const before = [...acked]
  file = join(dir, 'a.backup')
  const child = spawn(custos, ['backup', '--out', file, ...withPhrase, '--config', s.config, '--format', 'json'], { cwd: dir })
  let out = ''
  child.stdout.on('data', (d) => (out += d))
  const status = await new Promise((done) => child.on('exit', done))
  going = false
  await Promise.all(load)
  assert.equal(status, 0)
  const r = JSON.parse(out)
  assert.ok(r.secrets && r.recorded && r.members > 20)
  const e = await s.sealed((x) => x.type === 'backup.made', 'org')
  assert.deepEqual({ ...e.body, recorded: true }, r)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  acked = before
  tar = unzstd(file)
  assert.equal(createHash('sha256').update(members(tar).at(-1).content).digest('hex'), r.manifest)
})

test('nothing secret is in it unsealed', () => {
  const state = join(dir, 'state')
  const secrets = readdirSync(join(state, 'keystore')).map((f) => readFileSync(join(state, 'keystore', f))).filter((b) => b.length === 32)
  secrets.push(readFileSync(join(state, 'signer/keys'), 'utf8').match(/^key ([0-9a-f]{64})/m)[1])
  mkdirSync(join(dir, 'look'))
  writeFileSync(join(dir, 'look/tar'), tar)
  assert.equal(secrets.length, 2)
  assert.deepEqual(search(join(dir, 'look'), [...secrets, who, phrase]), [])
  const r = s.run('backup', '--out', join(dir, 'open.backup'), '--config', s.config)
  assert.equal(r.status, 0, r.stderr)
  assert.match(r.stdout, /WITHOUT SECRETS/)
  assert.deepEqual(members(unzstd(join(dir, 'open.backup'))).filter((m) => /sealed|keystore|signer|vault/.test(m.name)), [])
  assert.equal(restore(join(dir, 'open.backup'), 'open', '--verify').status, 0)
  assert.equal(s.run('backup', '--out', file, '--config', s.config).status, 2, 'what exists is not written over')
})

test('restored elsewhere it verifies, by custos-verify and by Go', () => {
  const r = restore(file, 'new', ...withPhrase, '--verify')
  assert.equal(r.status, 0, r.stderr)
  const log = join(dir, 'new/log')
  const v = spawnSync(join(build, 'src/verify/custos-verify'), [log], { encoding: 'utf8' })
  assert.equal(v.status, 0, v.stdout + v.stderr)
  const go = thirdParty()
  for (const one of ['org', 't/acme', 'anchor']) {
    const g = spawnSync(go, [join(log, one)], { encoding: 'utf8' })
    assert.equal(g.status, 0, g.stdout + g.stderr)
    assert.match(g.stdout, /^intact/)
  }
  assert.equal(restore(file, 'new', ...withPhrase).status, 2, 'a folder that holds something is refused')
  for (const f of ['store.db', 'vault.db', 'keystore/master', 'signer/keys']) assert.equal(statSync(join(dir, 'new', f)).mode & 0o777, 0o600, f)
})

test('a backup that was altered, cut or made up is refused, and nothing is left of it', { timeout: 120000 }, () => {
  const whole = readFileSync(file), all = members(tar), inner = all.slice(0, -1)
  const tiles = all.findIndex((m) => m.name.includes('tile/entries')), altered = all.map((m, i) => (i === tiles ? { ...m, content: Buffer.concat([m.content.subarray(1), Buffer.from('x')]) } : m))
  const forged = altered.slice(0, -1)
  const insert = (m, at = 3) => { const list = [...inner.slice(0, at), m, ...inner.slice(at)]; return zstd(pack([...list, manifest(list)])) }
  const flip = (b, at) => { const c = Buffer.from(b); c[at] ^= 1; return c }
  const m = (name, more = {}) => ({ name, content: Buffer.from('x'), ...more })
  const cases = {
    'cut in the middle': [whole.subarray(0, whole.length >> 1), /cut short/],
    'cut at the end': [whole.subarray(0, -1), /cut short/],
    'empty': [Buffer.alloc(0), /cut short/],
    'a flipped bit': [flip(whole, whole.length >> 1), /different|altered|manifest/],
    'something behind it': [Buffer.concat([whole, Buffer.from('x')]), /different/],
    'an altered member': [zstd(pack(altered)), /altered/],
    'an altered member and a list to fit': [zstd(pack([...forged, manifest(forged)])), /altered/],
    'no list': [zstd(pack(inner)), /incomplete/],
    'no keyed digest': [zstd(pack([...inner.slice(0, -1), manifest(inner.slice(0, -1))])), /incomplete/],
    'no begin': [zstd(pack(all.slice(1))), /backup\.json/],
    'a member less': [zstd(pack([...all.slice(0, 3), ...all.slice(4)])), /altered/],
    'a member twice': [insert(inner[2]), /twice/],
    'a file where a folder is': [insert(m('log/anchor'), inner.length - 1), /twice/],
    'a way out': [insert(m('log/../../../out')), /different/],
    'a way out by the root': [insert(m('/out')), /different/],
    'a sealed way out': [insert(m('sealed/../out')), /different/],
    'a link': [insert(m('log/link', { content: Buffer.alloc(0), type: '2', link: '/etc/passwd' })), /different/],
    'a hard link': [insert(m('log/link', { content: Buffer.alloc(0), type: '1', link: 'store.db' })), /different/],
    'a device': [insert(m('log/null', { content: Buffer.alloc(0), type: '3' })), /different/],
    'a foreign place': [insert(m('etc/passwd')), /no place/],
    'a foreign secret': [insert(m('sealed/custos.yaml')), /no place/],
    'a bomb': [zstd(pack([...inner.slice(0, 1), { name: 'log/org/tile/0/000', content: Buffer.alloc(1 << 20), size: 7 * 2 ** 30 }], false)), /unpacks to more/],
  }
  for (const [what, [bytes, want]] of Object.entries(cases)) {
    writeFileSync(join(dir, 'bad.backup'), bytes)
    const r = restore(join(dir, 'bad.backup'), 'bad', ...withPhrase)
    assert.equal(r.status, 2, what + r.stdout)
    assert.match(r.stderr, want, what)
    assert.ok(!existsSync(join(dir, 'bad')) && !existsSync(join(dir, 'bad.partial')) && !existsSync(join(dir, 'out')), what)
  }
  writeFileSync(join(dir, 'same.backup'), zstd(pack(all)))
  assert.equal(restore(join(dir, 'same.backup'), 'same', ...withPhrase).status, 0, 'what these were made from is good')
})

test('the passphrase is needed, and the right one', () => {
  writeFileSync(join(dir, 'wrong'), 'another phrase\n')
  writeFileSync(join(dir, 'short'), 'short\n')
  for (const [args, want] of [[[], /--passphrase-file/], [['--passphrase-file', join(dir, 'wrong')], /does not open/], [['--passphrase-file', join(dir, 'short')], /12 to/]]) {
    const r = restore(file, 'none', ...args)
    assert.equal(r.status, 2)
    assert.match(r.stderr, want)
    assert.ok(!existsSync(join(dir, 'none')))
  }
  const r = restore(file, 'none', '--without-secrets', '--verify')
  assert.equal(r.status, 0, r.stderr)
  assert.ok(!existsSync(join(dir, 'none/keystore')) && !existsSync(join(dir, 'none/signer')))
})

test('one that is killed leaves no file of the name', async () => {
  for (const ms of [5, 60, 150, 250]) {
    const child = spawn(custos, ['backup', '--out', join(dir, 'killed.backup'), ...withPhrase, '--config', s.config], { cwd: dir })
    const ended = new Promise((done) => child.on('exit', done))
    await new Promise((done) => setTimeout(done, ms))
    child.kill('SIGKILL')
    await ended
    if (existsSync(join(dir, 'killed.backup'))) { // it was faster
      assert.equal(restore(join(dir, 'killed.backup'), `killed-${ms}`, ...withPhrase).status, 0)
      rmSync(join(dir, 'killed.backup'))
    }
  }
  await ask()
  assert.equal(s.verify().status, 0)
})

test('who was erased after the backup is erased in what is restored with the newer logs', async () => {
  const key = s.json('key', 'list').items.find((k) => k.user === who)
  s.json('erase', '--subject', who, '--basis', 'request of the person', '--approver', 'officer')
  await s.sealed((x) => x.type === 'content.erased')
  const plain = restore(file, 'kept', ...withPhrase)
  assert.equal(plain.status, 0, plain.stderr)
  const holds = (folder, name) => readFileSync(join(dir, folder, name)).includes(key.person)
  assert.ok(holds('kept', 'vault.db'), 'it is there without')
  const r = restore(file, 'erased', ...withPhrase, '--erasures-from', s.status.log_dir, '--verify', '--format', 'json')
  assert.equal(r.status, 0, r.stderr)
  assert.equal(JSON.parse(r.stdout).erased, 1)
  assert.ok(!holds('erased', 'vault.db'))
  assert.ok(!existsSync(join(dir, 'erased/vault.db-wal')))
  assert.equal(JSON.parse(readFileSync(join(dir, 'erased/restored.json'), 'utf8')).erased, 1)
  const foreign = restore(file, 'foreign', ...withPhrase, '--erasures-from', join(dir, 'nowhere'))
  assert.equal(foreign.status, 2)
  assert.match(foreign.stderr, /has no log/)
  assert.ok(!existsSync(join(dir, 'foreign')) && !existsSync(join(dir, 'foreign.partial')))
})

test('served from the restored folder the log goes on without a fork, and nothing that was answered is missing', { timeout: 60000 }, async () => {
  const old = readFileSync(join(dir, 'new/log/t/acme/checkpoint'), 'utf8').split('\n')
  await s.stop()
  const offline = s.run('backup', '--out', join(dir, 'offline.backup'), ...withPhrase, '--config', s.config)
  assert.equal(offline.status, 0, offline.stderr)
  assert.match(offline.stdout, /no entry says/)
  writeFileSync(s.config, readFileSync(s.config, 'utf8').replace(`${dir}/state`, `${dir}/new`))
  const child = spawn(custos, ['serve', '--quiet', '--config', s.config], { cwd: dir })
  try {
    s.status = s.json('status', '--wait', '30')
    assert.equal(s.status.state, 'running')
    assert.equal(s.status.log_dir, join(dir, 'new/log'))
    const id = await ask()
    await s.sealed((x) => x.id === id)
    const e = await s.sealed((x) => x.type === 'backup.restored', 'org')
    assert.ok(e.body.secrets && e.body.entries >= 20, JSON.stringify(e.body)) // how many there are depends on the machine
    const have = new Set(s.entries('t/acme').map((x) => x.id))
    assert.equal(acked.filter((x) => !have.has(x)).length, 0, 'every exchange of before the backup')
    assert.equal(have.size, s.entries('t/acme').length, 'and none twice')
    assert.ok(Number(readFileSync(join(dir, 'new/log/t/acme/checkpoint'), 'utf8').split('\n')[1]) > Number(old[1]))
    assert.equal(s.verify().status, 0, s.verify().stdout)
    assert.ok(s.json('key', 'list').items.some((k) => k.user === who), 'names are shown')
    assert.ok(!existsSync(join(dir, 'new/restored.json')))
  } finally {
    child.kill('SIGINT')
    await new Promise((done) => child.on('exit', done))
  }
})
