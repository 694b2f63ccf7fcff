// What an examination takes of the machine at sizes that are too large for every run: make soak-report. Ten million rows
// are frozen, exported and verified, a report of more than 200 pages is printed, and a state folder is restored. Memory
// is what the kernel counted (as /usr/bin/time prints it), mapped files included.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { System, build } from '../gateway/system.mjs'

const ROWS = Number(process.env.SOAK_ROWS ?? 10_000_000), MB = 256

function measured(t, what, cmd, args, { input, kb = MB << 10 } = {}) {
  const r = spawnSync('/usr/bin/time', ['-f', 'TIMES %U %S %e %M', cmd, ...args], { input, maxBuffer: 1 << 30 })
  const m = /TIMES ([\d.]+) ([\d.]+) ([\d.]+) (\d+)/.exec(r.stderr)
  assert.ok(r.status === 0 && m, `${what}: ${r.stderr}`)
  const cpu = Number(m[1]) + Number(m[2])
  t.diagnostic(`${what}: ${m[3]} s (${cpu.toFixed(1)} s CPU), ${(m[4] / 1024).toFixed(0)} MB`)
  assert.ok(Number(m[4]) <= kb, `${what}: ${m[4]} KB`)
  return { cpu, wall: Number(m[3]), out: r.stdout }
}

test(`${ROWS} rows frozen, exported and verified in at most ${MB} MB`, (t) => {
  const dir = process.env.SOAK_DIR ?? mkdtempSync(join(tmpdir(), 'custos-rows-')), file = join(dir, 'x.tar.zst'), tool = (name) => join(build, name)
  try {
    if (!process.env.SOAK_DIR) measured(t, 'rows made', tool('tests/ledger/make-log'), [dir, String(ROWS), String(Math.ceil(ROWS / 10000)), 'bulk', '256'], { kb: Infinity })
    const frozen = JSON.parse(measured(t, 'frozen', tool('tests/ledger/make-log'), [dir, '0', '1', 'freeze']).out)
    assert.equal(frozen.rows, ROWS)
    const made = JSON.parse(measured(t, 'exported', tool('tests/ledger/make-bundle'), [dir, file, '2020-01-01T00:00:00.000Z', '2090-01-01T00:00:00.000Z', 'acme']).out)
    assert.ok(made.entries >= ROWS, made.entries) // and those that tell of them
    t.diagnostic(`${(statSync(file).size / ROWS).toFixed(0)} bytes a row`)
    const checked = measured(t, 'verified', tool('src/verify/custos-verify'), [file, '--format', 'json'])
    assert.equal(JSON.parse(checked.out).chained, ROWS)
  } finally { if (!process.env.SOAK_DIR) rmSync(dir, { recursive: true, force: true }) }
})

test('a report of more than 200 pages is a PDF in at most 20 s', (t) => {
  const rows = Array.from({ length: 6000 }, (_, i) => ({ cells: [`R-${i}`, ['met', 'partly', 'not_met'][i % 3], 'What the record says of this row, in a sentence that takes a line or two. '.repeat(1 + (i % 2)), '2026-11-27T00:00:00.000Z'], source: { kind: 'entry', log: 'org', index: i } }))
  const doc = { title: 'A long report', means: 'All of it', from: '2026-01-01', to: '2026-12-31', as_of: '2027-01-01T00:00:00.000Z', organisation: 'Example', heads: [], sections: [{ number: '1', heading: 'Rows', parts: [{ table: { columns: ['id', 'state', 'text', 'at'], rows, empty: '' } }] }] }
  const made = measured(t, 'printed', join(build, 'src/cli/custos-pdf'), ['ab'.repeat(32)], { input: JSON.stringify(doc), kb: 1 << 20 })
  const file = join(mkdtempSync(join(tmpdir(), 'custos-pdf-')), 'a.pdf')
  writeFileSync(file, made.out)
  const pages = Number(/Pages: +(\d+)/.exec(spawnSync('pdfinfo', [file], { encoding: 'utf8' }).stdout)[1])
  rmSync(join(file, '..'), { recursive: true })
  t.diagnostic(`${pages} pages, ${(made.out.length / 1024).toFixed(0)} KB`)
  assert.ok(pages >= 200 && made.cpu <= 20, `${pages} pages in ${made.cpu} s CPU`)
})

test('a state folder is restored and verified', async (t) => {
  const s = await new System({ workers: 2 }).start(), n = Number(process.env.SOAK_EXCHANGES ?? 5000)
  try {
    let left = n
    const ask = async () => { while (left-- > 0) await (await fetch(s.url + '/v1/messages', { method: 'POST', headers: { 'x-api-key': s.key }, body: JSON.stringify({ model: 'sink', max_tokens: 5, messages: [{ role: 'user', content: `hello ${left}` }] }) })).text() }
    await Promise.all(Array.from({ length: 8 }, ask))
    for (let i = 0; s.entries('t/acme').length < 2 * n; i++) { assert.ok(i < 1200); await new Promise((done) => setTimeout(done, 100)) }
    const file = join(s.dir, 'a.backup')
    writeFileSync(join(s.dir, 'phrase'), 'a phrase for the test\n')
    const rest = ['--passphrase-file', join(s.dir, 'phrase'), '--format', 'json']
    measured(t, `backup of ${2 * n} entries`, join(build, 'src/cli/custos'), ['backup', '--out', file, '--config', s.config, ...rest], { kb: Infinity })
    const back = measured(t, 'restored and verified', join(build, 'src/cli/custos'), ['backup', 'restore', file, '--to', join(s.dir, 'again'), '--verify', ...rest], { kb: Infinity })
    t.diagnostic(`${(statSync(file).size / 1024).toFixed(0)} KB, ${(2 * n / back.wall).toFixed(0)} entries a second`)
  } finally { await s.remove() }
})
