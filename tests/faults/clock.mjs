// A wall clock of its own for a whole Custos, and for the test that drives it: shift_clock.c, preloaded into everything
// that is started from here on.
import { execFileSync } from 'node:child_process'
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const RealDate = Date

export class ShiftedClock {
  ms = 0
  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), 'custos-clock-'))
    chmodSync(this.dir, 0o755)
    this.file = join(this.dir, 'offset')
    writeFileSync(this.file, Buffer.alloc(16), { mode: 0o644 })
    this.library = join(this.dir, 'shift.so')
    execFileSync('cc', ['-shared', '-fPIC', '-O1', `-DOFFSET_FILE="${this.file}"`, '-o', this.library, new URL('shift_clock.c', import.meta.url).pathname, '-ldl'])
    process.env.LD_PRELOAD = this.library
  }
  write(wall, boot) {
    const b = Buffer.alloc(16)
    b.writeBigInt64LE(BigInt(wall) * 1000000n)
    b.writeBigInt64LE(BigInt(boot) * 1000000n, 8)
    const fd = openSync(this.file, 'r+')
    writeSync(fd, b, 0, 16, 0)
    closeSync(fd)
    this.ms = wall
  }
  // somebody set the clock: ms beside the true time
  set(ms) { this.write(ms, 0) }
  // so much time went by, for this test too
  pass(ms) {
    const clock = this
    this.write(this.ms + ms, this.ms + ms)
    globalThis.Date = class extends RealDate {
      constructor(...args) { args.length ? super(...args) : super(RealDate.now() + clock.ms) }
      static now() { return RealDate.now() + clock.ms }
    }
  }
  remove() {
    delete process.env.LD_PRELOAD
    globalThis.Date = RealDate
    rmSync(this.dir, { recursive: true, force: true })
  }
}
