// Starts a whole Custos on loopback for a test, and stops it: real supervisor, real nginx, real
// daemon and signer, with the tests' own provider behind it.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const root = resolve(new URL('../..', import.meta.url).pathname);
export const build = process.env.CUSTOS_BUILD ?? join(root, 'build');
export const custos = join(build, 'custos');

export async function freePort() {
  const s = net.createServer();
  await new Promise((done) => s.listen(0, '127.0.0.1', done));
  const { port } = s.address();
  await new Promise((done) => s.close(done));
  return port;
}

// A provider that answers at once and counts what reached it.
export async function provider() {
  const seen = [];
  const server = http.createServer((req, res) => {
    const parts = [];
    req.on('data', (d) => parts.push(d));
    req.on('end', () => {
      seen.push(Buffer.concat(parts).toString());
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(JSON.stringify({ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_reason: 'end_turn',
        content: [{ type: 'text', text: 'fine' }], usage: { input_tokens: 1, output_tokens: 1 } }));
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { seen, port: server.address().port, stop: () => { server.closeAllConnections(); server.close(); } };
}

export function run(args, options = {}) {
  return spawnSync(custos, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
}

export async function system({ upstream, workers = 2, stateDir, extra = '' }) {
  const dir = mkdtempSync(join(tmpdir(), 'custos-test-'));
  const state = stateDir ?? join(dir, 'state');
  mkdirSync(state, { recursive: true });
  const port = await freePort();
  const config = join(dir, 'custos.yaml');
  writeFileSync(config, `state_dir: ${state}
workers: ${workers}
listen:
  - address: 127.0.0.1:${port}
tenants:
  - name: acme
vendors:
  anthropic:
    api: anthropic
    base_url: http://127.0.0.1:${upstream}
    assessment: {decision: approved, by: "test", until: 2099-12-31}
${extra}`);
  const s = { dir, config, state, port, url: `http://127.0.0.1:${port}`, log: '' };
  s.start = () => {
    s.child = spawn(custos, ['serve', '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const out of [s.child.stdout, s.child.stderr]) out.on('data', (d) => { s.log += d; });
    const r = run(['status', '--config', config, '--wait', '60', '--format', 'json']);
    if (r.status !== 0) throw new Error(`custos did not come up: ${r.stderr}\n${s.log}`);
    return JSON.parse(r.stdout);
  };
  s.status = () => JSON.parse(run(['status', '--config', config, '--format', 'json']).stdout);
  s.key = (tenant = 'acme') => {
    const r = run(['key', 'issue', '--config', config, '--tenant', tenant, '--user', 'dev', '--format', 'json']);
    if (r.status !== 0) throw new Error(r.stderr);
    return JSON.parse(r.stdout).key;
  };
  s.post = (key, body, options = {}) => fetch(`${s.url}/v1/messages`, { method: 'POST', ...options,
    headers: { 'content-type': 'application/json', 'x-api-key': key, 'anthropic-version': '2023-06-01' },
    body: JSON.stringify(body) });
  s.stop = async () => {
    if (s.child && s.child.exitCode === null && s.child.signalCode === null) {
      const gone = new Promise((done) => s.child.on('exit', done));
      s.child.kill('SIGTERM');
      await gone;
    }
  };
  s.remove = async () => { await s.stop(); rmSync(dir, { recursive: true, force: true }); };
  return s;
}

export function ask(text) {
  return { model: 'claude-test', max_tokens: 10, messages: [{ role: 'user', content: text }] };
}

// Workers are the children of the nginx master.
export function workersOf(master) {
  return readFileSync(`/proc/${master}/task/${master}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number);
}
