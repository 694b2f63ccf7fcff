// make bench: everything as a ratio against something real, interleaved in one run. Writes
// build/bench.json: [{id, what, against, ratio, min, max, runs}]. Absolute figures are printed for
// orientation only; they belong to the machine.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { body } from './bodies.mjs';

const root = resolve(new URL('..', import.meta.url).pathname);
const custos = join(root, 'build/custos');
const RUNS = Number(process.env.BENCH_RUNS ?? 5);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 2);
const only = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'custos-bench-'));
const children = [];
const rows = [];
const PORT = { upstream: 14701, plain: 14702, custos: 14703 };

function start(cmd, args, options = {}) {
  const child = spawn(cmd, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  children.push(child);
  return child;
}

function stopAll() {
  for (const c of children) if (c.exitCode === null) c.kill('SIGTERM');
}

function median(v) {
  const s = [...v].sort((a, b) => a - b);
  return s.length % 2 ? s[(s.length - 1) / 2] : (s[s.length / 2 - 1] + s[s.length / 2]) / 2;
}

function row(id, what, against, ratios, note = '') {
  const r = { id, what, against, ratio: +median(ratios).toFixed(3), min: +Math.min(...ratios).toFixed(3),
    max: +Math.max(...ratios).toFixed(3), runs: ratios.length };
  rows.push(r);
  console.log(`${id.padEnd(22)} ${String(r.ratio).padStart(7)}  (${r.min} to ${r.max}, ${r.runs} runs)  ${what} / ${against}${note ? '  ' + note : ''}`);
}

// CPU of a process with all its threads, in nanoseconds.
function cpuOf(pids) {
  let sum = 0;
  for (const pid of pids) {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0]);
    }
  }
  return sum;
}

function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number);
}

async function load(port, key, file, { warm, connections }) {
  const child = spawn('wrk', ['-t1', `-c${connections}`, `-d${SECONDS}s`, '--timeout', '20s', '-s', join(root, 'bench/post.lua'),
    `http://127.0.0.1:${port}/v1/messages`], { env: { ...process.env, BENCH_BODY: file, BENCH_KEY: key, ...(warm ? { BENCH_WARM: '1' } : {}) } });
  let out = '';
  child.stdout.on('data', (d) => { out += d; });
  await new Promise((done) => child.on('close', done));
  const m = /BENCH (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)/.exec(out);
  if (!m) throw new Error(`wrk said: ${out}`);
  const [requests, us, p50, p99, bad, failed] = m.slice(1).map(Number);
  if (bad || failed) throw new Error(`${bad} answers with an error status, ${failed} failed connections on port ${port}`);
  return { requests, rps: requests / (us / 1e6), p50, p99 };
}

async function measure(side, file, options) {
  const before = cpuOf(side.pids());
  const got = await load(side.port, side.key, file, options);
  return { ...got, cpu: (cpuOf(side.pids()) - before) / got.requests / 1000 };
}

function plainConf() {
  return `daemon off; pid ${dir}/plain.pid; worker_processes 1; error_log stderr error;
events { worker_connections 4096; }
http { access_log off; client_body_temp_path ${dir}/t1; proxy_temp_path ${dir}/t2; fastcgi_temp_path ${dir}/t3; uwsgi_temp_path ${dir}/t4; scgi_temp_path ${dir}/t5;
  client_max_body_size 32m; client_body_buffer_size 32m; keepalive_requests 100000;
  upstream u { server 127.0.0.1:${PORT.upstream}; keepalive 32; keepalive_requests 100000; }
  server { listen 127.0.0.1:${PORT.plain};
    location / { proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; } } }
`;
}

async function waitPort(port) {
  for (let i = 0; i < 200; i++) {
    try { await fetch(`http://127.0.0.1:${port}/`); return; } catch { await sleep(50); }
  }
  throw new Error(`nothing answers on port ${port}`);
}

async function startSides() {
  start(process.execPath, [join(root, 'bench/upstream.mjs'), String(PORT.upstream)]);
  writeFileSync(join(dir, 'plain.conf'), plainConf());
  const plain = start('nginx', ['-p', dir, '-e', 'stderr', '-c', join(dir, 'plain.conf')]);
  const config = join(dir, 'custos.yaml');
  writeFileSync(config, `state_dir: ${dir}/state
workers: 1
listen:
  - address: 127.0.0.1:${PORT.custos}
tenants:
  - name: acme
vendors:
  bench:
    api: anthropic
    base_url: http://127.0.0.1:${PORT.upstream}
    assessment: {decision: approved, by: "bench", until: 2099-12-31}
`);
  start(custos, ['serve', '--quiet', '--config', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  const status = JSON.parse(run(custos, ['status', '--config', config, '--wait', '60', '--format', 'json']));
  const { key } = JSON.parse(run(custos, ['key', 'issue', '--config', config, '--tenant', 'acme', '--user', 'bench', '--format', 'json']));
  await waitPort(PORT.plain);
  const master = status.children.find((c) => c.name === 'nginx').pid;
  const daemon = status.children.find((c) => c.name === 'daemon').pid;
  return {
    plain: { port: PORT.plain, key: 'none', pids: () => childrenOf(plain.pid) },
    custos: { port: PORT.custos, key, pids: () => childrenOf(master), daemon: () => [daemon] },
  };
}

function run(cmd, args) {
  const r = spawnSync(cmd, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (r.status !== 0 && r.status !== 1) throw new Error(`${cmd} ${args.join(' ')}: ${r.stderr}`);
  return r.stdout;
}

async function pair(sides, file, options) {
  const ratios = [];
  let a, b;
  for (let i = 0; i < RUNS; i++) {
    a = await measure(sides.plain, file, options);
    const daemon = cpuOf(sides.custos.daemon());
    b = await measure(sides.custos, file, options);
    b.daemon = (cpuOf(sides.custos.daemon()) - daemon) / b.requests / 1000;
    ratios.push({ cpu: b.cpu / a.cpu, a, b });
  }
  return ratios;
}

function show(label, runs) {
  const pick = (f) => median(runs.map(f)).toFixed(0);
  console.log(`  ${label}: nginx ${pick((r) => r.a.rps)} req/s, p50 ${pick((r) => r.a.p50)} us, p99 ${pick((r) => r.a.p99)} us, ${pick((r) => r.a.cpu)} us CPU;`
    + ` custos ${pick((r) => r.b.rps)} req/s, p50 ${pick((r) => r.b.p50)} us, p99 ${pick((r) => r.b.p99)} us, ${pick((r) => r.b.cpu)} us CPU (daemon ${pick((r) => r.b.daemon)} us)`);
}

async function gateway() {
  const sides = await startSides();
  const bodies = [['2k', 2048, 16], ['60k', 61440, 8], ['500k', 512000, 4]];
  for (const [name, bytes, connections] of bodies.filter(([n]) => !process.env.BENCH_BODIES || process.env.BENCH_BODIES.split(',').includes(n))) {
    const file = join(dir, `body-${name}.json`);
    writeFileSync(file, body(bytes));
    const cold = await pair(sides, file, { connections });
    show(`${name}, never seen before`, cold);
    row(`gateway.cpu.${name}`, `CPU per request at ${name}, every string new`, 'plain nginx proxy_pass', cold.map((r) => r.cpu));
    if (name === '2k') continue;
    const warm = await pair(sides, file, { connections, warm: true });
    show(`${name}, seen before`, warm);
    row(`gateway.again.${name}`, `CPU per request at ${name}, the same conversation again`, 'plain nginx proxy_pass', warm.map((r) => r.cpu));
  }
  if (process.env.BENCH_BODIES) return;
  // Per event: the slope between a stream of 1 and a stream of 201 events.
  const few = join(dir, 'sse-1.json'), many = join(dir, 'sse-201.json');
  writeFileSync(few, body(2048, 1));
  writeFileSync(many, body(2048, 201));
  const one = await pair(sides, few, { connections: 8 });
  const all = await pair(sides, many, { connections: 8 });
  show('stream of 201 events', all);
  row('gateway.sse.event', 'CPU per streamed event with restore', 'plain nginx proxy_pass',
    all.map((r, i) => (r.b.cpu - one[i].b.cpu) / (r.a.cpu - one[i].a.cpu)));
}

function ledger() {
  const ratios = [];
  for (let i = 0; i < RUNS; i++) {
    const got = JSON.parse(run(join(root, 'build/bench/bench-ledger'), [mkdtempIn('ledger')]));
    ratios.push(got.ratio);
    console.log(`  durable records, 64 in flight: ${got.ours} /s, bare RWF_DSYNC ${got.bare} /s`);
  }
  row('ledger.durable.64', 'durable records/s, 64 in flight', 'bare RWF_DSYNC writes of the same bytes', ratios);
}

function mkdtempIn(name) {
  // Beside the sources, on a real disk: /tmp may be memory.
  const d = join(root, 'build', `bench-${name}`);
  rmSync(d, { recursive: true, force: true });
  mkdirSync(d, { recursive: true });
  return d;
}

function timed(cmd, args) {
  const t = process.hrtime.bigint();
  const r = spawnSync(cmd, args, { encoding: 'utf8', maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'pipe'] });
  if (r.error || r.status > 1) throw new Error(`${cmd}: ${r.error ?? r.stderr}`);
  return Number(process.hrtime.bigint() - t) / 1e9;
}

// A real tree of more than 300 MB: a part of the Linux sources, as Debian's package linux-source brings them,
// unpacked once; BENCH_TREE names other folders.
const PARTS = ['fs', 'kernel', 'lib', 'mm', 'net', 'sound', 'tools', 'Documentation', 'arch/x86', 'drivers/net', 'drivers/usb', 'drivers/media', 'drivers/scsi', 'drivers/staging'];
function trees() {
  if (process.env.BENCH_TREE) return process.env.BENCH_TREE.split(':');
  const to = join(tmpdir(), 'custos-bench-tree'); // not below a folder that git ignores
  const packed = readdirSync('/usr/src').filter((f) => /^linux-source-.*\.tar\.xz$/.test(f)).sort().at(-1);
  if (!packed) throw new Error('there is no tree to scan: install linux-source, or name folders in BENCH_TREE');
  if (!existsSync(to)) {
    const name = packed.replace('.tar.xz', '');
    mkdirSync(to + '.new', { recursive: true });
    run('tar', ['xf', join('/usr/src', packed), '-C', to + '.new', '--strip-components=1', ...PARTS.map((p) => `${name}/${p}`)]);
    renameSync(to + '.new', to);
  }
  return [to];
}

// Pairs of runs, one after the other, warm: how many times faster a is than b.
function paired(name, what, against, a, b) {
  timed(...a);
  timed(...b);
  const ratios = [];
  for (let i = 0; i < RUNS; i++) {
    const theirs = timed(...b), ours = timed(...a);
    ratios.push(theirs / ours);
    console.log(`  ${name}: ${ours.toFixed(3)} s against ${theirs.toFixed(3)} s`);
  }
  row(name, what, against, ratios);
}

function scan() {
  const tree = trees();
  const mb = run('du', ['-smc', ...tree]).trim().split('\n').at(-1).split('\t')[0];
  console.log(`  tree: ${tree.join(' ')}, ${mb} MB`);
  const ours = (jobs, ...more) => [custos, ['scan', '--format', 'jsonl', '--no-archives', '--jobs', String(jobs), ...more, ...tree]];
  const rg = ['rg', ['-j1', '--no-ignore', '--hidden', '-c', 'zqxjkvbpwy', ...tree]];
  paired('scan.secrets', 'speed of custos scan, all rules of secrets, one thread', 'rg -j1 with one literal', ours(1, '--only', 'secret'), rg);
  paired('scan.all', 'speed of custos scan, secrets and personal data, one thread', 'rg -j1 with one literal', ours(1), rg);
  paired('scan.threads', 'speed of two threads', 'one thread', ours(2), ours(1));
  const empty = join(dir, 'one-line.txt');
  writeFileSync(empty, 'nothing\n');
  paired('scan.start', 'a scan of one line', 'git --version', [custos, ['scan', empty]], ['git', ['--version']]);
}

// A history of many commits, made by fast-import from the text of the tree.
function history() {
  const repo = join(dir, 'history'), commits = Number(process.env.BENCH_COMMITS ?? 20000);
  const text = readFileSync('/usr/include/unistd.h', 'utf8').split('\n');
  run('git', ['init', '-q', repo]);
  const out = [];
  for (let i = 0; i < commits; i++) {
    const body = `// ${i}\n` + text.slice(i % 400, (i % 400) + 500).join('\n') + `\n// ${i * 7919}\n`;
    out.push(`commit refs/heads/main\ncommitter B <b@example.org> ${1600000000 + i * 600} +0000\ndata 2\nc\nM 100644 inline f${i % 700}.h\ndata ${Buffer.byteLength(body)}\n${body}\n`);
  }
  const made = spawnSync('git', ['-C', repo, 'fast-import', '--quiet'], { input: out.join(''), maxBuffer: 1 << 30 });
  if (made.status) throw new Error(String(made.stderr));
  paired('scan.history', `speed over a history of ${commits} commits, one thread`, 'git cat-file --batch-all-objects --batch',
    [custos, ['scan', '--history', '--format', 'jsonl', '--jobs', '1', repo]],
    ['sh', ['-c', `git -C ${repo} cat-file --batch-all-objects --batch > /dev/null`]]);
}

const parts = { gateway, ledger, scan, history };
try {
  for (const [name, fn] of Object.entries(parts)) if (!only.length || only.includes(name)) await fn();
  if (!only.length) writeFileSync(join(root, 'build/bench.json'), JSON.stringify(rows, null, 2) + '\n');
} finally {
  stopAll();
  await sleep(1500);
  rmSync(dir, { recursive: true, force: true });
}
