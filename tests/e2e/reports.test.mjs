// Reports: every figure is counted again from the tiles of the log, the same moment gives the same document, nothing in
// them concludes anything, and OSCAL is what NIST's schema says.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { oscalFaults } from './oscal.mjs'
import { System } from '../gateway/system.mjs'
import { call, join } from '../web/people.mjs'

const root = new URL('../../', import.meta.url)
const templates = parse(readFileSync(new URL('catalog/reports.yaml', root), 'utf8'))
const day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10)
const from = day(-30), to = day(1)
// What only an auditor may say, or what nobody may.
const concluding = /\b(opinion|opine|certif(y|ied|ies|ication)|complian(t|ce) with|effective(ly|ness)?|attest that|in all material respects|fairly presented?|reasonable assurance|unqualified|we believe|guarantee[sd]?)\b/i

let s, docs = {}, as_of, session
const make = (kind, ...more) => { const r = s.run('report', 'make', kind, '--from', from, '--to', to, '--config', s.config, ...more); assert.equal(r.status, 0, `${kind}: ${r.stderr}`); return r.stdout }
const refused = (why, kind, ...more) => { const r = s.run('report', 'make', kind, '--config', s.config, ...more); assert.equal(r.status, 2, r.stdout); assert.match(r.stderr, why) }
const step = (...args) => { const r = s.run('register', 'step', ...args, '--config', s.config, '--format', 'json'); assert.equal(r.status, 0, r.stderr); return JSON.parse(r.stdout) }
const kinds = templates.reports.map((r) => r.id)
const oscal = ['oscal-catalog', 'oscal-component-definition', 'oscal-assessment-plan', 'oscal-assessment-results', 'oscal-poam']

before(async () => {
  s = await new System({ extra: '  - name: beta\n' }).start()
  const beta = s.json('key', 'issue', '--tenant', 'beta', '--user', 'bea').key
  for (const key of [s.key, s.key, beta]) await (await fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': key }, body: JSON.stringify({ model: 'sink', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] }) })).text()
  await (await fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': s.key }, body: '{' })).text()
  session = (await join(s, 'Ann', 'owner')).session
  step('finding.opened', 'title=<script>alert(1)</script> & "more"', 'control=IAM-02', 'severity=high', 'owner=Jo Doe', `due=${day(9)}`, 'cause=A key was shared')
  step('risk.assessed', 'title=A provider stops', 'category=vendor', 'likelihood=2', 'impact=4', 'controls=VEN-07', 'treatment=reduce', 'response=A second upstream', 'owner=Jo Doe', `review_by=${day(60)}`)
  await s.sealed((e) => e.type === 'exchange.response', 't/beta')
  as_of = new Date(Date.now() + 1).toISOString()
  await new Promise((done) => setTimeout(done, 50))
  for (const k of kinds) docs[k] = JSON.parse(make(k, '--as-of', as_of, '--format', 'json'))
})
after(() => s?.remove())

const figures = (d) => d.sections.flatMap((x) => x.parts).flatMap((p) => p.text ?? []).filter((r) => r.fact)
const rows = (d) => d.sections.flatMap((x) => x.parts).filter((p) => p.table).flatMap((p) => p.table.rows.map((r) => ({ ...r, table: p.table })))
const states = async (of) => (await (await call(s, 'GET', `/api/v1/${of}?as_of=${as_of}`, { session })).json()).items
const folder = (log) => log.replace(/^t:/, 't/')

test('every figure says where it comes from, and the log gives the same', async () => {
  let entries = 0, records = 0, judged = 0
  const items = { controls: await states('controls'), criteria: await states('criteria') }
  for (const [kind, d] of Object.entries(docs)) {
    for (const f of figures(d)) {
      assert.ok(f.source, `${kind}: ${f.fact}`)
      const x = f.source
      if (x.kind === 'entries') {
        const all = x.logs.flatMap((l) => s.entries(folder(l.log)).slice(0, l.size))
        const n = ['org', 't:acme', 't:beta'].flatMap((l) => s.entries(folder(l))).filter((e) => x.types.includes(e.type) && e.ts >= x.from && e.ts < x.to).length
        assert.equal(f.value, n, `${kind}: ${f.fact}`)
        assert.equal(f.value, all.filter((e) => x.types.includes(e.type) && e.ts >= x.from && e.ts < x.to).length)
        for (const l of x.logs.filter((l) => l.count)) assert.ok(x.types.includes(s.entries(folder(l.log))[l.last].type))
        entries++
      } else if (x.kind === 'records') {
        assert.equal(f.value, recordsOf(x.register, x.states), `${kind}: ${f.fact}`)
        records++
      } else if (x.kind === 'states') {
        assert.equal(f.value, items[x.of].filter((c) => !x.state || c.state === x.state).length, f.fact)
        judged++
      } else assert.equal(x.kind, 'setting')
    }
    for (const r of rows(d)) {
      assert.ok(r.source, `${kind}: ${r.table.name}`)
      if (r.source.kind === 'entry') assert.ok(s.entries(folder(r.source.log))[r.source.index].ts <= as_of)
    }
  }
  assert.ok(entries > 25 && records >= 20 && judged > 15, `${entries} ${records} ${judged}`)
  assert.equal(figures(docs.board).find((f) => f.fact === 'requests').value, 3)
  assert.equal(figures(docs.board).find((f) => f.fact === 'findings_open').value, recordsOf('finding', ['open', 'fixed', 'passed']))
})

// Records from the entries alone: the last step of each says its state.
function recordsOf(register, states) {
  const registry = parse(readFileSync(new URL('catalog/events.yaml', root), 'utf8'))
  const steps = Object.fromEntries(registry.events.filter((e) => e.record?.register === register).map((e) => [e.type, e.record.to]))
  const now = {}
  for (const e of s.entries('org')) if (e.type in steps && e.ts <= as_of) now[e.body[register]] = steps[e.type] ?? now[e.body[register]]
  return Object.values(now).filter((x) => states.includes(x)).length
}

test('the heads are those of the log, and the same moment gives the same document', () => {
  for (const h of docs.board.heads) assert.equal(h.size, s.entries(folder(h.log)).filter((e) => e.ts < as_of).length)
  for (const k of kinds) assert.deepEqual(JSON.parse(make(k, '--as-of', as_of, '--format', 'json')), docs[k], k)
})

test('each report made is an entry with the digest of what was given', async () => {
  const text = make('board', '--format', 'json')
  const digest = createHash('sha256').update(text).digest('hex')
  assert.ok(s.json('report', 'list').items.some((x) => x.body.digest === digest), 'who asks next sees it')
  const e = await s.sealed((x) => x.type === 'report.generated' && x.body.digest === digest, 'org')
  assert.equal(e.body.kind, 'board')
  assert.equal(e.actor, 'operator')
  const html = make('board', '--format', 'html', '--as-of', as_of)
  assert.match(html, new RegExp(createHash('sha256').update(make('board', '--format', 'json', '--as-of', as_of)).digest('hex')))
})

test('no template and no output concludes anything', () => {
  for (const r of templates.reports) for (const x of [r.title, r.means, ...r.sections.flatMap((q) => [q.heading, ...q.parts.flatMap((p) => [p.text ?? '', p.empty ?? ''])])]) assert.doesNotMatch(x, concluding, `${r.id}: ${x}`)
  for (const k of kinds) for (const format of ['html', 'text']) assert.equal(concluding.exec(words(make(k, '--format', format, '--as-of', as_of)))?.[0], undefined, k)
  for (const k of oscal) assert.equal(concluding.exec(words(make(k, '--as-of', as_of)))?.[0], undefined, k)
  assert.match('our opinion', concluding)
})
// What the catalogue says of an auditor's work and of vendors' reports is no conclusion: a column, a procedure.
const words = (text) => { for (const c of docs['control-matrix'].sections.flatMap((x) => x.parts).filter((p) => p.table).flatMap((p) => p.table.rows).flatMap((r) => r.cells)) if (c.length > 40) text = text.replaceAll(c, '').replaceAll(escaped(c), '').replaceAll(JSON.stringify(c).slice(1, -1), ''); return text }
const escaped = (x) => x.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;').replace(/'/g, '&#39;')

test('the page is one file without script, and what people typed stays text', () => {
  for (const k of kinds) {
    const html = make(k, '--format', 'html', '--as-of', as_of)
    assert.doesNotMatch(html, /<script|src=|@import|url\(|http-equiv/i, k)
    for (const [, href] of html.matchAll(/href="([^"]*)"/g)) assert.match(href, /^#[sf]\d+$/)
    assert.match(html, /@page/)
  }
  assert.match(make('board', '--format', 'html', '--as-of', as_of), /&lt;script&gt;alert\(1\)&lt;\/script&gt; &amp; &quot;more&quot;/)
})

test('periods and moments that cannot be are refused', () => {
  refused(/at most 92 days/, 'bridge-letter', '--from', day(-120), '--to', day(0))
  refused(/no report nothing/, 'nothing', '--from', from, '--to', to)
  refused(/from before to/, 'board', '--from', to, '--to', from)
  refused(/not in the future/, 'board', '--from', from, '--to', to, '--as-of', day(5))
  refused(/--from and --to are expected/, 'board')
})

test('OSCAL is valid against the schema of 1.1.3, and equal for equal moments', async () => {
  for (const k of oscal) {
    const text = make(k, '--as-of', as_of), doc = JSON.parse(text)
    assert.deepEqual(oscalFaults(doc), [], k)
    assert.equal(make(k, '--as-of', as_of), text)
    const ids = [...text.matchAll(/"uuid": ?"([^"]+)"/g)].map((m) => m[1])
    assert.equal(new Set(ids).size, ids.length, `${k}: an identifier twice`)
    for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab]/)
  }
  const catalog = JSON.parse(make('oscal-catalog', '--as-of', as_of)).catalog
  assert.equal(catalog.groups[0].controls.length, 61)
  assert.ok(catalog.groups[1].controls.length >= 68)
  const results = JSON.parse(make('oscal-assessment-results', '--as-of', as_of))['assessment-results'].results[0]
  for (const o of results.observations) {
    const [, log, index] = /^urn:custos:log:(.+):(\d+)$/.exec(o['relevant-evidence'][0].href)
    assert.equal(s.entries(log)[Number(index)].ts, o.collected)
  }
  const known = new Set(results.observations.map((o) => o.uuid))
  for (const f of results.findings) for (const r of f['related-observations'] ?? []) assert.ok(known.has(r['observation-uuid']))
  assert.deepEqual(results.findings.map((f) => f.target.status.state === 'satisfied'), (await states('controls')).filter((c) => c.state !== 'not_applicable').map((c) => c.state === 'met'))
  assert.ok(JSON.parse(make('oscal-poam', '--as-of', as_of))['plan-of-action-and-milestones']['poam-items'].some((x) => /^F-\d+: <script>/.test(x.title)))
})

test('a PDF holds every figure and row of the document, its digest, and nobody\'s conclusion', () => {
  for (const k of kinds) {
    const out = `${s.dir}/${k}.pdf`, json = make(k, '--as-of', as_of, '--format', 'json')
    make(k, '--as-of', as_of, '--format', 'pdf', '--out', out)
    const r = spawnSync('pdftotext', ['-raw', out, '-'], { encoding: 'utf8', maxBuffer: 1 << 26 }), bare = (x) => x.replace(/\s+/g, '')
    assert.equal(r.status, 0, `${k}: ${r.error ?? r.stderr}`)
    const text = bare(r.stdout.replace(/^.*Page \d+ of \d+$/gm, ''))
    assert.ok(text.includes(createHash('sha256').update(json).digest('hex')), k)
    for (const p of docs[k].sections.flatMap((x) => x.parts).filter((x) => x.text)) for (const run of p.text) assert.ok(text.includes(bare(run.t)) || run.t.length > 60, `${k}: ${run.t}`)
    for (const x of rows(docs[k])) assert.ok(text.includes(bare(x.cells[0])), `${k}: ${x.cells[0]}`)
    assert.equal(concluding.exec(words(r.stdout.replace(/\s+/g, ' ')))?.[0], undefined, k)
  }
})
