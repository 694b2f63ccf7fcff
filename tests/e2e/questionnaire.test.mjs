// Questionnaires from file to file: CSV, workbooks and documents are read, drafted without a network, reviewed and filled in. Every
// answer has a citation, an approved one comes back until its facts change, and hostile files are refused with a sentence.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { System, custos } from '../gateway/system.mjs'
import { xlsx, docx, zip, unzip, csv, p, table } from './office.mjs'

const data = resolve(new URL('../data/questionnaire', import.meta.url).pathname)
let system
before(async () => { system = await new System().start() })
after(() => system.remove())

const path = (name) => join(system.dir, name)
const q = (...args) => spawnSync(custos, ['questionnaire', ...args, '--config', system.config], { encoding: 'utf8', cwd: system.dir, maxBuffer: 1 << 28 })
function draft(name, content, format = 'csv') {
  writeFileSync(path(name), content)
  const out = path(name + '.out')
  const r = q('draft', path(name), '--out', out, '--format', format)
  assert.equal(r.status, 0, r.stderr)
  const bytes = readFileSync(out)
  return format === 'csv' ? csv(bytes.toString()) : format === 'json' ? JSON.parse(bytes) : bytes
}
const refused = (name, content) => {
  writeFileSync(path(name), content)
  const r = q('draft', path(name), '--out', path(name + '.out'), '--format', 'csv')
  assert.equal(r.status, 2, `${name} was taken`)
  return r.stderr
}
const idOf = (r) => / Id ([0-9A-Z]{26})\./.exec(r.stderr)[1]

test('the bank: at least 80 of 100 are drafted, none without a citation, and ids are kept', () => {
  const bank = readFileSync(resolve(data, '../../../catalog/questions.yaml'), 'utf8')
  const own = [...bank.matchAll(/^ {2}- id: (\S+)\n.*\n {4}question: (".*")$/gm)].map((m) => [m[1], JSON.parse(m[2])])
  assert.ok(own.length >= 120)
  const rows = draft('bank.csv', 'id,question\n' + own.map(([i, t]) => `mine-${i},"${t}"`).join('\n'))
  assert.deepEqual(rows.map((r) => r.id), own.map(([i]) => `mine-${i}`))
  assert.ok(rows.every((r, i) => r.bank_id === '' || r.bank_id === own[i][0]))
  assert.ok(rows.filter((r) => r.answer && r.citations).length >= own.length * 0.8)
  for (const r of rows) assert.equal(r.answer !== '', r.citations !== '', r.id)
})

test('the hold-out: what is drafted is right, and the rest waits for a person', () => {
  const text = readFileSync(join(data, 'holdout.csv'), 'utf8'), want = csv(text)
  const rows = draft('holdout.csv', text)
  const drafted = rows.filter((r) => r.answer)
  const ours = want.filter((w) => w.expected).length
  const right = rows.filter((r, i) => r.bank_id && r.bank_id === want[i].expected).length
  assert.equal(rows.length, 120)
  assert.ok(right >= ours * 0.8, `${right} of ${ours}`)
  assert.ok(right >= drafted.length * 0.98, `${right} of ${drafted.length}`)
  for (const r of rows) {
    assert.equal(r.answer !== '', r.citations !== '', r.id)
    if (!r.answer) assert.deepEqual([r.status, r.verdict], ['needs a person', 'needs a person'])
  }
})

test('300 questions within a minute', () => {
  const want = csv(readFileSync(join(data, 'pairs.csv'), 'utf8'))
  const began = Date.now()
  const rows = draft('many.csv', 'ref;question\r\n' + want.map((w) => `${w.id};"${w.question}"`).join('\r\n'))
  assert.ok(rows.length >= 300 && Date.now() - began < 60000)
  console.log(`# ${rows.length} questions in ${Date.now() - began} ms`)
})

test('no data is never yes; a fact that appears shows with its place in the log', async () => {
  const ask = 'id,question\n7,Do you log every use of the assistant?\n8,Does each user sign in with an identity of their own?\n'
  const [before] = draft('log.csv', ask)
  assert.doesNotMatch(before.answer, /^Yes/)
  await (await fetch(system.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': system.key }, body: JSON.stringify({ model: 'sink', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] }) })).text()
  await system.sealed((e) => e.type === 'exchange.response', 't/acme')
  let row
  for (let i = 0; i < 40 && !/exchanges = 1/.test(row?.citations); i++) [row] = draft('log.csv', ask)
  assert.match(row.citations, /fact exchanges = 1 \[exchange\.request since \d{4}-\d\d-\d\d, newest t\/acme#\d+ of /)
  assert.match(row.citations, /control PIN-03 .*newest/)
  assert.match(row.answer, /1 exchanges were sealed/)
  assert.match(row.answer, /As of \d{4}-\d\d-\d\d \d\d:\d\d UTC/)
})

test('CSV as Excel writes it: separators, UTF-16, Windows-1252, quotes, line ends in cells', () => {
  const text = 'No.;Question;Answer\r\n1;"Is data encrypted\r\nin transit?";\r\n2;"Do you have ""zero data retention"" with AI providers?";\r\n'
  for (const bytes of [Buffer.from(text), Buffer.from('\ufeff' + text), Buffer.from('\ufeff' + text, 'utf16le'), Buffer.from(text.replaceAll(';', '\t')), Buffer.from('sep=|\r\n' + text.replaceAll(';', '|'))]) {
    const rows = draft('excel.csv', bytes)
    assert.deepEqual(rows.map((r) => [r.id, r.bank_id]), [['1', 'SQ-009'], ['2', 'AI-010']])
  }
  assert.match(draft('latin.csv', Buffer.from('id,question\n1,Müller asks: is data encrypted at rest?\n', 'latin1'))[0].question, /^Müller/)
})

const sheet = [['Security assessment', null, null, null], ['ID', 'Control question', 'Vendor response', 'Notes'],
  ['Section A: access', null, null, null], ['A-1', 'Is MFA required for administrators?', '', null], ['A-2', 'How are encryption keys rotated? <b>&', null, 'internal'],
  ['A-3', 'Do you perform background checks on staff?', 'Yes, always', null], ['A-4', 'Encryption of all customer data at rest', '', '']]

test('a workbook comes back with answers in their cells, and all else as it was', () => {
  const file = xlsx([['Q & A', sheet, ['A3:D3', 'A1:D1']], ['Lookup', [['Yes'], ['No']]]], [['xl/media/image1.png', 'not really a picture']])
  const before = unzip(file), out = unzip(draft('sheet.xlsx', file, 'xlsx'))
  assert.deepEqual(Object.keys(out), Object.keys(before))
  for (const name of Object.keys(before)) if (name !== 'xl/worksheets/sheet1.xml') assert.equal(out[name], before[name], name)
  const s = out['xl/worksheets/sheet1.xml']
  assert.match(s, /<c r="C4" s="3" t="inlineStr"><is><t xml:space="preserve">\[Draft, not approved\] /)
  assert.match(s, /<c r="C5" t="inlineStr">.*<c r="D5"/)
  assert.match(s, /<c r="C6" s="2" t="s">/) // somebody answered already
  assert.equal(s.replace(/<c r="C4" s="3" t="inlineStr">.*?<\/c>/, '<c r="C4" s="3"/>').replace(/<c r="C5" t="inlineStr">.*?<\/c>/, '').replace(/<c r="C7" s="3" t="inlineStr">.*?<\/c>/, '<c r="C7" s="3"/>'), before['xl/worksheets/sheet1.xml'])
  const rows = draft('sheet.xlsx', file)
  assert.deepEqual(rows.map((r) => r.id), ['A-1', 'A-2', 'A-3', 'A-4'])
  assert.deepEqual(rows.map((r) => r.bank_id), ['SQ-004', 'SQ-011', '', 'SQ-010'])
})

test('a document comes back with answers in its tables and below its questions', () => {
  const body = p('Supplier questionnaire') + p('1. Are backups taken and tested regularly?') + p('') + table([['No', 'Question', 'Answer'], ['2.1', 'How do you protect against prompt injection?', ''], ['2.2', 'Where are your offices?', '']]) + p('3. Do you have a bug bounty programme?') + p('Answer:')
  const file = docx(body, [['word/media/a.bin', 'bytes']])
  const before = unzip(file), out = unzip(draft('supplier.docx', file, 'docx'))
  for (const name of Object.keys(before)) if (name !== 'word/document.xml') assert.equal(out[name], before[name], name)
  const d = out['word/document.xml']
  assert.equal(d.match(/\[Draft, not approved\]/g).length, 3)
  assert.match(d, /tested regularly\?<\/w:t><\/w:r><\/w:p><w:p><w:r><w:t xml:space="preserve">\[Draft/)
  assert.match(d, /<w:tc><w:tcPr\/><w:p\/><w:p><w:r><w:t xml:space="preserve">\[Draft/)
  assert.match(d, /Answer:<\/w:t><\/w:r><\/w:p><w:p>/)
  assert.equal(d.replace(/<w:p><w:r><w:t xml:space="preserve">\[Draft.*?<\/w:p>/g, ''), before['word/document.xml'])
  assert.deepEqual(draft('supplier.docx', file).map((r) => r.id), ['1', '2.1', '2.2', '3'])
})

test('an approved answer is used again; when its facts change it comes back, and only it', async () => {
  const ask = 'id,question\n1,Which LLMs receive our data?\n2,Are pull requests reviewed by a second developer?\n3,What is your favourite colour scheme?\n'
  writeFileSync(path('again.csv'), ask)
  let r = q('draft', path('again.csv'), '--out', path('again.out'))
  const id = idOf(r)
  assert.match(q('review', id, '--question', '1', '--answer', 'x'.repeat(8001)).stderr, /8000 bytes/)
  for (const [n, answer] of [['1', '=cmd|calc <script>alert(1)</script>'], ['2', 'Yes, by the code host.'], ['3', 'Green.']]) assert.equal(q('review', id, '--question', n, '--answer', answer, '--verdict', 'text').status, 0)
  const again = draft('again2.csv', ask)
  assert.deepEqual(again.map((x) => x.status), ['approved', 'approved', 'approved'])
  assert.equal(again[0].answer, "'=cmd|calc <script>alert(1)</script>")
  assert.match(again[2].citations, /approved by a person on \d{4}-\d\d-\d\d, org#\d+/)
  await (await fetch(system.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': system.key }, body: JSON.stringify({ model: 'another-model', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] }) })).text()
  let later
  for (let i = 0; i < 40 && later?.[0].status !== 'changed'; i++) later = draft('again3.csv', ask)
  assert.deepEqual(later.map((x) => x.status), ['changed', 'approved', 'approved'])
  assert.match(later[0].answer, /another-model/)
  draft('again4.csv', ask)
  await system.sealed((e) => e.type === 'questionnaire.drafted' && e.body.changed === 1 && e.body.approved === 2, 'org')
  for (const t of ['imported', 'approved', 'exported']) assert.ok(system.entries('org').some((e) => e.type === `questionnaire.${t}`), t)
})

test('review in the terminal asks only what is new or changed, and what was approved outlives a restart', async () => {
  const ask = 'id,question\n1,Are pull requests reviewed by a second developer?\n2,Is there a bug bounty programme?\n'
  writeFileSync(path('walk.csv'), ask)
  const id = idOf(q('draft', path('walk.csv'), '--out', path('walk.out')))
  const r = spawnSync(custos, ['questionnaire', 'review', id, '--config', system.config], { encoding: 'utf8', input: 'At security@example.org.\n' })
  assert.equal(r.status, 0, r.stderr)
  assert.doesNotMatch(r.stdout, /pull requests/)
  await system.stop(); await system.start()
  const after = JSON.parse(q('export', id, '--format', 'json').stdout)
  assert.deepEqual(after.items.map((x) => x.status), ['approved', 'approved'])
  assert.equal(after.items[1].answer, 'At security@example.org.')
  assert.match(q('list').stdout, new RegExp(`${id}.*walk\\.csv`))
})

test('formulas in ids and questions leave as text', () => {
  const [r] = draft('formula.csv', 'id,question\n"=1+1","@SUM(A1): do you encrypt data at rest?"\n')
  assert.deepEqual([r.id, r.question.slice(0, 2)], ["'=1+1", "'@"])
})

test('hostile files are refused with a sentence, and nothing of them runs', () => {
  const sheet1 = (x) => xlsx([['S', [['Question', 'Answer'], ['Is data encrypted at rest?', '']]]], x)
  const spoiled = (name, from, to) => { const f = unzip(sheet1()); f[name] = f[name].replace(from, to); return zip(Object.entries(f)) }
  assert.match(refused('empty.csv', ''), /empty/)
  assert.match(refused('quote.csv', 'id,question\n1,"never closed'), /never closed/)
  assert.match(refused('nothing.csv', 'a,b\n1,2\n'), /no question was found/)
  assert.match(refused('big.csv', 'id,question\n1,"' + 'x'.repeat(40000) + '?"\n'), /more than 32767 bytes/)
  assert.match(refused('huge.csv', 'x'.repeat(6 << 20)), /5 MiB/)
  assert.match(refused('old.xls', Buffer.from('d0cf11e0a1b11ae1', 'hex')), /old binary form/)
  assert.match(refused('a.pdf', '%PDF-1.7'), /PDF/)
  assert.match(refused('cut.xlsx', sheet1().subarray(0, 300)), /ZIP container/)
  assert.match(refused('other.zip', zip([['a.txt', 'hello']])), /neither a workbook/)
  assert.match(refused('bomb.xlsx', sheet1([['xl/media/b.bin', Buffer.alloc(97 << 20)]])), /unpacks to far more/)
  assert.match(refused('many.xlsx', sheet1(Array.from({ length: 2001 }, (_, i) => [`x/${i}`, '']))), /more than 2000 members/)
  assert.match(refused('twice.xlsx', sheet1([['xl/workbook.xml', 'x']])), /twice/)
  assert.match(refused('climb.xlsx', sheet1([['../../etc/passwd', 'x']])), /no proper name/)
  assert.match(refused('entity.xlsx', spoiled('xl/sharedStrings.xml', '<sst', '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><sst')), /document type/)
  assert.match(refused('laugh.docx', docx('').length && zip([['word/document.xml', '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><w:document>&b;</w:document>']])), /document type/)
  assert.match(refused('deep.docx', docx('<w:x>'.repeat(200) + '</w:x>'.repeat(200))), /nested more than 100/)
  assert.match(refused('torn.docx', docx('<w:p>')), /not well formed/)
  assert.match(refused('row.xlsx', spoiled('xl/worksheets/sheet1.xml', 'row r="2"', 'row r="99999999"')), /cannot stand/)
  assert.match(refused('string.xlsx', spoiled('xl/worksheets/sheet1.xml', '<v>0</v>', '<v>4096</v>')), /does not have/)
  assert.equal(q('draft', path('nowhere.csv')).status, 2)
  assert.match(q('export', '01KB2X3Y4Z5A6B7C8D9E0F1G2H', '--format', 'csv').stderr, /no questionnaire of this id/)
})
