// Incidents, service levels and the privacy desk in a browser: an incident from its opening to a ticked step, the
// figures, and what is held about a person.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { System } from '../gateway/system.mjs'

let s, browser, page
const shots = process.env.CUSTOS_SHOTS
const shot = async (name) => {
  if (!shots) return
  mkdirSync(shots, { recursive: true })
  for (const [scheme, width] of [['light', 1280], ['dark', 1280], ['light', 390]]) {
    await page.emulateMedia({ colorScheme: scheme })
    await page.setViewportSize({ width, height: 900 })
    await page.waitForTimeout(400) // colours fade over
    await page.screenshot({ path: join(shots, `${name}-${scheme}-${width}.png`), fullPage: true })
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1280, height: 900 })
}
const at = async (path, text) => { await page.goto(s.url + path); await page.getByText(text).first().waitFor() }

before(async () => {
  s = await new System().start()
  for (let i = 0; i < 5; i++) await fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': s.key }, body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: `write to dev${i}@example.org` }] }) }).then((r) => r.text())
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage()
  page.errors = []
  page.on('pageerror', (e) => page.errors.push(String(e)))
  page.on('console', (m) => m.type() === 'error' && !/status of 40/.test(m.text()) && page.errors.push(m.text()))
  await page.goto(s.json('signin').url)
  await page.getByText('Sign out').waitFor()
})
after(async () => { await browser?.close(); await s?.remove() })

test('an incident is opened, taken on, and a step of its runbook ticked', async () => {
  await at('/incidents', 'No incident is on record')
  await shot('incidents-empty')
  await page.getByRole('button', { name: 'Open an incident' }).click()
  await page.getByLabel(/^Title/).fill('A key in a <b>prompt</b>')
  await page.getByLabel(/^Kind/).selectOption('credential_left')
  await page.getByLabel(/^Severity/).selectOption('high')
  await page.getByRole('form', { name: 'Open an incident' }).getByRole('button', { name: 'Open an incident' }).click()
  await page.getByRole('heading', { name: /INC-1 A key in a <b>prompt<\/b>/ }).waitFor() // text stays text
  await page.getByText(/hours .*left/).first().waitFor()
  await page.getByRole('button', { name: 'Take it on' }).click()
  await page.getByLabel(/^Owner/).fill('Ada')
  await page.getByRole('form', { name: 'Take it on' }).getByRole('button', { name: 'Take it on' }).click()
  await page.getByText('0 of 7 steps are done').waitFor()
  await page.getByLabel(/What proves: End the credential/).fill('Ticket 7')
  await page.keyboard.press('Enter')
  await page.getByText('1 of 7 steps are done').waitFor()
  await page.getByText('Ticket 7').first().waitFor()
  await shot('incident')
  assert.equal(s.json('incident', 'show', 'INC-1').runbook.steps.find((x) => x.id === 'end').done.note, 'Ticket 7')
  s.json('incident', 'open', 'Old one', '--kind', 'outage', '--severity', 'critical', '--detected', new Date(Date.now() - 5 * 3600000).toISOString())
  await at('/incidents', /overdue by 4 hours/)
  await shot('incidents')
})

test('the disclosure list leads from an incident to the exchanges behind each figure', async () => {
  await at('/disclosures', '5 exchanges left')
  await shot('disclosures')
  const user = page.getByLabel('Person or service'), again = page.waitForResponse(/api\/v1\/disclosures/)
  await user.fill('nobody')
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange'))) // what is seen again is read again
  await again
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
  assert.equal(await user.inputValue(), 'nobody', 'what was typed is gone')
  await page.getByRole('button', { name: 'Show' }).click()
  await page.getByText('No exchange left under these conditions').waitFor()
  await page.goBack()
  await page.getByText('5 exchanges left').waitFor()
  assert.equal(await user.inputValue(), '')
  await page.getByRole('link', { name: '5', exact: true }).click()
  await page.waitForURL(/\/exchanges\?.*user=dev/)
})

test('a service level shows figure, counts and its series', async () => {
  await at('/service-levels', 'No service level is promised yet')
  await shot('services-empty')
  s.json('register', 'step', 'slo.set', 'name=Assistants answer', 'measure=availability', 'target=99900', 'window_days=30')
  s.json('register', 'step', 'slo.set', 'name=No wait', 'measure=gate_ms_p95', 'target=100', 'window_days=30')
  s.json('slo', 'sample')
  await at('/service-levels', 'Assistants answer')
  await page.getByRole('button', { name: 'Measure now' }).click()
  await page.getByRole('img', { name: /2 samples, last 100 %, target 99.9 %/ }).waitFor()
  await shot('services')
})

test('a request of a person has its clock, and what is held is found', async () => {
  await at('/privacy', 'No request is on record')
  await shot('privacy-empty')
  s.json('register', 'step', 'dsr.received', 'kind=access', 'about=dev')
  await at('/privacy', /29 days .*left/)
  await page.getByLabel(/Name, as her keys carry it/).fill('dev')
  await page.getByRole('button', { name: 'Find' }).click()
  await page.getByText('5 exchanges').waitFor()
  await shot('privacy')
})

test('nothing went wrong in the browser', () => assert.deepEqual(page.errors, []))
