// Witnesses and time stamps on a running system: our own witnesses, one that lies, a TSA of openssl's, and
// the operator who tampers.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import { createServer as createTcp } from 'node:net'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { tarOf } from './tar.mjs'
import { thirdParty } from '../verify-go/built.mjs'

const build = process.env.CUSTOS_BUILD ?? resolve('build')
const custos = join(build, 'custos')
const dir = mkdtempSync(join(tmpdir(), 'custos-attest-'))
const run = (args, options) => spawnSync(custos, args, { encoding: 'utf8', cwd: dir, ...options })
const config = join(dir, 'custos.yaml'), log = join(dir, 'state/log')
const sleep = (ms) => new Promise((r) => setTimeout(r, ms))
const freePort = () => new Promise((r) => { const s = createTcp().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => r(port)) }) })
const until = async (what, probe, ms = 60000) => {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(200)) { const v = await probe(); if (v) return v }
  assert.fail(`${what} did not come; status: ${run(['status', '--config', config]).stdout}`)
}
const status = () => { const r = run(['status', '--config', config, '--format', 'json']); try { return JSON.parse(r.stdout) } catch { return {} } }
const witness = (name) => (status().witness?.witnesses ?? []).find((w) => w.name === name) ?? {}
const newest = (folder) => readdirSync(join(log, 'anchor', folder)).filter((n) => !n.endsWith('.tsr')).sort().at(-1)

let system, liar, tsa, lies = 'off', tsaSays = 'fine', tsaDelay = 0
const witnesses = {}, ports = {}

const startWitness = (name) => new Promise((ok, bad) => {
  const child = spawn(custos, ['witness', '--config', join(dir, 'logs'), '--state', join(dir, name), '--key', join(dir, `${name}.key`),
    '--name', `${name}.example.org`, '--listen', `127.0.0.1:${ports[name]}`], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = '', err = ''
  child.stderr.on('data', (d) => { err += d })
  child.stdout.on('data', (d) => { out += d; if (out.includes('listening')) { witnesses[name] = { child, vkey: /verifier key: (\S+)/.exec(out)[1] }; ok() } })
  child.on('exit', (code) => bad(new Error(`witness ${name} ended: ${code} ${err}`)))
})
const end = async (child, signal = 'SIGTERM') => { if (child && child.exitCode === null && child.signalCode === null) { const gone = new Promise((r) => child.once('exit', r)); child.kill(signal); await gone } }
const start = () => { system = spawn(custos, ['serve', '--quiet', '--config', config], { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] }); let said = ''; system.stderr.on('data', (d) => { said += d }); system.said = () => said }
const more = () => assert.equal(run(['key', 'issue', '--user', 'dev', '--config', config]).status, 0)

const openssl = (args, input) => execFileSync('openssl', args, { input, stdio: ['pipe', 'pipe', 'pipe'], cwd: dir })
function makeTsa() {
  writeFileSync(join(dir, 'tsa.cnf'), `[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n[tsa_ext]\nextendedKeyUsage=critical,timeStamping\n[tsa]\ndefault_tsa=t\n[t]\nserial=${join(dir, 'serial')}\ncrypto_device=builtin\nsigner_cert=tsa.pem\nsigner_key=tsa.key\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256\naccuracy=secs:1\nordering=no\ntsa_name=no\ness_cert_id_chain=no\n`)
  writeFileSync(join(dir, 'serial'), '01\n')
  for (const ca of ['ca', 'stranger']) openssl(['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${ca}.key`, '-out', `${ca}.pem`, '-subj', `/CN=${ca}`, '-days', '30', '-config', 'tsa.cnf', '-extensions', 'ca'])
  openssl(['req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'tsa.key', '-out', 'tsa.csr', '-subj', '/CN=tsa', '-config', 'tsa.cnf'])
  openssl(['x509', '-req', '-in', 'tsa.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-out', 'tsa.pem', '-days', '30', '-extfile', 'tsa.cnf', '-extensions', 'tsa_ext'])
}
let replay
const tsaAnswer = (query) => {
  if (tsaSays === 'rubbish') return Buffer.from('<html>')
  if (tsaSays === 'old') return replay
  writeFileSync(join(dir, 'q.tsq'), query)
  openssl(['ts', '-reply', '-queryfile', 'q.tsq', '-out', 'r.tsr', '-config', 'tsa.cnf'])
  return (replay = readFileSync(join(dir, 'r.tsr')))
}
const body = (req) => new Promise((r) => { const parts = []; req.on('data', (d) => parts.push(d)); req.on('end', () => r(Buffer.concat(parts))) })

before(async () => {
  makeTsa()
  tsa = createServer(async (req, res) => {
    const query = await body(req)
    if (tsaDelay) await sleep(tsaDelay)
    if (tsaSays === '500') { res.writeHead(500).end('no'); return }
    res.writeHead(200, { 'Content-Type': 'application/timestamp-reply' }).end(tsaAnswer(query))
  }).listen(0, '127.0.0.1')
  // in front of the third witness: passes on, or lies
  ports.c = await freePort()
  liar = createServer(async (req, res) => {
    const sent = await body(req)
    if (lies === '500') return res.writeHead(500).end('no')
    if (lies === 'slow') { await sleep(60000); return res.destroy() }
    if (lies === 'larger') return res.writeHead(409, { 'Content-Type': 'text/x.tlog.size' }).end('999999\n')
    const r = await fetch(`http://127.0.0.1:${ports.c}${req.url}`, { method: req.method, body: req.method === 'POST' ? sent : undefined })
    let text = await r.text()
    if (lies === 'false' && r.status === 200) text = text.replace(/.(.)==?\n$/, (m) => m[0] === 'A' ? 'B' + m.slice(1) : 'A' + m.slice(1)).replace(/ (\S{20})/, (m) => m.slice(0, 12) + (m[12] === 'A' ? 'B' : 'A') + m.slice(13))
    res.writeHead(r.status).end(text)
  }).listen(0, '127.0.0.1')
  await sleep(50)
  for (const n of ['a', 'b']) ports[n] = await freePort()
  const port = await freePort()
  writeFileSync(config, `state_dir: ${dir}/state\nlisten: [{address: "127.0.0.1:${port}"}]\nworkers: 1\n`)
  start() // once without witnesses: the witnesses need the log's key
  await until('a sealed log', () => { try { return readFileSync(join(log, 'anchor/vkey'), 'utf8') } catch { return '' } })
  await until('running', () => run(['status', '--config', config]).status === 0)
  await end(system)
  writeFileSync(join(dir, 'logs'), `log ${readFileSync(join(log, 'anchor/vkey'), 'utf8')}`)
  for (const n of ['a', 'b', 'c']) await startWitness(n)
  const line = (n, p) => `witness ${n} ${witnesses[n].vkey} http://127.0.0.1:${p}\n`
  writeFileSync(join(dir, 'policy'), line('a', ports.a) + line('b', ports.b) + line('c', liar.address().port) + 'group some 2 a b c\nquorum some\n')
  writeFileSync(config, readFileSync(config, 'utf8') + `witness: {policy: policy, seconds: 1}\ntimestamps: {url: "http://127.0.0.1:${tsa.address().port}", ca: ca.pem, seconds: 2}\n`)
  start()
  await until('running', () => run(['status', '--config', config]).status === 0)
})
after(async () => {
  await end(system)
  for (const w of Object.values(witnesses)) await end(w.child)
  liar?.closeAllConnections(); liar?.close(); tsa?.closeAllConnections(); tsa?.close()
  rmSync(dir, { recursive: true, force: true })
})

test('every witness signs, the token holds for openssl, and both are kept beside the anchor log', async () => {
  await until('three witnesses', () => ['a', 'b', 'c'].every((n) => witness(n).state === 'signs'))
  await until('a token', () => status().timestamps?.size > 0)
  const s = status()
  assert.match(s.witness.quorum, /2 of a, b, c/)
  const cosigned = readFileSync(join(log, 'anchor/cosigned', newest('cosigned')), 'utf8')
  assert.ok(cosigned.split('\n').filter((l) => l.startsWith('—')).length >= 3)
  const t = join(log, 'anchor/timestamps', newest('timestamps'))
  const said = openssl(['ts', '-verify', '-in', `${t}.tsr`, '-data', t, '-CAfile', 'ca.pem']).toString()
  assert.match(said, /OK/)
})

test('a witness that fails, is slow or lies is named, and the quorum goes on without it', async () => {
  for (const [how, pattern] of [['500', /answered 500/], ['false', /false|no cosignature|malformed/], ['larger', /set back or forked, or the witness lies/], ['slow', /[Tt]imeout|timed out/]]) {
    lies = how
    const before = status().witness.size
    more()
    const w = await until(`${how} to be said`, () => pattern.test(witness('c').error) && witness('c'))
    assert.match(w.state, how === 'larger' ? /conflict/ : /failing|conflict/)
    await until('the quorum', () => status().witness.size > before)
    assert.equal(status().trouble, '') // sealing goes on
    lies = 'off'
    more()
    await until(`c to sign after ${how}`, () => witness('c').state === 'signs', 40000)
  }
})

test('an authority that is down or answers rubbish costs time stamps, and nothing else', async () => {
  for (const [how, pattern] of [['500', /answered 500/], ['rubbish', /no RFC 3161 answer/], ['old', /does not hold/]]) {
    tsaSays = how
    await until(`${how} to be said`, () => pattern.test(status().timestamps.error))
    more()
    tsaSays = 'fine'
    await until('a token again', () => status().timestamps.error === '', 40000)
  }
})

test('the key is replaced between two rounds: witnesses that know the old one sign through the overlap', async () => {
  const r = run(['log', 'key', 'rotate', '--overlap', '3600', '--config', config])
  assert.equal(r.status, 0, r.stderr)
  const before = status().witness.size
  more()
  await until('the quorum', () => status().witness.size > before)
  assert.equal(readFileSync(join(log, 'anchor/vkeys'), 'utf8').trim().split('\n').length, 2)
  assert.equal(run(['verify', '--dir', log]).status, 0)
  assert.notEqual(run(['log', 'key', 'rotate', '--config', config]).status, 0)
})

test('verified offline: quorum, tokens and the times of entries; log time brackets one', async () => {
  await until('a token', () => newest('timestamps') && status().timestamps.error === '')
  await until('the quorum to be there', () => status().witness.size > 0)
  const args = ['--witness-policy', join(dir, 'policy'), '--tsa-ca', join(dir, 'ca.pem')]
  const r = run(['verify', '--dir', log, ...args])
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.match(r.stdout, /Attested: [1-9]\d* checkpoints with the quorum of witnesses, [1-9]\d* time stamps/)
  assert.equal(spawnSync(join(build, 'src/verify/custos-verify'), [log, ...args]).status, 0)
  const wrong = run(['verify', '--dir', log, '--tsa-ca', join(dir, 'stranger.pem')])
  assert.equal(wrong.status, 1)
  assert.match(wrong.stdout, /time stamp does not hold/)
  writeFileSync(join(dir, 'all'), readFileSync(join(dir, 'policy'), 'utf8').replace(/2 a b c/, 'all a b c').replace(witnesses.b.vkey, 'w.x+00000000+AAAA'))
  assert.equal(run(['verify', '--dir', log, '--witness-policy', join(dir, 'all')]).status, 2) // a malformed policy is no verdict
  const t = JSON.parse(run(['log', 'time', '--dir', log, '--log', 'org', '--entry', '0', '--tsa-ca', join(dir, 'ca.pem'), '--format', 'json']).stdout)
  assert.equal(t.after, '')
  assert.match(t.before, /^2\d{3}-/)
})

test('a bundle holds what outsiders attest: checked by whom the reader trusts, and told apart when he names nobody', async () => {
  const file = join(dir, 'e.tar.zst'), at = join(dir, 'unpacked')
  const bundled = (...more) => { const r = spawnSync(join(build, 'src/verify/custos-verify'), [file, ...more], { encoding: 'utf8' }); return { status: r.status, out: r.stdout + r.stderr } }
  const made = run(['export', '--from', '2020-01-01T00:00:00.000Z', '--to', '2090-01-01T00:00:00.000Z', '--out', file, '--config', config])
  assert.equal(made.status, 0, made.stdout + made.stderr)
  const mine = ['--policy', join(dir, 'policy'), '--tsa-ca', join(dir, 'ca.pem')]
  const keys = readFileSync(join(log, 'anchor/vkeys'), 'utf8').trim().split('\n').map((l) => l.split(' ')[0])
  assert.equal(keys.length, 2) // it was replaced on the way

  let r = bundled(...mine)
  assert.equal(r.status, 0, r.out)
  assert.match(r.out, /holds:[^]*witnesses: [1-9]\d* checkpoints of the anchor log are cosigned by 2 of a, b, c, as the policy that you gave asks[^]*Not checked/)
  assert.match(r.out, /holds:[^]*time stamps: [1-9]\d* checkpoints of the anchor log are stamped, by the certificates that you gave[^]*the newest attested is 2\d{3}-[^]*Not checked/)
  assert.doesNotMatch(r.out, /who these witnesses are|whose time stamps these are/)
  r = bundled()
  assert.equal(r.status, 0, r.out)
  assert.match(r.out, /as the policy in the bundle asks[^]*Not checked:[^]*who these witnesses are[^]*whose time stamps these are/)
  r = JSON.parse(bundled(...mine, '--format', 'json').out)
  assert.deepEqual([r.witnesses.policy, r.time_stamps.authority, r.witnesses.quorum > 0, r.time_stamps.hold > 0, r.keys_trusted], ['given', 'given', true, true, false])
  assert.deepEqual(((j) => [j.witnesses.policy, j.time_stamps.authority])(JSON.parse(bundled('--format', 'json').out)), ['bundle', 'bundle'])

  // keys: both, written beside the witnesses; the new one alone does not speak for what the old one signed
  writeFileSync(join(dir, 'with-logs'), keys.map((k) => `log ${k}\n`).join('') + readFileSync(join(dir, 'policy'), 'utf8'))
  r = bundled('--policy', join(dir, 'with-logs'))
  assert.equal(r.status, 0, r.out)
  assert.match(r.out, /whose keys those of \d+ logs are: taken from the bundle; the anchor log, whose key is trusted/)
  writeFileSync(join(dir, 'with-logs'), `log ${keys[1]}\n` + readFileSync(join(dir, 'policy'), 'utf8'))
  assert.match(bundled('--policy', join(dir, 'with-logs')).out, /BROKEN: anchor\/\d+\/checkpoint: no checkpoint that a key of the anchor log signed/)

  // other witnesses, more of them than signed, another authority, and what cannot be read
  const stranger = run(['witness', '--config', join(dir, 'logs'), '--state', join(dir, 'd'), '--key', join(dir, 'd.key'), '--name', 'a.example.org', '--listen', `unix:${join(dir, 'none/d')}`])
  assert.notEqual(stranger.status, 0)
  writeFileSync(join(dir, 'd.policy'), `witness a ${/verifier key: (\S+)/.exec(stranger.stdout)?.[1] ?? assert.fail(stranger.stdout + stranger.stderr)}\nquorum a\n`)
  assert.match(bundled('--policy', join(dir, 'd.policy')).out, /BROKEN: no checkpoint of the anchor log has the cosignatures that the policy asks for/)
  r = bundled('--tsa-ca', join(dir, 'stranger.pem'))
  assert.equal(r.status, 1)
  assert.match(r.out, /stamped.tsr: the time stamp does not hold/)
  for (const bad of [['--policy', join(dir, 'ca.pem')], ['--tsa-ca', join(dir, 'policy')], ['--policy', join(dir, 'absent')]]) assert.equal(bundled(...bad).status, 2, bad.join(' '))

  // by tools that share no code with us
  rmSync(at, { recursive: true, force: true })
  mkdirSync(at)
  execFileSync('tar', ['--zstd', '-xf', file, '-C', at])
  const go = thirdParty()
  const theirs = (...more) => { const g = spawnSync(go, ['--bundle', at, ...more], { encoding: 'utf8' }); return { status: g.status, out: g.stdout + g.stderr } }
  const counted = JSON.parse(bundled(...mine, '--format', 'json').out).witnesses.quorum
  assert.match(theirs(join(dir, 'policy')).out, new RegExp(`^intact: .* ${counted} checkpoints with the quorum of witnesses`))
  assert.equal(theirs(join(dir, 'd.policy')).status, 1)
  const views = readdirSync(join(at, 'anchor')).filter((n) => /^\d+$/.test(n))
  const stamped = views.filter((v) => existsSync(join(at, 'anchor', v, 'stamped.tsr')))
  assert.ok(stamped.length > 0)
  for (const v of stamped) assert.match(openssl(['ts', '-verify', '-in', join(at, 'anchor', v, 'stamped.tsr'), '-data', join(at, 'anchor', v, 'stamped'), '-CAfile', join(at, 'anchor/tsa-ca.pem')]).toString(), /OK/)

  // what they said, changed, mixed up or left out: the manifest is made to fit, so that it is never what is found
  const names = execFileSync('tar', ['--zstd', '-tf', file]).toString().trim().split('\n')
  const remake = (change) => {
    const lines = [], parts = []
    for (const name of names.filter((n) => n !== 'manifest.json')) {
      const content = change(name, readFileSync(join(at, name)))
      if (content === null) continue
      parts.push({ name, content })
      lines.push(`{"bytes":${content.length},"name":"${name}","sha256":"${createHash('sha256').update(content).digest('hex')}"}\n`)
    }
    parts.push({ name: 'manifest.json', content: Buffer.from(`{"files":[\n${lines.join(',')}],"v":1}\n`) })
    writeFileSync(join(dir, 'changed.tar'), tarOf(parts))
    const c = spawnSync(join(build, 'src/verify/custos-verify'), [join(dir, 'changed.tar'), ...mine], { encoding: 'utf8' })
    return { status: c.status, out: c.stdout + c.stderr }
  }
  assert.equal(remake((n, c) => c).status, 0)
  const cosigned = names.filter((n) => n.endsWith('/cosigned')), tokens = names.filter((n) => n.endsWith('/stamped.tsr'))
  const falsified = (c) => { const lines = c.toString().split('\n'), k = lines.findLastIndex((l) => l.startsWith('— ')); lines[k] = lines[k].slice(0, -20) + (lines[k].at(-20) === 'A' ? 'B' : 'A') + lines[k].slice(-19); return Buffer.from(lines.join('\n')) }
  assert.match(remake((n, c) => (n === cosigned[0] ? falsified(c) : c)).out, /BROKEN: anchor\/\d+\/cosigned: a cosignature is false/)
  assert.match(remake((n, c) => (n.endsWith('/cosigned') ? null : c)).out, /BROKEN: no checkpoint of the anchor log has the cosignatures/)
  assert.match(remake((n, c) => (/\/stamped(\.tsr)?$/.test(n) ? null : c)).out, /BROKEN: there is no time stamp/)
  assert.ok(tokens.length > 1)
  assert.match(remake((n, c) => (n === tokens[0] ? readFileSync(join(at, tokens[1])) : c)).out, /BROKEN: anchor\/\d+\/stamped.tsr: the time stamp does not hold/)
})

test('the operator with the stolen key: each rewriting is told by the witnesses or the time stamps', async () => {
  await end(system)
  const args = ['--witness-policy', join(dir, 'policy'), '--tsa-ca', join(dir, 'ca.pem')]
  const play = (name, act, pattern) => {
    const at = join(dir, 'played')
    rmSync(at, { recursive: true, force: true })
    execFileSync('cp', ['-a', join(dir, 'state'), at])
    act(at)
    const plain = run(['verify', '--dir', join(at, 'log')])
    const r = run(['verify', '--dir', join(at, 'log'), ...args])
    assert.equal(r.status, 1, `${name}: ${r.stdout}${r.stderr}`)
    assert.match(r.stdout, pattern, name)
    return plain.status
  }
  const rewrite = (...how) => (at) => assert.equal(spawnSync(join(build, 'tests/ledger/forge-log'), [at, ...how]).status, 0)
  for (const how of ['edit', 'drop', 'reorder'])
    assert.equal(play(how, rewrite(how), /history differs from what was attested|larger than the log|not signed by a key/), 0, how) // without witnesses it looks whole
  play('attestations thrown away', (at) => { rewrite('edit')(at); for (const d of ['cosigned', 'timestamps']) rmSync(join(at, 'log/anchor', d), { recursive: true }) }, /no checkpoint has the cosignatures/)
  play('a token of another moment', (at) => {
    const t = join(at, 'log/anchor/timestamps'), names = readdirSync(t).filter((n) => n.endsWith('.tsr')).sort()
    writeFileSync(join(t, names.at(-1)), readFileSync(join(t, names[0])))
  }, /time stamp does not hold/)
  assert.equal(play('back-dated', rewrite('back'), /back-dated/), 0)
  // and in a bundle that he makes of it, although all of its hashes and signatures fit
  assert.equal(spawnSync(join(build, 'tests/ledger/make-bundle'), [join(dir, 'played'), join(dir, 'back.zst'), '2020-01-01T00:00:00.000Z', '2090-01-01T00:00:00.000Z', 'org']).status, 0)
  const b = (...more) => spawnSync(join(build, 'src/verify/custos-verify'), [join(dir, 'back.zst'), ...more], { encoding: 'utf8' })
  assert.equal(b().status, 0)
  assert.match(b('--tsa-ca', join(dir, 'ca.pem')).stdout, /BROKEN: log org, entry \d+: it is back-dated/)
  start()
  await until('running', () => run(['status', '--config', config]).status === 0)
})

test('the disk of a week ago is put back: the witness proves what was signed, and sealing halts', async () => {
  await end(system)
  execFileSync('cp', ['-a', join(dir, 'state'), join(dir, 'image')])
  start()
  await until('running', () => run(['status', '--config', config]).status === 0)
  const before = status().witness.size
  more(); more()
  await until('witnessed', () => ['a', 'b'].every((n) => witness(n).size > before))
  await end(system)
  rmSync(join(dir, 'state'), { recursive: true })
  execFileSync('cp', ['-a', join(dir, 'image'), join(dir, 'state')])
  assert.equal(run(['verify', '--dir', log]).status, 0) // by itself the old image is whole
  start()
  const s = await until('the halt', () => /set back/.test(status().trouble ?? '') && status())
  assert.match(s.trouble, /person must look/)
  assert.match(witness('a').state, /conflict/)
})

test('a witness without its memory does not start with that key', async () => {
  await end(witnesses.a.child)
  rmSync(join(dir, 'a'), { recursive: true })
  await assert.rejects(startWitness('a'), /forgot could sign a fork/)
})
