// A full disk: requests are refused with a clear 503, nothing is forwarded, and service resumes by
// itself when space returns. Mounts a small tmpfs, so it must run as root.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, provider, run, system } from './system.mjs';

function mountSmall() {
  const dir = mkdtempSync(join(tmpdir(), 'custos-full-'));
  const r = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256m', 'custos-test', dir], { encoding: 'utf8' });
  assert.equal(r.status, 0, `this test must mount a tmpfs; run it as root: ${r.stderr}`);
  return { dir, unmount: () => { spawnSync('umount', ['-l', dir]); rmSync(dir, { recursive: true, force: true }); } };
}

function fill(path) {
  const fd = openSync(path, 'w'), block = Buffer.alloc(1 << 20, 1);
  for (let size = block.length; size >= 1024;) {
    try { writeSync(fd, block, 0, size); } catch { size >>= 1; }
  }
  closeSync(fd);
}

async function until(what, seconds, probe) {
  for (let i = 0; i < seconds * 10; i++) {
    if (await probe()) return;
    await sleep(100);
  }
  assert.fail(`${what} did not happen within ${seconds} s`);
}

test('a full disk stops requests before egress, and space brings them back', { timeout: 120_000 }, async () => {
  const small = mountSmall();
  const p = await provider();
  const s = await system({ upstream: p.port, stateDir: join(small.dir, 'state') });
  try {
    s.start();
    const key = s.key();
    assert.equal((await s.post(key, ask('before'))).status, 200);
    fill(join(small.dir, 'ballast'));
    let last;
    await until('a refusal', 20, async () => { last = await s.post(key, ask('full')); if (last.status !== 503) await last.text(); return last.status === 503; });
    const error = await last.json();
    assert.equal(error.type, 'error');
    assert.match(error.error.message, /evidence/);
    assert.ok(last.headers.get('retry-after'));
    const before = p.seen.length;
    for (let i = 0; i < 20; i++) {
      const r = await s.post(key, ask(`still full ${i}`));
      await r.text();
      assert.equal(r.status, 503);
    }
    assert.equal(p.seen.length, before, 'a request was forwarded without evidence');
    unlinkSync(join(small.dir, 'ballast'));
    await until('service', 30, async () => { const r = await s.post(key, ask('after')); await r.text(); return r.status === 200; });
    const { log_dir: logDir } = s.status();
    await sleep(2500);
    await s.stop();
    const v = run(['verify', '--dir', logDir]);
    assert.equal(v.status, 0, v.stdout + v.stderr);
  } finally {
    await s.remove();
    p.stop();
    small.unmount();
  }
});
