// custos-pdf alone: a report on standard input, a PDF on standard output. What is in it is read by poppler, not by us.
import { test, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from '../gateway/system.mjs'

const dir = mkdtempSync(join(tmpdir(), 'custos-print-'))
after(() => rmSync(dir, { recursive: true, force: true }))
const digest = 'ab'.repeat(32)
const print = (doc, ...args) => spawnSync(join(build, 'src/cli/custos-pdf'), [digest, ...args], { input: typeof doc === 'string' ? doc : JSON.stringify(doc), maxBuffer: 1 << 28, env: { LC_ALL: 'C.UTF-8' } })
const made = (doc, ...args) => { const r = print(doc, ...args); assert.equal(r.status, 0, String(r.stderr)); return r.stdout }
function poppler(tool, pdf, ...args) {
  const file = join(dir, 'a.pdf')
  writeFileSync(file, pdf)
  const r = spawnSync(tool, tool === 'pdftotext' ? [...args, file, '-'] : [...args, file], { encoding: 'utf8', maxBuffer: 1 << 28 })
  assert.equal(r.status, 0, `${tool}: ${r.error ?? r.stderr}`)
  assert.equal(r.stderr, '', tool)
  return r.stdout
}
const row = (i, text = 'what this control says') => ({ cells: [`row-${i}`, 'met', text], source: { kind: 'entry', log: 'org', index: i } })
const report = (rows, more = {}) => ({
  report: 'board', title: 'A report of the board (draft)', means: 'What was counted', from: '2026-01-01T00:00:00.000Z', to: '2026-07-01T00:00:00.000Z', as_of: '2026-07-02T00:00:00.000Z', organisation: 'Example & Sons',
  heads: [{ log: 'org', size: 4711, root: 'cd'.repeat(32) }],
  sections: [
    { number: '1', heading: 'What was counted', parts: [{ text: [{ t: 'There were ' }, { t: '17', value: 17, fact: 'requests', source: { kind: 'states', of: 'controls', state: 'met', as_of: '2026-07-02T00:00:00.000Z' } }, { t: ' of them.' }] }] },
    { number: '2', heading: 'A table', parts: [{ table: { columns: ['id', 'state', 'what_it_says'], rows, empty: 'None.' } }] },
    { number: '3', heading: 'Nothing', parts: [{ table: { columns: ['id'], rows: [], empty: 'There is none of it.' } }] },
  ], ...more,
})

test('title, figures, rows, sources, heads, digest and page numbers are text of the file', () => {
  const pdf = made(report(Array.from({ length: 120 }, (_, i) => row(i))), 'For Jane Example <jane@example.org>'), text = poppler('pdftotext', pdf, '-layout'), pages = text.split('\f').slice(0, -1)
  assert.ok(pages.length >= 3)
  pages.forEach((p, i) => {
    assert.ok(p.includes(`Page ${i + 1} of ${pages.length}`), `the number of page ${i + 1}`)
    for (const x of ['A report of the board (draft)', '2026-07-02T00:00:00.000Z', `Document ${digest.slice(0, 16)}, log head 4711 ${'cd'.repeat(8)}`, 'For Jane Example <jane@example.org>']) assert.ok(p.includes(x), `${x} on page ${i + 1}`)
  })
  for (let i = 0; i < 120; i++) assert.match(text, new RegExp(`row-${i} +met +what this control says +org ${i}\n`))
  for (const x of ['There were 17', 'There is none of it.', 'Nobody has signed it', `4711 entries, root ${'cd'.repeat(32)}`, digest]) assert.ok(text.includes(x), x)
  assert.match(text, /\[1\]\s+States of controls as of 2026-07-02T00:00:00.000Z: GET\s+\/api\/v1\/controls/)
})

test('tags for who listens, bookmarks, and a link from each figure to its source and back', () => {
  const pdf = made(report(Array.from({ length: 90 }, (_, i) => row(i)))), info = poppler('pdfinfo', pdf)
  assert.match(info, /Tagged: +yes/)
  assert.match(info, /Title: +A report of the board \(draft\)/)
  assert.match(info, /JavaScript: +no/)
  const tree = poppler('pdfinfo', pdf, '-struct-text')
  assert.equal(tree.match(/^ *TR$/gm).length, 91, 'a row of heads, once, and each row')
  assert.equal(tree.match(/^ *TH\b/gm).length, 4)
  assert.match(tree, /H1 \(block\)\n +Span \(inline\)\n +"A report of the board/)
  assert.equal(tree.match(/^ *H2 \(block\)/gm).length, 5)
  assert.equal(tree.match(/^ *Link \(inline\)/gm).length, 2)
  assert.match(tree, /Link \(inline\)\n(.*\n)? *"\[1\]"/)
})

test('the same report gives the same bytes', () => {
  const doc = report([row(1)])
  assert.ok(made(doc).equals(made(doc)))
})

test('what people typed stays text: markup, formulas, controls, directions, words without an end', () => {
  const typed = ['<b>&amp;</b><script>alert(1)</script>', '=HYPERLINK("http://x")', 'bell \u0007 and escape \u001b[2J', 'turned \u202egnp.exe', 'grüße, naïve, Ж', 'x'.repeat(60000)]
  const pdf = made(report(typed.map((t, i) => row(i, t)), { title: '<i>Title</i>' }))
  const text = poppler('pdftotext', pdf, '-raw')
  for (const x of ['<b>&amp;</b><script>alert(1)</script>', '=HYPERLINK("http://x")', 'bell ? and escape ?[2J', 'turned ???gnp.exe', 'grüße, naïve, Ж', '<i>Title</i>']) assert.ok(text.includes(x), x)
  assert.equal(text.replace(/[^x]/g, '').length >= 60000, true, 'a long word goes on over pages, none of it is lost')
  assert.doesNotMatch(text, /x-\n/, 'nothing comes into it')
})

test('what is no report is refused, and so is one without an end', () => {
  for (const [doc, why] of [['', /custos-pdf: line/], ['{"a":1', /line 1/], ['{"a":1,"a":2}', /duplicate/], ['[]', /sections is expected/], ['{"sections":7}', /sections is expected/], [report([]), null]]) {
    const r = print(doc)
    assert.equal(r.status, why ? 2 : 0, String(r.stderr))
    if (why) assert.match(String(r.stderr), why)
    if (why) assert.equal(r.stdout.length, 0)
  }
  const odd = made({ sections: [{ parts: [{ text: 7 }, { table: { columns: 7, rows: [7, { cells: [null, 7] }] } }, {}, 7] }, 7] })
  assert.match(String(odd.subarray(0, 8)), /%PDF-1/)
  assert.match(String(spawnSync(join(build, 'src/cli/custos-pdf'), { input: '' }).stderr), /DIGEST/)
})
