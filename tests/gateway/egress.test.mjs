// The way to a provider: its certificate, its protocol, its public key.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import { join } from 'node:path'
import { authority } from './certificates.mjs'
import { System } from './system.mjs'

const received = []
const servers = []
let system

async function provider(dir, name, options) {
  const pem = (n) => readFileSync(join(dir, n))
  const s = https.createServer({ cert: pem(name + '.pem'), key: pem(name + '.key'), ...options }, (req, res) => {
    req.resume()
    req.on('end', () => {
      received.push(name)
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id: 'x', type: 'message', content: [], usage: { input_tokens: 1, output_tokens: 1 } }))
    })
  })
  s.on('tlsClientError', () => {})
  await new Promise((done) => s.listen(0, '127.0.0.1', done))
  servers.push(s)
  return s.address().port
}

before(async () => {
  system = new System({ workers: 1 })
  const { ca, sign, spki } = authority(system.dir)
  ca('ca')
  ca('other')
  sign('good', 'ca', '/CN=localhost', 'DNS:localhost')
  sign('elsewhere', 'ca', '/CN=elsewhere', 'DNS:elsewhere.example.org')
  sign('untrusted', 'other', '/CN=localhost', 'DNS:localhost')
  const good = await provider(system.dir, 'good')
  const pin = (name) => 'sha256/' + createHash('sha256').update(spki(name)).digest('base64')
  const port = { elsewhere: await provider(system.dir, 'elsewhere'), untrusted: await provider(system.dir, 'untrusted'),
    old: await provider(system.dir, 'good', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }) }
  const vendor = (name, at, more = '') => `  ${name}:\n    api: anthropic\n    base_url: https://localhost:${at}\n    credential: env:FAKE_KEY\n    assessment: {decision: approved, by: X}\n${more}`
  system.options.extra = `trusted_ca: ${system.dir}/ca.pem\n`
  system.options.vendors = 'vendors:\n' + vendor('good', good) + vendor('pinned', good, `    pins: [${pin('elsewhere')}, ${pin('good')}]\n`) +
    vendor('mispinned', good, `    pins: ${pin('elsewhere')}\n`) + Object.entries(port).map(([n, p]) => vendor(n, p)).join('')
  await system.start()
})
after(async () => {
  await system.remove()
  for (const s of servers) s.close()
})

const ask = async (vendor) => {
  received.length = 0
  const r = await fetch(`${system.url}/vendor/${vendor}/v1/messages`, { method: 'POST', headers: { 'x-api-key': system.key }, body: JSON.stringify({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'hello' }] }) })
  return { status: r.status, e: await r.json() }
}

for (const vendor of ['good', 'pinned'])
  test(`${vendor}: verified and used, again and again`, async () => {
    for (let i = 0; i < 3; i++) assert.equal((await ask(vendor)).status, 200)
  })

for (const vendor of ['elsewhere', 'untrusted', 'old', 'mispinned'])
  test(`${vendor}: refused, and nothing is sent`, async () => {
    for (let i = 0; i < 2; i++) {
      const { status, e } = await ask(vendor)
      assert.equal(status, 502)
      assert.equal(e.error.type, 'api_error')
      assert.deepEqual(received, [])
    }
    assert.equal((await ask('good')).status, 200)
  })
