// Trees, archives and repositories made or fallen to harm: a clear message, the right exit status, no crash.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { deflateRawSync, crc32 } from 'node:zlib';
import { join } from 'node:path';
import { custos, mail, repository, run, scan, token, tree } from './system.mjs';

const sane = (r, what) => {
  assert.equal(r.signal, null, `${what}: ${r.stderr}`);
  assert.ok([0, 1, 2].includes(r.status), `${what}: status ${r.status}`);
  assert.ok(r.json, `${what}: the report is whole`);
  assert.ok(r.status !== 2 || r.stderr.trim().length > 10, `${what}: exit 2 says why`);
};

// As a user whom file modes bind, also when the tests run as root.
function nobody(args) {
  if (process.getuid() !== 0) return scan(args);
  const r = spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', custos, 'scan', '--format', 'json', ...args],
    { encoding: 'utf8', env: { ...process.env, HOME: '/nonexistent' } });
  return { ...r, json: r.stdout ? JSON.parse(r.stdout) : null };
}

test('files and folders that cannot be read are named, the rest is scanned, exit 2', () => {
  const t = tree({ 'open.txt': `${token()}\n`, 'shut.txt': `${token()}\n`, 'shut/in.txt': `${token()}\n`, 'unlisted/in.txt': token() });
  try {
    chmodSync(t.dir, 0o755);
    chmodSync(join(t.dir, 'shut.txt'), 0);
    chmodSync(join(t.dir, 'shut'), 0);
    chmodSync(join(t.dir, 'unlisted'), 0o444);
    const r = nobody([t.dir]);
    assert.equal(r.status, 2);
    assert.deepEqual(r.json.findings.map((f) => f.path), [join(t.dir, 'open.txt')]);
    assert.equal(r.json.summary.unreadable, 3, r.stderr);
    for (const name of ['shut.txt', 'shut', 'unlisted']) assert.ok(r.stderr.includes(`${join(t.dir, name)}: `), r.stderr);
    assert.match(r.stderr, /Permission denied/);
    const alone = nobody([join(t.dir, 'shut.txt')]);
    assert.equal(alone.status, 2);
  } finally {
    for (const name of ['shut', 'unlisted']) chmodSync(join(t.dir, name), 0o755);
    t.remove();
  }
});

test('files that vanish, shrink or become something else meanwhile: no crash, a whole report', async () => {
  const t = tree();
  try {
    for (let i = 0; i < 1500; i++) t.write(`d${i % 30}/f${i}.txt`, `${mail()}\n`.repeat(i % 100 === 0 ? 60_000 : 3));
    const child = spawn(custos, ['scan', '--jobs', '4', '--format', 'json', t.dir], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '', err = '';
    child.stdout.on('data', (d) => { out += d; });
    child.stderr.on('data', (d) => { err += d; });
    const ended = new Promise((done) => child.on('close', (status, signal) => done({ status, signal })));
    for (let i = 1499; i >= 0; i--) {
      const f = join(t.dir, `d${i % 30}/f${i}.txt`);
      if (i % 3 === 0) rmSync(f);
      if (i % 3 === 1) truncateSync(f, 1);
      if (i % 30 === 2) { renameSync(f, `${f}.was`); symlinkSync(`${f}.was`, f); }
      if (i % 30 === 5) { rmSync(f); mkdirSync(f); }
      if (i % 50 === 0) await new Promise((r) => setImmediate(r));
    }
    rmSync(join(t.dir, 'd7'), { recursive: true });
    const { status, signal } = await ended;
    sane({ status, signal, stderr: err, json: JSON.parse(out) }, 'vanishing');
  } finally { t.remove(); }
});

test('links: in a circle, to themselves, to nothing, to a folder above', () => {
  const t = tree({ 'a/b/c.txt': `${token()}\n` });
  try {
    symlinkSync('..', join(t.dir, 'a/b/up'));
    symlinkSync('self', join(t.dir, 'self'));
    symlinkSync('nothing', join(t.dir, 'dead'));
    symlinkSync('two', join(t.dir, 'one'));
    symlinkSync('one', join(t.dir, 'two'));
    symlinkSync(t.dir, join(t.dir, 'a/all'));
    const r = scan([t.dir], { timeout: 20_000 });
    assert.equal(r.status, 1, r.stderr);
    assert.deepEqual(r.json.findings.map((f) => f.path), [join(t.dir, 'a/b/c.txt')]);
    for (const name of ['self', 'dead', 'one']) {
      const named = scan([join(t.dir, name)], { timeout: 20_000 });
      assert.equal(named.status, 2, name);
      assert.ok(named.stderr.includes(join(t.dir, name)), named.stderr);
    }
  } finally { t.remove(); }
});

test('names: newlines, escapes, quotes, broken UTF-8 and 255 bytes, in every format', () => {
  const t = tree();
  const names = ['two\nlines', 'tab\there', '"quoted" \\ back', '\u001b[2Jclear', 'a,b;c', '<b>&amp;', ' lead', '-dash', 'x'.repeat(255), "it's", '%s%n', '\u202eright'];
  try {
    for (const n of names) writeFileSync(join(t.dir, n), `${token()}\n`);
    const broken = Buffer.concat([Buffer.from(`${t.dir}/`), Buffer.from([0x62, 0xff, 0xc3, 0x28])]);
    writeFileSync(broken, `${token()}\n`);
    for (const format of ['json', 'jsonl', 'sarif', 'csv', 'html', 'text']) {
      const r = scan(['--format', format, t.dir], { encoding: 'buffer' });
      assert.equal(r.status, 1, String(r.stderr));
      const out = new TextDecoder('utf-8', { fatal: true }).decode(r.stdout);
      assert.ok(!out.includes('\u001b'), `${format}: an escape came through`);
      if (format === 'text') assert.ok(!out.includes('\u202e'), 'the line is turned around');
      if (format === 'json') assert.deepEqual(names.filter((n) => !JSON.parse(out).findings.some((f) => f.path === join(t.dir, n))), []);
      if (format === 'jsonl') assert.equal(out.trim().split('\n').filter((l) => JSON.parse(l).rule).length, names.length + 1);
      if (format === 'sarif') assert.equal(JSON.parse(out).runs[0].results.length, names.length + 1);
      if (format === 'html') assert.ok(!out.includes('<b>&amp;'), 'a name is no markup');
    }
  } finally { t.remove(); }
});

test('bytes: NUL at any place, invalid UTF-8, and a value between both', () => {
  const value = token(), bad = Buffer.from([0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf5, 0x0a]);
  const at = (n, b) => Buffer.concat([Buffer.alloc(n, 'a '), b, Buffer.from(` ${value} `), b]);
  const t = tree({ 'invalid.txt': at(100, bad), 'late-nul.txt': at(8191, Buffer.alloc(3)), 'late-nul2.txt': at(70_000, Buffer.alloc(1)), 'early.bin': at(100, Buffer.alloc(3)) });
  try {
    const r = scan([t.dir]);
    sane(r, 'bytes');
    assert.deepEqual(r.json.findings.map((f) => f.path.replace(`${t.dir}/`, '')), ['invalid.txt', 'late-nul2.txt']);
    assert.equal(r.json.summary.binary, 2, 'a NUL among the first 8,192 bytes makes a file binary');
    for (const format of ['json', 'sarif', 'csv', 'html', 'text']) {
      const out = scan(['--format', format, join(t.dir, 'invalid.txt')], { encoding: 'buffer' }).stdout;
      new TextDecoder('utf-8', { fatal: true }).decode(out);
    }
    for (let i = 0; i < 256; i += 5) {
      const one = scan(['-'], { input: Buffer.concat([Buffer.from([i, i]), Buffer.from(` ${value} `), Buffer.from([i])]) });
      sane(one, `byte ${i}`);
    }
  } finally { t.remove(); }
});

// A zip of one member by hand: no library makes what must be refused.
function zip(members) {
  const parts = [], central = [];
  let at = 0;
  for (const { name, packed, size, crc = 0 } of members) {
    const h = Buffer.alloc(30), c = Buffer.alloc(46), n = Buffer.from(name);
    h.writeUInt32LE(0x04034b50, 0); h.writeUInt16LE(20, 4); h.writeUInt16LE(8, 8);
    h.writeUInt32LE(crc, 14); h.writeUInt32LE(packed.length, 18); h.writeUInt32LE(size, 22); h.writeUInt16LE(n.length, 26);
    c.writeUInt32LE(0x02014b50, 0); c.writeUInt16LE(20, 4); c.writeUInt16LE(20, 6); c.writeUInt16LE(8, 10);
    c.writeUInt32LE(crc, 16); c.writeUInt32LE(packed.length, 20); c.writeUInt32LE(size, 24); c.writeUInt16LE(n.length, 28); c.writeUInt32LE(at, 42);
    parts.push(h, n, packed); central.push(c, n);
    at += 30 + n.length + packed.length;
  }
  const dir = Buffer.concat(central), end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0); end.writeUInt16LE(members.length, 8); end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(dir.length, 12); end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, dir, end]);
}

test('zip: bombs end at a ceiling, lies about sizes and names harm nobody, every truncation is told', () => {
  const text = Buffer.from(`${token()}\n`.repeat(3)), whole = zip([{ name: 'in.txt', packed: deflateRawSync(text), size: text.length, crc: crc32(text) }]);
  const bomb = deflateRawSync(Buffer.alloc(32 << 20, 'a '));
  const t = tree({ 'fine.zip': whole, 'bomb.zip': zip(Array.from({ length: 40 }, (_, i) => ({ name: `${i}`, packed: bomb, size: 32 << 20 }))),
    'small-size.zip': zip([{ name: 'a', packed: deflateRawSync(text), size: 1 }]), 'huge-size.zip': zip([{ name: 'a', packed: deflateRawSync(text), size: 0xfffffff0 }]),
    'up.zip': zip([{ name: '../../../etc/x\n\u001b[1m', packed: deflateRawSync(text), size: text.length, crc: crc32(text) }]) });
  try {
    const r = scan([t.dir], { timeout: 60_000 });
    sane(r, 'zip');
    assert.equal(r.status, 2);
    assert.match(r.stderr, /bomb\.zip: .*ceiling/);
    assert.ok(!/\u001b/.test(r.stderr));
    assert.match(r.stderr, /small-size\.zip!a: .*size/);
    assert.equal(r.json.findings.filter((f) => f.path.endsWith('fine.zip!in.txt')).length, 3);
    assert.equal(r.json.findings.filter((f) => f.path.includes('up.zip!')).length, 3);
    for (let n = 4; n < whole.length; n += 3) {
      writeFileSync(join(t.dir, 'cut.zip'), whole.subarray(0, n));
      const cut = scan([join(t.dir, 'cut.zip')]);
      sane(cut, `cut at ${n}`);
      assert.ok(cut.json.findings.length === 3 || cut.status === 2, `cut at ${n}: what is missing is told (${cut.status})`);
    }
    for (let i = 0; i < whole.length; i += 2) {
      const flipped = Buffer.from(whole);
      flipped[i] ^= 1 << (i % 8);
      sane(scan(['-'], { input: flipped }), `flipped at ${i}`);
    }
  } finally { t.remove(); }
});

// What may be wrong with a repository. Each begins from a whole one with a pack and loose objects.
const damages = {
  'HEAD is garbage': (g) => writeFileSync(join(g, 'HEAD'), Buffer.from([0, 255, 10])),
  'HEAD is gone': (g) => rmSync(join(g, 'HEAD')),
  'HEAD names what is not there': (g) => { writeFileSync(join(g, 'HEAD'), `${'1'.repeat(40)}\n`); },
  'a ref is garbage': (g) => writeFileSync(join(g, 'refs/heads/bad'), 'no id\n'),
  'a ref names a missing object': (g) => writeFileSync(join(g, 'refs/heads/bad'), `${'2'.repeat(40)}\n`),
  'a ref is a circle': (g) => { writeFileSync(join(g, 'refs/heads/x'), 'ref: refs/heads/y\n'); writeFileSync(join(g, 'refs/heads/y'), 'ref: refs/heads/x\n'); },
  'packed-refs is garbage': (g) => writeFileSync(join(g, 'packed-refs'), Buffer.alloc(3000, 'z\n\0')),
  'config is garbage': (g) => writeFileSync(join(g, 'config'), '[core\n= = ='),
  'the index of a pack is cut off': (g) => truncateSync(packed(g, '.idx'), statSync(packed(g, '.idx')).size >> 1),
  'the index of a pack is empty': (g) => truncateSync(packed(g, '.idx'), 0),
  'the index of a pack is noise': (g) => writeFileSync(packed(g, '.idx'), Buffer.alloc(5000, 0x5a)),
  'the pack is cut off': (g) => truncateSync(packed(g, '.pack'), statSync(packed(g, '.pack')).size >> 1),
  'the pack is empty': (g) => truncateSync(packed(g, '.pack'), 0),
  'the pack is gone': (g) => rmSync(packed(g, '.pack')),
  'alternates go in a circle': (g) => { mkdirSync(join(g, 'objects/info'), { recursive: true }); writeFileSync(join(g, 'objects/info/alternates'), `${g}/objects\n`); },
  'alternates name nothing': (g) => { mkdirSync(join(g, 'objects/info'), { recursive: true }); writeFileSync(join(g, 'objects/info/alternates'), '/nonexistent\n'); },
  'a commit graph is noise': (g) => { mkdirSync(join(g, 'objects/info'), { recursive: true }); writeFileSync(join(g, 'objects/info/commit-graph'), Buffer.alloc(4000, 0x17)); },
  'shallow is garbage': (g) => writeFileSync(join(g, 'shallow'), 'xyz\n'),
  'objects is gone': (g) => rmSync(join(g, 'objects'), { recursive: true }),
  'a loose object is noise': (g) => writeFileSync(loose(g), Buffer.alloc(300, 0x42)),
  'a loose object is empty': (g) => writeFileSync(loose(g), ''),
  'a loose object is a folder': (g) => { const f = loose(g); rmSync(f); mkdirSync(f); },
};
const packed = (g, end) => { const d = join(g, 'objects/pack'), f = join(d, readdirSync(d).find((n) => n.endsWith(end))); chmodSync(f, 0o644); return f; };
const loose = (g) => {
  const d = readdirSync(join(g, 'objects')).find((n) => n.length === 2), f = join(g, 'objects', d, readdirSync(join(g, 'objects', d))[0]);
  chmodSync(f, 0o644);
  return f;
};

function ruined() {
  const r = repository({ 'a.txt': `${token()}\n`, 'd/b.txt': 'text\n'.repeat(300) });
  r.commit();
  r.write('d/b.txt', `${'text\n'.repeat(299)}${mail()}\n`);
  r.commit();
  r.git('gc', '-q');
  r.write('d/c.txt', `${token()}\n`);
  r.commit();
  return r;
}

test('history: any damage to a repository gives a message, the right status and no crash', () => {
  const r = ruined(), copy = `${r.dir}-copy`;
  try {
    assert.equal(scan(['--history', r.dir]).json.findings.length, 3);
    for (const [name, damage] of Object.entries(damages)) {
      rmSync(copy, { recursive: true, force: true });
      run('cp', ['-a', r.dir, copy]);
      damage(join(copy, '.git'));
      const got = scan(['--history', copy], { timeout: 20_000 });
      sane(got, name);
      assert.ok(got.status === 2 || got.json.findings.length === 3, `${name}: ${got.status}, ${got.json.findings.length} findings`);
    }
  } finally { r.remove(); rmSync(copy, { recursive: true, force: true }); }
});

test('history: a pack and its index with a bit flipped anywhere', () => {
  const r = ruined();
  try {
    const g = join(r.dir, '.git');
    for (const end of ['.pack', '.idx']) {
      const file = packed(g, end), whole = readFileSync(file);
      for (let i = 0; i < whole.length; i += end === '.idx' ? 61 : 13) {
        const flipped = Buffer.from(whole);
        flipped[i] ^= 1 << (i % 8);
        writeFileSync(file, flipped);
        sane(scan(['--history', r.dir], { timeout: 20_000 }), `${end} at ${i}`);
      }
      writeFileSync(file, whole);
    }
  } finally { r.remove(); }
});
