// The third-party verifier, built at first use. What Go compiles for it, most of it Go's own packages, is kept in the build
// folder: for every file of tests that asks for it, and for the next run.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

const build = resolve(process.env.CUSTOS_BUILD ?? 'build')

export function thirdParty() {
  const at = join(build, 'tests/verify-go'), program = join(at, 'verify')
  mkdirSync(at, { recursive: true })
  // one at a time: two files that begin together would compile everything twice, and one would run what the other writes
  const r = spawnSync('flock', [join(at, 'lock'), 'go', 'build', '-o', program, new URL('main.go', import.meta.url).pathname], {
    encoding: 'utf8', env: { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '', GOCACHE: join(at, 'cache') } })
  assert.equal(r.status, 0, r.error?.message ?? r.stderr)
  return program
}
