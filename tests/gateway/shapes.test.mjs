// OpenAI and Gemini through their own SDKs: nothing planted leaves, and what comes back is what was
// sent, in every copy that the API makes of it, however the stream was cut.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import OpenAI from 'openai'
import { GoogleGenAI } from '@google/genai'
import { Provider } from './provider.mjs'
import { System } from './system.mjs'
import { leaks, plant } from './planted.mjs'

let provider, system, openai, gemini
const { text, value, secrets } = plant()
// a value that has to be escaped wherever it stands in quotes
const awkward = 'Zq7"w\\' + value.aws.slice(4, 12) + '!x'
const told = `${text}\nx ${awkward} y\n`

before(async () => {
  provider = await new Provider().start()
  const vendor = (name, api, path = '') => `  ${name}:\n    api: ${api}\n    base_url: ${provider.url}${path}\n    credential: env:FAKE_KEY\n    assessment: {decision: approved, by: X}\n`
  system = new System({ extra: '    known_secrets: known.env\n  - name: rival\n', vendors: 'vendors:\n' + vendor('claude', 'anthropic') + vendor('gpt', 'openai') + vendor('router', 'openai', '/api/v1') + vendor('bard', 'gemini') })
  writeFileSync(join(system.dir, 'known.env'), `# what no rule could know\nexport WORD='${awkward}'\nPORT=8080\n`)
  await system.start()
  openai = new OpenAI({ baseURL: system.url + '/v1', apiKey: system.key, maxRetries: 0 })
  gemini = new GoogleGenAI({ apiKey: system.key, httpOptions: { baseUrl: system.url } })
})
after(async () => {
  await system.remove()
  await provider.stop()
})

const nothingLeft = () => {
  assert.ok(provider.received.length > 0)
  for (const r of provider.received) {
    const all = Buffer.concat([Buffer.from([r.method, r.url, ...r.headers].join('\n')), r.body])
    assert.deepEqual(leaks(all, [...secrets, system.key, awkward, JSON.stringify(awkward).slice(1, -1)]), [])
  }
  provider.received.length = 0
}
const header = (name) => {
  const h = provider.received.at(-1).headers
  const i = h.findIndex((x, k) => k % 2 === 0 && x.toLowerCase() === name)
  return i < 0 ? undefined : h[i + 1]
}
const post = (path, body, headers = {}) => fetch(system.url + path, { method: 'POST', headers: { authorization: 'Bearer ' + system.key, 'content-type': 'application/json', ...headers }, body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body) })
const user = { role: 'user', content: told }

const ways = [
  ['one delta a character, one byte a write', { delta: 1, bytes: 1 }],
  ['deltas of 3, writes of 7', { delta: 3, bytes: 7 }],
  ['cut inside escapes, all of it ASCII', { delta: 'escape', ascii: true, bytes: 5 }],
  ['CRLF and gzip', { delta: 4, crlf: true, gzip: true }],
]

for (const [name, how] of ways) {
  test(`chat completions streamed, ${name}`, async () => {
    provider.how = { ...how, tool: true }
    const message = await openai.chat.completions.stream({ model: 'm', messages: [user] }).finalChatCompletion()
    assert.equal(message.choices[0].message.content, told)
    assert.deepEqual(JSON.parse(message.choices[0].message.tool_calls[0].function.arguments), { path: 'a.txt', content: told })
    assert.equal(message.choices[0].finish_reason, 'tool_calls')
    nothingLeft()
  })

  test(`responses streamed, ${name}: all copies agree`, async () => {
    provider.how = { ...how, tool: true, program: true, thinking: true }
    const stream = await openai.responses.create({ model: 'm', input: [user], stream: true })
    const parts = { text: '', args: '', input: '', summary: '' }
    const seen = { text: [], args: [], input: [], summary: [], signature: [] }
    const collect = (item) => {
      if (item.type === 'message') seen.text.push(item.content[0]?.text)
      if (item.type === 'function_call') seen.args.push(item.arguments)
      if (item.type === 'custom_tool_call') seen.input.push(item.input)
      if (item.type === 'reasoning') seen.summary.push(item.summary[0].text), seen.signature.push(item.encrypted_content)
    }
    for await (const e of stream) {
      if (e.type === 'response.output_text.delta') parts.text += e.delta
      if (e.type === 'response.output_text.done') seen.text.push(e.text)
      if (e.type === 'response.content_part.done') seen.text.push(e.part.text)
      if (e.type === 'response.function_call_arguments.delta') parts.args += e.delta
      if (e.type === 'response.function_call_arguments.done') seen.args.push(e.arguments)
      if (e.type === 'response.custom_tool_call_input.delta') parts.input += e.delta
      if (e.type === 'response.custom_tool_call_input.done') seen.input.push(e.input)
      if (e.type === 'response.reasoning_summary_text.delta') parts.summary += e.delta
      if (e.type === 'response.reasoning_summary_text.done') seen.summary.push(e.text)
      if (e.type === 'response.output_item.done') collect(e.item)
      if (e.type === 'response.completed') e.response.output.forEach(collect)
    }
    assert.equal(parts.text, told)
    assert.deepEqual(JSON.parse(parts.args), { path: 'a.txt', content: told })
    let written
    new Function('tools', parts.input)({ write: (t) => (written = t) }) // the program still says the text
    assert.equal(written, told)
    for (const k of ['text', 'args', 'input', 'summary']) {
      assert.ok(seen[k].length >= 2)
      for (const copy of seen[k]) assert.equal(copy, parts[k])
    }
    assert.ok(seen.signature.every((s) => s === 'c2lnbmF0dXJl'.repeat(8)))
    nothingLeft()
  })

  test(`gemini streamed, ${name}`, async () => {
    provider.how = { ...how, tool: true, thinking: true }
    let got = '', thought = '', call
    for await (const chunk of await gemini.models.generateContentStream({ model: 'm', contents: told }))
      for (const p of chunk.candidates[0].content.parts) {
        if (p.functionCall) call = p
        else if (p.thought) thought += p.text
        else got += p.text
      }
    assert.equal(got, told)
    assert.equal(thought, 'thinking about ' + told)
    assert.deepEqual(call.functionCall.args, { path: 'a.txt', content: told })
    assert.equal(call.thoughtSignature, 'c2lnbmF0dXJl'.repeat(8))
    nothingLeft()
  })

  test(`gemini as a JSON array, ${name}`, async () => {
    provider.how = { ...how, tool: true }
    const r = await post('/v1beta/models/m:streamGenerateContent', { contents: [{ role: 'user', parts: [{ text: told }] }] })
    const parts = JSON.parse(await r.text()).flatMap((e) => e.candidates[0].content.parts)
    assert.equal(parts.map((p) => p.text ?? '').join(''), told)
    assert.equal(parts.find((p) => p.functionCall).functionCall.args.content, told)
    nothingLeft()
  })
}

test('not streamed, and the smaller endpoints', async () => {
  provider.how = { tool: true, program: true }
  const chat = await openai.chat.completions.create({ model: 'm', messages: [user] })
  assert.equal(chat.choices[0].message.content, told)
  assert.equal(JSON.parse(chat.choices[0].message.tool_calls[0].function.arguments).content, told)
  const response = await openai.responses.create({ model: 'm', input: told, instructions: text })
  assert.equal(response.output_text, told)
  assert.equal(response.instructions, text)
  assert.equal((await openai.completions.create({ model: 'm', prompt: told })).choices[0].text, told)
  assert.equal((await openai.embeddings.create({ model: 'm', input: [told, text] })).data.length, 2)
  assert.equal((await openai.models.list()).data[0].id, 'm')
  const one = await gemini.models.generateContent({ model: 'm', contents: told, config: { systemInstruction: text } })
  assert.equal(one.candidates[0].content.parts[0].text, told)
  assert.equal((await gemini.models.countTokens({ model: 'm', contents: told })).totalTokens, 99)
  assert.equal((await gemini.models.embedContent({ model: 'm', contents: told })).embeddings[0].values.length, 2)
  const list = []
  for await (const m of await gemini.models.list()) list.push(m.name)
  assert.deepEqual(list, ['models/m'])
  nothingLeft()
})

test('a stream without alt=sse or with another vendor keeps its line ends, and has no comments', async () => {
  provider.how = { delta: 5 }
  const r = await post('/v1beta/models/m:streamGenerateContent?alt=sse', { contents: [{ role: 'user', parts: [{ text: told }] }] })
  const all = await r.text()
  assert.ok(!all.replaceAll('\r\n', '').includes('\n'))
  assert.ok(all.split('\r\n\r\n').filter(Boolean).every((e) => e.startsWith('data: ')))
  nothingLeft()
})

test('the key: in any place, to the vendor in the place of its API, never in the query', async () => {
  provider.how = {}
  const gem = { contents: [{ role: 'user', parts: [{ text: 'hello' }] }] }
  assert.equal((await fetch(`${system.url}/v1beta/models/m:generateContent?key=${system.key}&alt=json`, { method: 'POST', body: JSON.stringify(gem) })).status, 200)
  assert.equal(provider.received.at(-1).url, '/v1beta/models/m:generateContent?alt=json')
  assert.equal(header('x-goog-api-key'), 'provider-credential')
  assert.equal(header('authorization'), undefined)
  for (const name of ['x-api-key', 'api-key', 'x-goog-api-key'])
    assert.equal((await fetch(system.url + '/v1/chat/completions', { method: 'POST', headers: { [name]: system.key }, body: JSON.stringify({ model: 'm', messages: [] }) .replace('[]', '[{"role":"user","content":"hi"}]') })).status, 200)
  assert.equal(header('authorization'), 'Bearer provider-credential')
  nothingLeft()
  // nginx names the request line in its errors
  const path = `/v1beta/models/m:generateContent?alt=json&key=${system.key}`
  assert.equal((await fetch(system.url + path, { method: 'POST', body: Buffer.alloc(40 << 20, ' ') }).catch(() => ({ status: 413 }))).status, 413)
  provider.how = { fail: 'refuse' }
  const failed = await fetch(system.url + path, { method: 'POST', body: JSON.stringify(gem) })
  assert.equal(failed.status, 502)
  assert.equal((await failed.json()).error.status, 'UNAVAILABLE')
  for (const end = Date.now() + 60000; !/too large body.*key=-{10}/.test(system.output) && Date.now() < end;) await new Promise((done) => setTimeout(done, 50))
  assert.match(system.output, /too large body.*key=-{10}/)
  assert.ok(!system.output.includes(system.key))
  provider.how = {}
  provider.received.length = 0
})

test('vendors of the same API by prefix; a base URL with a version keeps it; Azure', async () => {
  const body = { model: 'm', messages: [{ role: 'user', content: 'hi' }] }
  for (const [path, want] of [['/vendor/router/v1/chat/completions', '/api/v1/chat/completions'], ['/vendor/router/chat/completions', '/api/v1/chat/completions'],
    ['/vendor/gpt/chat/completions', '/v1/chat/completions'], ['/vendor/gpt/openai/v1/chat/completions', '/v1/chat/completions'],
    ['/vendor/gpt/openai/deployments/d-1/chat/completions?api-version=2024-10-21', '/openai/deployments/d-1/chat/completions?api-version=2024-10-21']]) {
    assert.equal((await post(path, body)).status, 200, path)
    assert.equal(provider.received.at(-1).url, want)
  }
  assert.equal(header('api-key'), 'provider-credential')
  const models = await fetch(system.url + '/vendor/router/v1/models', { headers: { 'x-api-key': system.key } })
  assert.equal((await models.json()).object, 'list')
  provider.received.length = 0
})

test('identity headers and workspace data stay here', async () => {
  provider.how = {}
  const dir = '/home/ines/secret-project'
  const meta = JSON.stringify({ workspace: dir, commit: 'abc' })
  const r = await post('/v1/responses', { model: 'm', input: 'hi', client_metadata: { 'x-codex-turn-metadata': meta, kept: 'yes' }, unknown_field: { a: [1] } },
    { 'x-codex-turn-metadata': meta, 'x-forwarded-for': '10.1.1.1', 'openai-organization': 'org-x', 'session-id': 's1', originator: 'codex', 'openai-beta': 'responses=v1', cookie: 'a=b' })
  assert.equal(r.status, 200)
  const got = provider.received.at(-1)
  assert.ok(!(got.headers.join() + got.body).includes('secret-project'))
  const sent = JSON.parse(got.body)
  assert.equal(sent.client_metadata['x-codex-turn-metadata'], '')
  assert.match(sent.client_metadata.kept, /^custos-[0-9a-f]{32}$/) // sessions and installations: the tenant's own names
  assert.deepEqual(sent.unknown_field, { a: [1] })
  assert.equal(header('openai-beta'), 'responses=v1')
  for (const name of ['x-forwarded-for', 'openai-organization', 'session-id', 'originator', 'cookie']) assert.equal(header(name), undefined)
  provider.received.length = 0
})

test('compressed requests are decompressed, scanned, and bounded', async () => {
  provider.how = {}
  const body = JSON.stringify({ model: 'm', messages: [user] })
  for (const [name, encode] of [['gzip', gzipSync], ['deflate', deflateSync], ['br', brotliCompressSync], ['zstd', zstdCompressSync]]) {
    const r = await post('/v1/chat/completions', encode(body), { 'content-encoding': name })
    assert.equal(r.status, 200, name)
    assert.equal((await r.json()).choices[0].message.content, told)
    assert.equal(header('content-encoding'), undefined)
    const bomb = await post('/v1/chat/completions', encode(Buffer.alloc(64 << 20, ' ')), { 'content-encoding': name })
    assert.equal(bomb.status, 413, name)
    assert.match((await bomb.json()).error.message, /when it is decompressed/)
    const torn = await post('/v1/chat/completions', encode(body).subarray(0, -9), { 'content-encoding': name })
    assert.equal(torn.status, 400, name)
  }
  nothingLeft()
})

test("refusals are in the caller's own JSON, and 400", async () => {
  provider.received.length = 0
  const bad = '{"model":"m",'
  const chat = await post('/v1/chat/completions', bad)
  assert.equal(chat.status, 400)
  assert.match((await chat.json()).error.message, /^custos: invalid JSON/)
  await assert.rejects(openai.embeddings.create({ model: 'm', input: [[1, 2, 3]] }), (e) => e.status === 400 && /token ids cannot be checked/.test(e.message))
  const gem = await post('/v1beta/models/m:generateContent', bad)
  assert.deepEqual(Object.keys((await gem.json()).error), ['code', 'message', 'status'])
  const nokey = await fetch(system.url + '/v1beta/models/m:generateContent', { method: 'POST', body: '{}' })
  assert.equal(nokey.status, 401)
  assert.equal((await nokey.json()).error.status, 'UNAUTHENTICATED')
  assert.equal(provider.received.length, 0)
})

test("an error of the provider passes unchanged in each API", async () => {
  const body = { error: { message: 'slow down', type: 'rate_limit', param: null, code: 'x' } }
  provider.how = { fail: 'status', status: 429, body }
  await assert.rejects(openai.chat.completions.create({ model: 'm', messages: [user] }), (e) => e.status === 429 && /slow down/.test(e.message))
  await assert.rejects(openai.responses.create({ model: 'm', input: told }), (e) => e.status === 429)
  nothingLeft()
})

test('a stream that breaks off breaks off for the client', async () => {
  for (const run of [
    async () => { for await (const _ of await openai.chat.completions.create({ model: 'm', messages: [user], stream: true })); },
    async () => { for await (const _ of await openai.responses.create({ model: 'm', input: told, stream: true })); },
    async () => { for await (const _ of await gemini.models.generateContentStream({ model: 'm', contents: told })); },
  ]) {
    provider.how = { delta: 3, fail: 'reset' }
    await assert.rejects(run())
  }
  provider.how = {}
  nothingLeft()
})

test('a conversation that the provider keeps: earlier values come back, to their tenant only', async () => {
  const other = new OpenAI({ baseURL: system.url + '/v1', apiKey: system.json('key', 'issue', '--tenant', 'rival', '--user', 'spy').key, maxRetries: 0 })
  for (const stream of [false, true]) {
    provider.how = { delta: 6 }
    const ask = async (client, body) => {
      const r = await client.responses.create({ model: 'm', stream, ...body })
      if (!stream) return r
      for await (const e of r) if (e.type === 'response.completed') return e.response
    }
    const text = (r) => r.output[0].content[0].text
    const first = await ask(openai, { input: told })
    const second = await ask(openai, { input: 'and then?', previous_response_id: first.id })
    assert.equal(text(second), told + 'and then?')
    assert.equal(text(await openai.responses.retrieve(second.id)), told + 'and then?')
    const third = await ask(openai, { input: 'go on', previous_response_id: second.id })
    assert.equal(text(third), told + 'and then?go on')
    const stolen = text(await ask(other, { input: 'x', previous_response_id: first.id }))
    assert.deepEqual(leaks(Buffer.from(stolen), secrets), [])
    assert.match(stolen, /CUSTOS_MAIL_/)
    const kept = await ask(openai, { input: told, store: false })
    assert.match(text(await ask(openai, { input: 'x', previous_response_id: kept.id })), /CUSTOS_MAIL_/)
  }
  nothingLeft()
})

test('a WebSocket upgrade is answered 426', async () => {
  const r = await new Promise((done, failed) => import('node:http').then((http) => {
    const req = http.get(system.url + '/v1/responses', { headers: { authorization: 'Bearer ' + system.key, connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'x'.repeat(22) + '==' } }, done)
    req.on('error', failed)
  }))
  assert.equal(r.statusCode, 426)
})

// [path, first turn, next turn, where the conversation ends in the body]
const call = { id: 'c1', type: 'function', function: { name: 'write', arguments: JSON.stringify({ path: 'a', content: told }) } }
const turns = [
  ['/v1/chat/completions', 'messages', [user], [{ role: 'assistant', content: null, tool_calls: [call] }, { role: 'tool', tool_call_id: 'c1', content: JSON.stringify({ result: told }) }, { role: 'user', content: 'more ' + text }]],
  ['/v1/responses', 'input', [user], [{ type: 'function_call', call_id: 'c1', name: 'write', arguments: call.function.arguments }, { type: 'function_call_output', call_id: 'c1', output: told }]],
  ['/v1beta/models/m:generateContent', 'contents', [{ role: 'user', parts: [{ text: told }] }], [{ role: 'model', parts: [{ functionCall: { name: 'w', args: { content: told } } }] }, { role: 'user', parts: [{ functionResponse: { name: 'w', response: { output: told } } }, { text }] }]],
]
for (const [path, member, first, more] of turns)
  test(`each turn begins with the bytes of the one before: ${path}`, async () => {
    provider.how = {}
    const send = async (list) => {
      provider.received.length = 0
      const r = await post(path, JSON.stringify({ [member]: list, model: 'm' }), { connection: 'close' })
      assert.equal(r.status, 200, await r.text())
      return provider.received[0].body
    }
    let before = await send(first)
    for (let n = 1; n <= more.length; n++) {
      const next = await send([...first, ...more.slice(0, n)])
      const common = before.length - '],"model":"m"}'.length
      assert.ok(next.subarray(0, common).equals(before.subarray(0, common)))
      before = next
      nothingLeft()
      provider.received.push({ method: '', url: '', headers: [], body: next })
    }
    provider.received.length = 0
  })
