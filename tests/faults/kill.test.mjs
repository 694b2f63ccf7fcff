// kill -9 of a worker and of the daemon (which holds the sequencer), 20 times under load: every
// request that was answered has its entry in the log, and the log verifies.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, provider, run, system, workersOf } from './system.mjs';

function allEntries(dir, out = []) {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) allEntries(path, out);
    else if (path.includes('/tile/entries/')) out.push(readFileSync(path).toString('latin1'));
  }
  return out;
}

test('20 kills under load lose no answered request', { timeout: 240_000 }, async () => {
  const p = await provider();
  const s = await system({ upstream: p.port });
  try {
    s.start();
    const key = s.key();
    const answered = new Set();
    let failed = 0, on = true;
    const client = async () => {
      while (on) {
        try {
          const r = await s.post(key, ask(`hello ${Math.random()}`));
          await r.text();
          if (r.status === 200) answered.add(r.headers.get('request-id')); else failed++;
        } catch { failed++; await sleep(20); }
      }
    };
    const clients = Array.from({ length: 8 }, client);
    for (let i = 0; i < 20; i++) {
      await sleep(400);
      const { children } = s.status();
      const name = i % 2 ? 'daemon' : 'nginx';
      const child = children.find((c) => c.name === name);
      const pid = name === 'nginx' ? workersOf(child.pid)[0] : child.pid;
      if (pid) process.kill(pid, 'SIGKILL');
    }
    await sleep(2000);
    on = false;
    await Promise.all(clients);
    assert.ok(answered.size > 200, `only ${answered.size} requests were answered, ${failed} failed\n${s.log}`);
    // The log catches up with the spool, then everything answered must be in it.
    const { log_dir: logDir } = s.status();
    let missing = answered;
    for (let i = 0; i < 60 && missing.size; i++) {
      await sleep(500);
      const text = allEntries(logDir).join('');
      missing = new Set([...answered].filter((id) => !text.includes(id)));
    }
    assert.equal(missing.size, 0, `${missing.size} of ${answered.size} answered requests are not in the log: ${[...missing].slice(0, 3)}\n${s.log}`);
    await s.stop();
    const v = run(['verify', '--dir', logDir]);
    assert.equal(v.status, 0, v.stdout + v.stderr);
  } finally {
    await s.remove();
    p.stop();
  }
});
