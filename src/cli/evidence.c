/* custos evidence …: listings that are frozen as evidence, samples drawn from them. The daemon does the
 * work and writes the entry; rows pass through here as they come. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin.h"
#include "base/file.h"
#include "csv_cell.h"
#include "verb.h"

static void print_json(json_t *o)
{
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(o);
}

static const char *member(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

/* --- a listing on standard output --- */

static bool csv_row(const char *line, size_t n)
{
    json_t *o = json_loadb(line, n, 0, NULL);
    if (!o)
        return false;
    cu_csv_cell(member(o, "log"), ",");
    printf("%lld,", (long long)json_integer_value(json_object_get(o, "index")));
    cu_csv_cell(member(o, "ts"), ",");
    cu_csv_cell(member(o, "type"), ",");
    cu_csv_cell(member(o, "actor"), ",");
    cu_csv_cell(member(o, "id"), ",");
    cu_csv_cell(member(o, "leaf"), "\n");
    json_decref(o);
    return true;
}

/* The daemon's lines, through a pipe of ours when they are to become CSV. */
static int print_listing(const cu_run *r, const char *run_dir, const char *id)
{
    char path[200];
    long status;
    cu_fault f = {0};
    cu_buf problem CU_CLEAN_BUF = CU_BUF(1u << 20);
    bool csv = strcmp(r->format, "csv") == 0;
    FILE *to = csv ? tmpfile() : stdout;
    snprintf(path, sizeof path, "/api/v1/populations/%.60s/listing", id);
    if (!to)
        return cu_run_fail(r, CU_IO, "a temporary file could not be made: %s", strerror(errno));
    cu_err e = cu_admin_stream(run_dir, "GET", path, CU_NONE, to, &status, &problem, &f);
    bool good = e == CU_OK && status == 200;
    if (csv && good) {
        char *line = NULL;
        size_t held = 0;
        rewind(to);
        puts("log,index,ts,type,actor,id,leaf");
        for (ssize_t n; good && (n = getline(&line, &held, to)) > 0;)
            good = csv_row(line, (size_t)n);
        free(line);
    }
    if (csv)
        fclose(to);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    return good ? CU_EXIT_FINE : cu_admin_problem(r, status, &problem);
}

/* --- population --- */

static void tell_population(const json_t *all)
{
    const json_t *d = json_object_get(all, "document"), *l;
    size_t i;
    printf("Population %s: control %s, %lld rows\n  period  %s to %s\n  digest  %s\n", member(all, "id"), member(d, "control"),
           (long long)json_integer_value(json_object_get(d, "count")), member(d, "from"), member(d, "to"), member(d, "digest"));
    json_array_foreach(json_object_get(d, "logs"), i, l)
        printf("  log     %-20s %lld rows of %lld entries, %lld to %lld\n", member(l, "name"), (long long)json_integer_value(json_object_get(l, "count")),
               (long long)json_integer_value(json_object_get(l, "size")), (long long)json_integer_value(json_object_get(l, "first")),
               (long long)json_integer_value(json_object_get(l, "last")));
    printf("List it: custos evidence show %s\n", member(all, "id"));
}

static json_t *scope(const cu_run *r)
{
    json_t *in = json_object();
    static const char *const names[] = {"from", "to", "tenant"};
    for (size_t i = 0; i < 3; i++)
        if (cu_run_option(r, names[i]))
            json_object_set_new(in, names[i], json_string(cu_run_option(r, names[i])));
    return in;
}

static int population(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    json_t *in, *out;
    if (r->args_n != 1 || !cu_run_option(r, "from") || !cu_run_option(r, "to"))
        return cu_run_fail(r, CU_CONFIG, "one CONTROL, --from and --to are needed; see `custos help evidence population`");
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc)
        return rc;
    in = scope(r);
    json_object_set_new(in, "control", json_string(r->args[0]));
    rc = cu_admin_json(r, run_dir, "POST", "/api/v1/populations", in, &out);
    if (rc)
        return rc;
    if (r->json) {
        print_json(out);
        return CU_EXIT_FINE;
    }
    if (strcmp(r->format, "csv") == 0)
        rc = print_listing(r, run_dir, member(out, "id"));
    else
        tell_population(out);
    json_decref(out);
    return rc;
}

/* --- sample --- */

static int put_file(const cu_run *r, int dir, const char *name, const char *text)
{
    cu_err e = cu_file_replace(dir, name, cu_str(text), 0644);
    return e == CU_OK ? 0 : cu_run_fail(r, e, "%s: %s", name, cu_err_text(e));
}

/* DIR/ROW.json and DIR/ROW.tlog-proof. */
static int write_items(const cu_run *r, const json_t *items, const char *out)
{
    size_t i;
    json_t *k;
    cu_err e = cu_mkdirs(out, 0755);
    int dir CU_CLEAN_FD = e == CU_OK ? open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, rc = 0;
    if (dir < 0)
        return cu_run_fail(r, CU_IO, "%s: %s", out, strerror(errno));
    json_array_foreach(items, i, k) {
        char name[64];
        long long row = (long long)json_integer_value(json_object_get(k, "row"));
        snprintf(name, sizeof name, "%lld.json", row);
        rc = put_file(r, dir, name, member(k, "entry"));
        snprintf(name, sizeof name, "%lld.tlog-proof", row);
        rc = rc ? rc : put_file(r, dir, name, member(k, "proof"));
        if (rc)
            break;
    }
    return rc;
}

static json_t *sample_size(const char *size)
{
    char *end;
    long n = strtol(size, &end, 10);
    return *size && *end == 0 ? json_integer(n) : json_string(size);
}

static int draw(const cu_run *r, const char *run_dir, json_t **sample, json_t **items)
{
    const char *seed = cu_run_option(r, "seed"), *size = cu_run_option(r, "size"), *out = cu_run_option(r, "out");
    char path[120];
    json_t *in = json_pack("{s:s,s:s,s:o}", "population", r->args[0], "seed", seed, "size", sample_size(size ? size : "auto"));
    int rc = cu_admin_json(r, run_dir, "POST", "/api/v1/samples", in, sample);
    if (rc)
        return rc;
    snprintf(path, sizeof path, "/api/v1/samples/%.60s/items", member(*sample, "id"));
    rc = cu_admin_json(r, run_dir, "GET", path, NULL, items);
    return rc ? rc : out ? write_items(r, json_object_get(*items, "items"), out) : 0;
}

static int sample(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    json_t *s = NULL, *items = NULL, *k;
    size_t i;
    if (r->args_n != 1 || !cu_run_option(r, "seed"))
        return cu_run_fail(r, CU_CONFIG, "one POPULATION and --seed are needed; see `custos help evidence sample`");
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc == 0)
        rc = draw(r, run_dir, &s, &items);
    if (rc == 0 && r->json) {
        json_object_set(s, "items", json_object_get(items, "items"));
        json_dumpf(s, stdout, JSON_COMPACT);
        putchar('\n');
    } else if (rc == 0) {
        const json_t *d = json_object_get(s, "document");
        printf("Sample %s of population %s: %zu of %lld rows, seed %s\n  size    %s\n", member(s, "id"), member(d, "population"),
               json_array_size(json_object_get(items, "items")), (long long)json_integer_value(json_object_get(d, "count")), member(d, "seed"), member(d, "why"));
        json_array_foreach(json_object_get(items, "items"), i, k)
            printf("  row %-8lld %s, entry %lld\n", (long long)json_integer_value(json_object_get(k, "row")), member(k, "log"),
                   (long long)json_integer_value(json_object_get(k, "index")));
    }
    json_decref(s);
    json_decref(items);
    return rc;
}

/* --- list and show --- */

static int list(const cu_run *r)
{
    static const char *const kinds[] = {"populations", "samples", "exports"};
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096], path[64];
    int rc = cu_open_config(r, &a, &c, run_dir);
    json_t *all = json_object();
    for (size_t i = 0; i < 3 && rc == 0; i++) {
        json_t *out = NULL, *k;
        size_t n;
        snprintf(path, sizeof path, "/api/v1/%s", kinds[i]);
        rc = cu_admin_json(r, run_dir, "GET", path, NULL, &out);
        json_object_set(all, kinds[i], json_object_get(out, "items"));
        json_array_foreach(json_object_get(out, "items"), n, k) {
            const json_t *d = json_object_get(k, "document");
            if (!r->json)
                printf("%-12s %s  %s%s  %s %s\n", kinds[i], member(k, "id"), member(d, "control"), member(d, "population"), member(d, "from"), member(d, "to"));
        }
        json_decref(out);
    }
    if (rc == 0 && r->json)
        print_json(json_incref(all));
    json_decref(all);
    return rc;
}

static int show(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096], path[120];
    json_t *out;
    if (r->args_n != 1)
        return cu_run_fail(r, CU_CONFIG, "one POPULATION is needed; `custos evidence list` shows them");
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc || !cu_run_option(r, "again"))
        return rc ? rc : print_listing(r, run_dir, r->args[0]);
    snprintf(path, sizeof path, "/api/v1/populations/%.60s/check", r->args[0]);
    rc = cu_admin_json(r, run_dir, "POST", path, json_object(), &out);
    if (rc)
        return rc;
    bool same = json_is_true(json_object_get(out, "same"));
    if (r->json)
        json_dumpf(out, stdout, JSON_COMPACT);
    puts(r->json ? "" : same ? "Asked again, the logs give the same listing." : "Asked again, the logs give ANOTHER listing.");
    json_decref(out);
    return same ? CU_EXIT_FINE : CU_EXIT_FOUND;
}

#define CONFIG_OPTION {"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}

const cu_verb cu_verb_evidence_population = {
    .name = "evidence population", .group = "prove", .operands = "CONTROL", .run = population, .formats = "text|json|csv",
    .summary = "freeze the listing that an auditor tests a control with",
    .details = "Lists the sealed entries of the control (catalog/controls.yaml says which) in the period, keeps the listing, and writes an entry with "
               "the question, the range of each log, count and digest. --format csv prints the rows.",
    .options = {CONFIG_OPTION, {"from", "TIME", "beginning of the period: 2026-10-01 or 2026-10-01T00:00:00Z"}, {"to", "TIME", "its end, which is not part of it"},
                {"tenant", "NAME", "one tenant's log, or org; the organisation and all tenants otherwise"}},
};

const cu_verb cu_verb_evidence_sample = {
    .name = "evidence sample", .group = "prove", .operands = "POPULATION", .run = sample, .formats = "text|json",
    .summary = "draw rows of a population by a seed, each with its proof",
    .details = "The same seed draws the same rows on any machine; docs/formats/population.md says how, docs/auditor.md does it in ten lines of Python. "
               "An entry records it. With size auto, the number follows the control's frequency and the entry says why.",
    .options = {CONFIG_OPTION, {"seed", "TEXT", "chosen by the auditor after the population was frozen"}, {"size", "N|auto", "how many rows; auto is the default"},
                {"out", "DIR", "write each entry and its tlog-proof there"}},
};

const cu_verb cu_verb_evidence_list = {
    .name = "evidence list", .group = "prove", .operands = "", .run = list, .formats = "text|json",
    .summary = "list populations, samples and bundles that were made", .options = {CONFIG_OPTION},
};

const cu_verb cu_verb_evidence_show = {
    .name = "evidence show", .group = "prove", .operands = "POPULATION", .run = show, .formats = "text|json|csv",
    .summary = "print a frozen listing again, or ask its question again",
    .details = "The rows are JSON lines, as their digest was made; --format csv makes a table of them.\n\nWith --again: exit status 0 when the logs still give the "
               "same listing, 1 when not.",
    .options = {CONFIG_OPTION, {"again", NULL, "ask the question again and compare count and digest"}},
};
