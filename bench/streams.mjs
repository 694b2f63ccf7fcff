// Streams that are held open: what one costs in memory after its upload, and how many there can be.
import http from 'node:http';
import https from 'node:https';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

// Memory that belongs to these processes alone, in KB.
function memoryOf(pids) {
  let sum = 0;
  for (const pid of pids) {
    for (const m of readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1').matchAll(/^Private_\w+:\s+(\d+)/gm)) sum += Number(m[1]);
  }
  return sum;
}

function open(side, text, agent) {
  const { request } = side.url.startsWith('https') ? https : http;
  return new Promise((done, failed) => {
    const r = request(`${side.url}/v1/messages`, { method: 'POST', agent, rejectUnauthorized: false,
      headers: { 'content-type': 'application/json', 'x-api-key': side.key, 'anthropic-version': '2023-06-01', 'content-length': Buffer.byteLength(text) } }, (res) => {
      if (res.statusCode !== 200) failed(new Error(`status ${res.statusCode}`));
      res.once('data', () => done(r));
      res.on('error', () => {});
    });
    r.on('error', failed);
    r.end(text);
  });
}

async function openMany(side, text, n) {
  const held = [], agent = new (side.url.startsWith('https') ? https : http).Agent({ keepAlive: false, maxSockets: Infinity });
  for (let i = 0; i < n; i += 20) held.push(...await Promise.all(Array.from({ length: Math.min(20, n - i) }, () => open(side, text, agent))));
  return held;
}

// KB a stream: between `few` and `many` of them at once.
export async function perStream(side, text, few, many) {
  const first = await openMany(side, text, few);
  await sleep(300);
  const before = memoryOf(side.pids());
  const rest = await openMany(side, text, many - few);
  await sleep(300);
  const after = memoryOf(side.pids());
  for (const r of [...first, ...rest]) r.destroy();
  await sleep(500);
  return (after - before) / (many - few);
}
