// Every page of the console that its router knows, empty and full, light and dark, wide and narrow, and printed: no error, no
// sideways scroll, nothing for axe to say, a title that has the focus, and no more script than agreed.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { chromium } from 'playwright-core'
import { System, build } from '../gateway/system.mjs'
import { join as joins } from './people.mjs'
import { settled, watched } from './settled.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const router = readFileSync(new URL('../../web/src/router.js', import.meta.url), 'utf8')
const shapes = [...router.matchAll(/^ {2}\["([a-z]+)", \/(.*)\/\],$/gm)].map((m) => [m[1], new RegExp(m[2])])
const SCRIPT_MOST = 60 * 1024
// what axe is asked: everything, what a look can change, and of the narrowest nothing but its width
const EVERYTHING = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const LOOKS = [['light', 1280, EVERYTHING], ['dark', 390, ['color-contrast', 'target-size', 'scrollable-region-focusable']], ['light', 320, null]]
const shots = process.env.CUSTOS_SHOTS // a folder for pictures; CUSTOS_PAGES narrows what is looked at
const only = process.env.CUSTOS_PAGES ? new RegExp(process.env.CUSTOS_PAGES) : null
// every register's list and records are drawn by the same code: a few of each here, all of them with make pages
const some = (paths) => (process.env.CUSTOS_WHOLE ? paths : paths.slice(0, 8))
let s, browser, page, weight

// Addresses that hold nothing of this machine; those with an id are asked for when there is something to see.
const plain = ['/', '/audit', '/controls', '/controls?control=IAM-01', '/try', '/exchanges', '/exchanges?decision=refused&found=none', '/changes', '/findings', '/work', '/incidents', '/disclosures', '/service-levels', '/privacy',
  '/examination', '/examination/questionnaires', '/reports', '/portal', '/timeline', '/log', '/log?view=entries', '/log?view=history', '/log?log=org&entry=0', '/account', '/join', '/rules', '/rules?kind=command',
  '/registers', '/registers/people', '/registers/keys', '/registers/routes', '/registers/classes', '/registers/bundles', '/registers/isolation', '/registers/probes', '/vendors', '/policies', '/policies/acceptable-use']

const ask = async (text, key = s.key) => { await (await fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': key }, body: JSON.stringify({ model: 'sink', max_tokens: 9, messages: [{ role: 'user', content: text }] }) })).text() }
const api = (path) => page.evaluate(async (p) => (await fetch(p)).json(), '/api/v1' + path)
const file = (name, text) => { const f = join(s.dir, name); writeFileSync(f, text); return f }

before(async () => {
  s = await new System({ extra: 'gates:\n  - {env: production, approvals: 1}\n' }).start()
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  page = watched(await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage())
  page.errors = []
  page.on('pageerror', (e) => page.errors.push(String(e)))
  // what is not there yet is 404, and the page says so
  page.on('console', (m) => m.type() === 'error' && !/status of 404/.test(m.text()) && page.errors.push(m.text()))
  page.on('request', (r) => !r.url().startsWith(s.url) && !/^(data|blob):/.test(r.url()) && page.errors.push('external: ' + r.url()))
  page.on('response', (r) => { if (r.ok() && r.url().endsWith('.js')) weight.add(r.url()) })
  weight = new Set()
  await page.goto(s.json('signin').url)
  await page.getByText('Sign out').waitFor()
})
after(async () => { await browser?.close(); await s?.remove() })

async function look(state, path, name) {
  const wrong = []
  page.errors = []
  weight = new Set()
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1280, height: 900 })
  await page.goto(s.url + path)
  await page.locator('main h1').waitFor()
  await settled(page)
  const script = [...weight].reduce((sum, url) => sum + gzipSync(readFileSync(join(build, 'web', new URL(url).pathname)), { level: 9 }).length, 0)
  if (script > SCRIPT_MOST) wrong.push(`${script} bytes of script`)
  if (!/\S+ . Custos/.test(await page.title())) wrong.push(`title "${await page.title()}"`)
  for (const [scheme, width, asked] of LOOKS) {
    await page.emulateMedia({ colorScheme: scheme })
    await page.setViewportSize({ width, height: 900 })
    await page.evaluate(() => Promise.all(document.getAnimations().map((a) => a.finished.catch(() => {}))))
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) wrong.push(`${width} scrolls sideways: ${await page.evaluate(() => [...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => `${e.tagName}.${e.className} ${e.textContent.slice(0, 40)}`).slice(-1)[0])}`)
    if (!asked) continue
    const { violations } = await page.evaluate(`(() => { if (!window.axe) { ${axe} } return window.axe.run({ runOnly: ${JSON.stringify(asked)}, resultTypes: ['violations'] }) })()`)
    for (const v of violations) wrong.push(`${scheme} ${width}: ${v.id} ${v.nodes.length}x ${v.nodes[0].html.slice(0, 200)}`)
    if (shots && width !== 320) await page.screenshot({ path: join(shots, `${state}${name.replace(/[^a-z0-9]+/gi, '-')}-${scheme}-${width}.png`), fullPage: true })
  }
  await page.setViewportSize({ width: 1280, height: 900 })
  await page.emulateMedia({ colorScheme: 'light', media: 'print' })
  for (const tool of await page.locator('nav.places, .tools, .btn').all()) if (await tool.isVisible()) { wrong.push(`printed: ${(await tool.evaluate((e) => e.outerHTML)).slice(0, 120)}`); break }
  if (shots) await page.screenshot({ path: join(shots, `${state}${name.replace(/[^a-z0-9]+/gi, '-')}-print.png`), fullPage: true })
  await page.emulateMedia({ media: null })
  // by keyboard: the first stop is the way past the frame, and what has the focus shows it
  await page.evaluate(() => { document.activeElement?.blur(); scrollTo(0, 0) })
  await page.keyboard.press('Tab')
  const focus = await page.evaluate(() => { const e = document.activeElement, c = getComputedStyle(e); return { tag: e.tagName, shown: c.outlineStyle !== 'none' && parseFloat(c.outlineWidth) >= 2 } })
  if (focus.tag === 'BODY' || !focus.shown) wrong.push(`focus on ${focus.tag} is not shown`)
  for (const e of page.errors) wrong.push(e)
  return [...wrong.map((w) => `${state} ${path}: ${w}`)]
}

async function sweep(state, paths) {
  if (shots) mkdirSync(shots, { recursive: true })
  const wrong = []
  for (const path of paths.filter((p) => !only || only.test(p))) wrong.push(...await look(state, path, path.replace(/[0-9A-Z]{26}|[0-9a-f]{40}/g, 'id')).catch((e) => [`${state} ${path}: ${e.message}`]))
  assert.deepEqual(wrong, [])
}

test('every page of a fresh Custos', async () => {
  await sweep('empty', plain)
})

async function filled() {
  for (let i = 0; i < 6; i++) await ask(`write to dev${i}@example.org about <b>bold</b>`)
  await ask('x', 'ck-wrong')
  await s.sealed((e) => e.type === 'exchange.response')
  await joins(s, 'Olga Example', 'owner')
  s.run('scan', '--record', '--tenant', 'acme', '--repository', 'pay', file('a.txt', 'mail ada@corp-example.net, IBAN DE89370400440532013000\n'), '--config', s.config)
  s.run('questionnaire', 'draft', file('q.csv', 'id,question\n1,Do administrators need a second factor?\n2,What is your turnover?\n'), '--out', join(s.dir, 'q-out.csv'), '--config', s.config)
  s.json('incident', 'open', 'A key in a prompt', '--kind', 'credential_left', '--severity', 'high')
  s.json('change', 'add', '--commit', 'a'.repeat(40), '--repo', 'acme/pay', '--author', 'Dev', '--title', 'Rates')
  s.json('register', 'step', 'slo.set', 'name=Assistants answer', 'measure=availability', 'target=99900', 'window_days=30')
  s.json('register', 'step', 'vendor.registered', 'vendor=acme-ai', 'service=Assistant', 'criticality=high')
  s.json('register', 'step', 'dsr.received', 'kind=access', 'about=dev')
  s.run('probe', 'pin-canary-pii', '--config', s.config)
  const population = s.json('evidence', 'population', 'PIN-03', '--from', new Date(Date.now() - 86400000).toISOString().slice(0, 10), '--to', new Date().toISOString())
  s.json('evidence', 'sample', population.id, '--size', '3', '--seed', 'seed')
  const day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10)
  s.run('report', 'make', 'readiness', '--from', day(-30), '--to', day(1), '--out', join(s.dir, 'r.html'), '--config', s.config)
}

test('every page when there is something on it', async () => {
  await filled()
  await page.goto(s.url + '/')
  const { registers } = await api('/registers'), firsts = []
  for (const r of registers) {
    firsts.push(`/registers/${r.name}`)
    const { items } = await api(`/records?register=${r.name}&limit=1`)
    if (items.length) firsts.push(`/registers/${r.name}/${encodeURIComponent(items[0].id)}`)
  }
  const one = async (path) => Object.values(await api(path)).find((v) => Array.isArray(v) && v.length)?.[0] ?? assert.fail(`nothing at ${path}`)
  const ids = [`/exchanges/${(await one('/exchanges')).id}`, `/findings/${(await one('/scans')).id}`, `/examination/questionnaires/${(await one('/questionnaires')).id}`,
    `/examination/${(await one('/populations')).id}`, `/examination/samples/${(await one('/samples')).id}`, `/incidents/INC-1`, `/changes/${'a'.repeat(40)}`, `/vendors/${(await one('/vendors')).name}`]
  await sweep('full', [...plain, ...ids, ...some(firsts)])
  const never = shapes.filter(([place, shape]) => place !== 'review' && ![...plain, ...ids, ...firsts].some((p) => shape.test(p.split('?')[0]))).map(([place]) => place)
  assert.deepEqual(never, [], 'a page that the sweep never sees')
})
