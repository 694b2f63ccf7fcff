/* The signer process. It trusts nobody's memory but its own: for each origin it keeps what it
 * signed last, and signs only what provably continues that. Protocol: docs/formats/signer.md. */
#include "ledger/signer.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/file.h"
#include "merkle.h"
#include "note.h"

typedef struct {
    int dirfd;
    uint8_t seed[32], pk[32];
} signer;

static cu_err load_key(signer *s, cu_fault *f)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(64);
    cu_err e = cu_file_read(s->dirfd, "key", &b);
    if (e == CU_NOT_FOUND) {
        cu_random(s->seed, sizeof s->seed);
        e = cu_file_replace(s->dirfd, "key", cu_bytes_of(s->seed, sizeof s->seed), 0600);
    } else if (e == CU_OK && b.n == sizeof s->seed) {
        memcpy(s->seed, b.p, b.n);
    } else if (e == CU_OK) {
        e = CU_CORRUPT;
    }
    if (e != CU_OK)
        return cu_fail(f, e, "the signing key cannot be read or made: %s", cu_err_text(e));
    return note_public_key(s->seed, s->pk);
}

static void memory_name(const char *origin, char out[40])
{
    cu_sha256 h;
    char hex[65];
    cu_sha256_of(cu_str(origin), &h);
    cu_hex(hex, h.b, 32);
    snprintf(out, 40, "last-%.16s", hex);
}

/* What was signed last for this origin; size 0 when nothing was. */
static cu_err recall(const signer *s, const char *origin, cu_checkpoint *last)
{
    char name[40];
    cu_buf b CU_CLEAN_BUF = CU_BUF(1024);
    unsigned long long size;
    char hex[65], known[CU_LOG_ORIGIN_MAX];
    *last = (cu_checkpoint){0};
    memory_name(origin, name);
    cu_err e = cu_file_read(s->dirfd, name, &b);
    if (e == CU_NOT_FOUND)
        return CU_OK;
    CU_TRY(e);
    if (sscanf(cu_buf_cstr(&b), "%199s %llu %64s", known, &size, hex) != 3 || strcmp(known, origin) != 0 ||
        !cu_unhex(last->root.b, 32, cu_str(hex)))
        return CU_CORRUPT;
    last->size = size;
    return CU_OK;
}

static cu_err remember(const signer *s, const cu_checkpoint *cp)
{
    char name[40], hex[65];
    cu_buf b CU_CLEAN_BUF = CU_BUF(1024);
    memory_name(cp->origin, name);
    cu_hex(hex, cp->root.b, 32);
    cu_buf_fmt(&b, "%s %llu %s\n", cp->origin, (unsigned long long)cp->size, hex);
    return cu_file_replace(s->dirfd, name, cu_buf_view(&b), 0600);
}

static bool continues(const cu_checkpoint *last, const cu_checkpoint *cp, const merkle_proof *p)
{
    if (last->size == 0)
        return true;
    return merkle_consistency_holds(p->v, p->n, last->size, &last->root, cp->size, &cp->root);
}

static void answer_sign(const signer *s, const cu_checkpoint *cp, const merkle_proof *p, cu_buf *out)
{
    cu_checkpoint last;
    cu_buf text CU_CLEAN_BUF = CU_BUF(1024), note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    cu_err e = recall(s, cp->origin, &last);
    if (e != CU_OK) {
        cu_buf_fmt(out, "error %s\n", cu_err_name(e));
        return;
    }
    if (!continues(&last, cp, p)) {
        cu_buf_fmt(out, "state %llu\n", (unsigned long long)last.size);
        return;
    }
    checkpoint_text(cp, &text);
    e = note_sign(cu_buf_view(&text), cu_str(cp->origin), s->seed, &note);
    if (e == CU_OK && cp->size > last.size)
        e = remember(s, cp); /* before the signature leaves: a crash must not forget it */
    if (e != CU_OK)
        cu_buf_fmt(out, "error %s\n", cu_err_name(e));
    else
        cu_buf_fmt(out, "note %zu\n", note.n), cu_buf_add(out, cu_buf_view(&note));
}

static bool read_line(FILE *io, char *line, size_t n)
{
    if (!fgets(line, (int)n, io))
        return false;
    size_t len = strlen(line);
    if (len == 0 || line[len - 1] != '\n')
        return false;
    line[len - 1] = 0;
    return true;
}

static bool one_request(const signer *s, FILE *io, cu_buf *out)
{
    char line[512], hex[65];
    cu_checkpoint cp = {0};
    unsigned long long size;
    unsigned n;
    merkle_proof p = {.n = 0};
    if (!read_line(io, line, sizeof line))
        return false;
    if (sscanf(line, "vkey %199s", cp.origin) == 1) {
        cu_buf_str(out, "vkey ");
        note_key_text(cu_str(cp.origin), s->pk, out);
        cu_buf_byte(out, '\n');
        return true;
    }
    if (sscanf(line, "sign %199s %llu %64s %u", cp.origin, &size, hex, &n) != 4 || n > MERKLE_PROOF_MAX ||
        !cu_unhex(cp.root.b, 32, cu_str(hex)))
        return false;
    for (cp.size = size; p.n < n; p.n++)
        if (!read_line(io, line, sizeof line) || !cu_unhex(p.v[p.n].b, 32, cu_str(line)))
            return false;
    answer_sign(s, &cp, &p, out);
    return true;
}

static void serve_client(const signer *s, int fd, volatile int *stop)
{
    FILE *io = fdopen(fd, "r+");
    if (!io) {
        close(fd);
        return;
    }
    for (;;) {
        cu_buf out CU_CLEAN_BUF = CU_BUF(65536);
        if (*stop || !one_request(s, io, &out) || out.err || cu_write_all(fd, cu_buf_view(&out)) != CU_OK)
            break;
    }
    fclose(io);
}

cu_err cu_signer_run(int listen_fd, int state_dirfd, volatile int *stop, cu_fault *f)
{
    signer s = {.dirfd = state_dirfd};
    cu_err e = load_key(&s, f);
    while (e == CU_OK && !*stop) {
        struct pollfd p = {listen_fd, POLLIN, 0};
        if (poll(&p, 1, 500) <= 0)
            continue;
        int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            serve_client(&s, fd, stop);
    }
    cu_wipe(s.seed, sizeof s.seed);
    return e;
}

/* --- client --- */

static cu_err receive(int fd, char *line, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) {
        ssize_t k = read(fd, line + i, 1);
        if (k < 0 && errno == EINTR) {
            i--;
            continue;
        }
        if (k <= 0)
            return CU_IO;
        if (line[i] == '\n') {
            line[i] = 0;
            return CU_OK;
        }
    }
    return CU_TOO_BIG;
}

cu_err cu_signer_vkey(int fd, const char *origin, cu_buf *out, cu_fault *f)
{
    char line[512];
    cu_buf ask CU_CLEAN_BUF = CU_BUF(512);
    cu_buf_fmt(&ask, "vkey %s\n", origin);
    if (cu_write_all(fd, cu_buf_view(&ask)) != CU_OK || receive(fd, line, sizeof line) != CU_OK ||
        strncmp(line, "vkey ", 5) != 0)
        return cu_fail(f, CU_IO, "the signer does not answer");
    cu_buf_str(out, line + 5);
    cu_buf_byte(out, '\n');
    return cu_buf_err(out);
}

static cu_err receive_note(int fd, size_t n, cu_buf *note)
{
    while (n) {
        uint8_t room[1024];
        ssize_t k = read(fd, room, n < sizeof room ? n : sizeof room);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return CU_IO;
        cu_buf_put(note, room, (size_t)k);
        n -= (size_t)k;
    }
    return cu_buf_err(note);
}

cu_err cu_signer_sign(int fd, const cu_checkpoint *cp, const cu_sha256 *proof, size_t proof_n,
                      uint64_t *known_size, cu_buf *note, cu_fault *f)
{
    char line[512], hex[65];
    unsigned long long n;
    cu_buf ask CU_CLEAN_BUF = CU_BUF(65536);
    cu_hex(hex, cp->root.b, 32);
    cu_buf_fmt(&ask, "sign %s %llu %s %zu\n", cp->origin, (unsigned long long)cp->size, hex, proof_n);
    for (size_t i = 0; i < proof_n; i++) {
        cu_hex(hex, proof[i].b, 32);
        cu_buf_fmt(&ask, "%s\n", hex);
    }
    CU_TRY(cu_buf_err(&ask));
    if (cu_write_all(fd, cu_buf_view(&ask)) != CU_OK || receive(fd, line, sizeof line) != CU_OK)
        return cu_fail(f, CU_IO, "the signer does not answer");
    if (sscanf(line, "state %llu", &n) == 1) {
        *known_size = n;
        return CU_STATE;
    }
    if (sscanf(line, "note %llu", &n) != 1 || n > CU_NOTE_MAX)
        return cu_fail(f, CU_IO, "the signer refused: %.200s", line);
    return receive_note(fd, n, note);
}
