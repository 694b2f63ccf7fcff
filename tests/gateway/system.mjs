// A whole Custos in a folder of its own, started as its user would.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, readdirSync, chmodSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'

export const build = process.env.CUSTOS_BUILD ?? resolve('build')
export const custos = join(build, 'src/cli/custos')

export async function freePort() {
  for (;;) {
    const s = createServer()
    await new Promise((done) => s.listen(0, '127.0.0.1', done))
    const { port } = s.address()
    await new Promise((done) => s.close(done))
    if (port > 20000) return port // fetch refuses some lower ones
  }
}

export class System {
  constructor({ upstream, workers = 2, extra = '', dir, vendors } = {}) {
    this.dir = dir ?? mkdtempSync(join(tmpdir(), 'custos-e2e-'))
    chmodSync(this.dir, 0o755)
    this.options = { upstream, workers, extra, vendors }
  }
  // What does not end is a failure that names itself, not a suite that never comes back.
  run(...args) {
    const r = spawnSync(custos, args, { encoding: 'utf8', cwd: this.dir, timeout: 300_000, killSignal: 'SIGKILL', env: { ...process.env, FAKE_KEY: 'provider-credential' } })
    if (r.error) throw new Error(`custos ${args.join(' ')}: ${r.error.message}: ${r.stderr}${this.output ?? ''}`)
    return r
  }
  json(...args) {
    const r = this.run(...args, '--config', this.config, '--format', 'json')
    if (r.status === 2) throw new Error(`${args.join(' ')}: ${r.stderr}${this.output}`)
    return JSON.parse(r.stdout)
  }
  async start() {
    const { upstream, workers, extra, vendors } = this.options
    this.port ??= await freePort()
    this.url = `http://127.0.0.1:${this.port}`
    this.config = join(this.dir, 'custos.yaml')
    writeFileSync(this.config, `state_dir: ${this.dir}/state
workers: ${workers}
listen:
  - address: 127.0.0.1:${this.port}
${this.listenMore ?? ''}tenants:
  - name: acme
${extra}${vendors ?? (upstream ? `vendors:
  anthropic:
    api: anthropic
    base_url: ${upstream}
    credential: env:FAKE_KEY
    assessment: {decision: approved, by: "J. Doe", until: 2099-12-31}
` : '')}`)
    this.output = ''
    this.child = spawn(custos, ['serve', '--quiet', '--config', this.config], { cwd: this.dir, env: { ...process.env, FAKE_KEY: 'provider-credential' } })
    this.child.stderr.on('data', (d) => (this.output += d))
    this.child.stdout.on('data', (d) => (this.output += d))
    this.ended = new Promise((done) => this.child.on('exit', done))
    this.status = this.json('status', '--wait', '30')
    if (this.status.state !== 'running') throw new Error('not running: ' + this.output)
    this.key ??= this.json('key', 'issue', '--tenant', 'acme', '--user', 'dev').key
    return this
  }
  async stop() {
    this.child?.kill('SIGINT')
    let timer
    const late = new Promise((done) => (timer = setTimeout(() => done('late'), 60_000)))
    const how = await Promise.race([this.ended, late])
    clearTimeout(timer)
    if (how !== 'late') return
    this.child.kill('SIGKILL')
    throw new Error('custos serve did not stop within a minute: ' + this.output)
  }
  // Every entry is one that the registry describes, and the projections are what the log gives.
  sound() {
    const out = join(this.dir, `again-${Date.now()}.db`)
    const r = this.run('log', 'rebuild', '--dir', this.status.log_dir, '--db', join(this.status.log_dir, '../store.db'), '--out', out, '--format', 'json')
    if (r.status !== 0 || JSON.parse(r.stdout).misfits) throw new Error(`projections: ${r.stdout}${r.stderr}`)
    return JSON.parse(r.stdout)
  }
  async remove() {
    await this.stop()
    if (this.child && !this.unsound) this.sound()
    rmSync(this.dir, { recursive: true, force: true })
  }
  verify() {
    return this.run('verify', '--dir', this.status.log_dir)
  }
  // Every entry of a tenant's log, read from its tiles. A partial tile goes when its tile is full:
  // then the checkpoint has moved, and is read again.
  entries(log) {
    for (let turn = 0; ; turn++) {
      try { return this.readEntries(log) } catch (e) { if (e.code !== 'ENOENT' || turn === 9) throw e }
    }
  }
  readEntries(log = 't/acme') {
    const dir = join(this.status.log_dir, log)
    if (!existsSync(join(dir, 'checkpoint'))) return []
    const size = Number(readFileSync(join(dir, 'checkpoint'), 'utf8').split('\n')[1])
    const out = []
    for (let tile = 0; tile * 256 < size; tile++) {
      const width = Math.min(256, size - tile * 256)
      const name = String(tile).padStart(3, '0')
      const file = join(dir, 'tile/entries', width === 256 ? name : `${name}.p/${width}`)
      let b = width === 256 && existsSync(file + '.gz') ? gunzipSync(readFileSync(file + '.gz')) : readFileSync(file)
      while (b.length) {
        const n = b.readUInt16BE(0)
        out.push(JSON.parse(b.subarray(2, 2 + n)))
        b = b.subarray(2 + n)
      }
    }
    return out
  }
  // Waits until an entry of this kind about this exchange is sealed.
  async sealed(test, log) {
    for (const end = Date.now() + 60000; Date.now() < end;) {
      const hit = this.entries(log).find(test)
      if (hit) return hit
      await new Promise((done) => setTimeout(done, 50))
    }
    throw new Error('not sealed within a minute')
  }
  pids(name) {
    const s = this.json('status')
    return s.children.filter((c) => c.name === name).map((c) => c.pid)
  }
  workers() {
    const master = this.pids('nginx')[0]
    return readdirSync('/proc').filter((p) => /^\d+$/.test(p)).filter((p) => {
      try { return readFileSync(`/proc/${p}/stat`, 'utf8').split(') ')[1].split(' ')[1] === String(master) } catch { return false }
    }).map(Number)
  }
}
