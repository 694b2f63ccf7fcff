// The page Reports in a browser: one is made and saved, stands in the list with its entry, and prints with its sources.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { System } from '../gateway/system.mjs'

let s, browser, page
before(async () => {
  s = await new System().start()
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  page = await (await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true })).newPage()
  page.errors = []
  page.on('pageerror', (e) => page.errors.push(String(e)))
  page.on('console', (m) => m.type() === 'error' && page.errors.push(m.text()))
  await page.goto(s.json('signin').url)
  await page.getByText('Sign out').waitFor()
})
after(async () => { await browser?.close(); await s?.remove() })

test('a report is made, saved, and stands in the list with its digest', async () => {
  await page.goto(s.url + '/reports')
  await page.getByText('None was made yet').waitFor()
  await page.locator('form select').first().selectOption('readiness')
  await page.locator('form select').last().selectOption('json')
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Make and save it' }).click()])
  assert.match(file.suggestedFilename(), /^readiness-\d{4}-\d\d-\d\d\.json$/)
  const hash = createHash('sha256').update(readFileSync(await file.path())).digest('hex')
  await page.locator(`td[title="${hash}"]`).waitFor()
  for (const [scheme, width] of [['light', 1280], ['dark', 390]]) {
    await page.emulateMedia({ colorScheme: scheme })
    await page.setViewportSize({ width, height: 900 })
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} scrolls sideways`)
    if (process.env.CUSTOS_SHOTS) await page.screenshot({ path: join(process.env.CUSTOS_SHOTS, `reports-${scheme}-${width}.png`), fullPage: true })
  }
  assert.deepEqual(page.errors, [])
})

test('what cannot be is said, and nothing is saved', async () => {
  await page.getByLabel('From').fill('2020-01-01')
  await page.getByRole('button', { name: 'Make and save it' }).click()
  await page.getByText('This report covers at most').waitFor()
})

test('a system description prints, with the log head on its pages and each figure beside its source', async () => {
  const out = join(s.dir, 'description.html')
  const to = new Date(Date.now() + 86400000).toISOString().slice(0, 10), from = new Date(Date.now() - 30 * 86400000).toISOString().slice(0, 10)
  const r = s.run('report', 'make', 'system-description', '--from', from, '--to', to, '--format', 'html', '--out', out, '--config', s.config)
  assert.equal(r.status, 0, r.stderr)
  const other = await (await browser.newContext()).newPage()
  await other.goto('file://' + out)
  for (const [scheme, width] of [['light', 1280], ['dark', 390]]) {
    await other.emulateMedia({ colorScheme: scheme })
    await other.setViewportSize({ width, height: 900 })
    assert.ok(await other.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} scrolls sideways`)
    if (process.env.CUSTOS_SHOTS) await other.screenshot({ path: join(process.env.CUSTOS_SHOTS, `paper-${scheme}-${width}.png`), fullPage: false })
  }
  await other.emulateMedia({ media: 'print', colorScheme: 'light' })
  const pdf = await other.pdf({ preferCSSPageSize: true, path: process.env.CUSTOS_SHOTS && join(process.env.CUSTOS_SHOTS, 'paper.pdf') })
  assert.equal(pdf.subarray(0, 5).toString(), '%PDF-')
  const figures = await other.locator('sup a').count()
  assert.ok(figures > 10 && figures === await other.locator('ol li').count())
  await other.locator('sup a').first().click()
  assert.match(other.url(), /#s1$/)
})
