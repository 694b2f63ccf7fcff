#include "inspect_code.h"
#include <unistd.h>
#include "base/buf.h"
#include "base/digest.h"
#include "base/file.h"
#include "inspect/code.h"

#define STDIN_MAX (4u << 20)
#define OUT_MAX (4u << 20)

/* What may not be told safe is held; of what is found, rules that are marked so stop it. */
static const char *decision_of(const cu_code_verdict *v)
{
    bool block = false;
    for (size_t i = 0; i < v->n; i++)
        block = block || v->v[i].rule->block;
    return block ? "block" : v->judged ? "allow" : "hold";
}

static void say_finding(const cu_code_finding *x, cu_buf *b)
{
    cu_buf_byte(b, '{');
    cu_buf_json_kv_str(b, "rule", x->rule->id);
    cu_buf_json_kv_str(b, "severity", cu_severity_name((cu_severity)x->rule->severity));
    cu_buf_json_key(b, "cwe");
    for (size_t i = 0; i < x->rule->cwe_n; i++)
        cu_buf_fmt(b, "%s%u", i ? "," : "[", x->rule->cwe[i]);
    cu_buf_byte(b, ']');
    cu_buf_json_kv_u64(b, "line", x->line);
    cu_buf_json_kv_u64(b, "column", x->column);
    cu_buf_json_kv_u64(b, "end_line", x->end_line);
    cu_buf_json_kv_u64(b, "end_column", x->end_column);
    cu_buf_json_kv_u64(b, "start", x->start);
    cu_buf_json_kv_u64(b, "end", x->end);
    cu_buf_json_kv_str(b, "title", x->rule->title);
    cu_buf_json_kv_str(b, "message", x->rule->message);
    cu_buf_json_kv_str(b, "fix", x->rule->fix);
    cu_buf_byte(b, '}');
}

static void say_json(const cu_code *c, cu_code_lang lang, const cu_code_verdict *v, cu_buf *b)
{
    char hex[2 * CU_SHA256_LEN + 1];
    cu_hex(hex, cu_code_digest(c)->b, CU_SHA256_LEN);
    cu_buf_byte(b, '{');
    cu_buf_json_kv_str(b, "decision", decision_of(v));
    cu_buf_json_kv_str(b, "language", lang < CU_CODE_LANG_COUNT ? cu_code_lang_name(lang) : "");
    cu_buf_json_kv_bool(b, "judged", v->judged);
    if (v->why)
        cu_buf_json_kv_str(b, "why", v->why);
    cu_buf_json_kv_str(b, "pack", hex);
    cu_buf_json_key(b, "findings");
    cu_buf_byte(b, '[');
    for (size_t i = 0; i < v->n; i++) {
        if (i)
            cu_buf_byte(b, ',');
        say_finding(&v->v[i], b);
    }
    cu_buf_str(b, "]}\n");
}

static void say_text(const cu_code_verdict *v, cu_buf *b)
{
    cu_buf_fmt(b, "%s%s%s\n", decision_of(v), v->why ? ": not judged: " : "", v->why ? v->why : "");
    for (size_t i = 0; i < v->n; i++)
        cu_buf_fmt(b, "  %u:%u %s %s (%s, CWE-%u)\n    %s %s\n", v->v[i].line, v->v[i].column, cu_severity_name((cu_severity)v->v[i].rule->severity),
                   v->v[i].rule->title, v->v[i].rule->id, v->v[i].rule->cwe[0], v->v[i].rule->message, v->v[i].rule->fix);
}

static cu_err judge(const cu_run *r, cu_code *c, cu_bytes text, cu_buf *out, bool *found, cu_fault *f)
{
    const char *lang = cu_run_option(r, "lang"), *path = cu_run_option(r, "path");
    cu_arena a CU_CLEAN_ARENA;
    cu_code_verdict v;
    cu_arena_init(&a, 4u << 20);
    cu_code_lang l = cu_code_lang_of(cu_str(lang), cu_str(path), text);
    if (l == CU_CODE_LANG_COUNT)
        return cu_fail(f, CU_UNSUPPORTED, "no language that the rules know; name it with --lang or --path");
    CU_TRY(cu_code_need(c, l, f));
    CU_TRY(cu_code_judge(c, l, cu_str(path), text, &a, &v));
    *found = v.n || !v.judged;
    if (r->json)
        say_json(c, l, &v, out);
    else
        say_text(&v, out);
    return cu_buf_err(out);
}

static cu_err all(const cu_run *r, cu_code **c, bool *found, cu_fault *f)
{
    cu_buf in CU_CLEAN_BUF = CU_BUF(STDIN_MAX), out CU_CLEAN_BUF = CU_BUF(OUT_MAX);
    const char *catalog = cu_catalog_dir();
    if (!catalog)
        return cu_fail(f, CU_NOT_FOUND, "the catalogue is not beside the program; set CUSTOS_CATALOG");
    CU_TRY(inspect_read_all(&in, f));
    CU_TRY(cu_code_open_lazy(catalog, c, f));
    CU_TRY(judge(r, *c, cu_buf_view(&in), &out, found, f));
    return cu_write_all(STDOUT_FILENO, cu_buf_view(&out));
}

int inspect_code(const cu_run *r)
{
    cu_code *c = NULL;
    cu_fault f = {0};
    bool found = false;
    if (cu_run_option(r, "commands") || cu_run_option(r, "kind"))
        return cu_run_fail(r, CU_CONFIG, "--commands and --kind belong to commands, not to --code");
    cu_err e = all(r, &c, &found, &f);
    cu_code_close(c);
    if (e != CU_OK)
        return f.code ? cu_run_fault(r, e, &f) : cu_run_fail(r, e, "%s", cu_err_text(e));
    return found ? CU_EXIT_FOUND : CU_EXIT_FINE;
}
