// make bench: as a ratio against something real, interleaved in one run. Writes build/bench.json:
// [{id, what, against, ratio, min, max, runs}]. Absolute times belong to the machine.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(new URL('..', import.meta.url).pathname);
const custos = join(root, 'build/custos');
const RUNS = Number(process.env.BENCH_RUNS ?? 5);
const tree = (process.env.BENCH_TREE ?? '/usr/include').split(':');
const rows = [];

function median(v) {
  const s = [...v].sort((a, b) => a - b);
  return s.length % 2 ? s[(s.length - 1) / 2] : (s[s.length / 2 - 1] + s[s.length / 2]) / 2;
}

function row(id, what, against, ratios) {
  const round = (x) => +x.toFixed(3);
  rows.push({ id, what, against, ratio: round(median(ratios)), min: round(Math.min(...ratios)),
    max: round(Math.max(...ratios)), runs: ratios.length });
  console.log(rows.at(-1));
}

function timed(cmd, args) {
  const t = process.hrtime.bigint();
  const r = spawnSync(cmd, args, { encoding: 'utf8', maxBuffer: 1 << 30 });
  if (r.error || r.status > 1) throw new Error(`${cmd}: ${r.error ?? r.stderr}`);
  return Number(process.hrtime.bigint() - t) / 1e9;
}

// Whole runs of both programs, start-up included, files in the page cache.
function scan(id, only) {
  const ours = ['scan', '--format', 'jsonl', ...(only ? ['--only', only] : []), ...tree];
  const rg = ['-j1', '--no-ignore', '--hidden', '-c', 'zqxjkvbpwy', ...tree];
  timed(custos, ours);
  timed('rg', rg);
  const ratios = [];
  for (let i = 0; i < RUNS; i++) {
    const b = timed('rg', rg), a = timed(custos, ours);
    ratios.push(b / a);
    console.log(`  ${tree.join(' ')}: custos ${a.toFixed(2)} s, rg ${b.toFixed(2)} s`);
  }
  row(id, 'speed of custos scan, all rules, one thread', 'rg -j1 with one literal', ratios);
}

scan('scan.secrets', 'SECRET,PRIVATE_KEY');
writeFileSync(join(root, 'build/bench.json'), JSON.stringify(rows, null, 2) + '\n');
