// The main job through the real SDK: nothing planted leaves, everything comes back, and the log says
// so.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import Anthropic from '@anthropic-ai/sdk'
import { Provider } from './provider.mjs'
import { System } from './system.mjs'
import { leaks, plant } from './planted.mjs'

let provider, system, client
const { text, secrets } = plant()

before(async () => {
  provider = await new Provider().start()
  system = await new System({ upstream: provider.url, workers: 4 }).start()
  client = new Anthropic({ baseURL: system.url, apiKey: system.key, maxRetries: 0 })
})
after(async () => {
  await system.remove()
  await provider.stop()
})

const request = (over = {}) => ({ model: 'm', max_tokens: 100, messages: [{ role: 'user', content: text }], ...over })
const nothingLeft = () => {
  for (const r of provider.received) {
    const all = Buffer.concat([Buffer.from([r.method, r.url, ...r.headers].join('\n')), r.body])
    assert.deepEqual(leaks(all, [...secrets, system.key]), [])
  }
  provider.received.length = 0
}

// [name, how the provider answers]
const ways = [
  ['one delta a character, one byte a write', { delta: 1, bytes: 1, tool: true }],
  ['deltas of 3, writes of 7', { delta: 3, bytes: 7, tool: true }],
  ['cut inside escapes, all of it ASCII', { delta: 'escape', ascii: true, bytes: 5, tool: true }],
  ['CRLF', { delta: 5, crlf: true, tool: true }],
  ['gzip though identity was asked for', { delta: 4, gzip: true, tool: true }],
  ['thinking with its signature', { delta: 2, thinking: true }],
]

for (const [name, how] of ways)
  test(`streamed, ${name}`, async () => {
    provider.how = how
    const message = await client.messages.stream(request()).finalMessage()
    const by = Object.fromEntries(message.content.map((b) => [b.type, b]))
    assert.equal(by.text.text, text)
    if (how.tool) assert.deepEqual(by.tool_use.input, { path: 'a.txt', content: text })
    if (how.thinking) {
      assert.match(by.thinking.thinking, /CUSTOS_MAIL/) // signed: it goes back as it came
      assert.equal(by.thinking.signature, 'c2lnbmF0dXJl'.repeat(8))
    }
    nothingLeft()
  })

test('not streamed', async () => {
  for (const how of [{ tool: true, thinking: true }, { tool: true, gzip: true }]) {
    provider.how = how
    const message = await client.messages.create(request())
    assert.equal(message.content.find((b) => b.type === 'text').text, text)
    assert.deepEqual(message.content.find((b) => b.type === 'tool_use').input, { path: 'a.txt', content: text })
  }
  nothingLeft()
})

test('count_tokens and models', async () => {
  provider.how = {}
  assert.ok((await client.messages.countTokens({ model: 'm', messages: [{ role: 'user', content: text }] })).input_tokens > 100)
  assert.equal((await client.models.list()).data[0].id, 'm')
  nothingLeft()
})

const messagesOf = (body) => body.subarray(body.indexOf('"messages":[') + 12, body.lastIndexOf(']}'))

test('the second turn begins with the bytes of the first, on every worker and after a restart', async () => {
  provider.how = {}
  const first = [{ role: 'user', content: text }]
  const second = [...first, { role: 'assistant', content: 'Done: ' + text }, { role: 'user', content: 'go on ' + text }]
  const send = async (messages) => {
    provider.received.length = 0
    const r = await fetch(system.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': system.key, connection: 'close' }, body: JSON.stringify({ model: 'm', max_tokens: 9, messages }) })
    assert.equal(r.status, 200)
    return messagesOf(provider.received[0].body)
  }
  const one = await send(first)
  const prefixed = async () => {
    for (let i = 0; i < 12; i++) {
      const two = await send(second)
      assert.ok(two.length > one.length)
      assert.ok(two.subarray(0, one.length).equals(one))
    }
  }
  await prefixed()
  await system.stop()
  await system.start()
  await prefixed()
})

test('a body without findings reaches the provider byte for byte', async () => {
  provider.how = {}
  provider.received.length = 0
  const body = '{ "max_tokens" : 5,\n"messages":[{"content":"h\\u0065llo \\/ w\u00f6rld", "role":"user"}],"x":1e0, "model":"m"}'
  const r = await fetch(system.url + '/v1/messages?beta=true', { method: 'POST', headers: { authorization: 'Bearer ' + system.key }, body })
  assert.equal(r.status, 200)
  assert.equal(provider.received[0].body.toString(), body)
  assert.equal(provider.received[0].url, '/v1/messages?beta=true')
  const headers = provider.received[0].headers.map((h) => h.toLowerCase())
  assert.ok(headers.includes('provider-credential'))
  assert.ok(!headers.includes('authorization'))
})

test('two leaves an exchange, joined by the id that the client sees, without any text', async () => {
  provider.how = { delta: 3 }
  const { response } = await client.messages.create(request({ stream: true })).withResponse().then(async (x) => {
    for await (const _ of x.data);
    return x
  })
  const id = response.headers.get('request-id')
  const asked = await system.sealed((e) => e.id === id)
  const answered = await system.sealed((e) => e.body.exchange === id)
  assert.equal(asked.type, 'exchange.request')
  assert.equal(answered.type, 'exchange.response')
  assert.match(asked.body.user, /^p_[0-9a-f]{32}$/, 'a person is a pseudonym')
  assert.equal(system.json('key', 'list').items.find((k) => k.id === asked.body.key).person, asked.body.user)
  assert.ok(asked.body.findings.SECRET >= 4 && asked.body.findings.PRIVATE_KEY >= 4 && asked.body.findings.EMAIL_ADDRESS === 1)
  assert.equal(answered.body.output_tokens, 33)
  assert.equal(answered.body.stop_reason, 'end_turn')
  assert.ok(answered.body.restored >= 12)
  assert.deepEqual(leaks(Buffer.from(JSON.stringify(system.entries().concat(system.entries('org')))), [...secrets, system.key]), [])
  assert.equal(system.verify().status, 0)
})

test('the assessment of a vendor is an entry, once', () => {
  const all = system.entries('org').filter((e) => e.type === 'vendor.assessed')
  assert.equal(all.length, 1)
  assert.match(all[0].body.by, /^p_[0-9a-f]{32}$/)
  assert.deepEqual(all[0].body, { by: all[0].body.by, decision: 'approved', until: '2099-12-31', vendor: 'anthropic' })
})
