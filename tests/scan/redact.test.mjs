// `custos redact` and `custos restore` as filters, and the hook: as their users run them.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { custos, mail, token } from './system.mjs';

function place() {
  const dir = mkdtempSync(join(tmpdir(), 'custos-redact-'));
  const run = (verb, input, ...more) => spawnSync(custos, [verb, '--key-file', join(dir, 'key'), '--map', join(dir, 'map'), ...more], { input, maxBuffer: 1 << 28 });
  return { dir, run, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

test('what leaves holds no value; what comes back is byte for byte what was sent', () => {
  const p = place();
  try {
    const address = mail(), secret = token();
    const text = Buffer.from(`to ${address}\nkey = "${secret}"\n${address}\n`);
    const out = p.run('redact', text);
    assert.equal(out.status, 0, String(out.stderr));
    assert.ok(!out.stdout.includes(address) && !out.stdout.includes(secret));
    const marks = String(out.stdout).match(/CUSTOS_MAIL_\w{24}/g);
    assert.equal(marks.length, 2);
    assert.equal(marks[0], marks[1]);
    assert.ok(p.run('restore', out.stdout).stdout.equals(text));
    assert.ok(p.run('redact', text).stdout.equals(out.stdout), 'the same again');
    for (const name of ['key', 'map']) assert.equal(statSync(join(p.dir, name)).mode & 0o777, 0o600);
    assert.ok(!readFileSync(join(p.dir, 'map')).includes(address));
  } finally { p.remove(); }
});

// Pieces that are hostile to it: values side by side, half surrogates, whole surrogates, broken UTF-8.
test('restore(redact(x)) is x, for any x', () => {
  const p = place();
  try {
    let earlier = p.run('redact', Buffer.from(`${mail()} ${token()}`)).stdout;
    for (let round = 0; round < 60; round += 1) {
      const pieces = [];
      for (let i = randomInt(12); i >= 0; i -= 1) {
        pieces.push([() => Buffer.from(mail()), () => Buffer.from(token()), () => randomBytes(randomInt(40)),
          () => Buffer.from('CUSTOS_'), () => earlier, () => earlier.subarray(0, randomInt(earlier.length + 1)),
          () => Buffer.from(' "\n\t,='), () => Buffer.from([0xff, 0xfe, 0, 0]), () => Buffer.from(`password="${token()}"`)][randomInt(9)]());
      }
      const x = Buffer.concat(pieces);
      const y = p.run('redact', x);
      assert.equal(y.status, 0, String(y.stderr));
      const back = p.run('restore', y.stdout);
      assert.ok(back.stdout.equals(x), x.toString('base64'));
      if (y.stdout.length < 400) earlier = y.stdout;
    }
  } finally { p.remove(); }
});

// 35 bytes of a surrogate that ends in C, and a value behind it, whose own surrogate begins with C.
test('text that the next surrogate would complete to one of the map comes back as it was', () => {
  const p = place();
  try {
    const marks = String(p.run('redact', Array.from({ length: 300 }, mail).join('\n')).stdout).split('\n').filter((m) => m.endsWith('C'));
    assert.ok(marks.length > 0);
    const x = Buffer.from(marks.map((m) => `${m.slice(0, 35)}(415) 555-2671 ${m}${m.slice(0, 35)}`).join('\n'));
    const y = p.run('redact', x).stdout;
    assert.ok(String(y).includes('CUSTOS_PHON_'));
    assert.ok(p.run('restore', y).stdout.equals(x));
  } finally { p.remove(); }
});

test('a text longer than the window, through a pipe that redacts twice and restores twice', () => {
  const p = place();
  try {
    const x = Buffer.from(Array.from({ length: 300000 }, (_, i) => `line ${i} ${i % 1000 ? 'of a text without any value in it' : mail()}\n`).join(''));
    const one = (verb) => `'${custos}' ${verb} --key-file key --map map`;
    const r = spawnSync('sh', ['-c', [one('redact'), one('redact'), one('restore'), one('restore')].join(' | ')], { cwd: p.dir, input: x, maxBuffer: 1 << 28, timeout: 120000 });
    assert.ok(r.stdout.equals(x), String(r.stderr));
    assert.ok(!p.run('redact', x).stdout.includes('@'));
  } finally { p.remove(); }
});

test('a damaged map, a foreign key and a key that others can read are refused, and the map is kept', () => {
  const p = place();
  try {
    p.run('redact', Buffer.from(mail()));
    const map = readFileSync(join(p.dir, 'map'));
    const broken = Buffer.from(map);
    broken[map.length >> 1] ^= 1;
    writeFileSync(join(p.dir, 'map'), broken);
    const r = p.run('redact', Buffer.from(mail()));
    assert.equal(r.status, 2);
    assert.match(String(r.stderr), /damaged, or sealed with another key/);
    assert.ok(readFileSync(join(p.dir, 'map')).equals(broken));
    writeFileSync(join(p.dir, 'map'), map);
    chmodSync(join(p.dir, 'key'), 0o644);
    assert.match(String(p.run('restore', Buffer.from('x')).stderr), /can be read by others/);
  } finally { p.remove(); }
});

test('the hook stops a commit with a secret, lets a clean one pass, keeps the hook that was there', () => {
  const dir = mkdtempSync(join(tmpdir(), 'custos-hook-'));
  const git = (...args) => spawnSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@b.c', ...args], { cwd: dir, encoding: 'utf8' });
  const hook = join(dir, '.git/hooks/pre-commit');
  try {
    git('init', '-q');
    writeFileSync(hook, '#!/bin/sh\ntouch before-ran\n', { mode: 0o755 });
    assert.equal(spawnSync(custos, ['hook', 'install', dir]).status, 0);
    assert.equal(spawnSync(custos, ['hook', 'install', dir]).status, 0, 'twice is fine');
    writeFileSync(join(dir, 'a.txt'), 'nothing here\n');
    git('add', 'a.txt');
    const clean = git('commit', '-qm', 'clean');
    assert.equal(clean.status, 0, clean.stderr);
    assert.ok(existsSync(join(dir, 'before-ran')));
    const secret = token();
    writeFileSync(join(dir, 'b.txt'), `key = "${secret}"\n`);
    git('add', 'b.txt');
    const stopped = git('commit', '-qm', 'secret');
    assert.equal(stopped.status, 1);
    assert.match(stopped.stderr + stopped.stdout, /github-token/);
    assert.ok(!(stopped.stderr + stopped.stdout).includes(secret));
    writeFileSync(join(dir, 'b.txt'), `key = "${secret}" # custos:allow github-token made up for this test\n`);
    git('add', 'b.txt');
    const allowed = git('commit', '-qm', 'accepted');
    assert.equal(allowed.status, 0, allowed.stderr + allowed.stdout);
    assert.equal(spawnSync(custos, ['hook', 'remove', dir]).status, 0);
    assert.match(readFileSync(hook, 'utf8'), /before-ran/);
  } finally { rmSync(dir, { recursive: true, force: true }); }
});

test('a baseline accepts what is there, and not what comes later, even on the same line', () => {
  const dir = mkdtempSync(join(tmpdir(), 'custos-baseline-'));
  const scan = (...args) => spawnSync(custos, ['scan', '--format', 'json', '--baseline', 'base.jsonl', ...args, 'a.txt'], { cwd: dir, encoding: 'utf8' });
  try {
    const first = token(), second = token();
    writeFileSync(join(dir, 'a.txt'), `key = "${first}"\n`);
    assert.equal(scan('--update-baseline').status, 0);
    assert.ok(!readFileSync(join(dir, 'base.jsonl')).includes(first));
    assert.equal(scan().status, 0);
    writeFileSync(join(dir, 'a.txt'), `\n\nkey = "${first}", "${second}"\n`);
    const later = scan();
    assert.equal(later.status, 1);
    assert.equal(JSON.parse(later.stdout).summary.findings, 1);
    const itself = spawnSync(custos, ['scan', 'base.jsonl'], { cwd: dir });
    assert.notEqual(itself.status, 1, 'a baseline does not flag itself');
  } finally { rmSync(dir, { recursive: true, force: true }); }
});
