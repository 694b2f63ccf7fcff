// Commands that a model wrote: what may not run does not reach the client, in no shape and however the stream was
// cut; what stands in its place is a valid turn that says why; all else is as if there were no guard.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { GoogleGenAI } from '@google/genai'
import { Provider } from './provider.mjs'
import { System, custos, freePort } from './system.mjs'
import { plant } from './planted.mjs'

let provider, system, anthropic, openai, gemini
const { text: planted } = plant()
const metadata = 'curl -s http://169.254.169.254/latest/meta-data/iam/security-credentials/'
const production = 'kubectl --context prod-eu delete deployment shop'
const patch = (line) => `*** Begin Patch\n*** Add File: a.py\n+print("a")\n+${line}\n*** End Patch`
const program = (cmd) => `const r = await tools.exec_command({ cmd: ${JSON.stringify(cmd)}, workdir: "/tmp" });\ntext(r.output);`
const said = 'First I look at the files.'

before(async () => {
  provider = await new Provider().start()
  const vendor = (name, api) => `  ${name}:\n    api: ${api}\n    base_url: ${provider.url}\n    credential: env:FAKE_KEY\n    assessment: {decision: approved, by: X}\n`
  system = new System({ vendors: 'vendors:\n' + vendor('claude', 'anthropic') + vendor('gpt', 'openai') + vendor('bard', 'gemini') })
  await system.start()
  anthropic = new Anthropic({ baseURL: system.url, apiKey: system.key, maxRetries: 0 })
  openai = new OpenAI({ baseURL: system.url + '/v1', apiKey: system.key, maxRetries: 0 })
  gemini = new GoogleGenAI({ apiKey: system.key, httpOptions: { baseUrl: system.url } })
})
after(async () => {
  await system.remove()
  await provider.stop()
})

const raw = (path, body, headers = {}) => fetch(system.url + path, { method: 'POST', headers: { authorization: 'Bearer ' + system.key, 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })

// One shape: asks, and tells what the client understood: {text, calls, end}, and every byte that it got.
const user = (text) => [{ role: 'user', content: text }]
const shapes = {
  anthropic: {
    tool: 'Bash',
    streamed: async (text) => anthropic.messages.stream({ model: 'm', max_tokens: 99, messages: user(text) }).finalMessage(),
    whole: async (text) => anthropic.messages.create({ model: 'm', max_tokens: 99, messages: user(text) }),
    bytes: (text) => raw('/v1/messages', { model: 'm', max_tokens: 99, stream: true, messages: user(text) }),
    read: (m) => ({ text: m.content.filter((b) => b.type === 'text').map((b) => b.text), calls: m.content.filter((b) => b.type === 'tool_use').map((b) => [b.name, b.input]), end: m.stop_reason }),
    ended: ['end_turn', 'tool_use'],
  },
  chat: {
    tool: 'run_shell_command',
    streamed: async (text) => openai.chat.completions.stream({ model: 'm', messages: user(text) }).finalChatCompletion(),
    whole: async (text) => openai.chat.completions.create({ model: 'm', messages: user(text) }),
    bytes: (text) => raw('/v1/chat/completions', { model: 'm', stream: true, messages: user(text) }),
    read: ({ choices: [c] }) => ({ text: [c.message.content], calls: (c.message.tool_calls ?? []).map((k) => [k.function.name, JSON.parse(k.function.arguments)]), end: c.finish_reason }),
    ended: ['stop', 'tool_calls'],
  },
  responses: {
    tool: 'exec_command',
    streamed: async (text) => {
      const built = [], deltas = {}
      let completed
      for await (const e of await openai.responses.create({ model: 'm', input: user(text), stream: true })) {
        if (e.type === 'response.output_text.delta') deltas[e.output_index] = (deltas[e.output_index] ?? '') + e.delta
        if (e.type === 'response.output_item.done') built[e.output_index] = e.item
        if (e.type === 'response.completed') completed = e.response
      }
      assert.deepEqual(built, completed.output) // all copies agree
      built.forEach((item, i) => item.type === 'message' && assert.equal(deltas[i], item.content[0].text))
      return completed
    },
    whole: async (text) => openai.responses.create({ model: 'm', input: user(text) }),
    bytes: (text) => raw('/v1/responses', { model: 'm', stream: true, input: user(text) }),
    read: (r) => ({ text: r.output.filter((i) => i.type === 'message').map((i) => i.content[0].text), calls: r.output.filter((i) => i.type.endsWith('_call')).map((i) => [i.name, i.input ?? JSON.parse(i.arguments)]), end: r.status }),
    ended: ['completed', 'completed'],
  },
  gemini: {
    tool: 'run_shell_command',
    streamed: async (text) => {
      const parts = []
      let end
      for await (const c of await gemini.models.generateContentStream({ model: 'm', contents: text })) {
        parts.push(...c.candidates[0].content.parts)
        end = c.candidates[0].finishReason ?? end
      }
      return { parts, end }
    },
    whole: async (text) => {
      const { candidates: [c] } = await gemini.models.generateContent({ model: 'm', contents: text })
      return { parts: c.content.parts, end: c.finishReason }
    },
    bytes: (text) => raw('/v1beta/models/m:streamGenerateContent?alt=sse', { contents: [{ role: 'user', parts: [{ text }] }] }, { 'x-goog-api-key': system.key }),
    read: ({ parts, end }) => ({ text: parts.filter((p) => p.text).map((p) => p.text), calls: parts.filter((p) => p.functionCall).map((p) => [p.functionCall.name, p.functionCall.args]), end }),
    ended: ['STOP', 'STOP'],
  },
}
const commandOf = (tool, cmd) => ({ name: tool, input: tool === 'exec_command' ? { cmd, workdir: '/tmp' } : { command: cmd, description: 'look' } })
const ways = [
  ['whole deltas', {}],
  ['one delta a character, one byte a write', { delta: 1, bytes: 1 }],
  ['cut inside escapes, all of it ASCII', { delta: 'escape', ascii: true, bytes: 5 }],
  ['CRLF and gzip', { delta: 4, crlf: true, gzip: true }],
]
// What the daemon answers follows what is sealed, a moment later.
const followed = async (run, behind = /is sealed yet|has not ended yet/) => {
  for (const end = Date.now() + 60000; ;) {
    const r = run()
    if (!behind.test(r.stdout + r.stderr) || Date.now() > end) return r
    await new Promise((done) => setTimeout(done, 50))
  }
}
const replay = (id, input, more, behind) => followed(() => spawnSync(custos, ['inspect', '--replay', id, '--config', system.config, ...more], { input, encoding: 'utf8' }), behind)
const recorded = async (res) => (await system.sealed((e) => e.type === 'exchange.response' && e.body.exchange === res.headers.get('request-id'))).body.guard

for (const [shape, s] of Object.entries(shapes)) {
  for (const [name, how] of ways)
    test(`${shape}, ${name}: a blocked call is replaced, the text before it is not`, async () => {
      provider.how = { ...how, calls: [commandOf(s.tool, metadata)] }
      const streamed = s.read(await s.streamed(said))
      const whole = s.read(await s.whole(said))
      assert.deepEqual(streamed.calls, [])
      assert.equal(streamed.end, s.ended[0])
      assert.ok(streamed.text.join('').startsWith(said))
      assert.match(streamed.text.join(''), /\[custos\] This call of \S+ was blocked and did not run\. Rule cloud-metadata/)
      const bare = (x) => x.text.join('').replace(/\s+/g, ' ').replace(/request \w+/g, '')
      assert.deepEqual(whole.calls, [])
      assert.equal(whole.end, streamed.end)
      assert.equal(bare(whole), bare(streamed))
      const res = await s.bytes(said), bytes = await res.text()
      assert.ok(!bytes.includes('169.254') && !bytes.includes('curl'), 'bytes of the stopped call')
      const guard = await recorded(res)
      assert.deepEqual([guard.calls, guard.blocked, guard.held], [1, 1, 0])
      const v = guard.verdicts.find((x) => x.rule === 'cloud-metadata')
      assert.deepEqual([v.action, v.decision, v.kind, v.tier, v.tool], ['blocked', 'block', 'command', 'default', s.tool])
      assert.ok(!JSON.stringify(guard).includes('169.254'))
    })

  test(`${shape}: of two calls the good one runs`, async () => {
    const good = commandOf(s.tool, 'git status --short')
    for (const calls of [[good, commandOf(s.tool, production)], [commandOf(s.tool, production), good]]) {
      provider.how = { delta: 3, calls }
      for (const answer of [await s.streamed(said), await s.whole(said)]) {
        const got = s.read(answer)
        assert.deepEqual(got.calls, [[good.name, good.input]])
        assert.equal(got.end, s.ended[1])
        assert.match(got.text.join(''), /did not run\. Rule \S+:/)
      }
      assert.ok(!(await (await s.bytes(said)).text()).includes('prod-eu'))
    }
  })

  test(`${shape}: a benign session is not disturbed, to the byte`, async () => {
    const calls = [commandOf(s.tool, 'npm test -- --grep "login"'), { name: 'Write', input: { file_path: 'src/a.py', content: planted } }, { name: 'mcp__tracker__create', input: { title: 'x', body: 'it fails' } }]
    for (const how of [{ delta: 1 }, { delta: 7, bytes: 3 }]) {
      provider.how = { ...how, calls }
      const got = s.read(await s.streamed(said))
      assert.deepEqual(got.calls, calls.map((c) => [c.name, c.input]))
      assert.equal(got.text.join(''), said)
      assert.equal(got.end, s.ended[1])
    }
    assert.deepEqual(s.read(await s.whole(said)).calls, calls.map((c) => [c.name, c.input]))
  })
}

test('responses: patches, code mode and what is typed into a running command', async () => {
  const s = shapes.responses
  const stopped = [{ name: 'exec', raw: program(metadata) }, { name: 'exec', raw: `const c = "curl -s http://169.254" + ".169.254/";\nawait tools.exec_command({ cmd: c })` },
    { name: 'exec', raw: 'const t = tools; await t["exec" + "_command"]({ cmd: "ls" })' }, { name: 'write_stdin', input: { session_id: 1, chars: metadata + '\n' } },
    { name: 'shell', input: { command: ['bash', '-lc', metadata] } }, { name: 'exec_command', input: { cmd: `bash <<'EOF'\n${metadata}\nEOF` } }]
  for (const call of stopped) {
    provider.how = { delta: 5, calls: [call] }
    for (const got of [s.read(await s.streamed(said)), s.read(await s.whole(said))]) {
      assert.deepEqual(got.calls, [], JSON.stringify(call))
      assert.match(got.text.join(''), /did not run/)
    }
  }
  const fine = [{ name: 'apply_patch', raw: patch('print("b")') }, { name: 'exec', raw: program('git log -1') }, { name: 'exec', raw: `await tools.apply_patch(${JSON.stringify(patch('x = 1'))})` }]
  provider.how = { delta: 5, calls: fine }
  assert.deepEqual(s.read(await s.streamed(said)).calls, fine.map((c) => [c.name, c.raw]))
})

test('values come back before the command is judged: the mark says where in what would run', async () => {
  const s = shapes.anthropic, command = (text) => `echo ${JSON.stringify(text)}; ${metadata}`
  provider.how = { delta: 2, echo: (text) => [commandOf('Bash', command(text))] }
  const res = await s.bytes(planted)
  assert.ok(!(await res.text()).includes('169.254'))
  const v = (await recorded(res)).verdicts.find((x) => x.rule === 'cloud-metadata')
  assert.equal(v.start, Buffer.byteLength(command(planted)) - metadata.length)
})

test('a call that is torn does not leave', async () => {
  const s = shapes.anthropic
  provider.how = { delta: 1, fail: 'reset', calls: [commandOf('Bash', 'echo '.repeat(900) + metadata)] }
  const res = await s.bytes(said)
  const got = []
  await assert.rejects(async () => { for await (const b of res.body) got.push(b) })
  assert.ok(!Buffer.concat(got).includes('tool_use'))
  await system.sealed((e) => e.type === 'exchange.aborted' && e.body.exchange === res.headers.get('request-id'))
})

test('a verdict comes out again from the answer, the entry and the rules of its time', async () => {
  const s = shapes.anthropic
  provider.how = { delta: 3, calls: [commandOf('Bash', metadata), commandOf('Bash', 'ls')] }
  const ask = { model: 'm', max_tokens: 99, stream: true, messages: user(said) }
  const res = await s.bytes(said)
  await res.text()
  await recorded(res)
  const id = res.headers.get('request-id')
  const answer = async () => (await fetch(provider.url + '/v1/messages', { method: 'POST', body: JSON.stringify(ask) })).text()
  const given = await answer()
  const run = (input, ...more) => replay(id, input, more)
  const again = await run(given, '--format', 'json')
  assert.equal(again.status, 0, again.stdout + again.stderr)
  const out = JSON.parse(again.stdout)
  assert.ok(out.agrees && out.verdicts.every((v) => v.agrees))
  assert.deepEqual([out.calls, out.verdicts[0].rule, out.verdicts[0].action], [2, 'cloud-metadata', 'blocked'])
  assert.match((await run(given)).stdout, /call 1, Bash: cloud-metadata says block, so it was blocked; worked out again: the same/)
  provider.how = { delta: 3, calls: [commandOf('Bash', metadata + 'x'), commandOf('Bash', 'ls')] }
  const other = await run(await answer(), '--format', 'json') // another text than the one that was judged
  assert.equal(other.status, 1)
  assert.equal(JSON.parse(other.stdout).agrees, false)
  assert.equal((await run(given.replaceAll('tool_use', 'text'))).status, 1)
  provider.how = {}
  const plain = await s.bytes(said) // no call: nothing to judge again, and it is said so
  await plain.text()
  await system.sealed((e) => e.type === 'exchange.response' && e.body.exchange === plain.headers.get('request-id'))
  const none = await replay(plain.headers.get('request-id'), '{}', [], /is sealed yet/)
  assert.equal(none.status, 2)
  assert.match(none.stderr, /held no call of a tool/)
})

// --- modes and rules of the organisation, a tenant, a repository ---
const org = `deny_programs: [terraform]
allow_hosts: ["*.acme.example", localhost]
`
const guarded = `guard:
  rules: org
  commands: annotate
  tools: {exec_command: hold}
  classes: {restricted: block}
  tenants:
    acme: {tools: {"mcp__*": block}}
  repositories:
    acme/pay*: {rules: pay, commands: hold}
`
const payRule = `rules:
  - id: no-ledger
    title: The ledger is written by its service only
    message: The command writes into the ledger.
    instead: Use the service.
    decision: block
    program: [ledgerctl]
    match: [ledgerctl write x, sudo ledgerctl drop]
    not_match: [ledger write, cat ledgerctl]
`

test('modes and rules by tier: the strictest counts', async (t) => {
  const own = new System({ vendors: system.options.vendors + guarded })
  const { mkdirSync, writeFileSync } = await import('node:fs')
  for (const [dir, text] of [['org', org], ['pay', payRule]]) {
    mkdirSync(`${own.dir}/${dir}`)
    writeFileSync(`${own.dir}/${dir}/rules.yaml`, text)
  }
  writeFileSync(`${own.dir}/org/pypi.packages`, 'flask\nrequests\n')
  await own.start()
  t.after(() => own.remove())
  const ask = async (call, headers = {}) => {
    provider.how = { calls: [call] }
    const res = await fetch(own.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': own.key, 'content-type': 'application/json', ...headers }, body: JSON.stringify({ model: 'm', max_tokens: 9, messages: user(said) }) })
    const body = await res.json()
    const { guard } = (await own.sealed((e) => e.type === 'exchange.response' && e.body.exchange === res.headers.get('request-id'))).body
    return { passed: body.content.some((b) => b.type === 'tool_use'), text: body.content.map((b) => b.text ?? '').join(''), guard }
  }
  const bash = (command) => ({ name: 'Bash', input: { command } })
  let got = await ask(bash(metadata)) // the organisation annotates: it passes, and stands in the entry
  assert.ok(got.passed)
  assert.deepEqual([got.guard.noted, got.guard.blocked], [1, 0])
  assert.deepEqual(got.guard.packs.map((p) => p.tier), ['default', 'org'])
  got = await ask({ name: 'exec_command', input: { cmd: 'ssh "$HOST" uptime' } }) // a host that is not known before it runs
  assert.ok(!got.passed)
  assert.match(got.text, /This call of exec_command was held and did not run. Rule host-not-allowed/)
  assert.equal(got.guard.held, 1)
  assert.ok((await ask({ name: 'exec_command', input: { cmd: 'ssh git.acme.example uptime' } })).passed)
  assert.ok((await ask({ name: 'exec_command', input: { cmd: 'pip install Flask==3.0 requests' } })).passed)
  got = await ask({ name: 'exec_command', input: { cmd: 'pip install flask-requests' } }) // no such package
  assert.match(got.text, /was held and did not run. Rule package-not-known: [^]*may have made it up/)
  got = await ask({ name: 'Write', input: { file_path: '/app/requirements.txt', content: 'requests==2.32\nflask-requests>=1\n' } }) // a file is code's business, and the mode of code notes
  assert.deepEqual([got.passed, got.guard.verdicts.map((v) => v.rule)], [true, ['package-not-known']])
  assert.deepEqual((await ask({ name: 'Write', input: { file_path: '/app/requirements.txt', content: 'requests==2.32\nflask\n' } })).guard.verdicts, [])
  got = await ask({ name: 'mcp__ops__run', input: { command: 'terraform plan' } })
  assert.match(got.text, /was blocked and did not run. Rule program-denied/)
  assert.equal(got.guard.verdicts.find((v) => v.rule === 'program-denied').tier, 'org')
  assert.ok((await ask(bash('ledgerctl write x'))).passed) // no such rule outside of the repository
  got = await ask(bash('ledgerctl write x'), { 'x-custos-repo': 'acme/payments' })
  assert.ok(!got.passed)
  assert.equal(got.guard.verdicts.find((v) => v.rule === 'no-ledger').tier, 'repo')
  const { id } = await own.sealed((e) => e.type === 'exchange.request')
  assert.ok((await followed(() => own.run('policy', 'explain', id, '--config', own.config))).status < 2)
})

// --- generated code ---
const writes = (content, file_path = '/app/main.c') => ({ name: 'Write', input: { file_path, content } })
const unsafe = '#include <stdio.h>\nint main(void) {\n  char b[16];\n  gets(b);\n  return 0;\n}\n'
const injected = 'import os\nfrom flask import request\n\ndef run():\n    os.system("ls " + request.args.get("d"))\n'

test('code that a call writes is held against the rules for code: noted, and stopped where the organisation says so', async (t) => {
  const ask = async (to, call) => {
    provider.how = { calls: [call] }
    const res = await fetch(to.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': to.key, 'content-type': 'application/json' }, body: JSON.stringify({ model: 'm', max_tokens: 9, messages: user(said) }) })
    const body = await res.json()
    const { guard } = (await to.sealed((e) => e.type === 'exchange.response' && e.body.exchange === res.headers.get('request-id'))).body
    return { id: res.headers.get('request-id'), body, passed: body.content.some((b) => b.type === 'tool_use'), text: body.content.map((b) => b.text ?? '').join(''), guard }
  }
  const fired = (got, rule) => got.guard.verdicts.find((v) => v.rule === rule)
  let got = await ask(system, writes(unsafe))
  assert.ok(got.passed) // by default it is noted only
  assert.deepEqual([fired(got, 'c-gets').action, fired(got, 'c-gets').decision], ['noted', 'block'])
  assert.match(got.guard.code_pack, /^[0-9a-f]{64}$/)
  assert.ok(unsafe.slice(fired(got, 'c-gets').start, fired(got, 'c-gets').end).includes('gets'))
  const again = await replay(got.id, JSON.stringify(got.body), ['--format', 'json'])
  assert.equal(again.status, 0, again.stdout + again.stderr)
  assert.equal(JSON.parse(again.stdout).agrees, true)
  got = await ask(system, writes(injected, '/app/run.py'))
  assert.ok(got.passed && fired(got, 'py-os-command').decision === 'hold')
  got = await ask(system, { name: 'Edit', input: { file_path: '/app/run.py', old_string: 'x', new_string: injected } })
  assert.ok(fired(got, 'py-os-command'))
  got = await ask(system, writes('def add(a, b):\n    return a + b\n', '/app/sum.py'))
  assert.ok(got.passed && got.guard.verdicts.length === 0)
  const strict = new System({ vendors: system.options.vendors + 'guard:\n  code: block\n' })
  await strict.start()
  t.after(() => strict.remove())
  got = await ask(strict, writes(unsafe))
  assert.ok(!got.passed)
  assert.match(got.text, /This call of Write was blocked and did not run. Rule c-gets/)
  assert.ok(!JSON.stringify(got.body).includes('char b[16]'))
  assert.ok((await ask(strict, writes('int main(void) { return 0; }\n'))).passed)
})

test('a pack whose examples do not hold stops the daemon, and it says where', async () => {
  const { mkdirSync, mkdtempSync, writeFileSync, rmSync } = await import('node:fs')
  const { spawn } = await import('node:child_process')
  const dir = mkdtempSync('/tmp/custos-e2e-')
  mkdirSync(`${dir}/org`)
  writeFileSync(`${dir}/org/rules.yaml`, payRule.replace('ledger write', 'ledgerctl write'))
  writeFileSync(`${dir}/custos.yaml`, `state_dir: ${dir}/state\nlisten:\n  - address: 127.0.0.1:${await freePort()}\nguard: {rules: org}\n`)
  const serve = spawn(custos, ['serve', '--quiet', '--config', `${dir}/custos.yaml`], { cwd: dir })
  const ended = new Promise((done) => serve.on('exit', done))
  let said = ''
  for await (const d of serve.stderr) if (/matches its example/.test(said += d)) break
  assert.match(said, /rules\.yaml:2: rule no-ledger matches its example "ledgerctl write"/)
  serve.kill('SIGINT')
  await ended
  rmSync(dir, { recursive: true, force: true })
})
