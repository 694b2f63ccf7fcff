// The desk of changes as an approver uses it: one screen with share, tests, scans, reviewers and reasons; she approves,
// takes back, and is told why she may not.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join as path } from 'node:path'
import { chromium } from 'playwright-core'
import { Provider } from '../gateway/provider.mjs'
import { System, custos } from '../gateway/system.mjs'
import { join } from './people.mjs'

let s, provider, browser, bo, dev, sec, sha, base
const shots = process.env.CUSTOS_SHOTS
const code = Array.from({ length: 40 }, (_, i) => `export const rate${i} = (amount, currency) => round(amount * table${i}[currency], ${i})`)
const as = (who, ...args) => {
  const r = spawnSync(custos, [...args, '--config', s.config, '--format', 'json'], { encoding: 'utf8', cwd: s.dir, env: { ...process.env, CUSTOS_SESSION: who?.session ?? '' } })
  assert.equal(r.status, 0, args.join(' ') + r.stdout + r.stderr)
  return JSON.parse(r.stdout)
}
const old = 'const before = 1\n'
const hostile = `<i>a'b".js`
const secret = 'sk-ant-api03-' + randomBytes(80).toString('base64url').slice(0, 93) + 'AA'
const file = (name, text) => { const f = path(s.dir, name); writeFileSync(f, text); return f }

before(async () => {
  provider = await new Provider().start()
  s = await new System({ upstream: provider.url, extra: 'gates:\n  - {env: production, approvals: 1}\n  - {env: staging, approvals: 0, review: false, scans: false}\n' }).start()
  ;[bo, dev, sec] = [await join(s, 'Bo', 'approver'), await join(s, 'Dev', 'developer'), await join(s, 'Sam', 'security')]
  provider.how = { calls: [{ name: 'Write', input: { file_path: 'rates.js', content: code.join('\n') } }] }
  const r = await fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': s.key, 'content-type': 'application/json', 'user-agent': 'claude-cli/2.1' }, body: JSON.stringify({ model: 'claude-x', max_tokens: 99, messages: [{ role: 'user', content: 'write it' }] }) })
  await r.text()
  const repo = path(s.dir, 'repo'), git = (...a) => { const x = spawnSync('git', ['-C', repo, '-c', 'user.name=Dev', '-c', 'user.email=d@example.com', ...a], { encoding: 'utf8' }); assert.equal(x.status, 0, x.stderr); return x.stdout.trim() }
  mkdirSync(repo)
  git('init', '-q', '-b', 'main')
  writeFileSync(path(repo, 'rates.js'), old)
  git('add', '-A')
  git('commit', '-qm', 'Before')
  base = git('rev-parse', 'HEAD')
  writeFileSync(path(repo, hostile), `const key = "${secret}"\nimport { exec } from "node:child_process"\nexport function run(req) { exec("ls " + req.query.dir) }\nif (user !== "admin\u202e") {}\n<img src=x onerror="document.title=1">\n`)
  writeFileSync(path(repo, 'logo.png'), Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n\0', 'latin1'), randomBytes(600)])) // binary: it holds a NUL
  writeFileSync(path(repo, 'rates.js'), [...code, ...Array.from({ length: 20 }, (_, i) => `function own${i}(value, other) { return value + other + ${i} }`)].join('\n'))
  git('add', '-A')
  git('commit', '-qm', 'Exchange rates for invoices')
  sha = git('rev-parse', 'HEAD')
  for (let i = 0; i < 1000 && !s.run('log', 'list', '--type', 'output.printed', '--config', s.config).stdout; i++) await new Promise((done) => setTimeout(done, 100))
  as(dev, 'change', 'add', '--commit', sha, '--repo', 'acme/pay', '--author', 'Dev', '--title', 'Exchange rates for invoices', '--git', repo)
  as(dev, 'change', 'report', sha, '--junit', file('j.xml', '<testsuite name="unit"><testcase name="a"/><testcase name="b"/></testsuite>'))
  as(dev, 'change', 'report', sha, '--sarif', file('s.json', JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: { name: 'scanner' } }, results: [{ ruleId: 'r', level: 'warning', message: { text: 'adds without <b>rounding</b>' }, locations: [{ physicalLocation: { artifactLocation: { uri: 'rates.js' }, region: { startLine: 45 } } }] }] }] })))
  as(dev, 'deploy', 'request', '--env', 'production', '--commit', sha, '--reason', 'Invoices of December')
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
})
after(async () => { await browser?.close(); await s?.remove(); await provider.stop() })

const page = async (session, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  await context.addCookies([{ name: 'custos_session', value: session, url: s.url }])
  const p = await context.newPage()
  p.errors = []
  p.on('pageerror', (e) => p.errors.push(String(e)))
  p.on('console', (m) => m.type() === 'error' && !/status of 40[0-9]/.test(m.text()) && p.errors.push(m.text()))
  return p
}

test('the list says what waits, and how much a model wrote', async () => {
  const p = await page(bo.session)
  await p.goto(s.url + '/changes')
  const row = p.locator('tbody tr').first()
  await row.getByText('40 of 65 lines').waitFor()
  assert.match(await row.innerText(), /Exchange rates for invoices[\s\S]*Dev[\s\S]*61\.5 %/)
  await row.getByRole('link').click()
  await p.getByRole('heading', { name: 'Exchange rates for invoices' }).waitFor()
  assert.deepEqual(p.errors, [])
})

test('one screen has all, in each look and width', async () => {
  for (const colorScheme of ['light', 'dark']) for (const width of [1280, 390]) {
    const p = await page(bo.session, { colorScheme, viewport: { width, height: 900 } })
    await p.goto(`${s.url}/changes/${sha}`)
    await p.getByRole('region', { name: 'Exchanges' }).getByText('claude-x of anthropic').waitFor()
    await p.getByText('M1', { exact: true }).first().waitFor()
    const text = await p.locator('main').innerText()
    for (const said of [/production may not go/, /nobody but the author has reviewed it/, /staging may go/, /scanner/, /unit/, /Invoices of December/, /Nobody has reviewed it/, /dev/]) assert.match(text, said)
    assert.ok(await p.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} wide`)
    assert.deepEqual(p.errors, [])
    if (shots) await p.screenshot({ path: `${shots}/change-${colorScheme}-${width}.png`, fullPage: true })
    if (shots) { await p.goto(`${s.url}/changes`); await p.locator('tbody tr').first().waitFor(); await p.screenshot({ path: `${shots}/changes-${colorScheme}-${width}.png`, fullPage: true }) }
    await p.context().close()
  }
})

test('the code stands on the same screen: by whom each line is, what is found on it, values hidden, all of it text', async () => {
  const p = await page(bo.session)
  await p.goto(`${s.url}/changes/${sha}`)
  const diff = p.getByRole('region', { name: 'What it changes' })
  await diff.getByText('3 files').waitFor()
  const text = await diff.innerText()
  for (const said of [/against\s+[0-9a-f]{12}/, /40 of \d+ added lines/, /M1 claude-x of anthropic/, /asked for by [^p]/, /1 file not shown/, /anthropic/i, /U\+202E/, /<img src=x onerror=/, /logo\.png/, /adds without <b>rounding<\/b>/, /scanner\/r/, /CWE-78/]) assert.match(text, said)
  assert.ok(!(await p.content()).includes(secret))
  assert.equal(await diff.locator('img').count(), 0)
  assert.equal(await diff.locator('tr.d-add td.d-model').count(), 40)
  assert.equal(await diff.locator('tr.d-del').count(), 1)
  // a finding stands below its line
  const below = await diff.locator('tr.d-find', { hasText: 'adds without' }).evaluate((x) => x.previousElementSibling.textContent)
  assert.match(below, /^45/)
  assert.equal(await diff.getByRole('button', { name: /^Show/ }).count(), 0)
  assert.notEqual(await p.title(), '1')
  assert.deepEqual(p.errors, [])
  await p.emulateMedia({ media: 'print' })
  await p.evaluate(() => dispatchEvent(new Event('beforeprint')))
  assert.equal(await diff.locator('details:not([open])').count(), 0)
  if (shots) writeFileSync(`${shots}/change.pdf`, await p.pdf({ format: 'A4' }))
})

test('who answers for values opens them, and it is on record; the log never has the code', async () => {
  const p = await page(sec.session)
  await p.goto(`${s.url}/changes/${sha}`)
  await p.getByRole('button', { name: /^Show \d+ value/ }).click()
  await p.getByLabel(/^What for/).fill('Is the key in use?')
  await p.getByRole('button', { name: /^Show \d+ value/ }).click()
  await p.locator('mark.opened', { hasText: secret }).waitFor()
  const e = await s.sealed((x) => x.type === 'change.values_shown', 'org')
  assert.equal(e.body.purpose, 'Is the key in use?')
  const all = s.run('log', 'list', '--format', 'json', '--config', s.config).stdout
  assert.ok(all.includes('change.values_shown') && !all.includes(secret) && !all.includes('rounding') && !all.includes('table3'))
  const kept = readFileSync(path(s.dir, 'state', 'changes', sha))
  assert.ok(!kept.includes('table3') && !kept.includes(secret))
  assert.deepEqual(p.errors, [])
})

test('what is sent is worked out again: objects of another commit, or with a byte changed, are refused', async () => {
  const call = (body, who = dev) => fetch(`${s.url}/api/v1/changes/${sha}/diff`, { method: 'POST', headers: { cookie: `custos_session=${who.session}`, 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const object = (type, text) => { const head = Buffer.alloc(5); head.write(type); head.writeUInt32BE(text.length, 1); return Buffer.concat([head, text]) }
  const forged = Buffer.from(`tree ${createHash('sha1').update('tree 0\0').digest('hex')}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nx\n`)
  const objects = Buffer.concat([Buffer.from('custos change 1\n'), Buffer.alloc(20), object('c', forged), object('t', Buffer.alloc(0))])
  for (const [body, said] of [[{ objects: objects.toString('base64') }, /the commit itself is missing|a commit between/], [{ objects: 'no base64' }, /./], [{}, /objects/], [{ objects: Buffer.from('x').toString('base64') }, /custos change writes/]]) {
    const r = await call(body)
    assert.equal(r.status, 400, await r.clone().text())
    assert.match((await r.json()).detail, said)
  }
  assert.equal((await call({ objects: '' }, bo)).status, 403)
  assert.equal((await fetch(`${s.url}/api/v1/changes/${'0'.repeat(40)}/diff`, { headers: { cookie: `custos_session=${bo.session}` } })).status, 404)
  assert.equal((await fetch(`${s.url}/api/v1/changes/${sha}/diff`, { headers: { cookie: `custos_session=${bo.session}` } })).status, 200)
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
  await p.getByLabel(/^Note/).fill('It is mine')
  await p.getByRole('button', { name: 'Record a review', exact: true }).click()
  await p.getByRole('alert').getByText('whoever wrote a change does not review it').waitFor()
  assert.equal(await p.getByLabel(/^Note/).inputValue(), 'It is mine', 'what was typed is gone')
  await p.getByRole('button', { name: 'Cancel' }).click()
  await p.getByRole('button', { name: /^Approve/ }).click()
  await p.getByRole('button', { name: 'Approve a deployment', exact: true }).click()
  await p.getByRole('alert').waitFor()
})
