// docs/openapi.yaml against the running API and its source: neither says what the other does not.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { createHash } from 'node:crypto'
import Ajv from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { parse } from 'yaml'
import { System } from '../gateway/system.mjs'
import { operations } from './operations.mjs'

const root = new URL('../../', import.meta.url)
const file = parse(readFileSync(new URL('docs/openapi.yaml', root), 'utf8'))
const ajv = new Ajv({ strict: false, allErrors: true })
addFormats(ajv)
ajv.addSchema({ $id: 'file', ...file })
const METHODS = ['get', 'post', 'put', 'patch', 'delete']
let system, socket

before(async () => {
  system = await new System({ extra: 'repositories:\n  - {name: acme/pay, class: confidential, paths: [{path: keys/**, class: restricted}]}\naccess:\n  - {id: hide, class: restricted, then: cut}\n' }).start()
  const dir = `${system.dir}/state`
  const short = createHash('sha256').update(dir).digest('hex').slice(0, 8)
  const found = [`/run/custos-${short}`, `${dir}/run`, `/tmp/custos-${process.getuid()}-${short}`]
  const { existsSync } = await import('node:fs')
  socket = found.map((d) => `${d}/admin.sock`).find((s) => existsSync(s))
  for (const text of ['write to carl@example.org', 'hello']) await (await fetch(system.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': system.key, 'x-custos-repo': 'acme/pay' }, body: JSON.stringify({ model: 'sink', max_tokens: 9, messages: [{ role: 'user', content: text }] }) })).text()
  await (await fetch(system.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': 'ck-wrong' }, body: '{}' })).text()
  for (let i = 0; i < 1000 && (await ask('GET', '/api/v1/exchanges')).json.items.filter((x) => x.state === 'answered').length < 2; i++) await new Promise((done) => setTimeout(done, 50))
})
after(() => system.remove())

function ask(method, path, body) {
  return new Promise((done, fail) => {
    const r = request({ socketPath: socket, method: method.toUpperCase(), path, agent: false, headers: body ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(JSON.stringify(body)) } : {} }, (answer) => {
      let text = ''
      answer.on('data', (d) => (text += d)).on('end', () => {
        const type = answer.headers['content-type'] ?? ''
        done({ status: answer.statusCode, type, text, json: /json/.test(type) && !/entries\/\d+$/.test(path) ? JSON.parse(text) : /json/.test(type) ? JSON.parse(text) : undefined })
      })
    })
    r.on('error', fail)
    r.end(body && JSON.stringify(body))
  })
}

function valid(path, method, answer) {
  const operation = file.paths[path][method]
  const said = operation.responses[answer.status] ?? operation.responses.default
  assert.ok(said, `${method} ${path}: ${answer.status} is not described`)
  const content = (said.$ref ? file.components.responses[said.$ref.split('/').at(-1)] : said).content
  if (!content) return assert.equal(answer.text, '', `${method} ${path}`)
  const type = Object.keys(content)[0]
  assert.ok(answer.type.startsWith(type), `${method} ${path}: ${answer.type}`)
  if (!type.includes('json')) return
  const key = path.replaceAll('~', '~0').replaceAll('/', '~1')
  const pointer = said.$ref ? '#/components/responses/Problem' : `#/paths/${key}/${method}/responses/${answer.status}`
  const check = ajv.compile({ $ref: `file${pointer}/content/${type.replace('/', '~1')}/schema` })
  assert.ok(check(answer.json), `${method} ${path}: ${JSON.stringify(check.errors?.slice(0, 3))} ${answer.text.slice(0, 300)}`)
}

// Real ids in the place of {id}, {log}, {index}.
async function address(path) {
  const list = await ask('GET', '/api/v1/exchanges?decision=allow')
  assert.ok(list.json?.items?.length, list.text)
  const newest = list.json.items[0].id
  const id = path.includes('/keys/') ? (await ask('GET', '/api/v1/keys')).json.items[0].id : newest
  return path.replace('{id}', id).replace('{log}', 't:acme').replace('{index}', '1') + (path.endsWith('/proof') ? '?index=1' : path.endsWith('scan-key') ? '?repository=acme/pay' : '')
}

test('the table of operations and the file name the same operations, and the same roles for each', () => {
  const here = operations().map((o) => `${o.method} ${o.path} ${o.roles}`).sort()
  const said = Object.entries(file.paths).flatMap(([path, methods]) => [...METHODS, 'head'].filter((m) => methods[m])
    .map((m) => `${m} ${path} ${[...(methods[m]['x-roles'] ?? ['(none said)'])].sort()}`)).sort()
  assert.ok(here.length > 50, `${here.length} operations were read from the table`)
  assert.deepEqual(here, said)
  for (const [path, methods] of Object.entries(file.paths)) for (const m of METHODS.filter((m) => methods[m]))
    assert.equal(methods[m].security?.length === 0, methods[m]['x-roles'].some((r) => r === 'nobody' || r === 'visitor'), `${m} ${path}: security and x-roles disagree`)
})

test('every path of the file is answered, by the methods that it names and no others', async () => {
  for (const path of Object.keys(file.paths)) {
    for (const method of METHODS) {
      if (file.paths[path][method]) continue
      const r = await ask(method, await address(path), method === 'get' ? undefined : {})
      assert.ok([404, 405].includes(r.status), `${method} ${path} is answered with ${r.status}`)
    }
    for (const method of METHODS.filter((m) => file.paths[path][m] && m !== 'delete')) {
      const r = await ask(method, await address(path), method === 'get' ? undefined : {})
      assert.ok(!/There is no such path/.test(r.text) && r.status !== 405, `${method} ${path}: ${r.status} ${r.text}`)
      valid(path, method, r)
    }
  }
})

test('good answers of writes are valid, and so are refusals', async () => {
  const key = await ask('post', '/api/v1/keys', { tenant: 'acme', user: 'ada', limits: { requests_per_minute: 5 } })
  assert.equal(key.status, 201, key.text)
  valid('/api/v1/keys', 'post', key)
  for (const [path, method, body, at] of [
    ['/api/v1/keys/{id}', 'patch', { limits: { concurrent: 2 } }], ['/api/v1/keys/{id}/rotate', 'post', { overlap: 60 }, '/rotate'], ['/api/v1/keys/{id}', 'delete'],
    ['/api/v1/try', 'post', { text: 'mail erna@kundenpost.org' }, null], ['/api/v1/signin-tokens', 'post', {}, null]]) {
    const r = await ask(method, at === null ? path : `/api/v1/keys/${key.json.id}${at ?? ''}`, body)
    assert.ok(r.status < 300, `${method} ${path}: ${r.text}`)
    valid(path, method, r)
  }
  for (const [path, real] of [['/api/v1/exchanges', '?limit=x'], ['/api/v1/exchanges', '?cursor=-1'], ['/api/v1/routes', '?days=0'], ['/api/v1/bundles', '?limit=201'],
    ['/api/v1/logs/{log}/entries', 'BAD'], ['/api/v1/exchanges/{id}', 'BAD'], ['/api/v1/logs/{log}/entries/{index}/neighbours', 'BAD']]) {
    const r = await ask('get', real === 'BAD' ? path.replace('{id}', 'none').replace('{log}', 't:other').replace('{index}', '99999') : path + real)
    assert.ok(r.status >= 400 && r.status < 500, `${path}${real}: ${r.status}`)
    valid(path, 'get', r)
    assert.equal(r.json.status, r.status)
  }
})

test('without a session only what the file says is open is answered', async () => {
  for (const [path, operations] of Object.entries(file.paths)) {
    if (path === '/metrics' || !operations.get) continue
    const r = await fetch(system.url + (await address(path)))
    const open = operations.get.security?.length === 0
    assert.equal(r.status === 401, !open, `${path}: ${r.status}`)
  }
})
