/* libyaml's events become a tree; everything that makes YAML surprising is refused. */
#include "catalog/yaml.h"
#include <fcntl.h>
#include <yaml.h>
#include "base/file.h"
#include "catalog/overlay.h"

typedef struct {
    yaml_parser_t *parser;
    cu_arena *arena;
    cu_fault *fault;
    uint32_t nodes;
} reader;

static cu_err bad(reader *r, cu_err code, size_t line, const char *why)
{
    if (r->fault)
        r->fault->line = (uint32_t)line;
    return cu_fail(r->fault, code, "line %zu: %s", line, why);
}

static cu_err next_event(reader *r, yaml_event_t *e)
{
    if (yaml_parser_parse(r->parser, e))
        return CU_OK;
    const char *problem = r->parser->problem ? r->parser->problem : "not YAML";
    size_t line = r->parser->problem_mark.line + 1;
    return bad(r, r->parser->error == YAML_MEMORY_ERROR ? CU_NOMEM : CU_SYNTAX, line, problem);
}

static cu_yaml *new_node(reader *r, cu_yaml_kind kind, const yaml_event_t *e)
{
    if (++r->nodes > CU_YAML_MAX_NODES)
        return NULL;
    cu_yaml *n = cu_arena_alloc(r->arena, sizeof *n);
    if (n) {
        n->kind = kind;
        n->line = (uint32_t)e->start_mark.line + 1;
    }
    return n;
}

static cu_err plain_only(reader *r, const yaml_event_t *e)
{
    size_t line = e->start_mark.line + 1;
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (e->type == YAML_ALIAS_EVENT)
        return bad(r, CU_UNSUPPORTED, line, "aliases are not supported; write the value out");
    if (e->type == YAML_SCALAR_EVENT)
        anchor = e->data.scalar.anchor, tag = e->data.scalar.tag;
    else if (e->type == YAML_SEQUENCE_START_EVENT)
        anchor = e->data.sequence_start.anchor, tag = e->data.sequence_start.tag;
    else if (e->type == YAML_MAPPING_START_EVENT)
        anchor = e->data.mapping_start.anchor, tag = e->data.mapping_start.tag;
    if (anchor)
        return bad(r, CU_UNSUPPORTED, line, "anchors are not supported; write the value out");
    if (tag)
        return bad(r, CU_UNSUPPORTED, line, "tags (\"!\") are not supported");
    return CU_OK;
}

static cu_err scalar(reader *r, const yaml_event_t *e, cu_yaml **out)
{
    cu_yaml *n = new_node(r, CU_YAML_SCALAR, e);
    if (!n)
        return bad(r, CU_TOO_BIG, e->start_mark.line + 1, "too many values");
    n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    n->text = cu_arena_dup(r->arena, cu_bytes_of(e->data.scalar.value, e->data.scalar.length));
    *out = n;
    return n->text.p ? CU_OK : CU_NOMEM;
}

static cu_err value(reader *r, yaml_event_t *e, unsigned depth, cu_yaml **out);

static cu_err value_next(reader *r, unsigned depth, cu_yaml **out, bool *ended)
{
    yaml_event_t e;
    CU_TRY(next_event(r, &e));
    *ended = e.type == YAML_SEQUENCE_END_EVENT || e.type == YAML_MAPPING_END_EVENT;
    cu_err err = *ended ? CU_OK : value(r, &e, depth, out);
    yaml_event_delete(&e);
    return err;
}

static cu_err list(reader *r, cu_yaml *n, unsigned depth)
{
    cu_yaml **tail = &n->first;
    for (;;) {
        bool ended;
        cu_yaml *child = NULL;
        CU_TRY(value_next(r, depth, &child, &ended));
        if (ended)
            return CU_OK;
        *tail = child;
        tail = &child->next;
    }
}

static bool has_key(const cu_yaml *map, cu_bytes key)
{
    for (const cu_yaml *c = map->first; c; c = c->next)
        if (cu_eq(c->key, key))
            return true;
    return false;
}

static cu_err map(reader *r, cu_yaml *n, unsigned depth)
{
    cu_yaml **tail = &n->first;
    for (unsigned keys = 0;; keys++) {
        bool ended;
        cu_yaml *key = NULL, *child = NULL;
        CU_TRY(value_next(r, depth, &key, &ended));
        if (ended)
            return CU_OK;
        if (keys == CU_YAML_MAX_KEYS)
            return bad(r, CU_TOO_BIG, key->line, "too many keys in one map");
        if (key->kind != CU_YAML_SCALAR)
            return bad(r, CU_SYNTAX, key->line, "a key must be a plain word");
        if (has_key(n, key->text)) {
            if (r->fault)
                r->fault->line = key->line;
            return cu_fail(r->fault, CU_DUPLICATE, "line %u: \"%.*s\" is given twice", key->line,
                           CU_FMT(cu_slice(key->text, 0, key->text.n > 80 ? 80 : key->text.n)));
        }
        CU_TRY(value_next(r, depth, &child, &ended));
        child->key = key->text;
        *tail = child;
        tail = &child->next;
    }
}

static cu_err value(reader *r, yaml_event_t *e, unsigned depth, cu_yaml **out)
{
    CU_TRY(plain_only(r, e));
    if (depth > CU_YAML_MAX_DEPTH)
        return bad(r, CU_DEPTH, e->start_mark.line + 1, "nested too deeply");
    if (e->type == YAML_SCALAR_EVENT)
        return scalar(r, e, out);
    if (e->type != YAML_SEQUENCE_START_EVENT && e->type != YAML_MAPPING_START_EVENT)
        return bad(r, CU_SYNTAX, e->start_mark.line + 1, "a value was expected");
    bool is_list = e->type == YAML_SEQUENCE_START_EVENT;
    cu_yaml *n = new_node(r, is_list ? CU_YAML_LIST : CU_YAML_MAP, e);
    if (!n)
        return bad(r, CU_TOO_BIG, e->start_mark.line + 1, "too many values");
    *out = n;
    return is_list ? list(r, n, depth + 1) : map(r, n, depth + 1);
}

/* STREAM-START, then either STREAM-END or one DOCUMENT. */
static cu_err document(reader *r, cu_yaml **out)
{
    yaml_event_t e;
    bool started = false;
    for (;;) {
        CU_TRY(next_event(r, &e));
        yaml_event_type_t type = e.type;
        size_t line = e.start_mark.line + 1;
        cu_err err = CU_OK;
        if (type == YAML_DOCUMENT_START_EVENT && started)
            err = bad(r, CU_UNSUPPORTED, line, "a second document is not supported");
        else if (type == YAML_DOCUMENT_START_EVENT)
            started = true;
        else if (type != YAML_STREAM_START_EVENT && type != YAML_STREAM_END_EVENT &&
                 type != YAML_DOCUMENT_END_EVENT)
            err = value(r, &e, 1, out);
        yaml_event_delete(&e);
        if (err != CU_OK || type == YAML_STREAM_END_EVENT)
            return err;
    }
}

cu_err cu_yaml_parse_own(cu_bytes text, cu_arena *a, cu_yaml **out, cu_fault *f)
{
    yaml_parser_t parser;
    cu_yaml *root = NULL;
    size_t at = 0;
    if (text.n > CU_YAML_MAX_BYTES)
        return cu_fail(f, CU_TOO_BIG, "larger than %u bytes", CU_YAML_MAX_BYTES);
    if (!cu_utf8_valid(text, &at))
        return cu_fail(f, CU_UTF8, "byte %zu is not UTF-8", at);
    if (!yaml_parser_initialize(&parser))
        return CU_NOMEM;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text.n ? text.p : (const uint8_t *)"", text.n);
    reader r = {&parser, a, f, 0};
    cu_err e = document(&r, &root);
    yaml_parser_delete(&parser);
    if (e == CU_OK && (!root || (root->kind == CU_YAML_SCALAR && !root->quoted && !root->text.n))) {
        root = cu_arena_alloc(a, sizeof *root);
        if (!root)
            return CU_NOMEM;
        root->kind = CU_YAML_MAP;
        root->line = 1;
    }
    *out = root;
    return e;
}

cu_err cu_yaml_parse(cu_bytes text, cu_arena *a, const cu_yaml **out, cu_fault *f)
{
    cu_yaml *root = NULL;
    cu_err e = cu_yaml_parse_own(text, a, &root, f);
    *out = root;
    return e;
}

cu_err cu_yaml_load(const char *path, cu_arena *a, const cu_yaml **out, cu_fault *f)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(CU_YAML_MAX_BYTES);
    cu_fault inner = {0};
    cu_err e = cu_file_read(AT_FDCWD, path, &text);
    if (e != CU_OK)
        return cu_fail(f, e, "%s: %s", path, cu_err_text(e));
    e = cu_yaml_parse(cu_buf_view(&text), a, out, &inner);
    if (e == CU_OK)
        return cu_overlay_apply(path, a, out, f);
    if (f)
        f->line = inner.line;
    return cu_fail(f, e, "%s:%u: %s", path, inner.line, inner.text[0] ? inner.text : cu_err_text(e));
}

const cu_yaml *cu_yaml_get(const cu_yaml *map, const char *key)
{
    if (!map || map->kind != CU_YAML_MAP)
        return NULL;
    for (const cu_yaml *c = map->first; c; c = c->next)
        if (cu_eq_str(c->key, key))
            return c;
    return NULL;
}

cu_bytes cu_yaml_text(const cu_yaml *map, const char *key, cu_bytes otherwise)
{
    const cu_yaml *c = cu_yaml_get(map, key);
    return c && c->kind == CU_YAML_SCALAR ? c->text : otherwise;
}
