// `custos scan` as its user runs it. All values are invented here.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const build = process.env.CUSTOS_BUILD ?? resolve(new URL('../../build', import.meta.url).pathname);
const custos = join(build, 'custos');

function scan(args, options = {}) {
  const r = spawnSync(custos, ['scan', ...args], { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  return { ...r, json: args.includes('json') && r.stdout ? JSON.parse(r.stdout) : null };
}

function tree(files) {
  const dir = mkdtempSync(join(tmpdir(), 'custos-scan-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(dir, name, '..'), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

const alnum = (n) => Array.from({ length: n }, () => 'ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789'[randomInt(54)]).join('');
const mail = () => `${alnum(8).toLowerCase()}.x@customer-mail.org`;
const token = () => `gh${'p'}_${alnum(36)}`;

test('finds, places and names a value, and never prints it', () => {
  const value = token(), address = mail();
  const t = tree({ 'a/b.txt': `first\n\tkey = "${value}"\n${address}\n`, 'empty.txt': '' });
  try {
    for (const format of ['text', 'json', 'jsonl']) {
      const r = scan(['--format', format, t.dir]);
      assert.equal(r.status, 1);
      assert.ok(!(r.stdout + r.stderr).includes(value) && !(r.stdout + r.stderr).includes(address));
    }
    const { json } = scan(['--format', 'json', t.dir]);
    assert.equal(json.summary.findings, 2);
    const [a, b] = json.findings;
    assert.deepEqual([a.line, a.column, a.start, a.end, a.type, a.rule], [2, 9, 14, 54, 'SECRET', 'github-token']);
    assert.deepEqual([b.line, b.column, b.end_column, b.type], [3, 1, address.length + 1, 'EMAIL_ADDRESS']);
    assert.ok(a.path.endsWith('a/b.txt'));
  } finally { t.remove(); }
});

test('who is named in the credits of a project is below what a scan shows; a secret there is not', () => {
  const value = token(), line = () => `Maria Kowalska <${mail()}>\n`;
  const names = ['AUTHORS', 'THANKS.md', 'docs/ChangeLog-2021', 'debian/changelog', '.mailmap', 'locale/de.po',
    'deb/changelog.upstream', 'deb/NEWS.Debian', 'doc/release-15-2.sgml', 'docs/releases/4.2.txt', 'RelNotes/2.39.1.md'];
  const others = ['docs/releases/plan.txt', 'docs/4.2.txt', 'release', 'RelNotes/2.39.1.csv'];
  const t = tree({ ...Object.fromEntries([...names, ...others].map((n) => [n, line()])), 'news/CHANGES': `key = "${value}"\n`, 'authors.csv': line(), 'newsletter.txt': line() });
  try {
    const shown = scan(['--format', 'json', t.dir]).json.findings.map((f) => `${f.path.slice(t.dir.length + 1)} ${f.type}`);
    const whole = ['authors.csv', 'newsletter.txt', ...others].flatMap((n) => [`${n} EMAIL_ADDRESS`, `${n} PERSON`]);
    assert.deepEqual([...new Set(shown)].sort(), [...whole, 'news/CHANGES SECRET'].sort());
    const all = scan(['--format', 'json', '--min-confidence', '30', '--explain', t.dir]).json.findings;
    for (const n of names) assert.ok(all.some((f) => f.path.endsWith(`/${n}`) && f.type === 'EMAIL_ADDRESS' && f.confidence === 0.35), n);
  } finally { t.remove(); }
});

test('who is made up for a test is below what a scan shows; a secret, a mail address and data beside it are not', () => {
  const value = token(), line = () => `first_name = "Maria"; peer = "8.8.4.4"; hardware = "22:00:5c:e5:9b:0d"\n`;
  const names = ['tests/a.py', 'src/tests/deep/b.c', 'lib/x_test.go', 'web/y.spec.ts', 'z/FooTest.java', 't/01-x.t', 't/y.sh', 'regress/sql/q.sql', 'x/expected/q.out'];
  const t = tree({ ...Object.fromEntries(names.map((n) => [n, line()])), 'tests/people.csv': 'first_name,x\nMaria,1\n', 'tests/k.py': `key = "${value}"\nto = "${mail()}"\n`, 'contest/c.py': line(), 'sql/q.sql': line() });
  try {
    const shown = scan(['--format', 'json', t.dir]).json.findings.map((f) => `${f.path.slice(t.dir.length + 1)} ${f.type}`);
    assert.deepEqual([...new Set(shown)].sort(), ['contest/c.py IP_ADDRESS', 'contest/c.py MAC_ADDRESS', 'contest/c.py PERSON',
      'sql/q.sql IP_ADDRESS', 'sql/q.sql MAC_ADDRESS', 'sql/q.sql PERSON', 'tests/k.py EMAIL_ADDRESS', 'tests/k.py SECRET', 'tests/people.csv PERSON']);
    const all = scan(['--format', 'json', '--min-confidence', '30', t.dir]).json.findings;
    for (const n of names) for (const type of ['PERSON', 'IP_ADDRESS', 'MAC_ADDRESS']) assert.ok(all.some((f) => f.path.endsWith(`/${n}`) && f.type === type && f.confidence === 0.35), `${n} ${type}`);
    // where the tree lies says nothing
    mkdirSync(join(t.dir, 'tests/app')); writeFileSync(join(t.dir, 'tests/app/c.py'), line());
    assert.equal(scan(['--format', 'json', join(t.dir, 'tests/app')]).json.findings.length, 3);
    assert.equal(scan(['--format', 'json', join(t.dir, 'tests/app/c.py')]).json.findings.length, 3);
  } finally { t.remove(); }
});

test('authors of patches and mailboxes of offices are below what a scan shows', () => {
  const who = mail();
  const t = tree({ 'fix.patch': `From: Maria Kowalska <${who}>\nSubject: x\n\n+to = "${mail()}"\n`, 'contact.txt': ['security', 'no-reply', 'dev-request', '20260304011251.1138-2-x'].map((n) => `${n}@customer-mail.org\n`).join('') });
  try {
    const shown = scan(['--format', 'json', t.dir]).json.findings;
    assert.deepEqual(shown.map((f) => `${f.path.slice(t.dir.length + 1)}:${f.line} ${f.type}`), ['fix.patch:4 EMAIL_ADDRESS']);
    assert.equal(scan(['--format', 'json', '--min-confidence', '30', t.dir]).json.findings.length, 7);
  } finally { t.remove(); }
});

test('a private key is one finding, two are two', () => {
  const key = () => `-----BEGIN ${'RSA'} PRIVATE KEY-----\n${[0, 0, 0].map(() => randomBytes(48).toString('base64')).join('\n')}\n-----END ${'RSA'} PRIVATE KEY-----\n`;
  const t = tree({ 'k.pem': key() + key() });
  try {
    const r = scan(['--format', 'json', t.dir]);
    assert.deepEqual(r.json.findings.map((f) => [f.type, f.line, f.end_line]), [['PRIVATE_KEY', 2, 4], ['PRIVATE_KEY', 7, 9]]);
    for (const format of ['text', 'jsonl', 'sarif', 'csv', 'html']) {
      const out = scan(['--format', format, t.dir]).stdout;
      for (const k of readFileSync(join(t.dir, 'k.pem'), 'utf8').split('\n').filter((l) => l && !l.startsWith('-'))) assert.ok(!out.includes(k), format);
    }
  } finally { t.remove(); }
});

test('exit status: 0 clean, 1 found, 2 nothing scanned or unreadable', () => {
  const t = tree({ 'clean.txt': 'nothing here\n', 'empty/none.txt': '' });
  try {
    assert.equal(scan([join(t.dir, 'clean.txt')]).status, 0);
    assert.equal(scan([join(t.dir, 'empty')]).status, 2);
    assert.equal(scan([join(t.dir, 'absent')]).status, 2);
    assert.equal(scan([]).status, 2);
    assert.equal(scan(['--only', 'NO_SUCH_TYPE', t.dir]).status, 2);
    assert.equal(scan(['-'], { input: `${mail()}\n` }).status, 1);
  } finally { t.remove(); }
});

test('honours .gitignore at each level, and skips .git', () => {
  const t = tree({ '.gitignore': 'out/\n*.log\n', 'out/x.txt': token(), 'y.log': token(), 'sub/.gitignore': 'z.txt\n',
    'sub/z.txt': token(), 'sub/kept.txt': token() });
  try {
    assert.equal(spawnSync('git', ['init', '-q', t.dir]).status, 0);
    writeFileSync(join(t.dir, '.git/planted'), token());
    const { json } = scan(['--format', 'json', t.dir]);
    assert.deepEqual(json.findings.map((f) => f.path), [join(t.dir, 'sub/kept.txt')]);
    assert.equal(json.summary.ignored, 3);
  } finally { t.remove(); }
});

test('hostile trees: links in a circle, binaries, names with newlines and escapes', () => {
  const t = tree({ 'bin.dat': Buffer.concat([Buffer.alloc(10), Buffer.from(token())]), 'two\nlines\u001b[31m.txt': token() });
  try {
    mkdirSync(join(t.dir, 'loop'));
    symlinkSync('..', join(t.dir, 'loop/up'));
    const r = scan([t.dir]);
    assert.equal(r.status, 1);
    assert.ok(!r.stdout.includes('\u001b'), 'an escape sequence reached the terminal');
    assert.equal(r.stdout.trim().split('\n').length, 4, 'finding, its line, advice, summary');
    const { json } = scan(['--format', 'json', t.dir]);
    assert.equal(json.summary.binary, 1);
    assert.equal(json.summary.findings, 1);
  } finally { t.remove(); }
});

test('the seams of a large file lose nothing, report nothing twice, and count lines on', () => {
  const line = `${randomBytes(36).toString('hex')}\n`.replaceAll(/[0-9]/g, 'x');
  const places = [2 << 20, (2 << 20) - (128 << 10), (2 << 20) - (200 << 10), 2 * ((2 << 20) - (200 << 10)) + (200 << 10)];
  for (const place of places) for (const back of [0, 1, 20, 39, 40]) {
    let text = line.repeat(Math.ceil((17 << 20) / line.length));
    const value = ` ${token()} `, at = place - back;
    text = text.slice(0, at) + value + text.slice(at + value.length);
    const r = scan(['--format', 'json', '-'], { input: text });
    const json = JSON.parse(r.stdout);
    assert.deepEqual(json.findings.map((f) => f.start), [at + 1]);
    assert.equal(json.findings[0].line, text.slice(0, at + 1).split('\n').length);
  }
});

test('a private key is found from its first line to its last, with line numbers inside it', () => {
  const lines = Array.from({ length: 5 }, () => randomBytes(48).toString('base64'));
  for (const form of [(l, i) => `  ${i}\t${l}`, (l, i) => `${i}: ${l}`, (l) => `"${l}\\n"`, (l) => l]) {
    const text = [`-----BEGIN ${'RSA'} PRIVATE KEY-----`, ...lines, `-----END ${'RSA'} PRIVATE KEY-----`].map(form).join('\n');
    const json = JSON.parse(scan(['--format', 'json', '-'], { input: text }).stdout);
    const found = json.findings.filter((f) => f.type === 'PRIVATE_KEY').map((f) => [f.start, f.end]);
    assert.deepEqual(found, [[text.indexOf(lines[0]), text.indexOf(lines[4]) + lines[4].length]]);
  }
});

test('a bad rule is refused with file, line and reason', () => {
  const t = tree({ 'pii/p.yaml': 'rules: []\n', 'secrets/s.yaml': 'rules:\n  - id: x\n    type: SECRET\n    wrong: 1\n' });
  try {
    const r = scan(['--rules', t.dir, '/etc/hostname']);
    assert.equal(r.status, 2);
    assert.match(r.stderr, /s\.yaml:4: unknown key/);
  } finally { t.remove(); }
});

test('a folder of rules that holds none does not pass for one that changes nothing', () => {
  const t = tree({ 'pii/read.me': 'rules: []\n' });
  try {
    for (const dir of [t.dir, t.dir + '/nowhere']) {
      const r = scan(['--rules', dir, '/etc/hostname']);
      assert.equal(r.status, 2);
      assert.match(r.stderr, /holds no rule file/);
    }
  } finally { t.remove(); }
});

test('a file that is nothing but findings is reported whole, in bounded memory', () => {
  const n = 1_200_000, text = '81.2.69.143\n'.repeat(n);
  const r = spawnSync('sh', ['-c', `ulimit -v 600000; exec "$0" scan --format jsonl - | wc -l`, custos], { input: text, encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.equal(r.stderr, '');
  assert.equal(Number(r.stdout), n);
});

test('text made to be slow is scanned to its end', () => {
  const size = 1 << 20;
  const hostile = ['a@', '::', '9', '-----BEGIN ', 'x://y:', '+1', 'eyJ', 'secret = ', 'AB12 ', '1.'];
  for (const piece of hostile) {
    const r = scan(['--format', 'json', '-'], { input: piece.repeat(size / piece.length), timeout: 60_000 });
    assert.notEqual(r.status, 2, `${piece}: ${r.stderr}`);
    assert.ok(r.json.summary.bytes > size - 20, piece);
  }
});

test('one path that is missing does not lose what another holds', () => {
  const t = tree({ 'a.txt': `${mail()}\n` });
  try {
    for (const order of [[t.dir, '/nonexistent'], ['/nonexistent', t.dir]]) {
      const r = scan(['--format', 'json', ...order]);
      assert.equal(r.status, 2);
      assert.equal(r.json.summary.findings, 1);
      assert.equal(r.json.summary.unreadable, 1);
      assert.match(r.stderr, /nonexistent/);
    }
  } finally { t.remove(); }
});

test('a pipe that was named is read; one that lies in a folder is passed by', () => {
  const t = tree({ 'a.txt': 'nothing\n' });
  try {
    const r = spawnSync('bash', ['-c', `"$0" scan "$1" <(echo "$2")`, custos, t.dir, mail()], { encoding: 'utf8' });
    assert.equal(r.status, 1, r.stdout + r.stderr);
    assert.equal(spawnSync('mkfifo', [join(t.dir, 'pipe')]).status, 0);
    assert.equal(scan([t.dir], { timeout: 20_000 }).status, 0);
  } finally { t.remove(); }
});

test('a report that cannot be written is a failure', () => {
  const r = spawnSync('sh', ['-c', 'echo "$1" | "$0" scan - >/dev/full', custos, mail()], { encoding: 'utf8' });
  assert.equal(r.status, 2);
  assert.match(r.stderr, /standard output/);
});
