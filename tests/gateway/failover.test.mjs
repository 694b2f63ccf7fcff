// Several upstreams of one vendor: who is asked, what is never sent twice, and what the record says.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import http from 'node:http'
import https from 'node:https'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { authority } from './certificates.mjs'
import { System, freePort } from './system.mjs'

const servers = []
let system, back, got = []

// name: what it answers with, and stands for it in got. how: 'die' closes after it has read the request.
async function upstream(name, { port = 0, how, tls } = {}) {
  const take = (req, res) => {
    const parts = []
    req.on('data', (d) => parts.push(d))
    req.on('end', () => {
      got.push({ name, method: req.method, host: req.headers.host, body: Buffer.concat(parts).toString() })
      if (how === 'die') return req.socket.destroy()
      if (how === 'mute') return
      if (how === 'busy') return res.writeHead(429, { 'content-type': 'application/json', 'retry-after': '7' }).end('{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}')
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(req.method === 'GET' ? { data: [{ id: name }] } : { id: name, type: 'message', content: [], usage: { input_tokens: 1, output_tokens: 1 } }))
    })
  }
  const s = tls ? https.createServer(tls, take) : http.createServer(take)
  s.on('tlsClientError', () => {})
  await new Promise((done) => s.listen(port, '127.0.0.1', done))
  servers.push(s)
  return s.address().port
}

before(async () => {
  system = new System({ workers: 2 })
  const { ca, sign } = authority(system.dir)
  ca('ca')
  sign('name', 'ca', '/CN=localhost', 'DNS:localhost')
  sign('number', 'ca', '/CN=x', 'DNS:127.0.0.1')
  const tls = (n) => ({ cert: readFileSync(join(system.dir, n + '.pem')), key: readFileSync(join(system.dir, n + '.key')) })
  back = await freePort()
  const port = { second: await upstream('second'), die: await upstream('die', { how: 'die' }), spare: await upstream('spare'), third: await upstream('third'),
    mute: await upstream('mute', { how: 'mute' }), busy: await upstream('busy', { how: 'busy' }), number: await upstream('number', { tls: tls('number') }) }
  const spread = [await upstream('s0'), await upstream('s1'), await upstream('s2')]
  const at = (p, host = '127.0.0.1', scheme = 'http') => `${scheme}://${host}:${p}`
  const vendor = (name, urls, more = '') => `  ${name}:\n    api: anthropic\n    base_url: ${urls[0]}\n    upstreams: [${urls.slice(1).map((u) => `"${u}"`).join(', ')}]\n    credential: env:FAKE_KEY\n    assessment: {decision: approved, by: X}\n${more}`
  const closed = await freePort(), closed2 = await freePort(), closed3 = await freePort()
  system.options.extra = `trusted_ca: ${system.dir}/ca.pem\n`
  system.options.vendors = 'vendors:\n' + vendor('refused', [at(back), at(port.second, 'localhost'), at(port.third)]) + vendor('dying', [at(port.die), at(port.spare, 'localhost')]) +
    vendor('down', [at(closed), at(closed2)]) + vendor('names', [at(closed3, 'localhost', 'https'), at(port.number, '127.0.0.1', 'https')]) +
    vendor('spread', spread.map((p) => at(p)), '    balance: session\n') + vendor('slow', [at(port.mute), at(port.spare)], '    timeouts: {connect: 1, read: 1}\n') +
    vendor('busy', [at(port.busy), at(port.spare)])
  await system.start()
})
after(async () => {
  await system?.remove()
  for (const s of servers) { s.closeAllConnections(); s.close() }
})

async function ask(vendor, { get, key = system.key } = {}) {
  got = []
  const r = await fetch(`${system.url}/vendor/${vendor}/v1/${get ? 'models' : 'messages'}`, { method: get ? 'GET' : 'POST', headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: get ? undefined : JSON.stringify({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'hello' }] }) })
  const e = await r.json(), id = r.headers.get('request-id')
  const end = await system.sealed((l) => l.body.exchange === id && /^exchange\.(response|aborted)$/.test(l.type))
  return { status: r.status, e, end, retry: r.headers.get('retry-after') }
}
const bad = (text) => {
  const path = join(system.dir, 'bad.yaml')
  writeFileSync(path, text)
  return path
}
const tries = (end) => end.body.tries.map((t) => [t.upstream, t.sent_bytes > 0, t.answered])

test('the first refuses connections: the next in order answers, under its own name, and both are recorded', async () => {
  const { status, e, end } = await ask('refused')
  assert.equal(status, 200)
  assert.equal(e.id, 'second')
  assert.deepEqual(got.map((g) => [g.name, g.method, g.host]), [['second', 'POST', 'localhost']])
  assert.equal(JSON.parse(got[0].body).messages[0].content, 'hello')
  assert.equal(end.type, 'exchange.response')
  assert.deepEqual(tries(end), [[0, false, false], [1, true, true]])
  assert.equal(end.body.upstream, 1)
  assert.doesNotMatch(JSON.stringify(end), /127\.0\.0\.1|localhost/)
})

test('the first dies with the request in hand: a POST is not sent again', async () => {
  const { status, e, end } = await ask('dying')
  assert.equal(status, 502)
  assert.equal(e.type, 'error')
  assert.equal(e.error.type, 'api_error')
  assert.deepEqual(got.map((g) => g.name), ['die'])
  assert.equal(end.type, 'exchange.aborted')
  assert.equal(end.body.reason, 'upstream_failed')
  assert.deepEqual(tries(end), [[0, true, false]])
  assert.equal(end.body.upstream, undefined)
})

test('a GET goes on to the next, and the record has both', async () => {
  const { status, e, end } = await ask('dying', { get: true })
  assert.equal(status, 200)
  assert.equal(e.data[0].id, 'spare')
  assert.deepEqual(got.map((g) => [g.name, g.host]), [['die', '127.0.0.1'], ['spare', 'localhost']])
  assert.deepEqual(tries(end), [[0, true, false], [1, true, true]])
})

test('nobody answers: 502 in the words of the API, with a record, and again at the next try', async () => {
  for (let i = 0; i < 5; i++) {
    const { status, e, end } = await ask('down')
    assert.equal(status, 502)
    assert.equal(e.error.type, 'api_error')
    assert.equal(end.type, 'exchange.aborted')
    if (i === 0) assert.deepEqual(tries(end), [[0, false, false], [1, false, false]])
    assert.ok(end.body.tries.length > 0)
    assert.ok(end.body.tries.every((t) => t.sent_bytes === 0 && !t.answered))
  }
})

test('certificates are held against the name of the upstream that is asked', async () => {
  const { status, e } = await ask('names')
  assert.equal(status, 200)
  assert.equal(e.id, 'number')
  assert.equal(got[0].host, '127.0.0.1')
})

test('time-outs are the vendor\'s; a POST that was sent is not repeated', async () => {
  const began = performance.now()
  const { status, end } = await ask('slow')
  assert.equal(status, 504)
  assert.ok(performance.now() - began < 20_000)
  assert.deepEqual(got.map((g) => g.name), ['mute'])
  assert.deepEqual(tries(end), [[0, true, false]])
})

test('an answer is an answer: 429 passes with its Retry-After, and nobody else is asked', async () => {
  const { status, retry, end } = await ask('busy')
  assert.equal(status, 429)
  assert.equal(retry, '7')
  assert.deepEqual(got.map((g) => g.name), ['busy'])
  assert.equal(end.body.upstream, 0)
})

test('balance: session keeps each caller with one upstream', async () => {
  const used = new Set()
  for (let i = 0; i < 12; i++) {
    const { key } = system.json('key', 'issue', '--tenant', 'acme', '--user', 'u' + i)
    const names = []
    for (let k = 0; k < 4; k++) names.push((await ask('spread', { key })).e.id)
    assert.equal(new Set(names).size, 1)
    used.add(names[0])
  }
  assert.ok(used.size > 1, 'twelve callers on one of three upstreams')
})

test('one that fails is left alone, which custos status says, and is asked again when it is back', async () => {
  for (let i = 0; i < 3; i++) assert.equal((await ask('refused')).e.id, 'second')
  assert.deepEqual(tries((await ask('refused')).end), [[1, true, true]])
  assert.ok(system.json('status').upstreams_resting.some((u) => u.vendor === 'refused' && u.upstream === 0))
  assert.match(system.run('status', '--config', system.config).stdout, /vendor refused: upstream 0 fails/)
  await upstream('first', { port: back })
  for (let i = 0; (await ask('refused')).e.id !== 'first'; i++) {
    assert.ok(i < 60, 'never asked again')
    await new Promise((done) => setTimeout(done, 500))
  }
  assert.equal((await ask('refused')).e.id, 'first')
  assert.ok(!system.json('status').upstreams_resting.some((u) => u.vendor === 'refused'))
})

test('another scheme, another path and the same place twice are refused', () => {
  for (const [url, why] of [['http://localhost:1', /scheme and the path/], ['https://b.example/v2', /scheme and the path/], ['https://A.example', /given twice/], ['https://u@b.example', /no user/]]) {
    const r = system.run('check-config', '--config', bad(`vendors:\n  a:\n    api: anthropic\n    base_url: https://a.example\n    upstreams: ["${url}"]\n`))
    assert.equal(r.status, 2, r.stdout)
    assert.match(r.stderr, why)
  }
})
