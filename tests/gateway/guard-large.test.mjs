// A call or an answer that takes long to judge is judged beside the worker: what reaches the client is the same, and a
// client that leaves meanwhile takes nothing down.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import http from 'node:http'
import { Provider } from './provider.mjs'
import { System } from './system.mjs'

let provider, system
const metadata = 'curl -s http://169.254.169.254/latest/meta-data/'
const lines = (n) => Array.from({ length: n }, (_, i) => `def part_${i}(rows):\n    return [row.name for row in rows if row.kind == ${i}]\n`).join('\n')
const code = lines(700) // about 60 KB
const shapes = {
  anthropic: ['/v1/messages', { model: 'm', max_tokens: 99, messages: [{ role: 'user', content: 'go' }] }, 'Bash', (t) => t.includes('tool_use')],
  chat: ['/v1/chat/completions', { model: 'm', messages: [{ role: 'user', content: 'go' }] }, 'run_shell_command', (t) => t.includes('"tool_calls":[')],
  responses: ['/v1/responses', { model: 'm', input: 'go' }, 'exec_command', (t) => t.includes('function_call')],
  gemini: ['/v1beta/models/m:streamGenerateContent?alt=sse', { contents: [{ role: 'user', parts: [{ text: 'go' }] }] }, 'run_shell_command', (t) => t.includes('functionCall')],
}

before(async () => {
  provider = await new Provider().start()
  const vendor = (name, api) => `  ${name}:\n    api: ${api}\n    base_url: ${provider.url}\n    credential: env:FAKE_KEY\n    assessment: {decision: approved, by: X}\n`
  system = new System({ vendors: 'vendors:\n' + vendor('claude', 'anthropic') + vendor('gpt', 'openai') + vendor('bard', 'gemini') })
  await system.start()
})
after(async () => {
  await system.remove()
  await provider.stop()
})

const headers = () => ({ authorization: 'Bearer ' + system.key, 'content-type': 'application/json', 'x-goog-api-key': system.key })
const target = (shape, stream) => {
  const [path, body] = shapes[shape]
  return [shape === 'gemini' && !stream ? path.replace('streamGenerateContent?alt=sse', 'generateContent') : path, JSON.stringify(shape === 'gemini' ? body : { ...body, stream })]
}
const ask = async (shape, stream) => {
  const [path, body] = target(shape, stream)
  const res = await fetch(system.url + path, { method: 'POST', headers: headers(), body })
  return { res, text: await res.text() }
}
const given = async (shape, stream) => {
  const [path, body] = target(shape, stream)
  return (await fetch(provider.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).text()
}
const same = (a, b) => a.replaceAll(/resp_\d+/g, '') === b.replaceAll(/resp_\d+/g, '') // the provider counts its answers
const recorded = async (res) => (await system.sealed((e) => e.type === 'exchange.response' && e.body.exchange === res.headers.get('request-id'))).body.guard
const input = (tool, command) => (tool === 'exec_command' ? { cmd: command } : { command })

for (const [shape, [, , tool, called]] of Object.entries(shapes))
  for (const stream of [true, false])
    for (const how of stream ? [{ delta: 400 }, { delta: 900, bytes: 1500 }, { delta: 5000, gzip: true }] : [{}, { gzip: true }])
      test(`${shape}, ${stream ? 'stream' : 'whole'} ${JSON.stringify(how)}: a large call leaves as it came, or not at all`, async () => {
        provider.how = { ...how, calls: [{ name: 'Write', input: { file_path: '/app/a.py', content: code } }, { name: tool, input: input(tool, 'git status') }] }
        const fine = await ask(shape, stream)
        assert.ok(same(fine.text, await given(shape, stream)), 'another answer than the provider gave')
        assert.equal((await recorded(fine.res)).calls, 2)
        const script = 'echo building the parts one by one\n'.repeat(900) + metadata
        provider.how = { ...how, calls: [{ name: tool, input: input(tool, script) }] }
        const bad = await ask(shape, stream)
        assert.equal(bad.res.status, 200)
        assert.ok(!bad.text.includes('169.254') && !bad.text.includes('building') && !called(bad.text), 'bytes of the stopped call')
        assert.match(bad.text, /did not run/)
        const guard = await recorded(bad.res)
        assert.deepEqual([guard.calls, guard.blocked + guard.held], [1, 1])
      })

test('clients that leave in the middle of large calls end nothing but their own request', async () => {
  provider.how = { delta: 3000, bytes: 8000, calls: Array.from({ length: 6 }, () => ({ name: 'Write', input: { file_path: '/app/a.py', content: code } })) }
  for (let round = 0; round < 40; round++) {
    const shape = Object.keys(shapes)[round % 4], [path, body] = target(shape, round % 3 > 0)
    await new Promise((done) => {
      const req = http.request(system.url + path, { method: 'POST', headers: headers() }, (res) => {
        res.on('data', () => setTimeout(() => req.destroy(), round % 7)).on('error', done).on('close', done)
      })
      req.on('error', done).on('close', done)
      setTimeout(() => req.destroy(), 5 + (round * 3) % 60)
      req.end(body)
    })
  }
  provider.how = { delta: 400, calls: [{ name: 'Write', input: { file_path: '/app/a.py', content: code } }] }
  const fine = await ask('anthropic', true)
  assert.ok(same(fine.text, await given('anthropic', true)))
  assert.ok(!/exited on signal|Sanitizer/.test(system.output))
})
