// Projections are made anew from the log, to the byte: under load, after a crash, after mutations; and the
// log is read from the command line.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Provider } from '../gateway/provider.mjs'
import { System, custos } from '../gateway/system.mjs'

let provider, system, ada, ci
const pause = (ms) => new Promise((done) => setTimeout(done, ms))

before(async () => {
  provider = await new Provider().start()
  system = await new System({ upstream: provider.url, extra: '  - name: globex\n' }).start()
})
after(async () => {
  await system.remove()
  await provider.stop()
})

const ask = (key = system.key) => fetch(`${system.url}/v1/messages`, {
  method: 'POST', headers: { 'x-api-key': key, 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] }),
}).then(async (r) => { await r.arrayBuffer(); return r.status })

test('after every mutation of keys the log alone gives the same register', async () => {
  const issue = (...more) => system.json('key', 'issue', '--tenant', 'acme', ...more)
  const a = issue('--user', 'ada', '--scope', 'models=m*,n vendors=anthropic', '--limit', 'spend/day=12.5 requests/min=60', '--expires', '2099-12-31')
  const b = issue('--service', 'ci', '--name', 'builds')
  const c = system.json('key', 'rotate', a.id, '--overlap', '1h')
  system.json('key', 'limit', b.id, '--limit', 'concurrent=3 spend/day=0.000001')
  system.json('key', 'revoke', b.id)
  await system.sealed((l) => l.type === 'key.revoked' && l.body.key === b.id)
  await pause(500)
  const r = system.sound()
  assert.equal(r.differences, 0)
  assert.ok(r.compared && r.entries > 8)
  ada = a.id
  ci = b.id
  const keys = system.json('key', 'list').items
  assert.equal(keys.find((k) => k.id === c.id).replaces, a.id)
})

test('under load, while it goes on', async () => {
  let going = true, sent = 0
  const load = Array.from({ length: 6 }, async () => { while (going) { assert.equal(await ask(), 200); sent++ } })
  for (let i = 0; i < 5; i++) {
    await pause(200)
    const r = system.sound()
    assert.equal(r.differences, 0)
  }
  going = false
  await Promise.all(load)
  assert.ok(sent > 20)
})

test('after the daemon is killed in the middle', async () => {
  for (let i = 0; i < 3; i++) {
    const load = Array.from({ length: 4 }, () => ask())
    const [pid] = system.pids('daemon')
    system.run('key', 'issue', '--tenant', 'globex', '--user', `u${i}`, '--config', system.config)
    process.kill(pid, 'SIGKILL')
    await Promise.all(load)
    system.json('status', '--wait', '30')
    system.json('key', 'list')
  }
  await pause(1000)
  assert.equal(system.sound().differences, 0)
})

test('a projection that was changed by hand is named', async () => {
  const { spawnSync } = await import('node:child_process')
  const db = join(system.dir, 'state/store.db')
  const sql = (text) => spawnSync('python3', ['-c', 'import sqlite3,sys; c=sqlite3.connect(sys.argv[1],timeout=10); c.execute(sys.argv[2]); c.commit()', db, text], { encoding: 'utf8' })
  const changed = (text) => {
    assert.equal(sql(text).status, 0)
    const r = system.run('log', 'rebuild', '--config', system.config, '--out', join(system.dir, `x${Math.random()}.db`), '--format', 'json')
    return { status: r.status, ...JSON.parse(r.stdout) }
  }
  const one = changed(`UPDATE holder SET user='mallory-'||user WHERE id='${ada}'`)
  assert.equal(one.status, 1)
  assert.match(one.first, /^holder, row \d+: not as the log says/)
  assert.equal(changed(`UPDATE holder SET user=substr(user,9) WHERE id='${ada}'`).status, 0)
  const two = changed(`UPDATE key SET revoked=0 WHERE id='${ci}'`)
  assert.equal(two.status, 1)
  assert.match(two.first, /^key, row/)
  assert.equal(changed(`UPDATE key SET revoked=1 WHERE id='${ci}'`).status, 0)
})

test('as of a moment the answers are what the live system said then', async () => {
  const noted = []
  const view = (items) => items.map(({ last_used, shown, ...k }) => k)
  const note = async () => {
    await pause(30)
    noted.push({ at: new Date().toISOString(), keys: view(system.json('key', 'list').items) })
    await pause(30)
  }
  await note()
  const a = system.json('key', 'issue', '--tenant', 'globex', '--user', 'then')
  await note()
  system.json('key', 'limit', a.id, '--limit', 'concurrent=7')
  await note()
  const b = system.json('key', 'rotate', a.id, '--overlap', '7d')
  await note()
  system.json('key', 'revoke', b.id)
  await note()
  await system.sealed((l) => l.type === 'key.revoked' && l.body.key === b.id, 't/globex')
  for (const n of noted) assert.deepEqual(view(system.json('key', 'list', '--as-of', n.at).items), n.keys)
  assert.equal(new Set(noted.map((n) => JSON.stringify(n.keys))).size, 5)
  // Heads: a round's entry of the anchor log has its time from when the round was staged, so that a live answer may be
  // one round behind it, however long that round takes; it is never ahead.
  const sizes = (s) => new Map(s.logs.filter((l) => l.name !== 'anchor').map((l) => [l.name, l.size]))
  const first = system.json('status'), second = system.json('status')
  await ask()
  await system.sealed((l, i) => l.type === 'exchange.response' && i >= sizes(second).get('t:acme'))
  const then = sizes(system.json('status', '--as-of', second.now))
  const anchored = system.entries('anchor').map((l) => l.body)
  for (const [name, size] of sizes(first)) {
    const live = sizes(second).get(name), newer = anchored.filter((h) => h.log.replace('/', ':') === name && h.size > live).map((h) => h.size)
    assert.ok(then.get(name) >= size, `${name}: ${then.get(name)} at ${second.now}, and ${size} before`)
    assert.ok(then.get(name) <= (newer.length ? Math.min(...newer) : live), `${name}: ${then.get(name)}, live ${live}, and then ${newer}`)
  }
  const anchors = system.json('status').logs.find((l) => l.name === 'anchor').size
  assert.equal(system.run('status', '--as-of', String(anchors + 1000), '--config', system.config).status, 2)
  assert.ok(system.json('key', 'list', '--as-of', String(anchors - 1)).items.length >= noted[4].keys.length)
  const one = system.json('log', 'show', 'anchor', String(anchors - 1)).entry.body
  const heads = system.json('status', '--as-of', String(anchors - 1)).logs
  assert.equal(heads.find((h) => h.name === one.log.replace('/', ':')).root, one.root)
  assert.equal(system.run('key', 'list', '--as-of', 'yesterday', '--config', system.config).status, 2)
  assert.equal(system.run('key', 'list', '--as-of', '2026-02-30T00:00:00Z', '--config', system.config).status, 2)
  assert.equal(system.json('key', 'list', '--as-of', '2020-01-01T00:00:00Z').items.length, 0)
})

test('entries are listed, filtered, shown with their proof, and followed', async () => {
  const lines = (...args) => system.run('log', 'list', '--config', system.config, '--format', 'json', ...args).stdout.trim().split('\n').filter(Boolean).map(JSON.parse)
  const keys = lines('--type', 'key.*')
  assert.ok(keys.length > 4 && keys.every((k) => k.entry.type.startsWith('key.')))
  assert.ok(lines('--tenant', 'globex').every((k) => k.log === 't/globex'))
  assert.equal(lines('--until', '2020').length, 0)
  assert.equal(lines('--limit', '2').length, 2)
  assert.ok(lines('--actor', 'operator', '--tenant', 'acme').every((k) => k.entry.actor === 'operator'))
  const one = keys.find((k) => k.log === 't/acme')
  const shown = system.json('log', 'show', one.log, String(one.index))
  assert.deepEqual(shown.entry, one.entry)
  assert.match(shown.proof, /^c2sp\.org\/tlog-proof@v1\n/)
  assert.equal(system.run('log', 'show', '../x', '1', '--config', system.config).status, 2)
  assert.equal(system.run('log', 'show', 'org', '999999', '--config', system.config).status, 2)
  const tail = spawn(custos, ['log', 'tail', '--type', 'exchange.request', '--limit', '1', '--config', system.config, '--format', 'json'], { cwd: system.dir, env: { ...process.env, FAKE_KEY: 'x' } })
  let text = ''
  tail.stdout.on('data', (d) => (text += d))
  const ended = new Promise((done) => tail.on('exit', done))
  await pause(500)
  await ask()
  await ended
  assert.equal(JSON.parse(text).entry.type, 'exchange.request')
})

test('a registry with a mistake is refused with file and line, and the daemon writes nothing else', () => {
  writeFileSync(join(system.dir, 'controls.yaml'), 'controls:\n  - id: IAM-01\n')
  writeFileSync(join(system.dir, 'events.yaml'), 'schema_version: 1\nsensitivity: {plain: {means: x}}\nretention: {proof: {days: 0}}\nevents:\n  - {type: a.b, lable: x}\n')
  const r = system.run('events', system.dir)
  assert.equal(r.status, 2)
  assert.match(r.stderr, /events\.yaml:5: unknown key "lable"/)
})
