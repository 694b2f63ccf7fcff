// The readiness checklist in the browser: by keyboard alone, kept on this machine before sign-in and put into the log
// after it, taken up where it was left, accessible in each look; criteria with the evidence two clicks from its proof.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { oscalFaults } from '../e2e/oscal.mjs'
import { System } from '../gateway/system.mjs'

const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
const shots = process.env.CUSTOS_SHOTS
let system, browser

before(async () => {
  system = await new System().start()
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  if (shots) mkdirSync(shots, { recursive: true })
})
after(async () => {
  await browser?.close()
  await system.remove()
})

async function open(options = {}) {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })).newPage()
  page.errors = []
  page.on('pageerror', (e) => page.errors.push(String(e)))
  page.on('console', (m) => m.type() === 'error' && !/status of 401/.test(m.text()) && page.errors.push(m.text()))
  return page
}
const at = (page, id) => page.locator('.card .mono', { hasText: id }).first().waitFor()
async function clean(page, where) {
  const { violations } = await page.evaluate(`(() => { ${axe}; return window.axe.run({ runOnly: ['wcag2a', 'wcag2aa'] }) })()`)
  assert.deepEqual(violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => `${where}: ${v.id} ${v.nodes[0].html}`), [])
  const wide = await page.evaluate(() => (document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => `${e.tagName} ${e.className} ${e.textContent.slice(0, 30)}`).slice(0, 6)))
  assert.deepEqual(wide, [], `${where} scrolls sideways`)
  assert.deepEqual(page.errors, [], where)
  if (shots) await page.screenshot({ path: join(shots, `${where.replaceAll(/\W+/g, '-')}.png`), fullPage: true })
}
// How many bytes of it go over the wire to a browser, and how they are coded.
const sent = (url) => new Promise((done, fail) => http.get(url, { headers: { 'accept-encoding': 'gzip' } }, (a) => {
  let n = 0
  a.on('data', (d) => (n += d.length)).on('end', () => done({ n, coding: a.headers['content-encoding'] }))
}).on('error', fail))
const answered = () => system.entries('org').filter((e) => e.type === 'checklist.answered')
let page

test('before sign-in: by keyboard alone, a choice opens a branch, resumed after a reload, nothing in the log', async () => {
  page = await open()
  await page.goto(system.url + '/audit')
  await at(page, 'Q01')
  await clean(page, 'card signed out')
  await page.keyboard.press('2')
  await page.keyboard.press('Enter')
  await at(page, 'Q02')
  const pips = () => page.locator('.pips button').count()
  const few = await pips()
  await page.keyboard.press('4') // privacy
  await page.keyboard.press('2') // and confidentiality
  await page.keyboard.press('Enter')
  await at(page, 'Q03')
  assert.ok(await pips() > few && await pips() <= 30)
  await page.keyboard.press('3')
  await page.getByText('What would make it a yes').waitFor()
  await page.keyboard.press('Enter')
  await at(page, 'Q04')
  await page.keyboard.press('s')
  await at(page, 'Q05')
  await page.keyboard.press('ArrowLeft')
  await at(page, 'Q04')
  await page.reload()
  await at(page, 'Q04')
  assert.equal(answered().length, 0)
})

test('its scripts and styles go over the wire compressed, no more than 60 KB of script', async () => {
  const fresh = await open(), urls = new Set()
  fresh.on('response', (r) => /\.(js|css)$/.test(r.url()) && urls.add(r.url()))
  await fresh.goto(system.url + '/audit')
  await at(fresh, 'Q01')
  let script = 0
  for (const url of urls) {
    const got = await sent(url)
    assert.equal(got.coding, 'gzip', url)
    if (url.endsWith('.js')) script += got.n
  }
  assert.ok(urls.size > 2 && script > 5000 && script <= 60 * 1024, `${script} bytes in ${urls.size} files`)
  await fresh.context().close()
})

test('what does not apply needs a reason; F shows where it stands and how to go on', async () => {
  await page.keyboard.press('5') // Q04: only want to know
  await page.keyboard.press('Enter')
  await at(page, 'Q05')
  await page.keyboard.press('5')
  assert.ok(await page.getByRole('button', { name: 'Keep this answer' }).isDisabled())
  await page.getByLabel('Why it does not apply').fill('no <b>model</b> here')
  await page.getByRole('button', { name: 'Keep this answer' }).click()
  await at(page, 'Q06')
  await page.keyboard.press('1')
  await page.keyboard.press('Enter')
  await at(page, 'Q07')
  await page.keyboard.press('f')
  await page.getByText('0 stand on evidence, 1 is a claim, 1 is a gap').waitFor()
  await clean(page, 'end signed out')
})

test('what was answered is had as JSON, CSV and OSCAL, before sign-in', async () => {
  const saved = async (name) => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name, exact: true }).click()])
    return readFileSync(await download.path(), 'utf8')
  }
  const { questions } = JSON.parse(await saved('Export as JSON')), rows = (await saved('CSV')).trim().split('\r\n'), oscal = JSON.parse(await saved('OSCAL'))
  assert.equal(rows.length, 1 + questions.length)
  assert.match(rows.find((r) => r.startsWith('"Q05"')), /"no <b>model<\/b> here"/)
  assert.deepEqual(oscalFaults(oscal), [])
  assert.deepEqual(oscal['assessment-results'].results[0].observations.map((o) => o.description), questions.map((q) => q.question))
})

test('after sign-in they are put into the log, and a new answer is an entry at once', async () => {
  await page.goto(system.json('signin').url)
  await page.getByText('Sign out').waitFor()
  await page.goto(system.url + '/audit')
  await page.getByRole('button', { name: 'Put into the log' }).click()
  await page.getByText('Every answer is an entry of the log.').waitFor({ timeout: 30000 })
  for (let i = 0; i < 300 && answered().length < 6; i++) await page.waitForTimeout(100) // recorded; sealed in the next round
  assert.deepEqual(answered().map((e) => e.body.question).sort(), ['Q01', 'Q02', 'Q03', 'Q04', 'Q05', 'Q06'])
  assert.equal(await page.evaluate(() => localStorage.getItem('checklist-answers')), '{}')
  await at(page, 'Q07')
  await page.keyboard.press('4')
  await page.keyboard.press('Enter')
  await system.sealed((e) => e.type === 'checklist.answered' && e.body.question === 'Q07', 'org')
})

test('each look is accessible: card, end and controls, light and dark, wide and narrow', async () => {
  for (const options of [{ colorScheme: 'light' }, { colorScheme: 'dark' }, { colorScheme: 'light', viewport: { width: 360, height: 800 } }, { colorScheme: 'dark', viewport: { width: 360, height: 800 } }]) {
    const p = await open(options)
    const where = `${options.colorScheme} ${options.viewport?.width ?? 1280}`
    await p.goto(system.url + '/audit')
    await at(p, 'Q08')
    await p.keyboard.press('2')
    await clean(p, `card ${where}`)
    await p.keyboard.press('f')
    await p.getByText('stand on evidence').first().waitFor()
    await clean(p, `end ${where}`)
    await p.goto(system.url + '/controls')
    await p.locator('details.criterion').first().waitFor()
    await clean(p, `controls ${where}`)
    await p.context().close()
  }
})

test('from a criterion to its newest entry in two clicks', async () => {
  await (await fetch(system.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': system.key }, body: JSON.stringify({ model: 'sink', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] }) })).text()
  await system.sealed((e) => e.type === 'exchange.response')
  await page.goto(system.url + '/controls?control=IAM-01')
  await page.locator('details.criterion[open]').first().waitFor()
  await page.goto(system.url + '/controls#CC6.1')
  const box = page.locator('details.criterion[id="CC6.1"]')
  await box.getByText('newest entry and proof').first().waitFor()
  await box.getByText('newest entry and proof').first().click()
  await page.waitForURL(/\/log\?log=.*entry=/)
  await page.getByText('proof and signature hold').waitFor()
  assert.deepEqual(page.errors, [])
})
