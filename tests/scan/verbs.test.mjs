// What the program says of itself: help, and words that are no verb.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { custos } from './system.mjs';

const run = (...args) => spawnSync(custos, args, { encoding: 'utf8' });
const list = run('help').stdout;
const verbs = list.split('\n').map((line) => /^ {2}(\S+(?: \S+){0,2}) {2,}(.*)/.exec(line)).filter(Boolean);

test('help: every verb stands in one column, with a summary that begins alike', () => {
  assert.ok(verbs.length > 60);
  const columns = new Set(list.split('\n').filter((l) => l.startsWith('  ')).map((l) => /^ {2}\S+(?: \S+){0,2} {2,}/.exec(l)?.[0].length));
  assert.equal(columns.size, 1, 'a name is too long for its column');
  for (const [, name, summary] of verbs)
    assert.match(summary, /^[a-z'`].*[^.]$/, `${name}: ${summary}`);
});

test('help VERB says more of each', () => {
  for (const [, name, summary] of verbs) {
    const r = run('help', ...name.split(' '));
    assert.equal(r.status, 0, name);
    assert.ok(r.stdout.startsWith(`custos ${name}`) && r.stdout.includes(summary), name);
  }
});

test('a word that is no verb: the nearest one, those that it begins, or where the list is', () => {
  for (const [word, said] of [
    ['scna', /did you mean "scan"\?/], ['stauts', /did you mean "status"\?/],
    ['key', /beginning of:\n {2}custos key issue\n/], ['unheard-of', /"unheard-of" is not a verb\. `custos help` lists them/],
    ['x'.repeat(5000), /is not a verb\. `custos help`/],
  ]) {
    const r = run(word);
    assert.equal(r.status, 2, word);
    assert.equal(r.stdout, '');
    assert.match(r.stderr, said);
  }
});
