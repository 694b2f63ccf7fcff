/* `custos inspect`: commands and code on standard input against the rules, one verdict each. */
#include <errno.h>
#include <limits.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/file.h"
#include "catalog/rules.h"
#include "inspect/guard.h"
#include "inspect_code.h"
#include "verb.h"
#include "replay.h"
#include "verbs.h"
#include "wire/tree.h"

#define PACK_ARENA (160u << 20) /* lists of packages are large */
#define ITEM_ARENA (64u << 20)
#define OUT_FLUSH (1u << 20)

typedef struct {
    cu_arena packs_arena;
    cu_command_pack pack[CU_TIERS];
    cu_guard *guard;
    cu_inspector *inspector;
    bool found;
} session;

static cu_err load_packs(const cu_run *r, session *s, cu_fault *f)
{
    static const char *const options[CU_TIERS] = {"", "repo", "tenant", "org"};
    const cu_command_pack *packs[CU_TIERS] = {NULL};
    const char *catalog = cu_catalog_dir();
    char shipped[PATH_MAX];
    if (!catalog)
        return cu_fail(f, CU_NOT_FOUND, "the catalogue is not beside the program; set CUSTOS_CATALOG");
    snprintf(shipped, sizeof shipped, "%s/rules/commands", catalog);
    for (unsigned t = 0; t < CU_TIERS; t++) {
        const char *dir = t == CU_TIER_DEFAULT ? shipped : cu_run_option(r, options[t]);
        if (!dir)
            continue;
        CU_TRY(cu_command_pack_load(dir, &s->packs_arena, &s->pack[t], f));
        packs[t] = &s->pack[t];
    }
    CU_TRY(cu_guard_new(packs, &s->guard, f));
    cu_err e = cu_inspector_new(s->guard, &s->inspector);
    return e == CU_OK ? e : cu_fail(f, e, "the shell grammar: %s", cu_err_text(e));
}

cu_err inspect_read_all(cu_buf *b, cu_fault *f)
{
    for (;;) {
        uint8_t *to = cu_buf_room(b, 65536);
        ssize_t n = to ? read(STDIN_FILENO, to, 65536) : 0;
        if (!to)
            return cu_fail(f, cu_buf_err(b), "standard input is larger than %u MiB; give it in parts", STDIN_MAX >> 20);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cu_fail(f, cu_errno_err(errno), "standard input: %s", cu_err_text(cu_errno_err(errno)));
        if (n == 0)
            return CU_OK;
        b->n += (size_t)n;
    }
}

static void say_digest(const session *s, cu_buf *b)
{
    char hex[2 * 32 + 1];
    cu_buf_json_key(b, "packs");
    cu_buf_byte(b, '{');
    for (unsigned t = 0; t < CU_TIERS; t++)
        if (s->pack[t].rules || t == CU_TIER_DEFAULT) {
            cu_hex(hex, (const uint8_t *)&s->pack[t].digest, 32);
            cu_buf_json_kv_str(b, cu_tier_name((cu_tier)t), hex);
        }
    cu_buf_byte(b, '}');
}

static void say_reason(const cu_reason *x, cu_buf *b)
{
    cu_buf_str(b, "{");
    cu_buf_json_kv_str(b, "rule", x->rule);
    cu_buf_json_kv_str(b, "decision", cu_verdict_name(x->decision));
    cu_buf_json_kv_str(b, "tier", cu_tier_name((cu_tier)x->tier));
    cu_buf_json_kv_u64(b, "start", x->start);
    cu_buf_json_kv_u64(b, "end", x->end);
    cu_buf_json_kv_str(b, "title", x->title);
    cu_buf_json_kv_str(b, "reason", x->message);
    cu_buf_json_kv_str(b, "instead", x->instead);
    cu_buf_str(b, "}");
}

static void say_json(const session *s, cu_bytes id, const cu_verdict *v, cu_buf *b)
{
    cu_buf_str(b, "{");
    if (id.p)
        cu_buf_json_kv(b, "id", id);
    cu_buf_json_kv_str(b, "decision", cu_verdict_name(v->decision));
    cu_buf_json_key(b, "hosts");
    for (size_t i = 0; i < v->hosts_n; i++) {
        cu_buf_byte(b, i ? ',' : '[');
        cu_buf_json_string(b, v->hosts[i]);
    }
    cu_buf_str(b, v->hosts_n ? "]" : "[]");
    cu_buf_json_key(b, "rules");
    for (size_t i = 0; i < v->n; i++) {
        cu_buf_byte(b, i ? ',' : '[');
        cu_buf_json_string(b, cu_str(v->v[i].rule));
    }
    cu_buf_str(b, v->n ? "]" : "[]");
    cu_buf_json_key(b, "reasons");
    for (size_t i = 0; i < v->n; i++) {
        cu_buf_byte(b, i ? ',' : '[');
        say_reason(&v->v[i], b);
    }
    cu_buf_str(b, v->n ? "]" : "[]");
    if (!id.p)
        say_digest(s, b);
    cu_buf_str(b, "}\n");
}

static void say_text(cu_bytes id, const cu_verdict *v, cu_buf *b)
{
    if (id.p) {
        cu_buf_json_escape(b, id);
        cu_buf_str(b, ": ");
    }
    cu_buf_str(b, cu_verdict_name(v->decision));
    cu_buf_str(b, "\n");
    for (size_t i = 0; i < v->n; i++)
        cu_buf_fmt(b, "  %s (%s, %s, bytes %u-%u): %s\n    instead: %s\n", v->v[i].rule, cu_verdict_name(v->v[i].decision),
                   cu_tier_name((cu_tier)v->v[i].tier), v->v[i].start, v->v[i].end, v->v[i].message, v->v[i].instead);
}

typedef enum { AS_COMMAND, AS_CODE, AS_MANIFEST, KINDS } kind_of_text;

static kind_of_text kind_named(cu_bytes name)
{
    static const char *const names[] = {"command", "code", "manifest"};
    unsigned k = 0;
    while (k < KINDS && !cu_eq_str(name, names[k]))
        k++;
    return (kind_of_text)k;
}

static cu_err look(session *s, cu_bytes text, kind_of_text kind, cu_bytes path, cu_arena *a, cu_verdict *v)
{
    if (kind == AS_MANIFEST)
        return cu_inspect_manifest(s->inspector, path, CU_NONE, text, a, v);
    return kind == AS_CODE ? cu_inspect_code(s->inspector, text, a, v) : cu_inspect_command(s->inspector, text, a, v);
}

static cu_err one(const cu_run *r, session *s, cu_bytes id, cu_bytes text, kind_of_text kind, cu_bytes path, cu_arena *a, cu_buf *out)
{
    cu_verdict v;
    CU_TRY(look(s, text, kind, path, a, &v));
    s->found = s->found || v.decision != CU_COMMAND_ALLOW;
    if (r->json)
        say_json(s, id, &v, out);
    else
        say_text(id, &v, out);
    return cu_buf_err(out);
}

static cu_err one_line(const cu_run *r, session *s, cu_bytes line, uint32_t number, cu_buf *out, cu_fault *f)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_json_strings strings;
    cu_json_tree t;
    cu_fault why = {0};
    cu_arena_init(&a, ITEM_ARENA);
    cu_err e = cu_json_walk(line, &a, &strings, &why);
    if (e == CU_OK)
        e = cu_json_tree_of(line, &strings, &a, &t);
    if (e != CU_OK)
        return cu_fail(f, e, "line %u: not one JSON object: %s", number, why.text);
    uint32_t id = t.n ? cu_json_member(&t, 0, "id") : CU_TREE_NONE, text = t.n ? cu_json_member(&t, 0, "text") : CU_TREE_NONE;
    uint32_t kind = t.n ? cu_json_member(&t, 0, "kind") : CU_TREE_NONE, path = t.n ? cu_json_member(&t, 0, "path") : CU_TREE_NONE;
    if (id == CU_TREE_NONE || text == CU_TREE_NONE || t.v[text].kind != CU_NODE_STRING || t.v[id].kind != CU_NODE_STRING)
        return cu_fail(f, CU_SYNTAX, "line %u: an object with the texts \"id\" and \"text\" is expected", number);
    kind_of_text as = kind == CU_TREE_NONE ? AS_COMMAND : t.v[kind].kind == CU_NODE_STRING ? kind_named(cu_json_plain(&t, kind, &a)) : KINDS;
    bool has_path = path != CU_TREE_NONE && t.v[path].kind == CU_NODE_STRING;
    if (as == KINDS || (as == AS_MANIFEST && !has_path))
        return cu_fail(f, CU_SYNTAX, "line %u: \"kind\" is command, code or manifest; a manifest has a \"path\"", number);
    e = one(r, s, cu_json_plain(&t, id, &a), cu_json_plain(&t, text, &a), as, has_path ? cu_json_plain(&t, path, &a) : CU_NONE, &a, out);
    return e == CU_OK ? e : cu_fail(f, e, "line %u: %s", number, cu_err_text(e));
}

static cu_err lines(const cu_run *r, session *s, cu_bytes in, cu_buf *out, cu_fault *f)
{
    uint32_t number = 0;
    for (size_t at = 0; at < in.n;) {
        const uint8_t *nl = memchr(in.p + at, '\n', in.n - at);
        size_t end = nl ? (size_t)(nl - in.p) : in.n;
        number++;
        if (end > at)
            CU_TRY(one_line(r, s, cu_slice(in, at, end), number, out, f));
        if (out->n > OUT_FLUSH) {
            CU_TRY(cu_write_all(STDOUT_FILENO, cu_buf_view(out)));
            cu_buf_reset(out);
        }
        at = end + 1;
    }
    return CU_OK;
}

static cu_err inspect(const cu_run *r, session *s, kind_of_text kind, cu_fault *f)
{
    cu_buf in CU_CLEAN_BUF = CU_BUF(STDIN_MAX), out CU_CLEAN_BUF = CU_BUF(STDIN_MAX);
    cu_arena a CU_CLEAN_ARENA;
    cu_arena_init(&a, ITEM_ARENA);
    const char *path = cu_run_option(r, "path");
    CU_TRY(load_packs(r, s, f));
    CU_TRY(inspect_read_all(&in, f));
    cu_err e = cu_run_option(r, "commands") ? lines(r, s, cu_buf_view(&in), &out, f) : one(r, s, CU_NONE, cu_buf_view(&in), kind, cu_str(path ? path : ""), &a, &out);
    if (e != CU_OK)
        return f->code ? e : cu_fail(f, e, "%s", cu_err_text(e));
    return cu_write_all(STDOUT_FILENO, cu_buf_view(&out));
}

static int run_inspect(const cu_run *r)
{
    if (cu_run_option(r, "replay"))
        return cu_replay(r, cu_run_option(r, "replay"));
    if (cu_run_option(r, "code"))
        return inspect_code(r);
    const char *kind = cu_run_option(r, "kind"), *lang = cu_run_option(r, "lang");
    session s = {0};
    cu_fault f = {0};
    kind_of_text as = kind ? kind_named(cu_str(kind)) : AS_COMMAND;
    if (as == KINDS)
        return cu_run_fail(r, CU_CONFIG, "--kind is command, code or manifest");
    if (as == AS_MANIFEST && !cu_run_option(r, "path"))
        return cu_run_fail(r, CU_CONFIG, "--kind manifest needs --path, the name of the file: package.json, requirements.txt");
    if (lang && as != AS_CODE && strcmp(lang, "sh") != 0 && strcmp(lang, "bash") != 0)
        return cu_run_fail(r, CU_UNSUPPORTED, "--lang %s: commands are read as sh or bash; give program text with --kind code", lang);
    cu_arena_init(&s.packs_arena, PACK_ARENA);
    cu_err e = inspect(r, &s, as, &f);
    cu_inspector_free(s.inspector);
    cu_guard_free(s.guard);
    cu_arena_free(&s.packs_arena);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    return s.found ? CU_EXIT_FOUND : CU_EXIT_FINE;
}

const cu_verb cu_verb_inspect = {
    .name = "inspect", .group = "guard", .operands = "", .run = run_inspect, .formats = "text|json",
    .summary = "say whether a command that a model wrote may run",
    .details = "Standard input is one command (or more lines of shell), or with --commands JSON lines with an id and a "
               "text. It is read by the grammar of the shell: wrappers, quoting, pipes, here-documents and encodings are "
               "taken apart, and what would run is held against the rules. The answer is allow, hold (a person decides) "
               "or block, with rule, place, reason and what to do instead. Exit 0: everything may run; 1: something "
               "is held or blocked; 2: it could not be looked at, and nothing may run. With --replay standard input is the answer "
               "of an exchange, as the provider gave it with the values in place: what is on record about its calls of tools is worked "
               "out again, by the rules of that time; exit 1 when it does not come out the same.",
    .options = {{"commands", NULL, "JSON lines {\"id\",\"text\"[,\"kind\"][,\"path\"]} in, one verdict a line out."},
                {"kind", "KIND", "command (usual); code: program text, whose strings and hosts are looked at; manifest: a file that names packages."},
                {"code", NULL, "Standard input is program text: weaknesses in it, by the rules for generated code."},
                {"lang", "LANG", "sh or bash for commands; with --code python, javascript, go, java, c, sql, dockerfile, ..."},
                {"path", "PATH", "With --code and --kind manifest: the name of the file it is meant for, which says the language as well."},
                {"org", "DIR", "Rules and lists of the organisation, the strongest tier."},
                {"tenant", "DIR", "Rules and lists of the tenant."},
                {"repo", "DIR", "Rules and lists of the repository."},
                {"replay", "EXCHANGE", "Judge the answer of an exchange again and compare with its record.", true},
                {"config", "FILE", "With --replay: configuration; ./custos.yaml or the defaults otherwise."}},
};
