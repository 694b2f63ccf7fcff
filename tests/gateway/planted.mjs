// Values that must not leave, invented at run time: nothing here looks like a secret until it runs.
import { randomBytes, randomInt } from 'node:crypto'

const pick = (alphabet, n) => Array.from({ length: n }, () => alphabet[randomInt(alphabet.length)]).join('')
const digit = '0123456789'
const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const alnum = upper + upper.toLowerCase() + digit
const b64 = (o) => Buffer.from(JSON.stringify(o)).toString('base64url')

const luhn = (body) => {
  const sum = [...body].reverse().reduce((s, c, i) => { const v = Number(c) * (i % 2 ? 1 : 2); return s + (v > 9 ? v - 9 : v) }, 0)
  return body + ((10 - (sum % 10)) % 10)
}
const iban = () => {
  const bban = pick(digit, 18)
  const check = 98n - (BigInt(bban + '131400') % 97n)
  return `DE${String(check).padStart(2, '0')}${bban}`
}

export function plant() {
  const pem = randomBytes(48 * 6).toString('base64').match(/.{64}/g)
  const value = {
    email: `grace.${pick('abcdefgh', 6)}@example.org`,
    phone: `+49 30 ${randomInt(20000000, 99999999)}`,
    card: luhn('4' + pick(digit, 14)),
    iban: iban(),
    ssn: `${randomInt(100, 665)}-${randomInt(10, 99)}-${randomInt(1000, 9999)}`,
    ip: `${randomInt(60, 95)}.${randomInt(1, 250)}.${randomInt(1, 250)}.${randomInt(1, 250)}`,
    aws: 'AK' + 'IA' + pick(upper + '234567', 16),
    github: 'gh' + 'p_' + github(),
    slack: 'xox' + 'b-' + pick(digit, 12) + '-' + pick(digit, 12) + '-' + pick(alnum, 24),
    stripe: 'sk_' + 'live_' + pick(alnum, 24),
    jwt: `${b64({ alg: 'HS256', typ: 'JWT' })}.${b64({ sub: pick(alnum, 10), iat: 1700000000 })}.${pick(alnum, 43)}`,
    url: `postgres://app:${pick(alnum, 14)}@db.example.net:5432/orders`,
  }
  const secretOf = { url: value.url.split(':')[2].split('@')[0] }
  const key = ['-----BEGIN ' + 'RSA PRIVATE KEY-----', ...pem, '-----END ' + 'RSA PRIVATE KEY-----']
  const text = `Please look at "this" config \\ file – ünïcode 😀:
${Object.entries(value).map(([k, v]) => `  ${k} = ${v}`).join('\n')}
${key.map((l, i) => `${String(i + 1).padStart(5)}\t${l}`).join('\n')}
`
  const secrets = Object.entries(value).map(([k, v]) => secretOf[k] ?? v).concat(pem)
  return { text, value, secrets }
}

// GitHub's tokens end in a CRC-32 of what stands before, in base 62.
function github() {
  const body = pick(alnum, 30)
  const alphabet = digit + upper + upper.toLowerCase()
  let crc = ~0
  for (const c of Buffer.from(body)) {
    crc ^= c
    for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  let n = ~crc >>> 0
  let out = ''
  for (let i = 0; i < 6; i++) {
    out = alphabet[n % 62] + out
    n = Math.floor(n / 62)
  }
  return body + out
}

// In which forms a value could have got out.
export function leaks(bytes, secrets) {
  const raw = bytes.toString('latin1')
  const found = []
  for (const s of secrets) {
    const escaped = [...s].map((c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')).join('')
    const forms = [s, encodeURIComponent(s), escaped, escaped.toUpperCase()]
    for (let shift = 0; shift < 3; shift++) { // base64 at each alignment, without its edges
      const b = Buffer.from('x'.repeat(shift) + s).toString('base64').replaceAll('=', '')
      forms.push(b.slice(shift ? 4 : 0, -3))
    }
    for (const f of forms) if (f.length > 5 && raw.includes(f)) found.push(f)
  }
  return found
}
