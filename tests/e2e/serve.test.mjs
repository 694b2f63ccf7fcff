// The supervisor as its user meets it: one command, one Ctrl-C, no orphans, clear mistakes.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { System, build, custos, freePort } from '../gateway/system.mjs'
import { Provider } from '../gateway/provider.mjs'

const root = resolve(new URL('../..', import.meta.url).pathname)

// Processes that name this folder, or were started for it.
const alive = (system) => readdirSync('/proc').filter((p) => /^\d+$/.test(p)).filter((p) => {
  try {
    const line = readFileSync(`/proc/${p}/cmdline`, 'utf8')
    return line.includes(system.config) || (system.run_dir && line.includes(system.run_dir))
  } catch { return false }
})
// A dead process that nobody has waited for yet is not alive.
const lives = (pid) => {
  try { return !/^Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]) } catch { return false }
}
const runDir = (s) => {
  const master = s.pids('nginx')[0]
  return readFileSync(`/proc/${master}/cmdline`, 'utf8').match(/\S*custos-[0-9a-f]{8}/)?.[0]
}
const until = async (test, what) => {
  for (let i = 0; i < 100; i++) {
    if (await test()) return
    await sleep(100)
  }
  assert.fail(what)
}

test('custos demo shows the main job and ends with 0', async () => {
  const s = await new System().start()
  try {
    const r = s.run('demo', '--config', s.config)
    assert.equal(r.status, 0, r.stdout + r.stderr)
    for (const part of ['What the client sent', 'What the provider saw', 'What the client got back', 'The sealed entry', 'The proof verifies'])
      assert.ok(r.stdout.includes(part), part)
  } finally {
    await s.remove()
  }
})

test('any child that is killed comes back, and requests are answered again', async () => {
  const s = await new System().start()
  try {
    for (const name of ['daemon', 'signer', 'sink', 'nginx']) {
      const [before] = s.pids(name)
      process.kill(before, 'SIGKILL')
      await until(() => { const [pid] = s.pids(name); return pid && pid !== before }, `${name} did not come back`)
    }
    await until(() => s.run('demo', '--config', s.config).status === 0, 'no service after the kills: ' + s.output)
  } finally {
    await s.remove()
  }
})

test('whoever saw an entry in the log finds it in what the API answers', async () => {
  const s = await new System().start()
  try {
    const socketPath = `/${runDir(s).replace(/^\//, '')}/admin.sock`
    const listed = () => new Promise((done, fail) => {
      http.get({ socketPath, path: '/api/v1/exchanges?limit=200' }, (r) => {
        let text = ''
        r.on('data', (d) => (text += d)).on('end', () => done(JSON.parse(text).items.map((x) => x.id)))
      }).on('error', fail)
    })
    const ask = async () => (await fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': s.key }, body: JSON.stringify({ model: 'sink', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] }) })).text()
    const size = () => { try { return Number(readFileSync(join(s.status.log_dir, 't/acme/checkpoint'), 'utf8').split('\n')[1]) } catch { return 0 } }
    for (let turn = 0; turn < 12; turn++) {
      const was = size()
      await Promise.all(Array.from({ length: 24 }, ask))
      for (const end = Date.now() + 60_000; size() === was && Date.now() < end;) await new Promise(setImmediate)
      const sealed = s.entries('t/acme').filter((e) => e.type === 'exchange.request').slice(-24).map((e) => e.id)
      const seen = await listed()
      for (const id of sealed) assert.ok(seen.includes(id), `turn ${turn}: ${id} is sealed and not listed`)
    }
  } finally {
    await s.remove()
  }
})

test('a signer that lost its memory is shown what it signed, and that is on record', async () => {
  const s = await new System().start()
  try {
    await s.stop()
    const signer = join(s.dir, 'state/signer')
    for (const n of readdirSync(signer)) if (n.startsWith('last-')) rmSync(join(signer, n))
    await s.start()
    const e = await s.sealed((x) => x.type === 'signer.recalled' && x.body.log === 'org', 'org')
    assert.equal(e.body.had, 0)
    assert.ok(e.body.signed > 0)
    assert.equal(s.verify().status, 0)
  } finally {
    await s.remove()
  }
})

test('Ctrl-C stops all, and so does killing the supervisor', async () => {
  for (const signal of ['SIGINT', 'SIGKILL']) {
    const s = await new System().start()
    s.run_dir = runDir(s)
    await until(() => s.workers().length === 2, 'nginx has not its two workers')
    const workers = s.workers()
    assert.ok(alive(s).length >= 5)
    s.child.kill(signal)
    await s.ended
    await until(() => alive(s).length === 0 && !workers.some(lives), `${signal} left processes`)
    rmSync(s.dir, { recursive: true, force: true })
  }
})

test('a second serve on the same state, and a taken port, are refused with the reason', async () => {
  const s = await new System().start()
  try {
    const again = s.run('serve', '--config', s.config)
    assert.equal(again.status, 2)
    assert.match(again.stderr, /another custos serve is running/)
    const other = mkdtempSync(join(tmpdir(), 'custos-e2e-'))
    writeFileSync(join(other, 'c.yaml'), `state_dir: ${other}/state\nlisten:\n  - address: 127.0.0.1:${s.port}\n`)
    const taken = s.run('serve', '--config', join(other, 'c.yaml'))
    assert.equal(taken.status, 2)
    assert.match(taken.stderr, /is in use by another program/)
    rmSync(other, { recursive: true })
  } finally {
    await s.remove()
  }
})

test('it runs without root', { skip: process.getuid() !== 0 && 'not root: the other tests show it' }, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'custos-user-'))
  const port = await freePort()
  const config = join(dir, 'c.yaml')
  writeFileSync(config, `state_dir: ${dir}/state\nlisten:\n  - address: 127.0.0.1:${port}\n`)
  chmodSync(dir, 0o755)
  chownSync(dir, 65534, 65534)
  // The clone may lie where nobody else may look (root's home): the program as it is installed.
  for (const part of ['src/cli/custos', 'src/cli/custos-server', 'src/cli/rules.image', 'src/cli/injected.image', 'src/gateway/ngx_http_custos_module.so', 'web'])
    cpSync(join(build, part), join(dir, 'build', part), { recursive: true })
  cpSync(join(root, 'catalog'), join(dir, 'catalog'), { recursive: true })
  const custos = join(dir, 'build/src/cli/custos')
  const child = spawn(custos, ['serve', '--config', config], { uid: 65534, gid: 65534, cwd: dir })
  let out = ''
  child.stdout.on('data', (d) => (out += d))
  child.stderr.on('data', (d) => (out += d))
  try {
    const as = (...args) => spawnSync(custos, [...args, '--config', config], { uid: 65534, gid: 65534, cwd: dir, encoding: 'utf8' })
    assert.equal(as('status', '--wait', '30').status, 0, out)
    const r = as('demo')
    assert.equal(r.status, 0, r.stdout + r.stderr + out)
    await sleep(300)
    for (const part of ['/#/signin/', 'Virtual key', 'ANTHROPIC_BASE_URL=']) assert.ok(out.includes(part))
  } finally {
    child.kill('SIGINT')
    await new Promise((done) => child.on('exit', done))
    rmSync(dir, { recursive: true, force: true })
  }
})

test('TLS on an address that is not loopback, and the demonstration through it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'custos-tls-'))
  const port = await freePort()
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', join(dir, 'k.pem'), '-out', join(dir, 'c.pem'), '-days', '2', '-subj', '/CN=localhost'])
  assert.equal(made.status, 0)
  const config = join(dir, 'c.yaml')
  writeFileSync(config, `state_dir: ${dir}/state\nlisten:\n  - address: 0.0.0.0:${port}\n    tls: {certificate: ${dir}/c.pem, key: ${dir}/k.pem}\n`)
  const child = spawn(custos, ['serve', '--quiet', '--config', config], { cwd: dir, stdio: 'ignore' })
  try {
    const s = spawnSync(custos, ['status', '--wait', '30', '--format', 'json', '--config', config], { encoding: 'utf8' })
    assert.equal(JSON.parse(s.stdout).console_url, `https://127.0.0.1:${port}/`)
    const r = spawnSync(custos, ['demo', '--config', config], { encoding: 'utf8' })
    assert.equal(r.status, 0, r.stdout + r.stderr)
  } finally {
    child.kill('SIGINT')
    await new Promise((done) => child.on('exit', done))
    rmSync(dir, { recursive: true, force: true })
  }
})

test('mistakes in the configuration are named with file, line and what was expected', () => {
  const dir = mkdtempSync(join(tmpdir(), 'custos-conf-'))
  const file = join(dir, 'custos.yaml')
  const cases = [
    ['stat_dir: x\n', /custos\.yaml:1: unknown key "stat_dir/],
    ['listen: 5\n', /:1: listen must be a list/],
    ['listen:\n  - address: 0.0.0.0:443\n', /:2: 0\.0\.0\.0:443 is not loopback: plain HTTP is refused/],
    ['listen:\n  - address: localhost\n', /:2: address must be ADDRESS:PORT/],
    ['workers: many\n', /:1: workers must be a number from 1 to 64/],
    ['workers: "4"\n', /:1: workers must be a number/],
    ['tenants:\n  - name: Acme\n', /:2: a tenant needs a name/],
    ['tenants:\n  - name: a\n  - name: a\n', /:3: the tenant a is given twice/],
    ['vendors:\n  x:\n    api: anthropic\n', /a vendor needs api and base_url/],
    ['vendors:\n  x:\n    api: soap\n    base_url: https://a.example\n', /:3: api must be anthropic/],
    ['vendors:\n  x:\n    api: anthropic\n    base_url: http://a.example\n', /:4: base_url: http is allowed for loopback only/],
    ['vendors:\n  x:\n    api: anthropic\n    base_url: https://a.example\n    credential: secret\n', /:5: credential must be env:NAME or file:PATH/],
    ['vendors:\n  x:\n    api: anthropic\n    base_url: https://a.example\n    credential: env:NOT_SET_ANYWHERE\n', /:5: .*NOT_SET_ANYWHERE is not set/],
    ['vendors:\n  x:\n    api: anthropic\n    base_url: https://a.example\n    assessment: {decision: yes, by: me}\n', /:5: decision must be approved or refused/],
  ]
  for (const [text, message] of cases) {
    writeFileSync(file, text)
    const r = spawnSync(custos, ['check-config', file], { encoding: 'utf8' })
    assert.equal(r.status, 2, text)
    assert.match(r.stderr, message)
  }
  writeFileSync(file, 'listen:\n  - address: 127.0.0.1:4180\ntenants:\n  - name: acme\n')
  assert.equal(spawnSync(custos, ['check-config', file]).status, 0)
  rmSync(dir, { recursive: true })
})

test('a vendor whose name does not resolve is refused alone; the others work', async () => {
  const provider = await new Provider().start()
  const assessment = 'assessment: {decision: approved, by: "J. Doe", until: 2099-12-31}'
  const s = await new System({
    vendors: `vendors:
  good:
    api: anthropic
    base_url: http://127.0.0.1:${provider.port}
    credential: env:FAKE_KEY
    ${assessment}
  lost:
    api: anthropic
    base_url: https://no-such-host.invalid
    credential: env:FAKE_KEY
    ${assessment}
`,
  }).start()
  try {
    const status = JSON.parse(s.run('status', '--config', s.config, '--format', 'json').stdout)
    assert.deepEqual(status.vendors_unresolved, ['lost'])
    assert.match(s.run('status', '--config', s.config).stdout, /vendor lost: its host name does not resolve/)
    const ask = (path) => fetch(`${s.url}${path}/v1/messages`, {
      method: 'POST', headers: { 'x-api-key': s.key, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'hello' }] }),
    })
    const lost = await ask('/vendor/lost')
    assert.equal(lost.status, 502)
    assert.equal((await lost.json()).error.type, 'api_error')
    assert.equal((await ask('/vendor/good')).status, 200)
  } finally {
    await s.remove()
    await provider.stop?.()
  }
})
