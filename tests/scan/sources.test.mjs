// What files may be: encodings, archives, notebooks, and trees made to harm.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import { custos, mail, repository, run, scan, token, tree } from './system.mjs';

const paths = (r, t) => r.json.findings.map((f) => f.path.replace(`${t.dir}/`, ''));

test('encodings: places lead to the bytes of the file', () => {
  const value = token(), text = `é€𝄞 first\n\tkey = "${value}"\nlast`;
  const le = Buffer.from(text, 'utf16le'), be = Buffer.from(le).swap16();
  const ascii = `plain\n\tkey = "${value}"\n`;
  const mark = (...b) => (x) => Buffer.concat([Buffer.from(b), x]);
  const t = tree({ 'le.txt': mark(0xff, 0xfe)(le), 'be.txt': mark(0xfe, 0xff)(be), 'bare-le.txt': Buffer.from(ascii, 'utf16le'),
    'bare-be.txt': Buffer.from(ascii, 'utf16le').swap16(), 'utf8.txt': mark(0xef, 0xbb, 0xbf)(Buffer.from(text)),
    'latin1.txt': Buffer.from(`stra\u00dfe\n\tkey = "${value}"\n\u00ff`, 'latin1') });
  try {
    const { json } = scan([t.dir]);
    assert.equal(json.findings.length, 6);
    for (const f of json.findings) {
      const wide = /[lb]e\.txt$/.test(f.path), bytes = readFileSync(f.path).subarray(f.start, f.end);
      assert.deepEqual([f.line, f.column], [2, 9], f.path);
      if (/be\.txt$/.test(f.path)) bytes.swap16();
      assert.equal(bytes.toString(wide ? 'utf16le' : 'utf8'), value, f.path);
    }
  } finally { t.remove(); }
});

test('encodings: the seams of a large UTF-16 file lose nothing and report nothing twice', () => {
  const n = 60_000, lines = Array.from({ length: n }, (_, i) => `€ line ${i} of many`), at = [];
  for (let i = 100; i < n; i += 997) { lines[i] = `k = "${token()}"`; at.push(i + 1); }
  const t = tree({ 'big.txt': Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(lines.join('\n'), 'utf16le')]) });
  try {
    const { json } = scan([t.dir]);
    assert.deepEqual(json.findings.map((f) => f.line), at);
    const bytes = readFileSync(join(t.dir, 'big.txt'));
    for (const f of json.findings) assert.match(bytes.subarray(f.start, f.end).toString('utf16le'), /^gh.{38}$/);
  } finally { t.remove(); }
});

test('notebooks: a value behind escapes is found at its place in the raw file', () => {
  const value = token();
  const raw = JSON.stringify({ cells: [{ source: [`text "quoted"\n`, `k = "${value}"\n`] }] }, null, 1).replace('gh', '\\u0067h');
  const t = tree({ 'n.ipynb': raw });
  try {
    const { json } = scan([t.dir]);
    assert.equal(json.findings.length, 1);
    const [f] = json.findings;
    assert.equal(JSON.parse(`"${raw.slice(f.start, f.end)}"`), value);
    assert.equal(f.line, raw.slice(0, f.start).split('\n').length);
  } finally { t.remove(); }
});

test('archives: found by content, inside each other, with the path inside', () => {
  const t = tree({ 'd/a.txt': `${token()}\n` });
  try {
    const sh = (c) => run('sh', ['-c', c], { cwd: t.dir });
    sh('tar cf a.tar d && tar czf a.tgz d && tar cJf in.txz d && tar cjf a.tbz d && gzip -k d/a.txt && mv d/a.txt.gz plain && tar cf outer.pdf in.txz && rm in.txz');
    const got = scan([t.dir]);
    assert.deepEqual(paths(got, t), ['a.tar!d/a.txt', 'a.tbz!d/a.txt', 'a.tgz!d/a.txt', 'd/a.txt', 'outer.pdf!in.txz!d/a.txt', 'plain!plain']);
    assert.equal(got.json.summary.archives, 6);
    assert.equal(new Set(got.json.findings.map((f) => f.fingerprint)).size, 1, 'the same value has the same fingerprint everywhere');
    assert.deepEqual(paths(scan(['--no-archives', join(t.dir, 'd')]), t), ['d/a.txt']);
    assert.equal(scan(['-'], { input: readFileSync(join(t.dir, 'a.tgz')) }).json.findings[0].path, '-!d/a.txt');
  } finally { t.remove(); }
});

test('archives: bombs end at a ceiling that is named, damaged ones are complained about; exit 2', () => {
  const t = tree({ 'bomb.gz': gzipSync(Buffer.alloc(64 << 20, 'a ')), 'cut.gz': gzipSync(Buffer.from(`${mail()} `.repeat(5000))).subarray(0, 60) });
  try {
    run('sh', ['-c', 'echo x >t0; for i in 1 2 3 4 5; do tar cf t$i t$((i - 1)) && rm t$((i - 1)); done; mv t5 nested.tar'], { cwd: t.dir });
    mkdirSync(join(t.dir, 'many'));
    run('sh', ['-c', 'seq 1 10050 | sed "s/^/many\\/f/" | xargs touch && tar cf many.tar many && rm -r many'], { cwd: t.dir });
    const r = scan([t.dir], { timeout: 60_000 });
    assert.equal(r.status, 2);
    assert.match(r.stderr, /bomb\.gz: .*200 times/);
    assert.match(r.stderr, /nested\.tar!t4!t3!t2.*3 archives/);
    assert.match(r.stderr, /many\.tar: .*10,000 members/);
    assert.match(r.stderr, /cut\.gz/);
    assert.equal(r.json.summary.stopped, true);
  } finally { t.remove(); }
});

test('output: the same bytes for any number of threads', () => {
  const t = tree();
  try {
    for (let i = 0; i < 400; i++) t.write(`d${i % 17}/f${i}.txt`, `${mail()}\n`.repeat(i % 50 === 0 ? 9000 : i % 3));
    for (const format of ['json', 'jsonl', 'text']) {
      const all = [1, 2, 8, 64].map((jobs) => scan(['--jobs', String(jobs), '--format', format, t.dir]).stdout.replaceAll(/"fingerprint":"[0-9a-f]+"/g, ''));
      for (const a of all.slice(1)) assert.ok(a === all[0], format);
    }
  } finally { t.remove(); }
});

test('memory: a line of 1 GB is scanned in little of it', { timeout: 120_000 }, () => {
  const r = spawnSync('sh', ['-c', '(head -c 1000000000 /dev/zero | tr "\\0" x; echo " $1 ") | /usr/bin/env bash -c \'ulimit -v 500000; exec "$0" scan --jobs 1 --format json -\' "$0"', custos, token()], { encoding: 'utf8' });
  const { findings } = JSON.parse(r.stdout);
  assert.equal(findings.length, 1);
  assert.equal(findings[0].column, 1_000_000_002);
});

test('paths: longer than PATH_MAX are walked', () => {
  const t = tree(), part = 'd'.repeat(200);
  try {
    run('bash', ['-c', `for i in $(seq 1 30); do mkdir ${part} && cd ${part} || exit 1; done; echo "$0" > deep.txt`, token()], { cwd: t.dir });
    const r = scan([t.dir]);
    assert.equal(r.json.findings.length, 1, r.stderr);
    assert.ok(r.json.findings[0].path.length > 6000);
  } finally { run('rm', ['-rf', t.dir]); }
});

test('gitignore: agrees with git on patterns of every form', () => {
  const patterns = ['*.log', '!keep.log', '/top.txt', 'dir/', 'a/**/z', '**/deep/x*', 'b/**', '[a-c]?.t', '\\!odd', 'sp\\ ', 'q/*/r', 'x[!0-9]y', '**/m', 'foo**bar', '# no', '/a/*.c', 'e[[:digit:]]'];
  const names = ['1.log', 'keep.log', 'top.txt', 's/top.txt', 'dir/f', 's/dir/f', 's2/dir', 'a/z', 'a/b/z', 'a/b/c/z', 'deep/x1', 's/deep/x1', 's/deep/y', 'b/1', 's/b/1', 'a1.t', 'd1.t', '!odd', 'sp ', 'q/1/r', 'q/1/2/r', 'xay', 'x1y', 's/m', 'm2/m', 'foo-bar', 'foo/x/bar', 'a/1.c', 'a/b/1.c', 'e5', 'ea', 's/1.log', 'n/kept.log', 'n/other'];
  const r = repository({ '.gitignore': patterns.join('\n'), 'n/.gitignore': '!kept.log\n/other\r\n', ...Object.fromEntries(names.map((n) => [n, token()])) });
  try {
    const check = spawnSync('git', ['-C', r.dir, 'check-ignore', '--no-index', '-z', '--stdin'], { input: names.join('\0'), encoding: 'utf8', env: r.env });
    const ignored = new Set(check.stdout.split('\0').filter(Boolean));
    const got = new Set(paths(scan([r.dir], { env: r.env }), r));
    for (const n of names) assert.equal(got.has(n), !ignored.has(n), n);
  } finally { r.remove(); }
});

test('gitignore: info/exclude, the repository around what is named, and repositories inside', () => {
  const r = repository({ '.gitignore': 'no.txt\nout/\n', 'sub/no.txt': token(), 'sub/yes.txt': token(), 'sub/never.txt': token(), 'out/named.txt': token(), 'inner/no.txt': token(), 'inner/.gitignore': 'yes.txt\n', 'inner/yes.txt': token() });
  try {
    r.write('.git/info/exclude', 'never.txt\n');
    run('git', ['init', '-q', join(r.dir, 'inner')]);
    assert.deepEqual(paths(scan([r.dir]), r), ['inner/no.txt', 'sub/yes.txt']);
    assert.deepEqual(paths(scan([join(r.dir, 'sub')]), r), ['sub/yes.txt']);
    assert.deepEqual(paths(scan([join(r.dir, 'out')]), r), ['out/named.txt'], 'what is named is scanned');
  } finally { r.remove(); }
});

test('an interrupted scan says so and exits with 2', async () => {
  const child = spawn(custos, ['scan', '--jobs', '2', '--format', 'json', '/proc/self/fd/0', '/usr'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  child.stdout.on('data', (d) => { out += d; });
  setTimeout(() => child.kill('SIGINT'), 700);
  const code = await new Promise((done) => child.on('close', done));
  assert.equal(code, 2);
  assert.equal(JSON.parse(out).summary.stopped, true);
});

test('options: what is wrong is refused; classes, rules and severities choose', () => {
  const t = tree({ 'a.txt': `${mail()}\n${token()}\n` });
  try {
    const types = (...args) => scan([...args, t.dir]).json.findings.map((f) => f.type);
    assert.deepEqual(types('--only', 'secret'), ['SECRET']);
    assert.deepEqual(types('--only', 'pii'), ['EMAIL_ADDRESS']);
    assert.deepEqual(types('--only', 'github-token'), ['SECRET']);
    assert.deepEqual(types('--min-confidence', '0.999'), []);
    assert.equal(scan(['--fail-on', 'critical', t.dir]).status, 0);
    assert.equal(scan(['--fail-on', 'low', t.dir]).status, 1);
    for (const wrong of [['--jobs', '0'], ['--jobs', 'x'], ['--min-confidence', '101'], ['--fail-on', 'bad'], ['--show-values'], ['--range', 'a..b'],
      ['--history', '--staged'], ['--state', 'x'], ['--output', '/nonexistent/x']]) {
      assert.equal(scan([...wrong, t.dir]).status, 2, wrong.join(' '));
    }
    const file = join(t.dir, 'report.json');
    assert.equal(scan(['--output', file, join(t.dir, 'a.txt')]).stdout, '');
    assert.equal(JSON.parse(readFileSync(file, 'utf8')).findings.length, 2);
  } finally { t.remove(); }
});

test('text: the line is shown with its value masked, and nothing else that was found in it', () => {
  const a = token(), b = token(), address = mail();
  const t = tree({ 'a.txt': `key = "${a}", "${b}" ${address}\u001b[2J\u202e\n` });
  try {
    for (const args of [[], ['--only', 'pii'], ['--explain']]) {
      const { stdout } = scan(['--format', 'text', ...args, t.dir]);
      for (const value of [a, b, address]) assert.ok(!stdout.includes(value.slice(0, 6)), 'a value was printed');
      assert.ok(!/[\u001b\u202e]/.test(stdout));
      assert.match(stdout, /^.*a\.txt:1:\d+: (high|medium|low) .* \([a-z-]+, \d+ %\)\n {4}key = /);
    }
  } finally { t.remove(); }
});

test('text: a value that stands in its line twice is shown neither time', () => {
  const t = tree({ 'a.txt': 'db_password = "hor5e-b4ttery" # it was hor5e-b4ttery before\n' });
  try {
    const { stdout } = scan(['--format', 'text', t.dir]);
    assert.match(stdout, /generic-password/);
    assert.ok(!stdout.includes('hor5e-b4ttery'), stdout);
  } finally { t.remove(); }
});
