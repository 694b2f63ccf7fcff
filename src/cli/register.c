/* custos register …: what the registers hold, and the steps that people take in them. */
#include <stdlib.h>
#include <string.h>
#include "desk_answer.h"
#include "table_file.h"

#define ANSWER_MAX ((size_t)32 << 20)

/* A value in a query: everything but letters, digits and a few signs as %XX. */
static void put_escaped(cu_buf *b, const char *s)
{
    for (; *s; s++)
        if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || strchr("-_.:", *s))
            cu_buf_byte(b, (uint8_t)*s);
        else
            cu_buf_fmt(b, "%%%02X", (unsigned char)*s);
}

static void put_query(cu_buf *b, const cu_run *r, const char *option, const char *name)
{
    const char *v = cu_run_option(r, option);
    if (v) {
        cu_buf_fmt(b, "%c%s=", strchr(cu_buf_cstr(b), '?') ? '&' : '?', name);
        put_escaped(b, v);
    }
}

static int show_json(json_t *v)
{
    json_dumpf(v, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(v);
    return CU_EXIT_FINE;
}

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static void put_value(const json_t *v)
{
    char *s = json_is_string(v) ? NULL : json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    printf("%s", s ? s : json_is_string(v) ? json_string_value(v) : "");
    free(s);
}

/* --- list --- */

static int list_registers(const cu_run *r)
{
    cu_buf path CU_CLEAN_BUF = CU_BUF(256);
    json_t *all, *x, *n;
    size_t i;
    const char *state;
    cu_buf_str(&path, "/api/v1/registers");
    int rc = cu_desk_ask(r, "GET", cu_buf_cstr(&path), CU_NONE, &all);
    if (rc || r->json)
        return rc ? rc : show_json(all);
    json_array_foreach(json_object_get(all, "registers"), i, x) {
        printf("%-16s %s", text_of(x, "name"), text_of(x, "means"));
        json_object_foreach(json_object_get(x, "counts"), state, n)
            printf("; %lld %s", json_integer_value(n), state);
        putchar('\n');
    }
    json_decref(all);
    return CU_EXIT_FINE;
}

static int list(const cu_run *r)
{
    cu_buf path CU_CLEAN_BUF = CU_BUF(4096);
    json_t *all, *x, *v;
    size_t i;
    const char *key;
    if (r->args_n == 0)
        return list_registers(r);
    cu_buf_str(&path, "/api/v1/records?register=");
    put_escaped(&path, r->args[0]);
    put_query(&path, r, "state", "state");
    put_query(&path, r, "tenant", "tenant");
    put_query(&path, r, "as-of", "as_of");
    cu_buf_str(&path, "&limit=1000");
    if (cu_run_option(r, "open"))
        cu_buf_str(&path, "&open=yes");
    int rc = cu_desk_ask(r, "GET", cu_buf_cstr(&path), CU_NONE, &all);
    if (rc || r->json)
        return rc ? rc : show_json(all);
    json_array_foreach(json_object_get(all, "items"), i, x) {
        printf("%-14s %-10s %.10s", text_of(x, "id"), text_of(x, "state"), text_of(x, "at"));
        json_object_foreach(json_object_get(x, "fields"), key, v)
            if (strcmp(key, r->args[0]) != 0 && (!json_is_string(v) || json_string_length(v))) {
                printf("  %s: ", key);
                put_value(v);
            }
        putchar('\n');
    }
    json_decref(all);
    return CU_EXIT_FINE;
}

/* --- show --- */

static int show(const cu_run *r)
{
    cu_buf path CU_CLEAN_BUF = CU_BUF(4096);
    json_t *one, *v;
    size_t i;
    const char *key;
    if (r->args_n != 2)
        return cu_run_fail(r, CU_CONFIG, "a register and the id of a record are needed, such as: finding F-1");
    cu_buf_fmt(&path, "/api/v1/records/%.60s/%.79s", r->args[0], r->args[1]);
    put_query(&path, r, "as-of", "as_of");
    int rc = cu_desk_ask(r, "GET", cu_buf_cstr(&path), CU_NONE, &one);
    if (rc || r->json)
        return rc ? rc : show_json(one);
    printf("%s %s, %s\n", text_of(one, "register"), text_of(one, "id"), text_of(one, "state"));
    json_object_foreach(json_object_get(one, "fields"), key, v) {
        printf("  %-14s ", key);
        put_value(v);
        putchar('\n');
    }
    json_array_foreach(json_object_get(one, "steps"), i, v)
        printf("  %s  %-24s %-20s %s entry %lld\n", text_of(v, "at"), text_of(v, "type"), text_of(v, "by"), text_of(json_object_get(v, "entry"), "log"),
               json_integer_value(json_object_get(json_object_get(v, "entry"), "index")));
    json_decref(one);
    return CU_EXIT_FINE;
}

/* --- step --- */

/* FIELD=VALUE; FIELD:=JSON for numbers, lists and objects. */
static bool put_field(json_t *fields, const char *arg)
{
    const char *eq = strchr(arg, '=');
    if (!eq || eq == arg)
        return false;
    bool literal = eq[-1] == ':';
    char name[129];
    int n = snprintf(name, sizeof name, "%.*s", (int)(eq - arg - literal), arg);
    json_t *v = literal ? json_loads(eq + 1, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL) : json_string(eq + 1);
    return n > 0 && n < (int)sizeof name && v && json_object_set_new(fields, name, v) == 0;
}

static int step(const cu_run *r)
{
    cu_buf path CU_CLEAN_BUF = CU_BUF(64);
    json_t *in = json_object(), *fields = json_object(), *one = NULL;
    if (r->args_n < 1)
        return cu_run_fail(r, CU_CONFIG, "the type of a step is needed, such as: finding.opened title=… (custos register list --format json names all)");
    json_object_set_new(in, "type", json_string(r->args[0]));
    json_object_set_new(in, "fields", fields);
    if (cu_run_option(r, "tenant"))
        json_object_set_new(in, "tenant", json_string(cu_run_option(r, "tenant")));
    for (int i = 1; i < r->args_n; i++)
        if (!put_field(fields, r->args[i])) {
            json_decref(in);
            return cu_run_fail(r, CU_CONFIG, "%.100s is not FIELD=VALUE (or FIELD:=JSON)", r->args[i]);
        }
    char *body = json_dumps(in, JSON_COMPACT);
    json_decref(in);
    if (!body)
        return cu_run_fail(r, CU_UTF8, "a value is not valid UTF-8");
    cu_buf_str(&path, "/api/v1/records");
    int rc = cu_desk_ask(r, "POST", cu_buf_cstr(&path), cu_str(body), &one);
    free(body);
    if (rc || r->json)
        return rc ? rc : show_json(one);
    printf("%s %s is %s (%s, entry %lld)\n", text_of(one, "register"), text_of(one, "id"), text_of(one, "state"),
           text_of(json_object_get(one, "entry"), "log"), json_integer_value(json_object_get(json_object_get(one, "entry"), "index")));
    json_decref(one);
    return CU_EXIT_FINE;
}

/* --- import --- */

#define IMPORT_ROWS 5000u

/* One row as a step. Empty cells are left out. */
static json_t *row_step(const table_file *t, uint32_t row, const char *type)
{
    json_t *fields = json_object();
    for (size_t i = 0; i < t->columns; i++) {
        cu_bytes v = table_cell(t, row, i);
        char name[129];
        snprintf(name, sizeof name, "%.*s", CU_FMT(t->names[i]));
        if (v.n)
            json_object_set_new(fields, name, json_stringn((const char *)v.p, v.n));
    }
    return json_pack("{s:s,s:o}", "type", type, "fields", fields);
}

/* 0 taken, 1 refused (said), else the exit status of what ends the import. */
static int take_row(const cu_run *r, const table_file *t, uint32_t row, const char *run_dir)
{
    cu_buf out CU_CLEAN_BUF = CU_BUF(ANSWER_MAX);
    cu_fault f = {0};
    long status = 0;
    json_t *in = row_step(t, row, r->args[0]);
    char *body = json_dumps(in, JSON_COMPACT);
    json_decref(in);
    cu_err e = body ? cu_admin_call(run_dir, "POST", "/api/v1/records", cu_str(body), &status, &out, &f) : CU_UTF8;
    free(body);
    if (e != CU_OK && e != CU_UTF8)
        return cu_run_fault(r, e, &f);
    if (status == 201)
        return 0;
    json_t *why = json_loadb((const char *)out.p, out.n, 0, NULL);
    fprintf(stderr, "row %u: %s\n", row + 1, e == CU_UTF8 ? "is not valid UTF-8" : text_of(why, "detail"));
    json_decref(why);
    return 1;
}

static int import(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0}, cells CU_CLEAN_ARENA;
    cu_config c;
    char run_dir[4096];
    table_file t;
    cu_fault f = {0};
    unsigned taken = 0, refused = 0;
    cu_arena_init(&cells, CU_QARENA);
    if (r->args_n != 2)
        return cu_run_fail(r, CU_CONFIG, "the type of a step and a file are needed, such as: training.completed training.csv");
    int rc = cu_open_config(r, &a, &c, run_dir);
    cu_err e = rc ? CU_OK : table_open(r->args[1], &cells, &t, &f);
    if (rc || e != CU_OK)
        return rc ? rc : cu_run_fault(r, e, &f);
    if (t.rows > IMPORT_ROWS)
        return cu_run_fail(r, CU_TOO_BIG, "the file has %u rows; at most %u are taken at once", t.rows, IMPORT_ROWS);
    for (uint32_t row = 1; row <= t.rows; row++) {
        rc = take_row(r, &t, row, run_dir);
        if (rc > 1)
            return rc;
        taken += rc == 0;
        refused += rc == 1;
    }
    if (r->json)
        printf("{\"taken\":%u,\"refused\":%u}\n", taken, refused);
    else
        printf("%u rows taken, %u refused\n", taken, refused);
    return refused ? CU_EXIT_FOUND : CU_EXIT_FINE;
}

const cu_verb cu_verb_register_import = {
    .name = "register import", .group = "prepare", .operands = "TYPE FILE", .run = import, .formats = "text|json",
    .summary = "take a step for each row of a table (CSV): trainings, leavers, repositories, vulnerabilities",
    .details = "The first row names the fields of TYPE; an empty cell leaves its field out. Each row is a step as with register step, checked and sealed "
               "before the next; a row that is refused is named with its reason, and the others are taken. - is standard input. Exit status 0: all taken; 1: some "
               "were refused; 2: nothing could be read or asked.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}},
};

const cu_verb cu_verb_register_list = {
    .name = "register list", .group = "prepare", .operands = "[REGISTER]", .run = list, .formats = "text|json",
    .summary = "the registers, or the records of one",
    .details = "Registers are what people keep: findings, risks, vendors and so on. Each record is a series of entries of the log.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}, {"state", "STATE", "only records in this state"},
                {"open", NULL, "only those with something left to do"}, {"tenant", "NAME", "only those of a tenant"},
                {"as-of", "TIME", "as it was then"}},
};
const cu_verb cu_verb_register_show = {
    .name = "register show", .group = "prepare", .operands = "REGISTER ID", .run = show, .formats = "text|json",
    .summary = "one record with every step and its entry in the log",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}, {"as-of", "TIME", "as it was then"}},
};
const cu_verb cu_verb_register_step = {
    .name = "register step", .group = "prepare", .operands = "TYPE [FIELD=VALUE...]", .run = step, .formats = "text|json",
    .summary = "take a step: open a record, or move one on",
    .details = "TYPE is the type of the entry that is written, such as finding.opened. A value is a text; a day is read as a time, a list has commas "
               "between its words. FIELD:=JSON gives a number, a list or an object. The step must be one that the record's state allows, "
               "and some need a second person.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}, {"tenant", "NAME", "whose record it is, where it is a tenant's"}},
};
