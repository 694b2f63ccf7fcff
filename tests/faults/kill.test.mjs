// kill -9 of workers, of the daemon (which holds the sequencer) and of the signer, 20 times under
// load: every request that was answered has its entry in the log, and the log verifies.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { Provider } from '../gateway/provider.mjs'
import { System, custos } from '../gateway/system.mjs'
import { spawn } from 'node:child_process'

const verifying = (s) => new Promise((done) => {
  const child = spawn(custos, ['verify', '--dir', s.status.log_dir])
  child.on('exit', (status) => done({ status }))
})

test('20 kills under load lose no answered request', { timeout: 240_000 }, async () => {
  const provider = await new Provider().start()
  const s = await new System({ upstream: provider.url }).start()
  try {
    const answered = new Set()
    let failed = 0
    let on = true
    const client = async () => {
      while (on) {
        try {
          const r = await fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': s.key },
            body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: `mail a${Math.random()}@example.org` }] }) })
          await r.text()
          if (r.status === 200) answered.add(r.headers.get('request-id'))
          else failed++
        } catch {
          failed++
          await sleep(20)
        }
      }
    }
    const clients = Array.from({ length: 8 }, client)
    const kill = { worker: () => s.workers()[0], daemon: () => s.pids('daemon')[0], signer: () => s.pids('signer')[0] }
    for (let i = 0; i < 20; i++) {
      await sleep(300)
      if (i % 5 === 0) assert.equal((await verifying(s)).status, 0) // a log that is being written verifies
      const pid = kill[['worker', 'daemon', 'worker', 'signer'][i % 4]]()
      if (pid) process.kill(pid, 'SIGKILL')
    }
    await sleep(2000)
    on = false
    await Promise.all(clients)
    assert.ok(answered.size > 200, `only ${answered.size} answered, ${failed} failed\n${s.output}`)
    let missing = answered
    for (let i = 0; i < 100 && missing.size; i++) {
      await sleep(300)
      const sealed = new Set(s.entries().map((e) => e.id))
      missing = new Set([...answered].filter((id) => !sealed.has(id)))
    }
    assert.equal(missing.size, 0, `${missing.size} of ${answered.size} answered requests are not in the log\n${s.output}`)
    const v = s.verify()
    assert.equal(v.status, 0, v.stdout + v.stderr)
  } finally {
    await s.remove()
    await provider.stop()
  }
})
