// What the tests of `custos scan` share. All values are invented here.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const build = process.env.CUSTOS_BUILD ?? resolve(new URL('../../build', import.meta.url).pathname);
export const custos = join(build, 'custos');

// With --format json unless another form is asked for.
export function scan(args, options = {}) {
  const all = args.includes('--format') ? args : ['--format', 'json', ...args];
  const r = spawnSync(custos, ['scan', ...all], { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  let json = null;
  if (all.includes('json') && r.stdout) json = JSON.parse(r.stdout);
  return { ...r, json };
}

export function tree(files = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'custos-scan-'));
  const write = (name, content) => {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  };
  for (const [name, content] of Object.entries(files)) write(name, content);
  return { dir, write, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export function run(cmd, args, options = {}) {
  const r = spawnSync(cmd, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (r.status !== 0) throw new Error(`${cmd} ${args.join(' ')}: ${r.stderr}`);
  return r.stdout;
}

// A repository with its own identity and without anybody's settings.
export function repository(files = {}) {
  const t = tree(files);
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@test.example',
    GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@test.example', GIT_AUTHOR_DATE: '2024-03-01T12:00:00Z' };
  const git = (...args) => run('git', ['-C', t.dir, ...args], { env });
  git('init', '-q', '-b', 'main');
  const commit = (message = 'c') => { git('add', '-A'); git('commit', '-qm', message); return git('rev-parse', 'HEAD').trim(); };
  return { ...t, git, commit, env };
}

export const alnum = (n) => Array.from({ length: n }, () => 'ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789'[randomInt(54)]).join('');
export const mail = () => `${alnum(8).toLowerCase()}.x@customer-mail.org`;
export const token = () => `gh${'p'}_${alnum(36)}`;
