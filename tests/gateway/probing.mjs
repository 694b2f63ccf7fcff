// Running probes, and a gateway that they must not take for one of ours.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import http from 'node:http'
import { custos } from './system.mjs'

// Where a running Custos has its sockets.
export function runDirOf(system) {
  const dir = `${system.dir}/state`, short = createHash('sha256').update(dir).digest('hex').slice(0, 8)
  return [`/run/custos-${short}`, `${dir}/run`, `/tmp/custos-${process.getuid()}-${short}`].find((d) => existsSync(`${d}/sink.port`))
}

// Not spawnSync: the open gateway lives in the process that asks.
export const probeOf = (system, env, name, ...args) => new Promise((done) => {
  const child = spawn(custos, ['probe', name, '--config', system.config, '--format', 'json', ...args], { cwd: system.dir, env: { ...process.env, ...env } })
  let out = '', err = ''
  child.stdout.on('data', (d) => (out += d))
  child.stderr.on('data', (d) => (err += d))
  const late = setTimeout(() => child.kill('SIGKILL'), 300_000)
  child.on('close', (status) => { clearTimeout(late); done({ status, err, result: out ? JSON.parse(out) : null }) })
})
export const verdicts = (r) => Object.fromEntries(r.result.results.map((x) => [x.id, x.verdict]))

// What a gateway would be that asks nobody who they are and lets everything pass as it came: a gateway with no
// control at all. It answers with an id, as ours does, but writes nothing.
export function openGateway(runDir) {
  const sinkPort = Number(readFileSync(`${runDir}/sink.port`, 'utf8'))
  let n = 0
  const server = http.createServer((req, res) => {
    const parts = []
    req.on('error', () => {})
    req.on('data', (d) => parts.push(d))
    req.on('end', () => {
      res.setHeader('request-id', '01J9ZK4V3T7Q8R5S6W2X1Y' + String(n++).padStart(4, '0'))
      if (!req.url.startsWith('/vendor/')) return res.end('{}')
      const body = Buffer.concat(parts)
      const up = http.request({ host: '127.0.0.1', port: sinkPort, path: '/v1/messages', method: 'POST', headers: { 'content-type': 'application/json', 'content-length': body.length } }, (answer) => {
        const got = []
        answer.on('data', (d) => got.push(d))
        answer.on('end', () => res.end(Buffer.concat(got)))
      })
      up.on('error', () => res.destroy())
      up.end(body)
    })
  })
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)))
}

// What the console reads, as the machine's operator.
export const admin = (system, path) => new Promise((done, fail) => http.get({ socketPath: `${runDirOf(system)}/admin.sock`, path }, (a) => {
  let t = ''
  a.on('data', (d) => (t += d)).on('end', () => done(JSON.parse(t)))
}).on('error', fail))
