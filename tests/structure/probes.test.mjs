// A probe that nothing ever turned red may be one that cannot fail: each one of the table has a test that breaks what it
// looks at and sees it broken. A test is found by the name of the probe and the verdict in it.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const root = new URL('../..', import.meta.url).pathname
const read = (path) => readFileSync(join(root, path), 'utf8')
const table = [...read('src/cli/probe_table.c').matchAll(/^ {4}\{"([a-z0-9-]+)", "/gm)].map((m) => m[1])

// Those that tests/gateway/probes-open.test.mjs runs before a gateway without controls.
const open = read('tests/gateway/probes-open.test.mjs')
const beforeOpen = [.../^const names = \[([\s\S]*?)\]$/m.exec(open)[1].matchAll(/'([^']+)'/g)].map((m) => m[1])

const blocks = ['tests/gateway', 'tests/e2e'].flatMap((dir) => readdirSync(join(root, dir)).filter((f) => f.endsWith('.test.mjs')).flatMap((f) => read(join(dir, f)).split(/^(?=test\()/m).slice(1)))
const sees = blocks.filter((b) => /\bbroken\b|\bisBroken\(|\.status, 1\b/.test(b))

test('the table is read', () => {
  assert.ok(table.length >= 60 && new Set(table).size === table.length)
  assert.equal(beforeOpen.filter((n) => !table.includes(n)).join(), '')
  assert.match(open, /assert\.equal\(r\.status, 1,/)
})

for (const name of table)
  test(`a test turns ${name} red`, () => assert.ok(beforeOpen.includes(name) || sees.some((b) => b.includes(`'${name}'`)), `no test runs ${name} over a broken control and sees it broken`))
