// Code hosts tell of pushes, reviews and merges: only who knows the secret is believed, and each thing is taken once.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { System } from '../gateway/system.mjs'
import { call } from '../web/people.mjs'

let s
const dir = mkdtempSync(join(tmpdir(), 'custos-hooks-'))
const secrets = { github: randomBytes(20).toString('hex'), gitlab: randomBytes(20).toString('hex'), gitea: randomBytes(20).toString('hex') }
const sha = () => randomBytes(20).toString('hex')
const proof = {
  github: (body, secret, event) => ({ 'x-github-event': event, 'x-github-delivery': sha(), 'x-hub-signature-256': 'sha256=' + createHmac('sha256', secret).update(body).digest('hex') }),
  gitlab: (body, secret, event) => ({ 'x-gitlab-event': event, 'x-gitlab-event-uuid': sha(), 'x-gitlab-token': secret }),
  gitea: (body, secret, event) => ({ 'x-gitea-event': event, 'x-gitea-delivery': sha(), 'x-gitea-signature': createHmac('sha256', secret).update(body).digest('hex') }),
}
const send = async (kind, event, payload, { secret = secrets[kind], headers = {} } = {}) => {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload)
  const r = await call(s, 'POST', `/api/v1/hooks/${kind}`, { body, headers: { ...proof[kind](body, secret, event), ...headers } })
  return [r.status, await r.json()]
}
const told = async (kind, event, payload, did) => assert.deepEqual(await send(kind, event, payload), [200, { did }])
const change = (id) => s.json('register', 'show', 'change', id)
const repo = { full_name: 'acme/pay' }
const events = {
  github: {
    push: (c, user) => ['push', { ref: 'refs/heads/main', after: c, deleted: false, repository: repo, pusher: { name: user }, head_commit: { id: c, message: 'Round down\n\nmore', author: { username: user, email: 'x@example.com' } } }],
    review: (c, user, ok = true) => ['pull_request_review', { action: 'submitted', review: { state: ok ? 'approved' : 'changes_requested', commit_id: c, submitted_at: sha(), user: { login: user } }, pull_request: { head: { sha: c }, base: { ref: 'main' }, title: 'Round down' }, repository: repo }],
    merge: (c, user) => ['pull_request', { action: 'closed', pull_request: { merged: true, head: { sha: c }, base: { ref: 'main' }, title: 'x' }, repository: repo, sender: { login: user } }],
  },
  gitlab: {
    push: (c, user) => ['Push Hook', { object_kind: 'push', ref: 'refs/heads/lab', after: c, user_username: user, project: { path_with_namespace: 'acme/lab' }, commits: [{ id: c, message: 'Round down' }] }],
    review: (c, user, ok = true) => ['Merge Request Hook', { object_kind: 'merge_request', user: { username: user }, project: { path_with_namespace: 'acme/lab' }, object_attributes: { action: ok ? 'approved' : 'unapproved', target_branch: 'lab', title: 'x', last_commit: { id: c } } }],
    merge: (c, user) => ['Merge Request Hook', { object_kind: 'merge_request', user: { username: user }, project: { path_with_namespace: 'acme/lab' }, object_attributes: { action: 'merge', target_branch: 'lab', title: 'x', last_commit: { id: c } } }],
  },
  gitea: {
    push: (c, user) => ['push', { ref: 'refs/heads/tea', after: c, repository: repo, pusher: { login: user }, head_commit: { id: c, message: 'Round down', author: { username: user } } }],
    review: (c, user, ok = true) => [ok ? 'pull_request_approved' : 'pull_request_rejected', { action: 'reviewed', review: { type: 'x' }, pull_request: { head: { sha: c }, base: { ref: 'tea' }, title: 'x' }, repository: repo, sender: { login: user } }],
    merge: (c, user) => ['pull_request', { action: 'closed', pull_request: { merged: true, head: { sha: c }, base: { ref: 'tea' }, title: 'x' }, repository: repo, sender: { login: user } }],
  },
}

before(async () => {
  for (const [k, v] of Object.entries(secrets)) writeFileSync(join(dir, k), v + '\n')
  s = await new System({ extra: `hooks:\n  github: file:${dir}/github\n  gitlab: file:${dir}/gitlab\n  gitea: file:${dir}/gitea\n  people: {octo: Ada, tanuki: Bo}\n` }).start()
})
after(async () => s?.remove())

for (const kind of ['github', 'gitlab', 'gitea']) {
  test(`${kind}: a push registers, a review and a merge are recorded, each once`, async () => {
    const c = sha(), e = events[kind], push = e.push(c, 'octo')
    await told(kind, ...push, 'registered')
    assert.deepEqual([change(c).fields.author, change(c).fields.title, change(c).state], ['Ada', 'Round down', 'registered'])
    await told(kind, ...push, 'seen') // under another delivery id, which nobody signs
    const no = e.review(c, 'tanuki', false), yes = e.review(c, 'tanuki')
    await told(kind, ...yes, 'reviewed')
    assert.deepEqual([change(c).fields.reviewer, change(c).fields.verdict], ['Bo', 'approved'])
    await told(kind, ...no, 'reviewed')
    await told(kind, ...yes, 'seen') // an old yes does not come back
    assert.equal(change(c).fields.verdict, 'changes_requested')
    await told(kind, ...e.merge(c, 'somebody-else'), 'merged')
    const own = await send(kind, ...e.review(c, 'octo'))
    assert.equal(own[0], 403) // whoever wrote it does not review it
    const next = sha()
    await told(kind, ...e.push(next, 'tanuki'), 'registered')
    assert.equal(change(c).state, 'superseded')
  })
  test(`${kind}: what is not proven, or is not whole, is refused`, async () => {
    const c = sha(), push = events[kind].push(c, 'octo')
    assert.equal((await send(kind, ...push, { secret: 'x'.repeat(40) }))[0], 401)
    assert.equal((await send(kind, ...push, { secret: '' }))[0], 401)
    const body = JSON.stringify(push[1])
    if (kind !== 'gitlab') assert.equal((await send(kind, push[0], body + ' ', { headers: proof[kind](body, secrets[kind], push[0]) }))[0], 401)
    const none = await call(s, 'POST', `/api/v1/hooks/${kind}`, { body })
    assert.equal(none.status, 401)
    assert.equal((await send(kind, push[0], '[]'))[0], 400)
    assert.equal((await send(kind, push[0], body.slice(0, -1)))[0], 400)
    assert.equal((await send(kind, push[0], { ...push[1], after: 'HEAD' }))[0], 400)
    assert.equal((await send(kind, push[0], { ...push[1], ref: 'refs/heads/' + 'b'.repeat(300) }))[0], 400)
    await told(kind, push[0], { ...push[1], ref: 'refs/tags/v1' }, 'nothing')
    await told(kind, push[0], { ...push[1], after: '0'.repeat(40) }, 'nothing')
    await told(kind, 'ping', { zen: 'x' }, 'nothing')
    assert.equal((await send(kind, ...events[kind].review(sha(), 'tanuki')))[0], 404) // of a commit that nobody registered
    assert.equal(s.run('register', 'show', 'change', c, '--config', s.config).status, 2)
  })
}

test('another host is unknown, and a title that is a secret is not written down', async () => {
  assert.equal((await call(s, 'POST', '/api/v1/hooks/svn', { body: '{}' })).status, 404)
  const c = sha(), [event, payload] = events.github.push(c, 'octo')
  const secret = 'ghp_' + randomBytes(40).toString('base64').replace(/[^A-Za-z0-9]/g, 'x').slice(0, 36)
  payload.head_commit.message = `use ${secret}`
  const r = await send('github', event, payload)
  assert.equal(r[0], 200)
  assert.doesNotMatch(change(c).fields.title, /ghp_/)
})
