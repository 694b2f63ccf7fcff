/* custos witness: cosigns the checkpoints of others' logs. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/digest.h"
#include "base/file.h"
#include "ledger/witness.h"
#include "serve/witness_http.h"
#include "verb.h"

#define KEY_MAX 1024u

static volatile int stop;

static void on_signal(int number)
{
    stop = 1;
}

/* Key and state belong together: a key that finds another state, or none, would sign anew from nothing.
 * A second line of the key's file names the state. */
static cu_err bind_state(const char *key_path, int dirfd, cu_buf *key, cu_fault *f)
{
    cu_buf id CU_CLEAN_BUF = CU_BUF(64);
    size_t at = cu_find(cu_buf_view(key), CU_LIT("\nstate "), 0);
    cu_err e = cu_file_read(dirfd, "id", &id);
    if (at != (size_t)-1) {
        cu_bytes want = cu_slice(cu_buf_view(key), at + 7, key->n);
        if (e == CU_OK && cu_eq(want, cu_buf_view(&id)))
            return CU_OK;
        return cu_fail(f, CU_STATE, "this key signed with another state folder, or its state is lost: a witness that forgot could sign a fork. "
                       "Bring the folder back, or make a new key");
    }
    if (e == CU_NOT_FOUND) {
        uint8_t raw[16];
        char hex[33];
        cu_random(raw, sizeof raw);
        cu_hex(hex, raw, sizeof raw);
        cu_buf_fmt(&id, "%s\n", hex);
        e = cu_file_replace(dirfd, "id", cu_buf_view(&id), 0600);
    }
    cu_buf_fmt(key, "%sstate ", key->n && key->p[key->n - 1] == '\n' ? "" : "\n");
    cu_buf_add(key, cu_buf_view(&id));
    if (e == CU_OK)
        e = cu_buf_err(key);
    if (e == CU_OK)
        e = cu_file_replace(AT_FDCWD, key_path, cu_buf_view(key), 0600);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "%.200s: %s", key_path, cu_err_text(e));
}

static cu_err load_key(const char *path, const char *name, cu_buf *key, cu_fault *f)
{
    struct stat st;
    cu_err e = cu_file_read(AT_FDCWD, path, key);
    if (e == CU_NOT_FOUND && !name)
        return cu_fail(f, CU_NOT_FOUND, "%.200s is not there; with --name NAME a key is made", path);
    if (e == CU_NOT_FOUND) {
        if (!*name || strlen(name) > 150 || strpbrk(name, "+ \t\r\n"))
            return cu_fail(f, CU_CONFIG, "--name is a name without blanks and +, best a host name of yours");
        CU_TRY(cu_witness_key_new(name, key));
        e = cu_file_replace(AT_FDCWD, path, cu_buf_view(key), 0600);
    } else if (e == CU_OK && stat(path, &st) == 0 && (st.st_mode & 077)) {
        return cu_fail(f, CU_DENIED, "%.200s can be read by others: close it (chmod 600)", path);
    }
    return e == CU_OK ? CU_OK : cu_fail(f, e, "%.200s: %s", path, cu_err_text(e));
}

static cu_err load_logs(const char *path, cu_trust **out, cu_fault *f)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(CU_TRUST_MAX);
    cu_err e = cu_file_read(AT_FDCWD, path, &text);
    if (e != CU_OK)
        return cu_fail(f, e, "%.200s: %s", path, cu_err_text(e));
    return cu_trust_parse(cu_buf_view(&text), false, out, f);
}

static void ready(const char *listen)
{
    printf("listening on %s\n", listen);
    fflush(stdout);
}

static cu_err run_witness(const cu_run *r, cu_fault *f)
{
    const char *config = cu_run_option(r, "config"), *state = cu_run_option(r, "state"), *key_path = cu_run_option(r, "key");
    const cu_witness_listen at = {cu_run_option(r, "listen"), cu_run_option(r, "tls-cert"), cu_run_option(r, "tls-key")};
    cu_buf key CU_CLEAN_BUF = CU_BUF(KEY_MAX), vkey CU_CLEAN_BUF = CU_BUF(512);
    cu_trust *logs = NULL;
    cu_witness *w = NULL;
    if (!config || !state || !key_path || !at.listen)
        return cu_fail(f, CU_CONFIG, "--config, --state, --key and --listen are needed");
    CU_TRY(load_key(key_path, cu_run_option(r, "name"), &key, f));
    CU_TRY(cu_mkdirs(state, 0755));
    int dirfd CU_CLEAN_FD = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0)
        return cu_fail(f, cu_errno_err(errno), "%.200s: %s", state, strerror(errno));
    CU_TRY(bind_state(key_path, dirfd, &key, f));
    cu_err e = load_logs(config, &logs, f);
    if (e == CU_OK)
        e = cu_witness_open(dirfd, cu_buf_view(&key), logs, &w, f);
    if (e == CU_OK) {
        cu_witness_vkey(w, &vkey);
        printf("verifier key: %s\n", cu_buf_cstr(&vkey));
        e = cu_witness_serve(w, &at, &stop, ready, f);
    }
    cu_witness_close(w);
    cu_trust_free(logs);
    return e;
}

static int witness(const cu_run *r)
{
    const struct sigaction act = {.sa_handler = on_signal};
    cu_fault f = {0};
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    cu_err e = run_witness(r, &f);
    return e == CU_OK ? CU_EXIT_FINE : cu_run_fault(r, e, &f);
}

const cu_verb cu_verb_witness = {
    .name = "witness", .group = "prove", .operands = "", .run = witness,
    .summary = "cosign the checkpoints of others' logs",
    .details = "Speaks C2SP tlog-witness, so that any log can be witnessed, and two installations each other. It signs a checkpoint only when a "
               "proof shows that it continues what it signed before, and keeps it on disk before the signature leaves. It needs no other part "
               "of Custos; run it on another machine, with other administrators.",
    .options = {{"config", "FILE", "the logs that it signs for: lines \"log VKEY\" (the file vkey of their anchor log)"},
                {"state", "DIR", "what it signed last; it belongs to the key"},
                {"key", "FILE", "its private key, 0600"},
                {"name", "NAME", "make the key, under this name, when the file is not there"},
                {"listen", "ADDRESS", "ADDRESS:PORT or unix:PATH; plain on loopback only"},
                {"tls-cert", "FILE", "PEM, for any other address"},
                {"tls-key", "FILE", "PEM"}},
};
