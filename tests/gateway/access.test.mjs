// Who may send which code where, through a running Custos: refused, cut, and on the record; and names
// by which a provider tells callers apart.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { Provider } from './provider.mjs'
import { System } from './system.mjs'

let provider, system, keys

const extra = `  - name: other
groups: {hsm: [ana]}
repositories:
  - name: acme/payments
    class: confidential
    directories: ["**/payments"]
    paths:
      - {path: src/hsm/**, class: restricted}
      - {path: "*.pem", class: restricted}
      - {path: docs/**, class: public}
  - {name: acme/vault, class: restricted}
access:
  - {id: hsm-team, who: "group:hsm", class: restricted, repository: acme/payments, then: allow}
  - {id: never-abroad, class: restricted, vendor: abroad, then: refuse}
  - {id: hide-hsm, class: restricted, repository: acme/payments, then: cut}
`

before(async () => {
  provider = await new Provider().start()
  const vendor = (name, more = '') => `  ${name}:
    api: anthropic
    base_url: ${provider.url}
    credential: env:FAKE_KEY
    assessment: {decision: approved, by: "J. Doe", until: 2099-12-31}
${more}`
  system = await new System({ upstream: provider.url, workers: 2, extra, vendors: `vendors:
${vendor('anthropic')}${vendor('abroad', '    models: abroad-*\n')}${vendor('split', '    models: split-*\n    credentials: {other: env:OTHER_KEY}\n')}` })
  process.env.OTHER_KEY = 'credential-of-other'
  await system.start()
  const key = (tenant, user) => system.json('key', 'issue', '--tenant', tenant, '--user', user).key
  keys = { eve: key('acme', 'eve'), ana: key('acme', 'ana'), other: key('other', 'eve') }
})
after(async () => {
  await system.remove()
  await provider.stop()
})

const secretCode = 'static int unwrap(hsm *h) { return h->slot ^ 0x5c; }'
const conversation = (path, more = {}) => ({
  model: 'm', max_tokens: 10,
  messages: [
    { role: 'user', content: 'read it' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'Read', input: { file_path: path } }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: secretCode }] },
  ],
  system: 'You help.\nWorking directory: /home/x/payments\n', ...more,
})
const send = async (body, key = keys.eve, headers = {}) => {
  const r = await fetch(system.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': key, 'content-type': 'application/json', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) })
  return { status: r.status, text: await r.text(), id: r.headers.get('request-id') }
}
const upstream = () => provider.received.at(-1)
const leaf = (id, log = 't/acme') => system.sealed((e) => e.id === id, log)

test('a file that may not leave is cut, and everything else keeps its bytes', async () => {
  const sent = JSON.stringify(conversation('/home/x/payments/src/hsm/a.c'))
  const r = await send(sent)
  assert.equal(r.status, 200)
  const got = upstream().body.toString()
  assert.ok(!got.includes('unwrap'), got)
  const note = JSON.parse(got).messages[2].content[0].content
  assert.match(note, /hide-hsm/)
  assert.equal(got, sent.replace(JSON.stringify(secretCode), JSON.stringify(note)))
  const { body } = await leaf(r.id)
  assert.equal(body.access.class, 'confidential')
  assert.equal(body.access.repo_name, 'acme/payments')
  assert.equal(body.access.source, 'folder')
  assert.equal(body.access.rule, 'builtin.allow')
  assert.deepEqual(body.access.files, [{ act: 'cut', class: 'restricted', count: 1, entry: '0.0', rule: 'hide-hsm' }])
  assert.match(body.access.repo, /^[0-9a-f]{32}$/)
})

test('the cut is the same in every turn: the provider’s cache holds', async () => {
  const first = conversation('src/hsm/a.c')
  delete first.system
  const next = structuredClone(first)
  next.messages.push({ role: 'assistant', content: 'done' }, { role: 'user', content: 'and now?' })
  await send(first, keys.eve, { 'x-custos-repo': 'acme/payments' })
  const one = upstream().body.toString()
  await send(next, keys.eve, { 'x-custos-repo': 'acme/payments' })
  const two = upstream().body.toString()
  const upTo = one.indexOf(']}]', one.indexOf('hide-hsm'))
  assert.ok(upTo > 0 && two.startsWith(one.slice(0, upTo)))
})

test('whom the rule allows, sends it', async () => {
  await send(conversation('/home/x/payments/src/hsm/a.c'), keys.ana)
  assert.ok(upstream().body.toString().includes('unwrap'))
})

test('what is not restricted passes untouched', async () => {
  for (const path of ['/home/x/payments/src/a.c', '/home/x/payments/docs/hsm.md', '/home/x/elsewhere/a.c']) {
    const sent = JSON.stringify(conversation(path))
    await send(sent)
    assert.equal(upstream().body.toString(), sent)
  }
})

test('shell commands and other spellings are seen', async () => {
  for (const command of ['cat src/hsm/a.c', 'cd src/hsm && cat a.c', 'bash -c "cat src/hsm/a.c"', 'cat SRC/HSM/A.C', 'cat ./docs/../src/hsm/a.c', 'cat src/h*/a.c', 'git show HEAD:src/hsm/a.c', 'sed -n 1p keys/prod.pem']) {
    const body = conversation('x')
    body.messages[1].content[0] = { type: 'tool_use', id: 't1', name: 'Bash', input: { command } }
    await send(body)
    assert.ok(!upstream().body.toString().includes('unwrap'), command)
  }
})

test('refused with 400 where the rule says so', async () => {
  const before = provider.received.length
  const r = await send(conversation('/home/x/payments/src/hsm/a.c', { model: 'abroad-1' }))
  assert.equal(r.status, 400)
  assert.match(JSON.parse(r.text).error.message, /never-abroad.*restricted.*abroad/)
  const vault = await send({ model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] }, keys.eve, { 'x-custos-repo': 'acme/vault' })
  assert.equal(vault.status, 400)
  assert.match(JSON.parse(vault.text).error.message, /builtin.restricted/)
  assert.equal(provider.received.length, before)
  const { type, body } = await leaf(vault.id)
  assert.equal(type, 'input.rejected')
  assert.equal(body.access.rule, 'builtin.restricted')
  assert.equal(body.access.repo_name, 'acme/vault')
})

test('every verdict can be worked out again, also after the rules changed', async () => {
  const cut = await send(conversation('/home/x/payments/src/hsm/a.c'))
  const denied = await send(conversation('/home/x/payments/src/hsm/a.c', { model: 'abroad-1' }))
  const plain = await send(conversation('/tmp/x'))
  for (const r of [cut, denied, plain]) await leaf(r.id)
  const explain = (id) => system.json('policy', 'explain', id)
  for (let i = 0; i < 100 && system.run('policy', 'explain', plain.id, '--config', system.config).status === 2; i++)
    await new Promise((done) => setTimeout(done, 50)) // the projection follows the seal
  for (const round of [1, 2]) {
    assert.deepEqual(explain(cut.id).verdicts.map((v) => [v.about, v.class, v.act, v.rule, v.agrees]),
      [['conversation', 'confidential', 'allow', 'builtin.allow', true], ['files', 'restricted', 'cut', 'hide-hsm', true]])
    assert.deepEqual(explain(denied.id).verdicts.map((v) => [v.about, v.rule, v.agrees]), [['files', 'never-abroad', true]])
    assert.equal(explain(plain.id).agrees, true)
    assert.match(system.run('policy', 'explain', cut.id, '--config', system.config).stdout, /cut by rule hide-hsm; worked out again: the same/)
    if (round === 1) {
      system.options.extra = extra.replace('id: hide-hsm, class: restricted', 'id: hidden-hsm, class: [restricted, internal]')
      await system.stop()
      await system.start()
    }
  }
  system.options.extra = extra
  await system.stop()
  await system.start()
  assert.equal(system.run('policy', 'explain', '01ABC', '--config', system.config).status, 2)
})

test('a tag cannot make a repository milder than its folder', async () => {
  await send(conversation('src/hsm/a.c'), keys.eve, { 'x-custos-repo': 'acme/unheard-of' })
  assert.ok(!upstream().body.toString().includes('unwrap'))
})

test('the tag header does not go upstream, and a strange one is refused', async () => {
  const r = await send({ model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] }, keys.eve, { 'x-custos-repo': 'acme/secret-name' })
  assert.ok(!JSON.stringify(upstream().headers).includes('secret-name') && !upstream().body.toString().includes('secret-name'))
  const { body } = await leaf(r.id)
  assert.ok(!JSON.stringify(body).includes('secret-name')) // nobody described it: it could be anything
  assert.match(body.access.repo, /^[0-9a-f]{32}$/)
  assert.equal((await send({ model: 'm', messages: [] }, keys.eve, { 'x-custos-repo': 'a b' })).status, 400)
})

test('user ids and cache keys are the tenant’s own', async () => {
  const user = JSON.stringify({ device_id: 'd'.repeat(64), account_uuid: 'a-1', session_id: 's-1' })
  const body = { model: 'm', max_tokens: 5, metadata: { user_id: user }, messages: [{ role: 'user', content: 'hi' }], user: 'eve', prompt_cache_key: 'k', safety_identifier: 'x@y' }
  const seen = {}
  for (const [name, key] of [['eve', keys.eve], ['ana', keys.ana], ['other', keys.other]]) {
    await send(body, key)
    const got = upstream().body.toString()
    assert.ok(!got.includes('dddd') && !got.includes('account_uuid') && !got.includes('x@y'), got)
    seen[name] = JSON.parse(got)
    assert.equal(got, JSON.stringify({ ...body, metadata: { user_id: seen[name].metadata.user_id }, user: seen[name].user, prompt_cache_key: seen[name].prompt_cache_key, safety_identifier: seen[name].safety_identifier }))
  }
  assert.deepEqual(seen.eve, seen.ana) // of one tenant: the same, in every turn
  for (const k of ['user', 'prompt_cache_key', 'safety_identifier'])
    assert.notEqual(seen.eve[k], seen.other[k])
  assert.notEqual(seen.eve.user, seen.eve.prompt_cache_key)
})

test('a tenant’s own credential goes to the vendor', async () => {
  const body = { model: 'split-1', max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] }
  await send(body, keys.other)
  assert.ok(upstream().headers.includes('credential-of-other'))
  await send(body, keys.eve)
  assert.ok(!upstream().headers.includes('credential-of-other') && upstream().headers.includes('provider-credential'))
})
