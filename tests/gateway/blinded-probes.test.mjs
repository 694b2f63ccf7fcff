// Probes turn red beside a library that tells them, or what they test, something else than the system would.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { probeOf, verdicts } from './probing.mjs'
import { build, custos, System } from './system.mjs'

let system
before(async () => {
  system = await new System({ workers: 2, extra: 'probes: {schedule: false}\n' }).start()
})
after(() => system.remove())

const probeWith = (env, name, ...args) => probeOf(system, env, name, ...args)
const isBroken = async (env, name, id) => {
  const r = await probeWith(env, name)
  assert.deepEqual(verdicts(r), { [id]: 'broken' }, r.err + JSON.stringify(r.result?.results))
}

// What a library says in the place of the system's, for one run and the second Custos that it starts.
const preload = (name, code) => {
  writeFileSync(join(system.dir, `${name}.c`), code)
  execFileSync('gcc', ['-shared', '-fPIC', '-o', join(system.dir, `${name}.so`), join(system.dir, `${name}.c`), '-ldl'])
  return { LD_PRELOAD: join(system.dir, `${name}.so`) }
}

test('a check of program files that is shown the old file in the place of the altered one', async () => {
  const shown = preload('shown', `#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int open64(const char *p, int flags, ...) {
  int (*f)(const char *, int, ...) = dlsym(RTLD_NEXT, "open64"); char aside[4200];
  int mode = flags & O_CREAT ? 0755 : 0;
  snprintf(aside, sizeof aside, "%s.aside", p);
  return !(flags & O_CREAT) && strstr(p, "/program/") && access(aside, F_OK) == 0 ? f(aside, flags) : f(p, flags, mode);
}
int open(const char *p, int flags, ...) __attribute__((alias("open64")));
`)
  const r = await probeWith(shown, 'chg-altered-binary-detected')
  assert.deepEqual([r.status, verdicts(r).server, verdicts(r).module], [1, 'broken', 'broken'], r.err + JSON.stringify(r.result?.results))
})

test('a retention job whose files are not removed', async () => {
  const kept = preload('kept', '#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <stdio.h>\n#include <string.h>\n#include <unistd.h>\nint unlinkat(int d, const char *n, int fl) { int (*f)(int, const char *, int) = dlsym(RTLD_NEXT, "unlinkat"); char at[40], to[4200] = ""; snprintf(at, sizeof at, "/proc/self/fd/%d", d); ssize_t k = readlink(at, to, sizeof to - 1); return k > 0 && strstr(to, "/bodies") ? 0 : f(d, n, fl); }\n')
  await isBroken(kept, 'dat-nothing-past-retention', 'past-its-time')
})

test('a promise of an earlier version, which names no control', async () => {
  assert.equal(verdicts(await probeWith({}, 'gov-commitment-has-control'))['in-force'], 'held')
  const promise = { commitment: 'C-77', promise: 'We answer within a day', to: 'All customers', topic: 'other', value: '' }
  execFileSync(join(build, 'tests/ledger/make-log'), [join(system.dir, 'state'), '1', '1', 'entry', 'commitment.changed', JSON.stringify(promise)])
  await system.sealed((e) => e.type === 'commitment.changed' && e.body.commitment === 'C-77', 'org')
  const r = await probeWith({}, 'gov-commitment-has-control')
  assert.deepEqual(verdicts(r), { 'no-control': 'held', 'unknown-control': 'held', 'in-force': 'broken' }, r.err + JSON.stringify(r.result?.results))
})

test('a baseline that does not see a mode, a bundle that everybody may read, a log that no longer verifies', async () => {
  const blind = preload('blind', '#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <sys/types.h>\nint chmod(const char *p, mode_t m) { int (*f)(const char *, mode_t) = dlsym(RTLD_NEXT, "chmod"); return m == 0644 ? 0 : f(p, m); }\n')
  await isBroken(blind, 'ops-drift-detected', 'key-readable')
  const open = preload('open', '#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <sys/types.h>\nint chmod(const char *p, mode_t m) { int (*f)(const char *, mode_t) = dlsym(RTLD_NEXT, "chmod"); return f(p, m == 0640 ? 0644 : m); }\n')
  assert.equal(verdicts(await probeWith(open, 'iam-upstream-key-not-readable')).bundle, 'broken')
  const torn = preload('torn', 'int system(const char *c) { return 256; }\n')
  await isBroken(torn, 'prv-find-and-erase-subject', 'find-and-erase')
  await isBroken(torn, 'iam-shredded-tenant-unreadable', 'erased-tenant')
})

// Each write of a worker to its spool is answered as if it had been done.
test('a gateway whose record never reaches the disk', async () => {
  const lost = preload('lost', `#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
ssize_t pwritev64v2(int fd, const struct iovec *v, int n, off_t at, int flags) {
  ssize_t (*f)(int, const struct iovec *, int, off_t, int) = dlsym(RTLD_NEXT, "pwritev64v2"), k, all = 0; char exe[4200];
  for (int i = 0; i < n; i++) all += v[i].iov_len;
  k = readlink("/proc/self/exe", exe, sizeof exe - 1);
  return k > 6 && memcmp(exe + k - 6, "/nginx", 6) == 0 ? all : f(fd, v, n, at, flags);
}
`)
  await isBroken(lost, 'pin-kill-mid-stream-recorded', 'worker-killed')
  await isBroken(lost, 'avl-node-kill-no-loss', 'worker-killed')
})

// Instead of refusing, or of keeping what it had, it takes what else it finds: the bundle that was put aside, and rules
// that do not know the value.
test('a gateway that goes on with other rules when its policy or its rules are gone', async () => {
  const catalog = join(system.dir, 'catalog-less'), file = join(catalog, 'rules/pii/pii.yaml'), image = join(system.dir, 'less.image')
  cpSync(new URL('../../catalog', import.meta.url).pathname, catalog, { recursive: true })
  const text = readFileSync(file, 'utf8'), less = text.split(/(?=^  - id: )/m).filter((r) => !/^    type: EMAIL_ADDRESS$/m.test(r)).join('')
  assert.notEqual(less, text)
  writeFileSync(file, less)
  execFileSync(custos, ['rules', 'image', image], { env: { ...process.env, CUSTOS_CATALOG: catalog } })
  const anyRules = preload('any-rules', `#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
static const char *in_place_of(int d, const char *p) {
  int policy = faccessat(d, "bundle.aside", F_OK, 0) == 0, rules = faccessat(d, "rules.image.aside", F_OK, 0) == 0;
  return strcmp(p, "bundle") == 0 && policy ? "bundle.aside" : strcmp(p, "rules.image") == 0 && (policy || rules) ? "${image}" : p;
}
int fstatat64(int d, const char *p, struct stat64 *st, int fl) { int (*f)(int, const char *, struct stat64 *, int) = dlsym(RTLD_NEXT, "fstatat64"); return f(d, in_place_of(d, p), st, fl); }
int openat64(int d, const char *p, int fl, ...) { int (*f)(int, const char *, int, ...) = dlsym(RTLD_NEXT, "openat64"); return f(d, in_place_of(d, p), fl, 0600); }
`)
  const r = await probeWith(anyRules, 'avl-inspector-down-denies')
  assert.deepEqual([r.status, verdicts(r)], [1, { policy: 'broken', rules: 'broken' }], r.err + JSON.stringify(r.result?.results))
})
