// Accounts from the invitation to their end, over the real gateway and daemon.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join as path } from 'node:path'
import { System, custos } from '../gateway/system.mjs'
import { accept, call, code, cookieOf, join } from '../web/people.mjs'

const name = (first) => [first, 'Quilworthy'].join('.') + '@' + ['north', 'example'].join('.')
let system, ada, bob
before(async () => {
  system = await new System({ extra: '  - name: beta\nsignin: {session_seconds: 3600}\n' }).start()
})
after(() => system?.remove())
const get = (where, session) => call(system, 'GET', where, { session })
const signIn = (who, more = {}) => call(system, 'POST', '/api/v1/session', { body: { name: who.name, password: who.password, code: code(who.secret), ...more } })
const newest = async (type, test = () => true) => (await system.sealed((x) => x.type === type && test(x.body), 'org'))

test('an invitation works once, needs a good password and the right code, and signs in', async () => {
  const made = system.json('person', 'add', name('Ada'), '--role', 'owner')
  const token = made.url.split('/#/join/')[1]
  assert.equal((await call(system, 'POST', '/api/v1/invitations', { body: { token: token.slice(0, -1) + (token.endsWith('0') ? '1' : '0') } })).status, 404)
  const shown = await (await call(system, 'POST', '/api/v1/invitations', { body: { token } })).json()
  assert.equal(shown.name, name('Ada'))
  assert.match(shown.otpauth, /^otpauth:\/\/totp\/Custos:Ada\.Quilworthy%40north\.example\?secret=[A-Z2-7]{32}&issuer=Custos$/)
  const weak = await call(system, 'POST', '/api/v1/invitations/accept', { body: { token, password: 'short', code: code(shown.secret) } })
  assert.match((await weak.json()).detail, /12 to 128/)
  assert.equal((await call(system, 'POST', '/api/v1/invitations/accept', { body: { token, password: 'a-long-sentence-of-words', code: '000000' } })).status, 400)
  ada = { person: made.person, ...(await accept(system, name('Ada'), made.url)) }
  assert.equal(ada.recovery.length, 10)
  assert.equal((await call(system, 'POST', '/api/v1/invitations', { body: { token } })).status, 404, 'and not again')
  const me = await (await get('/api/v1/session', ada.session)).json()
  assert.deepEqual([me.user, me.role, me.person], [name('Ada'), 'owner', ada.person])
  await newest('person.added', (b) => b.person === ada.person)
  await newest('person.joined', (b) => b.person === ada.person && b.how === 'password')
})

test('password and code are needed, a code works once, a recovery code too', async () => {
  assert.equal((await signIn(ada, { password: ada.password + 'x' })).status, 401)
  assert.equal((await signIn(ada, { code: '000000' })).status, 401)
  const once = code(ada.secret)
  const good = await signIn(ada, { code: once })
  assert.equal(good.status, 204)
  assert.match(good.headers.get('set-cookie'), /^custos_session=[0-9a-f]{64}; HttpOnly; SameSite=Strict; Path=\/$/)
  assert.equal((await signIn(ada, { code: once })).status, 401, 'the same code again')
  const by = await signIn(ada, { code: ada.recovery[0] })
  assert.equal(by.status, 204)
  assert.equal((await signIn(ada, { code: ada.recovery[0] })).status, 401)
  assert.equal((await (await get('/api/v1/account', cookieOf(by))).json()).recovery_codes, 9)
})

test('a session that was brought along is not the one that is signed in', async () => {
  const planted = 'ab'.repeat(32)
  const r = await call(system, 'POST', '/api/v1/session', { session: planted, body: { name: ada.name, password: ada.password, code: ada.recovery[1] } })
  assert.equal(r.status, 204)
  assert.notEqual(cookieOf(r), planted)
  assert.equal((await get('/api/v1/status', planted)).status, 401)
  const mine = cookieOf(r)
  const again = await call(system, 'POST', '/api/v1/session', { session: mine, body: { name: ada.name, password: ada.password, code: ada.recovery[2] } })
  assert.equal((await get('/api/v1/session', mine)).status, 401, 'the old one has ended')
  ada.session = cookieOf(again)
})

test('an unknown name is refused like a wrong password, after the same work, and locked out like one', async () => {
  const times = { known: [], unknown: [] }
  for (let i = 0; i < 4; i++)
    for (const [kind, who] of [['known', ada.name], ['unknown', name('Nobody')]]) {
      const t = performance.now()
      const r = await call(system, 'POST', '/api/v1/session', { body: { name: who, password: 'a-wrong-password', code: '123456' } })
      times[kind].push(performance.now() - t)
      assert.equal(r.status, 401)
      assert.match((await r.json()).detail, /Name, password or code is wrong/)
    }
  const median = (v) => v.sort((a, b) => a - b)[1]
  assert.ok(median(times.unknown) > median(times.known) / 4, JSON.stringify(times))
  for (const who of [ada.name, name('Nobody')]) {
    const last = await call(system, 'POST', '/api/v1/session', { body: { name: who, password: 'a-wrong-password', code: '123456' } })
    assert.ok([401, 429].includes(last.status))
    const r = await call(system, 'POST', '/api/v1/session', { body: { name: who, password: 'a-wrong-password', code: '123456' } })
    assert.equal(r.status, 429, `${who}: ${await r.text()}`)
  }
  assert.equal((await signIn(ada, { code: ada.recovery[3] })).status, 429, 'a good password does not help now')
  await newest('access.refused', (b) => b.user === ada.person && b.locked)
  await newest('access.refused', (b) => b.user === '' && b.locked)
  assert.equal((await get('/api/v1/status', ada.session)).status, 200, 'who is in stays in')
})

test('a change of role and the end of an account end sessions at once; the last owner stays', async () => {
  bob = await join(system, name('Bob'), 'developer')
  assert.equal((await get('/api/v1/status', bob.session)).status, 200)
  assert.equal((await call(system, 'PATCH', `/api/v1/people/${bob.person}`, { session: bob.session, body: { role: 'owner' } })).status, 403)
  const r = await call(system, 'PATCH', `/api/v1/people/${bob.person}`, { session: ada.session, body: { role: 'security' } })
  assert.equal(r.status, 200, await r.text())
  assert.equal((await get('/api/v1/status', bob.session)).status, 401)
  const changed = await newest('person.changed', (b) => b.person === bob.person)
  assert.deepEqual([changed.actor, changed.body.role], [ada.person, 'security'])
  bob.session = cookieOf(await signIn(bob))
  assert.equal((await get('/api/v1/people', bob.session)).status, 200)
  assert.equal(system.run('person', 'end', bob.name, '--config', system.config).status, 0)
  assert.equal((await get('/api/v1/people', bob.session)).status, 401)
  assert.equal((await signIn(bob, { code: bob.recovery[0] })).status, 401, 'nor in again')
  for (const body of [{ role: 'security' }, { active: false }, { expires: '2030-01-01' }])
    assert.equal((await call(system, 'PATCH', `/api/v1/people/${ada.person}`, { session: ada.session, body })).status, 409)
  const end = system.run('person', 'end', ada.name, '--config', system.config)
  assert.equal(end.status, 2)
  assert.match(end.stderr, /make another one first/)
})

test('password and authenticator are changed by proving both, and other sessions end', async () => {
  const eve = await join(system, name('Eve'), 'compliance')
  const other = cookieOf(await signIn(eve))
  const fresh = `fresh-${Date.now()}-${process.pid}-word`
  const change = (more) => call(system, 'POST', '/api/v1/account/password', { session: eve.session, body: { password: eve.password, code: eve.recovery[0], new: fresh, ...more } })
  assert.equal((await change({ password: 'not-hers-at-all' })).status, 403)
  assert.equal((await change({ new: 'short' })).status, 400)
  assert.equal((await change({})).status, 204)
  assert.equal((await get('/api/v1/session', other)).status, 401)
  assert.equal((await get('/api/v1/session', eve.session)).status, 200)
  const offer = await (await call(system, 'POST', '/api/v1/account/codes', { session: eve.session, body: { password: fresh, code: eve.recovery[1] } })).json()
  assert.notEqual(offer.secret, eve.secret)
  assert.equal((await call(system, 'POST', '/api/v1/account/codes/confirm', { session: eve.session, body: { code: '000000' } })).status, 400)
  const done = await call(system, 'POST', '/api/v1/account/codes/confirm', { session: eve.session, body: { code: code(offer.secret, Date.now(), -1) } })
  assert.equal(done.status, 200)
  assert.equal((await call(system, 'POST', '/api/v1/session', { body: { name: eve.name, password: fresh, code: code(offer.secret) } })).status, 204)
  assert.equal((await call(system, 'POST', '/api/v1/session', { body: { name: eve.name, password: fresh, code: eve.recovery[2] } })).status, 401, 'old recovery codes are gone')
  await newest('person.credential_changed', (b) => b.what === 'codes')
})

test('the command line acts as whoever signed in, with her rights and in her name', async () => {
  const cli = (session, ...args) => spawnSync(custos, [...args, '--config', system.config, '--format', 'json'], { encoding: 'utf8', cwd: system.dir, env: { ...process.env, CUSTOS_SESSION: session } })
  const dev = await join(system, name('Dev'), 'developer'), sec = await join(system, name('Sec'), 'security')
  const r = spawnSync(custos, ['person', 'signin', sec.name, '--config', system.config, '--format', 'json'], { encoding: 'utf8', input: `${sec.password}\n${code(sec.secret)}\n` })
  assert.equal(r.status, 0, r.stderr)
  const key = JSON.parse(cli(JSON.parse(r.stdout).session, 'key', 'issue', '--tenant', 'acme', '--user', 'x').stdout)
  const issued = await system.sealed((x) => x.type === 'key.issued' && x.body.key === key.id)
  assert.equal(issued.actor, sec.person)
  const not = cli(dev.session, 'key', 'issue', '--tenant', 'acme', '--user', 'x')
  assert.equal(not.status, 2)
  assert.match(not.stderr, /role developer may not/)
  assert.match(cli('cd'.repeat(32), 'key', 'list').stderr, /Sign in/)
})

test('a session ends when it is not used, however often an open page asks', async () => {
  const short = await new System({ extra: 'signin: {idle_seconds: 2, session_seconds: 5}\n' }).start()
  const of = async (person, where) => (await call(short, 'GET', where, { session: person.session })).status
  const pause = () => new Promise((done) => setTimeout(done, 500))
  try {
    const idle = await join(short, name('Ida'), 'approver')
    for (let i = 0; i < 6; i++) await pause().then(() => of(idle, '/api/v1/status'))
    assert.equal(await of(idle, '/api/v1/status'), 401)
    const busy = await join(short, name('Ira'), 'approver')
    for (let i = 0; i < 6; i++) assert.equal(await pause().then(() => of(busy, '/api/v1/routes')), 200)
    for (let i = 0; i < 6; i++) await pause().then(() => of(busy, '/api/v1/routes'))
    assert.equal(await of(busy, '/api/v1/routes'), 401, 'and after its time, however much it is used')
  } finally { await short.remove() }
})

test('signing out ends the session itself, not only the cookie', async () => {
  const tom = await join(system, name('Tom'), 'developer')
  const out = await call(system, 'DELETE', '/api/v1/session', { session: tom.session })
  assert.equal(out.status, 204)
  assert.match(out.headers.get('set-cookie'), /Max-Age=0/)
  assert.equal((await get('/api/v1/session', tom.session)).status, 401)
  await newest('access.signed_out', (b) => b.user === tom.person)
})

test('a page of another site can write nothing with our cookie', async () => {
  const who = await join(system, name('Cid'), 'security')
  const body = { tenant: 'acme', user: 'x' }
  const tries = [
    [{ origin: 'https://evil.example' }, 403], [{ origin: 'null' }, 403], [{ 'sec-fetch-site': 'cross-site' }, 403], [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'content-type': 'text/plain' }, 403], [{ 'content-type': 'application/x-www-form-urlencoded' }, 403], [{ 'content-type': 'application/jsonp' }, 403],
    [{ origin: system.url, 'sec-fetch-site': 'same-origin' }, 201]]
  for (const [headers, want] of tries) {
    const r = await call(system, 'POST', '/api/v1/keys', { session: who.session, body, headers })
    assert.equal(r.status, want, JSON.stringify(headers))
  }
})

test('neither names nor what people sign in with lie in the clear; the rest survives a restart, sessions do not', async () => {
  const files = (dir) => readdirSync(dir, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? files(path(dir, e.name)) : [path(dir, e.name)]))
  const needles = [ada.name, ada.password, ada.secret, ada.recovery[5], bob.password]
  for (const f of files(path(system.dir, 'state'))) {
    if (!statSync(f, { throwIfNoEntry: false })?.isFile() || f.endsWith('.tmp')) continue // some live for a moment
    const text = readFileSync(f, 'latin1')
    for (const n of needles) assert.ok(!text.includes(n), `${f} holds one of them`)
  }
  await system.stop()
  await system.start()
  assert.equal((await get('/api/v1/status', ada.session)).status, 401)
  let again
  for (let i = 0; i < 100 && (again = await signIn(ada, { code: ada.recovery[6] })).status === 503; i++) // what the log says is read first
    await new Promise((done) => setTimeout(done, 100))
  assert.equal(again.status, 204, 'accounts are there, and lockouts are forgotten')
  assert.equal((await signIn(bob, { code: bob.recovery[3] })).status, 401, 'and ended ones stay ended')
  const items = system.json('person', 'list').items
  assert.equal(items.find((x) => x.name === ada.name).state, 'active')
  assert.equal(items.find((x) => x.name === bob.name).state, 'ended')
})

test('an erased person has no account and no name', async () => {
  const gus = await join(system, name('Gus'), 'compliance')
  const { order } = system.json('erase', '--subject', gus.name, '--basis', 'request of the person')
  const other = await join(system, name('Zoe'), 'owner')
  const approved = await call(system, 'POST', '/api/v1/records', { session: other.session, body: { type: 'erasure.approved', fields: { erasure: order.id } } })
  assert.equal(approved.status, 201, await approved.text())
  assert.equal((await get('/api/v1/status', gus.session)).status, 401)
  assert.equal((await signIn(gus)).status, 401)
  await newest('key.destroyed', (b) => b.subject === gus.person)
  const hit = system.json('person', 'list').items.find((x) => x.person === gus.person)
  assert.deepEqual([hit.name, hit.state], ['erased', 'ended'])
})
