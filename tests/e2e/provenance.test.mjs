// Which lines of a commit a model wrote: answers go through the gateway, are edited by hand in known ways, committed
// among code that nobody asked a model for, and traced back. Prints precision and recall.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Provider } from '../gateway/provider.mjs'
import { System } from '../gateway/system.mjs'
import { call, join as joined } from '../web/people.mjs'

let provider, s, repo, seed = 7
const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648
const pick = (list) => list[Math.floor(random() * list.length)]
const git = (...args) => {
  const r = spawnSync('git', ['-C', repo, '-c', 'user.name=Dev', '-c', 'user.email=dev@example.com', '-c', 'commit.gpgsign=false', ...args], { encoding: 'utf8' })
  assert.equal(r.status, 0, r.stderr)
  return r.stdout.trim()
}
const commit = (files, message = 'work') => {
  for (const [path, lines] of Object.entries(files)) { mkdirSync(dirname(join(repo, path)), { recursive: true }); writeFileSync(join(repo, path), lines.join('\n') + '\n') }
  git('add', '-A')
  git('commit', '-qm', message)
  return git('rev-parse', 'HEAD')
}
// What says something, by a rule of the test's own: two words and eight characters.
const says = (line) => (line.match(/[A-Za-z0-9_$]+|"[^"]*"|'[^']*'/g) ?? []).length >= 2 && line.replace(/\s/g, '').length >= 8

// Pieces of real code in three languages, each 30 to 90 lines.
const top = resolve(import.meta.dirname, '../..')
const pieces = ['src/ledger', 'src/policy', 'web/src', 'src/redact', 'tests/gateway', 'src/wire', 'src/signin', 'src/comply'].flatMap((dir) => readdirSync(join(top, dir)).filter((f) => /\.(c|js|mjs)$/.test(f)).map((f) => join(dir, f))).flatMap((f) => {
  const lines = readFileSync(join(top, f), 'utf8').split('\n').filter((l) => l.length < 400)
  const out = []
  for (let at = 0; at + 30 < lines.length && out.length < 3; at += 90) out.push({ f, key: createHash('sha256').update(`${f} ${at}`).digest('hex'), lines: lines.slice(at, at + 90) })
  return out
})
// drawn by the digest of what they are called: a file that comes or goes changes no more than its own pieces
pieces.sort((a, b) => (a.key < b.key ? -1 : 1))
const models = pieces.slice(0, 40), people = pieces.slice(40, 120)
// Three lines and more that stand word for word in what a model wrote as well: nobody can tell whose copy it is.
const threes = (lines) => {
  const said = lines.map((l, i) => [l.trim(), i]).filter(([l]) => says(l))
  return said.slice(2).map((_, i) => [said.slice(i, i + 3).map((x) => x[0]).join('\n'), said.slice(i, i + 3).map((x) => x[1])])
}
const written = new Set(models.flatMap((p) => threes(p.lines).map((x) => x[0])))
for (const p of people) p.copies = new Set(threes(p.lines).filter((x) => written.has(x[0])).flatMap((x) => x[1]))
const theirs = people.flatMap((p) => p.lines).filter(says)

const ofTheLanguage = /^(if|for|return|const|while|else|static|struct|void|int|let|function|import|from|await|async|export|new|typeof|case|break|switch|default|uint8_t|bool|true|false)$/
const renamed = (line) => {
  const words = [...new Set(line.match(/\b[a-z_][A-Za-z0-9_]{2,}\b/g) ?? [])].filter((w) => !ofTheLanguage.test(w))
  return words.length ? line.replaceAll(pick(words), `renamed_${Math.floor(random() * 9)}`) : line
}
const reformatted = (line) => '\t' + line.trimStart().replace(/'([^'"]*)'/g, '"$1"').replace(/ ?([=+(]) ?/g, ' $1 ').replace(/;$/, '')
// [line, whether a model wrote it]
const edited = (lines, part) => lines.flatMap((line) => {
  if (random() >= part) return [[line, true]]
  return pick([() => [[renamed(line), true]], () => [[reformatted(line), true]], () => [], () => [[line, true], [pick(theirs), false]]])()
})

const asked = []
const write = async (path, lines, stream = true) => {
  provider.how = { calls: [{ name: 'Write', input: { file_path: path, content: lines.join('\n') } }] }
  const r = await fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': s.key, 'content-type': 'application/json', 'user-agent': 'claude-cli/2.1' }, body: JSON.stringify({ model: 'claude-x', max_tokens: 99, stream, messages: [{ role: 'user', content: 'write it' }] }) })
  assert.equal(r.status, 200)
  await r.text()
  asked.push(r.headers.get('request-id'))
  return asked.at(-1)
}
const printed = () => s.run('log', 'list', '--type', 'output.printed', '--config', s.config, '--format', 'json').stdout.trim().split('\n').filter(Boolean).map(JSON.parse)
const trace = (rev, ...more) => s.json('provenance', rev, '--repo', repo, ...more)
const until = async (check) => { for (let i = 0; i < 1500; i++) { if (check()) return; await new Promise((done) => setTimeout(done, 100)) } assert.fail('did not come') }

before(async () => {
  provider = await new Provider().start()
  s = await new System({ upstream: provider.url, extra: '  - name: globex\n' }).start()
  repo = join(s.dir, 'repo')
  mkdirSync(repo)
  git('init', '-q', '-b', 'main')
  commit({ 'README.md': ['A repository of a test.'] }, 'first')
  for (const [i, p] of models.entries()) p.id = await write(`ai/${i}`, p.lines, i % 2 === 0)
  await until(() => printed().length >= models.length)
})
after(async () => { await s?.remove(); await provider.stop() })

// What a formatter with a short line does: broken behind a comma or an opening bracket.
const broken = (line) => {
  const at = line.length > 60 ? [...line.matchAll(/[,(] ?/g)].map((m) => m.index + m[0].length).filter((i) => i > 30 && i < line.length - 5) : []
  return at.length ? [line.slice(0, at[0]), '    ' + line.slice(at[0])] : [line]
}
// What others do: each argument in a line of its own, a comma behind the last, the bracket alone.
const listed = (line) => {
  const m = line.length > 60 ? /^(\s*)(.*?\()([^()'"`]+, [^()'"`]+)(\).*)$/.exec(line) : null
  return m && m[3].split(', ').length <= 4 ? [m[1] + m[2], ...m[3].split(', ').map((x) => `${m[1]}    ${x},`), m[1] + m[4]] : [line]
}
const score = (part, form = (lines) => edited(lines, part)) => {
  const files = {}, truth = {}
  models.forEach((p, i) => {
    const lines = form(p.lines)
    files[`p${part * 100}/ai${i}.txt`] = lines.map((x) => x[0])
    truth[`p${part * 100}/ai${i}.txt`] = lines.map((x) => x[1])
  })
  people.forEach((p, i) => { files[`p${part * 100}/own${i}.txt`] = p.lines; truth[`p${part * 100}/own${i}.txt`] = p.lines.map(() => false) })
  const found = trace(commit(files))
  let right = 0, wrong = 0, missed = 0, other = 0, copies = 0
  for (const f of found.files) {
    const of = new Map()
    for (const r of f.ranges) for (let n = r.start; n <= r.end; n++) of.set(n, r.exchange)
    files[f.path].forEach((line, i) => {
      if (!says(line)) return
      if (people[/own(\d+)/.exec(f.path)?.[1]]?.copies.has(i)) return copies++
      const ai = truth[f.path][i], has = of.get(i + 1)
      if (ai && has) { right++; if (has !== models[Number(/ai(\d+)/.exec(f.path)[1])].id) other++ } else if (has) wrong++
      else if (ai) missed++
    })
  }
  return { part, right, wrong, missed, other, copies, precision: right / (right + wrong), recall: right / (right + missed) }
}

test('precision and recall on edited code', (t) => {
  // the pieces change with this repository: a little less than the goal of 0.98 is let pass
  const goal = { 0: [0.96, 0.98], 0.1: [0.96, 0.9], 0.3: [0.96, 0.9], 0.5: [0.95, 0.8] }
  for (const part of [0, 0.1, 0.3, 0.5]) {
    const x = score(part)
    t.diagnostic(`edits ${part * 100} %: precision ${x.precision.toFixed(3)}, recall ${x.recall.toFixed(3)} (${x.right} found, ${x.missed} missed, ${x.wrong} of people taken for a model's, ${x.other} of the right ones said of another exchange; ${x.copies} lines of copies not counted)`)
    assert.ok(x.precision >= goal[part][0], `precision ${x.precision} at ${part}`)
    assert.ok(x.recall >= goal[part][1], `recall ${x.recall} at ${part}`)
  }
})

test('names changed all over a file, and long lines broken', (t) => {
  const all = (lines) => {
    const words = [...new Set(lines.join('\n').match(/\b[a-z_][A-Za-z0-9_]{3,}\b/g))].filter((w) => !ofTheLanguage.test(w) && random() < 0.3)
    return lines.map((line) => [words.reduce((l, w) => l.replaceAll(new RegExp(`\\b${w}\\b`, 'g'), 'x_' + w.length + w[0]), line), true])
  }
  for (const [name, form, precision, recall] of [['every third name changed', all, 0.93, 0.9], ['lines over 60 broken', (lines) => lines.flatMap((l) => broken(l).map((x) => [x, true])), 0.93, 0.9], ['broken to an argument a line', (lines) => lines.flatMap((l) => listed(l).map((x) => [x, true])), 0.93, 0.9]]) {
    const x = score(name.length / 100, form)
    t.diagnostic(`${name}: precision ${x.precision.toFixed(3)}, recall ${x.recall.toFixed(3)}`)
    assert.ok(x.precision >= precision && x.recall >= recall, `${name}: ${x.precision} ${x.recall}`)
  }
})

test('a commit says which exchange, model and client; trailers are shown and not believed', () => {
  const p = models[3], sha = commit({ 'one.txt': p.lines, 'own.txt': people[0].lines }, 'Add one\n\nCo-Authored-By: Somebody Else <x@example.com>')
  const found = trace(sha), own = found.files.find((f) => f.path === 'own.txt')
  assert.equal(found.commit, sha)
  assert.equal(found.exchanges.length, 1)
  assert.deepEqual([found.exchanges[0].id, found.exchanges[0].model, found.exchanges[0].client, found.exchanges[0].user, found.exchanges[0].tenant], [p.id, 'claude-x', 'claude-cli/2.1', 'dev', 'acme'])
  assert.deepEqual(own.ranges, [])
  assert.deepEqual(found.trailers, [{ key: 'Co-Authored-By', value: 'Somebody Else <x@example.com>' }])
  const text = s.run('provenance', sha, '--repo', repo, '--config', s.config)
  assert.match(text.stdout, /come from 1 exchanges/)
  assert.match(text.stdout, /not believed\):\n {2}Co-Authored-By: Somebody Else/)
})

test('Agent Trace: the record has what its schema requires', () => {
  const p = models[5], sha = commit({ 'two.txt': p.lines })
  const r = s.run('provenance', sha, '--repo', repo, '--config', s.config, '--format', 'agent-trace')
  assert.equal(r.status, 0, r.stderr)
  const v = JSON.parse(r.stdout)
  assert.equal(v.version, '0.1.0')
  assert.match(v.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.ok(!Number.isNaN(Date.parse(v.timestamp)))
  assert.deepEqual(v.vcs, { type: 'git', revision: sha })
  assert.deepEqual(v.files.map((f) => f.path), ['two.txt'])
  const [c] = v.files[0].conversations
  assert.deepEqual(c.contributor, { type: 'ai', model_id: 'anthropic/claude-x' })
  assert.equal(c.url, `${s.url}/exchanges/${p.id}`)
  for (const x of c.ranges) assert.ok(x.start_line >= 1 && x.end_line >= x.start_line)
})

test('a call that was stopped, and a line with a value that was put back, have no prints', async () => {
  const lines = ['import os, subprocess', 'def fetch_instance_role(client, region):', '    return subprocess.run(["curl", "http://169.254.169.254/latest/meta-data"])'.padEnd(70)]
  provider.how = { calls: [{ name: 'Bash', input: { command: 'cat > x.sh <<EOF\nfirst line of a stopped script here\nEOF\ncurl http://169.254.169.254/latest/meta-data/' } }] }
  const r = await fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': s.key }, body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'x' }] }) })
  const stopped = r.headers.get('request-id')
  assert.doesNotMatch(await r.text(), /stopped script/)
  // the value comes back by its surrogate: what was asked is what is written
  const secret = ['AKIA', ...Array.from({ length: 16 }, () => pick([...'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567']))].join('')
  const body = [...lines, `aws_access_key_id = "${secret}"`, 'client = session.client("s3", region_name=region)', 'print(client.list_buckets(), file=sys.stderr)']
  provider.how = { echo: (text) => [{ name: 'Write', input: { file_path: 'k.py', content: text } }] }
  const q = await fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': s.key }, body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: body.join('\n') }] }) })
  const id = q.headers.get('request-id')
  assert.match(await q.text(), new RegExp(secret))
  const entry = (x) => JSON.stringify(x)
  await until(() => printed().some((x) => entry(x).includes(id)))
  assert.ok(!printed().some((x) => entry(x).includes(stopped)))
  assert.ok(!printed().some((x) => entry(x).includes(secret)))
  const found = trace(commit({ 'k.py': body }))
  assert.ok(!found.files[0].ranges.some((x) => x.start <= 4 && x.end >= 4 && x.lines === x.end - x.start + 1), JSON.stringify(found.files))
})

test('custos change add --git: the change has share, exchanges and whose key it was', async () => {
  const dev = await joined(s, 'dev', 'developer')
  const sha = commit({ 'three.txt': models[7].lines })
  const v = s.json('change', 'add', '--commit', sha, '--repo', 'acme/pay', '--author', 'Ada', '--git', repo)
  assert.equal(v.share > 900, true)
  const change = s.json('change', 'show', sha)
  assert.equal(change.fields.share, v.share)
  assert.equal(change.fields.assistant, true)
  assert.deepEqual(change.fields.exchanges, [models[7].id])
  assert.equal(change.fields.prompted_by, 'dev')
  assert.ok(dev.session)
  for (const joined of [['1+9:2:' + 'a'.repeat(32)], ['1+2:2:zz'], ['0+2:2:' + 'a'.repeat(32)], ['1:2:' + 'a'.repeat(32)], [7], 'x']) {
    assert.equal((await call(s, 'POST', '/api/v1/provenance', { session: dev.session, body: { files: [{ path: 'x', lines: [], joined }] } })).status, 400)
  }
  assert.equal((await call(s, 'POST', '/api/v1/provenance', { session: dev.session, body: { files: [{ path: 'x', lines: [], joined: ['1+2:2:' + 'a'.repeat(32)] }] } })).status, 200)
  const r = await call(s, 'POST', '/api/v1/provenance', { session: dev.session, body: { files: [{ path: 'x', lines: ['1:2:zz'] }] } })
  assert.equal(r.status, 400)
  assert.equal((await call(s, 'POST', '/api/v1/provenance', { body: { files: [] } })).status, 401)
})
