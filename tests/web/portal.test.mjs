// The auditor's desk, previews of a seat, the timeline and the map of operation, in the browser.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'
import { System } from '../gateway/system.mjs'
import { call, join } from './people.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const today = new Date().toISOString().slice(0, 10), later = '2099-12-31'
let s, browser, owner, auditor
before(async () => {
  s = await new System().start()
  owner = await join(s, 'Olga Example', 'owner')
  auditor = await join(s, 'Na Auditor', 'auditor', '--controls', 'PIN-03,IAM-01', '--from', today, '--to', later, '--expires', later)
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
})
after(async () => {
  await browser?.close()
  await s?.remove()
})

async function open(who, path) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
  await context.addCookies([{ name: 'custos_session', value: who.session, domain: '127.0.0.1', path: '/', httpOnly: true, sameSite: 'Strict' }])
  const page = await context.newPage()
  page.errors = []
  page.on('pageerror', (e) => page.errors.push(String(e)))
  await page.goto(s.url + path)
  return page
}

async function clean(page, where) {
  const { violations } = await page.evaluate(`(() => { ${axe}; return window.axe.run({ runOnly: ['wcag2a', 'wcag2aa'] }) })()`)
  assert.deepEqual(violations.map((v) => `${where}: ${v.id} ${v.nodes[0].html}`), [])
  await page.setViewportSize({ width: 360, height: 800 })
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${where} scrolls sideways`)
  await page.setViewportSize({ width: 1280, height: 900 })
  assert.deepEqual(page.errors, [], where)
}

test('an auditor asks at her desk, and sees the controls of her seat', async () => {
  const page = await open(auditor, '/portal')
  await page.getByText('Nothing was asked for yet.').waitFor()
  await page.getByRole('link', { name: 'PIN-03' }).waitFor()
  assert.equal(await page.getByRole('link', { name: 'GOV-01' }).count(), 0)
  await clean(page, 'desk')
  await page.getByRole('button', { name: 'New request' }).click()
  await page.getByLabel(/^Title/).fill('Changes of access')
  await page.getByLabel(/^Asks/).fill('All of the window')
  await page.getByRole('button', { name: 'New request' }).click()
  await page.getByRole('heading', { name: 'Q-1: Changes of access' }).waitFor()
})

test('who runs the programme looks through the seat, and leaves it again', async () => {
  const page = await open(owner, '/portal')
  await page.getByRole('link', { name: 'GOV-01' }).waitFor()
  await page.getByRole('button', { name: 'Preview the seat of Na Auditor' }).click()
  await page.getByText('Preview of the seat of').waitFor()
  await page.getByRole('link', { name: 'PIN-03' }).waitFor()
  assert.equal(await page.getByRole('link', { name: 'GOV-01' }).count(), 0)
  await clean(page, 'preview')
  await page.getByRole('button', { name: 'End the preview' }).click()
  await page.getByRole('link', { name: 'GOV-01' }).waitFor()
})

test('the timeline is drawn with what is reached, and the map with words', async () => {
  const drafts = await open(owner, '/timeline')
  const day = async () => Date.parse(await drafts.locator('.verdict dd').first().evaluate((e) => e.firstChild.textContent))
  await drafts.getByText('No report is planned yet').waitFor()
  await drafts.getByRole('img', { name: /to the report on/ }).waitFor()
  await clean(drafts, 'draft')
  const six = await day()
  await drafts.getByLabel('Window').selectOption('12')
  await drafts.getByText(/a window of 12 months/).waitFor()
  await drafts.waitForFunction((t) => Date.parse(document.querySelector('.verdict dd').firstChild.textContent) > t, six)
  assert.ok(await day() - six > 180 * 86400000)
  await drafts.getByRole('button', { name: 'Plan a report' }).click()
  assert.equal(await drafts.getByLabel(/^Months/).inputValue(), '12')
  const r = await call(s, 'POST', '/api/v1/records', { session: owner.session, body: { type: 'timeline.planned', fields: { title: 'First report', kind: 'type2', months: 6, pace: 'standard', owner: 'Olga Example', start: today } } })
  assert.equal(r.status, 201, await r.text())
  const page = await open(owner, '/timeline')
  await page.getByRole('img', { name: /to the report on/ }).waitFor()
  assert.equal(await page.locator('.gantt title').count(), 31)
  await page.getByText(/✓ a record of the register engagement/).waitFor()
  await clean(page, 'timeline')
  await page.getByRole('link', { name: 'Map of operation' }).click()
  await page.getByText(/no data \d+/).first().waitFor()
  await clean(page, 'map')
})
