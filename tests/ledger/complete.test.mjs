// What the gateway counts itself is held against the log; a worker that dies leaves requests without an end.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, System } from '../gateway/system.mjs'

let upstream, system, hold = false
const pause = (ms) => new Promise((done) => setTimeout(done, ms))

before(async () => {
  upstream = createServer((q, r) => {
    q.resume()
    q.on('end', () => {
      if (hold) return
      r.setHeader('content-type', 'application/json')
      r.end('{"type":"message","content":[],"usage":{"input_tokens":3,"output_tokens":4}}')
    })
  })
  await new Promise((done) => upstream.listen(0, '127.0.0.1', done))
  system = await new System({ upstream: `http://127.0.0.1:${upstream.address().port}` }).start()
})
after(async () => {
  await system.remove()
  upstream.closeAllConnections()
  upstream.close()
})

const ask = (key = system.key) => fetch(`${system.url}/v1/messages`, {
  method: 'POST', headers: { 'x-api-key': key, 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] }),
}).then(async (r) => { await r.arrayBuffer(); return r.status })
const reconcile = (...more) => {
  const r = system.run('log', 'reconcile', '--config', system.config, '--format', 'json', ...more)
  assert.notEqual(r.status, 2, r.stderr)
  return { status: r.status, ...JSON.parse(r.stdout) }
}

test('every worker and the daemon begin with a heartbeat', async () => {
  const beats = []
  for (let i = 0; i < 40 && beats.length < 3; i++) {
    beats.splice(0, beats.length, ...system.entries('org').filter((l) => l.type === 'writer.heartbeat'))
    await pause(50)
  }
  assert.deepEqual(beats.map((b) => b.writer).sort(), ['daemon-0', 'gw-0', 'gw-1'])
  assert.ok(beats.every((b) => b.body.reason === 'start'))
})

test('under load, in the middle of it, nothing is said to be missing', async () => {
  let going = true, sent = 0, refused = 0
  const load = Array.from({ length: 6 }, async (_, i) => {
    while (going) (i ? await ask() : await ask('no-such-key')) === 200 ? sent++ : refused++
  })
  for (let i = 0; i < 4; i++) {
    await pause(300)
    const r = reconcile()
    assert.deepEqual(r.missing, [])
    assert.equal(r.status, 0)
  }
  going = false
  await Promise.all(load)
  assert.ok(sent > 20 && refused > 5)
})

test('a worker that ends says so, and its counts are those of the log', async () => {
  for (const pid of system.workers()) process.kill(pid, 'SIGTERM')
  const ended = await Promise.all(['gw-0', 'gw-1'].map((w) => system.sealed((l) => l.type === 'writer.heartbeat' && l.writer === w && l.body.reason === 'end', 'org')))
  await pause(600)
  const all = [...system.entries('t/acme'), ...system.entries('org')]
  for (const e of ended) {
    const mine = all.filter((l) => l.writer === e.writer && l.epoch === e.epoch && l.seq < e.seq)
    const n = (...types) => mine.filter((l) => types.includes(l.type)).length
    assert.equal(n('exchange.request'), e.body.requests - e.body.void)
    assert.equal(n('exchange.response', 'exchange.aborted'), e.body.answered)
    assert.equal(n('input.rejected'), e.body.refused - e.body.left_out)
    assert.equal(mine.length, e.seq)
  }
  const r = reconcile()
  assert.deepEqual(r.missing, [])
  const entry = await system.sealed((l) => l.type === 'evidence.reconciled' && l.body.entries === r.entries, 'org')
  assert.equal(entry.body.requests, r.requests)
  const s = system.json('status')
  assert.ok(s.evidence.reconciled.count > 0)
  assert.equal(s.evidence.gap.count, 0)
})

test('a usage export of the provider fits what the log has, and what went past the gateway does not', async () => {
  const yesterday = new Date(Date.now() - 86400000).toISOString().slice(0, 10), today = new Date().toISOString().slice(0, 10)
  const file = join(system.dir, 'usage.csv')
  const HEADS = 'usage_date_utc,model_version,usage_input_tokens_no_cache,usage_input_tokens_cache_write,usage_input_tokens_cache_read,usage_output_tokens\n'
  const take = (text, ...more) => {
    writeFileSync(file, text)
    const r = system.run('usage', 'import', file, '--vendor', 'anthropic', '--config', system.config, '--format', 'json', ...more)
    return { status: r.status, err: r.stderr, ...(r.stdout ? JSON.parse(r.stdout) : {}) }
  }
  assert.equal(system.json('usage', 'list').items.length, 0)
  // what is not over is left out; what the provider saw and the log does not have is a gap
  let r = take(HEADS + `${today},m,1,0,0,1\n${yesterday},m-20250514,5000,0,0,7000\n`)
  assert.equal(r.status, 1, r.err)
  assert.deepEqual([r.form, r.not_over, r.days], ['anthropic-csv', 1, [{ day: yesterday, ours: 0, theirs: 12000, state: 'gap' }]])
  const gap = await system.sealed((l) => l.type === 'evidence.gap' && l.body.against === 'provider_usage', 'org')
  assert.deepEqual(gap.body.rows, [{ class: 'input', model: 'm', ours: 0, theirs: 5000 }, { class: 'output', model: 'm', ours: 0, theirs: 7000 }])
  // within the tolerance of tokens; the newest import of a day is the one that counts
  r = take(HEADS + `${yesterday},m,500,0,0,700\n`)
  assert.deepEqual([r.status, r.days[0].state], [0, 'tied'], r.err)
  assert.equal((await system.sealed((l) => l.type === 'evidence.reconciled' && l.body.against === 'provider_usage', 'org')).body.source, r.source)
  await pause(600)
  const list = system.json('usage', 'list').items
  assert.deepEqual(list.map((d) => [d.vendor, d.day, d.ours, d.theirs, d.state]), [['anthropic', yesterday, 0, 1200, 'tied']])
  assert.match(system.run('usage', 'list', '--config', system.config).stdout, new RegExp(`${yesterday} +anthropic +0 +1200 +\\+1200  tied`))
  // a cost report, another vendor, a tolerance that is none, a file that is not there
  assert.equal(take('usage_date_utc,model,cost_usd\n2026-01-01,m,3\n').status, 2)
  for (const [args, why] of [[['--vendor', 'nobody'], /name of one in custos.yaml/], [['--vendor', 'anthropic', '--tolerance', '101'], /percentage/], [[], /--vendor NAME/]]) {
    const bad = system.run('usage', 'import', file, '--config', system.config, ...args)
    assert.equal(bad.status, 2)
    assert.match(bad.stderr, why)
  }
})

test('what a killed worker had counted comes with the first heartbeat of the next', async () => {
  system.json('status', '--wait', '30')
  const begun = system.entries('org').length
  for (let i = 0; i < 40; i++) assert.equal(await ask(), 200)
  assert.ok([401, 429].includes(await ask('no-such-key'))) // or locked out by the test before
  await pause(300)
  for (const pid of system.workers()) process.kill(pid, 'SIGKILL')
  const all = () => system.entries('org').slice(begun).filter((l) => l.type === 'writer.heartbeat' && l.body.before)
  for (let i = 0; i < 1000 && all().length < 2; i++) await pause(100)
  const beats = all()
  assert.deepEqual(beats.map((b) => [b.writer, b.body.reason]).sort(), [['gw-0', 'start'], ['gw-1', 'start']])
  const entries = [...system.entries('t/acme'), ...system.entries('org')]
  for (const b of beats) {
    const mine = entries.filter((l) => l.writer === b.writer && l.epoch === b.body.before.epoch)
    assert.ok(mine.length > 0, `${b.writer}: no entries of ${b.body.before.epoch}`)
    const n = (...types) => mine.filter((l) => types.includes(l.type)).length
    assert.equal(n('exchange.request'), b.body.before.requests)
    assert.equal(n('exchange.response'), b.body.before.answered)
    assert.equal(n('input.rejected'), b.body.before.refused - b.body.before.left_out)
  }
  assert.equal(beats.reduce((sum, b) => sum + b.body.before.forwarded, 0) >= 40, true)
  const r = reconcile()
  assert.deepEqual([r.missing, r.cut_short], [[], 0])
})

test('a request whose worker was killed is an orphan, once', async () => {
  system.json('status', '--wait', '30')
  hold = true
  const lost = ask().catch(() => 'lost')
  const unanswered = () => {
    const all = system.entries(), ended = new Set(all.map((l) => l.body.exchange))
    return all.some((l) => l.type === 'exchange.request' && !ended.has(l.id))
  }
  for (let i = 0; i < 600 && !unanswered(); i++) await pause(50)
  for (const pid of system.workers()) process.kill(pid, 'SIGKILL')
  await lost
  hold = false
  await pause(1200)
  const r = reconcile('--older', '0')
  assert.equal(r.orphans, 1)
  assert.deepEqual(r.missing, [])
  const orphan = await system.sealed((l) => l.type === 'exchange.orphan')
  assert.ok(system.entries().some((l) => l.type === 'exchange.request' && l.id === orphan.body.exchange))
  await pause(600)
  assert.equal(reconcile('--older', '0').orphans, 0)
})

test('a log is verified while it is being written, by itself or with the others', async () => {
  let going = true
  const load = Array.from({ length: 24 }, async () => { while (going) await ask() })
  try {
    await system.sealed((l) => l.type === 'exchange.response', 't/acme')
    for (let i = 0; i < 60; i++) {
      const dir = join(system.dir, 'state/log', ['t/acme', 't/acme', 'anchor', ''][i % 4])
      const r = await new Promise((done) => {
        const child = spawn(join(build, 'custos'), ['verify', '--dir', dir])
        let out = ''
        for (const s of [child.stdout, child.stderr]) s.on('data', (d) => { out += d })
        child.on('close', (status) => done({ status, out }))
      })
      assert.equal(r.status, 0, `${dir}: ${r.out}`)
    }
  } finally {
    going = false
    await Promise.all(load)
  }
})
