// Sizes that are too large for every run: make soak-scan. Memory is what the kernel counted (VmHWM of the
// process, in KB, as /usr/bin/time prints it), mapped files included.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { custos, run, scan, token } from '../scan/system.mjs';

const BASE = 64 << 10, THREAD = 4 << 10; // KB

// Runs a shell pipeline in which "$SCAN" is the measured scan; its peak memory in KB and what it printed.
async function measured(script, { jobs = 1, cwd = tmpdir(), ends = [0, 1] } = {}) {
  const child = spawn('bash', ['-o', 'pipefail', '-c', script], { cwd, stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SCAN: `/usr/bin/time -f rss=%M ${custos} scan --jobs ${jobs}`, TOKEN: token() } });
  let out = '', err = '';
  child.stdout.on('data', (d) => { out += d; });
  child.stderr.on('data', (d) => { err += d; });
  const status = await new Promise((done) => child.on('close', done));
  if (!ends.includes(status)) throw new Error(`status ${status}: ${err.slice(-2000)}; printed ${out.length} bytes, at the end: ${out.slice(-300)}`);
  const rss = Number(err.match(/rss=(\d+)/)?.[1] ?? NaN);
  return { status, out, err, rss };
}
const within = (t, r, jobs, what) => {
  t.diagnostic(`${what}: ${(r.rss / 1024).toFixed(1)} MB, ${jobs} thread${jobs > 1 ? 's' : ''}`);
  assert.ok(r.rss <= BASE + THREAD * jobs, `${what}: ${r.rss} KB with ${jobs} threads`);
};

test('ten million findings', async (t) => {
  for (const jobs of [1, 2]) {
    const r = await measured('yes 81.2.69.160 | head -n 10000000 | $SCAN --format jsonl - | wc -l', { jobs });
    assert.equal(Number(r.out), 10_000_000, r.err);
    within(t, r, jobs, 'ten million findings of one source');
  }
  const r = await measured('yes 81.2.69.160 | head -n 10000000 | $SCAN --format sarif - | tail -c 300');
  within(t, r, 1, 'the same as SARIF');
});

test('ten million findings in many files', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'custos-soak-'));
  try {
    const text = '81.2.69.160\n'.repeat(10_000);
    for (let i = 0; i < 1000; i++) writeFileSync(join(dir, `f${i}.txt`), text);
    for (const jobs of [1, 4]) {
      const r = await measured(`$SCAN --format jsonl ${dir} | wc -l`, { jobs });
      assert.equal(Number(r.out), 10_000_000, r.err);
      within(t, r, jobs, 'ten million findings of a thousand files');
    }
  } finally { rmSync(dir, { recursive: true }); }
});

test('a line of 1 GB, and one of 1 GB that is nothing but digits, letters, brackets', async (t) => {
  for (const fill of ['x', '9', 'A ', '{"a":', '@']) {
    const r = await measured(`(yes '${fill}' | tr -d '\\n' | head -c 1000000000; echo " $TOKEN ") | $SCAN --format jsonl - | grep github-token`);
    assert.equal(JSON.parse(r.out).column, 1_000_000_002, r.err);
    within(t, r, 1, `1 GB of ${fill}`);
  }
});

test('archives that unpack to 20 GB', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'custos-soak-'));
  try {
    run('bash', ['-c', `yes 'a b' | head -c 20000000000 | gzip -1 > ${dir}/twenty.gz; yes 'a b' | head -c 2000000000 | xz -T0 -0 > ${dir}/two.xz`]);
    const r = await measured(`$SCAN --format json ${dir}`, { ends: [2] }); // not everything was scanned: an error
    assert.match(r.err, /twenty\.gz.*ceiling/);
    assert.match(r.err, /two\.xz.*ceiling/);
    assert.equal(JSON.parse(r.out).summary.stopped, true);
    within(t, r, 1, 'archives');
  } finally { rmSync(dir, { recursive: true }); }
});

// 40,000 commits, each with a file of its own that does not compress: a pack of 250 MB.
function history(dir, commits) {
  run('bash', ['-c', `git init -q -b main ${dir} && node - ${commits} <<'JS' | git -C ${dir} fast-import --quiet
const { randomBytes } = require('node:crypto');
const { writeSync } = require('node:fs');
for (let i = 0; i < Number(process.argv[2]); i++) {
  const body = randomBytes(6000).toString('base64').replace(/.{76}/g, '$&\\n');
  const all = Buffer.from('commit refs/heads/main\\ncommitter B <b@test.example> ' + (1600000000 + i * 600) + ' +0000\\ndata 2\\nc\\nM 100644 inline d' + i % 50 + '/e' + Math.floor(i / 50) % 40 + '/f' + i + '.txt\\ndata ' + body.length + '\\n' + body + '\\n');
  for (let at = 0; at < all.length;) { try { at += writeSync(1, all, at); } catch (e) { if (e.code !== 'EAGAIN') throw e; } }
}
JS`]);
}

test('a history of 40,000 commits in a pack of 250 MB', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'custos-soak-'));
  try {
    history(join(dir, 'r'), 40_000);
    for (const jobs of [1, 2, 4]) {
      const r = await measured(`$SCAN --history --format json --only github-token ${dir}/r`, { jobs });
      assert.equal(JSON.parse(r.out).summary.commits, 40_000, r.err);
      within(t, r, jobs, 'history');
    }
  } finally { rmSync(dir, { recursive: true }); }
});
