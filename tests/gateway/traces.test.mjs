// Spans of exchanges at a collector of our own: whose trace, which attributes, and no word of what was said.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import http from 'node:http'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Provider } from './provider.mjs'
import { System, freePort } from './system.mjs'

const trace = '4bf92f3577b34da6a3ce929d0e0e4736', parent = '00f067aa0ba902b7'
const mail = ['jane.doe', 'planted-corp.com'].join('@')
let provider, collector, system, metrics, posts = [], how = 200

before(async () => {
  provider = await new Provider().start()
  collector = http.createServer((req, res) => {
    let text = ''
    req.on('data', (d) => (text += d)).on('end', () => {
      posts.push({ url: req.url, headers: req.headers, text })
      if (how === 'mute') return
      res.writeHead(how).end('{}')
    })
  })
  await new Promise((done) => collector.listen(0, '127.0.0.1', done))
  metrics = await freePort()
  const vendor = (name, api) => `  ${name}:\n    api: ${api}\n    base_url: ${provider.url}\n    credential: env:FAKE_KEY\n    assessment: {decision: approved, by: X}\n`
  system = new System({ workers: 2, extra: `metrics: {listen: 127.0.0.1:${metrics}}\ntraces:\n  endpoint: http://127.0.0.1:${collector.address().port}/v1/traces\n  header: x-team\n  credential: env:FAKE_KEY\n  upstream: true\n`,
    vendors: 'vendors:\n' + vendor('anthropic', 'anthropic') + vendor('openai', 'openai') + vendor('gemini', 'gemini') })
  await system.start()
})
after(async () => {
  await system?.remove()
  await provider.stop()
  collector.closeAllConnections()
  collector.close()
})

const spans = () => posts.flatMap((p) => JSON.parse(p.text).resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans)))
const attributes = (s) => Object.fromEntries(s.attributes.map((a) => [a.key, a.value.stringValue ?? (a.value.intValue && Number(a.value.intValue)) ?? a.value.arrayValue.values.map((v) => v.stringValue)]))
async function send(path, body, headers = {}) {
  const r = await fetch(system.url + path, { method: 'POST', headers: { authorization: `Bearer ${system.key}`, ...(path === '/v1/messages' && { 'anthropic-version': '2023-06-01' }), 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
  await r.text()
  const id = r.headers.get('request-id')
  for (let i = 0; i < 150; i++) {
    const s = spans().find((one) => attributes(one)['custos.exchange'] === id)
    if (s) return { status: r.status, id, span: s, attributes: attributes(s), upstream: provider.received.at(-1) }
    await new Promise((done) => setTimeout(done, 100))
  }
  assert.fail('no span')
}
const upstreamTrace = (u) => u.headers[u.headers.findIndex((h) => /^traceparent$/i.test(h)) + 1]
const text = `write to ${mail}`

test('the client’s trace is gone on with, and told to the provider', async () => {
  const { id, span, attributes: a, upstream } = await send('/v1/messages', { model: 'claude-x', max_tokens: 9, stream: true, messages: [{ role: 'user', content: text }] }, { traceparent: `00-${trace}-${parent}-01`, tracestate: 'vendor=secret' })
  assert.deepEqual([span.traceId, span.parentSpanId, span.kind, span.name, span.status.code], [trace, parent, 3, 'chat claude-x', 1])
  assert.match(span.spanId, /^[0-9a-f]{16}$/)
  assert.equal(upstreamTrace(upstream), `00-${trace}-${span.spanId}-01`)
  assert.doesNotMatch(upstream.headers.join('\n'), /tracestate/i)
  assert.deepEqual([a['gen_ai.operation.name'], a['gen_ai.provider.name'], a['gen_ai.request.model'], a['gen_ai.usage.input_tokens'], a['gen_ai.usage.output_tokens'], a['http.response.status_code'], a['custos.replaced'], a['custos.tenant']],
    ['chat', 'anthropic', 'claude-x', 11, 33, 200, 1, 'acme'])
  assert.deepEqual(a['gen_ai.response.finish_reasons'], ['end_turn'])
  const began = BigInt(span.startTimeUnixNano), ended = BigInt(span.endTimeUnixNano)
  assert.ok(began <= ended && Math.abs(Number(ended / 1000000n) - Date.now()) < 60_000)
  assert.equal((await system.sealed((l) => l.id === id)).body.trace, `${trace}-${span.spanId}-${parent}`)
})

test('without one, or with one that is none, a trace begins here', async () => {
  const seen = new Set()
  for (const [path, body, operation, api] of [['/v1/chat/completions', { model: 'm', messages: [{ role: 'user', content: text }] }, 'chat', 'openai'], ['/v1/embeddings', { model: 'e', input: text }, 'embeddings', 'openai'],
    ['/v1beta/models/g:generateContent', { contents: [{ role: 'user', parts: [{ text }] }] }, 'generate_content', 'gcp.gemini']]) {
    const { span, attributes: a } = await send(path, body, { traceparent: `00-${'0'.repeat(32)}-${parent}-01`, ...(path.includes('beta') && { 'x-goog-api-key': system.key }) })
    assert.equal(span.parentSpanId, undefined)
    assert.deepEqual([a['gen_ai.operation.name'], a['gen_ai.provider.name']], [operation, api])
    seen.add(span.traceId)
  }
  assert.equal(seen.size, 3)
})

test('a refusal and a failure are spans with their reason', async () => {
  const refused = await send('/v1/messages', { model: 'm', max_tokens: 1, messages: 'none' })
  assert.equal(refused.status, 400)
  assert.deepEqual([refused.span.status.code, refused.attributes['error.type']], [2, 'syntax'])
  provider.how = { fail: 'refuse' }
  const failed = await send('/v1/messages', { model: 'm', max_tokens: 1, messages: [] })
  provider.how = {}
  assert.equal(failed.status, 502)
  assert.deepEqual([failed.span.status.code, failed.attributes['error.type'], failed.attributes['http.response.status_code']], [2, 'upstream_failed', 502])
})

test('who asks not to be traced is not', async () => {
  const before = posts.length
  const r = await fetch(system.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': system.key, 'content-type': 'application/json', traceparent: `00-${trace}-${parent}-00` }, body: JSON.stringify({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'x' }] }) })
  assert.equal(r.status, 200)
  assert.match(upstreamTrace(provider.received.at(-1)), new RegExp(`^00-${trace}-[0-9a-f]{16}-00$`))
  const leaf = await system.sealed((l) => l.id === r.headers.get('request-id'))
  assert.equal(leaf.body.trace, undefined)
  await new Promise((done) => setTimeout(done, 1500))
  assert.equal(posts.length, before)
})

test('a collector that fails is asked again; one that is mute holds nobody up', async () => {
  how = 503
  const ask = send('/v1/messages', { model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'x' }] })
  await ask
  const first = posts.length
  how = 200
  for (let i = 0; posts.length === first && i < 600; i++) await new Promise((done) => setTimeout(done, 100))
  assert.equal(posts.at(-1).text, posts[first - 1].text, 'the same batch again')
  how = 'mute'
  const began = performance.now()
  for (let i = 0; i < 20; i++) {
    const r = await fetch(system.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': system.key, 'content-type': 'application/json' }, body: JSON.stringify({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'x' }] }) })
    assert.equal(r.status, 200)
    await r.text()
  }
  assert.ok(performance.now() - began < 10_000)
  how = 200
  await send('/v1/messages', { model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'x' }] })
  assert.match(await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text(), /custos_spans_total\{result="sent"\} [1-9]/)
})

test('nothing of what was said is in any of it, and the header is the configured one', () => {
  for (const p of posts) {
    assert.doesNotMatch(p.text, /jane|planted|CUSTOS_MAIL|write to|ck-|secret/)
    assert.equal(p.headers['x-team'], 'provider-credential')
    assert.equal(p.url, '/v1/traces')
  }
})

test('mistakes are named', () => {
  for (const [text, why] of [['traces: {}', /traces needs endpoint/], ['traces: {endpoint: "http://collector.example/x"}', /http is allowed for loopback only/], ['traces: {endpoint: "https://c.example", header: "a b"}', /header/], ['traces: {endpoint: "https://c.example", every: 1}', /every/]]) {
    const path = join(system.dir, 'bad.yaml')
    writeFileSync(path, text + '\n')
    const r = system.run('check-config', '--config', path)
    assert.equal(r.status, 2, text)
    assert.match(r.stderr, why)
  }
})
