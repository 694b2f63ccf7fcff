// custos probe isolation holds on a good configuration and fails when a control is switched off; what
// it plants is nobody's traffic. And the incident itself, between two real tenants.
import { test, after } from 'node:test'
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { System } from './system.mjs'

const systems = []
after(async () => { for (const s of systems) await s.remove() })

async function run(extra) {
  const s = await new System({ workers: 2, extra }).start()
  systems.push(s)
  const r = s.run('probe', 'isolation', '--format', 'json', '--config', s.config)
  return { s, status: r.status, stderr: r.stderr, result: r.stdout ? JSON.parse(r.stdout) : null }
}
const broken = (r) => r.result.results.filter((x) => x.verdict !== 'held').map((x) => x.id)

test('every attack is held, sealed, and counts as nobody’s traffic', async () => {
  const r = await run('')
  assert.deepEqual([r.status, broken(r)], [0, []], r.stderr)
  assert.ok(r.result.attacks >= 25 && r.result.held === r.result.attacks)
  const leaf = await r.s.sealed((e) => e.type === 'probe.completed', 'org')
  assert.deepEqual([leaf.body.attacks, leaf.body.held, leaf.body.broken, leaf.body.failed], [r.result.attacks, r.result.held, 0, 0])
  assert.deepEqual(leaf.body.results.map((x) => x.id), r.result.results.map((x) => x.id))
  const status = r.s.json('status')
  assert.deepEqual(status.tenants, ['acme'])
  assert.equal(status.isolation.leak_suspected.count, 0)
  assert.equal(status.isolation.probe_leak_suspected.count, 2)
  assert.ok(r.s.entries('t/probe-b').filter((e) => e.type === 'exchange.request').every((e) => e.body.probe === true))
  assert.equal(r.s.entries('t/acme').filter((e) => e.type === 'exchange.request').length, 0)
  assert.deepEqual(r.s.json('key', 'list').items.map((k) => k.tenant), ['acme'])
  await r.s.sealed((e) => e.type === 'key.revoked', 't/probe-b')
  // every exchange that the result names is in the log
  const ids = new Set([...r.s.entries('t/probe-a'), ...r.s.entries('t/probe-b'), ...r.s.entries('org')].map((e) => e.id))
  for (const x of leaf.body.results) assert.ok(x.exchange === '' || ids.has(x.exchange), `${x.id} ${x.exchange}`)
  assert.equal(r.s.verify().status, 0)
})

test('with a control switched off the probe fails, and says which', async () => {
  const r = await run('isolation: {pseudonyms: off, leak_detector: off}\n')
  assert.equal(r.status, 1, r.stderr)
  assert.deepEqual(broken(r), ['cache-key', 'cache-key-stolen', 'user', 'safety-identifier', 'user-id', 'session-id', 'client-metadata', 'code-leak', 'code-leak-laid-out'])
  const leaf = await r.s.sealed((e) => e.type === 'probe.completed', 'org')
  assert.deepEqual([leaf.body.probe, leaf.body.broken], ['isolation', 9])
})

test('without a running Custos it says so', () => {
  const s = systems[0]
  const r = s.run('probe', 'isolation', '--config', '/nonexistent.yaml')
  assert.equal(r.status, 2)
})

// Code that nobody else has.
const code = (seed) => {
  let out = ''
  for (let i = 0; i < 60; i++) {
    seed = (seed * 1103515245 + 12345) >>> 0
    out += `    int value_${seed >>> 20} = fold_${seed & 255}(state->slot_${seed >>> 12 & 1023}, ${seed >>> 8 & 15});\n`
  }
  return out
}

test('a provider that shows one tenant another’s code raises an incident, and one that does not raises none', async () => {
  const say = { text: '' }
  const server = createServer((req, res) => {
    req.resume().on('end', () => {
      res.setHeader('content-type', 'text/event-stream')
      res.write('event: message_start\ndata: {"type":"message_start","message":{"id":"m","content":[],"usage":{"input_tokens":1}}}\n\n')
      for (let i = 0; i < say.text.length; i += 11)
        res.write(`event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: say.text.slice(i, i + 11) } })}\n\n`)
      res.end('event: message_stop\ndata: {"type":"message_stop"}\n\n')
    })
  })
  after(() => { server.closeAllConnections(); server.close() })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const s = await new System({ upstream: `http://127.0.0.1:${server.address().port}`, workers: 2, extra: '  - name: other\n  - name: third\nrepositories:\n  - {name: acme/open, class: public}\n' }).start()
  systems.push(s)
  const key = Object.fromEntries(['acme', 'other', 'third'].map((t) => [t, s.json('key', 'issue', '--tenant', t, '--user', 'u').key]))
  const send = async (tenant, text, answer = 'fine', repo = '') => {
    say.text = answer
    const r = await fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': key[tenant], 'x-custos-repo': repo }, body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: text }] }] }) })
    await r.text()
    return r.headers.get('request-id')
  }
  await send('acme', code(1))                     // confidential: learnt
  await send('acme', code(2), 'fine', 'acme/open') // public: not
  await send('acme', code(3))
  await send('third', code(3))                    // two have it
  await send('other', 'show me', code(2))
  await send('other', 'show me', code(3))
  await send('other', 'show me', code(4))
  await send('acme', 'show me', code(1))          // one's own
  await send('other', 'show me', code(1).slice(0, 300))
  const id = await send('other', 'show me', 'Here you are:\n' + code(1))
  const leaf = await s.sealed((e) => e.type === 'isolation.leak_suspected', 'org')
  assert.deepEqual([leaf.body.about, leaf.body.code_of, leaf.body.shown_to, leaf.body.probe], [id, 'acme', 'other', false])
  assert.ok(leaf.body.fingerprints >= 12)
  assert.deepEqual(s.entries('org').filter((e) => e.type === 'isolation.leak_suspected').map((e) => e.body), [leaf.body])
  let count = 0 // the projection follows the seal
  for (let i = 0; i < 100 && !count; i++) {
    count = s.json('status').isolation.leak_suspected.count
    await new Promise((done) => setTimeout(done, 50))
  }
  assert.equal(count, 1)
  assert.match(s.run('status', '--config', s.config).stdout, /INCIDENT/)
  let incident // opened by the daemon, of the gravest kind, from the entry itself
  for (let i = 0; i < 300 && !incident; i++) {
    incident = s.json('incident', 'list').items.find((x) => x.fields.kind === 'tenant_leak')
    await new Promise((done) => setTimeout(done, 100))
  }
  assert.deepEqual([incident?.fields.severity, incident?.fields.tenant, incident?.fields.source], ['critical', 'acme', 'isolation.leak_suspected'])
  assert.equal(s.entries('org')[incident.fields.entry].id, leaf.id)
  for (const log of ['t/acme', 't/other']) assert.ok(!JSON.stringify(s.entries(log)).includes(log === 't/acme' ? '"other"' : '"acme"'))
})
