// Bodies so large that a thread looks through them: nothing is lost, nobody waits for them, and a client
// that goes away meanwhile harms nobody.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Provider } from './provider.mjs'
import { System } from './system.mjs'

let provider, system
before(async () => {
  provider = await new Provider().start()
  system = await new System({ upstream: provider.url, workers: 1 }).start()
})
after(async () => {
  await system?.remove()
  await provider?.stop()
})

const mail = () => `maria.k${randomInt(1e9)}@customer-mail.de`
const line = 'static int read_frame(struct peer *p, struct frame *out) { return p->have < sizeof *out; }\n'
// A conversation of n messages of 6 KB; each tenth names somebody.
function conversation(n) {
  const mails = []
  const messages = Array.from({ length: n }, (_, i) => {
    let text = `file ${randomInt(1e9)}\n` + line.repeat(66)
    if (i % 10 === 0) {
      mails.push(mail())
      text += `ask ${mails.at(-1)} about it`
    }
    return { role: i % 2 ? 'assistant' : 'user', content: text }
  })
  return { mails, body: JSON.stringify({ model: 'm', max_tokens: 9, messages }) }
}
const post = (body, options = {}) => fetch(system.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': system.key }, body, ...options })

test('large and small requests at once: each is redacted, restored and recorded', async () => {
  provider.received.length = 0
  const workers = system.workers()
  const large = Array.from({ length: 8 }, () => conversation(251))
  const small = Array.from({ length: 60 }, () => conversation(1))
  const all = [...large, ...small]
  const answers = await Promise.all(all.map(async ({ body, mails }) => {
    const r = await post(body)
    const text = await r.text()
    assert.equal(r.status, 200, text)
    assert.ok(!text.includes('CUSTOS_'), 'a surrogate is left in the answer')
    return { id: r.headers.get('request-id'), text, mails }
  }))
  const seen = provider.received.map((r) => r.body.toString('latin1')).join('\n')
  for (const { mails } of all) for (const m of mails) assert.ok(!seen.includes(m), 'a value reached the provider')
  assert.equal(provider.received.length, all.length)
  for (const a of answers.slice(0, 8)) {
    const entry = await system.sealed((e) => e.id === a.id)
    assert.equal(entry.body.findings.EMAIL_ADDRESS, 26)
  }
  assert.deepEqual(system.workers(), workers)
  assert.equal(system.verify().status, 0)
})

test('the same conversation a turn later begins with the same bytes', async () => {
  const { body } = conversation(101)
  const next = JSON.parse(body)
  next.messages.push({ role: 'assistant', content: 'done' }, { role: 'user', content: 'and now?' })
  provider.received.length = 0
  assert.equal((await post(body)).status, 200, system.output)
  assert.equal((await post(JSON.stringify(next))).status, 200, system.output)
  const [a, b] = provider.received.map((r) => r.body.toString('latin1'))
  const end = a.lastIndexOf(']')
  assert.equal(b.slice(0, end), a.slice(0, end))
})

// Turns of one conversation, with a mark on its newest message as clients put it for a provider's cache.
function turns(n) {
  const talk = JSON.parse(conversation(8).body).messages
  return Array.from({ length: n }, (_, i) => {
    const said = i % 3 === 2 ? talk[0].content.match(/ask (\S+)/)[1] : i % 4 === 1 ? mail() : 'nobody'
    talk.push({ role: 'user', content: `turn ${i}: mail ${said}\n${line.repeat(i * 5)}` })
    const messages = talk.map((m, k) => (k === talk.length - 1 ? { ...m, content: [{ type: 'text', text: m.content, cache_control: { type: 'ephemeral' } }] } : m))
    return JSON.stringify({ model: 'm', messages, metadata: { user_id: 'me' }, max_tokens: 9 })
  })
}

test('a turn of which the beginning is known leaves as one that is seen for the first time', async () => {
  const bodies = turns(14), sent = async (list) => {
    const out = []
    for (const b of list) {
      provider.received.length = 0
      const r = await post(b)
      assert.equal(r.status, 200, await r.text())
      out.push({ body: provider.received[0].body.toString('latin1'), id: r.headers.get('request-id') })
    }
    return out
  }
  const known = await sent(bodies)
  const last = await system.sealed((e) => e.id === known.at(-1).id)
  assert.ok(last.body.memo_bytes > 0.9 * (last.body.memo_bytes + last.body.scanned_bytes), JSON.stringify(last.body))
  await system.stop()
  await system.start()
  const fresh = (await sent(bodies.toReversed())).reverse()
  for (const [i, k] of known.entries()) assert.equal(k.body, fresh[i].body, `turn ${i}`)
  const again = await system.sealed((e) => e.id === fresh.at(-1).id)
  assert.equal(again.body.body_commit, last.body.body_commit)
  assert.equal(again.body.memo_bytes, 0)
  assert.deepEqual(again.body.findings, last.body.findings)
})

test('a client that leaves while its body is looked through', async () => {
  const workers = system.workers()
  for (let i = 0; i < 12; i++) {
    const { body } = conversation(201)
    const s = net.connect(system.port, '127.0.0.1')
    s.on('error', () => {})
    s.write(`POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${system.key}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
    await sleep(randomInt(15))
    s.destroy()
  }
  const { body } = conversation(61)
  assert.equal((await post(body)).status, 200)
  assert.deepEqual(system.workers(), workers)
  assert.equal(system.verify().status, 0)
})

test('a large body that may not leave is refused in the words of its API', async () => {
  const { body } = conversation(61)
  const r = await post(body.replace('"max_tokens":9', '"max_tokens":9,"model":"twice"'))
  assert.equal(r.status, 400)
  assert.equal((await r.json()).error.type, 'invalid_request_error')
})
