// What the controls' states say of a running Custos: no data before, evidence as it is sealed, the same after a
// restart and after the database is gone, a probe that got through, and any moment of the past.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { System } from '../gateway/system.mjs'

let system
before(async () => { system = await new System().start() })
after(() => system.remove())

function admin(method, path, body) {
  const dir = `${system.dir}/state`, short = createHash('sha256').update(dir).digest('hex').slice(0, 8)
  const socketPath = [`/run/custos-${short}`, `${dir}/run`, `/tmp/custos-${process.getuid()}-${short}`].map((d) => `${d}/admin.sock`).find((s) => existsSync(s))
  const text = body && JSON.stringify(body)
  return new Promise((done, fail) => {
    const r = request({ socketPath, method, path: '/api/v1' + path, agent: false, headers: text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {} }, (a) => {
      let s = ''
      a.on('data', (d) => (s += d)).on('end', () => done({ status: a.statusCode, json: s && JSON.parse(s) }))
    })
    r.on('error', fail)
    r.end(text)
  })
}
const control = async (id, asOf = '') => (await admin('GET', `/controls${asOf && `?as_of=${asOf}`}`)).json.items.find((k) => k.id === id)
async function until(id, good) {
  for (let i = 0; i < 100; i++) {
    const k = await control(id)
    if (good(k)) return k
    await new Promise((done) => setTimeout(done, 50))
  }
  assert.fail(`${id}: ${JSON.stringify(await control(id))}`)
}
const ask = async () => (await fetch(system.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': system.key }, body: JSON.stringify({ model: 'sink', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] }) })).text()
const result = (verdict) => ({ id: 'no-key', tried: 'a request without a key', saw: '401', verdict })
let beforeTraffic

test('without traffic no data, with it partly, with its probe met; the newest entry is named', async () => {
  const k = await control('IAM-01')
  assert.equal(k.state, 'no_data')
  beforeTraffic = new Date().toISOString()
  await ask()
  const after = await until('IAM-01', (x) => x.state === 'partly')
  assert.deepEqual([after.evidence[0].count, after.evidence[0].log, after.evidence[0].fresh], [1, 't/acme', true])
  assert.equal(system.entries('t/acme')[after.evidence[0].index].type, 'exchange.request')
  assert.equal((await admin('POST', '/probes', { probe: 'iam-anon-refused', results: [result('held')] })).status, 201)
  const met = await until('IAM-01', (x) => x.state === 'met')
  assert.equal(system.entries('org')[met.probe.index].type, 'probe.completed')
})

test('a run can name its control; one that gets through makes it not met until it holds', async () => {
  await admin('POST', '/probes', { probe: 'by-hand', control: 'IAM-01', results: [result('broken')] })
  await until('IAM-01', (x) => x.state === 'not_met')
  const criteria = (await admin('GET', '/criteria')).json
  assert.equal(criteria.items.find((x) => x.id === 'CC6.1').state, 'not_met')
  assert.equal(system.run('audit', 'status', '--config', system.config).status, 1)
  await admin('POST', '/probes', { probe: 'by-hand', control: 'IAM-01', results: [result('failed')] })
  await new Promise((done) => setTimeout(done, 400))
  assert.equal((await control('IAM-01')).state, 'not_met')
  await admin('POST', '/probes', { probe: 'iam-anon-refused', results: [result('held')] })
  await until('IAM-01', (x) => x.state === 'met')
  assert.equal((await admin('POST', '/probes', { probe: 'x', control: 'IAM-99', results: [result('held')] })).status, 400)
})

test('the past is as it was; a wrong moment is refused', async () => {
  assert.equal((await control('IAM-01', beforeTraffic)).state, 'no_data')
  const said = system.json('audit', 'status', '--as-of', beforeTraffic)
  assert.equal(said.controls.items.find((k) => k.id === 'IAM-01').state, 'no_data')
  assert.equal(said.criteria.counts.met, 0)
  assert.equal((await admin('GET', '/controls?as_of=yesterday')).status, 400)
  assert.match(system.run('audit', 'status', '--config', system.config, '--as-of', 'now then').stderr, /--as-of is a moment/)
})

test('after a restart, and from the logs alone, the states are the same', async () => {
  const moment = new Date().toISOString()
  const now = (await admin('GET', `/controls?as_of=${moment}`)).json
  await system.stop()
  await system.start()
  assert.deepEqual((await admin('GET', `/controls?as_of=${moment}`)).json, now)
  await system.stop()
  for (const end of ['', '-wal', '-shm']) rmSync(join(system.dir, `state/store.db${end}`), { force: true })
  await system.start()
  for (let i = 0; i < 1000 && (await control('IAM-01', moment)).state !== 'met'; i++) await new Promise((done) => setTimeout(done, 100))
  assert.deepEqual((await admin('GET', `/controls?as_of=${moment}`)).json, now)
})
