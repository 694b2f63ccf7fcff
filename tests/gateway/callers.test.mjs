// Who may ask for what, how much, and for how long; with what every refusal looks like.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync, renameSync, statSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { join } from 'node:path'
import { authority } from './certificates.mjs'
import { Provider } from './provider.mjs'
import { System, freePort } from './system.mjs'

let provider, system, mtlsPort, metricsPort
const used = [] // every key that was issued here

const pause = (ms) => new Promise((done) => setTimeout(done, ms))

before(async () => {
  provider = await new Provider().start()
  mtlsPort = await freePort()
  metricsPort = await freePort()
  const vendor = (name, more) => `  ${name}:\n    api: anthropic\n    base_url: ${provider.url}\n    credential: env:FAKE_KEY\n${more}`
  const approved = '    assessment: {decision: approved, by: X, until: 2099-12-31}\n'
  system = new System({
    workers: 4,
    extra: `  - name: small
    limits: {requests_per_minute: 3}
callers:
  - {certificate: "dns:ci.example.org", tenant: acme, service: ci, scopes: {models: [m]}}
  - {certificate: "subject:CN=ada,O=Acme", tenant: acme, user: ada}
prices:
  - {models: "m*", input: "1000", output: "2000"}
lockout: {failures: 5, seconds: 3}
metrics: {listen: "127.0.0.1:${metricsPort}"}
`,
    vendors: 'vendors:\n' + vendor('main', approved) + vendor('second', approved) +
      vendor('nosoc', '    assessment: {decision: approved, by: X, soc2: none}\n') +
      vendor('mild', '    profile: standard\n    assessment: {decision: approved, by: X, soc2: none}\n') +
      vendor('refuses', approved + '    plan: enterprise\n    plans:\n      enterprise: {training: none, retention: none, mismatch: refuse}\n      free: {training: allowed}\n') +
      vendor('sets', approved + '    plan: e\n    plans: {e: {retention: none, mismatch: set}}\n') +
      vendor('notes', approved + '    plan: e\n    plans: {e: {retention: none, mismatch: record}}\n') +
      ['openai', 'gemini'].map((api) => vendor(api, approved + '    plan: e\n    plans: {e: {retention: none, training: none, mismatch: set}}\n').replace('api: anthropic', 'api: ' + api)).join('') +
      '  inside:\n    api: anthropic\n    base_url: https://10.1.2.3\n' + approved,
  })
  const { ca, sign } = authority(system.dir)
  ca('ca')
  ca('other')
  sign('server', 'ca', '/CN=localhost', 'DNS:localhost,IP:127.0.0.1')
  sign('ci', 'ca', '/CN=ignored', 'DNS:ci.example.org')
  sign('ada', 'ca', '/O=Acme/CN=ada', '')
  sign('stranger', 'ca', '/CN=stranger', 'DNS:stranger.example.org')
  sign('forged', 'other', '/CN=ci', 'DNS:ci.example.org')
  system.listenMore = `  - address: 127.0.0.1:${mtlsPort}\n    tls: {certificate: ${system.dir}/server.pem, key: ${system.dir}/server.key, client_ca: ${system.dir}/ca.pem}\n`
  await system.start()
  used.push(system.key)
})
after(async () => {
  await system.remove()
  await provider.stop()
})

function issue(...args) {
  const k = system.json('key', 'issue', '--tenant', 'acme', ...(args.includes('--service') ? [] : ['--user', 'dev']), ...args)
  used.push(k.key)
  return k
}

const body = (over) => JSON.stringify({ model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'hello' }], ...over })
function send({ key = system.key, path = '/v1/messages', over, text = body(over), headers = {}, tls, signal } = {}) {
  const [lib, port] = tls ? [https, mtlsPort] : [http, system.port]
  const pem = (n) => readFileSync(join(system.dir, n))
  const options = tls ? { ca: pem('ca.pem'), servername: 'localhost', ...(tls !== 'none' && { cert: pem(tls + '.pem'), key: pem(tls + '.key') }) } : {}
  return new Promise((done, failed) => {
    const req = lib.request({ host: '127.0.0.1', port, path, method: 'POST', agent: false, signal, headers: { ...(key && { 'x-api-key': key }), 'content-length': Buffer.byteLength(text), ...headers }, ...options }, (res) => {
      const parts = []
      res.on('data', (d) => parts.push(d))
      res.on('error', failed)
      res.on('end', () => done({ status: res.statusCode, headers: res.headers, text: Buffer.concat(parts).toString() }))
    })
    req.on('error', failed)
    req.end(text)
  })
}

// The shape in which every refusal comes.
async function refused(response, status, type, reason, message) {
  const r = await response
  assert.equal(r.status, status, r.text)
  const e = JSON.parse(r.text)
  assert.equal(e.type, 'error')
  assert.equal(e.error.type, type)
  assert.match(e.error.message, message)
  assert.equal(r.headers['request-id'], e.request_id)
  if (status === 429) assert.ok(Number(r.headers['retry-after']) >= 1, 'no Retry-After')
  const entry = await system.sealed((x) => x.id === e.request_id)
  assert.equal(entry.body.reason, reason)
  return r
}
async function passes(options) {
  const r = await send(options)
  assert.equal(r.status, 200, r.text)
  return r
}

test('scopes: vendors, models, tools', async () => {
  const k = issue('--scope', 'vendors=main,nosoc models=m,claude-* tools=Read,mcp_*').key
  const many = (...names) => ({ tools: names.map((name) => ({ name, input_schema: {} })) })
  await passes({ key: k, over: many('Read', 'mcp_x') })
  await passes({ key: k, over: { model: 'claude-x' } })
  provider.received.length = 0
  await refused(send({ key: k, path: '/vendor/second/v1/messages' }), 400, 'invalid_request_error', 'vendor_out_of_scope', /not among those/)
  await refused(send({ key: k, over: { model: 'other' } }), 400, 'invalid_request_error', 'model_out_of_scope', /not with this model/)
  await refused(send({ key: k, text: body().replace('"m"', '"\\u006f"') }), 400, 'invalid_request_error', 'model_out_of_scope', /not with this model/)
  await refused(send({ key: k, over: many('Read', 'Bash') }), 400, 'invalid_request_error', 'tool_out_of_scope', /Read,mcp_\*/)
  await passes({ key: k, text: body().replace('"m"', '"\\u006d"') })
  const denied = await system.sealed((x) => x.type === 'route.denied' && x.body.decision === 'vendor_out_of_scope')
  assert.equal(denied.body.vendor, 'second')
})

test('requests a minute, for all four workers together', async () => {
  const k = issue('--limit', 'requests/min=10').key
  const all = await Promise.all(Array.from({ length: 40 }, () => send({ key: k })))
  assert.equal(all.filter((r) => r.status === 200).length, 10)
  assert.equal(all.filter((r) => r.status === 429).length, 30)
  await pause(1100) // of many refusals within a second some are only counted
  const r = await refused(send({ key: k }), 429, 'rate_limit_error', 'requests_per_minute', /requests_per_minute of this key/)
  assert.ok(Number(r.headers['retry-after']) <= 6)
  assert.ok(await system.sealed((x) => x.type === 'limit.hit' && x.body.limit === 'requests_per_minute' && x.body.of === 'key'))
})

test('a limit of the tenant holds for its keys together', async () => {
  const [a, b] = [1, 2].map((n) => system.json('key', 'issue', '--tenant', 'small', '--user', 'u' + n).key)
  used.push(a, b)
  for (const key of [a, b, a]) await passes({ key })
  for (const key of [a, b]) {
    const r = await send({ key })
    assert.equal(r.status, 429)
    assert.match(JSON.parse(r.text).error.message, /of this tenant/)
  }
})

test('requests at the same time, whichever worker has them', async () => {
  const k = issue('--limit', 'concurrent=3').key
  const original = provider.how
  let open
  const gate = new Promise((done) => (open = done))
  const waiting = []
  provider.hold = () => gate
  try {
    for (let i = 0; i < 3; i++) waiting.push(send({ key: k }))
    await pause(400)
    await refused(send({ key: k }), 429, 'rate_limit_error', 'concurrent', /concurrent of this key/)
    const gone = new AbortController()
    open()
    for (const r of await Promise.all(waiting)) assert.equal(r.status, 200)
    // one that is broken off by its client frees its place
    provider.hold = () => new Promise(() => {})
    const torn = Array.from({ length: 3 }, () => send({ key: k, signal: gone.signal }).catch(() => 'torn'))
    await pause(300)
    gone.abort()
    await Promise.all(torn)
    provider.hold = undefined
    await pause(300)
    await passes({ key: k })
  } finally {
    provider.hold = undefined
    provider.how = original
  }
})

test('tokens a day, from the usage that a stream reports', async () => {
  provider.how = {}
  const k = issue('--limit', 'tokens/day=60')
  await passes({ key: k.key, over: { stream: true } }) // 11 in, 33 out
  const one = await system.sealed((x) => x.type === 'exchange.response' && x.actor === k.id)
  assert.deepEqual([one.body.input_tokens, one.body.output_tokens, one.body.usage], [11, 33, 'reported'])
  assert.equal(one.body.spend, 11 * 1000 + 33 * 2000)
  await passes({ key: k.key, over: { stream: true } }) // 44 are used, 60 are not: it passes, and the next one does not
  const r = await refused(send({ key: k.key }), 429, 'rate_limit_error', 'tokens_per_day', /tokens_per_day of this key/)
  const midnight = 86400 - (Date.now() / 1000) % 86400
  assert.ok(Math.abs(Number(r.headers['retry-after']) - midnight) < 5)
})

test('spend a day, and models whose price is not known', async () => {
  const k = issue('--limit', 'spend/day=0.05').key
  await passes({ key: k, over: { stream: true } }) // 0.077
  await refused(send({ key: k }), 429, 'rate_limit_error', 'spend_per_day', /spend_per_day of this key/)
  const l = issue('--limit', 'spend/day=1').key
  await refused(send({ key: l, over: { model: 'x' } }), 400, 'invalid_request_error', 'no_price', /price of this model/)
  await passes({ key: issue().key, over: { model: 'x' } })
})

test('tokens are estimated when the provider reports none', async () => {
  const k = issue('--limit', 'tokens/day=1000')
  provider.how = { usage: {} }
  await passes({ key: k.key, over: { messages: [{ role: 'user', content: 'word '.repeat(1000) }] } })
  provider.how = {}
  const one = await system.sealed((x) => x.type === 'exchange.response' && x.actor === k.id)
  assert.equal(one.body.usage, 'estimated')
  await refused(send({ key: k.key }), 429, 'rate_limit_error', 'tokens_per_day', /tokens_per_day/)
})

test('limits are changed while the key is in use, and hold after a restart', async () => {
  const k = issue('--limit', 'tokens/day=20')
  await passes({ key: k.key })
  await refused(send({ key: k.key }), 429, 'rate_limit_error', 'tokens_per_day', /tokens_per_day/)
  system.json('key', 'limit', k.id, '--limit', 'tokens/day=100000')
  await pause(600)
  await passes({ key: k.key })
  system.json('key', 'limit', k.id, '--limit', 'tokens/day=20')
  await system.stop()
  await system.start()
  await refused(send({ key: k.key }), 429, 'rate_limit_error', 'tokens_per_day', /tokens_per_day/)
  assert.equal((await system.sealed((x) => x.type === 'limit.changed' && x.body.key === k.id)).body.limits.tokens_per_day, 100000)
})

test('a key is revoked everywhere within five seconds', async () => {
  const k = issue()
  await passes({ key: k.key })
  assert.equal(system.run('key', 'revoke', k.id, '--config', system.config).status, 0)
  const began = Date.now()
  let last = 0
  while (Date.now() - began < 2500) {
    const all = await Promise.all(Array.from({ length: 8 }, () => send({ key: k.key })))
    if (all.some((r) => r.status !== 401)) last = Date.now() - began
    await pause(50)
  }
  assert.ok(last < 2000, `still taken after ${last} ms`)
  await refused(send({ key: k.key }), 401, 'authentication_error', 'revoked_key', /revoked/)
  const loaded = system.entries('org').filter((x) => x.type === 'policy.bundle_loaded')
  assert.ok(loaded.length >= 4)
})

test('a key ends when it was said to', async () => {
  const at = new Date(Date.now() + 2500).toISOString().replace(/\.\d+Z/, 'Z')
  const k = issue('--expires', at)
  await passes({ key: k.key })
  await pause(Date.parse(at) - Date.now() + 100)
  await refused(send({ key: k.key }), 401, 'authentication_error', 'expired_key', /expired/)
})

test('rotation: both keys work for the overlap, then one', async () => {
  const old = issue('--service', 'bot', '--scope', 'models=m')
  const fresh = system.json('key', 'rotate', old.id, '--overlap', '2s')
  used.push(fresh.key)
  assert.notEqual(fresh.key, old.key)
  assert.equal(fresh.kind, 'service')
  await passes({ key: old.key })
  await passes({ key: fresh.key })
  await refused(send({ key: fresh.key, over: { model: 'x' } }), 400, 'invalid_request_error', 'model_out_of_scope', /model/)
  await pause(2500)
  await refused(send({ key: old.key }), 401, 'authentication_error', 'expired_key', /expired/)
  await passes({ key: fresh.key })
  const entry = await system.sealed((x) => x.type === 'key.rotated')
  assert.deepEqual([entry.body.key, entry.body.replaces], [fresh.id, old.id])
  assert.equal(system.run('key', 'rotate', old.id, '--config', system.config).status, 2)
  const listed = system.json('key', 'list').items
  assert.equal(listed.find((x) => x.id === fresh.id).replaces, old.id)
  assert.match(listed.find((x) => x.id === fresh.id).last_used, /^20\d\d-/)
})

test('an address that keeps trying is locked out, but not the keys that worked from there', async () => {
  const wrong = (i) => 'ck-' + String(i).padStart(40, 'a')
  let locked
  for (let i = 0; i < 30 && !locked; i++) {
    await passes({})
    const r = await send({ key: wrong(i) })
    locked = r.status === 429 && r
    if (!locked) assert.equal(r.status, 401)
  }
  assert.ok(locked, 'never locked out')
  assert.equal(JSON.parse(locked.text).error.type, 'rate_limit_error')
  assert.ok(Number(locked.headers['retry-after']) <= 3)
  await passes({}) // known from before
  const other = issue().key
  assert.equal((await send({ key: other })).status, 429, 'a key that was not seen before is not tried')
  await pause(3200)
  await passes({ key: other })
  assert.ok(await system.sealed((x) => x.type === 'limit.hit' && x.body.limit === 'lockout', 'org'))
})

test('client certificates', async () => {
  const by = async (tls, options) => {
    const r = await send({ tls, key: '', ...options })
    assert.equal(r.status, 200, r.text)
    return (await system.sealed((x) => x.id === r.headers['request-id'])).body
  }
  assert.equal((await by('ci')).user, 'ci')
  const ada = await by('ada')
  assert.match(ada.user, /^p_[0-9a-f]{32}$/, 'a person is a pseudonym')
  assert.match(ada.key, /^c_[0-9a-f]{16}$/)
  assert.equal((await by('ada')).user, ada.user)
  assert.equal((await by('ci', { key: 'whatever-the-assistant-sends' })).user, 'ci')
  const dev = system.json('key', 'list').items.find((k) => k.user === 'dev' && system.key.startsWith(k.shown))
  assert.equal((await by('stranger', { key: system.key })).user, dev.person)
  await refused(send({ tls: 'ci', key: '', over: { model: 'x' } }), 400, 'invalid_request_error', 'model_out_of_scope', /model/)
  for (const tls of ['none', 'stranger']) {
    const r = await send({ tls, key: '' })
    assert.equal(r.status, 401, tls)
    assert.equal(JSON.parse(r.text).error.type, 'authentication_error')
  }
  const r = await send({ tls: 'forged', key: '' })
  assert.equal(r.status, 400)
  assert.equal(JSON.parse(r.text).type, 'error')
  // a name is no key
  assert.equal((await send({ key: 'dns:ci.example.org' })).status, 401)
})

test('a vendor without a SOC 2 report gets neither personal data nor secrets', async () => {
  const over = { messages: [{ role: 'user', content: 'write to grace.hopper@navy.example.org please' }] }
  provider.received.length = 0
  await refused(send({ path: '/vendor/nosoc/v1/messages', over }), 400, 'invalid_request_error', 'blocked_data', /may not leave/)
  assert.equal(provider.received.length, 0)
  const r = await passes({ path: '/vendor/mild/v1/messages', over })
  assert.ok(!provider.received[0].body.includes('grace.hopper'))
  assert.equal((await system.sealed((x) => x.id === r.headers['request-id'])).body.profile, 'standard')
  await passes({ path: '/vendor/nosoc/v1/messages' })
})

test('terms of the plan against the flags of the request', async () => {
  const at = (vendor, over) => send({ path: `/vendor/${vendor}/v1/messages`, over })
  provider.received.length = 0
  await refused(at('refuses', { store: true }), 400, 'invalid_request_error', 'terms_mismatch', /store/)
  await refused(at('refuses', { store: 'yes' }), 400, 'invalid_request_error', 'terms_mismatch', /store/)
  await refused(at('refuses', { provider: { data_collection: 'allow' } }), 400, 'invalid_request_error', 'terms_mismatch', /data_collection/)
  assert.equal(provider.received.length, 0)
  assert.equal((await at('refuses', { store: false, provider: { data_collection: 'deny' } })).status, 200)
  const email = 'write to grace.hopper@navy.example.org please'
  assert.equal((await at('sets', { store: true, messages: [{ role: 'user', content: email }] })).status, 200)
  const got = JSON.parse(provider.received.at(-1).body)
  assert.equal(got.store, false)
  assert.ok(!provider.received.at(-1).body.includes('grace.hopper'))
  assert.equal((await at('sets', { store: true })).status, 200)
  assert.equal(provider.received.at(-1).body.toString(), body({ store: false }))
  assert.equal((await at('notes', { store: true })).status, 200)
  assert.equal(JSON.parse(provider.received.at(-1).body).store, true)
  for (const done of ['refused', 'set', 'recorded']) assert.ok(await system.sealed((x) => x.type === 'request.flag_mismatch' && x.body.done === done))
})

test('the Responses API keeps answers unless it is told not to: it is told', async () => {
  const ask = (path, body) => send({ path: '/vendor/openai' + path, text: JSON.stringify(body) })
  provider.received.length = 0
  assert.equal((await ask('/v1/responses', { model: 'm', input: 'hello' })).status, 200)
  assert.equal(provider.received.at(-1).body.toString(), '{"store":false,"model":"m","input":"hello"}')
  assert.equal((await ask('/v1/responses', { model: 'm', input: 'hello', store: true })).status, 200)
  assert.equal(JSON.parse(provider.received.at(-1).body).store, false)
  assert.equal((await ask('/v1/chat/completions', { model: 'm', messages: [{ role: 'user', content: 'hello' }] })).status, 200)
  assert.ok(!provider.received.at(-1).body.includes('store'))
  const r = await ask('/v1/responses', { model: 'm', input: 'hello', background: true })
  assert.equal(r.status, 400)
  assert.match(JSON.parse(r.text).error.message, /background/)
})

test('a limit in the words of each API, and tools named as each names them', async () => {
  const text = { openai: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x' }], tools: [{ type: 'function', function: { name: 'Bash' } }] }),
    gemini: JSON.stringify({ contents: [{ parts: [{ text: 'x' }] }], tools: [{ functionDeclarations: [{ name: 'Bash' }] }] }) }
  const path = { openai: '/vendor/openai/v1/chat/completions', gemini: '/vendor/gemini/v1beta/models/m:generateContent' }
  for (const api of ['openai', 'gemini']) {
    const few = issue('--limit', 'requests/min=1').key
    await passes({ key: few, path: path[api], text: text[api] })
    const r = await send({ key: few, path: path[api], text: text[api] })
    assert.equal(r.status, 429)
    assert.ok(Number(r.headers['retry-after']) > 0)
    const { error } = JSON.parse(r.text)
    assert.match(error.message, /requests_per_minute of this key/)
    if (api === 'gemini') assert.deepEqual([error.code, error.status], [429, 'RESOURCE_EXHAUSTED'])
    const narrow = issue('--scope', 'tools=Read').key
    const t = await send({ key: narrow, path: path[api], text: text[api] })
    assert.equal(t.status, 400)
    assert.match(JSON.parse(t.text).error.message, /offers a tool/)
    const daily = issue('--limit', 'tokens/day=40').key
    await passes({ key: daily, path: path[api], text: text[api] }) // 11 in, 33 out
    assert.equal((await send({ key: daily, path: path[api], text: text[api] })).status, 429)
  }
})

test('a vendor whose name leads inside is not connected to', async () => {
  const r = await send({ path: '/vendor/inside/v1/messages' })
  assert.equal(r.status, 502, r.text)
  assert.deepEqual(system.json('status').vendors_private, ['inside'])
})

test('a forged bundle and an old one are refused, and the one before stays', async () => {
  const run = /custos_run "([^"]+)"/.exec(readFileSync(nginxConf(), 'utf8'))[1]
  const path = join(run, 'bundle')
  const put = (b) => {
    writeFileSync(path + '.t', b)
    spawnSync('chown', ['--reference', path, path + '.t'])
    spawnSync('chmod', ['--reference', path, path + '.t'])
    renameSync(path + '.t', path)
  }
  const k = issue()
  const old = readFileSync(path) // in which k is good
  system.run('key', 'revoke', k.id, '--config', system.config)
  await pause(600)
  const good = readFileSync(path)
  assert.equal((await send({ key: k.key })).status, 401)
  const stream = send({ over: { stream: true } })
  put(old)
  await pause(600)
  assert.equal((await send({ key: k.key })).status, 401, 'an old bundle brought a revoked key back')
  await passes({})
  for (const forge of [(b) => (b[b.length - 1] ^= 1, b), (b) => b.subarray(0, b.length - 1), (b) => b.subarray(0, 10), () => Buffer.alloc(0)]) {
    put(forge(Buffer.from(good)))
    await pause(400)
    await passes({})
  }
  assert.equal((await stream).status, 200)
  const refusals = async (error) => system.sealed((x) => x.type === 'policy.bundle_refused' && x.body.error === error, 'org')
  const set_back = (await refusals('state')).body
  assert.match(set_back.reason, /version/)
  assert.equal(set_back.bundle, createHash('sha256').update(old.subarray(72)).digest('hex'), 'the entry names what was refused')
  await refusals('signature')
  await refusals('corrupt')
  assert.match(system.json('status').bundle.refused, /^20/)
  assert.match(system.run('status', '--config', system.config).stdout, /refused a policy bundle/)
  const fresh = issue() // the daemon writes a new one: all is well again
  await passes({ key: fresh.key })
  await pause(1500)
  assert.equal(system.json('status').bundle.refused, '')
})

// The kernel keeps one worker at its read of the bundle until the other one has taken the next.
test('a worker that was overtaken between reading and asking takes the newer bundle, and refuses nothing', async () => {
  const path = join(nginxConf(), '../bundle')
  const refused = () => system.entries('org').filter((e) => e.type === 'policy.bundle_refused').length
  const taken = (version) => system.entries('org').filter((e) => e.type === 'policy.bundle_loaded' && e.body.version === version).length
  const slow = system.workers()[0], before = refused()
  const tracer = spawn('strace', ['-p', String(slow), '-P', path, '-e', 'trace=read', '-e', 'inject=read:delay_exit=1500000:when=1'])
  let said = ''
  tracer.stderr.on('data', (d) => (said += d))
  try {
    while (!/attached/.test(said)) { assert.equal(tracer.exitCode, null, said); await pause(20) }
    issue()
    while (!/read\(/.test(said)) { assert.equal(tracer.exitCode, null, said); await pause(5) } // it is in there
    const k = issue()
    const { version } = system.json('status').bundle
    for (const end = Date.now() + 30_000; taken(version) < 4 && Date.now() < end;) await pause(100)
    assert.equal(taken(version), 4, said)
    assert.match(said, /DELAYED|\(delayed\)/i)
    await passes({ key: k.key })
  } finally { tracer.kill('SIGINT') }
  assert.equal(refused(), before)
})

test('metrics', async () => {
  await pause(1500)
  const r = await fetch(`http://127.0.0.1:${metricsPort}/metrics`)
  assert.equal(r.status, 200)
  assert.match(r.headers.get('content-type'), /^text\/plain; version=0\.0\.4/)
  const text = await r.text()
  assert.match(text, /custos_requests_total\{route="\/v1\/messages",decision="allow",vendor="main"\} \d+/)
  assert.match(text, /decision="vendor_out_of_scope"|decision="terms_mismatch"/)
  assert.match(text, /custos_tokens_total\{kind="output"\} \d+/)
  assert.match(text, /custos_findings_total\{type="EMAIL_ADDRESS"\} \d+/)
  assert.match(text, /custos_exchange_seconds_bucket\{le="\+Inf"\} [1-9]/)
  assert.match(text, /custos_spool_segments_ready \d+/)
  for (const line of text.trim().split('\n')) assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [\d.]+)$/)
  assert.equal((await fetch(`http://127.0.0.1:${metricsPort}/api/v1/status`)).status, 404)
  assert.notEqual((await (await fetch(system.url + '/metrics')).text()).slice(0, 6), '# HELP')
  const inside = spawnSync('curl', ['-s', '--unix-socket', join(/custos_run "([^"]+)"/.exec(readFileSync(nginxConf(), 'utf8'))[1], 'admin.sock'), 'http://x/metrics'], { encoding: 'utf8' })
  assert.match(inside.stdout, /custos_bundle_version/)
})

const nginxConf = () => {
  const hex = createHash('sha256').update(`${system.dir}/state`).digest('hex').slice(0, 8)
  return process.getuid() === 0 ? `/run/custos-${hex}/nginx.conf` : join(system.dir, 'state/run/nginx.conf')
}

test('no key stands in a log line, an entry, a metric, a list or a file', async () => {
  await pause(500)
  const seen = [system.output, JSON.stringify(system.json('key', 'list')), await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text(),
    ...['t/acme', 't/small', 'org'].map((l) => JSON.stringify(system.entries(l)))]
  const files = spawnSync('find', [join(system.dir, 'state'), join(nginxConf(), '..'), '-type', 'f'], { encoding: 'utf8' }).stdout.trim().split('\n')
  for (const f of files) if (statSync(f).size < 256 << 20) seen.push(readFileSync(f, 'latin1'))
  for (const key of used) for (const text of seen) assert.ok(!text.includes(key), 'a key was written down')
  assert.ok(files.length > 10 && used.length > 15)
  assert.equal(system.verify().status, 0)
})
