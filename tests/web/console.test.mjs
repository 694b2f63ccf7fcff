// The console in a real browser, served by a real Custos under its own content security policy.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'
import { System, custos } from '../gateway/system.mjs'
import { code } from './people.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
let system, browser

before(async () => {
  system = await new System().start()
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
})
after(async () => {
  await browser?.close()
  await system.remove()
})

// A page whose errors fail the test; signed in when asked.
async function open({ signedIn = true, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  page.errors = []
  page.on('pageerror', (e) => page.errors.push(String(e)))
  page.on('console', (m) => m.type() === 'error' && !/status of 401/.test(m.text()) && page.errors.push(m.text()))
  page.on('request', (r) => !r.url().startsWith(system.url) && !r.url().startsWith('data:') && page.errors.push('external: ' + r.url()))
  if (signedIn) {
    await page.goto(system.json('signin').url)
    await page.getByText('Sign out').waitFor()
  }
  return page
}
// Each worker of the gateway hears of a change by itself, a moment later.
async function answers(status, key) {
  let last
  for (const end = Date.now() + 60000; Date.now() < end; await new Promise((done) => setTimeout(done, 50))) if ((last = (await ask('hello', key)).status) === status) return
  assert.equal(last, status)
}
const ask = (text, key = system.key) => fetch(system.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': key }, body: JSON.stringify({ model: 'sink', max_tokens: 9, messages: [{ role: 'user', content: text }] }) })

test('an exchange leads to its entry and a proof that the browser checks, in two clicks', async () => {
  await (await ask('write to dora@example.org')).text()
  await system.sealed((e) => e.type === 'exchange.response')
  const page = await open()
  await page.goto(system.url + '/exchanges')
  await page.locator('main a[href^="/exchanges/"]').first().click()
  await page.getByText('proof and signature hold').waitFor()
  assert.deepEqual(page.errors, [])
})

test('a criterion names what its controls map to in other frameworks, as the catalogue has it', async () => {
  const page = await open()
  await page.goto(system.url + '/controls#CC6.8')
  const table = page.locator('details.criterion[open] table.maps')
  await table.waitFor()
  const heads = await table.locator('th').allTextContents(), shown = JSON.parse(execFileSync(custos, ['control', 'show', 'CHG-05', '--format', 'json'], { cwd: system.dir })).mappings
  assert.ok(shown.length >= 4 && shown.every((m) => /our mapping/.test(m.title)))
  const cells = await table.locator('tr', { hasText: 'CHG-05' }).locator('td').allTextContents()
  for (const m of shown) assert.equal(cells[heads.indexOf(m.title)].replaceAll('\u00a0', ' '), m.ids.join(', '), m.title)
  assert.deepEqual(page.errors, [])
})

test('a proof that was changed on its way does not hold', async () => {
  const page = await open()
  await page.route('**/entries/*', async (route) => {
    const r = await route.fetch()
    await route.fulfill({ response: r, body: (await r.text()).replace('"seq":', '"seq":1') })
  })
  await page.goto(system.url + '/exchanges')
  await page.locator('main a[href^="/exchanges/"]').first().click()
  await page.getByText('This proof does not hold.').waitFor()
  assert.equal(await page.getByText('proof and signature hold').count(), 0)
})

test('an address that there is not is said so to a person with a browser, and refused to everybody else as the API does', async () => {
  const page = await open()
  const answer = await page.goto(system.url + '/people')
  assert.equal(answer.status(), 404)
  assert.match(answer.headers()['content-security-policy'], /default-src 'none'|default-src 'self'/)
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
  await page.goto(system.url + '/exchanges/')
  await page.getByRole('heading', { name: 'Exchanges' }).waitFor()
  for (const [path, accept] of [['/people', 'application/json'], ['/v1/people', 'text/html']]) {
    const r = await fetch(system.url + path, { headers: { accept } })
    assert.equal(r.status, 401, path)
    assert.match((await r.json()).error.message, /no key was given/)
  }
  const posted = await fetch(system.url + '/people', { method: 'POST', headers: { accept: 'text/html' }, body: '{}' })
  assert.equal(posted.status, 401)
})

test('/audit and /try work without signing in', async () => {
  const page = await open({ signedIn: false })
  await page.goto(system.url + '/controls')
  await page.locator('details.criterion').first().waitFor()
  assert.equal(await page.locator('details.criterion').count(), 61)
  await page.locator('details.criterion summary').first().click()
  assert.ok(await page.locator('details.criterion[open] table.controls').count())
  await page.goto(system.url + '/try')
  await page.locator('textarea').first().fill('mail erna@example.org, card 4111 1111 1111 1111')
  await page.getByText(/CUSTOS_MAIL_/).first().waitFor()
  assert.deepEqual(page.errors, [])
})

test('a sign-in link works once, and pages of others cannot write', async () => {
  const { url } = system.json('signin')
  const token = url.split('/').at(-1)
  const post = (headers = {}) => fetch(system.url + '/api/v1/session', { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ token }) })
  assert.equal((await post({ origin: 'https://evil.example' })).status, 403)
  const first = await post()
  assert.equal(first.status, 204)
  assert.match(first.headers.get('set-cookie'), /HttpOnly; SameSite=Strict/)
  assert.equal((await post()).status, 401)
  assert.equal((await fetch(system.url + '/api/v1/exchanges')).status, 401)
  assert.equal((await fetch(system.url + '/api/v1/keys', { method: 'POST', body: '{}' })).status, 403)
  assert.equal((await fetch(system.url + '/api/v1/signin-tokens', { method: 'POST', headers: { 'content-type': 'application/json', cookie: first.headers.get('set-cookie').split(';')[0] }, body: '{}' })).status, 403)
})

test('keyboard alone: from the first Tab to a criterion that opens', async () => {
  const page = await open({ signedIn: false })
  await page.goto(system.url + '/controls')
  await page.locator('details.criterion').first().waitFor()
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip')
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab')
    if (await page.evaluate(() => document.activeElement.tagName === 'SUMMARY')) break
  }
  await page.keyboard.press('Enter')
  assert.ok(await page.locator('details.criterion[open]').count())
})

test('keys by keyboard: issued and shown once, limited, rotated, revoked', async () => {
  const page = await open()
  const entries = (type) => system.entries('t/acme').concat(system.entries('org')).filter((e) => e.type === type)
  await page.goto(system.url + '/registers/keys')
  await page.locator('main table').waitFor()
  await page.keyboard.press('i')
  await page.waitForFunction(() => document.activeElement?.name === 'holder')
  await page.keyboard.type('ada')
  await page.getByLabel('Models').fill('sink, claude-*')
  await page.getByLabel('Requests a minute').fill('2')
  await page.getByLabel('Name of the holder').press('Enter')
  const key = await page.locator('.copy .codebox').innerText()
  assert.match(key, /^ck-[a-z2-7]{40}$/)
  const asked = []
  while (asked.length < 9 && asked.at(-1) !== 429) asked.push((await ask('hello', key)).status)
  assert.ok(asked.length > 2 && asked.slice(0, -1).every((status) => status === 200) && asked.at(-1) === 429, asked.join()) // a minute may end in between
  await page.getByRole('button', { name: 'I have it' }).click()
  assert.ok(!(await page.content()).includes(key), 'it is still on the page')
  const row = page.locator('tbody tr', { hasText: 'ada' })
  await row.getByText('models: sink, claude-*').waitFor()
  await row.getByRole('button', { name: /^Limits/ }).click()
  await page.getByLabel('Requests a minute').fill('')
  await page.getByLabel('Tokens a day').fill('5000000')
  await page.keyboard.press('Enter')
  await row.getByText('5,000,000 tokens a day').waitFor()
  await answers(200, key)
  await row.getByRole('button', { name: /^Rotate/ }).click()
  await page.getByRole('button', { name: 'Leave it as it is' }).click()
  await row.getByRole('button', { name: /^Rotate/ }).click()
  await page.getByRole('button', { name: 'Issue the new key' }).click()
  const fresh = await page.locator('.copy .codebox').innerText()
  assert.notEqual(fresh, key)
  await answers(200, fresh)
  await page.getByRole('button', { name: 'I have it' }).click()
  await page.locator('tbody tr', { hasText: key.slice(0, 9) }).getByRole('button', { name: /^Revoke/ }).click()
  await page.getByRole('button', { name: 'Revoke the key', exact: true }).click()
  await page.locator('tbody tr', { hasText: key.slice(0, 9) }).waitFor({ state: 'detached' })
  await answers(401, key)
  await page.getByLabel('Show ended keys').check()
  await page.locator('tbody tr', { hasText: key.slice(0, 9) }).getByText('revoked').waitFor()
  assert.deepEqual(page.errors, [])
  await system.sealed((e) => e.type === 'key.revoked')
  for (const type of ['key.rotated', 'limit.changed']) assert.equal(entries(type).length, 1, type)
})

test('what the daemon refuses about a key is said in its words', async () => {
  const page = await open()
  await page.route('**/api/v1/keys', (route) => route.request().method() === 'POST' ? route.fulfill({ status: 400, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Malformed', detail: 'expires must be a date.' }) }) : route.continue())
  await page.goto(system.url + '/registers/keys')
  await page.getByRole('button', { name: /Issue a key/ }).click()
  await page.waitForFunction(() => document.activeElement?.name === 'holder')
  await page.keyboard.type('bob')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText('expires must be a date.').waitFor()
})

test('the policy of the pages is strict', async () => {
  const r = await fetch(system.url + '/audit')
  const csp = r.headers.get('content-security-policy')
  for (const part of ["default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'", "frame-ancestors 'none'"]) assert.ok(csp.includes(part), part)
  assert.ok(!csp.includes('unsafe'))
})

test('what was typed can be read through its marks, and a kind can be let go', async () => {
  const page = await open({ signedIn: false })
  await page.goto(system.url + '/try')
  await page.locator('textarea').first().fill('mail erna@kundenpost.org, card 4111 1111 1111 1111')
  await page.getByText(/CUSTOS_MAIL_/).first().waitFor()
  // the box of the textarea is what the pointer meets where a mark is drawn: it lies on top
  const on = await page.evaluate(() => {
    const r = document.querySelector('mark').getBoundingClientRect()
    return document.elementsFromPoint(r.x + r.width / 2, r.y + r.height / 2).map((e) => e.tagName)
  })
  assert.equal(on[0], 'TEXTAREA')
  assert.ok(await page.evaluate(() => {
    const z = getComputedStyle(document.querySelector('.edit textarea'))
    return z.position === 'relative' && z.zIndex === '1'
  }))
  await page.getByRole('checkbox', { name: /E-mail address/ }).uncheck()
  await page.getByText(/CUSTOS_MAIL_/).first().waitFor({ state: 'detached' })
  await page.getByText(/CUSTOS_CARD_/).first().waitFor()
  assert.deepEqual(page.errors, [])
})

test('several files are checked one after the other and listed', async () => {
  const page = await open({ signedIn: false })
  await page.goto(system.url + '/try')
  await page.locator('input[type=file]').first().setInputFiles([
    { name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('mail erna@kundenpost.org\n') },
    { name: 'b.txt', mimeType: 'text/plain', buffer: Buffer.from('nothing\n') },
    { name: 'c.bin', mimeType: 'text/plain', buffer: Buffer.from('\0\0') }])
  await page.getByText('3 of 3 files checked, 1 finding').waitFor()
  await page.getByRole('button', { name: 'a.txt' }).click()
  await page.getByText(/CUSTOS_MAIL_/).first().waitFor()
  assert.deepEqual(page.errors, [])
})

test('isolation: an attack’s entry and its proof are two clicks away', async () => {
  assert.equal(system.run('probe', 'isolation', '--config', system.config).status, 0)
  const page = await open()
  await page.getByRole('link', { name: 'Registers' }).click()
  await page.getByRole('link', { name: 'Isolation' }).click()
  await page.getByText('17 attacks, all held.').waitFor()
  await page.getByRole('row', { name: /code-leak-laid-out/ }).getByRole('button').click()
  await page.getByText('Checked in this browser just now: proof and signature hold.').waitFor()
  assert.match(await page.locator('.leaf pre').innerText(), /"probe": "isolation"/)
  assert.deepEqual(page.errors, [])
  await page.context().close()
})

test('a person follows an invitation, signs in again, and an owner manages people; hostile names are text', { timeout: 120000 }, async () => {
  const hostile = '<img src=x onerror=alert(1)>'
  const joining = await open({ signedIn: false })
  await joining.goto(system.json('person', 'add', hostile, '--role', 'owner').url)
  await joining.getByRole('heading', { name: `Welcome, ${hostile}` }).waitFor()
  assert.doesNotMatch(joining.url(), /[0-9a-f]{32}/, 'the token leaves the address bar')
  const secret = (await joining.locator('.secret').textContent()).replaceAll(' ', '')
  assert.ok((await joining.locator('.qr path').getAttribute('d')).length > 2000, 'the picture is drawn')
  const { violations } = await joining.evaluate(`(() => { ${axe}; return window.axe.run({ runOnly: ['wcag2a', 'wcag2aa'] }) })()`)
  assert.deepEqual(violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => v.id + v.nodes[0].html), [])
  const password = `p-${Date.now()}-${process.pid}-word`
  await joining.getByLabel('Password', { exact: true }).fill(password)
  await joining.getByLabel('The same again').fill(password)
  await joining.getByRole('textbox', { name: 'Code' }).fill(code(secret, Date.now(), -1))
  await joining.getByRole('button', { name: 'Join and sign in' }).click()
  await joining.getByRole('heading', { name: 'Ten recovery codes' }).waitFor()
  const recovery = (await joining.locator('.codebox').textContent()).trim().split('\n')
  assert.equal(recovery.length, 10)
  await joining.getByRole('button', { name: 'I have them' }).click()
  const left = joining.waitForResponse((r) => r.request().method() === 'DELETE' && r.url().endsWith('/api/v1/session')) // leaving the page would break it off
  await joining.getByRole('button', { name: 'Sign out' }).click()
  await left

  await joining.goto(system.url + '/registers/people')
  await joining.getByLabel('Name').fill(hostile)
  await joining.getByLabel('Password').fill('not the password at all')
  await joining.getByLabel('Code').fill('123456')
  await joining.getByRole('button', { name: 'Sign in' }).click()
  await joining.getByRole('alert').getByText('Name, password or code is wrong').waitFor()
  await joining.getByLabel('Password').fill(password)
  await joining.getByLabel('Code').fill(recovery[0])
  await joining.getByRole('button', { name: 'Sign in' }).click()
  await joining.getByRole('button', { name: 'Invite a person' }).click()
  await joining.getByLabel('Name').fill('vera')
  await joining.getByRole('group').getByText('approver', { exact: true }).click()
  await joining.getByRole('button', { name: 'Make the invitation' }).click()
  await joining.getByRole('heading', { name: 'The link for vera' }).waitFor()
  assert.match(await joining.locator('.codebox').textContent(), /\/#\/join\/[0-9a-f]{96}$/)
  await joining.getByRole('button', { name: 'End vera' }).click()
  await joining.getByRole('button', { name: 'End the account' }).click()
  await joining.getByText('1 ended').waitFor()
  await joining.getByRole('button', { name: `End ${hostile}`, exact: true }).click()
  await joining.getByRole('button', { name: 'End the account' }).click()
  await joining.getByRole('alert').getByText('make another one first').waitFor()
  assert.deepEqual(joining.errors.filter((e) => !/status of 4/.test(e)), [])
  await joining.context().close()
})
