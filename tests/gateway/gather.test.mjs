// TLS on both sides: a large request leaves as one burst and is let go of at its end, what a client has sent is read in
// large pieces, and between the pieces of a very large one others have their turn. Counted at the kernel's interface.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { authority } from './certificates.mjs'
import { System } from './system.mjs'

let system, server, agent, worker
const lengths = []
let slow = false

before(async () => {
  system = new System({ workers: 1 })
  const { ca, sign } = authority(system.dir)
  ca('ca')
  sign('here', 'ca', '/CN=localhost', 'DNS:localhost')
  const cert = readFileSync(join(system.dir, 'here.pem')), key = readFileSync(join(system.dir, 'here.key'))
  server = https.createServer({ cert, key }, async (req, res) => {
    let n = 0
    if (slow) await sleep(400)
    for await (const d of req) n += d.length
    lengths.push(n)
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id: 'x', type: 'message', content: [], usage: { input_tokens: 1, output_tokens: 1 } }))
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  system.listenMore = `    tls: {certificate: ${system.dir}/here.pem, key: ${system.dir}/here.key}\n`
  system.options.extra = `trusted_ca: ${system.dir}/ca.pem\n`
  system.options.vendors = `vendors:\n  good:\n    api: anthropic\n    base_url: https://localhost:${server.address().port}\n    credential: env:FAKE_KEY\n    assessment: {decision: approved, by: X}\n`
  await system.start()
  agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false })
  await ask(60_000)
  ;[worker] = system.workers()
})
after(async () => {
  agent.destroy()
  await system.remove()
  server.closeAllConnections()
  server.close()
})

const bodyOf = (bytes) => JSON.stringify({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'line of code\n'.repeat(bytes / 14) }] })
const ask = (bytes, how = { 'content-length': bodyOf(bytes).length }) => new Promise((done, failed) => {
  const body = bodyOf(bytes)
  const r = https.request(`${system.url.replace('http:', 'https:')}/v1/messages`, { method: 'POST', agent, headers: { 'x-api-key': system.key, ...how } }, (res) => {
    res.resume()
    res.on('end', () => (res.statusCode === 200 && lengths.at(-1) === body.length ? done() : failed(new Error(`${res.statusCode}, ${lengths.at(-1)} of ${body.length} bytes`))))
  })
  r.on('error', failed)
  r.end(body)
})

// What strace saw of the worker's main thread meanwhile.
const traced = async (call, run) => {
  const out = join(system.dir, 'trace')
  const strace = spawn('strace', ['-o', out, '-e', `trace=${call}`, '-p', String(worker)], { stdio: ['ignore', 'ignore', 'pipe'] })
  await new Promise((done, failed) => {
    strace.on('error', failed)
    strace.stderr.on('data', (d) => String(d).includes('attached') && done())
  })
  await run()
  strace.kill('SIGINT')
  await new Promise((done) => strace.on('exit', done))
  return readFileSync(out, 'utf8')
}
const count = (text, what) => text.split(what).length - 1

test('a request of several writes is held together, and let go of each time', async () => {
  const seen = await traced('setsockopt', async () => {
    for (let i = 0; i < 3; i++) await ask(60_000)
  })
  assert.equal(count(seen, 'TCP_CORK, [1]'), 3, seen)
  assert.equal(count(seen, 'TCP_CORK, [0]'), 3, seen)
})

test('a request of one write is not', async () => {
  assert.equal(count(await traced('setsockopt', () => ask(2000)), 'TCP_CORK'), 0)
})

test('a provider that reads late gets all of it', async () => {
  slow = true
  try {
    const seen = await traced('setsockopt', () => ask(8_000_000))
    assert.ok(count(seen, 'TCP_CORK, [1]') >= 1, seen)
    assert.ok(count(seen, 'TCP_CORK, [0]') >= count(seen, 'TCP_CORK, [1]'), seen)
  } finally { slow = false }
})

test('what has come is read at once, not by records of 16 KB', async () => {
  const seen = await traced('read', async () => {
    process.kill(worker, 'SIGSTOP')
    const answer = ask(60_000)
    await sleep(500)
    process.kill(worker, 'SIGCONT')
    await answer
  })
  const largest = Math.max(...[...seen.matchAll(/ = (\d+)$/gm)].map((m) => Number(m[1])))
  assert.ok(largest > 32_768, `${largest} bytes at once`)
})

// The most bytes of each call between two looks for events.
const inOneTurn = (seen) => {
  const most = { read: 0, write: 0 }
  let now = { read: 0, write: 0 }
  for (const line of seen.split('\n')) {
    const [, call, result] = /^(\w+)\(.* = (-?\d+)/.exec(line) ?? []
    if (call === 'epoll_wait') now = { read: 0, write: 0 }
    else if (call in now && Number(result) > 0) most[call] = Math.max(most[call], now[call] += Number(result))
  }
  return most
}

test('between the pieces of an upload of 3.5 MB others have their turn, on the way in and on the way out', async () => {
  const seen = await traced('read,write,epoll_wait', async () => {
    process.kill(worker, 'SIGSTOP')
    const answer = ask(3_500_000)
    await sleep(1000)
    process.kill(worker, 'SIGCONT')
    await answer
  })
  const most = inOneTurn(seen)
  assert.ok(most.read < 400_000 && most.write < 400_000, JSON.stringify(most))
})

test('an upload in chunks arrives as it is', () => ask(3_500_000, { 'transfer-encoding': 'chunked' }))

test('a client that goes in the middle of its upload harms nobody', async () => {
  const body = bodyOf(3_500_000)
  const r = https.request(`${system.url.replace('http:', 'https:')}/v1/messages`, { method: 'POST', rejectUnauthorized: false, agent: false, headers: { 'x-api-key': system.key, 'content-length': body.length } })
  const gone = new Promise((done) => r.on('error', done))
  r.write(body.slice(0, 2_000_000))
  await sleep(200)
  r.destroy(new Error('gone'))
  await gone
  await system.sealed((e) => e.type === 'input.rejected' && e.body.reason === 'torn_upload')
  await ask(60_000)
  assert.deepEqual(system.workers(), [worker])
})
