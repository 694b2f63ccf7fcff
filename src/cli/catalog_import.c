/* custos catalog import: wordings of criteria that a customer has a licence for, and cross-maps of the customer's own, as
 * files of the folder that `catalog` in custos.yaml names. Nothing of the kind is shipped. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "catalog/overlay.h"
#include "catalog/rules.h"
#include "comply/wordings.h"
#include "table_file.h"
#include "verb.h"
#include "verbs.h"

#define OUT_MAX ((size_t)8 << 20)

typedef struct {
    const cu_run *r;
    const cu_catalogue *c;
    cu_buf texts[CU_CRITERIA_MAX]; /* of criteria, in the catalogue's order */
    size_t taken, unknown;
    cu_err err;
} reader;

/* --- a table --- */

static cu_err texts_of_table(reader *d, const char *path, cu_arena *a, cu_fault *f)
{
    table_file t;
    CU_TRY(table_open(path, a, &t, f));
    size_t id = table_column(&t, "id"), text = table_column(&t, "text");
    if (id == SIZE_MAX || text == SIZE_MAX)
        return cu_fail(f, CU_SYNTAX, "the first row must name the columns id and text");
    for (uint32_t row = 1; row <= t.rows; row++) {
        char name[41];
        cu_bytes v = table_cell(&t, row, text);
        snprintf(name, sizeof name, "%.*s", (int)(table_cell(&t, row, id).n < 40 ? table_cell(&t, row, id).n : 40), (const char *)table_cell(&t, row, id).p);
        size_t i = cu_criterion_spelled(d->c, name);
        if (i == SIZE_MAX)
            return cu_fail(f, CU_NOT_FOUND, "row %u: there is no criterion %.40s", row + 1, name);
        if (!v.n || d->texts[i].n)
            return cu_fail(f, CU_SYNTAX, "row %u: %.40s has %s", row + 1, name, v.n ? "a text already" : "no text");
        cu_buf_add(&d->texts[i], v);
        d->taken++;
    }
    return CU_OK;
}

/* --- writing --- */

static cu_err put_texts(reader *d, cu_buf *out, cu_fault *f)
{
    cu_buf_str(out, "# Made by custos catalog import. The wordings belong to their owner; keep this file to those whom your licence covers.\ncriteria:\n");
    for (size_t i = 0; i < d->c->criteria_n; i++) {
        if (cu_buf_err(&d->texts[i]) != CU_OK || d->texts[i].n > CU_OFFICIAL_MAX)
            return cu_fail(f, CU_TOO_BIG, "%.*s has a text of more than %u bytes", CU_FMT(d->c->criteria[i].id), CU_OFFICIAL_MAX);
        if (!d->texts[i].n)
            continue;
        cu_buf_fmt(out, "  - id: %.*s\n    official: ", CU_FMT(d->c->criteria[i].id));
        cu_buf_json_string(out, cu_buf_view(&d->texts[i])); /* a string of JSON is one of YAML */
        cu_buf_byte(out, '\n');
    }
    return cu_buf_err(out);
}

static bool is_framework(const char *s)
{
    size_t n = s ? strlen(s) : 0;
    return n > 0 && n <= 40 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

/* Columns control and id, a row for each pair. */
static cu_err put_mappings(reader *d, const char *path, cu_arena *a, cu_buf *out, cu_fault *f)
{
    table_file t;
    const char *framework = cu_run_option(d->r, "framework"), *title = cu_run_option(d->r, "title");
    if (!is_framework(framework) || !title || !*title)
        return cu_fail(f, CU_CONFIG, "--framework (a-z, 0-9 and _) and --title, its name, are needed");
    CU_TRY(table_open(path, a, &t, f));
    size_t control = table_column(&t, "control"), id = table_column(&t, "id");
    if (control == SIZE_MAX || id == SIZE_MAX)
        return cu_fail(f, CU_SYNTAX, "the first row must name the columns control and id");
    for (uint32_t row = 1; row <= t.rows; row++)
        if (!cu_control_find(d->c, table_cell(&t, row, control)) || !table_cell(&t, row, id).n)
            return cu_fail(f, CU_NOT_FOUND, "row %u: there is no control %.40s, or no id", row + 1, cu_arena_str(a, table_cell(&t, row, control)));
    cu_buf_fmt(out, "# Made by custos catalog import.\nframeworks:\n  %s: ", framework);
    cu_buf_json_string(out, cu_str(title));
    cu_buf_str(out, "\ncontrols:\n");
    for (size_t k = 0; k < d->c->controls_n; k++) {
        size_t n = 0;
        for (uint32_t row = 1; row <= t.rows; row++) {
            if (!cu_eq(table_cell(&t, row, control), d->c->controls[k].id))
                continue;
            if (n++ == 0)
                cu_buf_fmt(out, "  - id: %.*s\n    mappings:\n      %s: [", CU_FMT(d->c->controls[k].id), framework);
            cu_buf_str(out, n > 1 ? ", " : "");
            cu_buf_json_string(out, table_cell(&t, row, id));
            d->taken++;
        }
        cu_buf_str(out, n ? "]\n" : "");
    }
    return cu_buf_err(out);
}

/* The file, unless the catalogue with it is wrong; then it is as it was. */
static cu_err lay(const reader *d, const char *name, cu_bytes content, cu_fault *f)
{
    char path[4200];
    struct stat st;
    cu_arena a CU_CLEAN_ARENA;
    cu_events *events;
    cu_catalogue *c;
    const char *dir = cu_run_option(d->r, "out"), *shipped = cu_catalog_dir();
    snprintf(path, sizeof path, "%.4000s/%s", dir, name);
    if (stat(path, &st) == 0)
        return cu_fail(f, CU_EXISTS, "%.200s is there already: what it holds may be yours. Move it away, or merge by hand", path);
    if (mkdir(dir, 0755) != 0 && stat(dir, &st) != 0)
        return cu_fail(f, CU_IO, "%.200s cannot be made", dir);
    cu_arena_init(&a, (size_t)64 << 20);
    CU_TRY(cu_file_replace(AT_FDCWD, path, content, 0640));
    cu_err e = cu_overlay_use(shipped, dir, f);
    if (e == CU_OK)
        e = cu_events_load(shipped, &a, &events, f);
    if (e == CU_OK)
        e = cu_catalogue_load(shipped, events, &a, &c, f);
    if (e != CU_OK)
        (void)unlink(path);
    return e;
}

static cu_err import(reader *d, cu_arena *a, cu_buf *out, const char **name, cu_fault *f)
{
    const char *kind = cu_run_option(d->r, "kind"), *path = d->r->args[0];
    if (kind && strcmp(kind, "mappings") == 0) {
        *name = "controls.yaml";
        return put_mappings(d, path, a, out, f);
    }
    if (!kind || strcmp(kind, "criteria") != 0)
        return cu_fail(f, CU_CONFIG, "--kind is criteria or mappings");
    *name = "criteria.yaml";
    cu_buf file CU_CLEAN_BUF = CU_BUF(CU_QFILE_MAX);
    CU_TRY(table_bytes(path, &file, f));
    cu_bytes b = cu_buf_view(&file);
    while (b.n && strchr(" \t\r\n", b.p[0]))
        b = cu_slice(b, 1, b.n);
    if (b.n && b.p[0] == '{')
        CU_TRY(cu_wordings_of_oscal(d->c, b, d->texts, &d->taken, &d->unknown, f));
    else
        CU_TRY(texts_of_table(d, path, a, f));
    return put_texts(d, out, f);
}

static int run(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_fault f = {0};
    cu_events *events;
    cu_catalogue *c;
    const char *name = NULL, *dir = cu_catalog_dir();
    cu_buf out CU_CLEAN_BUF = CU_BUF(OUT_MAX);
    if (r->args_n != 1 || !cu_run_option(r, "out"))
        return cu_run_fail(r, CU_CONFIG, "a file and --out, the folder that catalog in custos.yaml names, are needed");
    if (!dir)
        return cu_run_fail(r, CU_NOT_FOUND, "the catalogue is not beside the program; set CUSTOS_CATALOG");
    cu_arena_init(&a, CU_QARENA);
    reader *d = calloc(1, sizeof *d);
    cu_err e = d ? cu_events_load(dir, &a, &events, &f) : CU_NOMEM;
    if (e == CU_OK)
        e = cu_catalogue_load(dir, events, &a, &c, &f);
    for (size_t i = 0; d && i < CU_CRITERIA_MAX; i++)
        d->texts[i] = CU_BUF(CU_OFFICIAL_MAX + 1);
    if (e == CU_OK) {
        d->r = r;
        d->c = c;
        e = import(d, &a, &out, &name, &f);
    }
    if (e == CU_OK)
        e = lay(d, name, cu_buf_view(&out), &f);
    int rc = e == CU_OK ? CU_EXIT_FINE : cu_run_fault(r, e, &f);
    if (e == CU_OK && r->json)
        printf("{\"taken\":%zu,\"unknown\":%zu,\"file\":\"%s\"}\n", d->taken, d->unknown, name);
    else if (e == CU_OK)
        printf("%zu taken%s; %s/%s is written. Name the folder as catalog in custos.yaml, and start Custos again.\n", d->taken,
               d->unknown ? ", others have the id of no criterion" : "", cu_run_option(r, "out"), name);
    for (size_t i = 0; d && i < CU_CRITERIA_MAX; i++)
        cu_buf_free(&d->texts[i]);
    free(d);
    return rc;
}

const cu_verb cu_verb_catalog_import = {
    .name = "catalog import", .group = "prepare", .operands = "FILE", .run = run, .formats = "text|json",
    .summary = "take in wordings of criteria that you have a licence for, or a cross-map of your own",
    .details = "Custos ships ids and titles of its own, and no wording of a standard. FILE is CSV (criteria: columns id and text; mappings: columns control and id, a "
               "row for each pair) or, for criteria, an OSCAL catalog in JSON, whose controls have the id or the label of a criterion; their statements are taken. "
               "The result is criteria.yaml or controls.yaml in --out; a file that is there is never changed. An unknown criterion or control is refused with its row.",
    .options = {{"kind", "criteria|mappings", "what FILE holds"}, {"out", "DIR", "folder of your own catalogue"}, {"framework", "ID", "of mappings: the framework, such as bsi_c5"},
                {"title", "TEXT", "of mappings: its name"}},
};
