// Reports as their readers take them: SARIF against the rules of the standard (OASIS SARIF 2.1.0) and of
// code scanning, CSV against RFC 4180, HTML in a browser. The findings are invented by make-report.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';

const build = process.env.CUSTOS_BUILD ?? resolve(new URL('../../build', import.meta.url).pathname);
const VALUES = ['XYZZY', 'OTHERSECRET'];

function make(...args) {
  const r = spawnSync(join(build, 'tests/unit/scan/make-report'), args.map(String), { maxBuffer: 1 << 28 });
  assert.equal(r.status, 0);
  const text = new TextDecoder('utf-8', { fatal: true }).decode(r.stdout);
  for (const v of VALUES) assert.ok(!text.includes(v), 'a value is in the report');
  return text;
}

const isObject = (o) => o !== null && typeof o === 'object' && !Array.isArray(o);
const text = (o) => { assert.ok(isObject(o)); assert.equal(typeof o.text, 'string'); assert.ok(o.text.length > 0); };
const whole = (n, least) => assert.ok(Number.isInteger(n) && n >= least, `${n} is not a whole number from ${least}`);

function checkRule(r) {
  assert.match(r.id, /^[a-z0-9-]+$/);
  assert.match(r.name, /^[A-Z][A-Za-z0-9]*$/);
  text(r.shortDescription), text(r.fullDescription), text(r.help);
  assert.ok(['error', 'warning', 'note'].includes(r.defaultConfiguration.level));
  assert.ok(r.properties.tags.includes('security'));
  assert.ok(['very-high', 'high', 'medium', 'low'].includes(r.properties.precision));
  const score = r.properties['security-severity'];
  assert.equal(typeof score, 'string');
  assert.ok(Number(score) > 0 && Number(score) <= 10);
}

function checkResult(r, rules, suppressions) {
  assert.equal(rules[r.ruleIndex].id, r.ruleId);
  assert.equal(r.level, rules[r.ruleIndex].defaultConfiguration.level);
  text(r.message);
  assert.equal(r.locations.length, 1);
  const p = r.locations[0].physicalLocation, a = p.artifactLocation;
  assert.equal(a.uriBaseId, '%SRCROOT%');
  assert.match(a.uri, /^(?:[A-Za-z0-9\-._~\/!$&'()*+,;=@]|%[0-9A-F]{2})+$/); // RFC 3986, and no ':' in the first part
  assert.ok(!a.uri.startsWith('/'));
  decodeURIComponent(a.uri);
  const g = p.region;
  whole(g.startLine, 1), whole(g.startColumn, 1), whole(g.endLine, g.startLine), whole(g.endColumn, 1);
  assert.ok(g.endLine > g.startLine || g.endColumn > g.startColumn);
  whole(g.byteOffset, 0), whole(g.byteLength, 1);
  assert.equal(g.snippet, undefined, 'the text of the region is the value');
  assert.ok(p.contextRegion.startLine <= g.startLine && p.contextRegion.endLine >= g.endLine);
  text(p.contextRegion.snippet);
  assert.match(r.partialFingerprints['custosFingerprint/v1'], /^[0-9a-f]{32}$/);
  assert.equal(Array.isArray(r.suppressions), suppressions);
  for (const s of r.suppressions ?? []) assert.ok(['inSource', 'external'].includes(s.kind) && s.status === 'accepted');
}

function checkSarif(source, suppressions = false) {
  const d = JSON.parse(source);
  assert.equal(d.version, '2.1.0');
  assert.match(d.$schema, /^https:\/\/.*sarif/);
  assert.equal(d.runs.length, 1);
  const run = d.runs[0], { driver } = run.tool;
  assert.equal(run.columnKind, 'utf16CodeUnits');
  assert.equal(driver.name, 'Custos');
  assert.match(driver.semanticVersion, /^\d+\.\d+\.\d+/);
  driver.rules.forEach(checkRule);
  assert.equal(new Set(driver.rules.map((r) => r.id)).size, driver.rules.length);
  assert.ok(run.results.length <= 25000);
  for (const r of run.results) checkResult(r, driver.rules, suppressions);
  assert.equal(typeof run.invocations[0].executionSuccessful, 'boolean');
  for (const n of run.invocations[0].toolExecutionNotifications) text(n.message);
  return run;
}

test('SARIF holds what code scanning asks for', () => {
  assert.equal(checkSarif(make('sarif', 0)).results.length, 0);
  const run = checkSarif(make('sarif', 500));
  assert.equal(run.results.length, 500);
  // "café 😀 key = " before the value: 5 + 2 + 1 + 7 UTF-16 units and the quote
  assert.equal(run.results[0].locations[0].physicalLocation.region.startColumn, 'café 😀 key = "'.length + 1);
  assert.equal(run.results[0].locations[0].physicalLocation.region.endColumn, 'café 😀 key = "Välue🔑XYZZY'.length + 1);
  checkSarif(make('sarif', 200, 'history')).results.forEach((r) => assert.match(r.properties.commit, /^[0-9a-f]{40}$/));
  checkSarif(make('sarif', 200, 'hostile'));
});

test('SARIF: accepted findings are suppressed when they are asked for', () => {
  const { results } = checkSarif(make('sarif', 90, 'accepted'), true);
  assert.deepEqual([0, 1, 2].map((i) => results[i].suppressions.map((s) => s.kind)), [[], ['external'], ['inSource']]);
  assert.equal(results[1].suppressions[0].justification, 'invented for a test');
});

test('SARIF stays within what code scanning takes, and says what was left out', () => {
  const source = make('sarif', 100000, 'history'), run = checkSarif(source);
  assert.equal(run.results.length, 25000);
  assert.match(run.invocations[0].toolExecutionNotifications[0].message.text, /75000 more were left out; the most severe of them: \d+ of severity critical/);
  assert.ok(gzipSync(source).length < 10e6);
});

test('CSV has one shape of rows, and no cell that a spreadsheet would run', () => {
  for (const how of ['', 'hostile']) {
    const rows = make('csv', 50, how).split('\r\n');
    assert.equal(rows.pop(), '');
    assert.equal(rows.length, 51);
    for (const row of rows.slice(1)) {
      const cells = [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map((m) => m[1] ?? m[2]);
      assert.equal(cells.length, 17);
      for (const c of cells) assert.ok(!/^[=+\-@]/.test(c), c);
    }
  }
});

test('HTML: nothing overflows, nothing is loaded or run that is not its own; it filters and sorts', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'custos-html-'));
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    for (const [n, how] of [[0, ''], [40, 'history'], [40, 'hostile'], [6000, '']]) {
      const file = join(dir, `${n}${how}.html`);
      writeFileSync(file, make('html', n, how));
      for (const width of n > 1000 ? [1280] : [320, 760, 1280]) {
        const page = await browser.newPage({ viewport: { width, height: 900 } });
        const wrong = [];
        page.on('console', (m) => wrong.push(m.text()));
        page.on('pageerror', (e) => wrong.push(String(e)));
        page.on('dialog', (d) => { wrong.push('dialog'); d.dismiss(); });
        page.on('request', (r) => r.url().startsWith('file:') || wrong.push(r.url()));
        await page.goto(`file://${file}`);
        assert.deepEqual(wrong, []);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${n} ${how} at ${width}`);
        assert.equal(await page.locator('#f tbody tr').count(), Math.min(n, 5000));
        await page.close();
      }
    }
    const page = await browser.newPage();
    await page.goto(`file://${join(dir, '40history.html')}`);
    await page.selectOption('#s', '3');
    const shown = await page.locator('#f tbody tr:visible').count();
    assert.equal(await page.locator('#f tbody tr[data-s="3"], #f tbody tr[data-s="4"]').count(), shown);
    await page.selectOption('#s', '0');
    await page.locator('#f thead button').first().click(); // most severe first already; again: least
    await page.locator('#f thead button').first().click();
    assert.equal(await page.locator('#f tbody tr').first().getAttribute('data-s'), await page.evaluate(() => String(Math.min(...[...document.querySelectorAll('#f tbody tr')].map((r) => +r.dataset.s)))));
    const plain = await browser.newContext({ javaScriptEnabled: false });
    const still = await plain.newPage();
    await still.goto(`file://${join(dir, '40history.html')}`);
    assert.equal(await still.locator('#f tbody tr:visible').count(), 40);
    assert.equal(await still.locator('.filters').isVisible(), false);
  } finally { await browser.close(); rmSync(dir, { recursive: true, force: true }); }
});
