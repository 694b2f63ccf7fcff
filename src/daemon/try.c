/* POST /api/v1/try: what would leave, and what would not. Nothing is stored; the surrogates are made
 * with a key of this request. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "app.h"
#include "redact/redact.h"

#define TRY_MAX ((size_t)1 << 20)

/* Positions for a browser: UTF-16 code units. Asked in rising order. */
typedef struct {
    cu_bytes text;
    size_t at;
    uint64_t units;
} utf16;

static uint64_t units_at(utf16 *u, size_t byte)
{
    for (; u->at < byte && u->at < u->text.n; u->at++) {
        uint8_t c = u->text.p[u->at];
        if ((c & 0xc0) != 0x80)
            u->units += c >= 0xf0 ? 2 : 1;
    }
    return u->units;
}

static void put_finding(call *c, const cu_engine *e, const cu_finding *g, uint64_t start, uint64_t end, int64_t moved, const char *surrogate)
{
    cu_buf_byte(c->out, '{');
    cu_buf_json_kv_u64(c->out, "start", start);
    cu_buf_json_kv_u64(c->out, "end", end);
    cu_buf_json_kv_u64(c->out, "out_start", (uint64_t)((int64_t)start + moved));
    cu_buf_json_kv_u64(c->out, "out_end", surrogate ? (uint64_t)((int64_t)start + moved) + CU_SURROGATE_LEN : (uint64_t)((int64_t)end + moved));
    cu_buf_json_kv_str(c->out, "type", cu_type_name((cu_type)g->type));
    cu_buf_json_kv_str(c->out, "type_text", cu_type_text((cu_type)g->type));
    cu_buf_json_kv_str(c->out, "rule", cu_engine_rule_id(e, g->rule));
    cu_buf_json_kv_u64(c->out, "confidence", g->confidence);
    const cu_rule *rule = &cu_engine_rules(e)->v[g->rule];
    cu_buf_json_kv_str(c->out, "title", rule->title);
    cu_buf_json_kv_str(c->out, "severity", cu_severity_name(rule->severity));
    cu_buf reasons CU_CLEAN_BUF = CU_BUF(1024);
    cu_finding_reasons(g, &reasons);
    cu_buf_json_kv(c->out, "reasons", cu_buf_view(&reasons));
    cu_buf_json_kv_str(c->out, "source", rule->source);
    cu_buf_json_kv_str(c->out, "action", surrogate ? "replace" : "allow");
    if (surrogate) {
        cu_buf_json_key(c->out, "surrogate");
        cu_buf_json_string(c->out, cu_bytes_of(surrogate, CU_SURROGATE_LEN));
    }
    cu_buf_byte(c->out, '}');
}

static void put_findings(call *c, cu_bytes text, const cu_findings *found, const cu_redact_with *w)
{
    utf16 u = {.text = text};
    int64_t moved = 0;
    cu_buf_json_key(c->out, "findings");
    cu_buf_byte(c->out, '[');
    for (size_t i = 0; i < found->n; i++) {
        const cu_finding *g = &found->v[i];
        char surrogate[CU_SURROGATE_LEN];
        bool replaced = cu_redact_act(w, g) == CU_ACT_REPLACE;
        uint64_t start = units_at(&u, g->start), end = units_at(&u, g->end);
        if (replaced)
            cu_surrogate_make(w->key, (cu_type)g->type, cu_slice(text, g->start, g->end), surrogate);
        if (i)
            cu_buf_byte(c->out, ',');
        put_finding(c, w->engine, g, start, end, moved, replaced ? surrogate : NULL);
        moved += replaced ? CU_SURROGATE_LEN - (int64_t)(end - start) : 0;
    }
    cu_buf_byte(c->out, ']');
}

/* Types that the visitor wants to see leave: {"allow": ["PHONE_NUMBER"]}. */
static bool read_allowed(const json_t *list, cu_act *act)
{
    size_t i;
    json_t *name;
    if (list && !json_is_array(list))
        return false;
    json_array_foreach(list, i, name) {
        cu_type t = json_is_string(name) ? cu_type_by_name(cu_str(json_string_value(name))) : CU_TYPE_COUNT;
        if (t == CU_TYPE_COUNT)
            return false;
        act[t] = CU_ACT_ALLOW;
    }
    return true;
}

static unsigned try_text(call *c, const cu_engine *engine, cu_bytes text, const json_t *allow)
{
    cu_arena arena CU_CLEAN_ARENA = {0}; /* a refusal may come before it is made */
    cu_scratch *scratch = NULL;
    cu_findings found = {0};
    cu_redaction r;
    cu_fault f = {0};
    cu_surrogate_key key = {.key_id = 't'};
    static const uint8_t no_rules[32];
    cu_redact_with w = {.engine = engine, .key = &key, .rules_digest = no_rules};
    for (int t = 0; t < CU_TYPE_COUNT; t++)
        w.act[t] = cu_type_class((cu_type)t) == CU_CLASS_NONE ? CU_ACT_ALLOW : CU_ACT_REPLACE;
    if (!read_allowed(allow, w.act))
        return problem(c, 400, "Malformed", "allow is a list of types of findings.");
    cu_random(key.key, sizeof key.key);
    cu_arena_init(&arena, 256u << 20);
    uint64_t began = cu_mono_ns();
    cu_err e = cu_scratch_new(engine, &scratch);
    w.scratch = scratch;
    if (e == CU_OK)
        e = cu_redact_text(&w, text, &arena, &r, &found, &f);
    uint64_t micros = (cu_mono_ns() - began) / 1000;
    if (e == CU_OK) {
        cu_buf_byte(c->out, '{');
        cu_buf_json_kv(c->out, "text", r.body);
        put_findings(c, text, &found, &w);
        cu_buf_json_kv_u64(c->out, "chars", text.n);
        cu_buf_json_kv_u64(c->out, "micros", micros);
        cu_buf_json_kv_u64(c->out, "stored_bytes", 0);
        cu_buf_byte(c->out, '}');
    }
    cu_findings_free(&found);
    cu_scratch_free(scratch);
    cu_wipe(&key, sizeof key);
    return e == CU_OK ? 200 : problem(c, 422, "The text could not be checked", "%s", f.code ? f.text : cu_err_text(e));
}

unsigned answer_try(call *c)
{
    json_error_t at;
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &at);
    json_t *text = json_object_get(in, "text");
    unsigned status;
    if (!json_is_string(text))
        status = problem(c, 400, "Malformed", "The body must be a JSON object with a string named text.");
    else if (json_string_length(text) > TRY_MAX)
        status = problem(c, 413, "Too large", "The text is larger than 1 MiB; custos scan takes files of any size.");
    else {
        struct rules *rules = rules_hold(c->a);
        status = try_text(c, rules_engine(rules), cu_bytes_of(json_string_value(text), json_string_length(text)), json_object_get(in, "allow"));
        rules_release(c->a, rules);
    }
    json_decref(in);
    return status;
}
