// "Who may see whom" of ARCHITECTURE.md, held against the build: a folder's compile line has the
// include directories of the folders it may use and no others, and a forbidden include fails.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(new URL('../..', import.meta.url).pathname);
const build = process.env.CUSTOS_BUILD ?? join(root, 'build');
const table = {
  base: [],
  catalog: ['base'],
  detect: ['base', 'catalog'],
  scan: ['base', 'catalog', 'detect'],
  wire: ['base', 'catalog'],
  redact: ['base', 'catalog', 'detect', 'wire'],
  inspect: ['base', 'catalog', 'wire'],
  policy: ['base', 'catalog'],
  ledger: ['base'],
  store: ['base', 'ledger'],
  signin: ['base'],
  audit: ['base', 'ledger'],
  backup: ['base', 'ledger', 'store', 'audit'],
  comply: ['base', 'catalog', 'ledger', 'store', 'policy'],
  print: ['base', 'catalog', 'ledger', 'store', 'policy', 'comply'],
  gateway: ['base', 'catalog', 'detect', 'wire', 'redact', 'inspect', 'policy', 'ledger'],
  serve: ['base', 'catalog', 'ledger', 'policy'],
  questionnaire: ['base', 'catalog', 'ledger', 'store', 'policy', 'comply'],
  daemon: ['base', 'catalog', 'detect', 'scan', 'wire', 'redact', 'inspect', 'policy', 'ledger', 'store', 'comply', 'audit', 'signin', 'questionnaire'],
  cli: ['base', 'catalog', 'detect', 'wire', 'redact', 'policy', 'ledger', 'store', 'comply', 'serve', 'daemon', 'scan', 'audit', 'inspect', 'backup', 'signin', 'questionnaire'],
  verify: ['base', 'ledger'],
};
const commands = JSON.parse(readFileSync(join(build, 'compile_commands.json'), 'utf8'))
  .map((c) => ({ ...c, path: resolve(c.directory, c.file) }));

function folderCommands(folder) {
  return commands.filter((c) => c.path.startsWith(join(root, 'src', folder) + '/'));
}

function searched(command) {
  return [...command.command.matchAll(/(?:-I|-isystem)\s*'?([^\s']+)/g)]
    .map((m) => resolve(command.directory, m[1]))
    .map((d) => new RegExp(`^${root}/src/([a-z]+)/include$`).exec(d)?.[1])
    .filter(Boolean);
}

test('the table names every folder of src/', () => {
  const folders = readdirSync(join(root, 'src'));
  for (const f of folders) assert.ok(f in table, `src/${f} is not in the table`);
});

for (const [folder, allowed] of Object.entries(table)) {
  test(`${folder} sees only what it may use`, () => {
    const all = folderCommands(folder);
    assert.ok(all.length > 0, 'nothing is compiled in this folder');
    for (const c of all) {
      const extra = searched(c).filter((d) => d !== folder && !allowed.includes(d));
      assert.deepEqual(extra, [], `${c.file} could include from ${extra}`);
    }
  });
}

test('a wrong-direction include does not compile', () => {
  const wrong = [['base', 'catalog/types.h'], ['catalog', 'detect/detect.h'], ['detect', 'wire/json.h'],
    ['scan', 'redact/redact.h'], ['redact', 'scan/run.h'],
    ['wire', 'detect/detect.h'], ['inspect', 'detect/detect.h'], ['inspect', 'policy/bundle.h'], ['wire', 'inspect/guard.h'], ['ledger', 'policy/bundle.h'], ['policy', 'ledger/spool.h'], ['verify', 'policy/bundle.h'],
    ['gateway', 'store/store.h'], ['gateway', 'comply/criteria.h'], ['store', 'policy/bundle.h'], ['serve', 'daemon/daemon.h'],
    ['daemon', 'serve/serve.h']];
  for (const [folder, header] of wrong) {
    const c = folderCommands(folder)[0];
    const flags = [...c.command.matchAll(/-I\s*'?([^\s']+)/g)].flatMap((m) => ['-I', resolve(c.directory, m[1])]);
    const r = spawnSync('cc', ['-fsyntax-only', ...flags, '-x', 'c', '-'], { input: `#include "${header}"\n`, encoding: 'utf8' });
    assert.notEqual(r.status, 0, `src/${folder} can include ${header}`);
    assert.match(r.stderr, /No such file/);
  }
});
