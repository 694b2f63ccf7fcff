// Whatever is wrong with a request or an answer: a clear error in the client's own shape, an entry in
// the log, and nothing that leaves.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import http from 'node:http'
import { Provider } from './provider.mjs'
import { System } from './system.mjs'
import { leaks, plant } from './planted.mjs'

let provider, system
const { text, secrets } = plant()

before(async () => {
  provider = await new Provider().start()
  const at = (name, more) => `  ${name}:\n    api: anthropic\n    base_url: ${provider.url}\n    credential: env:FAKE_KEY\n${more}`
  system = await new System({ vendors: 'vendors:\n' + at('main', '    assessment: {decision: approved, by: X}\n') + at('new', '') +
    at('refused', '    assessment: {decision: refused, by: X}\n') + at('expired', '    assessment: {decision: approved, by: X, until: 2020-01-01}\n') +
    '  gone:\n    api: anthropic\n    base_url: http://127.0.0.1:1\n    assessment: {decision: approved, by: X}\n' }).start()
})
after(async () => {
  await system.remove()
  await provider.stop()
})

const send = (body, { path = '/v1/messages', method = 'POST', key = system.key, headers = {} } = {}) =>
  new Promise((done, failed) => {
    const req = http.request(system.url + path, { method, headers: { ...(key && { 'x-api-key': key }), 'content-length': Buffer.byteLength(body), ...headers } }, (res) => {
      const parts = []
      res.on('data', (d) => parts.push(d))
      res.on('error', () => done({ torn: true }))
      res.on('aborted', () => done({ torn: true, body: Buffer.concat(parts) }))
      res.on('end', () => done({ status: res.statusCode, headers: res.headers, body: Buffer.concat(parts) }))
    })
    req.on('error', (e) => failed(e))
    req.end(body)
  })

// Nothing forwarded, the error in Anthropic's shape, an entry that names the reason.
async function refused(name, response, status, type, message, reason, log) {
  const r = await response
  assert.equal(r.status, status, `${name}: ${r.body}`)
  assert.match(r.headers['content-type'], /^application\/json/)
  const e = JSON.parse(r.body)
  assert.equal(e.type, 'error')
  assert.equal(e.error.type, type)
  assert.match(e.error.message, message)
  assert.equal(r.headers['request-id'], e.request_id)
  assert.deepEqual(leaks(r.body, secrets), [])
  const entry = await system.sealed((x) => x.id === e.request_id, log)
  assert.equal(entry.type, 'input.rejected')
  assert.equal(entry.body.reason, reason)
  assert.equal(provider.received.length, 0, 'it was forwarded')
}

const ok = (over) => JSON.stringify({ model: 'm', max_tokens: 5, messages: [{ role: 'user', content: text }], ...over })
const bad400 = [
  ['malformed JSON', '{"model":"m","messages":[{"role":"user","content":"x"]}', /byte 5\d/, 'syntax'],
  ['cut off', ok().slice(0, -3), /ends before/, 'syntax'],
  ['empty', '', /value is expected/, 'syntax'],
  ['not an object', '[1]', /must be a JSON object/, 'syntax'],
  ['invalid UTF-8', Buffer.concat([Buffer.from('{"model":"m","messages":["'), Buffer.from([0xc3, 0x28]), Buffer.from('"]}')]), /UTF-8/, 'utf8'],
  ['model twice', ok().replace('{', '{"model":"other",'), /twice/, 'duplicate'],
  ['messages twice, spelled otherwise', ok().replace('{', '{"m\\u0065ssages":[],'), /twice/, 'duplicate'],
  ['depth 10,000', `{"model":"m","messages":${'['.repeat(10000)}${']'.repeat(10000)}}`, /128 levels/, 'depth'],
  ['no model', '{"messages":[]}', /model: a string/, 'syntax'],
  ['no messages', '{"model":"m"}', /messages: a list/, 'syntax'],
]
for (const [name, body, message, reason] of bad400)
  test(name, () => refused(name, send(body), 400, 'invalid_request_error', message, reason))

test('no key, and a wrong one', async () => {
  await refused('none', send(ok(), { key: '' }), 401, 'authentication_error', /no key was given/, 'no_key', 'org')
  await refused('wrong', send(ok(), { key: 'ck-' + 'a'.repeat(40) }), 401, 'authentication_error', /not known/, 'unknown_key', 'org')
})

test('a key that was revoked', async () => {
  const k = system.json('key', 'issue', '--tenant', 'acme', '--user', 'gone')
  assert.equal((await send(ok(), { key: k.key })).status, 200)
  provider.received.length = 0
  assert.equal(system.run('key', 'revoke', k.id, '--config', system.config).status, 0)
  // each worker hears of it by itself: asked until ten in a row do not pass
  for (let end = Date.now() + 60000, shut = 0; shut < 10 && Date.now() < end; await new Promise((done) => setTimeout(done, 20))) shut = (await send(ok(), { key: k.key })).status === 200 ? 0 : shut + 1
  provider.received.length = 0
  await refused('revoked', send(ok(), { key: k.key }), 401, 'authentication_error', /revoked/, 'revoked_key')
})

test('unknown path, method, encoding, query', async () => {
  await refused('path', send(ok(), { path: '/v1/other' }), 404, 'not_found_error', /not served here/, 'unknown_path')
  await refused('method', send('', { method: 'GET' }), 405, 'invalid_request_error', /takes POST/, 'method')
  for (const encoding of ['gzip', 'deflate', 'br', 'zstd']) // what is not compressed as it says
    await refused(encoding, send(ok(), { headers: { 'content-encoding': encoding } }), 400, 'invalid_request_error', /not what its content-encoding/, 'content_encoding')
  await refused('what', send(ok(), { headers: { 'content-encoding': 'what' } }), 415, 'invalid_request_error', /without content-encoding/, 'content_encoding')
  await refused('query', send(ok(), { path: '/v1/messages?mail=a@example.org' }), 400, 'invalid_request_error', /query/, 'query')
})

test('a header of the API that holds something else', () =>
  refused('header', send(ok(), { headers: { 'anthropic-beta': 'mail a@example.org' } }), 400, 'invalid_request_error', /anthropic-beta/, 'header'))

test('a value in the place of the model stays out of the record', async () => {
  provider.how = {}
  provider.received.length = 0
  const r = await send(ok({ model: 'someone@example.org' }))
  assert.equal(r.status, 200)
  const entry = await system.sealed((x) => x.id === r.headers['request-id'])
  assert.equal(entry.body.model, 'redacted')
  assert.ok(!provider.received[0].body.includes('someone@example.org'))
  assert.equal(JSON.parse(r.body).model, 'someone@example.org')
  provider.received.length = 0
})

test('a body of 64 MiB', async () => {
  const r = await send(Buffer.alloc(64 << 20, ' ')).catch((e) => ({ reset: e.code }))
  if (r.reset) return assert.match(r.reset, /ECONNRESET|EPIPE/) // the answer may be lost when we never stop sending
  await refused('64 MiB', r, 413, 'request_too_large', /max_body_mib/, 'too_large', 'org')
})

test('vendors: refused, expired, unassessed, unknown', async () => {
  await refused('refused', send(ok(), { path: '/vendor/refused/v1/messages' }), 400, 'invalid_request_error', /was refused/, 'vendor_refused')
  await refused('expired', send(ok(), { path: '/vendor/expired/v1/messages' }), 400, 'invalid_request_error', /has expired/, 'vendor_expired')
  await refused('new', send(ok(), { path: '/vendor/new/v1/messages' }), 400, 'invalid_request_error', /has no assessment/, 'vendor_unassessed')
  const denied = await system.sealed((x) => x.type === 'route.denied' && x.body.vendor === 'expired')
  assert.equal(denied.body.vendor_state, 'expired')
  await refused('unknown', send(ok(), { path: '/vendor/other/v1/messages' }), 400, 'invalid_request_error', /no vendor/, 'no_vendor')
})

test('the provider cannot be reached', async () => {
  for (const path of ['/vendor/gone/v1/messages', '/v1/messages']) {
    provider.how = { fail: 'refuse' }
    const r = await send(ok(), { path })
    assert.equal(r.status, 502, r.body.toString())
    const e = JSON.parse(r.body)
    assert.equal(e.error.type, 'api_error')
    assert.match(e.error.message, /could not be reached/)
    const entry = await system.sealed((x) => x.body.exchange === e.request_id)
    assert.equal(entry.type, 'exchange.aborted')
    assert.equal(entry.body.status, 502)
  }
  provider.received.length = 0
})

test('the provider breaks off in mid-stream: so does our stream, and the log knows', async () => {
  provider.how = { fail: 'reset', delta: 3 }
  const r = await send(ok({ stream: true }))
  assert.equal(r.torn, true)
  const entry = await system.sealed((x) => x.type === 'exchange.aborted' && x.body.reason === 'upstream_reset')
  assert.equal(entry.body.status, 200)
  provider.received.length = 0
})

test('a redirect is not passed on: a client would follow it with its key and its body', async () => {
  const other = await new Provider().start()
  for (const status of [301, 302, 307, 308]) {
    provider.how = { fail: 'redirect', status, to: other.url + '/v1/messages' }
    const r = await send(ok())
    assert.equal(r.status, 502, r.body.toString())
    assert.equal(r.headers.location, undefined)
    assert.equal(JSON.parse(r.body).error.type, 'api_error')
    const entry = await system.sealed((x) => x.body.exchange === JSON.parse(r.body).request_id)
    assert.equal(entry.type, 'exchange.aborted')
    const followed = await fetch(system.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': system.key }, body: ok() })
    assert.equal(followed.status, 502)
  }
  assert.equal(other.received.length, 0)
  await other.stop()
  provider.received.length = 0
})

test('a user agent that holds a value stays out of the record', async () => {
  provider.how = {}
  const r = await send(ok(), { headers: { 'user-agent': 'someone@example.org/1.0' } })
  const entry = await system.sealed((x) => x.id === r.headers['request-id'])
  assert.equal(entry.body.client, 'redacted')
  provider.received.length = 0
})

test("the provider's own errors pass unchanged", async () => {
  provider.how = { fail: 'status', status: 429 }
  const r = await send(ok())
  assert.equal(r.status, 429)
  assert.deepEqual(JSON.parse(r.body), { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } })
  provider.received.length = 0
})

test('a hello without a key, as Claude Code sends it', async () => {
  assert.equal((await send('', { path: '/api/hello', method: 'HEAD', key: '' })).status, 200)
})

test('the log is intact after all this', () => {
  const r = system.verify()
  assert.equal(r.status, 0, r.stdout)
})
