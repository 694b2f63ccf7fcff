/* custos status: every child and the head of the log, when asked or as soon as all is well. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "desk_answer.h"

/* Upstreams that do not answer, and vendors that are not asked: the gateway writes a line for each,
 * VENDOR INDEX RESTS-UNTIL, and VENDOR - NOT-ASKED-UNTIL. */
static json_t *resting(const char *run_dir, bool vendors)
{
    char path[4200], *at = NULL;
    cu_buf file CU_CLEAN_BUF = CU_BUF((size_t)1 << 20);
    json_t *all = json_array();
    snprintf(path, sizeof path, "%s/upstreams", run_dir);
    if (cu_file_read(AT_FDCWD, path, &file) != CU_OK || !file.n)
        return all;
    for (char *line = strtok_r((char *)(uintptr_t)cu_buf_cstr(&file), "\n", &at); line; line = strtok_r(NULL, "\n", &at)) {
        char vendor[64], which[16];
        long long until;
        if (sscanf(line, "%63s %15s %lld", vendor, which, &until) != 3 || until <= (long long)time(NULL) || vendors != (which[0] == '-'))
            continue;
        json_t *one = json_pack("{s:s, s:I}", "vendor", vendor, "until", (json_int_t)until);
        if (!vendors)
            json_object_set_new(one, "upstream", json_integer(atoi(which)));
        json_array_append_new(all, one);
    }
    return all;
}

/* What the supervisor and the daemon say, in one object; NULL when nothing runs. */
static json_t *gather(const char *run_dir, bool *ready)
{
    char path[4200];
    cu_buf file CU_CLEAN_BUF = CU_BUF(65536), out CU_CLEAN_BUF = CU_BUF((size_t)4 << 20);
    cu_fault f;
    long status;
    size_t i;
    json_t *k;
    *ready = false;
    snprintf(path, sizeof path, "%s/status.json", run_dir);
    if (cu_file_read(AT_FDCWD, path, &file) != CU_OK)
        return NULL;
    json_t *all = json_loadb((const char *)file.p, file.n, 0, NULL), *daemon = NULL;
    if (all && kill((pid_t)json_integer_value(json_object_get(all, "pid")), 0) != 0 && getuid() == 0) {
        json_decref(all); /* left behind by one that was killed */
        return NULL;
    }
    if (cu_admin_call(run_dir, "GET", "/api/v1/status", CU_NONE, &status, &out, &f) == CU_OK && status == 200)
        daemon = json_loadb((const char *)out.p, out.n, 0, NULL);
    const char *state = json_string_value(json_object_get(all, "state"));
    *ready = daemon && state && strcmp(state, "running") == 0;
    json_array_foreach(json_object_get(all, "children"), i, k)
        *ready &= strcmp(json_string_value(json_object_get(k, "state")), "running") == 0;
    if (daemon)
        json_object_update(all, daemon);
    json_decref(daemon);
    if (all) {
        json_object_set_new(all, "upstreams_resting", resting(run_dir, false));
        json_object_set_new(all, "routes_open", resting(run_dir, true));
    }
    return all;
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static void print_attest(const json_t *all)
{
    size_t i;
    json_t *k;
    const json_t *w = json_object_get(all, "witness"), *t = json_object_get(all, "timestamps");
    if (w && json_integer_value(json_object_get(w, "size")))
        printf("  witnessed    %lld entries of the log anchor by %s, at %s\n", (long long)json_integer_value(json_object_get(w, "size")),
               text_of(w, "quorum"), text_of(w, "at"));
    else if (w)
        printf("  witnessed    not yet; needed is %s\n", text_of(w, "quorum"));
    json_array_foreach(json_object_get(w, "witnesses"), i, k) {
        const char *state = text_of(k, "state");
        printf("  %-12s %s: %s", strcmp(state, "conflict") == 0 ? "INCIDENT" : *text_of(k, "error") ? "trouble" : "witness", text_of(k, "name"), state);
        if (json_integer_value(json_object_get(k, "size")))
            printf(", %lld entries at %s", (long long)json_integer_value(json_object_get(k, "size")), text_of(k, "at"));
        if (*text_of(k, "error"))
            printf("; since %s: %s", text_of(k, "since"), text_of(k, "error"));
        putchar('\n');
    }
    if (t && *text_of(t, "at"))
        printf("  time stamp   %lld entries of the log anchor, at %s\n", (long long)json_integer_value(json_object_get(t, "size")), text_of(t, "at"));
    if (t && *text_of(t, "error"))
        printf("  trouble      no time stamps since %s: %s\n", text_of(t, "since"), text_of(t, "error"));
}

static void print_text(const json_t *all)
{
    size_t i;
    json_t *k;
    printf("custos %s: %s\n", text_of(all, "version"), text_of(all, "state"));
    json_array_foreach(json_object_get(all, "children"), i, k)
        printf("  %-8s %-8s pid %-7lld restarts %lld\n", text_of(k, "name"), text_of(k, "state"),
               (long long)json_integer_value(json_object_get(k, "pid")), (long long)json_integer_value(json_object_get(k, "restarts")));
    json_array_foreach(json_object_get(all, "logs"), i, k)
        printf("  log %-12s %8lld entries  root %.16s…\n", text_of(k, "name"), (long long)json_integer_value(json_object_get(k, "size")),
               text_of(k, "root"));
    print_attest(all);
    const json_t *leaks = json_object_get(json_object_get(all, "isolation"), "leak_suspected");
    if (json_integer_value(json_object_get(leaks, "count")))
        printf("  INCIDENT     code of one tenant in answers to another: %lld, last at %s; see isolation.leak_suspected in the log org\n",
               (long long)json_integer_value(json_object_get(leaks, "count")), text_of(leaks, "last"));
    printf("  log_dir      %s\n  console_url  %s\n", text_of(all, "log_dir"), text_of(all, "console_url"));
    json_array_foreach(json_object_get(all, "vendors_unresolved"), i, k)
        printf("  trouble      vendor %s: its host name does not resolve; its requests are refused until it does\n",
               json_string_value(k));
    json_array_foreach(json_object_get(all, "vendors_private"), i, k)
        printf("  trouble      vendor %s: its host name leads to addresses that are not public; its requests are refused\n",
               json_string_value(k));
    json_array_foreach(json_object_get(all, "upstreams_resting"), i, k)
        printf("  trouble      vendor %s: upstream %lld fails and is left alone for some seconds (0 is base_url)\n", text_of(k, "vendor"),
               (long long)json_integer_value(json_object_get(k, "upstream")));
    json_array_foreach(json_object_get(all, "routes_open"), i, k)
        printf("  trouble      vendor %s: it does not answer; requests are refused for some seconds, then one is tried\n", text_of(k, "vendor"));
    json_array_foreach(json_object_get(all, "upstreams"), i, k)
        if (strcmp(text_of(k, "state"), "up") != 0)
            printf("  %-12s vendor %s: upstream %lld is %s%s%s\n", strcmp(text_of(k, "state"), "down") == 0 ? "trouble" : "check", text_of(k, "vendor"),
                   (long long)json_integer_value(json_object_get(k, "upstream")), text_of(k, "state"), text_of(k, "reason")[0] ? ": " : "", text_of(k, "reason"));
    if (text_of(json_object_get(all, "bundle"), "refused")[0])
        printf("  trouble      the gateway refused a policy bundle at %s and keeps the one before; its reason is in the log\n",
               text_of(json_object_get(all, "bundle"), "refused"));
    if (text_of(all, "trouble")[0])
        printf("  trouble      %s\n", text_of(all, "trouble"));
}

static int then(const cu_run *r, const char *when)
{
    char path[120];
    size_t i;
    json_t *all, *k;
    if (strspn(when, "0123456789TZ:.-") != strlen(when))
        return cu_run_fail(r, CU_CONFIG, "--as-of is a time like 2026-11-26T09:00:00Z or the number of an entry of the log anchor");
    snprintf(path, sizeof path, "/api/v1/status?as_of=%.40s", when);
    int rc = cu_desk_answer(r, "GET", path, CU_NONE, &all);
    if (rc)
        return rc;
    if (r->json) {
        json_decref(all);
        return CU_EXIT_FINE;
    }
    printf("as of %s\n", text_of(all, "as_of"));
    json_array_foreach(json_object_get(all, "logs"), i, k)
        printf("  log %-12s %8lld entries  root %.16s…  signed %s\n", text_of(k, "name"), (long long)json_integer_value(json_object_get(k, "size")),
               text_of(k, "root"), text_of(k, "at"));
    json_decref(all);
    return CU_EXIT_FINE;
}

static int status(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    const char *wait = cu_run_option(r, "wait");
    bool ready;
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc)
        return rc;
    if (cu_run_option(r, "as-of"))
        return then(r, cu_run_option(r, "as-of"));
    uint64_t until = cu_mono_ns() + (wait ? strtoull(wait, NULL, 10) : 0) * 1000000000ull;
    json_t *all = gather(run_dir, &ready);
    while (!ready && cu_mono_ns() < until) {
        usleep(100000);
        json_decref(all);
        all = gather(run_dir, &ready);
    }
    if (!all)
        return cu_run_fail(r, CU_STATE, "Custos is not running with the state directory %s; start it with custos serve", c.state_dir);
    if (r->json) {
        json_dumpf(all, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        print_text(all);
    }
    json_decref(all);
    return ready ? CU_EXIT_FINE : CU_EXIT_FOUND;
}

const cu_verb cu_verb_status = {
    .name = "status", .group = "guard", .operands = "", .run = status, .formats = "text|json",
    .summary = "show what runs, and the heads of the logs",
    .details = "Exit status 0: all parts run. 1: something is not ready. 2: nothing runs.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"},
                {"as-of", "TIME", "heads of the logs as they were then: a time, or the number of an entry of the log anchor"},
                {"wait", "SECONDS", "wait until all parts run, at most this long"}},
};
