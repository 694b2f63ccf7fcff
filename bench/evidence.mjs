// One million entries of 256 bytes: verified offline against Go's x/mod, a population frozen and a bundle
// written against reading and writing the same bytes. CPU time where one machine is shared, wall time for disks.
import { spawnSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ENTRIES = Number(process.env.BENCH_ENTRIES ?? 1_000_000);

// Seconds of CPU and of the clock.
function timed(cmd, args) {
  const r = spawnSync('/usr/bin/time', ['-f', 'TIMES %U %S %e %M', cmd, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const m = /TIMES ([\d.]+) ([\d.]+) ([\d.]+) (\d+)/.exec(r.stderr);
  if (r.status !== 0 || !m) throw new Error(`${cmd} ${args.join(' ')}: ${r.stdout}${r.stderr}`);
  return { cpu: Number(m[1]) + Number(m[2]), wall: Number(m[3]), kb: Number(m[4]), out: r.stdout };
}

export function evidence({ root, row, runs, folder }) {
  const dir = folder('evidence'), log = join(dir, 'log/t/acme'), go = join(dir, 'verify-go'), file = join(dir, 'x.tar.zst');
  const tool = (name) => join(root, 'build', name);
  timed(tool('tests/ledger/make-log'), [dir, String(ENTRIES), String(Math.ceil(ENTRIES / 10000)), 'bulk', '256']);
  const built = spawnSync('go', ['build', '-o', go, join(root, 'tests/verify-go/main.go')],
    { env: { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '' } });
  if (built.status !== 0) throw new Error(built.stderr.toString());
  const million = ENTRIES / 1e6, ratios = { verify: [], bundle: [], freeze: [], write: [] };
  for (let i = 0; i < runs; i++) {
    const theirs = timed(go, [log]), ours = timed(tool('src/verify/custos-verify'), [log]);
    const scan = timed('sh', ['-c', `find ${log}/tile/0 ${log}/tile/entries -type f -exec cat {} + >/dev/null`]);
    const frozen = timed(tool('tests/ledger/make-log'), [dir, '0', '1', 'freeze']), { frozen_ms: ms, rows } = JSON.parse(frozen.out);
    const made = timed(tool('tests/ledger/make-bundle'), [dir, file, '2020-01-01T00:00:00.000Z', '2090-01-01T00:00:00.000Z', 'acme']);
    const plain = timed('sh', ['-c', `zstd -q -f --no-progress ${file} -o ${file}.copy`]);
    const checked = timed(tool('src/verify/custos-verify'), [file]);
    ratios.verify.push(ours.cpu / theirs.cpu);
    ratios.bundle.push(checked.cpu / theirs.cpu);
    ratios.freeze.push(ms / 1000 / scan.wall);
    ratios.write.push(made.wall / plain.wall);
    console.log(`  ${ENTRIES} entries: verify ${(ours.cpu / million).toFixed(2)} s CPU a million (${ours.kb >> 10} MiB), bundle ${(checked.cpu / million).toFixed(2)} s (${checked.kb >> 10} MiB), `
      + `Go ${(theirs.cpu / million).toFixed(2)} s; ${rows} rows frozen in ${ms} ms (peak ${frozen.kb >> 10} MiB); bundle ${(statSync(file).size / ENTRIES).toFixed(0)} bytes an entry, made in ${made.wall.toFixed(1)} s`);
  }
  row('evidence.verify', 'CPU of custos-verify over a log of 256-byte entries', 'Go x/mod over the same', ratios.verify);
  row('evidence.bundle', 'CPU of custos-verify over a bundle', 'Go x/mod over the log', ratios.bundle);
  row('evidence.freeze', 'a population of all entries frozen, wall', 'reading the same files', ratios.freeze);
  row('evidence.export', 'a bundle made, wall', 'zstd over its bytes', ratios.write);
  rmSync(dir, { recursive: true, force: true });
  exchanges({ tool, row, runs, dir });
}

// Requests and answers as a gateway writes them: the projections made anew, and what a bundle takes.
function exchanges({ tool, row, runs, dir }) {
  const rebuilds = [], sizes = [], packed = [], log = join(dir, 'log'), db = join(dir, 'again.db'), file = join(dir, 'x.tar.zst');
  timed(tool('tests/ledger/make-log'), [dir, String(ENTRIES), String(Math.ceil(ENTRIES / 10000)), 'exchanges']);
  for (let i = 0; i < runs; i++) {
    for (const end of ['', '-wal', '-shm']) rmSync(db + end, { force: true });
    const again = timed(tool('custos'), ['log', 'rebuild', '--dir', join(dir, 'log'), '--out', db]);
    timed(tool('tests/ledger/make-bundle'), [dir, file, '2020-01-01T00:00:00.000Z', '2090-01-01T00:00:00.000Z', 'acme']);
    console.log(`  ${ENTRIES} entries of exchanges: projections made anew in ${again.wall.toFixed(1)} s (CPU ${again.cpu.toFixed(1)} s, ${again.kb >> 10} MiB), database ${(statSync(db).size / ENTRIES).toFixed(0)} and bundle ${(statSync(file).size / ENTRIES).toFixed(0)} bytes an entry`);
    rebuilds.push(again.wall / (60 * ENTRIES / 1e6));
    sizes.push(statSync(file).size / ENTRIES / 250);
  }
  // what a file takes of the disk, hashes and the anchor log included; packed once, then only counted
  const onDisk = () => Number(spawnSync('du', ['-s', '--block-size=1', log], { encoding: 'utf8' }).stdout.split('\t')[0]) / ENTRIES;
  const before = onDisk(), packing = timed(tool('tests/ledger/make-log'), [dir, '0', '1', 'pack']);
  for (let i = 0; i < runs; i++) {
    const checked = timed(tool('src/verify/custos-verify'), [log]);
    packed.push(onDisk() / 250);
    console.log(`  on disk ${before.toFixed(0)} bytes an entry, packed ${onDisk().toFixed(0)} (CPU ${packing.cpu.toFixed(1)} s); packed verified in ${checked.cpu.toFixed(2)} s of CPU`);
  }
  row('evidence.rebuild', 'projections of exchanges made anew, wall', '60 s for a million entries', rebuilds);
  row('evidence.size', 'bytes of a bundle for an entry of exchanges', '250 bytes', sizes);
  row('evidence.disk', 'bytes on disk for an entry of exchanges, packed', '250 bytes', packed);
  rmSync(dir, { recursive: true, force: true });
}
