// Who may call what: every operation of the table times every role, without a session, and with accounts that are
// limited to another tenant or to a window. What the table does not allow is refused.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { System } from '../gateway/system.mjs'
import { operations, ROLES } from './operations.mjs'
import { call, join } from './people.mjs'

const file = parse(readFileSync(new URL('../../docs/openapi.yaml', import.meta.url), 'utf8'))
const today = new Date().toISOString().slice(0, 10), later = '2099-12-31'
const table = operations()
let system, people = {}, acme = {}, beta = {}

before(async () => {
  system = await new System({ extra: '  - name: beta\nrepositories:\n  - {name: acme/pay, class: confidential}\n' }).start()
  beta.key = system.json('key', 'issue', '--tenant', 'beta', '--user', 'bea')
  acme.key = system.json('key', 'issue', '--tenant', 'acme', '--user', 'acme-dev')
  for (const [to, t] of [[acme, 'acme'], [beta, 'beta']]) {
    const r = await fetch(system.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': to.key.key }, body: JSON.stringify({ model: 'sink', max_tokens: 5, messages: [{ role: 'user', content: `hello from ${t}` }] }) })
    to.exchange = r.headers.get('request-id')
    await r.text()
    to.entry = await system.sealed((x) => x.type === 'exchange.response' && x.body.exchange === to.exchange, `t/${t}`)
  }
  const window = ['--from', today, '--to', later, '--expires', later]
  for (const role of ROLES) people[role] = await join(system, `the ${role}`, role, ...(role === 'auditor' ? window : []))
  people['security of beta'] = await join(system, 'sec of beta', 'security', '--tenant', 'beta')
  people['developer of beta'] = await join(system, 'dev of beta', 'developer', '--tenant', 'beta')
  people['auditor of beta'] = await join(system, 'aud of beta', 'auditor', '--tenant', 'beta', ...window)
  people['auditor of the past'] = await join(system, 'aud of then', 'auditor', '--from', '2020-01-01', '--to', '2020-12-31', '--expires', later)
  const owner = people.owner.session
  acme.population = (await (await call(system, 'POST', '/api/v1/populations', { session: owner, body: { control: 'PIN-03', tenant: 'acme', from: today, to: later } })).json()).id
  acme.sample = (await (await call(system, 'POST', '/api/v1/samples', { session: owner, body: { population: acme.population, seed: 's', size: 1 } })).json()).id
  acme.export = (await (await call(system, 'POST', '/api/v1/exports', { session: owner, body: { tenant: 'acme', from: today, to: later } })).json()).id
  assert.ok(acme.population && acme.sample && acme.export, JSON.stringify(acme))
})
after(() => system?.remove())

const none = { id: 'none', log: 't:beta', index: '99999999', register: 'none', name: 'none', person: 'none' }
const at = (path, args = none) => path.replace(/\{(\w+)\}/g, (_, n) => encodeURIComponent(args[n] ?? 'none').replace('%3A', ':'))
const ask = async (o, session, path = at(o.path), body = o.method === 'get' || o.method === 'head' ? undefined : {}) => {
  const r = await call(system, o.method.toUpperCase(), path, { session, body })
  const text = await r.text()
  return { status: r.status, text, title: /json/.test(r.headers.get('content-type') ?? '') ? (() => { try { return JSON.parse(text).title } catch { return undefined } })() : undefined }
}
// These end the caller's session: asked last.
const lasting = table.filter((o) => o.path !== '/metrics' && !(o.method === 'delete' && o.path === '/api/v1/session'))

test('the table is whole: every operation, and no role that is not one', () => {
  assert.ok(table.length > 70)
  for (const o of table) for (const r of o.roles) assert.ok([...ROLES, 'nobody', 'visitor'].includes(r), `${o.path}: ${r}`)
})

test('every operation times every role', async () => {
  let asked = 0
  for (const o of lasting)
    for (const role of ROLES) {
      const r = await ask(o, people[role].session)
      const allowed = o.roles.includes(role) && !(role === 'auditor' && ['WHOLE', 'OF_TENANTS'].includes(o.limit))
      assert.notEqual(r.status, 401, `${o.method} ${o.path} as ${role}`)
      assert.equal(r.status !== 403, allowed, `${o.method} ${o.path} as ${role}: ${r.status} ${r.text.slice(0, 200)}`)
      assert.ok(r.status < 500, `${o.method} ${o.path} as ${role}: ${r.status} ${r.text}`)
      asked++
    }
  assert.equal(asked, lasting.length * ROLES.length)
})

test('without a session, and with one that nobody has, only what is public is answered', async () => {
  for (const o of lasting)
    for (const session of [undefined, '0'.repeat(64), 'x', '']) {
      const r = await ask(o, session)
      assert.equal(r.status === 401 && r.title === 'Signed out', !o.roles.includes('nobody'), `${o.method} ${o.path} with ${session}: ${r.status}`)
    }
  for (const path of ['/api/v1/nothing', '/api/v1/', '/api/v1/people/x/y/z', '/api/v1/keys/', '/api/v1//keys'])
    assert.equal((await call(system, 'GET', path)).status, 401, path)
  for (const method of ['PUT', 'PATCH', 'DELETE', 'POST', 'OPTIONS'])
    assert.ok([401, 403, 404, 405].includes((await call(system, method, '/api/v1/status', { body: {} })).status), method)
})

test('the metrics are not to be had through the console', async () => {
  const r = await call(system, 'GET', '/metrics', { session: people.owner.session })
  assert.doesNotMatch(await r.text(), /custos_/)
})

test('whoever is limited is refused where an operation shows all there is', async () => {
  for (const [name, role] of [['security of beta', 'security'], ['developer of beta', 'developer'], ['auditor of beta', 'auditor'], ['auditor of the past', 'auditor']])
    for (const o of lasting.filter((x) => x.limit === 'WHOLE' || (x.limit === 'WHOLE_NOW' && (/ of beta/.test(name) || / of the past/.test(name))) || (x.limit === 'OF_TENANTS' && role === 'auditor'))) {
      const r = await ask(o, people[name].session)
      assert.equal(r.status, 403, `${o.method} ${o.path} as ${name}: ${r.status}`)
      if (o.roles.includes(role)) assert.equal(r.title, 'Not within your limits', `${o.path} as ${name}`)
    }
})

test('no read shows another tenant, whatever is asked for by id or name', async () => {
  const foreign = { id: acme.exchange, log: 't:acme', index: '0' }
  const ids = [acme.exchange, acme.key.id, acme.population, acme.sample, acme.export, acme.entry.id, people.owner.person]
  for (const name of ['security of beta', 'developer of beta', 'auditor of beta'])
    for (const o of lasting.filter((x) => x.method === 'get')) {
      const paths = o.path.includes('{id}') ? ids.map((id) => at(o.path, { ...foreign, id })) : [at(o.path, foreign), ...(o.limit === 'LIMITED' || o.limit === 'OF_A_MOMENT' ? [at(o.path, none), at(o.path, foreign) + '?tenant=acme', at(o.path, foreign) + '?log=t:acme'] : [])]
      for (const path of paths) {
        const r = await ask(o, people[name].session, path)
        if (o.path.includes('{') || /acme/.test(path)) assert.ok([200, 400, 403, 404].includes(r.status), `${path} as ${name}: ${r.status} ${r.text}`)
        // rules and controls speak of no tenant; everything else would name it
        const hit = new RegExp(`.{0,80}(acme|${acme.exchange}|${acme.key.id}).{0,40}`).exec(r.text)
        assert.ok(!hit, `${path} as ${name}: ${r.status} ${hit}`)
      }
    }
})

test('no write reaches another tenant', async () => {
  const session = people['security of beta'].session
  for (const [method, path, body, want] of [
    ['DELETE', `/api/v1/keys/${acme.key.id}`, undefined, 404], ['PATCH', `/api/v1/keys/${acme.key.id}`, { limits: { concurrent: 1 } }, 404],
    ['POST', `/api/v1/keys/${acme.key.id}/rotate`, {}, 404], ['POST', '/api/v1/keys', { tenant: 'acme', user: 'x' }, 404],
    ['POST', '/api/v1/populations', { control: 'PIN-03', tenant: 'acme', from: today, to: later }, 403],
    ['POST', '/api/v1/populations', { control: 'PIN-03', from: today, to: later }, 403],
    ['POST', '/api/v1/samples', { population: acme.population, seed: 's', size: 1 }, 404],
    ['POST', `/api/v1/populations/${acme.population}/check`, {}, 404]]) {
    const r = await call(system, method, path, { session, body })
    assert.equal(r.status, want, `${method} ${path}: ${await r.text()}`)
  }
  assert.equal((await call(system, 'POST', '/api/v1/keys', { session, body: { tenant: 'beta', user: 'x' } })).status, 201, 'its own it may')
  assert.equal(system.json('key', 'list').items.find((k) => k.id === acme.key.id).revoked, false)
})

test('an auditor sees her window and nothing else, changes nothing, and her views are entries', async () => {
  const then = people['auditor of the past'].session, now = people.auditor.session
  const get = async (path, session) => { const r = await call(system, 'GET', path, { session }); return { status: r.status, json: await r.json().catch(() => null) } }
  assert.equal((await get('/api/v1/exchanges', then)).json.total, 0)
  assert.equal((await get('/api/v1/exchanges?from=2000-01-01&to=2100-01-01', then)).json.total, 0)
  assert.equal((await get(`/api/v1/exchanges/${acme.exchange}`, then)).status, 404)
  assert.equal((await get('/api/v1/logs/org/entries', then)).json.total, 0)
  for (const path of ['/api/v1/logs/org/entries/0', '/api/v1/logs/org/proof?index=0', `/api/v1/populations/${acme.population}`, `/api/v1/exports/${acme.export}/bundle`])
    assert.equal((await get(path, then)).status, 404, path)
  assert.equal((await get('/api/v1/keys?as_of=2026-11-27T00:00:00Z', then)).json.items.length, 0)
  assert.ok((await get('/api/v1/exchanges', now)).json.total >= 2)
  assert.equal((await get(`/api/v1/populations/${acme.population}`, now)).status, 200)
  const changing = table.filter((o) => o.method !== 'get' && o.roles.includes('auditor') && !o.roles.includes('nobody')).map((o) => `${o.method} ${o.path}`)
  assert.deepEqual(changing.filter((x) => !/session|account|populations|samples|replay|records|probe-runs|provenance/.test(x)), [], 'beside her own account she freezes listings, draws samples, works verdicts out again, asks where code is from, and takes the steps of her own registers')
  const r = await call(system, 'POST', '/api/v1/populations', { session: then, body: { control: 'PIN-03', from: today, to: later } })
  assert.equal(r.status, 403)
})

test('text of a caller is never read as SQL', async () => {
  const evil = ["' OR '1'='1", "x'; DROP TABLE event; --", '") OR 1=1 --', "%' UNION SELECT name FROM sqlite_master --", '\u0000', '-1', '9'.repeat(40)]
  const session = people.owner.session
  const before = (await (await call(system, 'GET', '/api/v1/keys', { session })).json()).items
  for (const o of lasting.filter((x) => x.method === 'get')) {
    const named = (file.paths[o.path]?.get?.parameters ?? []).map((p) => (p.$ref ? file.components.parameters[p.$ref.split('/').at(-1)] : p))
    for (const p of named)
      for (const e of evil) {
        const path = p.in === 'query' ? `${at(o.path)}?${p.name}=${encodeURIComponent(e)}` : at(o.path, { ...none, [p.name]: e })
        const r = await ask(o, session, path)
        assert.ok(r.status < 500 || r.status === 503, `${path}: ${r.status} ${r.text.slice(0, 200)}`)
        const total = r.status === 200 && /"total":(\d+)/.exec(r.text)?.[1]
        if (p.in === 'query' && e !== '\u0000' && !['limit', 'cursor', 'days', 'from', 'to', 'as_of', 'bodies'].includes(p.name) && total) assert.equal(total, '0', `${path} finds ${total}`)
      }
  }
  assert.deepEqual((await (await call(system, 'GET', '/api/v1/keys', { session })).json()).items, before)
  assert.ok((await (await call(system, 'GET', '/api/v1/exchanges', { session })).json()).total >= 2)
})

test('no path leads out of its folder', async () => {
  const session = people.owner.session
  const evil = ['../../../../etc/passwd', '..%2f..%2f..%2fetc%2fpasswd', '%2e%2e%2f%2e%2e%2fvault.db', '..%5c..%5cvault.db', '....//....//vault.db', '/etc/passwd', '..', '.', 't:..', 't:../../keystore']
  for (const o of lasting.filter((x) => x.method === 'get' && x.path.includes('{')))
    for (const e of evil)
      for (const n of o.path.match(/\{\w+\}/g)) {
        const path = o.path.replace(n, e.includes('%') ? e : encodeURIComponent(e)).replace(/\{(\w+)\}/g, (_, m) => none[m] ?? 'none')
        const r = await ask(o, session, path)
        assert.ok([400, 401, 404, 405].includes(r.status) || (r.status === 200 && /"(items|version)"/.test(r.text)), `${path}: ${r.status} ${r.text.slice(0, 120)}`)
        assert.doesNotMatch(r.text, /root:|SQLite format|p_[0-9a-f]{32}.*sealed/, path)
      }
})

test('what people looked at as auditors is in the log when the daemon stops, by pseudonym', async () => {
  await system.stop()
  await system.start() // what was written last is sealed now
  await system.sealed((x) => x.type === 'daemon.started' && x.epoch > 1, 'org').catch(() => {})
  const views = system.entries('org').filter((x) => x.type === 'auditor.viewed')
  const mine = views.filter((x) => x.body.user === people.auditor.person)
  assert.ok(mine.some((x) => x.body.operation === '/exchanges' && x.body.count >= 1), JSON.stringify(mine.slice(0, 3)))
  assert.ok(mine.some((x) => x.body.operation === '/populations/{id}' && x.body.subject === acme.population))
  assert.ok(views.every((x) => /^p_[0-9a-f]{32}$/.test(x.actor) && x.actor === x.body.user))
})
