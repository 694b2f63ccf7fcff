// Scans that are recorded: counts, what is new and gone, the way to the proof, and nothing of what was
// found in log, database, API or page.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { plant, leaks } from '../gateway/planted.mjs'
import { System, custos } from '../gateway/system.mjs'
import { settled, watched } from './settled.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const { secrets, value } = plant()
const mail = `grace.${randomBytes(4).toString('hex')}@kundenpost.org` // example.org is known as an example
const path = 'folder-that-nobody-need-know/credentials-of-grace.txt'
let system, browser, repo

const git = (...args) => {
  const r = spawnSync('git', ['-C', repo, '-c', 'user.name=x', '-c', 'user.email=x@invalid', ...args], { encoding: 'utf8' })
  assert.equal(r.status, 0, r.stderr)
  return r.stdout.trim()
}
const write = (text) => writeFileSync(join(repo, path), text)
const scan = (...args) => {
  const r = spawnSync(custos, ['scan', '--config', system.config, '--record', '--format', 'json', ...args], { encoding: 'utf8', cwd: repo })
  return { ...r, report: r.stdout ? JSON.parse(r.stdout) : null }
}
// The admin socket: what the command line sees.
const admin = (place, ...args) => {
  const master = system.pids('nginx')[0]
  const run = readFileSync(`/proc/${master}/cmdline`, 'utf8').match(/ -p (\S+)/)[1]
  return JSON.parse(spawnSync('curl', ['-s', '--unix-socket', join(run, 'admin.sock'), ...args, `http://localhost/api/v1${place}`], { encoding: 'utf8' }).stdout)
}
async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = watched(await context.newPage())
  page.errors = []
  page.on('pageerror', (e) => page.errors.push(String(e)))
  page.on('console', (m) => m.type() === 'error' && page.errors.push(m.text()))
  await page.goto(system.json('signin').url)
  await page.getByText('Sign out').waitFor()
  return page
}

before(async () => {
  system = await new System().start()
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  repo = join(system.dir, 'checkout')
  mkdirSync(join(repo, 'folder-that-nobody-need-know'), { recursive: true })
  write(`mail ${mail}\ncard ${value.card}\nkey ${value.aws}\n`)
  git('init', '-q')
  git('remote', 'add', 'origin', `https://grace:${value.github}@git.example.com:8443/acme/shop.git`)
  git('add', '.')
  git('commit', '-qm', 'one')
})
after(async () => {
  await browser?.close()
  await system?.remove()
})

test('before the first scan the page says what to run', async () => {
  const page = await open()
  await page.goto(system.url + '/findings')
  await page.getByText('No scan is recorded yet').waitFor()
  assert.ok(await page.getByText('custos scan . --record').isVisible())
  assert.deepEqual(page.errors, [])
})

test('the first scan is sealed with its counts; its name has no user and no password', async () => {
  const r = scan('.', '--tenant', 'acme')
  assert.equal(r.status, 1, r.stderr)
  const n = r.report.summary.findings
  assert.match(r.stderr, new RegExp(`Recorded for git\\.example\\.com/acme/shop: ${n} findings of \\d+ different values; entry \\d+ of log t:acme\\.`))
  assert.match(r.stderr, /Nothing to compare with/)
  const { body } = await system.sealed((e) => e.type === 'scan.completed')
  assert.equal(body.findings, n)
  assert.equal(body.commit, git('rev-parse', 'HEAD'))
  assert.equal(body.repository, 'git.example.com/acme/shop')
  assert.equal(body.mode, 'tree')
  assert.equal(Object.values(body.types).reduce((a, b) => a + b), n)
  assert.equal(Object.values(body.severity).reduce((a, b) => a + b), n)
  assert.ok(body.types.EMAIL_ADDRESS >= 1 && body.types.CREDIT_CARD >= 1 && body.types.SECRET >= 1)
  assert.equal(Buffer.from(body.prints, 'base64').length, 8 * body.distinct)
})

test('the second says what is new, gone and still there; a file that moved changes nothing', () => {
  const before = admin('/scans').items[0]
  write(`mail ${mail}\nkey ${value.aws}\nbank ${value.iban}\n`)
  let r = scan('.', '--tenant', 'acme')
  assert.match(r.stderr, /Since .*: 1 new, 1 gone, 2 still there\./)
  renameSync(join(repo, path), join(repo, 'elsewhere.txt'))
  r = scan('.', '--tenant', 'acme')
  assert.match(r.stderr, /Since .*: 0 new, 0 gone, 3 still there\./)
  renameSync(join(repo, 'elsewhere.txt'), join(repo, path))
  const [latest, second] = admin('/scans?repository=git.example.com/acme/shop&log=t:acme').items
  assert.equal(second.change.since, before.id)
  assert.deepEqual({ ...second.change, since: 0, since_at: 0, since_index: 0 }, { since: 0, since_at: 0, since_index: 0, new: 1, gone: 1, still: 2, estimated: false, other_rules: false })
  assert.equal(latest.change.since, second.id)
})

test('another question, another log and another repository are compared with nothing', () => {
  for (const args of [['.', '--tenant', 'acme', '--only', 'secret'], ['.'], ['.', '--tenant', 'acme', '--repository', 'acme/other'], ['--history', '--tenant', 'acme']])
    assert.match(scan(...args).stderr, /Nothing to compare with/, args.join(' '))
  assert.doesNotMatch(scan('--staged', '--tenant', 'acme').stderr, /Nothing to compare with|still there/)
  assert.match(scan('--history', '--tenant', 'acme').stderr, /0 new, 0 gone, \d+ still there/)
  const prints = system.entries('t/acme').concat(system.entries('org')).filter((e) => e.type === 'scan.completed')
    .map((e) => [e.tenant + e.body.repository, Buffer.from(e.body.prints, 'base64').toString('hex').match(/.{16}/g) ?? []])
  for (const [a, x] of prints) for (const [b, y] of prints) // the same values, yet nothing that links them
    if (a !== b) assert.deepEqual(x.filter((p) => y.includes(p)), [])
})

test('of more values than are kept, new and gone are estimated and say so', () => {
  const addresses = Array.from({ length: 3300 }, (_, i) => `${61 + (i % 30)}.${i % 251}.${(i * 7) % 251}.${1 + Math.floor(i / 30)}`)
  const numbers = (from) => writeFileSync(join(system.dir, 'many.txt'), addresses.slice(from, from + 3000).join('\n') + '\n')
  const run = () => scan('../many.txt', '--tenant', 'acme', '--repository', 'acme/many')
  numbers(0)
  assert.match(run().stderr, /3000 findings of \d+ different values/)
  numbers(300)
  const said = run().stderr.match(/Since .*: about (\d+) new, (\d+) gone, (\d+) still there/)
  assert.ok(said)
  const [fresh, gone, still] = said.slice(1).map(Number)
  assert.ok(fresh > 150 && fresh < 450 && gone > 150 && gone < 450 && still > 2300 && still < 3100, said[0])
  const { body } = system.entries().findLast((e) => e.body.repository === 'acme/many')
  assert.ok(body.distinct > 2600 && body.distinct < 3400)
  assert.equal(Buffer.from(body.prints, 'base64').length, 8000)
})

test('the control that asks for scans sees them', async () => {
  const { items } = admin('/criteria')
  const control = items.flatMap((c) => c.controls ?? []).find((c) => c.id === 'DAT-06')
  const evidence = control.evidence.find((e) => e.query === 'type = scan.completed')
  assert.equal(evidence.count, admin('/scans').total)
})

test('pages of the list follow one another', () => {
  const seen = []
  let cursor = ''
  do {
    const page = admin(`/scans?limit=2${cursor && `&cursor=${cursor}`}`)
    seen.push(...page.items.map((x) => x.id))
    cursor = page.next_cursor
    assert.equal(page.total, admin('/scans?limit=1000').items.length)
  } while (cursor)
  assert.deepEqual(seen, admin('/scans?limit=1000').items.map((x) => x.id))
  assert.ok(seen.length >= 8)
})

test('from each figure to a proof that the browser checks, in two clicks at most', async () => {
  const page = await open()
  await page.goto(system.url + '/')
  await page.locator('table.latest-scans a.fig').first().click()
  await page.getByText('proof and signature hold').waitFor()
  const asked = `/findings?repository=${encodeURIComponent('git.example.com/acme/shop')}&log=t:acme&mode=tree`
  await page.goto(system.url + asked)
  await page.locator('svg.trend a').first().waitFor()
  await page.locator('svg.trend a').last().click()
  await page.getByText('proof and signature hold').waitFor()
  assert.match(page.url(), /\/findings\/[0-9A-Z]{26}$/)
  await page.goBack()
  await page.getByRole('button', { name: 'Show as a table' }).click()
  await page.locator('figure table a.fig').first().click()
  await page.getByText('proof and signature hold').waitFor()
  assert.deepEqual(page.errors, [])
})

test('the page says what the log says', async () => {
  const page = await open()
  await page.goto(system.url + `/findings?repository=${encodeURIComponent('git.example.com/acme/shop')}&log=t:acme&mode=tree`)
  await page.locator('figcaption').waitFor()
  const scans = admin('/scans?repository=git.example.com/acme/shop&log=t:acme&mode=tree').items
  const words = await page.locator('figcaption').innerText()
  assert.ok(words.startsWith(`${scans[0].findings} finding`), words)
  const rows = page.locator('section', { has: page.getByRole('heading', { name: 'Scans', exact: true }) }).locator('tbody tr')
  await rows.first().waitFor() // read by a question of its own
  assert.equal(await rows.count(), scans.length)
  assert.deepEqual(page.errors, [])
})

test('empty, full, light, dark, wide, narrow: accessible, without sideways scroll', async () => {
  const [one] = admin('/scans').items
  for (const options of [{ colorScheme: 'light' }, { colorScheme: 'dark', viewport: { width: 360, height: 800 } }]) {
    const page = await open(options)
    for (const place of ['/findings', `/findings/${one.id}`, '/findings/01M8CJK7QXY3H4720X9MP1TPFM', '/findings?repository=none', '/']) {
      await page.goto(system.url + place)
      await page.locator('main h1').waitFor()
      await settled(page)
      assert.deepEqual(page.errors.filter((e) => !/status of 404/.test(e)), [], place)
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${place} scrolls sideways`)
      assert.equal(await page.evaluate(() => document.querySelectorAll('main [style]').length), 0)
      const { violations } = await page.evaluate(`(() => { ${axe}; return window.axe.run({ runOnly: ['wcag2a', 'wcag2aa'] }) })()`)
      assert.deepEqual(violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => `${place}: ${v.id} ${v.nodes[0].html}`), [])
    }
    await page.context().close()
  }
})

test('nothing of what was found, and no path, is in log, database, API or output', () => {
  const hidden = [...secrets, mail, 'folder-that-nobody', 'credentials-of-grace', system.dir]
  const files = []
  const walk = (dir) => readdirSync(dir).forEach((f) => { const at = join(dir, f); statSync(at).isDirectory() ? walk(at) : statSync(at).isFile() && files.push(at) })
  walk(join(system.dir, 'state'))
  assert.ok(files.some((f) => f.endsWith('store.db')) && files.some((f) => f.includes('/tile/entries/')))
  for (const f of files) assert.deepEqual(leaks(readFileSync(f), hidden), [], f)
  const answers = JSON.stringify([admin('/scans?limit=1000'), admin('/repositories')])
  assert.deepEqual(leaks(Buffer.from(answers), hidden), [])
})

test('hostile bytes at the socket are refused, and what is not there is said', () => {
  const before = admin('/scans').total
  for (const body of ['', '{}', 'null', '{"accepted":1e9}', '{"accepted":0,"below":0', '[]'.repeat(9000)])
    assert.ok(admin('/scans', '-X', 'POST', '--data-binary', body).status >= 400, body.slice(0, 30))
  assert.equal(admin('/scans?tenant=nobody', '-X', 'POST', '--data-binary', '{}').status, 404)
  assert.equal(admin('/scan-key?repository=../../etc').status, 400)
  assert.equal(admin('/scans').total, before)
  assert.match(scan('.', '--tenant', 'nobody').stderr, /no tenant nobody/)
  assert.match(scan('.', '--repository', 'a b').stderr, /--repository is letters/)
  assert.match(scan('.', '--repository', value.github).stderr, /looks like a secret/)
  assert.match(spawnSync(custos, ['scan', '.', '--tenant', 'acme'], { encoding: 'utf8', cwd: repo }).stderr, /--tenant belongs to --record/)
  const stdin = spawnSync(custos, ['scan', '-', '--record', '--config', system.config], { encoding: 'utf8', input: 'x' })
  assert.match(stdin.stderr, /give one with --repository/)
})

test('signed out, and over the console\'s socket, nobody records or asks for the key', async () => {
  assert.equal((await fetch(system.url + '/api/v1/scans')).status, 401)
  assert.equal((await fetch(system.url + '/api/v1/repositories')).status, 401)
  const token = system.json('signin').url.split('/').at(-1)
  const signed = await fetch(system.url + '/api/v1/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token }) })
  const cookie = signed.headers.get('set-cookie').split(';')[0]
  assert.equal((await fetch(system.url + '/api/v1/scans', { headers: { cookie } })).status, 200)
  assert.equal((await fetch(system.url + '/api/v1/scan-key?repository=a', { headers: { cookie } })).status, 403)
  assert.equal((await fetch(system.url + '/api/v1/scans', { method: 'POST', headers: { cookie, 'content-type': 'application/json' }, body: '{}' })).status, 403)
})

test('without a running Custos the scan says so and does not begin', async () => {
  await system.stop()
  const r = scan('.', '--tenant', 'acme')
  assert.equal(r.status, 2)
  assert.equal(r.stdout, '')
  assert.match(r.stderr, /does not answer.*start it with custos serve/)
  assert.equal(system.verify().status, 0)
})
