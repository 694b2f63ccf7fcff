// The master key from a PKCS#11 token (SoftHSM), from a systemd credential and from a file.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { System } from '../gateway/system.mjs'
import { search } from './people.mjs'

const dir = mkdtempSync(join(tmpdir(), 'custos-hsm-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const tool = (...args) => {
  const r = spawnSync(args[0], args.slice(1), { encoding: 'utf8' })
  assert.equal(r.status, 0, args.join(' ') + (r.stderr || r.error))
}
const round = async (system, name) => {
  await system.start()
  assert.ok(system.json('key', 'list').items.some((k) => k.user === name || name === 'dev'))
  await system.stop()
}
// What the daemon says when it does not start.
const refuses = (system, want, line) => {
  const text = readFileSync(system.config, 'utf8')
  writeFileSync(system.config, line ? text.replace(/^master_key:.*$/m, line) : text)
  const r = spawnSync(join(process.env.CUSTOS_BUILD ?? 'build', 'src/cli/custos'), ['daemon', '--config', system.config], { encoding: 'utf8', timeout: 20000, env: { ...process.env, FAKE_KEY: 'x' } })
  assert.equal(r.status, 2, r.stderr)
  assert.match(r.stderr, want)
}

test('a token holds the key: a restart opens what was sealed, a wrong PIN and a lost wrapping do not', async () => {
  const conf = join(dir, 'softhsm.conf'), pin = String(100000 + randomBytes(2).readUInt16BE())
  mkdirSync(join(dir, 'tokens'))
  writeFileSync(conf, `directories.tokendir = ${dir}/tokens\nobjectstore.backend = file\n`)
  writeFileSync(join(dir, 'pin'), pin)
  writeFileSync(join(dir, 'wrong-pin'), '0' + pin)
  process.env.SOFTHSM2_CONF = conf
  tool('softhsm2-util', '--init-token', '--free', '--label', 'custos', '--pin', pin, '--so-pin', pin)
  tool('openssl', 'genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', join(dir, 'rsa.pem'))
  tool('softhsm2-util', '--import', join(dir, 'rsa.pem'), '--token', 'custos', '--label', 'master', '--id', '01', '--pin', pin)
  const line = (p) => `master_key: "pkcs11:token=custos;object=master;type=private?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:${dir}/${p}"`
  const system = new System({ extra: line('pin') + '\n' })
  try {
    await round(system, 'dev')
    const keystore = join(system.dir, 'state/keystore')
    assert.ok(existsSync(join(keystore, 'master.wrapped')) && !existsSync(join(keystore, 'master')), readdirSync(keystore).join())
    await round(system, 'dev')
    refuses(system, /PIN/, line('wrong-pin'))
    refuses(system, /PIN|key/, line('pin').replace('object=master', 'object=other'))
    refuses(system, /cannot be loaded/, line('pin').replace('libsofthsm2', 'libnothing'))
    const wrapped = readFileSync(join(keystore, 'master.wrapped'))
    writeFileSync(join(keystore, 'master.wrapped'), Buffer.concat([wrapped.subarray(0, 9), Buffer.from([wrapped[9] ^ 1]), wrapped.subarray(10)]))
    refuses(system, /does not open/, line('pin'))
    rmSync(join(keystore, 'master.wrapped'))
    refuses(system, /restore a backup/, line('pin'))
    assert.ok(!existsSync(join(keystore, 'master.wrapped')), 'no new key in the place of a lost one')
  } finally {
    await system.remove()
  }
})

test('a credential of systemd, and a file: the key is not copied into the state', async () => {
  const key = randomBytes(32)
  process.env.CREDENTIALS_DIRECTORY = dir
  writeFileSync(join(dir, 'custos-master'), key)
  writeFileSync(join(dir, 'file.key'), key.toString('hex') + '\n')
  writeFileSync(join(dir, 'short'), key.subarray(1))
  const system = new System({ extra: 'master_key: credential:custos-master\n' })
  try {
    await round(system, 'dev')
    assert.deepEqual(search(join(system.dir, 'state'), [key]), [])
    refuses(system, /holds no key/, 'master_key: credential:short')
    refuses(system, /not found/, 'master_key: credential:absent')
    delete process.env.CREDENTIALS_DIRECTORY
    refuses(system, /CREDENTIALS_DIRECTORY/, 'master_key: credential:custos-master')
    writeFileSync(system.config, readFileSync(system.config, 'utf8').replace(/^master_key:.*$/m, ''))
    refuses(system, /keystore\/master: not found/)
    system.options.extra = `master_key: file:${dir}/file.key\n`
    await round(system, 'dev')
  } finally {
    await system.remove()
  }
})
