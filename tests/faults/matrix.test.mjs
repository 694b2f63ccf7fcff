// The fault matrix: a slice of it, or with CUSTOS_FAULTS=whole all of it (make faults).
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { thirdParty } from '../verify-go/built.mjs'

const root = resolve(new URL('../..', import.meta.url).pathname)
const build = process.env.CUSTOS_BUILD ?? join(root, 'build')
const whole = process.env.CUSTOS_FAULTS === 'whole'

const run = (program, args, signal) => new Promise((done) => {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  signal.addEventListener('abort', () => child.kill('SIGTERM'))
  let out = ''
  child.stdout.on('data', (b) => { out += b; if (whole) process.stderr.write(b) })
  child.on('exit', (status) => done({ status, out }))
})

test('the fault matrix: nothing acknowledged is lost, no fork, verifiers content', { timeout: whole ? 14_400_000 : 3_600_000 }, async (t) => {
  const r = await run(join(build, 'tests/faults/faults'), [...(whole ? ['--whole'] : []), '--go', thirdParty()], t.signal)
  assert.equal(r.status, 0, r.out)
  const total = r.out.match(/^total: (\d+) faults injected, 0 wrong, (\d+) rows not run; (\d+) worlds verified by us, (\d+) logs by the third-party verifier$/m)
  assert.ok(total && total[1] > (whole ? 100_000 : 5000) && total[3] > 2000 && total[4] > 20, r.out)
  assert.doesNotMatch(r.out, /left behind/)
  for (const line of r.out.split('\n')) if (/NOT RUN|^total/.test(line)) t.diagnostic(line)
})
