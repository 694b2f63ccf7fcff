// Populations, samples and bundles in the console: frozen, counted again, drawn again, proven, saved.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { chromium } from 'playwright-core'
import { System, build } from '../gateway/system.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
let system, browser, page
before(async () => {
  system = await new System().start()
  for (let i = 0; i < 12; i++) await (await fetch(system.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': system.key }, body: JSON.stringify({ model: 'sink', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] }) })).text()
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  page = await (await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true })).newPage()
  page.errors = []
  page.on('pageerror', (e) => page.errors.push(String(e)))
  page.on('console', (m) => m.type() === 'error' && !/status of 401/.test(m.text()) && page.errors.push(m.text()))
  await page.goto(system.json('signin').url)
  await page.getByText('Sign out').waitFor()
})
after(async () => {
  await browser?.close()
  await system.remove()
})

async function clean(where) {
  const { violations } = await page.evaluate(`(() => { ${axe}; return window.axe.run({ runOnly: ['wcag2a', 'wcag2aa'] }) })()`)
  assert.deepEqual(violations.map((v) => `${where}: ${v.id} ${v.nodes[0].html}`), [])
  await page.setViewportSize({ width: 360, height: 800 })
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${where} scrolls sideways`)
  await page.setViewportSize({ width: 1280, height: 900 })
  assert.deepEqual(page.errors, [], where)
}

test('from a question to a proven item, each step checked in the browser', async () => {
  await page.goto(system.url + '/examination')
  await page.getByText('None was frozen yet.').waitFor()
  await clean('empty')
  await page.getByLabel('Control').selectOption('PIN-06')
  await page.getByRole('button', { name: 'Freeze the population' }).click()
  await page.getByText(/counted in this browser: \d+ rows, the same digest/).waitFor()
  await page.getByRole('button', { name: 'Ask the log again' }).click()
  await page.getByText('asked again over the same logs: the same answer').waitFor()
  await page.getByText('proof and signature hold').waitFor()
  await clean('population')
  await page.getByLabel('Seed').fill('quote " no')
  await page.getByRole('button', { name: 'Draw the sample' }).click()
  await page.getByRole('alert').getByText('the seed must be').waitFor()
  page.errors.length = 0 // the 400 that was asked for
  await page.getByLabel('Seed').fill('auditor 7')
  await page.getByLabel(/^Size/).fill('4')
  await page.getByRole('button', { name: 'Draw the sample' }).click()
  await page.getByText('drawn again in this browser: the same rows').waitFor()
  await page.getByRole('button', { name: /^check/ }).first().click()
  await page.getByText('proof and signature hold').first().waitFor()
  await clean('sample')
})

test('what was typed stays while the page reads again', async () => {
  await page.goto(system.url + '/examination')
  const rows = page.getByRole('region', { name: 'Populations' }).locator('tbody tr')
  await rows.first().waitFor()
  const before = await rows.count()
  await page.getByLabel('From').first().fill('2026-02-03')
  await page.evaluate(async () => {
    const day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10)
    const made = await fetch('/api/v1/populations', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ control: 'PIN-06', from: day(-1), to: day(1) }) })
    if (!made.ok) throw new Error(await made.text())
    document.dispatchEvent(new Event('visibilitychange')) // what is seen again is read again
  })
  await rows.nth(before).waitFor()
  assert.equal(await page.getByLabel('From').first().inputValue(), '2026-02-03')
})

test('a listing or a sample that was changed on its way is noticed', async () => {
  await page.route('**/listing', async (route) => {
    const r = await route.fetch()
    await route.fulfill({ response: r, body: (await r.text()).replace('"index":', '"index": ') })
  })
  await page.goto(system.url + '/examination')
  await page.getByRole('region', { name: 'Populations' }).locator('a.rowlink').first().click() // the samples may be there before them
  await page.getByText('another digest').waitFor()
  await page.unroute('**/listing')
  await page.route(/samples\/[0-9A-Z]{26}$/, async (route) => {
    const r = await route.fetch()
    await route.fulfill({ response: r, body: (await r.text()).replace(/"rows":"(\d+)/, (_, n) => `"rows":"${Number(n) + 1}`) })
  })
  await page.goto(system.url + '/examination')
  await page.getByRole('region', { name: 'Samples' }).locator('a.rowlink').first().click()
  await page.getByText('drawn again in this browser: other rows').waitFor()
  await page.unroute(/samples\/[0-9A-Z]{26}$/)
})

test('the bundle is saved from the page, and custos-verify takes it', async () => {
  await page.goto(system.url + '/examination')
  await page.getByRole('button', { name: 'Make the bundle' }).click()
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: /^Save/ }).click()])
  const path = join(system.dir, 'bundle.tar.zst')
  await file.saveAs(path)
  const r = spawnSync(join(build, 'src/verify/custos-verify'), [path], { encoding: 'utf8' })
  assert.equal(r.status, 0, r.stdout + r.stderr)
  await clean('full')
})
