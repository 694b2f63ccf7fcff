// Single sign-on against a real OpenID provider (the certified oidc-provider), with each algorithm that is known.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createServer } from 'node:http'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import Provider from 'oidc-provider'
import { System, freePort } from '../gateway/system.mjs'
import { call, join } from '../web/people.mjs'

const ALGORITHMS = { RS256: ['rsa', { modulusLength: 2048 }], ES256: ['ec', { namedCurve: 'P-256' }], EdDSA: ['ed25519', {}] }
const mail = (who) => `${who}@${['north', 'example'].join('.')}`
const people = {
  s1: { sub: 's1', email: mail('olga'), email_verified: true, groups: ['staff', 'custos-owners'] },
  s2: { sub: 's2', email: mail('dan'), email_verified: true, groups: ['staff'] },
  s3: { sub: 's3', email: mail('nora'), email_verified: true, groups: ['guests'] },
  s4: { sub: 's4', email: mail('una'), email_verified: false, groups: ['staff'] },
  s5: { sub: 's5', email: mail('lea'), email_verified: true, groups: ['custos-owners'] },
  s6: { sub: 's6', email: mail('dan'), email_verified: true, groups: ['staff'] },
}
let idp, system, who = 's1', tokens = 0

async function provider(port, console) {
  const keys = Object.entries(ALGORITHMS).map(([alg, [type, options]]) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg }))
  const secret = randomBytes(16).toString('hex') + '+&:%'
  const p = new Provider(`http://127.0.0.1:${port}`, {
    clients: Object.keys(ALGORITHMS).map((alg) => ({ client_id: `custos-${alg}`, client_secret: secret, redirect_uris: [`${console}/api/v1/oidc/callback`], response_types: ['code'], grant_types: ['authorization_code'], token_endpoint_auth_method: 'client_secret_basic', id_token_signed_response_alg: alg })),
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['groups'] }, conformIdTokenClaims: false, scopes: ['openid', 'email', 'profile'],
    enabledJWA: { idTokenSigningAlgValues: Object.keys(ALGORITHMS) }, jwks: { keys }, pkce: { required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: async () => people[id] }), features: { devInteractions: { enabled: false } }, interactions: { url: (_, i) => `/interaction/${i.uid}` },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    loadExistingGrant: async (ctx) => { const g = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId }); g.addOIDCScope('openid email profile'); await g.save(); return g },
  })
  p.on('grant.success', () => tokens++)
  const handle = p.callback()
  const server = createServer((req, res) => (req.url.startsWith('/interaction/') ? p.interactionFinished(req, res, { login: { accountId: who } }, { mergeWithLastSubmission: false }) : handle(req, res)))
  await new Promise((done) => server.listen(port, '127.0.0.1', done))
  return { server, secret }
}

// A browser: follows where it is sent, with a jar of cookies for each origin.
async function browse(url, { jars = {}, until = () => false } = {}) {
  for (let i = 0; i < 12; i++) {
    if (until(url)) return { url, jars }
    const { origin } = new URL(url)
    const jar = (jars[origin] ??= {})
    const r = await fetch(url, { redirect: 'manual', headers: { cookie: Object.entries(jar).map(([k, v]) => `${k}=${v}`).join('; ') } })
    for (const c of r.headers.getSetCookie()) { const [, k, v] = /^([^=]+)=([^;]*)/.exec(c); jar[k] = v }
    if (![302, 303].includes(r.status)) return { url, status: r.status, text: await r.text(), jars }
    url = new URL(r.headers.get('location'), url).href
    if (new URL(url).origin === system.url && new URL(url).pathname === '/') return { url, status: 303, jars, session: jars[system.url].custos_session }
  }
  throw new Error('sent around in a circle')
}
const signIn = (as, options) => ((who = as), browse(`${system.url}/api/v1/oidc/start`, options))
const me = async (session) => (await call(system, 'GET', '/api/v1/session', { session })).json()

async function start(alg) {
  await system?.remove()
  system = new System({ extra: `signin:\n  oidc:\n    name: North\n    issuer: http://127.0.0.1:${idp.port}\n    client_id: custos-${alg}\n    client_secret: env:OIDC_SECRET\n    roles: {custos-owners: owner, staff: developer}\n` })
  system.port = idp.console
  await system.start()
  for (let i = 0; i < 500 && (await signIn('s3')).text?.includes('is starting'); i++) await new Promise((done) => setTimeout(done, 100))
}
before(async () => {
  const port = await freePort(), console = await freePort()
  idp = { port, console, ...(await provider(port, `http://127.0.0.1:${console}`)) }
  process.env.OIDC_SECRET = idp.secret
  await start('RS256')
})
after(async () => { await system?.remove(); idp?.server.close() })

test('who comes from the provider has an account with the role of the first line that fits', async () => {
  assert.deepEqual(await (await call(system, 'GET', '/api/v1/oidc')).json(), { name: 'North' })
  const olga = await signIn('s1')
  assert.equal(olga.status, 303, olga.text)
  const x = await me(olga.session)
  assert.deepEqual([x.user, x.role], [mail('olga'), 'owner'])
  assert.equal((await me((await signIn('s2')).session)).role, 'developer')
  const joined = await system.sealed((e) => e.type === 'person.joined' && e.body.person === x.person, 'org')
  assert.equal(joined.body.how, 'oidc')
  assert.equal(system.json('person', 'list').items.find((p) => p.name === mail('olga')).how, 'oidc')
})

test('without a role, a verified address or the same subject there is no sign-in', async () => {
  for (const [as, why] of [['s3', /no role is mapped/], ['s4', /not verified/], ['s6', /somebody else came/]]) {
    const r = await signIn(as)
    assert.equal(r.status, 403, as)
    assert.match(r.text, why)
    assert.equal(r.session, undefined)
  }
  await join(system, mail('lea'), 'developer')
  assert.match((await signIn('s5')).text, /account with a password/)
  await system.sealed((e) => e.type === 'access.refused' && e.body.reason === 'oidc', 'org')
})

test('a code is good once, in the browser that began, with the state that was given', async () => {
  const at = (url) => url.startsWith(`${system.url}/api/v1/oidc/callback`)
  const { url, jars } = await signIn('s2', { until: at })
  assert.match((await browse(url)).text, /not begun in this browser/, 'another browser')
  assert.match((await browse(url, { jars: { [system.url]: { custos_oidc: 'f'.repeat(64) } } })).text, /not begun in this browser/, 'one that began something else')
  assert.equal((await browse(url, { jars: structuredClone(jars) })).status, 303)
  assert.match((await browse(url, { jars })).text, /not begun in this browser/, 'it is used up')
  const second = await signIn('s2', { until: at }), before = tokens
  const wrong = new URL(second.url)
  wrong.searchParams.set('state', 'f'.repeat(64))
  assert.match((await browse(wrong.href, { jars: second.jars })).text, /not begun in this browser/)
  const code = new URL(second.url)
  code.searchParams.set('code', 'x')
  assert.equal((await browse(code.href, { jars: second.jars })).status, 403, 'a code that nobody issued')
  assert.equal(tokens, before)
})

test('a session that was brought along is not the one that is signed in', async () => {
  const jars = { [system.url]: { custos_session: 'ab'.repeat(32) } }
  const r = await signIn('s2', { jars })
  assert.notEqual(r.session, 'ab'.repeat(32))
  assert.equal((await call(system, 'GET', '/api/v1/session', { session: 'ab'.repeat(32) })).status, 401)
})

test('a role that the provider changes holds from the next sign-in, and ends sessions; an ended account stays out', async () => {
  const before = await signIn('s2')
  people.s2.groups = ['custos-owners']
  const after = await signIn('s2')
  assert.equal((await me(after.session)).role, 'owner')
  assert.equal((await call(system, 'GET', '/api/v1/session', { session: before.session })).status, 401)
  people.s2.groups = ['staff']
  assert.equal((await me((await signIn('s2')).session)).role, 'developer')
  system.run('person', 'end', mail('dan'), '--config', system.config)
  assert.match((await signIn('s2')).text, /account has ended/)
})

for (const alg of ['ES256', 'EdDSA'])
  test(`tokens that are signed with ${alg}`, async () => {
    await start(alg)
    assert.equal((await me((await signIn('s1')).session)).role, 'owner')
  })

test('a provider that is another than it should be, or does not answer, signs nobody in', async () => {
  await system.remove()
  const twin = createServer((req, res) => res.setHeader('content-type', 'application/json').end(JSON.stringify({ issuer: 'https://other.example', authorization_endpoint: 'https://other.example/a', token_endpoint: 'https://other.example/t', jwks_uri: 'https://other.example/k' })))
  const port = await freePort()
  await new Promise((done) => twin.listen(port, '127.0.0.1', done))
  system = await new System({ extra: `signin:\n  oidc:\n    issuer: http://127.0.0.1:${port}\n    client_id: x\n    client_secret: env:OIDC_SECRET\n    roles: {staff: developer}\n` }).start()
  assert.match((await (await call(system, 'GET', '/api/v1/oidc/start')).text()), /names another issuer/)
  twin.close()
  await new Promise((done) => setTimeout(done, 50))
  assert.equal((await call(system, 'GET', '/api/v1/oidc/start')).status, 502)
})

test('the configuration is strict about addresses, secrets and roles', () => {
  const base = { issuer: 'https://id.example', client_id: 'x', client_secret: 'env:OIDC_SECRET', roles: '{staff: developer}' }
  const said = (more) => {
    const file = `${system.dir}/try.yaml`
    const lines = Object.entries({ ...base, ...more }).filter(([, v]) => v).map(([k, v]) => `    ${k}: ${v}\n`).join('')
    writeFileSync(file, `signin:\n  oidc:\n${lines}`)
    return system.run('check-config', '--config', file)
  }
  assert.equal(said({}).status, 0, said({}).stderr)
  for (const [more, why] of [[{ issuer: 'http://id.example' }, /https:/], [{ issuer: 'http://127.0.0.1.evil.example' }, /https:/], [{ issuer: 'https://u:p@id.example' }, /no user/], [{ client_secret: 'plain' }, /env:NAME/],
    [{ roles: '{staff: auditor}' }, /one of/], [{ roles: '{staff: root}' }, /one of/], [{ roles: '' }, /needs/], [{ extra: 'x' }, /unknown key/]]) {
    const r = said(more)
    assert.equal(r.status, 2, JSON.stringify(more))
    assert.match(r.stderr, why)
  }
})
