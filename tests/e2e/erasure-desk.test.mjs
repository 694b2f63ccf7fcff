// Erasure in the console: one person orders it, another with an account approves it, and it is carried out, whatever happens to the daemon.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { System } from '../gateway/system.mjs'
import { call, cookieOf, join as joinAs } from '../web/people.mjs'
import { search } from './people.mjs'

// Names that nothing else holds; put together here so that no file of ours does.
const named = (first, last) => [first, last].join('.') + '@' + ['north', 'example'].join('.')
const ada = named('Ada', 'Quilworthy'), liv = named('Liv', 'Ostrander'), unknown = named('Nobody', 'Here')
let s, keys = {}, rae, pat, eve

const issue = (tenant, user) => s.json('key', 'issue', '--tenant', tenant, '--user', user)
const ask = async (key) => (await fetch(`${s.url}/v1/messages`, { method: 'POST', headers: { 'x-api-key': key, 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'hello' }] }) })).status
const erase = (...args) => s.run('erase', ...args, '--basis', 'request of the person', '--config', s.config, '--format', 'json')
const step = async (who, type, fields) => {
  const r = await call(s, 'POST', '/api/v1/records', { session: who.session, body: { type, fields } })
  return { status: r.status, body: await r.json() }
}
// A restart signs everybody out; codes for recovery work once each, and wait for no clock.
const again = async (who) => {
  const code = who.recovery.pop()
  let r
  await until(async () => (r = await call(s, 'POST', '/api/v1/session', { body: { name: who.name, password: who.password, code } })).status !== 503)
  assert.equal(r.status, 204, await r.clone().text())
  return { ...who, session: cookieOf(r) }
}
const stateOf = (id) => s.json('register', 'list', 'erasure').items.find((x) => x.id === id)
const until = async (is) => {
  for (const end = Date.now() + 120000; !(await is());) {
    assert.ok(Date.now() < end, 'not within two minutes')
    await new Promise((done) => setTimeout(done, 100))
  }
}

before(async () => {
  s = await new System({ extra: '  - name: beta\n' }).start()
  keys = { acme: issue('acme', ada), beta: issue('beta', ada), liv: issue('acme', liv) }
  for (const k of Object.values(keys)) assert.equal(await ask(k.key), 200)
})
after(() => s?.remove())

test('once persons have accounts the command line only orders, and nobody approves at the machine', async () => {
  assert.match(erase('--subject', ada).stderr, /approver/)
  rae = await joinAs(s, 'rae', 'security')
  pat = await joinAs(s, 'pat', 'compliance')
  eve = await joinAs(s, 'eve', 'owner')
  assert.match(erase('--subject', ada, '--approver', 'officer').stderr, /leave the approver out/)
  assert.equal(JSON.parse(erase('--subject', ada, '--dry-run').stdout).items.length, 2)
  const { order } = JSON.parse(erase('--subject', ada).stdout)
  assert.deepEqual([order.id, order.state, order.opened_by], ['ER-1', 'requested', 'operator'])
  const at = s.run('register', 'step', 'erasure.approved', 'erasure=ER-1', '--config', s.config)
  assert.match(at.stderr, /second person is needed: sign in with an account/)
  assert.equal((await step(rae, 'erasure.approved', { erasure: 'ER-1' })).status, 403, 'security orders, and does not approve')
  assert.equal((await step(pat, 'erasure.refused', { erasure: 'ER-1', reason: 'not asked for in writing' })).body.state, 'refused')
  assert.equal((await step(pat, 'erasure.approved', { erasure: 'ER-1' })).status, 409)
  assert.equal(s.json('key', 'list').items.find((k) => k.id === keys.acme.id).user, ada)
})

test('orders that name her, name nobody, or come from who may not are refused', async () => {
  const dev = await joinAs(s, 'dev-two', 'developer')
  for (const [who, fields, status] of [[rae, { subject: ada, basis: `of ${ada}` }, 400], [rae, { basis: 'x' }, 400], [rae, { where: 'gamma', basis: 'x' }, 404],
    [rae, { subject: unknown, basis: 'x' }, 404], [rae, { subject: unknown, where: 'acme', basis: 'x' }, 404], [rae, { subject: ada }, 400], [dev, { subject: ada, basis: 'x' }, 403]])
    assert.equal((await step(who, 'erasure.requested', fields)).status, status, JSON.stringify(fields))
  assert.deepEqual(search(join(s.dir, 'state'), [unknown]), [], 'a name that nobody knew is not kept because of it')
  assert.equal(s.json('register', 'list', 'erasure').items.length, 1)
})

test('ordered, approved and carried out in the console', { timeout: 180000 }, async () => {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  const open = async (who, { width = 1280, colorScheme = 'light' } = {}) => {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme })
    await context.addCookies([{ name: 'custos_session', value: who.session, url: s.url }])
    const page = await context.newPage()
    page.setDefaultTimeout(60000)
    page.on('pageerror', (e) => assert.fail(String(e)))
    await page.goto(`${s.url}/privacy`)
    await page.getByRole('heading', { name: 'Erasures' }).waitFor()
    return page
  }
  const shot = async (page, name) => { if (process.env.CUSTOS_SHOTS) await page.screenshot({ path: join(process.env.CUSTOS_SHOTS, name), fullPage: true }) }
  try {
    const page = await open(rae)
    await page.getByLabel('Name, as her keys carry it').fill(ada)
    await page.getByRole('button', { name: 'Find' }).click()
    await page.getByRole('button', { name: 'Order her erasure' }).click()
    await shot(page, 'order.png')
    await page.getByLabel('Basis').fill('request of the person, art. 17')
    await page.locator('form').getByRole('button', { name: 'Order an erasure' }).click()
    const row = page.getByRole('row').filter({ hasText: 'ER-2' })
    await row.getByText('Waits for a second person').waitFor()
    assert.equal((await step(rae, 'erasure.approved', { erasure: 'ER-2' })).status, 403)
    const other = await open(pat)
    await shot(other, 'waits.png')
    await shot(await open(pat, { width: 390, colorScheme: 'dark' }), 'narrow.png')
    const theirs = other.getByRole('row').filter({ hasText: 'ER-2' })
    await theirs.getByRole('button', { name: 'Approve and erase' }).click()
    await other.getByLabel('Reason').fill('asked by herself')
    await other.locator('form').getByRole('button', { name: 'Approve and erase' }).click()
    await theirs.getByText('Carried out').waitFor()
    await theirs.getByText('2 keys').waitFor()
    await shot(other, 'done.png')
  } finally {
    await browser.close()
  }
  const done = stateOf('ER-2')
  assert.deepEqual([done.state, done.fields.revoked, done.fields.subject], ['carried_out', 2, 'erased'])
  assert.deepEqual(search(join(s.dir, 'state'), [ada]), [], 'no file holds her name')
  for (const tenant of ['acme', 'beta']) {
    const e = await s.sealed((x) => x.type === 'content.erased', `t/${tenant}`)
    assert.deepEqual([e.body.approver, e.body.basis, e.actor], [pat.person, 'request of the person, art. 17', 'daemon'])
    assert.equal(await ask(keys[tenant].key), 401)
  }
  assert.equal(await ask(keys.liv.key), 200)
  assert.equal(s.verify().status, 0)
})

test('nobody approves her own erasure; another does, and her sessions end', async () => {
  const mel = await joinAs(s, 'mel', 'compliance')
  const { body } = await step(rae, 'erasure.requested', { subject: 'mel', basis: 'she has left' })
  const own = await step(mel, 'erasure.approved', { erasure: body.id })
  assert.deepEqual([own.status, /her own erasure/.test(own.body.detail)], [403, true])
  assert.equal((await step(eve, 'erasure.approved', { erasure: body.id })).body.state, 'carried_out')
  assert.equal((await call(s, 'GET', '/api/v1/account', { session: mel.session })).status, 401)
})

test('a tenant as a whole', async () => {
  const { body } = await step(rae, 'erasure.requested', { where: 'beta', basis: 'end of the contract' })
  assert.equal((await step(eve, 'erasure.approved', { erasure: body.id })).body.state, 'carried_out')
  assert.ok((await s.sealed((x) => x.type === 'content.erased' && x.body.subject === 'tenant', 't/beta')).body.basis)
})

test('what was approved is carried out although the daemon is killed in the middle', { timeout: 400000 }, async () => {
  const ids = []
  for (let i = 0; i < 4; i++) {
    const name = named('Gone', `Person${i}`)
    issue('acme', name)
    const { body } = await step(rae, 'erasure.requested', { subject: name, basis: 'request of the person' })
    ids.push([body.id, name])
    const approved = step(pat, 'erasure.approved', { erasure: body.id }).catch(() => null)
    await new Promise((done) => setTimeout(done, 5 + 60 * i))
    const [pid] = s.pids('daemon')
    process.kill(pid, 'SIGKILL')
    await approved
    s.json('status', '--wait', '60')
    rae = await again(rae)
    pat = await again(pat)
  }
  for (const [id, name] of ids) {
    await until(() => ['requested', 'carried_out'].includes(stateOf(id).state))
    if (stateOf(id).state === 'requested') assert.equal((await step(pat, 'erasure.approved', { erasure: id })).body.state, 'carried_out')
    assert.deepEqual(search(join(s.dir, 'state'), [name]), [], id)
  }
  assert.equal(s.verify().status, 0)
})
