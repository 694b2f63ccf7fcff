// Rules of the customer's own: in the gateway and in /try, per tenant, and exchanged while requests run.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Provider } from './provider.mjs'
import { System } from './system.mjs'

const rule = (letters) => `rules:
  - id: badge-of-ours
    type: EMPLOYEE_ID
    title: Number on a badge of this company
    pattern: '\\b(Z[${letters}]-[0-9]{7})\\b'
    confidence: 90
    source: the company's own handbook
    examples: ['badge [[ZQ-<digit*7>]] today', 'see [[ZQ-<digit*7>]]', '([[ZQ-<digit*7>]])']
    counter_examples: ['ZQ-12', 'ZQ-123456789', 'AZQ-1234567']
`
const badge = (letter) => `Z${letter}-${randomInt(1000000, 9999999)}`
const filler = 'The gate opens at seven and closes at nine in the evening on working days. '.repeat(8)
let dir, file, provider, system, other

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'custos-rules-'))
  mkdirSync(join(dir, 'pii'))
  // A catalogue with few of the shipped rules: compiling all of them takes many seconds, and each change
  // here compiles them once more.
  const catalog = join(dir, 'catalog'), shipped = resolve(new URL('../../catalog', import.meta.url).pathname)
  cpSync(shipped, catalog, { recursive: true, filter: (f) => !/rules\/(pii|secrets)\/(?!contact|ai)[^/]+$/.test(f) })
  process.env.CUSTOS_CATALOG = catalog
  file = join(dir, 'pii', 'badge.yaml')
  writeFileSync(file, rule('Q'))
  provider = await new Provider().start()
  system = await new System({ upstream: provider.url, extra: `  - name: other\n    actions: {EMPLOYEE_ID: {allow: tests}}\nrules: ${dir}\n` }).start()
  other = system.json('key', 'issue', '--tenant', 'other', '--user', 'dev').key
})
after(async () => {
  await system?.remove()
  await provider?.stop()
  rmSync(dir, { recursive: true, force: true })
})

const ask = async (text, key = system.key) => {
  provider.received.length = 0
  const r = await fetch(system.url + '/v1/messages', {
    method: 'POST', headers: { 'x-api-key': key },
    body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: text }] }),
  })
  const id = r.headers.get('request-id')
  const answer = await r.text()
  assert.equal(r.status, 200, answer)
  return { id, answer, seen: provider.received.map((r) => r.body.toString()).find((b) => b.includes(text) || b.length < 100000) }
}
const tried = async (text) => {
  const r = await fetch(system.url + '/api/v1/try', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text }) })
  return r.json()
}
const reload = () => {
  const r = system.run('rules', 'reload', '--config', system.config, '--format', 'json')
  return r.status === 0 ? JSON.parse(r.stdout) : { refused: r.stderr }
}
const rulesOf = async (id) => (await system.sealed((e) => e.id === id)).body.rules

test('a rule of one\'s own replaces in the gateway, is put back, and shows in /try', async () => {
  const value = badge('Q')
  const { id, answer, seen } = await ask(`who has ${value}?`)
  assert.ok(!seen.includes(value), 'the value left')
  assert.match(seen, /CUSTOS_EMPL_/)
  assert.ok(answer.includes(value), 'the value did not come back')
  const { findings, text } = await tried(`who has ${value}?`)
  assert.deepEqual(findings.map((f) => [f.rule, f.title, f.action]), [['badge-of-ours', 'Number on a badge of this company', 'replace']])
  assert.ok(!text.includes(value))
  const loaded = await system.sealed((e) => e.type === 'rules.loaded', 'org')
  assert.equal(await rulesOf(id), loaded.body.digest)
  assert.equal(loaded.body.own, true)
})

test('a type is switched per tenant, for rules of one\'s own as well', async () => {
  const value = badge('Q')
  assert.ok((await ask(`who has ${value}?`, other)).seen.includes(value))
})

test('changed rules are in force after a reload: nothing remembered under the old ones counts', async () => {
  const value = badge('X'), text = `${filler} ${value} ${filler}`
  const before = await ask(text)
  assert.ok(before.seen.includes(value))
  assert.ok((await ask(text)).seen.includes(value)) // from the memo
  writeFileSync(file, rule('QX'))
  const answer = reload()
  assert.equal(answer.changed, true, answer.refused)
  for (let i = 0; ; i++) { // every worker looks five times a second
    await sleep(100)
    const { seen, id } = await ask(text)
    const now = await rulesOf(id)
    assert.equal(seen.includes(value), now !== answer.digest, 'a record names other rules than those that judged')
    if (now === answer.digest && i > 10) break
    assert.ok(i < 60, 'the new rules do not arrive: ' + system.output)
  }
  for (let i = 0; i < 8; i++) assert.ok(!(await ask(text)).seen.includes(value), 'a worker has the old rules')
  assert.equal((await tried(value)).findings.length, 1)
  assert.equal((await system.sealed((e) => e.type === 'rules.loaded' && e.body.digest === answer.digest, 'org')).body.own, true)
  assert.notEqual(await rulesOf(before.id), answer.digest)
  assert.equal(reload().changed, false)
  assert.equal(system.json('status').rules.digest, answer.digest)
})

test('rules change while a thread looks through large bodies', async () => {
  const workers = system.workers()
  const large = Array.from({ length: 200 }, (_, i) => ({ role: i % 2 ? 'assistant' : 'user', content: filler.repeat(6) + randomInt(1e9) }))
  const body = JSON.stringify({ model: 'm', max_tokens: 9, messages: large })
  let stop = false
  const posting = Array.from({ length: 4 }, async () => {
    for (let n = 0; !stop; n++) {
      const r = await fetch(system.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': system.key }, body })
      assert.equal(r.status, 200, await r.text())
    }
  })
  for (const letters of ['QXU', 'QXV']) {
    writeFileSync(file, rule(letters))
    const answer = reload()
    assert.equal(answer.changed, true, answer.refused)
    const value = badge(letters[2])
    for (let i = 0; (await ask(value)).seen.includes(value); i++) {
      assert.ok(i < 100, 'the new rules do not come into force beside large bodies')
      await sleep(100)
    }
  }
  stop = true
  await Promise.all(posting)
  assert.deepEqual(system.workers(), workers)
})

test('an answer that streams while the rules change gets its values back', async () => {
  const value = badge('Q')
  provider.how = { delta: 1, bytes: 1 }
  const r = await fetch(system.url + '/v1/messages', {
    method: 'POST', headers: { 'x-api-key': system.key },
    body: JSON.stringify({ model: 'm', max_tokens: 9, stream: true, messages: [{ role: 'user', content: `${filler.slice(0, 300)} ${value}` }] }),
  })
  writeFileSync(file, rule('QXY'))
  assert.equal(reload().changed, true)
  const deltas = (await r.text()).split('\n').filter((l) => l.startsWith('data: ')).map((l) => JSON.parse(l.slice(6)))
  assert.ok(deltas.map((d) => d.delta?.text ?? '').join('').includes(value))
  provider.how = {}
})

test('a wrong rule is refused with file, line and reason, and the rules before stay', async () => {
  const value = badge('Q')
  writeFileSync(file, rule('Q').replace('confidence: 90', 'confidence: 900'))
  assert.match(reload().refused, /badge\.yaml:\d+: confidence is a whole number from 1 to 100; the rules before stay/)
  assert.ok(!(await ask(value)).seen.includes(value))
  assert.match(system.run('check-config', system.config).stderr, /badge\.yaml:\d+: confidence is a whole number/)
  // an example that does not hold is as wrong as a key that does not exist
  writeFileSync(file, rule('Q').replace('ZQ-<digit*7>]] today', 'ZR-<digit*7>]] today'))
  const r = system.run('check-config', system.config)
  assert.equal(r.status, 2)
  assert.match(r.stderr, /badge\.yaml:\d+: rule badge-of-ours/)
})

test('a daemon that comes back while a rule is wrong keeps the rules before; a start is refused', async () => {
  const value = badge('X'), [old] = system.pids('daemon')
  process.kill(old, 'SIGKILL')
  for (let i = 0; ; i++) {
    await sleep(100)
    const [now] = system.pids('daemon')
    const r = now && now !== old ? await tried(value).catch(() => null) : null
    if (r?.findings) { assert.equal(r.findings.length, 1); break }
    assert.ok(i < 600, 'the daemon did not come back: ' + system.output)
  }
  assert.match(system.output, /badge\.yaml:\d+.*stay in force/)
  const config = join(system.dir, 'second.yaml')
  writeFileSync(config, readFileSync(system.config, 'utf8').replace(/state_dir: .*/, `state_dir: ${system.dir}/second`))
  const r = system.run('serve', '--quiet', '--config', config)
  assert.equal(r.status, 2)
  assert.match(r.stderr, /badge\.yaml:\d+: rule badge-of-ours/)
})

test('check-config counts the rules, and a folder without one is refused', () => {
  writeFileSync(file, rule('Q'))
  const good = JSON.parse(system.run('check-config', system.config, '--format', 'json').stdout)
  assert.ok(good.rules > 5)
  const config = join(system.dir, 'other.yaml')
  for (const folder of [join(dir, 'secrets'), join(dir, 'nowhere')]) {
    writeFileSync(config, readFileSync(system.config, 'utf8').replace(`rules: ${dir}`, `rules: ${folder}`))
    const r = system.run('check-config', config)
    assert.equal(r.status, 2)
    assert.match(r.stderr, /holds no rule file/)
  }
})
