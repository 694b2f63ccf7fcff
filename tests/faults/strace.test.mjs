// The same system under strace: errors and kills that the kernel's interface injects, with nothing of ours in
// between. A sample; CUSTOS_FAULTS=whole (make faults) takes every call.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(new URL('../..', import.meta.url).pathname)
const program = join(process.env.CUSTOS_BUILD ?? join(root, 'build'), 'tests/faults/faults')
const whole = process.env.CUSTOS_FAULTS === 'whole'
const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const calls = ['pwritev2', 'fsync', 'renameat', 'openat', 'write', 'unlinkat', 'mkdirat', 'syncfs']
const faults = ['error=EIO', 'error=ENOSPC', 'error=EINTR', 'signal=KILL', 'delay_enter=20000']

// In strace, when=i counts the calls of each process by itself. True when it was injected.
const once = (call, fault, i, seed) => {
  const dir = mkdtempSync(join(base, 'custos-strace-'))
  try {
    const trace = join(dir, 'trace')
    const r = spawnSync('strace', ['-f', '-o', trace, '-e', `trace=${call}`, '-e', `inject=${call}:${fault}:when=${i}`, program, '--work', dir, String(seed)], { encoding: 'utf8' })
    assert.ok(!r.error, String(r.error))
    // the signer is always ended by a kill: one that was injected is told by a call that has no end
    const seen = readFileSync(trace, 'utf8')
    const injected = fault === 'signal=KILL' ? /= \?\n/.test(seen) : /INJECTED|DELAYED/.test(seen)
    const c = spawnSync(program, ['--check', dir, String(seed)], { encoding: 'utf8' })
    if (c.status === 3) return null // killed before there was anything
    assert.equal(c.status, 0, `${call} ${fault} when=${i}, seed ${seed}: ${c.stdout}${c.stderr}`)
    return injected
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

test('errors, kills and delays by strace at the calls of writer, sequencer and signer', { timeout: whole ? 3_600_000 : 3_600_000 }, (t) => {
  let injected = 0
  for (const call of calls) {
    for (const fault of faults) {
      for (let i = 1 + (whole ? 0 : faults.indexOf(fault)); i < 400; i += whole ? 1 : 29) {
        const done = once(call, fault, i, 1)
        if (done === false) break // there are no more calls of this kind
        if (done) injected++
      }
    }
  }
  t.diagnostic(`${injected} faults injected by strace`)
  assert.ok(injected > (whole ? 500 : 40), `${injected} injected`)
})
