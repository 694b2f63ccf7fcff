#include "wire/identity.h"

static const struct {
    const char *key, *under; /* NULL: any key below; a member of the top */
} rows[] = {
    {"user_id", "metadata"},      /* Anthropic; of Claude Code a JSON text with device, account and session */
    {"session_id", "metadata"}, {"conversation_id", "metadata"}, {"user", "metadata"},
    {"user", NULL}, {"safety_identifier", NULL}, {"prompt_cache_key", NULL}, /* OpenAI */
    {"session_id", NULL}, {"user_id", NULL},                                 /* OpenRouter and the like */
    {NULL, "client_metadata"},    /* Codex */
};

const cu_json_string *cu_identity_next(cu_bytes body, const cu_json_strings *s, size_t *from)
{
    while (*from < s->n) {
        const cu_json_string *v = &s->v[(*from)++];
        if (v->flags & CU_JSON_KEY || v->depth > 3 || v->parent_key == UINT32_MAX || v->start == v->end)
            continue;
        const cu_json_string *key = &s->v[v->parent_key];
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            bool top = key->parent_key == UINT32_MAX;
            if (rows[i].under ? top || !cu_json_is(body, s->v[key->parent_key], rows[i].under) || s->v[key->parent_key].depth != 1 : !top || key->depth != 1)
                continue;
            if (!rows[i].key || cu_json_is(body, *key, rows[i].key))
                return v;
        }
    }
    return NULL;
}
