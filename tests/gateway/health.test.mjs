// Checks beside the traffic, circuit breaking, Retry-After and sessions: who is asked when, and what is said about it.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import http from 'node:http'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { System, freePort } from './system.mjs'

const places = {}
let system, got = [], metrics

// how: changed by the tests while it runs
class Place {
  constructor(name) { this.name = name; this.how = 'well'; this.checks = 0 }
  async open(port = 0) {
    this.server = http.createServer((req, res) => {
      req.on('data', () => {}).on('end', () => {
        if (req.url === '/ready') { this.checks++; this.seen = req.headers; return res.writeHead(this.how === 'sick' ? 503 : 401).end('{}') }
        got.push(this.name)
        if (this.how === 'dies') return req.socket.destroy()
        if (this.how === 'busy') return res.writeHead(429, { 'content-type': 'application/json', 'retry-after': '3' }).end('{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}')
        if (this.how === 'error') return res.writeHead(500, { 'content-type': 'application/json' }).end('{"type":"error","error":{"type":"api_error","message":"own"}}')
        if (this.how === 'full') return res.writeHead(503, { 'content-type': 'application/json', 'retry-after': '4' }).end('{"type":"error","error":{"type":"overloaded_error","message":"full"}}')
        res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id: this.name, type: 'message', content: [], usage: { input_tokens: 1, output_tokens: 1 } }))
      })
    })
    await new Promise((done) => this.server.listen(port, '127.0.0.1', done))
    this.port = this.server.address().port
    this.url = `http://127.0.0.1:${this.port}`
    return this
  }
  close() {
    this.server.closeAllConnections()
    return new Promise((done) => this.server.close(done))
  }
}
const pause = (ms) => new Promise((done) => setTimeout(done, ms))
async function until(test, what) {
  for (let i = 0; i < 150; i++) {
    const v = await test()
    if (v) return v
    await pause(100)
  }
  assert.fail(what)
}

before(async () => {
  system = new System({ workers: 2 })
  for (const name of ['a', 'b', 'ready', 'other', 'one', 'two', 's0', 's1', 's2', 'busy', 'spare', 'full']) places[name] = await new Place(name).open()
  metrics = await freePort()
  const vendor = (name, of, more) => `  ${name}:\n    api: anthropic\n    base_url: ${places[of[0]].url}\n    upstreams: [${of.slice(1).map((n) => `"${places[n].url}"`).join(', ')}]\n    credential: env:FAKE_KEY\n    assessment: {decision: approved, by: X}\n    ${more}\n`.replace(/    upstreams: \[\]\n/, '')
  system.options.extra = `metrics: {listen: 127.0.0.1:${metrics}}\n`
  system.options.vendors = 'vendors:\n' + vendor('watched', ['a', 'b'], 'check: {interval: 1, timeout: 10, fall: 2, rise: 1}') +
    vendor('asked', ['ready', 'other'], 'check: {path: /ready, interval: 1, timeout: 10, fall: 2, rise: 2}') + vendor('single', ['one'], 'breaker: {failures: 3, seconds: 6}') +
    vendor('free', ['two'], 'breaker: {failures: 2, seconds: 2}') + vendor('full', ['full'], 'breaker: {failures: 1, seconds: 1}') +
    vendor('spread', ['s0', 's1', 's2'], 'balance: session') + vendor('busy', ['busy', 'spare'], 'balance: order')
  await system.start()
})
after(async () => {
  await system?.remove()
  for (const p of Object.values(places)) await p.close()
})

async function ask(vendor, { headers = {}, body = {} } = {}) {
  got = []
  const r = await fetch(`${system.url}/vendor/${vendor}/v1/messages`, { method: 'POST', headers: { 'x-api-key': system.key, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'hello' }], ...body }) })
  return { status: r.status, body: await r.json(), wait: r.headers.get('retry-after'), id: r.headers.get('request-id') }
}
const state = (vendor, n) => system.json('status').upstreams.find((u) => u.vendor === vendor && u.upstream === n)
const org = (type, vendor) => system.entries('org').filter((l) => l.type === type && l.body.vendor === vendor)

test('one that goes down is left before any request suffers, and returns', async () => {
  await until(() => state('watched', 0)?.state === 'up' && state('watched', 1)?.state === 'up', 'never checked')
  assert.deepEqual(org('upstream.down', 'watched'), [])
  const { port } = places.a
  await places.a.close()
  await until(() => state('watched', 0).state === 'down', 'not seen to be down')
  await pause(500)
  for (let i = 0; i < 6; i++) {
    const { status, body, id } = await ask('watched')
    assert.equal(status, 200)
    assert.equal(body.id, 'b')
    const end = await system.sealed((l) => l.body.exchange === id && l.type === 'exchange.response')
    assert.deepEqual(end.body.tries.map((t) => t.upstream), [1], 'the first was tried')
  }
  assert.deepEqual((await system.sealed((l) => l.type === 'upstream.down' && l.body.vendor === 'watched', 'org')).body, { reason: 'connect', upstream: 0, vendor: 'watched' })
  assert.match(system.run('status', '--config', system.config).stdout, /trouble +vendor watched: upstream 0 is down: connect/)
  const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text()
  assert.match(text, /custos_upstream_up\{vendor="watched",upstream="0"\} 0\n/)
  assert.match(text, /custos_upstream_up\{vendor="watched",upstream="1"\} 1\n/)
  await places.a.open(port)
  await until(async () => (await ask('watched')).body.id === 'a', 'never asked again')
  const up = await system.sealed((l) => l.type === 'upstream.up' && l.body.vendor === 'watched', 'org')
  assert.equal(up.body.upstream, 0)
  assert.equal(state('watched', 0).state, 'up')
})

test('a path is asked without a credential; below 500 is well, 503 is not', async () => {
  await until(() => state('asked', 0)?.state === 'up', '401 is an answer')
  assert.equal((await ask('asked')).body.id, 'ready')
  places.ready.how = 'sick'
  await until(() => state('asked', 0).state === 'down', 'not seen')
  assert.equal(state('asked', 0).reason, 'status')
  await until(async () => (await ask('asked')).body.id === 'other', 'still asked')
  places.ready.how = 'well'
  await until(async () => (await ask('asked')).body.id === 'ready', 'never asked again')
  assert.doesNotMatch(JSON.stringify(places.ready.seen), /provider-credential|ck-/)
  await system.sealed((l) => l.type === 'upstream.up' && l.body.vendor === 'asked', 'org') // by then what came before it is sealed too
  assert.equal(org('upstream.down', 'asked').length, 1)
})

test('the mark of a daemon that died passes by itself; traffic goes on meanwhile', async () => {
  const { port } = places.a
  await places.a.close()
  await until(() => state('watched', 0).state === 'down', 'not seen to be down')
  await places.a.open(port)
  process.kill(system.pids('daemon')[0], 'SIGKILL')
  await until(async () => (await ask('watched')).body.id === 'a', 'the mark stayed')
})

test('no answer in a row opens the circuit; one is tried, and closes it', async () => {
  places.one.how = 'dies'
  for (let i = 0; i < 3; i++) assert.equal((await ask('single')).status, 502)
  const refused = await ask('single')
  assert.equal(refused.status, 503)
  assert.deepEqual(got, [])
  assert.equal(refused.body.type, 'error')
  assert.match(refused.body.error.message, /custos: the vendor single does not answer/)
  assert.ok(Number(refused.wait) >= 1 && Number(refused.wait) <= 6, refused.wait)
  const entry = await system.sealed((l) => l.id === refused.id)
  assert.equal(entry.type, 'input.rejected')
  assert.equal(entry.body.reason, 'route_open')
  await system.sealed((l) => l.type === 'route.opened' && l.body.vendor === 'single', 'org')
  assert.ok(system.json('status').routes_open.some((r) => r.vendor === 'single'))
  await until(async () => (await ask('single')).status === 502, 'one is let through')
  assert.equal((await ask('single')).status, 503, 'and only one')
  places.one.how = 'well'
  await until(async () => (await ask('single')).status === 200, 'never closed')
  assert.equal((await ask('single')).status, 200)
  await system.sealed((l) => l.type === 'route.closed' && l.body.vendor === 'single', 'org')
  assert.equal(org('route.opened', 'single').length, 1)
  assert.deepEqual(system.json('status').routes_open, [])
})

test('what one caller can cause does not stop the others: 500 and 429 open nothing', async () => {
  for (const how of ['error', 'busy']) {
    places.two.how = how
    for (let i = 0; i < 5; i++) assert.equal((await ask('free')).status, how === 'error' ? 500 : 429)
  }
  places.two.how = 'well'
  assert.equal((await ask('free')).status, 200)
})

test('a provider that says how long is left alone that long', async () => {
  places.full.how = 'full'
  const first = await ask('full')
  assert.equal(first.status, 503)
  assert.equal(first.body.error.message, 'full', 'its own words pass')
  assert.equal(first.wait, '4')
  await pause(1500) /* longer than the breaker's own second */
  const second = await ask('full')
  assert.equal(second.status, 503)
  assert.deepEqual(got, [])
  assert.ok(Number(second.wait) <= 3)
  places.full.how = 'well'
  await until(async () => (await ask('full')).status === 200, 'never closed')
})

test('Retry-After: the next request goes to another upstream until the time is over', async () => {
  places.busy.how = 'busy'
  assert.equal((await ask('busy')).status, 429)
  places.busy.how = 'well'
  const at = Date.now()
  assert.equal((await ask('busy')).body.id, 'spare')
  assert.ok(system.json('status').upstreams_resting.some((u) => u.vendor === 'busy' && u.upstream === 0))
  await until(async () => (await ask('busy')).body.id === 'busy', 'never asked again')
  assert.ok(Date.now() - at > 1500, 'asked too early')
})

test('each session of a caller stays with one upstream, and sessions are spread', async () => {
  const used = new Set()
  for (let i = 0; i < 12; i++) {
    const how = i % 2 ? { headers: { 'x-claude-code-session-id': `session-${i}` } } : { body: { prompt_cache_key: `session-${i}` } }
    const names = []
    for (let k = 0; k < 4; k++) names.push((await ask('spread', how)).body.id)
    assert.equal(new Set(names).size, 1)
    used.add(names[0])
  }
  assert.ok(used.size > 1, 'twelve sessions of one key on one of three upstreams')
})

test('mistakes are named', () => {
  const path = join(system.dir, 'bad.yaml')
  for (const [line, why] of [['check: often', /check is connect, or a map/], ['check: {path: ready}', /check\.path begins with \//], ['check: {interval: 0}', /interval/], ['check: {url: x}', /url/],
    ['breaker: {failures: 0}', /failures/], ['breaker: {seconds: 301}', /seconds/]]) {
    writeFileSync(path, `vendors:\n  a:\n    api: anthropic\n    base_url: https://a.example\n    ${line}\n`)
    const r = system.run('check-config', '--config', path)
    assert.equal(r.status, 2, line)
    assert.match(r.stderr, why)
  }
})
