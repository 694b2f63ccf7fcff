// --history: each file version once, with the commit that brought it in.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { repository, run, scan, token, tree } from './system.mjs';

const key = (f) => `${f.path}:${f.line} ${f.commit}`;

test('history: finds what was deleted long ago, once, with commit, path and time', () => {
  const value = token(), r = repository({ 'a.txt': 'one\n' });
  try {
    r.commit();
    r.write('dir/secret.txt', `x\nk = "${value}"\n`);
    const brought = r.commit();
    r.git('rm', '-q', 'dir/secret.txt');
    r.commit();
    r.write('again.txt', `x\nk = "${value}"\n`);
    r.commit();
    const got = scan(['--history', r.dir]);
    assert.equal(got.status, 1, got.stderr);
    assert.deepEqual(got.json.findings.map(key), [`dir/secret.txt:2 ${brought}`]);
    assert.equal(got.json.findings[0].author_time, '2024-03-01T12:00:00Z');
    assert.equal(got.json.summary.commits, 4);
    assert.equal(got.json.summary.blobs, 2);
    assert.ok(!got.stdout.includes(value));
    assert.deepEqual(scan(['--history', '--range', 'HEAD~1..HEAD', r.dir]).json.findings.length, 1, 'new relative to its parent');
    assert.deepEqual(scan(['--history', '--range', 'HEAD~2..HEAD~1', r.dir]).json.findings, []);
    assert.equal(scan(['--history', '--range', 'nowhere..HEAD', r.dir]).status, 2);
  } finally { r.remove(); }
});

test('history: branches, merges and tags; loose and packed; the same for any number of threads', () => {
  const r = repository({ 'base.txt': 'x\n' });
  try {
    r.commit();
    r.git('checkout', '-qb', 'side');
    for (let i = 0; i < 40; i++) { r.write(`s/${i}.txt`, `${token()}\n`); if (i % 8 === 7) r.commit(); }
    r.git('tag', '-am', 'kept', 'kept');
    r.git('checkout', '-q', 'main');
    r.write('m.txt', token());
    r.commit();
    r.git('merge', '-q', '--no-edit', 'side');
    r.git('branch', '-D', 'side');
    for (const pack of [false, true]) {
      if (pack) r.git('gc', '-q');
      const all = [1, 2, 7].map((jobs) => scan(['--history', '--jobs', String(jobs), r.dir]));
      assert.equal(all[0].json.findings.length, 41);
      const bytes = all.map((x) => x.stdout.replaceAll(/"fingerprint":"[0-9a-f]+"/g, ''));
      assert.equal(bytes[1], bytes[0]);
      assert.equal(bytes[2], bytes[0]);
    }
  } finally { r.remove(); }
});

test('history: a state remembers what was clean, and never hides what was found', () => {
  const r = repository({ 'clean.txt': 'nothing\n', 'bad.txt': `${token()}\n` });
  const state = join(r.dir, '.git/scan-state');
  try {
    r.commit();
    assert.equal(scan(['--history', '--state', state, r.dir]).status, 1);
    assert.equal(statSync(state).mode & 0o777, 0o600);
    const again = scan(['--history', '--state', state, r.dir]);
    assert.equal(again.json.findings.length, 1);
    assert.equal(again.json.summary.files, 1, 'the clean one is not read again');
    const whole = readFileSync(state);
    for (let i = 0; i < whole.length; i += 7) {
      const damaged = Buffer.from(whole);
      damaged[i] ^= 1;
      writeFileSync(state, i % 2 ? damaged : whole.subarray(0, i));
      const got = scan(['--history', '--state', state, r.dir]);
      assert.equal(got.status, 1);
      assert.match(got.stderr, /scanned again/);
      assert.equal(got.json.summary.files, 2);
    }
    scan(['--history', '--no-archives', '--state', state, r.dir]);
    assert.match(scan(['--history', '--state', state, r.dir]).stderr, /other rules or another version/);
  } finally { r.remove(); }
});

test('history: a damaged repository is named by object, the rest is scanned, exit 2', () => {
  const r = repository({ 'a.txt': `${token()}\n`, 'b.txt': 'will be damaged\n' });
  try {
    r.commit();
    const id = r.git('rev-parse', 'HEAD:b.txt').trim(), file = join(r.dir, '.git/objects', id.slice(0, 2), id.slice(2));
    chmodSync(file, 0o644);
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length - 8));
    const cut = scan(['--history', r.dir]);
    assert.equal(cut.status, 2);
    assert.ok(cut.stderr.includes(id), cut.stderr);
    assert.equal(cut.json.findings.length, 1);
    run('rm', ['-f', file]);
    const gone = scan(['--history', r.dir]);
    assert.equal(gone.status, 2);
    assert.ok(gone.stderr.includes(id));
    const parent = r.git('rev-parse', 'HEAD').trim();
    r.git('update-ref', '--no-deref', 'refs/heads/other', r.git('commit-tree', '-p', parent, '-m', 'x', `${parent}^{tree}`).trim());
    run('rm', ['-f', join(r.dir, '.git/objects', parent.slice(0, 2), parent.slice(2))]);
    const broken = scan(['--history', r.dir]);
    assert.equal(broken.status, 2);
    assert.ok(broken.stderr.includes(parent));
    assert.equal(broken.json.findings.length, 1, 'found through the branch that is whole');
  } finally { r.remove(); }
});

test('history: a bomb of folders, an empty repository, a shallow clone', () => {
  const r = repository({ 'a.txt': `${token()}\n` });
  const t = tree();
  try {
    assert.equal(scan(['--history', r.dir]).status, 2, 'no commit: nothing was scanned');
    r.commit();
    let id = r.git('rev-parse', 'HEAD^{tree}').trim();
    for (let level = 0; level < 12; level++) {
      const lines = Array.from({ length: 10 }, (_, i) => `040000 tree ${id}\td${i}\n`).join('');
      id = run('git', ['-C', r.dir, 'mktree'], { input: lines }).trim();
    }
    r.git('update-ref', 'refs/heads/bomb', r.git('commit-tree', '-m', 'x', id).trim());
    const bomb = scan(['--history', r.dir], { timeout: 20_000 });
    assert.equal(bomb.json.findings.length, 1);
    r.write('b.txt', `${token()}\n`);
    r.commit();
    run('git', ['clone', '-q', '--depth', '1', '-b', 'main', `file://${r.dir}`, join(t.dir, 'c')]);
    const shallow = scan(['--history', join(t.dir, 'c')]);
    assert.equal(shallow.status, 1, shallow.stderr);
    assert.equal(shallow.json.findings.length, 2);
    assert.equal(shallow.json.summary.commits, 1);
  } finally { r.remove(); t.remove(); }
});
