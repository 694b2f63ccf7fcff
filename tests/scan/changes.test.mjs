// Only what was added: --staged and --diff.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { repository, scan, token } from './system.mjs';

const places = (r) => r.json.findings.map((f) => `${f.path}:${f.line}:${f.column}`);

test('staged: reports added lines of the index, with the lines of the new side, and nothing else', () => {
  const r = repository({ 'a.txt': `one\nold = "${token()}"\nthree\n` });
  try {
    r.commit();
    const old = r.git('show', 'HEAD:a.txt').split('\n');
    r.write('a.txt', ['zero', ...old.slice(0, 3), `new = "${token()}"`, ''].join('\n'));
    r.write('b.txt', `x\n${token()}\n`);
    r.git('add', '-A');
    r.write('b.txt', `only in the folder: ${token()}\n${token()}\n`);
    r.write('unstaged.txt', token());
    const got = scan(['--staged', r.dir]);
    assert.equal(got.status, 1);
    assert.deepEqual(places(got), ['a.txt:5:8', 'b.txt:2:1']);
  } finally { r.remove(); }
});

test('staged: works before the first commit; renames and deletions add nothing, which is fine', () => {
  const r = repository({ 'a.txt': `k = "${token()}"\n${'line\n'.repeat(20)}` });
  try {
    r.git('add', '-A');
    assert.deepEqual(places(scan(['--staged', r.dir])), ['a.txt:1:6']);
    r.commit();
    renameSync(join(r.dir, 'a.txt'), join(r.dir, 'b.txt'));
    r.git('add', '-A');
    const got = scan(['--staged', r.dir]);
    assert.equal(got.status, 0);
    assert.match(got.stderr, /nothing was added/);
    assert.equal(scan(['--staged', '/']).status, 2, 'no repository');
  } finally { r.remove(); }
});

test('diff: what git writes is read, with names in quotes, spaces and no newline at the end', () => {
  const r = repository({ 'a.txt': 'one\ntwo\nthree\n', 'with space.txt': 'x\n' });
  try {
    r.commit();
    r.write('a.txt', `one\n"${token()}"\nthree\nfour ${token()}`);
    r.write('with space.txt', `${token()}\nx\n`);
    r.write('näm"e\n.txt', `${token()}\n`);
    r.git('add', '-A');
    const expected = ['a.txt:2:2', 'a.txt:4:6', 'näm"e\n.txt:1:1', 'with space.txt:1:1'];
    for (const how of [[], ['-U0'], ['-U9'], ['--no-prefix'], ['--src-prefix=i/', '--dst-prefix=w/'], ['--binary', '-M']]) {
      const diff = r.git('diff', '--cached', ...how);
      const got = scan(['--diff', '-'], { input: diff });
      assert.equal(got.status, 1, got.stderr);
      assert.deepEqual(places(got).sort(), [...expected].sort(), how.join(' '));
      for (const f of got.json.findings) assert.match(Buffer.from(diff).subarray(f.start, f.end).toString(), /^gh/);
    }
    r.commit();
    const mail = r.git('format-patch', '--stdout', '-1');
    assert.deepEqual(places(scan(['--diff', '-'], { input: mail })).sort(), [...expected].sort());
  } finally { r.remove(); }
});

test('diff: removed and unchanged lines are not reported; an empty diff is fine', () => {
  const diff = `--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n ctx ${token()}\n-old ${token()}\n+new\n end\n`;
  assert.equal(scan(['--diff', '-'], { input: diff }).status, 0);
  const empty = scan(['--diff', '-'], { input: '' });
  assert.equal(empty.status, 0);
  assert.match(empty.stderr, /nothing was added/);
});

test('diff: what is malformed, miscounted, combined or cut off is refused with its line', () => {
  const head = '--- a/x\n+++ b/x\n';
  for (const [diff, why] of [
    ['just text\n', /no unified diff/],
    [`${head}@@ -1,3 +1,2 @@\n a\n`, /ends inside a hunk/],
    [`${head}@@ -1 +1 @@\n-a\n+b\n+c\n`, /line 6.*more lines/],
    [`${head}@@ -1 +1 @@\n-a\nxyz\n`, /line 5.*ends before/],
    [`${head}@@ -99999999999999999999 +1 @@\n-a\n+c\n`, /malformed/],
    [`${head}not a hunk\n`, /must follow/],
    ['@@ -1 +1 @@\n-a\n+b\n', /without the name/],
    ['diff --cc x\nindex 1,2..3\n--- a/x\n+++ b/x\n@@@ -1,1 -1,1 +1,1 @@@\n--a\n++b\n', /combined/],
    [`--- a/x\n+++ "b/x\n@@ -1 +1 @@\n-a\n+b\n`, /name is malformed/],
    [`${head}@@ -9 +9 @@\n-a\n+b\n@@ -1 +1 @@\n-a\n+b\n`, /out of order/],
  ]) {
    const r = scan(['--format', 'text', '--diff', '-'], { input: diff });
    assert.equal(r.status, 2, diff);
    assert.match(r.stderr, why, diff);
  }
});

test('diff: a file that is added in one huge piece keeps its line numbers', () => {
  const n = 60000, lines = Array.from({ length: n }, (_, i) => `line ${i} ${'x'.repeat(30)}`), at = [0, 25000, 26000, n - 1];
  for (const i of at) lines[i] = token();
  const got = scan(['--diff', '-'], { input: `diff --git a/f b/f\nnew file mode 100644\n--- /dev/null\n+++ b/f\n@@ -0,0 +1,${n} @@\n${lines.map((l) => `+${l}\n`).join('')}` });
  assert.deepEqual(got.json.findings.map((f) => f.line), at.map((i) => i + 1));
  assert.equal(got.json.summary.files, 1);
});
