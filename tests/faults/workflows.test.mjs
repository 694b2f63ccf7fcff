// The daemon and its signer are killed and the clock jumps while people are in the middle of workflows: what was answered
// is on record once, no record is in a state that its steps do not give, and the log and what is derived from it hold.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { System } from '../gateway/system.mjs'
import { runDirOf } from '../gateway/probing.mjs'
import { ShiftedClock } from './clock.mjs'

const EACH = 20, KILLS = 14, MINUTE = 60_000
const day = (n) => new Date(Date.now() + n * 24 * 60 * MINUTE).toISOString().slice(0, 10)

// Which steps, and the state that each leads to. The first one opens a record. The machine's operator takes them: a person's
// session ends with the daemon that is killed.
const workflows = {
  finding: [['finding.opened', { title: 'No list of exits', severity: 'low', owner: 'Ada Example', due: day(90) }, 'open'], ['finding.fixed', { fix: 'Wrote it' }, 'fixed'], ['finding.retest_failed', { retest: 'It is not there' }, 'open'], ['finding.fixed', { fix: 'Now really' }, 'fixed']],
  incident: [['incident.opened', { kind: 'other', severity: 'low', title: 'A test' }, 'open'], ['incident.acknowledged', { owner: 'Ada' }, 'acknowledged'], ['incident.contained', { how: 'Switched off' }, 'contained']],
  risk: [['risk.assessed', { title: 'A provider stops', category: 'vendor', likelihood: 2, impact: 4, controls: ['VEN-07'], treatment: 'reduce', response: 'A second one', owner: 'Ada Example', review_by: day(60) }, 'assessed'], ['risk.closed', { reason: 'Gone' }, 'closed']],
  key_request: [['key.requested', { for_tenant: 'acme', holder: 'Cy', purpose: 'Tests' }, 'requested'], ['key.refused', { reason: 'Not needed' }, 'refused']],
  commitment: [['commitment.changed', { promise: 'Nothing is kept', to: 'All customers', topic: 'other', value: '', controls: ['VEN-06'] }, 'active'], ['commitment.ended', { reason: 'New terms' }, 'ended']],
}

let system, clock
let admin // of the machine
before(async () => {
  clock = new ShiftedClock()
  system = await new System({ extra: 'probes: {schedule: false}\n' }).start()
  admin = `${runDirOf(system)}/admin.sock`
})
after(async () => {
  await system?.remove()
  clock?.remove()
})

// status 0: nobody is there just now, or went away before the answer
const post = (body) => new Promise((done) => {
  const q = request({ socketPath: admin, method: 'POST', path: '/api/v1/records', headers: { 'content-type': 'application/json' } }, (r) => {
    let text = ''
    r.on('data', (d) => (text += d)).on('error', () => done({ status: 0 })).on('end', () => { try { done({ status: r.statusCode, json: JSON.parse(text) }) } catch { done({ status: 0 }) } })
  })
  q.on('error', () => done({ status: 0 })).end(JSON.stringify(body))
})

// Until it is answered. 'before': an attempt whose answer was lost had been taken.
async function take([type, fields], register, id) {
  for (const end = Date.now() + 120_000; Date.now() < end; await sleep(50)) {
    const r = await post({ type, fields: id ? { ...fields, [register]: id } : fields })
    if (r.status === 201) return r.json.id
    if (id && r.status === 409) return 'before'
    assert.ok(r.status === 0 || r.status >= 500, `${type}: ${r.status} ${JSON.stringify(r.json)}`)
  }
  throw new Error(`${type} was not taken within two minutes`)
}

async function go(register) {
  const [first, ...rest] = workflows[register], id = await take(first, register)
  for (const step of rest) await take(step, register, id)
  return id
}

async function disturb(state) {
  for (; state.running || state.kills < KILLS; state.kills++) {
    await sleep(300)
    clock.set([0, 5, -4, 2, -7][state.kills % 5] * MINUTE)
    for (const pid of system.pids(state.kills % 4 === 3 ? 'signer' : 'daemon').filter((p) => p > 0)) try { process.kill(pid, 'SIGKILL') } catch { /* it has just ended */ }
    await sleep(state.kills % 3 === 0 ? 100 : 1200) // sometimes it is killed while it starts
  }
  clock.set(0)
}

test('kills and jumps in the middle of workflows: nothing is half done, nothing is lost', { timeout: 500_000 }, async () => {
  const state = { running: true, kills: 0 }, trouble = disturb(state)
  const all = Object.keys(workflows).map(async (register) => [register, await Promise.all(Array.from({ length: EACH }, () => go(register)))])
  const ends = await Promise.allSettled(all)
  const during = state.kills
  state.running = false
  await trouble
  const ids = Object.fromEntries(ends.map((e) => { if (e.reason) throw e.reason; return e.value }))
  assert.ok(during >= 2, `they were through after ${during} kills`)
  assert.equal(system.json('status', '--wait', '30').state, 'running')
  for (const [register, steps] of Object.entries(workflows)) {
    const { items } = system.json('register', 'list', register), types = steps.map((s) => s[0])
    for (const id of ids[register]) assert.equal(items.find((x) => x.id === id)?.state, steps.at(-1)[2], `${register} ${id}`)
    assert.equal(new Set(ids[register]).size, EACH)
    const [what, said] = Object.entries(steps[0][1])[0] // Custos opens findings of its own
    for (const x of items.filter((x) => x.fields[what] === said)) { // those too whose opening was not answered
      const taken = system.json('register', 'show', register, x.id).steps.map((s) => s.type).filter((t) => types.includes(t))
      assert.deepEqual(taken, types.slice(0, taken.length), `${register} ${x.id}`)
      assert.equal(x.state, steps[taken.length - 1][2], `${register} ${x.id}`)
    }
  }
  const v = system.verify()
  assert.equal(v.status, 0, v.stdout + v.stderr)
})
