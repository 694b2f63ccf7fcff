// The wall clock jumps, forwards and back, under load: every request keeps its record, the log stays intact, what has
// expired ends, and nothing that had ended comes back for longer than the clock says.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import http from 'node:http'
import { Provider } from '../gateway/provider.mjs'
import { System } from '../gateway/system.mjs'
import { ShiftedClock } from './clock.mjs'

let provider, endless, system, clock
const hour = 3600_000
const pause = (ms) => new Promise((done) => setTimeout(done, ms))
const shift = (ms) => clock.set(ms)
const tomorrow = () => new Date(Date.now() + 24 * hour).toISOString().slice(0, 10)

before(async () => {
  provider = await new Provider().start()
  endless = http.createServer((req, res) => {
    req.on('data', () => {}).on('end', () => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      const tick = setInterval(() => res.write('event: ping\ndata: {"type":"ping"}\n\n'), 100)
      res.on('close', () => clearInterval(tick))
    })
  })
  await new Promise((done) => endless.listen(0, '127.0.0.1', done))
  const vendor = (name, url, until) => `  ${name}:\n    api: anthropic\n    base_url: ${url}\n    credential: env:FAKE_KEY\n    assessment: {decision: approved, by: X, until: ${until}}\n`
  system = new System({ workers: 2, vendors: 'vendors:\n' + vendor('main', provider.url, '2099-12-31') + vendor('short', `http://127.0.0.1:${endless.address().port}`, tomorrow()) })
  clock = new ShiftedClock() // of what is started from here on
  await system.start()
})
after(async () => {
  await system?.remove()
  clock?.remove()
  await provider.stop()
  endless.closeAllConnections()
  endless.close()
})

const send = (key = system.key, path = '/v1/messages', more) => fetch(system.url + path, { method: 'POST', headers: { 'x-api-key': key, 'content-type': 'application/json' }, body: JSON.stringify({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'hello' }], ...more }) })

test('jumps under load: each answer has its two entries, and the log is intact', async () => {
  const ids = []
  let run = true
  const load = Array.from({ length: 4 }, async () => {
    while (run) {
      const r = await send()
      assert.equal(r.status, 200, await r.clone().text())
      await r.text()
      ids.push(r.headers.get('request-id'))
      await pause(5)
    }
  })
  for (const ms of [5 * hour, -3 * hour, 30 * hour, -200 * hour, 0]) {
    shift(ms)
    await pause(1200)
  }
  run = false
  await Promise.all(load)
  assert.ok(ids.length > 50)
  await system.sealed((l) => l.type === 'exchange.response' && l.body.exchange === ids.at(-1))
  const entries = system.entries(), requests = new Set(entries.filter((l) => l.type === 'exchange.request').map((l) => l.id))
  const answers = entries.filter((l) => l.type === 'exchange.response')
  const ended = new Set(answers.map((l) => l.body.exchange))
  for (const id of ids) assert.ok(requests.has(id) && ended.has(id), id)
  assert.equal(new Set(ids).size, ids.length)
  for (const l of answers) assert.ok(l.body.ms_total < 60_000, `${l.body.ms_total} ms`)
  const v = system.verify()
  assert.equal(v.status, 0, v.stdout + v.stderr)
  const times = entries.map((l) => Date.parse(l.ts) - Date.now())
  assert.ok(Math.max(...times) > 29 * hour && Math.min(...times) < -199 * hour, 'the clock did not jump')
})

test('a key and an assessment end by the clock as it is now, streams too', async () => {
  const { key } = system.json('key', 'issue', '--tenant', 'acme', '--user', 'short', '--expires', new Date(Date.now() + hour).toISOString().replace(/\.\d+/, ''))
  const stream = await send(system.key, '/vendor/short/v1/messages', { stream: true }), keyed = await send(key, '/vendor/short/v1/messages', { stream: true })
  assert.equal(stream.status, 200)
  assert.equal(keyed.status, 200)
  const texts = Promise.all([stream.text(), keyed.text()])
  shift(2 * hour)
  await pause(2500) /* the key has ended, the assessment has not */
  shift(49 * hour)
  const [first, second] = await texts
  assert.match(second, /event: error\n.*its key was good until now/)
  assert.match(first, /event: error\n.*may no longer be used \(vendor_expired\)/)
  const reason = async (r) => (await system.sealed((l) => l.type === 'exchange.aborted' && l.body.exchange === r.headers.get('request-id'))).body.reason
  assert.deepEqual([await reason(keyed), await reason(stream)], ['expired_key', 'vendor_expired'])
  assert.equal((await send(key)).status, 401)
  assert.equal((await send(system.key, '/vendor/short/v1/messages')).status, 400)
  shift(0)
  assert.equal((await send()).status, 200)
  assert.equal(system.verify().status, 0)
})
