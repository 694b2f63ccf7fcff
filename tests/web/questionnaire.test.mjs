// Questionnaires in the console: a file is brought in, reviewed by keyboard with the evidence beside each question, and leaves.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { System } from '../gateway/system.mjs'
import { csv, xlsx, unzip } from '../e2e/office.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const shots = process.env.CUSTOS_SHOTS
let system, browser, page
before(async () => {
  system = await new System().start()
  for (let i = 0; i < 5; i++) await (await fetch(system.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': system.key }, body: JSON.stringify({ model: 'sink', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] }) })).text()
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  page = await (await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true })).newPage()
  page.errors = []
  page.on('pageerror', (e) => page.errors.push(String(e)))
  page.on('console', (m) => m.type() === 'error' && !/status of 401/.test(m.text()) && page.errors.push(m.text()))
  page.on('dialog', (d) => { page.errors.push('a dialog opened'); d.dismiss() })
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
  for (const width of [390, 320, 1280]) {
    await page.setViewportSize({ width, height: 900 })
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${where} scrolls sideways at ${width}`)
    for (const scheme of shots && width !== 320 ? ['light', 'dark'] : []) {
      await page.emulateMedia({ colorScheme: scheme })
      await page.screenshot({ path: join(shots, `${where}-${width}-${scheme}.png`), fullPage: true })
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
  assert.deepEqual(page.errors, [], where)
}

const rows = [['ID', 'Question', 'Response'], ['Access', null, null], ['A1', 'Do you log every use of the assistant?', ''], ['A2', 'Do you have a bug bounty programme?', ''],
  ['A3', '<img src=x onerror=alert(1)> Which colour is your logo?', ''], ['A4', 'Which LLMs receive our data?', '']]

test('a workbook is brought in, refused files say why, and the review goes by keyboard', async () => {
  await page.goto(system.url + '/examination')
  await page.getByRole('link', { name: 'Questionnaires' }).click()
  await page.getByText('No questionnaire yet.').waitFor()
  await clean('empty')
  const file = join(system.dir, 'buyer.xlsx'), bad = join(system.dir, 'bad.csv')
  writeFileSync(file, xlsx([['Sheet', rows, ['A2:C2']]]))
  writeFileSync(bad, 'a,b\n1,2\n')
  await page.getByLabel(/A questionnaire/).setInputFiles(bad)
  await page.getByRole('alert').getByText('no question was found').waitFor()
  page.errors.length = 0 // the 400 that was asked for
  await page.getByLabel(/A questionnaire/).setInputFiles(file)
  await page.getByRole('heading', { name: 'Do you log every use of the assistant?' }).waitFor()
  await page.getByRole('complementary', { name: 'Evidence' }).getByRole('link', { name: /^t\/acme#\d+$/ }).first().waitFor()
  await clean('card')
  // what facts do not decide is not approved by a mere Enter
  await page.keyboard.press('s')
  await page.getByRole('heading', { name: 'bug bounty' }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByText('Facts do not decide this one').waitFor()
  await page.keyboard.press('t')
  await page.getByRole('textbox').fill('Reports go to security@example.org.')
  await page.keyboard.press('Control+Enter')
  await page.getByRole('heading', { name: 'Which colour is your logo?' }).waitFor()
  assert.equal(await page.locator('img').count(), 0)
  await page.keyboard.press('t')
  await page.getByRole('textbox').fill('=1+1 <script>alert(2)</script>')
  await page.getByRole('button', { name: /^Approve/ }).click()
  await page.getByRole('heading', { name: 'Which LLMs receive our data?' }).waitFor()
  await page.keyboard.press('f')
  await page.getByRole('heading', { name: '2 of 4 answers approved' }).waitFor()
  await clean('end')
})

test('it leaves as the file that came in, and as CSV without a formula; both are entries', async () => {
  let [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export as XLSX' }).click()])
  const sheet = unzip(readFileSync(await download.path()))['xl/worksheets/sheet1.xml']
  assert.match(sheet, /<c r="C4"[^>]*><is><t xml:space="preserve">Reports go to security@example\.org\.<\/t>/)
  assert.match(sheet, /=1\+1 &lt;script&gt;/)
  assert.match(sheet, /\[Draft, not approved\]/)
  ;[download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export as CSV' }).click()])
  const out = csv(readFileSync(await download.path(), 'utf8'))
  assert.deepEqual(out.map((r) => r.id), ['A1', 'A2', 'A3', 'A4'])
  assert.equal(out[2].answer, "'=1+1 <script>alert(2)</script>")
  assert.ok(out.every((r) => !r.answer || r.citations))
  await system.sealed((e) => e.type === 'questionnaire.exported' && e.body.format === 'csv' && e.body.approved === 2, 'org')
  await page.goto(system.url + '/examination/questionnaires')
  await page.getByRole('link', { name: 'buyer.xlsx' }).waitFor()
  await clean('list')
})
