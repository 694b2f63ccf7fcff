// Over all pages of the console: a figure leads to what it was counted from, and from there to an entry whose proof the
// browser checks, in at most two clicks. And what people typed into any register stays text on every page.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { parse } from 'yaml'
import { System } from '../gateway/system.mjs'
import { settled, watched } from './settled.mjs'

const hostile = '"><img src=x onerror="window.ran=1"><script>window.ran=1</script>{{7*7}}'
const registry = parse(readFileSync(new URL('../../catalog/events.yaml', import.meta.url), 'utf8'))
const day = (n) => new Date(Date.now() + n * 86400e3).toISOString().slice(0, 10)
let s, browser, page, pages

const run = (...args) => s.run(...args, '--config', s.config)
const done = (...args) => { const r = run(...args, '--format', 'json'); assert.ok([0, 1].includes(r.status), `${args.join(' ')}: ${r.stderr}`); return JSON.parse(r.stdout) }
const ask = (content, key = s.key) => fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': key }, body: JSON.stringify({ model: 'sink', max_tokens: 9, messages: [{ role: 'user', content }] }) }).then((r) => r.text())

// A value for each field of a step, hostile wherever a text may stand.
function filled(event) {
  const fields = {}
  for (const f of event.fields) {
    if (f.name === event.record.register || f.required === false) continue
    if (f.type === 'one_of') fields[f.name] = f.words[0]
    else if (f.type === 'number') fields[f.name] = 1
    else if (f.type === 'bool') fields[f.name] = true
    else if (f.type === 'time') fields[f.name] = day(/due|until|by|next|expires|start/.test(f.name) ? 5 : -1)
    else if (f.type === 'digest') fields[f.name] = 'ab'.repeat(32)
    else if (f.type === 'text') fields[f.name] = hostile
    else if (f.type === 'list') fields[f.name] = []
    else fields[f.name] = { control: 'IAM-02', controls: 'IAM-02', tenant: 'acme', vendor: 'example' }[f.name] ?? 'example'
  }
  return fields
}

before(async () => {
  s = await new System().start()
  for (const x of ['hello', 'write to carl@example.org', 'again']) await ask(x)
  await ask('x', 'ck-wrong')
  await s.sealed((e) => e.type === 'exchange.response')
  mkdirSync(join(s.dir, 'repo'))
  writeFileSync(join(s.dir, 'repo/a.txt'), 'reach grace.hopper@kundenpost.org or 8.8.4.4\n')
  run('scan', join(s.dir, 'repo'), '--record', '--tenant', 'acme', '--repository', 'acme/pay')
  run('gaps', '--record')
  run('probe', 'iam-anon-refused')
  const p = done('evidence', 'population', 'PIN-03', '--from', day(-1), '--to', day(1))
  done('evidence', 'sample', p.id, '--seed', 'x', '--size', '2')
  writeFileSync(join(s.dir, 'q.csv'), `id,question\n1,Is data encrypted at rest?\n2,${hostile.replaceAll(',', ' ').replaceAll('"', "'")}?\n`)
  run('questionnaire', 'draft', join(s.dir, 'q.csv'), '--out', join(s.dir, 'q.out'))
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  page = watched(await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage())
  page.problems = []
  page.on('dialog', (d) => { page.problems.push('dialog'); d.dismiss() })
  page.on('pageerror', (e) => page.problems.push(String(e)))
  await page.goto(s.json('signin').url)
  await page.getByText('Sign out').waitFor()
})
after(async () => { await browser?.close(); await s?.remove() })

test('a record of every register that a person may begin, its texts hostile', () => {
  const first = registry.events.filter((e) => e.record?.from?.includes('none') && e.record.roles)
  let taken = 0
  for (const e of first) {
    const f = filled(e), r = s.run('register', 'step', e.type, ...Object.entries(f).filter(([, v]) => !Array.isArray(v)).map(([k, v]) => `${k}=${v}`), '--config', s.config, '--format', 'json')
    if (r.status === 0) taken++
    else { assert.equal(r.status, 2, e.type); assert.match(r.stderr + r.stdout, /\w+ \w+/, e.type) }
  }
  assert.ok(taken >= 12, `${taken} of ${first.length}`)
})

async function at(path) {
  await page.goto(s.url + path)
  await page.locator('main h1').waitFor()
  await settled(page)
  await page.waitForFunction(() => !/Reading|Loading/.test(document.querySelector('main').innerText), null, { timeout: 10000 }).catch(() => {})
}
const links = () => page.evaluate(() => [...document.querySelectorAll('main a[href^="/"]:not([href^="/api/"]):not([href^="/trust"])')].map((a) => a.getAttribute('href')))

test('every page is found from the overview, and nothing that was typed runs on any', async () => {
  const shape = (x) => x.replace(/[?#].*/, '').replace(/\/[0-9A-Z]{26}|\/[0-9a-f]{40}|\/[A-Z]+-\d+/g, '/ID')
  const seen = new Map(), waiting = ['/', '/audit', '/controls', '/exchanges', '/findings', '/log', '/examination', '/examination/questionnaires', '/registers', '/work', '/incidents', '/service-levels', '/privacy', '/disclosures', '/changes', '/portal', '/timeline', '/vendors', '/policies', '/reports', '/rules', '/account']
  for (let path; (path = waiting.shift());) {
    const key = shape(path)
    if (seen.has(key) || seen.size > 90) continue
    seen.set(key, path)
    await at(path)
    assert.equal(await page.evaluate(() => window.ran), undefined, `${path}: what was typed ran`)
    assert.equal(await page.locator('main img').count(), 0, `${path}: what was typed became an element`)
    waiting.push(...await links())
  }
  pages = [...seen.values()]
  assert.deepEqual(page.problems, [])
  assert.ok(pages.length >= 40, pages.join(' '))
})

// Figures that are on the page: a number of its own, not a date, a time, a version, or what somebody may type. With each,
// where a click on it or beside it leads.
const figures = () => page.evaluate(() => [...document.querySelectorAll('main .fig, main .fig2, main td.num')].filter((e) => e.offsetParent && /[1-9]/.test(e.textContent) && !/\d{4}-\d\d|\d\d:\d\d|\d+\.\d+\.\d+/.test(e.textContent) && !e.querySelector('input')).map((e) => {
  const row = e.closest('tr, li, dl, p, section, details')
  const near = e.closest('a[href]') ?? e.querySelector('a[href]') ?? row?.querySelector('a[href*="entry="]') ?? row?.querySelector('a[href^="/log?"], a[href^="/exchanges/"], a[href^="/examination/"], a[href^="/findings/"]') ?? row?.querySelector('a[href^="/"]')
  return { text: e.textContent.trim().slice(0, 60), href: near?.getAttribute('href') ?? null }
}))
const proven = () => page.getByText('proof and signature hold').first().waitFor({ timeout: 20000 }).then(() => true, () => false)

test('any figure opens what it was counted from and a proof that holds, in at most two clicks', async (t) => {
  const known = new Map(), wrong = []
  let n = 0
  const shape = (x) => x.replace(/\d+|[0-9A-Z]{26}/g, 'N')
  // every register's list and records are drawn by the same code: a few of each here, all of them with make pages
  const registers = pages.filter((x) => /^\/registers\/[a-z_]+(\/|$)/.test(x))
  const left = new Set(process.env.CUSTOS_WHOLE ? [] : registers.filter((_, i) => i % 6))
  for (const path of pages.filter((x) => !left.has(x))) {
    await at(path)
    const here = await page.getByText('proof and signature hold').count() > 0 // no click at all
    for (const f of await figures()) {
      n++
      if (here) continue
      if (!f.href) { wrong.push(`${path}: ${f.text}: leads nowhere`); continue }
      if (known.has(shape(f.href))) { if (!known.get(shape(f.href))) wrong.push(`${path}: ${f.text}: ${f.href} leads to no proof`); continue }
      await at(f.href)
      let held = await page.getByText('proof and signature hold').count() > 0
      if (!held) {
        // a list that could not be read at once is read again by itself within some seconds
        await page.locator('main a[href^="/log?"][href*="entry="], main a[href^="/exchanges/"]').or(page.getByText('proof and signature hold')).first().waitFor({ timeout: 10000 }).catch(() => {})
        const next = (await links()).find((x) => /^\/log\?.*entry=|^\/exchanges\/[0-9A-Z]{26}/.test(x))
        if (next) { await at(next); held = await proven() } else held = await proven()
      }
      known.set(shape(f.href), held)
      if (!held) wrong.push(`${path}: ${f.text}: ${f.href} leads to no proof`)
    }
  }
  t.diagnostic(`${n} figures on ${pages.length} pages`)
  assert.deepEqual(wrong, [])
  assert.ok(n > 60, n)
})
