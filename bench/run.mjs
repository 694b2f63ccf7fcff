// make bench: everything as a ratio against something real, interleaved in one run. Writes
// build/bench.json: [{id, what, against, ratio, min, max, runs}]. Absolute figures are printed for
// orientation only; they belong to the machine.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { body, turn } from './bodies.mjs';
import { perStream } from './streams.mjs';
import { evidence } from './evidence.mjs';

const root = resolve(new URL('..', import.meta.url).pathname);
const custos = join(root, 'build/custos');
const RUNS = Number(process.env.BENCH_RUNS ?? 5);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 2);
const only = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'custos-bench-'));
const children = [];
const rows = [];
const PORT = { upstream: 14701, plain: 14702, custos: 14703, peer: 14704 };
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; // only to see whether a port answers

function start(cmd, args, options = {}) {
  const child = spawn(cmd, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  children.push(child);
  return child;
}

async function stopAll() {
  const running = children.filter((c) => c.exitCode === null && c.signalCode === null);
  const gone = running.map((c) => new Promise((done) => c.on('exit', done)));
  for (const c of running) c.kill('SIGTERM');
  await Promise.race([Promise.all(gone), sleep(5000)]);
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

async function load(side, file, connections, env = {}) {
  const child = spawn('wrk', ['-t1', `-c${connections}`, `-d${SECONDS}s`, '--timeout', '20s', '-s', join(root, 'bench/post.lua'),
    `${side.url}/v1/messages`], { env: { ...process.env, BENCH_BODY: file, BENCH_KEY: side.key, BENCH_HEADERS: side.headers ?? '', ...env } });
  let out = '';
  child.stdout.on('data', (d) => { out += d; });
  await new Promise((done) => child.on('close', done));
  const m = /BENCH (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)/.exec(out);
  if (!m) throw new Error(`wrk said: ${out}`);
  const [requests, us, p50, p99, bad, failed] = m.slice(1).map(Number);
  if (bad || failed) throw new Error(`${bad} answers with an error status, ${failed} failed connections at ${side.url}`);
  return { requests, rps: requests / (us / 1e6), p50, p99 };
}

async function measure(side, file, connections) {
  const before = cpuOf(side.pids());
  const got = await load(side, file, connections);
  return { ...got, cpu: (cpuOf(side.pids()) - before) / got.requests / 1000 };
}

// One certificate for both legs, of an authority of this run.
function certificate() {
  const ssl = (...args) => run('openssl', args);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj'];
  ssl('req', '-x509', ...key, '/CN=bench authority', '-days', '2', '-keyout', join(dir, 'ca.key'), '-out', join(dir, 'ca.pem'));
  ssl('req', ...key, '/CN=127.0.0.1', '-keyout', join(dir, 'tls.key'), '-out', join(dir, 'tls.csr'));
  writeFileSync(join(dir, 'tls.ext'), 'subjectAltName=IP:127.0.0.1\n');
  ssl('x509', '-req', '-in', join(dir, 'tls.csr'), '-CA', join(dir, 'ca.pem'), '-CAkey', join(dir, 'ca.key'), '-CAcreateserial',
    '-days', '2', '-extfile', join(dir, 'tls.ext'), '-out', join(dir, 'tls.pem'));
}

function plainConf(tls) {
  const server = tls ? `listen 127.0.0.1:${PORT.plain} ssl; ssl_certificate ${dir}/tls.pem; ssl_certificate_key ${dir}/tls.key; ssl_protocols TLSv1.2 TLSv1.3;`
    : `listen 127.0.0.1:${PORT.plain};`;
  const proxy = tls ? `proxy_pass https://u; proxy_ssl_verify on; proxy_ssl_trusted_certificate ${dir}/ca.pem; proxy_ssl_name 127.0.0.1; proxy_ssl_protocols TLSv1.2 TLSv1.3;`
    : 'proxy_pass http://u;';
  return `daemon off; worker_rlimit_nofile 16384; pid ${dir}/plain.pid; worker_processes 1; error_log stderr error;
events { worker_connections 8192; }
http { access_log off; client_body_temp_path ${dir}/t1; proxy_temp_path ${dir}/t2; fastcgi_temp_path ${dir}/t3; uwsgi_temp_path ${dir}/t4; scgi_temp_path ${dir}/t5;
  client_max_body_size 32m; client_body_buffer_size 32m; keepalive_requests 100000;
  upstream u { server 127.0.0.1:${PORT.upstream}; keepalive 64; keepalive_requests 100000; }
  server { ${server}
    location / { ${proxy} proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; } } }
`;
}

async function waitFor(url) {
  for (let i = 0; i < 200; i++) {
    try { await fetch(url); return; } catch { await sleep(50); }
  }
  throw new Error(`nothing answers at ${url}`);
}

async function startSides(tls) {
  const scheme = tls ? 'https' : 'http';
  if (tls) certificate();
  start(process.execPath, [join(root, 'bench/upstream.mjs'), String(PORT.upstream), ...(tls ? [join(dir, 'tls.pem'), join(dir, 'tls.key')] : [])]);
  writeFileSync(join(dir, 'plain.conf'), plainConf(tls));
  const plain = start('nginx', ['-p', dir, '-e', 'stderr', '-c', join(dir, 'plain.conf')]);
  const config = join(dir, 'custos.yaml');
  writeFileSync(config, `state_dir: ${dir}/state-${scheme}
workers: 1
${tls ? `trusted_ca: ${dir}/ca.pem\n` : ''}listen:
  - address: 127.0.0.1:${PORT.custos}
${tls ? `    tls: {certificate: ${dir}/tls.pem, key: ${dir}/tls.key}\n` : ''}tenants:
  - name: acme
vendors:
  bench:
    api: anthropic
    base_url: ${scheme}://127.0.0.1:${PORT.upstream}
    assessment: {decision: approved, by: "bench", until: 2099-12-31}
`);
  start(custos, ['serve', '--quiet', '--config', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  const status = JSON.parse(run(custos, ['status', '--config', config, '--wait', '60', '--format', 'json']));
  const { key } = JSON.parse(run(custos, ['key', 'issue', '--config', config, '--tenant', 'acme', '--user', 'bench', '--format', 'json']));
  const url = (port) => `${scheme}://127.0.0.1:${port}`;
  await waitFor(url(PORT.plain));
  await waitFor(url(PORT.custos));
  const master = status.children.find((c) => c.name === 'nginx').pid;
  const daemon = status.children.find((c) => c.name === 'daemon').pid;
  return {
    plain: { url: url(PORT.plain), key: 'none', pids: () => childrenOf(plain.pid) },
    custos: { url: url(PORT.custos), key, pids: () => childrenOf(master), daemon: () => [daemon] },
  };
}

function run(cmd, args) {
  const r = spawnSync(cmd, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (r.status !== 0) throw new Error(`${cmd} ${args.join(' ')}: ${r.stderr}`);
  return r.stdout;
}

async function pair(sides, file, connections) {
  const ratios = [];
  for (let i = 0; i < RUNS; i++) {
    const a = await measure(sides.plain, file, connections);
    const daemon = cpuOf(sides.custos.daemon());
    const b = await measure(sides.custos, file, connections);
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

const SIZES = [['2k', 2048, 64], ['60k', 61440, 8], ['500k', 512000, 4], ['3500k', 3584000, 2]]
  .filter(([name]) => !process.env.BENCH_BODIES || process.env.BENCH_BODIES.split(',').includes(name));

async function one(sides, id, what, text, connections) {
  const file = join(dir, `${id}.json`);
  writeFileSync(file, text);
  const runs = await pair(sides, file, connections);
  show(`${id}`, runs);
  row(id, `CPU per request, ${what}`, 'plain nginx proxy_pass', runs.map((r) => r.cpu));
}

// As it is deployed: TLS from the client and TLS to the provider, on both sides.
async function gateway() {
  const sides = await startSides(true);
  for (const [name, bytes, connections] of SIZES) {
    await one(sides, `gateway.cpu.${name}`, `${name}, every string new, with findings`, body(bytes), connections);
    if (name === '2k') await one(sides, 'gateway.clean.2k', '2k, every string new, no findings', body(bytes, { clean: true }), connections);
    else await one(sides, `gateway.turn.${name}`, `${name}, of which the last 2 KB are new`, turn(bytes), connections);
  }
  if (!process.env.BENCH_BODIES) await events(sides);
  await stopAll();
}

// What a request waits longer than behind plain nginx, while both are asked equally often: four clients that pause
// 20 ms after each answer. At full load each side would stand at its own limit, and the figure would be the queue's.
async function added() {
  const sides = await startSides(true);
  for (const [name, bytes] of SIZES.filter(([name]) => name === '2k' || name === '60k')) {
    const file = join(dir, `added-${name}.json`), more = [];
    writeFileSync(file, body(bytes));
    for (let i = 0; i < RUNS; i++) {
      const plain = await load(sides.plain, file, 4, { BENCH_PAUSE: '20' }), ours = await load(sides.custos, file, 4, { BENCH_PAUSE: '20' });
      console.log(`  ${name}: nginx ${plain.rps.toFixed(0)} req/s, p50 ${plain.p50}, p99 ${plain.p99} us; custos ${ours.rps.toFixed(0)} req/s, p50 ${ours.p50}, p99 ${ours.p99} us`);
      more.push((ours.p99 - plain.p99) / 2000);
    }
    row(`gateway.added.${name}`, `p99 added at ${name}, with findings`, '2 ms', more);
  }
  await stopAll();
}

// Per event: the slope between a stream of 1 and a stream of 201 events.
async function events(sides) {
  const few = join(dir, 'sse-1.json'), many = join(dir, 'sse-201.json');
  writeFileSync(few, body(2048, { events: 1 }));
  writeFileSync(many, body(2048, { events: 201 }));
  const first = await pair(sides, few, 8);
  const all = await pair(sides, many, 8);
  show('stream of 201 events', all);
  row('gateway.sse.event', 'CPU per streamed event with restore', 'plain nginx proxy_pass',
    all.map((r, i) => (r.b.cpu - first[i].b.cpu) / (r.a.cpu - first[i].a.cpu)));
}

// Many streams at once, TLS on both legs; and a small request beside uploads of 3.5 MB.
async function streams() {
  const sides = await startSides(true);
  const many = Number(process.env.BENCH_STREAMS ?? 2000);
  const held = (text) => text.replace(/}$/, ',"metadata":{"x-hold":1},"stream":true}');
  for (const [name, bytes] of [['2k', 2048], ['500k', 512000]]) {
    const theirs = await perStream(sides.plain, held(body(bytes)), 50, name === '2k' ? many : 200);
    const ours = await perStream(sides.custos, held(body(bytes)), 50, many);
    console.log(`  ${many} streams held after a body of ${name}: ${ours.toFixed(1)} KB each (plain nginx ${theirs.toFixed(1)} KB)`);
    row(`gateway.stream.memory.${name}`, `memory of a held stream after a body of ${name}`, 'a stream of 64 KB', [ours / 64]);
  }
  await beside(sides.custos);
  await stopAll();
}

async function beside(side) {
  const small = join(dir, 'beside-2k.json'), large = join(dir, 'beside-3500k.json'), ratios = [];
  writeFileSync(small, body(2048));
  writeFileSync(large, body(3584000));
  for (let i = 0; i < RUNS; i++) {
    const alone = await load(side, small, 2);
    const [with_, uploads] = await Promise.all([load(side, small, 2), load(side, large, 1)]);
    console.log(`  2k: p99 ${alone.p99} us alone, ${with_.p99} us beside ${uploads.rps.toFixed(0)} uploads of 3.5 MB a second`);
    ratios.push(with_.p99 / alone.p99);
  }
  row('gateway.beside.2k', 'p99 of a 2 KB request beside uploads of 3.5 MB', 'its p99 alone', ratios);
}

// Sealing beside requests, of which a few hundred come in a second: the daemon is stopped, so that nothing is sealed,
// and entries pile up in the spool; then it seals them and what comes meanwhile.
const PILE = Number(process.env.BENCH_PILE ?? 60000);
async function sealing() {
  const { custos: side } = await startSides(true), small = join(dir, 'sealing-2k.json'), ratios = [];
  const few = () => load(side, small, 4, { BENCH_PAUSE: '10' });
  writeFileSync(small, body(2048));
  await few();
  for (let i = 0; i < RUNS; i++) {
    const [daemon] = side.daemon();
    process.kill(daemon, 'SIGSTOP');
    let still;
    try {
      run(join(root, 'build/tests/ledger/make-log'), [join(dir, 'state-https'), String(PILE), '1', 'leave']);
      still = await few();
    } finally { process.kill(daemon, 'SIGCONT'); }
    const busy = await few();
    console.log(`  2k: p50 ${still.p50}, p99 ${still.p99} us while nothing is sealed, p50 ${busy.p50}, p99 ${busy.p99} us while the sequencer catches up (${busy.rps.toFixed(0)} requests/s)`);
    ratios.push(busy.p99 / still.p99);
  }
  row('gateway.sealing.2k', 'p99 of a 2 KB request while the sequencer is busy', 'its p99 while nothing is sealed', ratios);
  await stopAll();
}

// Without TLS on either side, as on loopback: what is ours stands against much less of nginx's own.
async function clear() {
  const sides = await startSides(false);
  for (const [name, bytes, connections] of SIZES.filter(([n]) => n !== '3500k'))
    await one(sides, `gateway.clear.${name}`, `${name}, every string new, with findings, no TLS`, body(bytes), connections);
  await peer(sides.custos);
  await stopAll();
}

// Another gateway for model providers, from npm: it forwards, and neither looks for nor records anything.
// Of ours the daemon counts too.
async function peer(ours) {
  const server = start(process.execPath, [join(root, 'bench/node_modules/@portkey-ai/gateway/build/start-server.js'), `--port=${PORT.peer}`, '--headless']);
  server.stdout.resume();
  const theirs = { url: `http://127.0.0.1:${PORT.peer}`, key: 'k', pids: () => [server.pid],
    headers: `x-portkey-provider: anthropic\nx-portkey-custom-host: http://127.0.0.1:${PORT.upstream}/v1` };
  await waitFor(theirs.url);
  const file = join(dir, 'peer.json'), ratios = [];
  writeFileSync(file, body(2048));
  for (let i = 0; i < RUNS; i++) {
    const a = await measure(theirs, file, 16);
    const daemon = cpuOf(ours.daemon());
    const b = await measure(ours, file, 16);
    const cpu = b.cpu + (cpuOf(ours.daemon()) - daemon) / b.requests / 1000;
    console.log(`  2k: ${a.cpu.toFixed(0)} us CPU and p50 ${a.p50} us there, ${cpu.toFixed(0)} us and ${b.p50} us here (with the daemon)`);
    ratios.push(a.cpu / cpu);
  }
  row('gateway.peer.2k', 'requests per second of CPU at 2k', "Portkey's gateway", ratios);
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

// The status engine: linear in the number of entries, and a question about the past without a replay.
function status() {
  const growth = [], asof = [];
  for (let i = 0; i < RUNS; i++) {
    const got = JSON.parse(run(join(root, 'build/bench/bench-status'), [join(root, 'catalog')]));
    console.log(`  10^6 entries ${got.large_s.toFixed(2)} s, ${got.entry_us.toFixed(2)} us and ${got.entry_bytes} bytes an entry; as of a moment ${(got.asof_s * 1000).toFixed(2)} ms`);
    growth.push(got.large_s / (10 * got.small_s));
    asof.push(got.asof_s / got.large_s);
  }
  row('status.growth', 'time for 10^6 entries', 'ten times the time for 10^5', growth);
  row('status.asof', 'the states as of a moment', 'the full replay of 10^6 entries', asof);
}

const parts = { gateway, added, clear, streams, sealing, ledger, evidence: () => evidence({ root, row, runs: RUNS, folder: mkdtempIn }), scan, history, status };
const unknown = only.filter((name) => !parts[name]);
if (unknown.length) throw new Error(`there is no part ${unknown.join(', ')}: ${Object.keys(parts).join(', ')}`);
try {
  for (const [name, fn] of Object.entries(parts)) if (!only.length || only.includes(name)) await fn();
  if (!only.length) writeFileSync(join(root, 'build/bench.json'), JSON.stringify(rows, null, 2) + '\n');
} finally {
  await stopAll();
  rmSync(dir, { recursive: true, force: true });
}
