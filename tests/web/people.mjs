// People with accounts, for tests: invited by the command line, joined over HTTP with a password and the codes
// of an authenticator, as a browser would.
import { createHmac, randomBytes } from 'node:crypto'

export function code(secret, at = Date.now(), step = 0) {
  let bits = ''
  for (const c of secret) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30000) + step))
  const mac = createHmac('sha1', key).update(counter).digest()
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0')
}

export const cookieOf = (answer) => /custos_session=([^;]*)/.exec(answer.headers.get('set-cookie') ?? '')?.[1]

export function call(system, method, path, { session, body, headers = {} } = {}) {
  return fetch(system.url + path, {
    method, redirect: 'manual', body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    headers: { ...(method === 'GET' ? {} : { 'content-type': 'application/json' }), ...(session ? { cookie: `custos_session=${session}` } : {}), ...headers },
  })
}

// {name, password, secret, session, recovery, person}: joined and signed in. The code of the step before was used.
export async function join(system, name, role, ...options) {
  const made = system.json('person', 'add', name, '--role', role, ...options)
  return { person: made.person, ...(await accept(system, name, made.url)) }
}

export async function accept(system, name, url) {
  const token = url.split('/#/join/')[1], password = `p-${randomBytes(12).join('')}` // digits alone: letters could be somebody's name
  const shown = await (await call(system, 'POST', '/api/v1/invitations', { body: { token } })).json()
  const go = () => call(system, 'POST', '/api/v1/invitations/accept', { body: { token, password, code: code(shown.secret, Date.now(), -1) } })
  let r = await go()
  if (r.status === 400) r = await go() // half a minute ended in between
  const text = await r.text()
  if (r.status !== 200) throw new Error(`${name} could not join: ${text}`)
  return { name, password, secret: shown.secret, session: cookieOf(r), recovery: JSON.parse(text).recovery, shown }
}
