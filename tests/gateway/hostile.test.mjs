// What a network, a client, a user or a clock can do wrong or try: no leak, no wrong tenant, no request without a record.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { readFileSync } from 'node:fs'
import { Provider } from './provider.mjs'
import { System } from './system.mjs'
import { leaks, plant } from './planted.mjs'

let provider, slow, system, rival
const { text, value, secrets } = plant()
const pause = (ms) => new Promise((done) => setTimeout(done, ms))

// /v1/messages with "model":"stall": an event, then silence; "flood": events for as long as somebody takes them.
const flood = { sent: 0, closed: 0 }
before(async () => {
  provider = await new Provider().start()
  slow = http.createServer((req, res) => {
    let body = ''
    req.on('data', (d) => (body += d)).on('end', async () => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      const gone = once(res, 'close')
      gone.then(() => flood.closed++)
      const event = (t) => `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${t}"}}\n\n`
      res.write(event('first'))
      if (body.includes('stall')) return
      while (!res.destroyed && flood.sent < 256 << 20) {
        const e = event('x'.repeat(8000))
        flood.sent += e.length
        if (!res.write(e)) await Promise.race([once(res, 'drain'), gone])
      }
    })
  })
  await new Promise((done) => slow.listen(0, '127.0.0.1', done))
  const vendor = (name, url, more = '') => `  ${name}:\n    api: anthropic\n    base_url: ${url}\n    credential: env:FAKE_KEY\n    assessment: {decision: approved, by: X}\n${more}`
  system = new System({ workers: 2, extra: '  - name: rival\n', vendors: 'vendors:\n' + vendor('main', provider.url) + vendor('slow', `http://127.0.0.1:${slow.address().port}`, '    timeouts: {read: 1}\n') })
  await system.start()
  rival = system.json('key', 'issue', '--tenant', 'rival', '--user', 'spy').key
})
after(async () => {
  await system?.remove()
  await provider.stop()
  slow.closeAllConnections()
  slow.close()
})

const body = (content, more) => JSON.stringify({ model: 'm', max_tokens: 5, messages: [{ role: 'user', content }], ...more })
const send = (content, { key = system.key, headers = {}, path = '/v1/messages', more } = {}) =>
  fetch(system.url + path, { method: 'POST', headers: { 'x-api-key': key, 'content-type': 'application/json', ...headers }, body: body(content, more) })
async function asked(content, o) {
  provider.received.length = 0
  const r = await send(content, o)
  const answer = await r.json()
  return { status: r.status, id: r.headers.get('request-id'), text: answer.content?.[0].text, answer, left: provider.received[0] }
}
// All that comes back for bytes on a connection of our own.
function raw(bytes, { wait = 1500, end = false } = {}) {
  return new Promise((done) => {
    const s = net.connect(system.port, '127.0.0.1')
    let out = ''
    s.on('data', (d) => (out += d)).on('error', () => {}).on('close', () => done(out))
    s.write(bytes)
    if (end) setTimeout(() => s.destroy(), 300)
    setTimeout(() => s.destroy(), wait)
  })
}
const head = (more, line = 'POST /v1/messages HTTP/1.1') => `${line}\r\nHost: x\r\nx-api-key: ${system.key}\r\ncontent-type: application/json\r\n${more}`

test('requests in requests: two lengths, length and chunks, folded and broken headers are refused, nothing is forwarded twice', async () => {
  const b = body('hello'), hidden = `POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: ${system.key}\r\ncontent-length: ${b.length}\r\n\r\n${b}`
  const chunk = (t) => `${t.length.toString(16)}\r\n${t}\r\n0\r\n\r\n`
  const all = {
    'length and chunks': head(`content-length: ${b.length}\r\ntransfer-encoding: chunked\r\n\r\n`) + '0\r\n\r\n' + hidden,
    'chunks and length': head(`transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n`) + chunk(b) + hidden,
    'two lengths': head(`content-length: ${b.length}\r\ncontent-length: 1\r\n\r\n`) + b + hidden,
    'two equal lengths': head(`content-length: ${b.length}\r\ncontent-length: ${b.length}\r\n\r\n`) + b,
    'a list of lengths': head(`content-length: ${b.length}, ${b.length}\r\n\r\n`) + b,
    'a signed length': head(`content-length: +${b.length}\r\n\r\n`) + b,
    'chunked twice': head('transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n') + chunk(b),
    'chunked, but not only': head('transfer-encoding: gzip, chunked\r\n\r\n') + chunk(b),
    'chunked, misspelled': head('transfer-encoding: xchunked\r\n\r\n') + chunk(b),
    'a chunk with a signed size': head('transfer-encoding: chunked\r\n\r\n') + `+${b.length.toString(16)}\r\n${b}\r\n0\r\n\r\n`,
    'a chunk that is longer than its size': head('transfer-encoding: chunked\r\n\r\n') + `5\r\n${b}\r\n0\r\n\r\n`,
    'a folded header': head(`x-note: a\r\n b\r\ncontent-length: ${b.length}\r\n\r\n`) + b,
    'a header with a blank before its colon': head(`content-length : ${b.length}\r\n\r\n`) + b,
    'a NUL in a header': head(`x-note: a\0b\r\ncontent-length: ${b.length}\r\n\r\n`) + b,
    'two hosts': head(`Host: y\r\ncontent-length: ${b.length}\r\n\r\n`) + b,
    'HTTP/1.1 without a host': `POST /v1/messages HTTP/1.1\r\nx-api-key: ${system.key}\r\ncontent-length: ${b.length}\r\n\r\n${b}`,
  }
  for (const [name, bytes] of Object.entries(all)) {
    provider.received.length = 0
    const out = await raw(bytes, { wait: 700 })
    const statuses = [...out.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map((m) => m[1])
    assert.ok(statuses.length <= 1, `${name}: ${statuses}`)
    assert.match(statuses[0] ?? '400', /^(400|411|501)$/, `${name}: ${out.slice(0, 200)}`)
    assert.equal(provider.received.length, 0, `${name}: it was forwarded`)
    if (statuses[0] && out.includes('application/json')) assert.match(out, /"error":\{/)
  }
})

test('two requests on one connection are two, each with its record', async () => {
  const b = body('one'), c = body('two')
  provider.received.length = 0
  const out = await raw(head(`content-length: ${b.length}\r\n\r\n`) + b + head(`content-length: ${c.length}\r\n\r\n`) + c)
  const ids = [...out.matchAll(/^request-id: (\w+)/gim)].map((m) => m[1])
  assert.equal(ids.length, 2)
  assert.equal(provider.received.length, 2)
  for (const id of ids) await system.sealed((l) => l.type === 'exchange.response' && l.body.exchange === id)
})

test('headers that claim a tenant, a user or an address change nothing and go nowhere', async () => {
  const claims = { 'x-custos-tenant': 'rival', 'x-tenant': 'rival', 'x-tenant-id': 'rival', 'x-custos-user': 'admin', 'x-forwarded-user': 'admin', 'x-forwarded-for': '8.8.8.8', 'x-real-ip': '8.8.8.8',
    forwarded: 'for=8.8.8.8', 'x-remote-user': 'admin', 'openai-organization': 'rival', 'openai-project': 'rival', 'anthropic-organization-id': 'rival', 'x-goog-user-project': 'rival', cookie: 'tenant=rival' }
  const plain = await asked('hello')
  const { status, id, left } = await asked(text, { headers: claims })
  assert.equal(status, 200)
  const leaf = await system.sealed((l) => l.id === id)
  assert.deepEqual([leaf.tenant, leaf.body.user], ['acme', (await system.sealed((l) => l.id === plain.id)).body.user])
  assert.equal(system.entries('t/rival').filter((l) => l.type === 'exchange.request').length, 0)
  assert.doesNotMatch(left.headers.join('\n'), /rival|admin|8\.8\.8\.8/)
  assert.deepEqual(leaks(Buffer.concat([Buffer.from(left.headers.join('\n')), left.body]), secrets), [])
})

test('headers without end are refused in JSON', async () => {
  provider.received.length = 0
  for (const more of [`x-long: ${'a'.repeat(70_000)}\r\n`, Array.from({ length: 3000 }, (_, i) => `x-${i}: ${'b'.repeat(40)}\r\n`).join('')]) {
    const out = await raw(head(`${more}content-length: 2\r\n\r\n`) + '{}')
    assert.match(out, /^HTTP\/1\.1 400 /)
    assert.match(out, /"error":\{.*request headers are too large/)
  }
  const out = await raw(head('content-length: 2\r\n\r\n', `POST /v1/messages?x=${'a'.repeat(70_000)} HTTP/1.1`) + '{}')
  assert.match(out, /^HTTP\/1\.1 414 /)
  assert.equal(provider.received.length, 0)
})

test('an upload that breaks off is recorded, and nothing of it is forwarded', async () => {
  provider.received.length = 0
  const before = system.entries().filter((l) => l.body.reason === 'torn_upload').length
  const b = body(text)
  await raw(head(`content-length: ${Buffer.byteLength(b)}\r\n\r\n`) + b.slice(0, -9), { end: true })
  await raw(head('transfer-encoding: chunked\r\n\r\n') + `${Buffer.byteLength(b).toString(16)}\r\n${b}\r\n`, { end: true })
  for (let i = 0; system.entries().filter((l) => l.body.reason === 'torn_upload').length < before + 2; i++) {
    assert.ok(i < 60, 'no record')
    await pause(100)
  }
  assert.equal(provider.received.length, 0)
})

test('an answer that stalls is torn, and the record says so', async () => {
  const r = await send('x', { path: '/vendor/slow/v1/messages', more: { model: 'stall', stream: true } })
  await assert.rejects(r.text())
  const end = await system.sealed((l) => l.type === 'exchange.aborted' && l.body.exchange === r.headers.get('request-id'))
  assert.equal(end.body.reason, 'upstream_reset')
})

test('a client that does not read stops its provider, not the others, and costs no memory', async () => {
  const memory = () => system.workers().reduce((n, pid) => n + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]), 0)
  for (let i = 0; i < 4; i++) await asked('warm')
  const start = memory()
  flood.sent = 0
  const b = body('x', { model: 'flood', stream: true }), s = net.connect(system.port, '127.0.0.1')
  s.pause()
  s.write(head(`content-length: ${b.length}\r\n\r\n`, 'POST /vendor/slow/v1/messages HTTP/1.1') + b)
  let last = -1
  for (let i = 0; i < 500 && (flood.sent !== last || flood.sent < 20_000); i++) { last = flood.sent; await pause(200) }
  assert.equal(flood.sent, last, 'the provider still sends')
  assert.ok(flood.sent < 32 << 20, `${flood.sent} bytes for nobody`)
  for (let i = 0; i < 8; i++) assert.equal((await asked('others')).status, 200)
  assert.ok(memory() - start < 16 << 10, `${memory() - start} KiB more`)
  const closed = flood.closed
  s.destroy()
  for (let i = 0; i < 500 && flood.closed === closed; i++) await pause(100)
  assert.equal(flood.closed, closed + 1, 'the provider sends on')
})

test('values between signs that nobody sees, in other widths and directions, do not leave', async () => {
  const around = { 'zero width space': '\u200b', 'byte order mark': '\ufeff', 'right to left': '\u202e', 'isolate': '\u2066', 'no-break space': '\u00a0', 'word joiner': '\u2060', 'soft hyphen': '\u00ad', 'combining': '\u0301', 'full width': '\uff02',
    'emoji': '😀', 'cjk': '\u3002', 'line separator': '\u2028', 'next line': '\u0085', 'private use': '\ue000' }
  for (const [name, c] of Object.entries(around))
    for (const v of ['aws', 'github', 'stripe', 'email', 'iban']) {
      const said = `key is ${c}${value[v]}${c} and more`
      const { text: back, left } = await asked(said)
      assert.deepEqual(leaks(left.body, [value[v]]), [], `${v} beside ${name}`)
      assert.equal(back, said, `${v} beside ${name}`)
    }
})

test('a placeholder that the user types is text; another tenant’s is nobody’s value', async () => {
  const first = await asked(`mail ${value.email} now`)
  const placeholder = /CUSTOS_\w+/.exec(first.left.body.toString())[0]
  assert.equal(first.text, `mail ${value.email} now`)
  for (const key of [system.key, rival]) {
    const typed = await asked(`what is ${placeholder}?`, { key })
    assert.equal(typed.left.body.toString(), body(`what is ${placeholder}?`), 'it changed on the way')
    assert.equal(typed.text, `what is ${placeholder}?`, 'a value came for it')
  }
  // beside a value of the same request, and in all its neighbours' forms
  for (const t of [placeholder.slice(0, -1), placeholder + 'x', placeholder.toLowerCase(), placeholder.replace(/.$/, (c) => (c === 'a' ? 'b' : 'a'))]) {
    const said = `${t} and ${value.github}`
    assert.equal((await asked(said, { key: rival })).text, said)
  }
  const both = await asked(`${placeholder} is ${value.email}`)
  assert.equal(both.left.body.toString(), body(`${placeholder} is ${placeholder}`))
})

test('policy bundles change under load: every request is answered and recorded under one of them', async () => {
  let run = true, n = 0
  const ids = []
  const load = Array.from({ length: 6 }, async () => {
    while (run) {
      const r = await send(text, { more: { stream: n++ % 2 === 0 } })
      assert.equal(r.status, 200)
      const t = await r.text()
      if (t.startsWith('{')) assert.equal(JSON.parse(t).content[0].text, text)
      ids.push(r.headers.get('request-id'))
    }
  })
  for (let i = 0; i < 12; i++) {
    const k = system.json('key', 'issue', '--tenant', i % 2 ? 'rival' : 'acme', '--user', `u${i}`)
    system.json('key', 'revoke', k.id)
    await pause(150)
  }
  run = false
  await Promise.all(load)
  await system.sealed((l) => l.type === 'exchange.response' && l.body.exchange === ids.at(-1))
  const entries = system.entries(), published = new Set(system.entries('org').filter((l) => l.type === 'bundle.published').map((l) => l.body.bundle))
  const requests = new Map(entries.filter((l) => l.type === 'exchange.request').map((l) => [l.id, l]))
  const answers = new Set(entries.filter((l) => l.type === 'exchange.response').map((l) => l.body.exchange))
  for (const id of ids) {
    assert.ok(requests.has(id) && answers.has(id), 'no record')
    assert.ok(published.has(requests.get(id).body.bundle), 'under no bundle that was published')
  }
  assert.ok(new Set(ids.map((id) => requests.get(id).body.bundle)).size > 3, 'the load saw no change')
  for (const r of provider.received) assert.deepEqual(leaks(r.body, secrets), [])
})

test('the log is intact after all this', () => {
  const r = system.verify()
  assert.equal(r.status, 0, r.stdout + r.stderr)
})
