// The desk of changes as an approver uses it: one screen with share, tests, scans, reviewers and reasons; she approves,
// takes back, and is told why she may not.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join as path } from 'node:path'
import { chromium } from 'playwright-core'
import { Provider } from '../gateway/provider.mjs'
import { System, custos } from '../gateway/system.mjs'
import { join } from './people.mjs'

let s, provider, browser, bo, dev, sha
const shots = process.env.CUSTOS_SHOTS
const code = Array.from({ length: 40 }, (_, i) => `export const rate${i} = (amount, currency) => round(amount * table${i}[currency], ${i})`)
const as = (who, ...args) => {
  const r = spawnSync(custos, [...args, '--config', s.config, '--format', 'json'], { encoding: 'utf8', cwd: s.dir, env: { ...process.env, CUSTOS_SESSION: who?.session ?? '' } })
  assert.equal(r.status, 0, args.join(' ') + r.stdout + r.stderr)
  return JSON.parse(r.stdout)
}
const file = (name, text) => { const f = path(s.dir, name); writeFileSync(f, text); return f }

before(async () => {
  provider = await new Provider().start()
  s = await new System({ upstream: provider.url, extra: 'gates:\n  - {env: production, approvals: 1}\n  - {env: staging, approvals: 0, review: false, scans: false}\n' }).start()
  ;[bo, dev] = [await join(s, 'Bo', 'approver'), await join(s, 'Dev', 'developer')]
  provider.how = { calls: [{ name: 'Write', input: { file_path: 'rates.js', content: code.join('\n') } }] }
  const r = await fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': s.key, 'content-type': 'application/json', 'user-agent': 'claude-cli/2.1' }, body: JSON.stringify({ model: 'claude-x', max_tokens: 99, messages: [{ role: 'user', content: 'write it' }] }) })
  await r.text()
  const repo = path(s.dir, 'repo'), git = (...a) => { const x = spawnSync('git', ['-C', repo, '-c', 'user.name=Dev', '-c', 'user.email=d@example.com', ...a], { encoding: 'utf8' }); assert.equal(x.status, 0, x.stderr); return x.stdout.trim() }
  mkdirSync(repo)
  git('init', '-q', '-b', 'main')
  writeFileSync(path(repo, 'rates.js'), [...code, ...Array.from({ length: 20 }, (_, i) => `function own${i}(value, other) { return value + other + ${i} }`)].join('\n'))
  git('add', '-A')
  git('commit', '-qm', 'Exchange rates for invoices')
  sha = git('rev-parse', 'HEAD')
  for (let i = 0; i < 100 && !s.run('log', 'list', '--type', 'output.printed', '--config', s.config).stdout; i++) await new Promise((done) => setTimeout(done, 100))
  as(dev, 'change', 'add', '--commit', sha, '--repo', 'acme/pay', '--author', 'Dev', '--title', 'Exchange rates for invoices', '--git', repo)
  as(dev, 'change', 'report', sha, '--junit', file('j.xml', '<testsuite name="unit"><testcase name="a"/><testcase name="b"/></testsuite>'))
  as(dev, 'change', 'report', sha, '--sarif', file('s.json', JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: { name: 'scanner' } }, results: [{ ruleId: 'r', level: 'warning', message: { text: 'x' } }] }] })))
  as(dev, 'deploy', 'request', '--env', 'production', '--commit', sha, '--reason', 'Invoices of December')
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
})
after(async () => { await browser?.close(); await s?.remove(); await provider.stop() })

const page = async (session, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  await context.addCookies([{ name: 'custos_session', value: session, url: s.url }])
  const p = await context.newPage()
  p.setDefaultTimeout(9000)
  p.errors = []
  p.on('pageerror', (e) => p.errors.push(String(e)))
  p.on('console', (m) => m.type() === 'error' && !/status of 40[0-9]/.test(m.text()) && p.errors.push(m.text()))
  return p
}

test('the list says what waits, and how much a model wrote', async () => {
  const p = await page(bo.session)
  await p.goto(s.url + '/changes')
  const row = p.locator('tbody tr').first()
  await row.getByText('40 of 60 lines').waitFor()
  assert.match(await row.innerText(), /Exchange rates for invoices[\s\S]*Dev[\s\S]*66\.6 %/)
  await row.getByRole('link').click()
  await p.getByRole('heading', { name: 'Exchange rates for invoices' }).waitFor()
  assert.deepEqual(p.errors, [])
})

test('one screen has all, in each look and width', async () => {
  for (const colorScheme of ['light', 'dark']) for (const width of [1280, 390]) {
    const p = await page(bo.session, { colorScheme, viewport: { width, height: 900 } })
    await p.goto(`${s.url}/changes/${sha}`)
    await p.getByText('claude-x of anthropic').waitFor()
    const text = await p.locator('main').innerText()
    for (const said of [/production may not go/, /nobody but the author has reviewed it/, /staging may go/, /scanner/, /unit/, /Invoices of December/, /Nobody has reviewed it/, /dev/]) assert.match(text, said)
    assert.ok(await p.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} wide`)
    assert.deepEqual(p.errors, [])
    if (shots) await p.screenshot({ path: `${shots}/change-${colorScheme}-${width}.png`, fullPage: true })
    if (shots) { await p.goto(`${s.url}/changes`); await p.locator('tbody tr').first().waitFor(); await p.screenshot({ path: `${shots}/changes-${colorScheme}-${width}.png`, fullPage: true }) }
    await p.context().close()
  }
})

test('she reviews and approves, the gate opens; she takes it back, and it is shut', async () => {
  const p = await page(bo.session)
  await p.goto(`${s.url}/changes/${sha}`)
  await p.getByRole('button', { name: /^Review it/ }).click()
  await p.getByLabel(/^Verdict/).selectOption('approved')
  await p.getByRole('button', { name: 'Record a review', exact: true }).click()
  await p.locator('form.keyform').waitFor({ state: 'detached' })
  await p.getByRole('region', { name: 'Reviews' }).locator('tbody').getByText('Bo').waitFor()
  await p.getByRole('button', { name: /^Approve/ }).click()
  await p.getByLabel(/^Note/).fill('Looked at the rounding')
  await p.getByRole('button', { name: 'Approve a deployment', exact: true }).click()
  await p.getByText('production may go').waitFor()
  assert.equal(spawnSync(custos, ['gate', '--env', 'production', '--commit', sha, '--config', s.config]).status, 0)
  await p.getByRole('button', { name: /^Take back/ }).click()
  await p.getByRole('button', { name: 'Take back', exact: true }).last().click()
  await p.getByText('production may not go').waitFor()
  assert.deepEqual(p.errors, [])
})

test('who wrote it is told why she may not', async () => {
  const p = await page(dev.session)
  await p.goto(`${s.url}/changes/${sha}`)
  await p.getByRole('button', { name: /^Review it/ }).click()
  await p.getByLabel(/^Verdict/).selectOption('approved')
  await p.getByRole('button', { name: 'Record a review', exact: true }).click()
  await p.getByRole('alert').getByText('whoever wrote a change does not review it').waitFor()
  await p.getByRole('button', { name: 'Cancel' }).click()
  await p.getByRole('button', { name: /^Approve/ }).click()
  await p.getByRole('button', { name: 'Approve a deployment', exact: true }).click()
  await p.getByRole('alert').waitFor()
})
