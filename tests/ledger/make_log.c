/* make-log DIR COUNT [ROUNDS [leave | entry TYPE BODY | freeze | bulk BYTES | exchanges | pack |
 * rotate=SECONDS]]: spool, signer and sequencer at work in DIR: COUNT leaves for two
 * tenants, sequenced in ROUNDS rounds. Can be called again on the same DIR. With `leave`,
 * exchanges are left in the spool for another sequencer; with `entry TYPE BODY` one entry of the organisation. With `freeze`, a population of acme's entries and a sample of 20 of them are
 * put behind the rest, and the listing into DIR/evidence. With `bulk`, entries of about BYTES are written
 * for one tenant, many at a time; with `exchanges` requests and their answers, as a gateway writes them; with `pack` the
 * full bundles are packed at the end. With `rotate` the signer gets a new key before the last round. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "audit/population.h"
#include "base/file.h"
#include "ledger/pack.h"
#include "ledger/signer.h"

static volatile int stop;
static int listen_fd, state_fd;

static void recalled(void *arg, const char *log, uint64_t had, uint64_t now)
{
    fprintf(stderr, "recalled %s had %llu of %llu\n", log, (unsigned long long)had, (unsigned long long)now);
}

static void *signer(void *arg)
{
    cu_fault f = {0};
    if (cu_signer_run(listen_fd, state_fd, &stop, &f) != CU_OK) {
        fprintf(stderr, "signer: %s\n", f.text);
        exit(1);
    }
    return arg;
}

static int connect_signer(const char *dir)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s/s", dir);
    unlink(a.sun_path);
    listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listen_fd, (void *)&a, sizeof a) != 0 || listen(listen_fd, 4) != 0 ||
        connect(fd, (void *)&a, sizeof a) != 0)
        return -1;
    unlink(a.sun_path);
    return fd;
}

static cu_err write_leaves(cu_spool_writer *w, int from, int to)
{
    for (int i = from; i < to; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"n\":%d}", i);
        const cu_leaf_in in = {.type = CU_LIT("test.entry"), .tenant = i % 3 ? CU_LIT("acme") : CU_LIT("org"),
                               .actor = CU_LIT("test"), .body = cu_str(body)};
        CU_TRY(cu_spool_write(w, &in, NULL));
    }
    return CU_OK;
}

/* Entries of about `bytes` each, all of acme. */
static cu_err write_bulk(cu_spool_writer *w, int from, int to, int bytes)
{
    uint64_t ticket;
    char hex[2049], body[2200];
    uint8_t r[1024];
    size_t fill = bytes > 300 ? (size_t)(bytes - 290) : 8;
    for (int i = from; i < to; i++) {
        cu_random(r, fill / 2 > sizeof r ? sizeof r : fill / 2);
        cu_hex(hex, r, fill / 2 > sizeof r ? sizeof r : fill / 2);
        snprintf(body, sizeof body, "{\"n\":%d,\"x\":\"%s\"}", i, hex);
        const cu_leaf_in in = {.type = i % 10 ? CU_LIT("exchange.request") : CU_LIT("key.issued"), .tenant = CU_LIT("acme"), .actor = CU_LIT("test"),
                               .body = cu_str(body)};
        cu_err e = cu_spool_stage(w, &in, NULL, &ticket);
        if (e == CU_OK)
            continue;
        if (e != CU_TOO_BIG)
            return e;
        cu_spool_seal(w);
        CU_TRY(cu_spool_commit(w));
        cu_spool_settle(w);
        i--;
    }
    cu_spool_seal(w);
    CU_TRY(cu_spool_commit(w));
    cu_spool_settle(w);
    return CU_OK;
}

/* Stages one; when the batch is full, commits and tries again. */
static cu_err stage(cu_spool_writer *w, const char *type, const char *body, char id[CU_ID_LEN])
{
    uint64_t ticket;
    const cu_leaf_in in = {.type = cu_str(type), .tenant = CU_LIT("acme"), .actor = CU_LIT("k_4f2a90d1c3b7"), .body = cu_str(body)};
    cu_err e = cu_spool_stage(w, &in, id, &ticket);
    if (e != CU_TOO_BIG)
        return e;
    cu_spool_seal(w);
    CU_TRY(cu_spool_commit(w));
    cu_spool_settle(w);
    return cu_spool_stage(w, &in, id, &ticket);
}

/* Half of them requests, half answers; what differs from one to the next in the field differs here. */
static cu_err write_exchanges(cu_spool_writer *w, int from, int to)
{
    static const char *const models[] = {"claude-sonnet-4-5", "gpt-5.1", "claude-opus-4-5", "gemini-3-flash"};
    static const char *const clients[] = {"claude-cli/2.1.3", "cursor/1.7", "copilot/1.250.0"};
    char digest[65], commit[65], answer[65], body[2200], id[CU_ID_LEN];
    uint8_t r[64];
    cu_hex(digest, (const uint8_t *)"a bundle that is in force for on", 32);
    for (int i = from; i < to; i += 2) {
        cu_random(r, sizeof r);
        cu_hex(commit, r, 32);
        cu_hex(answer, r + 32, 32);
        unsigned bytes = 2000 + (unsigned)(r[0] << 8 | r[1]), out = r[2] + 20u;
        snprintf(body, sizeof body, "{\"api\":\"anthropic\",\"body_bytes\":%u,\"body_commit\":\"%s\",\"bundle\":\"%s\",\"client\":\"%s\",\"decision\":\"allow\","
                 "\"findings\":{%s},\"key\":\"k_4f2a90d1c3b7\",\"memo_bytes\":%u,\"model\":\"%s\",\"path\":\"/v1/messages\",\"profile\":\"standard\",\"replaced\":%u,"
                 "\"rules\":\"%s\",\"scan_us\":%u,\"scanned_bytes\":%u,\"stream\":true,\"user\":\"p_%02x%02x\",\"vendor\":\"anthropic\",\"vendor_state\":\"approved\"}",
                 bytes, commit, digest, clients[r[3] % 3], r[4] % 4 ? "" : "\"EMAIL_ADDRESS\":1", bytes / 2, models[r[5] % 4], r[4] % 4 ? 0u : 1u, digest, 40u + r[6], bytes / 2,
                 r[7] % 4, r[8]);
        CU_TRY(stage(w, "exchange.request", body, id));
        snprintf(body, sizeof body, "{\"answer_bytes\":%u,\"answer_commit\":\"%s\",\"cache_creation_tokens\":0,\"cache_read_tokens\":%u,\"events\":%u,\"exchange\":\"%s\","
                 "\"input_tokens\":%u,\"ms_gate\":%u,\"ms_total\":%u,\"output_tokens\":%u,\"restored\":0,\"spend\":%u,\"status\":200,\"stop_reason\":\"end_turn\",\"tool_calls\":%u,"
                 "\"usage\":\"reported\"}", out * 5, answer, bytes / 8, out / 3, id, bytes / 4, 1u + r[9] % 5, 400u + r[10] * 20u, out, out * 15, r[11] % 3);
        CU_TRY(stage(w, "exchange.response", body, NULL));
    }
    cu_spool_seal(w);
    CU_TRY(cu_spool_commit(w));
    cu_spool_settle(w);
    return CU_OK;
}

static cu_err seal(cu_spool_writer *w, cu_sequencer *s, const char *type, const cu_buf *body, char id[CU_ID_LEN], cu_fault *f)
{
    uint64_t took;
    const cu_leaf_in in = {.type = cu_str(type), .tenant = CU_LIT("acme"), .actor = CU_LIT("auditor"), .body = cu_buf_view(body), .id = cu_str(id)};
    CU_TRY(cu_spool_write(w, &in, id));
    return cu_sequencer_round(s, &took, f);
}

static cu_err freeze(const char *dir, const char *log, cu_spool_writer *w, cu_sequencer *s, cu_fault *f)
{
    char path[600], id[CU_ID_LEN], second[CU_ID_LEN];
    cu_buf body CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    cu_population p = {.control = CU_LIT("IAM-02"), .tenant = CU_LIT("acme"), .from = CU_LIT("2020-01-01T00:00:00.000Z"),
                       .to = CU_LIT("2090-01-01T00:00:00.000Z"), .types = {CU_LIT("exchange.request"), CU_LIT("key.issued"), CU_LIT("test.entry")}, .types_n = 3, .logs = {{.name = CU_LIT("t/acme")}},
                       .logs_n = 1};
    snprintf(path, sizeof path, "%s/evidence/populations", dir);
    CU_TRY(cu_mkdirs(path, 0755));
    cu_id_new(id);
    cu_id_new(second);
    snprintf(path, sizeof path, "%s/evidence/populations/%s.jsonl", dir, id);
    int fd CU_CLEAN_FD = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
    uint64_t start = cu_mono_ns();
    CU_TRY(cu_population_run(log, &p, fd, f));
    printf("{\"frozen_ms\":%llu,\"rows\":%llu}\n", (unsigned long long)(cu_mono_ns() - start) / 1000000, (unsigned long long)p.count);
    CU_TRY(cu_population_encode(&p, &body));
    CU_TRY(seal(w, s, "population.frozen", &body, id, f));
    cu_sample d = {.population = cu_str(id), .digest = p.digest, .count = p.count, .seed = CU_LIT("2026-Q4 7"), .why = CU_LIT("asked for 20")};
    CU_TRY(cu_sample_draw(&d, 20));
    cu_buf_reset(&body);
    CU_TRY(cu_sample_encode(&d, &body));
    return seal(w, s, "sample.drawn", &body, second, f);
}

static cu_err pack(const char *log, cu_fault *f)
{
    cu_packer *p;
    unsigned packed = 1;
    CU_TRY(cu_packer_open(log, &p, f));
    cu_err e = CU_OK;
    while (e == CU_OK && packed)
        e = cu_packer_step(p, 1000, &packed, f);
    cu_packer_close(p);
    return e;
}

static int failed(const char *what, cu_err e, const cu_fault *f)
{
    fprintf(stderr, "%s: %s %s\n", what, cu_err_text(e), f->text);
    return 1;
}

int main(int argc, char **argv)
{
    char spool[512], log[512], state[512];
    int count = argc > 2 ? atoi(argv[2]) : 100, rounds = argc > 3 ? atoi(argv[3]) : 3;
    cu_fault f = {0};
    cu_spool_writer *w;
    cu_sequencer *s;
    pthread_t t;
    uint64_t took;
    if (argc < 2)
        return 2;
    snprintf(spool, sizeof spool, "%s/spool", argv[1]);
    snprintf(log, sizeof log, "%s/log", argv[1]);
    snprintf(state, sizeof state, "%s/signer", argv[1]);
    if (cu_mkdirs(spool, 0755) || cu_mkdirs(state, 0700))
        return 2;
    state_fd = open(state, O_RDONLY | O_DIRECTORY);
    int fd, dirfd = open(spool, O_RDONLY | O_DIRECTORY);
    cu_err e = cu_spool_open(dirfd, "test", &w, &f);
    if (e == CU_OK && argc > 4 && strcmp(argv[4], "leave") == 0) {
        e = write_exchanges(w, 0, count);
        cu_spool_close(w);
        return e == CU_OK ? 0 : failed("write", e, &f);
    }
    if (e == CU_OK && argc > 6 && strcmp(argv[4], "entry") == 0) {
        const cu_leaf_in in = {.type = cu_str(argv[5]), .tenant = CU_LIT("org"), .actor = CU_LIT("test"), .body = cu_str(argv[6])};
        e = cu_spool_write(w, &in, NULL);
        cu_spool_close(w);
        return e == CU_OK ? 0 : failed("write", e, &f);
    }
    fd = connect_signer(argv[1]);
    pthread_create(&t, NULL, signer, NULL);
    const cu_sequencer_with with = {.spool_dir = spool, .log_dir = log, .origin_base = "custos.test/0", .signer_fd = fd,
                                    .on_recalled = recalled};
    const char *rotate = argc > 4 && strncmp(argv[4], "rotate=", 7) == 0 ? argv[4] + 7 : NULL;
    if (e == CU_OK)
        e = cu_sequencer_open(&with, &s, &f);
    if (e != CU_OK)
        return failed("open", e, &f);
    bool exchanges = argc > 4 && strcmp(argv[4], "exchanges") == 0, bulk = exchanges || (argc > 5 && strcmp(argv[4], "bulk") == 0);
    for (int r = 0; r < rounds && e == CU_OK; r++) {
        int from = (int)((long)count * r / rounds), to = (int)((long)count * (r + 1) / rounds);
        char old_pk[65], new_pk[65];
        if (rotate && r == rounds - 1)
            e = cu_signer_rotate(fd, strtoull(rotate, NULL, 10), old_pk, new_pk, &f);
        if (e == CU_OK)
            e = exchanges ? write_exchanges(w, from, to) : bulk ? write_bulk(w, from, to, atoi(argv[5])) : write_leaves(w, from, to);
        if (e == CU_OK)
            e = cu_sequencer_round(s, &took, &f);
    }
    for (took = 1; bulk && e == CU_OK && took;)
        e = cu_sequencer_round(s, &took, &f);
    if (e == CU_OK && argc > 4 && strcmp(argv[4], "freeze") == 0)
        e = freeze(argv[1], log, w, s, &f);
    if (e != CU_OK)
        return failed("round", e, &f);
    cu_spool_close(w);
    if ((e = cu_sequencer_round(s, &took, &f)) != CU_OK || (e = cu_sequencer_round(s, &took, &f)) != CU_OK)
        return failed("last round", e, &f);
    if (argc > 4 && strcmp(argv[4], "pack") == 0 && (e = pack(log, &f)) != CU_OK)
        return failed("pack", e, &f);
    cu_sequencer_close(s);
    close(fd);
    stop = 1;
    pthread_join(t, NULL);
    return 0;
}
