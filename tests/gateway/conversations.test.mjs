// Conversations that the provider keeps by name, and conversations that the client sends again each turn: values come
// back to their tenant only, and each turn's bytes begin with those of the turn before, on every worker and after a restart.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import OpenAI from 'openai'
import { Provider } from './provider.mjs'
import { System } from './system.mjs'
import { leaks, plant } from './planted.mjs'

let provider, system, openai, other
const { text: told, secrets } = plant()

before(async () => {
  provider = await new Provider().start()
  const vendor = (name, api, more = '') => `  ${name}:\n    api: ${api}\n    base_url: ${provider.url}\n    credential: env:FAKE_KEY\n    assessment: {decision: approved, by: X}\n${more}`
  system = await new System({ workers: 4, extra: '  - name: rival\n', vendors: 'vendors:\n' + vendor('anthropic', 'anthropic') + vendor('openai', 'openai') + vendor('gemini', 'gemini') +
    vendor('zero', 'openai', '    plan: z\n    plans: {z: {retention: none, mismatch: set}}\n') }).start()
  openai = new OpenAI({ baseURL: system.url + '/v1', apiKey: system.key, maxRetries: 0 })
  other = new OpenAI({ baseURL: system.url + '/v1', apiKey: system.json('key', 'issue', '--tenant', 'rival', '--user', 'spy').key, maxRetries: 0 })
})
after(async () => {
  await system.remove()
  await provider.stop()
})
const nothingLeft = () => {
  assert.ok(provider.received.length > 0)
  for (const r of provider.received) assert.deepEqual(leaks(Buffer.concat([Buffer.from([r.url, ...r.headers].join('\n')), r.body]), [...secrets, system.key]), [])
  provider.received.length = 0
}
const output = (r) => r.output[0].content[0].text
async function ask(client, body, stream) {
  const r = await client.responses.create({ model: 'm', stream, ...body })
  if (!stream) return output(r)
  for await (const e of r) if (e.type === 'response.completed') return output(e.response)
}

for (const stream of [false, true])
  test(`a conversation by its name${stream ? ', streamed' : ''}: what any of its requests replaced comes back`, async () => {
    provider.how = { delta: 6 }
    const c = await openai.conversations.create({ items: [{ type: 'message', role: 'user', content: told }] })
    assert.match(c.id, /^conv_/)
    assert.equal(await ask(openai, { input: ' more', conversation: c.id }, stream), told + ' more')
    const fresh = 'and mail ' + ['ada.quill', 'planted-example.org'].join('@')
    assert.equal(await ask(openai, { input: fresh, conversation: { id: c.id }, store: false }, stream), told + ' more' + fresh)
    assert.equal(await ask(openai, { input: ' end', conversation: c.id }, stream), told + ' more' + fresh + ' end')
    assert.equal((await openai.conversations.items.list(c.id)).data[0].content[0].text, told + ' more' + fresh + ' end')
    assert.equal((await openai.conversations.retrieve(c.id)).metadata.topic, told + ' more' + fresh + ' end')
    await openai.conversations.items.create(c.id, { items: [{ type: 'message', role: 'user', content: 'also ' + told }] })
    assert.equal(provider.received.some((r) => r.body.includes('ada.quill')), false)
    nothingLeft()
    const stolen = await ask(other, { input: 'x', conversation: c.id }, stream)
    assert.deepEqual(leaks(Buffer.from(stolen), secrets), [])
    assert.match(stolen, /CUSTOS_/)
    assert.match((await other.conversations.items.list(c.id)).data[0].content[0].text, /CUSTOS_/)
  })

test('many requests of a conversation at the same time lose none of its values', async () => {
  provider.how = {}
  const c = await openai.conversations.create({})
  const mails = Array.from({ length: 24 }, (_, i) => [`user${String.fromCharCode(97 + i)}.quill`, 'planted-example.org'].join('@'))
  await Promise.all(mails.map((m) => ask(openai, { input: `${m} `, conversation: c.id }, false)))
  const all = await ask(openai, { input: 'all', conversation: c.id }, false)
  for (const m of mails) assert.ok(all.includes(m), m)
})

test('where nothing may be kept, a conversation is refused', async () => {
  const zero = new OpenAI({ baseURL: system.url + '/vendor/zero/v1', apiKey: system.key, maxRetries: 0 })
  provider.received.length = 0
  for (const run of [() => zero.conversations.create({}), () => zero.responses.create({ model: 'm', input: 'x', conversation: 'conv_1' }), () => zero.responses.create({ model: 'm', input: 'x', conversation: { id: 'conv_1' }, store: false })])
    await assert.rejects(run(), (e) => e.status === 400 && /conversation in the request contradicts/.test(e.message))
  assert.equal(provider.received.length, 0)
  assert.equal(output(await zero.responses.create({ model: 'm', input: 'x', conversation: null })), 'x')
})

// [path, member, first turn, what comes after it]
const call = { id: 'c1', type: 'function', function: { name: 'write', arguments: JSON.stringify({ path: 'a', content: told }) } }
const turns = [
  ['/v1/messages', 'messages', [{ role: 'user', content: told }], [{ role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'w', input: { content: told } }] }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: told }] }]],
  ['/v1/chat/completions', 'messages', [{ role: 'user', content: told }], [{ role: 'assistant', content: null, tool_calls: [call] }, { role: 'tool', tool_call_id: 'c1', content: JSON.stringify({ result: told }) }, { role: 'user', content: 'more ' + told }]],
  ['/v1/responses', 'input', [{ role: 'user', content: told }], [{ type: 'function_call', call_id: 'c1', name: 'write', arguments: call.function.arguments }, { type: 'function_call_output', call_id: 'c1', output: told }, { role: 'user', content: told }]],
  ['/v1beta/models/m:generateContent', 'contents', [{ role: 'user', parts: [{ text: told }] }], [{ role: 'model', parts: [{ functionCall: { name: 'w', args: { content: told } } }] }, { role: 'user', parts: [{ functionResponse: { name: 'w', response: { output: told } } }, { text: told }] }]],
]
test('each turn begins with the bytes of the one before, in every API, on every worker and after a restart', async () => {
  provider.how = {}
  const send = async (path, member, list) => {
    provider.received.length = 0
    const r = await fetch(system.url + path, { method: 'POST', headers: { authorization: `Bearer ${system.key}`, ...(path === '/v1/messages' && { 'anthropic-version': '2023-06-01' }), 'content-type': 'application/json', connection: 'close' }, body: JSON.stringify({ [member]: list, model: 'm', max_tokens: 1 }) })
    assert.equal(r.status, 200, await r.text())
    return provider.received[0].body
  }
  const tail = '],"model":"m","max_tokens":1}'.length
  const last = new Map()
  const go = async (turn) => {
    for (const [path, member, first, more] of turns) {
      const list = [...first, ...more.slice(0, turn)], before = last.get(path)
      const same = []
      for (let i = 0; i < 6; i++) same.push(await send(path, member, list)) // whichever worker takes it
      for (const b of same) assert.ok(b.equals(same[0]), `${path}: workers differ`)
      if (before) assert.ok(same[0].subarray(0, before.length - tail).equals(before.subarray(0, before.length - tail)), `${path}, turn ${turn}`)
      assert.deepEqual(leaks(same[0], secrets), [])
      last.set(path, same[0])
    }
  }
  await go(0)
  await go(1)
  await system.stop()
  await system.start()
  await go(2)
  await go(3)
})
