// A full disk: a clear 503, nothing forwarded; and service by itself when space returns.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync, appendFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Provider } from '../gateway/provider.mjs'
import { System } from '../gateway/system.mjs'

const mounted = (dir) => spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=755', 'tmpfs', dir]).status === 0

test('a full disk refuses, forwards nothing, and recovers', { timeout: 120_000 }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'custos-full-'))
  if (!mounted(dir)) {
    rmSync(dir, { recursive: true })
    return t.skip('no right to mount a small file system')
  }
  const provider = await new Provider().start()
  const s = new System({ upstream: provider.url, dir })
  try {
    await s.start()
    const ask = async () => {
      const r = await fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': s.key }, body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] }) })
      return { status: r.status, retry: r.headers.get('retry-after'), body: await r.json() }
    }
    assert.equal((await ask()).status, 200)
    const filler = join(dir, 'filler')
    writeFileSync(filler, '')
    try { for (;;) appendFileSync(filler, Buffer.alloc(1 << 20)) } catch (e) { assert.equal(e.code, 'ENOSPC') }
    await sleep(600)
    provider.received.length = 0
    for (let i = 0; i < 20; i++) {
      const r = await ask()
      assert.equal(r.status, 503)
      assert.equal(r.retry, '5')
      assert.equal(r.body.error.type, 'api_error')
      assert.match(r.body.error.message, /evidence_unavailable: there is no space left/)
    }
    assert.equal(provider.received.length, 0)
    truncateSync(filler, 0)
    let back = 0
    for (let i = 0; i < 50 && back !== 200; i++) {
      await sleep(200)
      back = (await ask()).status
    }
    assert.equal(back, 200, s.output)
    await s.sealed((e) => e.type === 'exchange.request' && e.seq >= 0 && e.body.body_bytes > 0)
    for (let i = 0; i < 50 && s.verify().status !== 0; i++) await sleep(200)
    assert.equal(s.verify().status, 0, s.verify().stdout + s.output)
  } finally {
    await s.stop()
    spawnSync('umount', ['-l', dir])
    rmSync(dir, { recursive: true, force: true })
    await provider.stop()
  }
})
