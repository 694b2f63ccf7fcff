/* The signer process. It trusts nobody's memory but its own: for each origin it keeps what it
 * signed last, and signs only what provably continues that. Protocol: docs/formats/signer.md. */
#include "ledger/signer.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/file.h"
#include "merkle.h"
#include "signer_keys.h"

typedef signer_keys signer;

#define CLIENTS_MAX 4u /* the sequencer, and who asks what it must refuse */

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
    if (e == CU_NOT_FOUND) /* known, and nothing remembered: the memory was lost or removed */
        return signer_keys_knows(s, origin) ? CU_NOT_FOUND : CU_OK;
    CU_TRY(e);
    if (sscanf(cu_buf_cstr(&b), "%199s %llu %64s", known, &size, hex) != 3 || strcmp(known, origin) != 0 ||
        !cu_unhex(last->root.b, 32, cu_str(hex)))
        return CU_CORRUPT;
    last->size = size;
    return CU_OK;
}

static cu_err remember(signer *s, const cu_checkpoint *cp)
{
    char name[40], hex[65];
    cu_buf b CU_CLEAN_BUF = CU_BUF(1024);
    memory_name(cp->origin, name);
    cu_hex(hex, cp->root.b, 32);
    cu_buf_fmt(&b, "%s %llu %s\n", cp->origin, (unsigned long long)cp->size, hex);
    CU_TRY(cu_file_replace(s->dirfd, name, cu_buf_view(&b), 0600));
    return signer_keys_learn(s, cp->origin); /* after the memory: a crash between leaves no log without one */
}

static bool continues(const cu_checkpoint *last, const cu_checkpoint *cp, const merkle_proof *p)
{
    if (last->size == 0)
        return true;
    return merkle_consistency_holds(p->v, p->n, last->size, &last->root, cp->size, &cp->root);
}

/* Text, an empty line, and a signature line of each key that signs, the newest last. */
static cu_err sign_all(const signer *s, const cu_checkpoint *cp, cu_buf *note)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(1024);
    checkpoint_text(cp, &text);
    CU_TRY(cu_buf_err(&text));
    cu_buf_add(note, cu_buf_view(&text));
    cu_buf_byte(note, '\n');
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].signs)
            CU_TRY(note_sign_line(cu_buf_view(&text), cu_str(cp->origin), s->v[i].seed, note));
    return cu_buf_err(note);
}

static void answer_sign(signer *s, const cu_checkpoint *cp, const merkle_proof *p, cu_buf *out)
{
    cu_checkpoint last;
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    cu_err e = recall(s, cp->origin, &last);
    if (e != CU_OK) {
        cu_buf_fmt(out, "error %s\n", e == CU_NOT_FOUND ? "lost" : cu_err_name(e));
        return;
    }
    if (!continues(&last, cp, p)) {
        cu_buf_fmt(out, "state %llu\n", (unsigned long long)last.size);
        return;
    }
    e = signer_keys_settle(s);
    if (e == CU_OK)
        e = sign_all(s, cp, &note);
    if (e == CU_OK) /* also what is known already: it may not have become durable when it was signed first */
        e = remember(s, cp); /* before the signature leaves: a crash must not forget it */
    if (e != CU_OK)
        cu_buf_fmt(out, "error %s\n", cu_err_name(e));
    else
        cu_buf_fmt(out, "note %zu\n", note.n), cu_buf_add(out, cu_buf_view(&note));
}

/* A checkpoint that one of our keys signed is proof of what was signed, whoever brings it. */
static cu_err open_ours(const signer *s, cu_bytes note, cu_checkpoint *cp)
{
    cu_bytes text, lines;
    note_keys k = {.n = s->n};
    CU_TRY(note_split(note, &text, &lines));
    CU_TRY(checkpoint_parse(text, cp));
    for (size_t i = 0; i < s->n; i++) {
        k.v[i] = (note_key){.name = cu_str(cp->origin), .type = NOTE_ED25519, .to = UINT64_MAX};
        memcpy(k.v[i].pk, s->v[i].pk, 32);
        note_key_id(k.v[i].name, NOTE_ED25519, s->v[i].pk, k.v[i].id);
    }
    return note_open(note, &k, cp);
}

static void answer_saw(signer *s, cu_bytes note, cu_buf *out)
{
    cu_checkpoint cp, last = {0};
    cu_err e = open_ours(s, note, &cp);
    if (e == CU_OK) {
        e = recall(s, cp.origin, &last);
        e = e == CU_NOT_FOUND ? CU_OK : e;
    }
    if (e == CU_OK && last.size == cp.size && cp.size && memcmp(&last.root, &cp.root, sizeof cp.root) != 0)
        cu_buf_str(out, "error fork\n");
    else if (e == CU_OK && cp.size > last.size && (e = remember(s, &cp)) == CU_OK)
        cu_buf_fmt(out, "adopted %llu\n", (unsigned long long)last.size);
    else if (e == CU_OK)
        cu_buf_fmt(out, "known %llu\n", (unsigned long long)last.size);
    else
        cu_buf_fmt(out, "error %s\n", cu_err_name(e));
}

static void answer_rotate(signer *s, uint64_t overlap, cu_buf *out)
{
    char old[65], fresh[65];
    cu_hex(old, s->v[s->n - 1].pk, 32);
    cu_err e = overlap <= CU_SIGNER_OVERLAP_MAX ? signer_keys_rotate(s, overlap) : CU_TOO_BIG;
    cu_hex(fresh, s->v[s->n - 1].pk, 32);
    if (e == CU_OK)
        cu_buf_fmt(out, "rotated %s %s\n", old, fresh);
    else
        cu_buf_fmt(out, "error %s\n", cu_err_name(e));
}

static void answer_keys(signer *s, const char *origin, cu_buf *out)
{
    cu_err e = signer_keys_settle(s);
    if (e != CU_OK) {
        cu_buf_fmt(out, "error %s\n", cu_err_name(e));
        return;
    }
    cu_buf_fmt(out, "keys %zu\n", s->n);
    for (size_t i = 0; i < s->n; i++) {
        cu_buf_str(out, s->v[i].signs ? "signs " : "gone ");
        note_key_text(cu_str(origin), NOTE_ED25519, s->v[i].pk, out);
        cu_buf_byte(out, '\n');
    }
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

static bool read_sign(signer *s, FILE *io, char *line, size_t n, cu_buf *out)
{
    char hex[65];
    cu_checkpoint cp = {0};
    unsigned long long size;
    unsigned count;
    merkle_proof p = {.n = 0};
    if (sscanf(line, "sign %199s %llu %64s %u", cp.origin, &size, hex, &count) != 4 || count > MERKLE_PROOF_MAX ||
        !cu_unhex(cp.root.b, 32, cu_str(hex)))
        return false;
    for (cp.size = size; p.n < count; p.n++)
        if (!read_line(io, line, n) || !cu_unhex(p.v[p.n].b, 32, cu_str(line)))
            return false;
    answer_sign(s, &cp, &p, out);
    return true;
}

static bool read_saw(signer *s, FILE *io, size_t n, cu_buf *out)
{
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    uint8_t *to = n ? cu_buf_room(&note, n) : NULL;
    if (!to || fread(to, 1, n, io) != n)
        return false;
    answer_saw(s, cu_bytes_of(to, n), out);
    return true;
}

static bool one_request(signer *s, FILE *io, cu_buf *out)
{
    char line[512], origin[CU_LOG_ORIGIN_MAX];
    unsigned long long n;
    if (!read_line(io, line, sizeof line))
        return false;
    if (sscanf(line, "keys %199s", origin) == 1)
        answer_keys(s, origin, out);
    else if (sscanf(line, "saw %llu", &n) == 1)
        return n <= CU_NOTE_MAX && read_saw(s, io, n, out);
    else if (sscanf(line, "rotate %llu", &n) == 1)
        answer_rotate(s, n, out);
    else
        return read_sign(s, io, line, sizeof line, out);
    return true;
}

/* False: the client is gone, or did not hold to the protocol. */
static bool serve_client(signer *s, FILE *io)
{
    cu_buf out CU_CLEAN_BUF = CU_BUF(65536);
    return one_request(s, io, &out) && !out.err && cu_write_all(fileno(io), cu_buf_view(&out)) == CU_OK;
}

/* A client that stops in the middle of a request holds the others up for so long. */
static FILE *admit(int listen_fd)
{
    struct timeval wait = {2, 0};
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    }
    FILE *io = fd >= 0 ? fdopen(fd, "r+") : NULL;
    if (fd >= 0 && !io)
        close(fd);
    return io;
}

/* One round: who has asked is answered, and who is new is admitted while there is room. */
static void serve_clients(signer *s, int listen_fd, FILE *clients[CLIENTS_MAX])
{
    struct pollfd p[CLIENTS_MAX + 1];
    size_t room = CLIENTS_MAX;
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        p[i] = (struct pollfd){clients[i] ? fileno(clients[i]) : -1, POLLIN, 0};
        room = clients[i] ? room : i;
    }
    p[CLIENTS_MAX] = (struct pollfd){room < CLIENTS_MAX ? listen_fd : -1, POLLIN, 0};
    if (poll(p, CLIENTS_MAX + 1, 500) <= 0)
        return;
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        if (p[i].revents && !serve_client(s, clients[i])) {
            fclose(clients[i]);
            clients[i] = NULL;
        }
    if (p[CLIENTS_MAX].revents)
        clients[room] = admit(listen_fd);
}

cu_err cu_signer_run(int listen_fd, int state_dirfd, volatile int *stop, cu_fault *f)
{
    signer s = {.dirfd = state_dirfd, .origins = CU_BUF((size_t)2 << 20)};
    FILE *clients[CLIENTS_MAX] = {NULL};
    cu_err e = signer_keys_load(&s, f);
    while (e == CU_OK && !*stop)
        serve_clients(&s, listen_fd, clients);
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        if (clients[i])
            fclose(clients[i]);
    signer_keys_wipe(&s);
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

static cu_err ask(int fd, const cu_buf *request, char *line, size_t n, cu_fault *f)
{
    CU_TRY(cu_buf_err(request));
    if (cu_write_all(fd, cu_buf_view(request)) != CU_OK || receive(fd, line, n) != CU_OK)
        return cu_fail(f, CU_IO, "the signer does not answer");
    return CU_OK;
}

cu_err cu_signer_keys(int fd, const char *origin, bool all, cu_buf *out, cu_fault *f)
{
    char line[512];
    unsigned n;
    cu_buf request CU_CLEAN_BUF = CU_BUF(512);
    cu_buf_fmt(&request, "keys %s\n", origin);
    CU_TRY(ask(fd, &request, line, sizeof line, f));
    if (sscanf(line, "keys %u", &n) != 1 || n == 0 || n > NOTE_KEYS_MAX)
        return cu_fail(f, CU_IO, "the signer does not name its keys: %.100s", line);
    for (unsigned i = 0; i < n; i++) {
        if (receive(fd, line, sizeof line) != CU_OK)
            return cu_fail(f, CU_IO, "the signer does not answer");
        if (strncmp(line, "signs ", 6) == 0)
            cu_buf_fmt(out, "%s\n", line + 6);
        else if (all && strncmp(line, "gone ", 5) == 0)
            cu_buf_fmt(out, "%s\n", line + 5);
    }
    return cu_buf_err(out);
}

cu_err cu_signer_saw(int fd, cu_bytes note, uint64_t *had, cu_fault *f)
{
    char line[512];
    unsigned long long n;
    cu_buf request CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX + 64);
    cu_buf_fmt(&request, "saw %zu\n", note.n);
    cu_buf_add(&request, note);
    CU_TRY(ask(fd, &request, line, sizeof line, f));
    if (sscanf(line, "adopted %llu", &n) == 1 || sscanf(line, "known %llu", &n) == 1) {
        *had = n;
        return CU_OK;
    }
    if (strcmp(line, "error fork") == 0)
        return cu_fail(f, CU_CORRUPT, "there is a fork: the signer signed another tree of the same size");
    return cu_fail(f, strcmp(line, "error signature") == 0 ? CU_SIGNATURE : CU_IO, "the signer did not take a checkpoint: %.100s", line);
}

cu_err cu_signer_rotate(int fd, uint64_t overlap_s, char old_pk[65], char new_pk[65], cu_fault *f)
{
    char line[512];
    cu_buf request CU_CLEAN_BUF = CU_BUF(64);
    cu_buf_fmt(&request, "rotate %llu\n", (unsigned long long)overlap_s);
    CU_TRY(ask(fd, &request, line, sizeof line, f));
    if (sscanf(line, "rotated %64[0-9a-f] %64[0-9a-f]", old_pk, new_pk) == 2)
        return CU_OK;
    if (strcmp(line, "error state") == 0)
        return cu_fail(f, CU_STATE, "the key before is still being replaced; wait until its overlap is over");
    return cu_fail(f, CU_IO, "the signer did not replace its key: %.100s", line);
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
    cu_buf request CU_CLEAN_BUF = CU_BUF(65536);
    cu_hex(hex, cp->root.b, 32);
    cu_buf_fmt(&request, "sign %s %llu %s %zu\n", cp->origin, (unsigned long long)cp->size, hex, proof_n);
    for (size_t i = 0; i < proof_n; i++) {
        cu_hex(hex, proof[i].b, 32);
        cu_buf_fmt(&request, "%s\n", hex);
    }
    CU_TRY(ask(fd, &request, line, sizeof line, f));
    if (sscanf(line, "state %llu", &n) == 1) {
        *known_size = n;
        return CU_STATE;
    }
    if (strcmp(line, "error lost") == 0)
        return cu_fail(f, CU_CORRUPT, "the signer signed for %.150s before and has lost its memory of it; it signs again when it is shown "
                       "a checkpoint of its own", cp->origin);
    if (sscanf(line, "note %llu", &n) != 1 || n > CU_NOTE_MAX)
        return cu_fail(f, CU_IO, "the signer refused: %.200s", line);
    return receive_note(fd, n, note);
}
