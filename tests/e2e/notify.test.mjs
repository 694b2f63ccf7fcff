// Who is told of what: mail to a server and webhooks to another, both inside this test.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer as createHttp } from 'node:http'
import { createServer as createTcp } from 'node:net'
import { System } from '../gateway/system.mjs'

const secret = randomBytes(16).toString('hex')
let s, smtp, http, dir
const mails = [], hooks = []
let answer = 200

// RFC 5321 as far as a client that only sends needs it.
function speak(socket) {
  let text = '', data = null
  socket.on('error', () => {})
  socket.write('220 test ESMTP\r\n')
  socket.on('data', (d) => {
    text += d
    for (;;) {
      if (data !== null) {
        const end = text.indexOf('\r\n.\r\n')
        if (end < 0) return
        mails.push({ ...data, text: text.slice(0, end) })
        data = null
        text = text.slice(end + 5)
        socket.write('250 taken\r\n')
        continue
      }
      const end = text.indexOf('\r\n')
      if (end < 0) return
      const line = text.slice(0, end)
      text = text.slice(end + 2)
      if (/^(EHLO|HELO)/i.test(line)) socket.write('250 test\r\n')
      else if (/^MAIL FROM:/i.test(line)) { socket.mail = { from: line.slice(10), to: [] }; socket.write('250 ok\r\n') }
      else if (/^RCPT TO:/i.test(line)) { socket.mail.to.push(line.slice(8)); socket.write('250 ok\r\n') }
      else if (/^DATA/i.test(line)) { data = socket.mail; socket.write('354 go\r\n') }
      else if (/^QUIT/i.test(line)) { socket.write('221 bye\r\n'); socket.end() }
      else socket.write('502 no\r\n')
    }
  })
}
const listen = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)))

before(async () => {
  smtp = createTcp(speak)
  http = createHttp((q, a) => {
    let body = ''
    q.on('data', (d) => (body += d)).on('end', () => {
      hooks.push({ body, headers: q.headers, url: q.url })
      a.statusCode = answer
      if (answer === 302) a.setHeader('location', '/elsewhere')
      a.end()
    })
  })
  const [mailPort, hookPort] = [await listen(smtp), await listen(http)]
  s = new System({ extra: `notify:
  digest_hour: 0
  smtp: {url: "smtp://127.0.0.1:${mailPort}", from: custos@example.org}
  channels:
    - {name: security-mail, role: security, mail: security@example.org, kinds: [incidents, digest]}
    - {name: hook, role: compliance, webhook: "http://127.0.0.1:${hookPort}/in", secret: "file:${'SECRET'}", kinds: [incidents, findings, privacy, expiries]}
` })
  writeFileSync(`${s.dir}/hook-secret`, secret + '\n')
  s.options.extra = s.options.extra.replace('SECRET', `${s.dir}/hook-secret`)
  await s.start()
})
after(async () => { await s?.remove(); smtp.close(); http.closeAllConnections(); http.close() })

const taken = (...args) => { const r = s.run('register', 'step', ...args, '--config', s.config, '--format', 'json'); assert.equal(r.status, 0, r.stdout + r.stderr); return JSON.parse(r.stdout) }
const until = async (what) => { for (let i = 0; i < 2000; i++) { const v = what(); if (v) return v; await new Promise((done) => setTimeout(done, 100)) } assert.fail('not within three minutes') }
const alerts = (id) => s.entries('org').filter((e) => e.type.startsWith('alert.') && (!id || e.body.alert === id))

test('an incident is told by mail and by a signed POST, once, without what somebody typed', async () => {
  taken('incident.opened', 'kind=credential_left', 'severity=high', 'title=Key of Ida in a prompt', 'tenant=acme')
  const mail = await until(() => mails.find((m) => /INC-1/.test(m.text)))
  const hook = await until(() => hooks.find((h) => /incident\.opened/.test(h.body)))
  assert.deepEqual(mail.to.map((x) => x.trim()), ['<security@example.org>'])
  assert.match(mail.text, /^Subject: Custos: Incident opened: INC-1\r$/m)
  assert.match(mail.text, /severity: high/)
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(hook.headers['x-custos-signature'])
  assert.equal(v1, createHmac('sha256', secret).update(`${t}.${hook.body}`).digest('hex'))
  const said = JSON.parse(hook.body)
  assert.equal(said.link, '/incidents/INC-1')
  assert.deepEqual(said.fields.severity, 'high')
  for (const text of [mail.text, hook.body]) { assert.doesNotMatch(text, /Ida|prompt|acme/); assert.equal(text.includes(secret), false) }
  await until(() => alerts().filter((e) => e.type === 'alert.delivered' && e.body.type === 'incident.opened').length === 2)
  const n = hooks.length
  await new Promise((done) => setTimeout(done, 6000)) // a look later
  assert.equal(hooks.length, n)
  assert.deepEqual(alerts().filter((e) => e.type === 'alert.failed'), [])
})

test('what ends within 60, 30 or 7 days is told, and whose it is is not', async () => {
  const day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10)
  taken('training.completed', 'person=Ida', 'course=Safe use of Ida', `completed_on=${day(-300)}`, `valid_until=${day(20)}`)
  taken('training.completed', 'person=Ida', 'course=Far off', `completed_on=${day(-3)}`, `valid_until=${day(90)}`)
  const h = await until(() => hooks.find((x) => /"kind":"expiries"/.test(x.body)))
  assert.deepEqual(JSON.parse(h.body).fields, { register: 'training', until: `${day(20)}T00:00:00.000Z`, within_days: 30 })
  assert.doesNotMatch(h.body, /Ida/)
  await until(() => alerts().some((e) => e.type === 'alert.delivered' && e.body.kind === 'expiries'))
  assert.equal(hooks.filter((x) => /"kind":"expiries"/.test(x.body)).length, 1)
})

test('the digest of the day goes to its role, once', async () => {
  const digest = await until(() => mails.find((m) => /Open today, for security/.test(m.text)))
  assert.match(digest.text, /incidents_open: \d+/)
  await until(() => alerts().some((e) => e.type === 'alert.delivered' && e.body.kind === 'digest'))
  assert.equal(mails.filter((m) => /Open today/.test(m.text)).length, 1)
})

test('what is not taken is an entry that says why; a redirect is not followed', async () => {
  answer = 302
  taken('finding.opened', 'title=Something', 'severity=low', 'control=', 'owner=', 'cause=x', `due=2099-01-01`)
  const failed = await until(() => alerts().find((e) => e.type === 'alert.failed'))
  assert.equal(failed.body.reason, 'it answers with 302')
  assert.equal(failed.body.tries, 1)
  assert.equal(hooks.some((h) => h.url === '/elsewhere'), false)
  assert.equal(taken('alert.acknowledged', `alert=${failed.body.alert}`).state, 'acknowledged')
})

test('a configuration that would send in clear, or that holds a secret, is refused', () => {
  const bad = (text, why) => {
    const file = `${s.dir}/bad.yaml`
    writeFileSync(file, `notify:\n${text}\n`)
    const r = s.run('check-config', file)
    assert.equal(r.status, 2, r.stdout)
    assert.match(r.stdout + r.stderr, why)
  }
  const channel = (c) => `  channels:\n    - {name: a, role: owner, kinds: [digest], ${c}}`
  bad(channel('webhook: "http://example.org/x", secret: env:X'), /begins with https/)
  bad(channel('webhook: "https://u:p@example.org/x", secret: env:X'), /has no user/)
  bad(channel('webhook: "https://example.org/x"'), /needs secret/)
  bad(channel('webhook: "https://example.org/x", secret: abc'), /never the value itself/)
  bad(channel('mail: a@example.org'), /mail needs notify\.smtp/)
  bad(`  smtp: {url: "smtp://127.0.0.1:25", from: a@example.org}\n${channel('mail: "a@example.org>,<b@example.org"')}`, /one mail address/)
  bad(`  smtp: {url: "http://127.0.0.1:25", from: a@example.org}\n  channels: []`, /begins with smtps/)
  bad(`  channels:\n    - {name: a, role: owner, kinds: [everything], webhook: "https://example.org/x", secret: env:FAKE_KEY}`, /kind/)
})
