// Mail to a server that wants TLS and a sign-in, and what happens when it has neither. Server and authority are made here.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { ShiftedClock } from '../faults/clock.mjs'
import { authority } from '../gateway/certificates.mjs'
import { System } from '../gateway/system.mjs'

const password = randomBytes(12).toString('hex'), user = 'custos@example.org'
let s, dir, server, port, clock
const mails = [], lines = [], sessions = []
let offers = { starttls: true, certificate: 'good', accepts: true }
const until = async (what, ms = 60000) => { for (let i = 0; i < ms / 50; i++) { const v = what(); if (v) return v; await new Promise((done) => setTimeout(done, 50)) } assert.fail(`not within ${ms} ms: ${what} ${JSON.stringify(lines.slice(-9))}`) }

// RFC 5321, 3207 (STARTTLS) and 4954 (AUTH PLAIN and LOGIN), as far as a client that only sends needs them.
class Session {
  constructor(socket, secure) {
    Object.assign(this, { secure, signed: false, mail: null, data: null, step: null })
    this.on(socket)
    this.say('220 mail.example.org ESMTP')
    sessions.push(this)
  }
  on(socket) {
    this.socket = socket
    this.text = ''
    socket.on('error', () => {})
    this.take = (d) => { this.text += d; this.read() }
    socket.on('data', this.take)
  }
  say(x) { this.socket.write(x + '\r\n') }
  read() {
    for (;;) {
      const mark = this.data ? '\r\n.\r\n' : '\r\n', end = this.text.indexOf(mark)
      if (end < 0) return
      const line = this.text.slice(0, end)
      this.text = this.text.slice(end + mark.length)
      if (this.data) { mails.push({ ...this.data, text: line, secure: this.secure, signed: this.signed }); this.data = null; this.say('250 taken') } else if (this.command(line)) return
    }
  }
  command(line) {
    lines.push({ line, secure: this.secure })
    const word = line.split(' ')[0].toUpperCase(), rest = line.slice(word.length + 1)
    if (this.step) return this.say(this.answer(line))
    if (word === 'EHLO') return this.say(['250-mail.example.org', ...(!this.secure && offers.starttls ? ['250-STARTTLS'] : []), ...(this.secure || !offers.starttls ? [`250-AUTH ${offers.mechanisms ?? 'PLAIN LOGIN'}`] : []), '250 8BITMIME'].join('\r\n'))
    if (word === 'STARTTLS' && offers.starttls) {
      this.socket.write('220 go\r\n')
      this.socket.removeListener('data', this.take)
      this.secure = true
      this.on(new tls.TLSSocket(this.socket, { isServer: true, ...certificate(offers.certificate) }))
      return true
    }
    if (word === 'AUTH') return this.auth(rest)
    if (word === 'MAIL') { this.mail = { from: rest, to: [] }; return this.say(this.signed ? '250 ok' : '530 sign in first') }
    if (word === 'RCPT') { this.mail.to.push(rest); return this.say('250 ok') }
    if (word === 'DATA') { this.data = this.mail; return this.say('354 go') }
    if (word === 'QUIT') { this.say('221 bye'); this.socket.end(); return true }
    this.say('502 no')
  }
  auth(rest) {
    const [how, first] = rest.split(' ')
    if (how === 'PLAIN' && first) return this.say(this.judge(...Buffer.from(first, 'base64').toString().split('\0').slice(1)))
    if (how === 'PLAIN') { this.step = (line) => { this.step = null; return this.judge(...Buffer.from(line, 'base64').toString().split('\0').slice(1)) }; return this.say('334 ') }
    const names = []
    this.step = (line) => { names.push(Buffer.from(line, 'base64').toString()); if (names.length < 2) return '334 UGFzc3dvcmQ6'; this.step = null; return this.judge(...names) }
    this.say('334 VXNlcm5hbWU6')
  }
  answer(line) { return this.step(line) }
  judge(name, pass) {
    this.signed = name === user && pass === password && offers.accepts
    return this.signed ? '235 welcome' : '535 no'
  }
}
const certificate = (name) => ({ key: readFileSync(join(dir, name + '.key')), cert: readFileSync(join(dir, name + '.pem')) })

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'custos-mail-'))
  const made = authority(dir)
  made.ca('ca')
  made.ca('stranger')
  made.sign('good', 'ca', '/CN=mail', 'IP:127.0.0.2,DNS:localhost')
  made.sign('forged', 'stranger', '/CN=mail', 'IP:127.0.0.2,DNS:localhost')
  made.sign('another', 'ca', '/CN=mail', 'DNS:mail.example.org')
  writeFileSync(join(dir, 'password'), password + '\n', { mode: 0o600 })
  server = createTcp((socket) => new Session(socket, false))
  await new Promise((done) => server.listen(0, '127.0.0.2', done)) // another address than the one that may be spoken to in clear
  port = server.address().port
  clock = new ShiftedClock()
  s = await new System({ extra: settings(`smtp://127.0.0.2:${port}`) }).start()
})
after(async () => { await s?.remove(); clock.remove(); server.close(); for (const x of sessions) x.socket.destroy(); rmSync(dir, { recursive: true, force: true }) })

const settings = (url) => `notify:
  ca: ${dir}/ca.pem
  smtp: {url: "${url}", from: custos@example.org, user: ${user}, password: "file:${dir}/password"}
  channels:
    - {name: mail, role: security, mail: security@example.org, kinds: [incidents]}
`
let n = 0
const incident = (system = s) => {
  const r = system.run('register', 'step', 'incident.opened', 'kind=outage', 'severity=low', `title=Number ${++n}`, '--config', system.config, '--format', 'json')
  assert.equal(r.status, 0, r.stderr)
  return JSON.parse(r.stdout).id
}
const told = (type, system = s) => system.entries('org').filter((e) => e.type === type)
const wants = async (type, count, system = s) => (await until(() => told(type, system).length >= count && told(type, system))).at(-1)

test('mail goes out over TLS after a sign-in, and nothing of it in clear', async () => {
  const id = incident()
  const mail = await until(() => mails.find((m) => m.text.includes(id)))
  assert.ok(mail.secure && mail.signed)
  assert.deepEqual(mail.to.map((x) => x.trim()), ['TO:<security@example.org>'])
  assert.match(mail.text, /^From: <custos@example.org>\r$/m)
  assert.deepEqual(lines.filter((x) => !x.secure).map((x) => x.line.split(' ')[0]), ['EHLO', 'STARTTLS'])
  await wants('alert.delivered', 1)
})

test('a server that knows LOGIN alone is signed in to as well', async () => {
  offers = { ...offers, mechanisms: 'LOGIN' }
  const id = incident()
  assert.ok((await until(() => mails.find((m) => m.text.includes(id)))).signed)
  offers = { starttls: true, certificate: 'good', accepts: true }
  await wants('alert.delivered', 2)
})

for (const [what, change, why] of [
  ['a server without STARTTLS', { starttls: false }, /TLS|SSL/i],
  ['a certificate of a stranger', { certificate: 'forged' }, /certificate|SSL peer/i],
  ['a certificate of another host', { certificate: 'another' }, /certificate|SSL peer/i],
  ['a password that is not taken', { accepts: false }, /denied|login/i],
]) test(`${what}: nothing is sent, and an entry says why`, async () => {
  const sent = mails.length, failed = told('alert.failed').length, from = lines.length
  offers = { starttls: true, certificate: 'good', accepts: true, ...change }
  incident()
  const e = await wants('alert.failed', failed + 1)
  assert.match(e.body.reason, why)
  assert.equal(mails.length, sent)
  const said = lines.slice(from)
  assert.equal(said.some((x) => /^(MAIL|RCPT|DATA)/i.test(x.line)), false)
  if (change.accepts === undefined) assert.equal(said.some((x) => /^AUTH/i.test(x.line)), false, 'no password for a server that is not known')
  for (const x of s.entries('org')) assert.equal(JSON.stringify(x).includes(password), false)
  assert.equal(s.output.includes(password), false)
})

test('what failed is sent again when the server can', async () => {
  offers = { starttls: true, certificate: 'good', accepts: true }
  const missing = Array.from({ length: n }, (_, i) => `INC-${i + 1}`).filter((id) => !mails.some((m) => m.text.includes(id + '\r')))
  assert.equal(missing.length, 4)
  clock.pass(600e3) // it is tried again after a minute, then later each time
  for (const id of missing) assert.ok((await until(() => mails.find((m) => m.text.includes(id)))).secure)
})

test('smtps: TLS from the first byte', async () => {
  const from = mails.length, direct = tls.createServer(certificate('good'), (socket) => new Session(socket, true))
  await new Promise((done) => direct.listen(0, '127.0.0.1', done))
  const t = await new System({ extra: settings(`smtps://localhost:${direct.address().port}`) }).start()
  try {
    incident(t)
    const mail = await until(() => mails[from])
    assert.ok(mail.secure && mail.signed)
    await wants('alert.delivered', 1, t)
  } finally { await t.remove(); direct.close() }
})

test('a path of an authority that is not whole is refused', () => {
  const file = join(dir, 'bad.yaml')
  writeFileSync(file, settings(`smtp://127.0.0.2:${port}`).replace(`${dir}/ca.pem`, 'ca.pem'))
  const r = s.run('check-config', file)
  assert.equal(r.status, 2)
  assert.match(r.stdout + r.stderr, /bad.yaml.*2.*ca is the whole path/s)
})
