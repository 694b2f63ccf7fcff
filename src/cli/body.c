/* custos body: bodies that are kept are read with a purpose and, from class confidential on, with a second
 * person's approval. */
#include <jansson.h>
#include "admin.h"

typedef struct {
    cu_arena arena;
    char run_dir[4096], path[200];
    cu_buf body, out;
    long status;
} asking;

static int open_asking(const cu_run *r, asking *q)
{
    cu_config c;
    *q = (asking){.body = CU_BUF(16384), .out = CU_BUF((size_t)256 << 20)};
    return cu_open_config(r, &q->arena, &c, q->run_dir);
}

static void close_asking(asking *q)
{
    cu_buf_free(&q->body);
    cu_buf_free(&q->out);
    cu_arena_free(&q->arena);
}

/* What is said beside the person; key NULL: nothing. */
typedef struct {
    const char *key, *value;
} member;

static int post(const cu_run *r, asking *q, const char *path, const member said[2])
{
    cu_fault f = {0};
    cu_buf_byte(&q->body, '{');
    for (size_t i = 0; i < 2; i++)
        if (said[i].key)
            cu_buf_json_kv_str(&q->body, said[i].key, said[i].value);
    cu_buf_json_kv_str(&q->body, "user", cu_run_option(r, "user"));
    cu_buf_byte(&q->body, '}');
    cu_err e = cu_buf_err(&q->body);
    if (e == CU_OK)
        e = cu_admin_call(q->run_dir, "POST", path, cu_buf_view(&q->body), &q->status, &q->out, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    return q->status == 200 || q->status == 201 ? CU_EXIT_FINE : cu_admin_problem(r, q->status, &q->out);
}

static bool is_id(const char *s)
{
    return strlen(s) == 26 && strspn(s, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == 26;
}

static int usable(const cu_run *r, const char *what)
{
    if (r->args_n != 1 || !is_id(r->args[0]))
        return cu_run_fail(r, CU_CONFIG, "the id of one %s is needed", what);
    if (!cu_run_option(r, "user"))
        return cu_run_fail(r, CU_CONFIG, "--user NAME is needed: the person who does this; it stands in the entry as a pseudonym");
    return CU_EXIT_FINE;
}

static const char *text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static void print_reading(const json_t *o)
{
    printf("%s  %s  %-8s  %-12s  %s  %s: %s", text(o, "id"), text(o, "at"), text(o, "state"), text(o, "class"), text(o, "exchange"),
           text(json_object_get(o, "by"), "name"), text(o, "purpose"));
    if (json_object_get(o, "decided_by"))
        printf(" (%s by %s)", text(o, "state"), text(json_object_get(o, "decided_by"), "name"));
    printf(", read %lld times\n", json_integer_value(json_object_get(o, "reads")));
}

static int show(const cu_run *r, asking *q)
{
    json_t *one = json_loadb((const char *)q->out.p, q->out.n, 0, NULL);
    if (r->json)
        printf("%s\n", cu_buf_cstr(&q->out));
    else
        print_reading(one);
    if (!r->json && strcmp(text(one, "state"), "waiting") == 0)
        printf("A second person approves it: custos body approve %s --user NAME\n", text(one, "id"));
    else if (!r->json && strcmp(text(one, "state"), "refused") != 0)
        printf("Read it: custos body read %s --user NAME\n", text(one, "id"));
    json_decref(one);
    return CU_EXIT_FINE;
}

static int request(const cu_run *r)
{
    asking q;
    int rc = usable(r, "exchange");
    if (!rc && !cu_run_option(r, "purpose"))
        rc = cu_run_fail(r, CU_CONFIG, "--purpose TEXT is needed: what the body is read for; it stands in the entry");
    if (rc)
        return rc;
    rc = open_asking(r, &q);
    if (!rc)
        rc = post(r, &q, "/api/v1/readings", (const member[2]){{"exchange", r->args[0]}, {"purpose", cu_run_option(r, "purpose")}});
    if (!rc)
        rc = show(r, &q);
    close_asking(&q);
    return rc;
}

static int approve(const cu_run *r)
{
    asking q;
    int rc = usable(r, "reading");
    if (rc)
        return rc;
    rc = open_asking(r, &q);
    snprintf(q.path, sizeof q.path, "/api/v1/readings/%s/decision", r->args[0]);
    if (!rc)
        rc = post(r, &q, q.path, (const member[2]){{"decision", cu_run_option(r, "refuse") ? "refuse" : "approve"}});
    if (!rc)
        rc = show(r, &q);
    close_asking(&q);
    return rc;
}

static void print_part(const json_t *all, const char *name)
{
    const json_t *part = json_object_get(all, name);
    const char *state = text(part, "state");
    if (strcmp(state, "kept") == 0)
        printf("--- %s\n%s%s\n", name, text(part, "text"), text(part, "base64"));
    else
        printf("--- %s: %s\n", name, strcmp(state, "gone") == 0 ? "its key or its file is no more"
                                      : strcmp(state, "absent") == 0 ? "was not kept" : "the stored file is not what the log says");
}

static int read_body(const cu_run *r)
{
    asking q;
    int rc = usable(r, "reading");
    if (rc)
        return rc;
    rc = open_asking(r, &q);
    snprintf(q.path, sizeof q.path, "/api/v1/readings/%s/content", r->args[0]);
    if (!rc)
        rc = post(r, &q, q.path, (const member[2]){{NULL, NULL}});
    json_t *all = rc ? NULL : json_loadb((const char *)q.out.p, q.out.n, 0, NULL);
    if (!rc && r->json)
        printf("%s\n", cu_buf_cstr(&q.out));
    else if (!rc)
        print_part(all, "request"), print_part(all, "answer");
    json_decref(all);
    close_asking(&q);
    return rc;
}

static int list(const cu_run *r)
{
    asking q;
    cu_fault f = {0};
    if (r->args_n > 1 || (r->args_n && !is_id(r->args[0])))
        return cu_run_fail(r, CU_CONFIG, "at most one exchange is named, by its id");
    int rc = open_asking(r, &q);
    snprintf(q.path, sizeof q.path, "/api/v1/readings?limit=1000%s%s", r->args_n ? "&exchange=" : "", r->args_n ? r->args[0] : "");
    cu_err e = rc ? CU_OK : cu_admin_call(q.run_dir, "GET", q.path, CU_NONE, &q.status, &q.out, &f);
    if (!rc && e != CU_OK)
        rc = cu_run_fault(r, e, &f);
    else if (!rc && q.status != 200)
        rc = cu_admin_problem(r, q.status, &q.out);
    json_t *all = rc ? NULL : json_loadb((const char *)q.out.p, q.out.n, 0, NULL), *one;
    size_t i;
    if (!rc && r->json)
        printf("%s\n", cu_buf_cstr(&q.out));
    else
        json_array_foreach(json_object_get(all, "items"), i, one)
            print_reading(one);
    json_decref(all);
    close_asking(&q);
    return rc;
}

#define CONFIG {"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}
#define WHO {"user", "NAME", "the person who does this, as custos.yaml names them under capture"}

const cu_verb cu_verb_body_request = {
    .name = "body request", .group = "guard", .operands = "EXCHANGE", .run = request, .formats = "text|json",
    .summary = "ask to read the kept bodies of an exchange",
    .details = "Bodies are kept only where custos.yaml says so (capture). What is read is what left for the provider and what came back from it: "
               "with surrogates, never the values behind them. The request is an entry with its purpose. Bodies of class confidential and above are read after a "
               "second person has approved.",
    .options = {CONFIG, {"purpose", "TEXT", "what it is read for; must not name a person"}, WHO},
};

const cu_verb cu_verb_body_approve = {
    .name = "body approve", .group = "guard", .operands = "READING", .run = approve, .formats = "text|json",
    .summary = "agree, as a second person, that bodies are read",
    .details = "Never who asked. The decision is an entry.",
    .options = {CONFIG, {"refuse", NULL, "do not agree"}, WHO},
};

const cu_verb cu_verb_body_read = {
    .name = "body read", .group = "guard", .operands = "READING", .run = read_body, .formats = "text|json",
    .summary = "read the bodies that were asked for",
    .details = "Within an hour of the approval unless custos.yaml says otherwise, and by who asked. Each reading is an entry, durable before anything is shown.",
    .options = {CONFIG, WHO},
};

const cu_verb cu_verb_body_list = {
    .name = "body list", .group = "guard", .operands = "[EXCHANGE]", .run = list, .formats = "text|json",
    .summary = "who asked for, approved and read bodies",
    .options = {CONFIG},
};
