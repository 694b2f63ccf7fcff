// `custos inspect`: verdicts, exit codes and errors as a caller sees them.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(new URL('../..', import.meta.url).pathname);
const custos = join(process.env.CUSTOS_BUILD ?? join(root, 'build'), 'custos');
const inspect = (input, ...args) => spawnSync(custos, ['inspect', ...args], { input, encoding: 'utf8', env: { ...process.env, CUSTOS_CATALOG: join(root, 'catalog') } });

test('an ordinary command may run', () => {
  const r = inspect('git status\n');
  assert.equal(r.status, 0);
  assert.equal(r.stdout, 'allow\n');
});

test('a blocked command says why, where and what to do instead', () => {
  const r = inspect('ls; sudo rm -rf /', '--format', 'json');
  assert.equal(r.status, 1);
  const v = JSON.parse(r.stdout);
  assert.equal(v.decision, 'block');
  assert.deepEqual([v.reasons[0].rule, v.reasons[0].tier, v.reasons[0].start, v.reasons[0].end], ['delete-system', 'default', 4, 17]);
  assert.ok(v.reasons[0].reason && v.reasons[0].instead);
  assert.match(v.packs.default, /^[0-9a-f]{64}$/);
  assert.match(inspect('rm -rf /').stdout, /^block\n {2}delete-system \(block, default, bytes 0-8\): .*\n {4}instead: /);
});

test('JSON lines get one verdict each, in order, the same every time', () => {
  const lines = ['ls', 'curl http://2852039166/', 'terraform destroy', 'ssh kim@db.example.org ls'].map((text, i) => JSON.stringify({ id: `c${i}`, text })).join('\n');
  const r = inspect(lines, '--commands', '--format', 'json');
  assert.equal(r.status, 1);
  const v = r.stdout.trim().split('\n').map((l) => JSON.parse(l));
  assert.deepEqual(v.map((x) => [x.id, x.decision]), [['c0', 'allow'], ['c1', 'block'], ['c2', 'hold'], ['c3', 'allow']]);
  assert.deepEqual([v[1].hosts, v[3].hosts], [['169.254.169.254'], ['db.example.org']]);
  assert.equal(inspect(lines, '--commands', '--format', 'json').stdout, r.stdout);
});

test('program text is looked at for commands and hosts', () => {
  assert.equal(inspect('import os\nos.system("rm -rf /")\n', '--kind', 'code').status, 1);
  assert.equal(inspect('import os\nprint(os.getcwd())\n', '--kind', 'code').status, 0);
});

test('what cannot be looked at is exit 2 with the place', () => {
  for (const [input, args, says] of [
    ['{"id":"a"}\n', ['--commands'], /line 1: an object with the texts/],
    ['{"id":"a","text":"ls"}\n{"id"\n', ['--commands'], /line 2: not one JSON object/],
    ['{"id":"a","text":"ls","kind":"poem"}\n', ['--commands'], /line 1: "kind" is command, code or manifest/],
    ['{"id":"a","text":"flask","kind":"manifest"}\n', ['--commands'], /a manifest has a "path"/],
    ['ls', ['--kind', 'poem'], /--kind is command, code or manifest/],
    ['flask', ['--kind', 'manifest'], /--kind manifest needs --path/],
    ['ls', ['--lang', 'powershell'], /--lang powershell: commands are read as sh or bash/],
    ['ls', ['--org', '/nonexistent-folder'], /No such file/],
  ]) {
    const r = inspect(input, ...args);
    assert.equal(r.status, 2, input);
    assert.match(r.stderr, says);
  }
});

test('rules of a tier are read, and a wrong one stops with file and line', () => {
  const dir = mkdtempSync(join(tmpdir(), 'custos-inspect-'));
  try {
    writeFileSync(join(dir, 'a.yaml'), 'deny_hosts: ["*.corp.example"]\n');
    const v = JSON.parse(inspect('ping db.corp.example', '--org', dir, '--format', 'json').stdout);
    assert.deepEqual([v.decision, v.reasons[0].tier], ['block', 'org']);
    writeFileSync(join(dir, 'a.yaml'), '\nruls: []\n');
    const r = inspect('ls', '--org', dir);
    assert.equal(r.status, 2);
    assert.match(r.stderr, /a\.yaml:2: unknown key/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
