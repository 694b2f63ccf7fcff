// A person is erased: who she is goes from every file, what stays in the log is a pseudonym, and it verifies.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHash } from 'node:crypto'
import { copyFileSync, readFileSync, readdirSync, existsSync, mkdtempSync, writeFileSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { spawnSync } from 'node:child_process'
import { System, build } from '../gateway/system.mjs'
import { search } from './people.mjs'

// Names that nothing else holds; put together here so that no file of ours does.
const ada = ['Ada', 'Quilworthy'].join('.') + '@' + ['north', 'example'].join('.')
const bob = ['Bob', 'Zeltmanner'].join('.') + '@' + ['south', 'example'].join('.')
// Each person's prompts hold a phrase of theirs, which capture keeps: sealed.
const phrases = { ada: ['slow', 'amber', 'windmills'].join(' '), bob: ['nine', 'copper', 'herons'].join(' ') }
const EXCHANGES = Number(process.env.CUSTOS_ERASE_EXCHANGES ?? 120) // 1,000 by hand
const keep = `capture:
  tenants:
    acme: {keep: {confidential: 30}, readers: [rae], approvers: [pat]}
    beta: {keep: {confidential: 30}, readers: [rae], approvers: [pat]}
`
let system, keys = {}, earlier, ids = {}

const ask = async (key, text) => {
  const r = await fetch(`${system.url}/v1/messages`, { method: 'POST', headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', max_tokens: 5, messages: [{ role: 'user', content: text }] }) })
  assert.equal(r.status, 200, await r.text())
  return r.headers.get('request-id')
}
const runDir = () => {
  const state = join(system.dir, 'state')
  return process.getuid() === 0 ? `/run/custos-${createHash('sha256').update(state).digest('hex').slice(0, 8)}` : join(state, 'run')
}
const api = (path) => new Promise((done, failed) => get({ socketPath: join(runDir(), 'admin.sock'), path: '/api/v1' + path }, (r) => {
  let text = ''
  r.on('data', (d) => (text += d)).on('end', () => done(JSON.parse(text)))
}).on('error', failed))
const issue = (tenant, user, name) => system.json('key', 'issue', '--tenant', tenant, '--user', user, '--name', name)
const erase = (...args) => system.json('erase', ...args, '--basis', 'request of the person', '--approver', 'officer')

before(async () => {
  system = await new System({ extra: '  - name: beta\n' + keep }).start()
  keys.ada = issue('acme', ada, `laptop-of-${ada}`)
  keys.adaBeta = issue('beta', ada, 'desk')
  keys.bob = issue('acme', bob, 'desk')
})
after(() => system?.remove())

const bodies = () => readdirSync(join(system.dir, 'state/bodies'), { recursive: true }).filter((f) => f.includes('/'))
const read = async (exchange) => {
  const asked = system.json('body', 'request', exchange, '--user', 'rae', '--purpose', 'a test')
  system.json('body', 'approve', asked.id, '--user', 'pat')
  return system.json('body', 'read', asked.id, '--user', 'rae')
}
const until = async (is) => {
  for (let i = 0; !(await is()); i++) {
    assert.ok(i < 400, 'not within 20 s')
    await new Promise((done) => setTimeout(done, 50))
  }
}

test(`${EXCHANGES} exchanges of two persons over two tenants hold no name and no word in clear`, { timeout: 300000 }, async () => {
  const all = []
  const who = ['ada', 'adaBeta', 'bob']
  for (let i = 0; i < EXCHANGES; i += 20)
    all.push(...await Promise.all(Array.from({ length: Math.min(20, EXCHANGES - i) }, async (_, k) => {
      const w = who[(i + k) % 3], id = await ask(keys[w].key, `question ${i + k} of ${w === 'bob' ? phrases.bob : phrases.ada}`)
      ids[w] = id
      return id
    })))
  assert.equal(new Set(all).size, EXCHANGES)
  const count = (log) => system.entries(log).filter((x) => x.type === 'content.captured').length
  await until(() => count('t/acme') + count('t/beta') === 2 * EXCHANGES)
  assert.equal(bodies().length, 2 * EXCHANGES)
  const of = async (query) => (await api('/exchanges?limit=1&' + query)).total
  await until(async () => await of('user=' + encodeURIComponent(bob)) === Math.floor(EXCHANGES / 3))
  assert.deepEqual(search(join(system.dir, 'state/log'), [ada, bob]), [])
  assert.deepEqual(search(join(system.dir, 'state'), Object.values(phrases)), [], 'what was kept of them is sealed')
  assert.ok(existsSync(join(runDir(), 'bundle')))
  assert.deepEqual(search(runDir(), [ada, bob, ...Object.values(phrases)]), [], 'neither does the bundle')
  const items = system.json('key', 'list').items
  assert.equal(items.find((k) => k.id === keys.ada.id).user, ada, 'and they are shown by name')
  const third = Math.floor(EXCHANGES / 3), adas = EXCHANGES - third
  assert.equal(await of(`user=${encodeURIComponent(ada)}`), adas, 'and found by name, in both tenants')
  assert.equal(await of(`user=${encodeURIComponent(ada)}&tenant=beta`), Math.floor((EXCHANGES + 1) / 3))
  assert.equal(await of('user=nobody'), 0)
  assert.equal((await api(`/exchanges?limit=1&user=${encodeURIComponent(bob)}`)).items[0].user, bob)
  for (const w of ['ada', 'adaBeta', 'bob'])
    assert.ok((await read(ids[w])).request.text.includes(phrases[w === 'bob' ? 'bob' : 'ada']), w)
  earlier = join(system.dir, 'before.tar.zst')
  const r = system.run('export', '--from', '2020-01-01', '--to', '2100-01-01', '--out', earlier, '--config', system.config)
  assert.equal(r.status, 0, r.stderr)
})

test('the search finds what is there in each spelling', () => {
  const dir = mkdtempSync(join(tmpdir(), 'custos-search-'))
  const b = Buffer.from(ada)
  const forms = { raw: b, hex: b.toString('hex'), b64a: b.toString('base64'), b64b: Buffer.concat([Buffer.from('x'), b]).toString('base64'),
    b64c: Buffer.concat([Buffer.from('xy'), b, Buffer.from('z')]).toString('base64'), percent: [...b].map((c) => '%' + c.toString(16)).join(''), utf16: Buffer.from(ada, 'utf16le'),
    escapes: [...ada].map((c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')).join('') }
  for (const [name, form] of Object.entries(forms)) writeFileSync(join(dir, name), Buffer.concat([Buffer.from('before '), Buffer.from(form), Buffer.from(' behind')]))
  assert.equal(search(dir, [ada]).length, Object.keys(forms).length)
  rmSync(dir, { recursive: true })
})

test('a dry run says what would go, and nothing goes', () => {
  const r = erase('--subject', ada, '--dry-run')
  assert.equal(r.dry_run, true)
  assert.deepEqual(r.items.map((t) => [t.tenant, t.persons, t.revoked]), [['acme', 1, 1], ['beta', 1, 1]])
  assert.equal(system.json('key', 'list').items.find((k) => k.id === keys.ada.id).user, ada)
})

test('orders without basis or approver, and those that name her, are refused', () => {
  for (const args of [['--subject', ada], ['--basis', 'x', '--approver', 'y'], ['--subject', ada, '--basis', `of ${ada}`, '--approver', 'y'],
    ['--subject', ada, '--basis', 'x', '--approver', ada], ['--subject', 'nobody', '--basis', 'x', '--approver', 'y'], ['--tenant', 'gamma', '--basis', 'x', '--approver', 'y']]) {
    const r = system.run('erase', ...args, '--config', system.config)
    assert.equal(r.status, 2, args.join(' '))
    assert.ok(!r.stderr.includes('internal'), r.stderr)
  }
})

test('erased in one tenant she is gone from every file of it, and stays in the other', { timeout: 120000 }, async () => {
  const state = join(system.dir, 'state')
  const before = system.json('key', 'list').items
  const pseudonym = before.find((k) => k.id === keys.ada.id).person
  const proofs = new Map(['checkpoint', 'vkey'].map((f) => [f, readFileSync(join(system.status.log_dir, 't/acme', f))]))
  assert.ok(search(state, [pseudonym]).some((f) => f.includes('/tile/entries/')), 'the log holds her pseudonym')
  assert.ok(search(state, [`laptop-of-${ada}`]).some((f) => f.includes('store.db')), 'the register holds what her key is called')
  const hers = bodies().filter((f) => f.endsWith(pseudonym)), others = bodies().length - hers.length
  const copy = join(tmpdir(), `custos-erase-${process.pid}`), path = hers.find((f) => f.includes(`${ids.ada}.request`))
  const seal = readFileSync(join(state, 'bodies', path)).subarray(56, 120)
  copyFileSync(join(state, 'bodies', path), copy)
  assert.equal(hers.length, 2 * Math.floor((EXCHANGES + 2) / 3))
  const r = erase('--subject', ada, '--tenant', 'acme')
  assert.deepEqual(r.items.map((t) => [t.tenant, t.subject, t.persons, t.revoked, t.bodies]), [['acme', pseudonym, 1, 1, hers.length]])
  assert.deepEqual([bodies().filter((f) => f.endsWith(pseudonym)).length, bodies().length], [0, others], 'hers, and nobody else’s')
  assert.deepEqual(search(state, [seal]), [], 'no copy of a sealed one is left')
  assert.equal((await read(ids.ada)).request.state, 'gone')
  copyFileSync(copy, join(state, 'bodies', path)) // who kept a copy cannot open it: the key is no more
  assert.equal((await read(ids.ada)).request.state, 'gone')
  rmSync(copy)
  rmSync(join(state, 'bodies', path), { force: true })
  for (const w of ['adaBeta', 'bob'])
    assert.ok((await read(ids[w])).request.text.includes(phrases[w === 'bob' ? 'bob' : 'ada']), `${w} is still read`)
  const after = system.json('key', 'list').items
  assert.equal(after.find((k) => k.id === keys.ada.id).user, 'erased')
  assert.equal(after.find((k) => k.id === keys.adaBeta.id).user, ada, 'the other tenant knows her')
  assert.equal(after.find((k) => k.id === keys.bob.id).user, bob)
  assert.equal((await api(`/exchanges?limit=1&user=${pseudonym}`)).items[0].user, 'erased')
  assert.deepEqual(search(state, [ada]), [], 'no file holds her name')
  const done = await system.sealed((x) => x.type === 'content.erased', 't/acme')
  assert.equal(done.body.basis, 'request of the person')
  assert.equal(done.body.subject, pseudonym)
  assert.match(done.body.approver, /^p_/)
  assert.ok(system.entries('t/acme').some((x) => x.type === 'key.destroyed' && x.body.subject === pseudonym))
  assert.equal(system.entries('t/beta').filter((x) => x.type === 'content.erased').length, 0)
  assert.equal(system.verify().status, 0)
  assert.ok(proofs.get('checkpoint').length && readFileSync(join(system.status.log_dir, 't/acme/vkey')).equals(proofs.get('vkey')))
  const refused = await fetch(`${system.url}/v1/messages`, { method: 'POST', headers: { 'x-api-key': keys.ada.key, 'content-type': 'application/json' }, body: '{}' })
  assert.equal(refused.status, 401, 'her key has ended')
  await ask(keys.adaBeta.key, 'still here')
  const old = spawnSync(join(build, 'src/verify/custos-verify'), [earlier], { encoding: 'utf8' })
  assert.equal(old.status, 0, 'an export from before still verifies: ' + old.stdout + old.stderr)
})

test('erased everywhere, and a tenant as a whole', async () => {
  assert.deepEqual(erase('--subject', ada).items.map((t) => t.tenant), ['beta'])
  assert.equal(system.json('key', 'list').items.find((k) => k.id === keys.adaBeta.id).user, 'erased')
  const keystore = join(system.dir, 'state/keystore')
  const kek = readFileSync(join(keystore, 'kek-acme'))
  const r = erase('--tenant', 'acme')
  assert.equal(r.items[0].subject, 'tenant')
  assert.ok(r.items[0].persons >= 2)
  assert.equal(system.json('key', 'list').items.find((k) => k.id === keys.bob.id).user, 'erased')
  assert.ok(!existsSync(join(keystore, 'kek-acme')) || !readFileSync(join(keystore, 'kek-acme')).equals(kek))
  assert.deepEqual(search(join(system.dir, 'state'), [kek]), [], 'the key that wrapped it is nowhere')
  assert.equal(bodies().filter((f) => readFileSync(join(system.dir, 'state/bodies', f)).includes(ids.bob)).length, 0, 'its bodies are gone')
  assert.ok(r.items[0].bodies > 0)
  assert.equal((await read(ids.bob)).request.state, 'gone')
  const old = spawnSync(join(build, 'src/verify/custos-verify'), [earlier], { encoding: 'utf8' })
  assert.equal(old.status, 0, 'an export from before still verifies: ' + old.stdout + old.stderr)
  assert.equal(system.verify().status, 0)
})

test('the master key: a wrong or missing one stops the start with a remedy', async () => {
  await system.stop()
  const serve = (line, env = {}) => {
    writeFileSync(system.config, readFileSync(system.config, 'utf8').replace(/^master_key:.*\n/m, '') + line)
    return system.run('daemon', '--config', system.config)
  }
  const file = join(system.dir, 'other.key')
  writeFileSync(file, 'a'.repeat(64) + '\n')
  for (const [line, want] of [[`master_key: file:${file}\n`, /not the key that this keystore was sealed under/], [`master_key: file:${file}.not\n`, /not found/],
    ['master_key: credential:custos\n', /CREDENTIALS_DIRECTORY/], ['master_key: pkcs11:token=none;object=x\n', /token|module|engine/], ['master_key: abc\n', /never the key itself/]]) {
    const r = serve(line)
    assert.equal(r.status, 2, line)
    assert.match(r.stderr, want, line)
  }
})
