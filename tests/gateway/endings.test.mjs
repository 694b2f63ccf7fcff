// A key that is revoked, or a vendor that may no longer be used, ends what is under way, in the words of each API.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import http from 'node:http'
import net from 'node:net'
import { readFileSync, writeFileSync } from 'node:fs'
import { System } from './system.mjs'

const open = new Set(), asked = new Map() // answers that the provider still gives; by model, the connection that a request came by
let system, provider
const firsts = {
  '/v1/messages': 'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}\n\n',
  '/v1/chat/completions': 'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":"x"}}]}\n\n',
  '/v1/responses': 'event: response.created\ndata: {"type":"response.created","response":{"id":"resp_1","status":"in_progress"}}\n\n',
  gemini: 'data: {"candidates":[{"content":{"parts":[{"text":"x"}]}}]}\r\n\r\n',
}
const bodies = {
  '/v1/messages': { model: 'm', max_tokens: 9, stream: true, messages: [{ role: 'user', content: 'hello' }] },
  '/v1/chat/completions': { model: 'm', stream: true, messages: [{ role: 'user', content: 'hello' }] },
  '/v1/responses': { model: 'm', stream: true, input: 'hello' },
  '/v1beta/models/m:streamGenerateContent?alt=sse': { contents: [{ role: 'user', parts: [{ text: 'hello' }] }] },
}

// Streams a first event and then nothing more; or says nothing at all when the model is called mute.
before(async () => {
  provider = http.createServer((req, res) => {
    let text = ''
    req.on('data', (d) => (text += d)).on('end', () => {
      const path = req.url.split('?')[0]
      open.add(res)
      const from = () => asked.set(/"model":"(\w+)"/.exec(text)?.[1], res.socket)
      res.on('close', () => open.delete(res))
      if (/"m":|"model":"mute"/.test(text)) return from()
      if (/"model":"slow"/.test(text)) return res.writeHead(200, { 'content-type': 'application/json' }).write('{"id":"m",', from)
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      res.write(firsts[path] ?? firsts.gemini)
    })
  })
  await new Promise((done) => provider.listen(0, '127.0.0.1', done))
  const vendor = (name, api) => `  ${name}:\n    api: ${api}\n    base_url: http://127.0.0.1:${provider.address().port}\n    credential: env:FAKE_KEY\n    assessment: {decision: approved, by: X, until: 2099-12-31}\n`
  system = new System({ workers: 2, vendors: 'vendors:\n' + vendor('anthropic', 'anthropic') + vendor('openai', 'openai') + vendor('gemini', 'gemini') })
  await system.start()
})
after(async () => {
  await system?.remove()
  provider.closeAllConnections()
  provider.close()
})

function ask(path, key, body = bodies[path]) {
  const call = { began: performance.now(), text: '' }
  const headers = { 'content-type': 'application/json', ...(path.includes('beta') ? { 'x-goog-api-key': key } : path === '/v1/messages' ? { 'x-api-key': key, 'anthropic-version': '2023-06-01' } : { authorization: `Bearer ${key}` }) }
  call.done = new Promise((done) => {
    const req = http.request(system.url + path, { method: 'POST', headers }, (res) => {
      call.status = res.statusCode
      call.id = res.headers['request-id']
      res.on('data', (d) => { call.text += d; call.first?.() })
      res.on('end', () => done(call)).on('error', (e) => { call.torn = e.code; done(call) })
    })
    req.on('error', (e) => { call.torn = e.code; done(call) })
    req.end(JSON.stringify(body))
  })
  call.begun = new Promise((done) => (call.first = done))
  return call
}
const issue = (user = 'u') => system.json('key', 'issue', '--tenant', 'acme', '--user', user)
const aborted = (id) => system.sealed((l) => l.type === 'exchange.aborted' && l.body.exchange === id)
const until = async (so, what) => { for (const end = Date.now() + 60_000; !so(); await new Promise((done) => setTimeout(done, 20))) assert.ok(Date.now() < end, what) }
// What was written to this connection was read at the other end, says the kernel; a worker handles what it read before anything else.
const taken = ({ localPort, remotePort }) => {
  const port = (n) => n.toString(16).toUpperCase().padStart(4, '0')
  const queues = (from, to) => new RegExp(`0100007F:${port(from)} 0100007F:${port(to)} \\w+ (\\w+):(\\w+)`).exec(readFileSync('/proc/net/tcp', 'utf8'))
  return Number(queues(localPort, remotePort)?.[1]) === 0 && Number(queues(remotePort, localPort)?.[2]) === 0
}
const within = (ms, p) => Promise.race([p, new Promise((_, no) => setTimeout(() => no(new Error(`not within ${ms} ms`)), ms))])

test('a revoked key ends its streams in every API, and no others', async () => {
  const { key, id } = issue('ends')
  const calls = Object.keys(bodies).flatMap((p) => [ask(p, key), ask(p, key)]) // both workers
  const other = ask('/v1/messages', system.key)
  await Promise.all([...calls, other].map((c) => within(30_000, c.begun)))
  system.json('key', 'revoke', id)
  const ended = await within(30_000, Promise.all(calls.map((c) => c.done)))
  for (const [i, c] of ended.entries()) {
    const path = Object.keys(bodies)[i >> 1], last = c.text.split(/\r?\n\r?\n/).filter(Boolean).at(-1)
    assert.equal(c.torn, undefined, path)
    const data = JSON.parse(/^data: (.*)$/m.exec(last)[1])
    if (path === '/v1/messages') assert.deepEqual([/^event: (.*)$/m.exec(last)[1], data.type, data.error.type], ['error', 'error', 'authentication_error'])
    else if (path === '/v1/responses') assert.deepEqual([data.type, data.response.status, data.response.error.code], ['response.failed', 'failed', 'invalid_prompt'])
    else if (path.includes('beta')) { assert.deepEqual([data.error.code, data.error.status], [401, 'UNAUTHENTICATED']); assert.doesNotMatch(c.text, /[^\r]\n/) }
    else assert.equal(data.error.code, 'revoked_key')
    assert.match(last, /custos: the request was ended: its key was revoked/)
    assert.ok(c.text.startsWith((firsts[path] ?? firsts.gemini).slice(0, 20)))
    assert.equal((await aborted(c.id)).body.reason, 'revoked_key')
  }
  assert.equal(open.size, 1, 'the provider still sends to somebody')
  assert.equal(await Promise.race([other.done, new Promise((done) => setTimeout(() => done('runs'), 1500))]), 'runs')
})

test('nothing was answered yet: an error in its place; a JSON answer that has begun is torn', async () => {
  const { key, id } = issue()
  const mute = ask('/v1/messages', key, { ...bodies['/v1/messages'], model: 'mute' })
  const slow = ask('/v1/messages', key, { ...bodies['/v1/messages'], model: 'slow', stream: false })
  // the provider has the one, and the worker the beginning of the other's answer, of which it passes nothing on before it is whole
  await until(() => asked.has('mute') && asked.has('slow'), 'the provider was not asked')
  await until(() => taken(asked.get('slow')), 'the worker did not read the beginning of the answer')
  system.json('key', 'revoke', id)
  await within(30_000, Promise.all([mute.done, slow.done]))
  assert.equal(mute.status, 401)
  assert.match(JSON.parse(mute.text).error.message, /its key was revoked/)
  assert.ok(slow.torn)
  assert.equal((await aborted(mute.id)).body.reason, 'revoked_key')
  const ended = (l) => l.type === 'exchange.aborted' && l.body.reason === 'revoked_key' && l.body.exchange !== mute.id
  const requests = () => system.entries().filter((l) => l.type === 'exchange.request' && l.body.key === id).map((l) => l.id)
  await system.sealed((l) => ended(l) && requests().includes(l.body.exchange))
})

test('a key that is revoked while the body arrives is not good for it', async () => {
  const { key, id } = issue()
  const body = JSON.stringify(bodies['/v1/messages'])
  const s = net.connect(system.port, '127.0.0.1')
  let text = ''
  s.on('data', (d) => (text += d))
  s.write(`POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: ${key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 20)}`)
  await new Promise((done) => setTimeout(done, 500))
  system.json('key', 'revoke', id)
  await new Promise((done) => setTimeout(done, 1500))
  s.write(body.slice(20))
  for (let i = 0; !text.includes('}}') && !text.includes('"request_id"') && i < 600; i++) await new Promise((done) => setTimeout(done, 50))
  assert.match(text, /^HTTP\/1\.1 401 /)
  assert.match(text, /this key is revoked/)
  s.destroy()
})

test('a key that expires, and a vendor that is refused from now on', async () => {
  const { key } = system.json('key', 'issue', '--tenant', 'acme', '--user', 'short', '--expires', new Date(Date.now() + 4000).toISOString().replace(/\.\d+/, ''))
  const c = ask('/v1/messages', key)
  await within(30_000, c.begun)
  await within(30_000, c.done)
  assert.match(c.text, /event: error/)
  assert.equal((await aborted(c.id)).body.reason, 'expired_key')

  const stream = ask('/v1/chat/completions', system.key), stays = ask('/v1/messages', system.key)
  await Promise.all([stream.begun, stays.begun])
  writeFileSync(system.config, readFileSync(system.config, 'utf8').replace(/(openai:\n.*?decision: )approved/s, '$1refused'))
  process.kill(system.pids('daemon')[0], 'SIGKILL') // a new one reads the configuration anew
  await within(30_000, stream.done)
  assert.match(stream.text, /the vendor openai may no longer be used \(vendor_refused\)/)
  assert.equal((await aborted(stream.id)).body.reason, 'vendor_refused')
  assert.equal(await Promise.race([stays.done, new Promise((done) => setTimeout(() => done('runs'), 1500))]), 'runs')
  assert.equal(system.verify().status, 0)
})
