// `custos scan --code`: weaknesses in program text, in the same reports as everything else.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const build = process.env.CUSTOS_BUILD ?? resolve(new URL('../../build', import.meta.url).pathname);
const custos = join(build, 'custos');

function tree(files) {
  const dir = mkdtempSync(join(tmpdir(), 'custos-code-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content);
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

function scan(dir, ...args) {
  const r = spawnSync(custos, ['scan', '--code', ...args, '.'], { cwd: dir, encoding: 'utf8', maxBuffer: 1 << 26 });
  return { ...r, json: r.stdout.startsWith('{') ? JSON.parse(r.stdout) : null };
}

const weak = {
  'a.py': "import os\n\ndef f(x):\n    os.system('ls ' + x)\n",
  'b.ts': 'function f(x: string) { return eval(x); }\n',
  'c.tsx': 'const A = () => <div dangerouslySetInnerHTML={{ __html: x }} />;\n',
  'd.go': 'package a\nvar c = &tls.Config{InsecureSkipVerify: true}\n',
  'E.java': 'class E { void f(String c) throws Exception { Runtime.getRuntime().exec(c); } }\n',
  'f.c': 'void f(void) { char *b = g(); gets(b); }\n',
  'g.sh': '#!/bin/sh\neval "$cmd"\n',
  'h.sql': "GRANT ALL PRIVILEGES ON *.* TO 'app'@'%';\n",
  Dockerfile: 'FROM debian:12\nRUN curl -fsSL https://a.example/i.sh | sh\nUSER app\n',
  'i.tf': 'resource "aws_db_instance" "a" {\n  publicly_accessible = true\n}\n',
  'j.yaml': 'spec:\n  containers:\n    - name: a\n      securityContext:\n        privileged: true\n',
};
const wanted = { 'a.py': 'py-os-command', 'b.ts': 'js-eval', 'c.tsx': 'js-dangerous-html', 'd.go': 'go-tls-off', 'E.java': 'java-exec', 'f.c': 'c-gets', 'g.sh': 'sh-eval',
  'h.sql': 'sql-grant-all', Dockerfile: 'docker-download-run', 'i.tf': 'tf-public-database', 'j.yaml': 'k8s-privileged' };

test('each language is judged, and SARIF says which weakness it is', () => {
  const t = tree(weak);
  try {
    const r = scan(t.dir, '--format', 'sarif');
    assert.equal(r.status, 1, r.stderr);
    const run = r.json.runs[0];
    const found = new Map(run.results.map((x) => [x.locations[0].physicalLocation.artifactLocation.uri, x]));
    for (const [file, rule] of Object.entries(wanted))
      assert.ok(run.results.some((x) => x.ruleId === rule && x.locations[0].physicalLocation.artifactLocation.uri === file), `${rule} in ${file}`);
    assert.equal(found.get('a.py').locations[0].physicalLocation.region.startLine, 4);
    for (const rule of run.tool.driver.rules) {
      assert.ok(rule.properties.tags.some((x) => /^external\/cwe\/cwe-\d{3,4}$/.test(x)), rule.id);
      assert.ok(rule.help.text.length > 10 && rule.fullDescription.text.length > 10);
    }
  } finally { t.remove(); }
});

test('what is accepted stays out; a new weakness on an accepted line does not', () => {
  const t = tree({ 'a.py': weak['a.py'] });
  try {
    assert.equal(scan(t.dir, '--baseline', 'base', '--update-baseline', '--format', 'json').status, 0);
    assert.equal(scan(t.dir, '--baseline', 'base', '--format', 'json').status, 0);
    writeFileSync(join(t.dir, 'a.py'), `# moved down\n${weak['a.py']}`);
    assert.equal(scan(t.dir, '--baseline', 'base', '--format', 'json').status, 0);
    writeFileSync(join(t.dir, 'a.py'), weak['a.py'].replace('ls ', 'rm '));
    assert.equal(scan(t.dir, '--baseline', 'base', '--format', 'json').status, 1);
    writeFileSync(join(t.dir, 'a.py'), weak['a.py'].replace("' + x)", "' + x)  # custos:allow py-os-command only our own hosts come in here"));
    assert.equal(scan(t.dir, '--format', 'json').status, 0);
    assert.equal(scan(t.dir, '--only', 'py-eval', '--format', 'json').status, 0);
    assert.equal(scan(t.dir, '--only', 'no-such-rule').status, 2);
  } finally { t.remove(); }
});

test('text, json, jsonl, csv and html; a secret in the code is in none of them', () => {
  const secret = `${'winter'}-${Math.random().toString(36).slice(2)}`;
  const t = tree({ 'a.py': `password = "${secret}"; requests.get(u, verify=False)\n` });
  try {
    for (const format of ['text', 'json', 'jsonl', 'csv', 'html', 'sarif']) {
      const r = scan(t.dir, '--format', format, '--output', `out.${format}`);
      assert.equal(r.status, 1, r.stderr);
      const text = readFileSync(join(t.dir, `out.${format}`), 'utf8');
      rmSync(join(t.dir, `out.${format}`));
      assert.ok(!text.includes(secret), format);
      assert.ok(text.includes('py-tls-off') && text.includes('py-hardcoded-secret'), format);
    }
    const { json } = scan(t.dir, '--format', 'json');
    const tls = json.findings.find((f) => f.rule === 'py-tls-off');
    assert.deepEqual([tls.type, tls.cwe, tls.line], ['CODE', [295], 1]);
    assert.ok(tls.message && tls.fix);
  } finally { t.remove(); }
});

test('what cannot be judged is no clean file', () => {
  const t = tree({ 'big.py': `x = 1\n${'# filler\n'.repeat(40000)}`, 'deep.js': `eval(${'['.repeat(2000)}1${']'.repeat(2000)});\n`, 'note.txt': 'eval(x)\n' });
  try {
    const r = scan(t.dir, '--format', 'json');
    assert.equal(r.status, 2);
    assert.match(r.stderr, /big\.py: not judged: too large/);
    assert.match(r.stderr, /deep\.js: not judged/);
    assert.ok(!r.stderr.includes('note.txt'));
    assert.equal(scan(t.dir, '--record').status, 2);
  } finally { t.remove(); }
});

function linter(dir, name, script, more = {}) {
  writeFileSync(join(dir, `${name}.sh`), `#!/bin/sh\n${script}`, { mode: 0o755 });
  return { name, command: [join(dir, `${name}.sh`), '{paths}'], output: 'sarif', ...more };
}
const sarif = (uri, line, rule = 'no-x', text = 'x is bad') => JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: { name: 't', rules: [{ id: rule, shortDescription: { text: 'No x' } }] } },
  results: [{ ruleId: rule, ruleIndex: 0, level: 'error', message: { text }, locations: [{ physicalLocation: { artifactLocation: { uri }, region: { startLine: line, startColumn: 1, endColumn: 4 } } }] }] }] });

test("a customer's linters: SARIF and JUnit merged with the tool's name; accepted as everything else", () => {
  const t = tree({ 'a.py': 'x = 1\ny = 2\n', 'b.rb': 'puts 1\n' }), tools = mkdtempSync(join(tmpdir(), 'custos-linters-'));
  try {
    const junit = '<?xml version="1.0"?>\n<testsuite><testcase classname="c" name="has &lt;b&gt;" file="b.rb" line="1"><failure type="style" message="no &quot;puts&quot;"/></testcase><testcase name="fine"/></testsuite>';
    writeFileSync(join(tools, 'c.yaml'), JSON.stringify({ linters: [
      linter(tools, 'one', `test "$1" = . || exit 127\ncat <<'E'\n${sarif('a.py', 2)}\nE\nexit 1\n`),
      linter(tools, 'two', `cat <<'E'\n${junit}\nE\n`, { output: 'junit' })] }));
    const r = scan(t.dir, '--linters', '--config', join(tools, 'c.yaml'), '--format', 'sarif');
    assert.equal(r.status, 1, r.stderr);
    const found = r.json.runs[0].results.map((x) => [x.ruleId, x.locations[0].physicalLocation.artifactLocation.uri, x.locations[0].physicalLocation.region.startLine]);
    assert.deepEqual(found, [['one/no-x', 'a.py', 2], ['two/style', 'b.rb', 1]]);
    assert.match(r.json.runs[0].results[0].message.text, /x is bad/);
    assert.match(r.json.runs[0].results[1].message.text, /no "puts"/);
    writeFileSync(join(t.dir, '.custosignore'), 'a.py one/no-x never wanted here by the team\nb.rb two/style never wanted here by the team\n');
    assert.equal(scan(t.dir, '--linters', '--config', join(tools, 'c.yaml'), '--format', 'json').status, 0);
  } finally { t.remove(); rmSync(tools, { recursive: true }); }
});

test('a linter that fails, hangs, writes nonsense or names other files is no clean scan; it has no environment and no network', () => {
  const t = tree({ 'a.py': 'x = 1\n' }), tools = mkdtempSync(join(tmpdir(), 'custos-linters-'));
  const with_ = (l) => {
    writeFileSync(join(tools, 'c.yaml'), JSON.stringify({ linters: [l] }));
    return spawnSync(custos, ['scan', '--code', '--linters', '--config', join(tools, 'c.yaml'), '--format', 'json', '.'], { cwd: t.dir, encoding: 'utf8', env: { ...process.env, WITNESS: 'seen' } });
  };
  try {
    for (const [script, says, more] of [
      ['echo "{}"', /runs is missing/], ['echo nonsense', /no JSON/], ['exit 0', /wrote nothing/], ['kill -9 $$', /signal 9|wrote nothing/], ['sleep 60', /stopped after 1 seconds/, { seconds: 1 }],
      ['sleep 60 & echo $! > /dev/null; sleep 60', /stopped after/, { seconds: 1 }], [`echo '${sarif('elsewhere.py', 1)}'`, /name no file that was scanned/],
      ['echo "<a><b></a>"', /was not begun/, { output: 'junit' }], ['echo "<!DOCTYPE a []><a/>"', /document type/, { output: 'junit' }], ['yes | head -c 40000000', /too large/],
    ]) {
      const r = with_(linter(tools, 'l', script, more));
      assert.equal(r.status, 2, script);
      assert.match(r.stderr, says, script);
    }
    const witness = join(tools, 'witness');
    const seen = with_(linter(tools, 'l', `env > ${witness}; (ip -o link 2>/dev/null || cat /proc/net/dev) >> ${witness}; echo '${sarif('a.py', 1)}'`));
    assert.equal(seen.status, 1, seen.stderr);
    const text = readFileSync(witness, 'utf8');
    assert.ok(!text.includes('WITNESS') && /HOME=\/tmp\/custos-linter-/.test(text));
    if (!seen.stderr.includes('ran with the network')) assert.ok(!/\beth\d|\bens\d|\benp\d/.test(text), text);
    for (const bad of [{ name: 'Bad Name' }, { command: ['eslint'] }, { output: 'text' }, { seconds: 0 }]) {
      const r = with_({ ...linter(tools, 'l', 'exit 0'), ...bad });
      assert.equal(r.status, 2);
      assert.match(r.stderr, /c\.yaml:\d+:/);
    }
  } finally { t.remove(); rmSync(tools, { recursive: true }); }
});

test('custos inspect --code', () => {
  const inspect = (input, ...args) => spawnSync(custos, ['inspect', '--code', '--format', 'json', ...args], { input, encoding: 'utf8' });
  const r = inspect('import os\nos.system("a" + b)\n', '--lang', 'python');
  assert.equal(r.status, 1, r.stderr);
  const v = JSON.parse(r.stdout);
  assert.deepEqual([v.decision, v.judged, v.findings[0].rule, v.findings[0].cwe, v.findings[0].line], ['allow', true, 'py-os-command', [78], 2]);
  assert.match(v.pack, /^[0-9a-f]{64}$/);
  assert.equal(JSON.parse(inspect('void f(void) { gets(b); }', '--path', 'x/y.c').stdout).decision, 'block');
  assert.equal(inspect('print(1)\n', '--lang', 'python').status, 0);
  assert.equal(inspect('print(1)\n').status, 2);
  const big = inspect(`x = 1\n${'# filler\n'.repeat(40000)}`, '--lang', 'python');
  assert.deepEqual([big.status, JSON.parse(big.stdout).decision, JSON.parse(big.stdout).judged], [1, 'hold', false]);
});
