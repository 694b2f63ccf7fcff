// Exchanges, routes, classes and the log as somebody who examines them uses them: with the keyboard, by address.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { System } from '../gateway/system.mjs'

const extra = `groups: {hsm: [dev]}
repositories:
  - name: acme/payments
    class: confidential
    paths: [{path: src/hsm/**, class: restricted}]
access:
  - {id: no-shop, repository: acme/shop, then: refuse}
  - {id: hide, class: restricted, then: cut}
`
let system, browser, page
const N = 120

before(async () => {
  system = await new System({ extra, vendors: `vendors:
  shut:
    api: gemini
    base_url: http://127.0.0.1:1
    assessment: {decision: approved, by: "J. Doe", until: 2026-01-31}
  closing:
    api: openai
    base_url: http://127.0.0.1:1
    models: other-*
    plan: team
    plans: {team: {training: none, retention: none, mismatch: refuse}}
    assessment: {decision: approved, by: "J. Doe", until: ${new Date(Date.now() + 9 * 86400000).toISOString().slice(0, 10)}}
` }).start()
  for (let i = 0; i < N; i++) await ask(i % 4 === 0 ? `write to carl${i}@example.org and ${i}@kundenpost.org` : 'nothing here', { 'user-agent': i % 2 ? 'tool-a/1.0' : 'tool-b/2.0' })
  await ask('x', { 'x-api-key': 'ck-wrong' })
  await fetch(system.url + '/vendor/shut/v1beta/models/g:generateContent', { method: 'POST', headers: { 'x-goog-api-key': system.key }, body: JSON.stringify({ contents: [{ parts: [{ text: 'hi' }] }] }) })
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage()
  page.errors = []
  page.on('pageerror', (e) => page.errors.push(String(e)))
  page.on('console', (m) => m.type() === 'error' && !/status of 401/.test(m.text()) && page.errors.push(m.text()))
  await page.goto(system.json('signin').url)
  await page.getByText('Sign out').waitFor()
  for (let i = 0; i < 100; i++) {
    const d = await api('/exchanges?state=answered&limit=1')
    if (d.total >= N) break
    await new Promise((done) => setTimeout(done, 50))
  }
})
after(async () => {
  await browser?.close()
  await system.remove()
})

const ask = async (text, headers = {}) => (await fetch(system.url + '/vendor/sink/v1/messages', { method: 'POST', headers: { 'x-api-key': system.key, 'x-custos-repo': 'acme/payments', ...headers }, body: JSON.stringify({ model: 'sink', max_tokens: 9, messages: [{ role: 'user', content: text }] }) })).text()
const api = (path) => page.evaluate(async (p) => (await fetch('/api/v1' + p)).json(), path)
const open = (path) => page.goto(system.url + path)
const rows = () => page.locator('tbody tr').count()

test('a filter is chosen by keyboard, stands in the address and on paper, and Backspace takes it away', async () => {
  await open('/exchanges')
  await page.getByText(`1–100 of ${N + 2}`).waitFor()
  await page.keyboard.press('f')
  await page.getByLabel('Client').selectOption('tool-a/1.0')
  await page.waitForURL(/client=tool-a/)
  await page.getByText(`1–60 of 60 that match, ${N + 2} in all`).waitFor()
  assert.equal(await rows(), 60)
  await page.getByLabel('Found').selectOption('EMAIL_ADDRESS')
  await page.getByText('No exchange matches.').waitFor()
  assert.match(await page.locator('.in-print').textContent(), /Client tool-a\/1\.0, Found e-mail/)
  await page.locator('h1').click()
  await page.keyboard.press('Backspace')
  await page.waitForURL((u) => !u.search.includes('found'))
  await page.getByText('1–60 of 60').waitFor()
  assert.deepEqual(page.errors, [])
})

test('pages by cursor show each exchange once', async () => {
  const seen = new Set()
  await open('/exchanges?decision=allow')
  for (const range of [`1–100 of ${N}`, `101–${N} of ${N}`]) {
    await page.getByText(range).waitFor()
    for (const href of await page.locator('a.rowlink').evaluateAll((all) => all.map((a) => a.pathname))) seen.add(href)
    if (range.startsWith('1–')) await page.getByRole('link', { name: 'Older' }).click()
  }
  assert.equal(seen.size, N)
})

test('one exchange: where surrogates stand, why, the vendor then, and neighbours within the filter', async () => {
  const sent = await api('/exchanges?found=EMAIL_ADDRESS&limit=3')
  const [first, second] = sent.items
  await open(`/exchanges/${first.id}?found=EMAIL_ADDRESS`)
  await page.getByText('comes out the same').waitFor()
  assert.equal(await page.getByText('e-mail 2 replaced').count(), 1)
  assert.equal(first.marks.length, 2)
  await page.getByText('not captured').waitFor()
  await page.getByText('no entry of one before this exchange').waitFor()
  assert.ok(!(await page.content()).includes('kundenpost'))
  await page.keyboard.press('j')
  await page.waitForURL((u) => u.pathname.endsWith(second.id) && u.search === '?found=EMAIL_ADDRESS')
  const refused = (await api('/exchanges?vendor=shut')).items[0]
  await open(`/exchanges/${refused.id}`)
  await page.getByText('the request stopped here').waitFor()
  await page.getByText(/approved by J\. Doe/).waitFor()
  assert.deepEqual(page.errors, [])
})

test('a route says whether it is open, until when, what it refuses and what it did', async () => {
  await open('/registers/routes')
  await page.getByText('closed: assessment expired').waitFor()
  await page.getByText(/open, ends in \d+ days/).waitFor()
  await page.getByText('a request to store (store: true, background): is refused').waitFor()
  await page.getByRole('row', { name: /refused: assessment expired/ }).getByRole('link', { name: '1' }).click()
  await page.waitForURL(/vendor=shut/)
  await page.getByText('1–1 of 1 that match').waitFor()
  assert.deepEqual(page.errors, [])
})

test('classes: rules in order with what they decided; the figure opens its exchanges', async () => {
  await open('/registers/classes')
  const row = page.locator('#rule-builtin\\.allow')
  await row.getByRole('link', { name: `${N} let pass` }).click()
  await page.getByText(`1–100 of ${N} that match`).waitFor()
  await open('/registers/bundles')
  await page.getByText('in force', { exact: true }).first().waitFor()
  assert.deepEqual(page.errors, [])
})

test('the log: entries by type, one with its proof, and its neighbours in the writer’s chain', async () => {
  await open('/log?view=entries&log=org')
  await page.locator('a.rowlink').first().waitFor()
  await page.keyboard.press('f')
  await page.getByLabel('Type').selectOption('vendor.assessed')
  await page.getByText('1–2 of 2').waitFor()
  await page.locator('a.rowlink').first().click()
  await page.getByText('Checked in this browser just now: proof and signature hold.').waitFor()
  await page.getByText('Its writer\'s entry before').waitFor()
  const beside = await api(`/logs/t:acme/entries/2/neighbours`)
  assert.equal(beside.before.index, 1)
  assert.equal(beside.chain_before.seq + 1, (await api('/logs/t:acme/entries?limit=1&cursor=3')).items[0].seq)
  await open('/log?view=history')
  await page.locator('a.rowlink').first().click()
  await page.getByText('proof and signature hold').waitFor()
  await open('/log')
  await page.getByText('By the log\'s own key').first().waitFor()
  assert.deepEqual(page.errors, [])
})

test('witnesses and time stamps: no data as long as there are none, then what they said', async () => {
  await open('/log')
  await page.getByText('No witness has cosigned a checkpoint here').waitFor()
  await page.getByText('No time stamp authority has stamped').waitFor()
  // a checkpoint with a cosignature, as docs/formats/log.md says that it lies there
  const anchor = join(system.status.log_dir, 'anchor'), note = readFileSync(join(anchor, 'checkpoint'), 'utf8')
  const time = Buffer.alloc(8)
  time.writeBigUInt64BE(1795000000n)
  const line = `— witness.example/w1 ${Buffer.concat([Buffer.from('0a0b0c0d', 'hex'), time, Buffer.alloc(64, 7)]).toString('base64')}\n`
  for (const [size, text] of [['000000000001', 'older'], [note.split('\n')[1].padStart(12, '0'), note + line]]) {
    mkdirSync(join(anchor, 'cosigned'), { recursive: true })
    writeFileSync(join(anchor, 'cosigned', size), text)
  }
  await open('/log')
  await page.getByText('witness.example/w1', { exact: true }).waitFor()
  await page.getByText(/key 0a0b0c0d, says 18 Nov 2026/).waitFor()
  assert.deepEqual(page.errors, [])
})

test('the overview names what is next and leads there', async () => {
  await open('/')
  await page.getByText('is closed: assessment expired').waitFor()
  await page.getByText('Vendor assessed').waitFor()
  await page.locator('.next-list').getByRole('link', { name: 'Open the route' }).first().click()
  await page.waitForURL(/registers\/routes#shut/)
  assert.deepEqual(page.errors, [])
})
