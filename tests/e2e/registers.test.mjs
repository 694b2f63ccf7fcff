// Registers: steps of records through the command line and the API, read back from the log.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { System } from '../gateway/system.mjs'

let s
before(async () => { s = await new System({ extra: '  - name: umbra\n' }).start() })
after(async () => s?.remove())

// the API as the command line asks it
const admin = (method, path, body) => new Promise((done, fail) => {
  const run = readFileSync(`/proc/${s.pids('nginx')[0]}/cmdline`, 'utf8').match(/ -p (\S+)/)[1], socketPath = `${run}/admin.sock`
  const q = request({ socketPath, method, path, headers: { 'content-type': 'application/json' } }, (r) => {
    let text = ''
    r.on('data', (d) => (text += d)).on('end', () => done({ status: r.statusCode, json: JSON.parse(text) }))
  })
  q.on('error', fail).end(body)
})
const step = (...args) => s.run('register', 'step', ...args, '--config', s.config, '--format', 'json')
const taken = (...args) => { const r = step(...args); assert.equal(r.status, 0, r.stdout + r.stderr); return JSON.parse(r.stdout) }
const refused = (why, ...args) => { const r = step(...args); assert.equal(r.status, 2, r.stdout); assert.match(r.stderr, why) }
const open = ['finding.opened', 'title=Two keys have no end', 'control=IAM-01', 'severity=medium', 'owner=Ada Example', 'due=2027-01-31']

test('a record is opened, numbered and read back with the entry that says so', async () => {
  const f = taken(...open)
  assert.equal(f.id, 'F-1')
  assert.equal(f.state, 'open')
  assert.equal(f.fields.owner, 'Ada Example')
  assert.equal(f.fields.due, '2027-01-31T00:00:00.000Z')
  const entry = s.entries('org')[f.entry.index]
  assert.equal(entry.type, 'finding.opened')
  assert.match(entry.body.owner, /^p_[0-9a-f]{32}$/) // the log holds a pseudonym
  assert.equal(taken(...open).id, 'F-2')
})

test('a step keeps what it does not name, and the history says who and where', () => {
  const before = new Date().toISOString()
  const f = taken('finding.assigned', 'finding=F-1', 'owner=Bo Example', 'due=2027-02-28')
  assert.equal(f.state, 'open')
  assert.equal(f.fields.title, 'Two keys have no end')
  assert.equal(f.fields.owner, 'Bo Example')
  const one = s.json('register', 'show', 'finding', 'F-1')
  assert.deepEqual(one.steps.map((x) => x.type), ['finding.opened', 'finding.assigned'])
  assert.equal(one.steps[0].fields.owner, 'Ada Example')
  assert.equal(s.entries('org')[one.steps[1].entry.index].id.length, 26)
  const then = s.json('register', 'show', 'finding', 'F-1', '--as-of', before)
  assert.equal(then.fields.owner, 'Ada Example')
  assert.equal(then.steps.length, 1)
})

test('what the state, the fields or the second person forbid is refused and written nowhere', () => {
  const size = s.entries('org').length
  refused(/is open, and finding\.closed is not possible then/, 'finding.closed', 'finding=F-1', 'note=')
  refused(/there is no finding F-9/, 'finding.fixed', 'finding=F-9', 'fix=x')
  refused(/there is no finding F-77/, 'finding.opened', 'finding=F-77', ...open.slice(1))
  refused(/has no field colour; it has cause, control/, ...open, 'colour=red')
  refused(/severity/, ...open.filter((x) => !x.startsWith('severity')))
  refused(/severity: is none of its words/, ...open.map((x) => x.replace('medium', 'awful')))
  refused(/due: a time like/, ...open.map((x) => x.replace('2027-01-31', 'soon')))
  refused(/belongs to the organisation/, ...open, '--tenant', 'acme')
  refused(/there is no step of the type exchange\.request/, 'exchange.request')
  assert.equal(s.entries('org').filter((e) => e.type.startsWith('finding.')).length, s.entries('org').slice(0, size).filter((e) => e.type.startsWith('finding.')).length)
  taken('finding.fixed', 'finding=F-1', 'fix=Rotated')
  refused(/a second person is needed/, 'finding.retested', 'finding=F-1', 'retest=x')
  assert.equal(s.json('register', 'show', 'finding', 'F-1').state, 'fixed')
})

test('listings filter by state, page by cursor and count', async () => {
  assert.deepEqual(s.json('register', 'list', 'finding').items.map((x) => x.id), ['F-2', 'F-1'])
  assert.deepEqual(s.json('register', 'list', 'finding', '--state', 'fixed').items.map((x) => x.id), ['F-1'])
  const r = s.json('register', 'list').registers.find((x) => x.name === 'finding')
  assert.deepEqual(r.counts, { fixed: 1, open: 1 })
  assert.deepEqual(r.steps.find((x) => x.type === 'finding.retested').other_than, ['fixed'])
  const page = (await admin('GET', '/api/v1/records?register=finding&limit=1')).json
  assert.equal(page.items.length, 1)
  const next = (await admin('GET', `/api/v1/records?register=finding&limit=1&cursor=${page.next_cursor}`)).json
  assert.equal(next.items[0].id, 'F-1')
})

test('two who race for one record: one of them comes second, and neither step is lost', async () => {
  const body = (fix) => JSON.stringify({ type: 'finding.fixed', fields: { finding: 'F-2', fix } })
  const answers = await Promise.all(['a', 'b', 'c', 'd'].map((x) => admin('POST', '/api/v1/records', body(x))))
  assert.deepEqual(answers.map((x) => x.status).sort(), [201, 409, 409, 409])
  assert.equal(s.entries('org').filter((e) => e.type === 'finding.fixed' && e.body.finding === 'F-2').length, 1)
})
