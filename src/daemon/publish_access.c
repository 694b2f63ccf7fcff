/* Rules and groups name persons; the bundle does not. Whoever has no key or certificate is left out. */
#include <stdio.h>
#include "office.h"

typedef struct {
    const cu_bundle *b;
    cu_arena *arena;
    cu_bytes *names; /* of the holders of b->keys */
} naming;

/* All holders of that name, with or without a prefix before them. */
static cu_err add_holders(const naming *n, cu_bytes name, const char *prefix, bool services, cu_words *out)
{
    for (size_t i = 0; i < n->b->keys_n; i++) {
        const cu_bundle_key *k = &n->b->keys[i];
        if (!cu_eq(n->names[i], name) || (k->service && !services))
            continue;
        cu_bytes word = cu_str(cu_arena_fmt(n->arena, "%s%.*s", prefix, CU_FMT(k->user)));
        bool there = false;
        for (size_t j = 0; j < out->n; j++)
            there |= cu_eq(out->v[j], word);
        if (!word.p)
            return CU_NOMEM;
        if (!there)
            out->v[out->n++] = word;
    }
    return CU_OK;
}

static cu_err rule_who(const naming *n, const cu_words *who, cu_words *out)
{
    out->v = cu_arena_alloc(n->arena, (who->n * (n->b->keys_n + 1) + 1) * sizeof *out->v);
    if (!out->v)
        return CU_NOMEM;
    for (size_t i = 0; i < who->n; i++) {
        if (cu_starts(who->v[i], CU_LIT("user:")))
            CU_TRY(add_holders(n, cu_slice(who->v[i], 5, who->v[i].n), "user:", false, out));
        else
            out->v[out->n++] = who->v[i];
    }
    if (who->n && !out->n)
        out->v[out->n++] = CU_LIT("user:-"); /* no entry would be everybody */
    return CU_OK;
}

static cu_err members(const naming *n, const cu_words *in, cu_words *out)
{
    out->v = cu_arena_alloc(n->arena, (n->b->keys_n + 1) * sizeof *out->v);
    if (!out->v)
        return CU_NOMEM;
    for (size_t i = 0; i < in->n; i++)
        CU_TRY(add_holders(n, in->v[i], "", true, out));
    return CU_OK;
}

static bool names_persons(const cu_access *x)
{
    bool any = x->groups_n > 0;
    for (size_t i = 0; i < x->rules_n; i++)
        for (size_t k = 0; k < x->rules[i].who.n; k++)
            any |= cu_starts(x->rules[i].who.v[k], CU_LIT("user:"));
    return any;
}

static cu_err read_names(app *a, naming *n)
{
    n->names = cu_arena_alloc(n->arena, (n->b->keys_n + 1) * sizeof *n->names);
    if (!n->names)
        return CU_NOMEM;
    for (size_t i = 0; i < n->b->keys_n; i++) {
        char pseudonym[PERSON_NAME], name[PERSON_NAME];
        snprintf(pseudonym, sizeof pseudonym, "%.*s", CU_FMT(n->b->keys[i].user));
        person_name(a, pseudonym, name);
        n->names[i] = n->b->keys[i].service ? n->b->keys[i].user : cu_arena_dup(n->arena, cu_str(name));
        if (!n->names[i].p)
            return CU_NOMEM;
    }
    return CU_OK;
}

cu_err publish_access(app *a, const cu_bundle *b, cu_arena *arena, cu_access *out)
{
    naming n = {.b = b, .arena = arena};
    cu_access with = a->config->access;
    const cu_access *in = &with;
    CU_TRY(consents_apply(a, arena, &with));
    *out = *in;
    if (!names_persons(in))
        return CU_OK;
    CU_TRY(read_names(a, &n));
    out->rules = cu_arena_alloc(arena, (in->rules_n + 1) * sizeof *out->rules);
    out->groups = cu_arena_alloc(arena, (in->groups_n + 1) * sizeof *out->groups);
    if (!out->rules || !out->groups)
        return CU_NOMEM;
    for (size_t i = 0; i < in->rules_n; i++) {
        out->rules[i] = in->rules[i];
        out->rules[i].who = (cu_words){0};
        CU_TRY(rule_who(&n, &in->rules[i].who, &out->rules[i].who));
    }
    for (size_t i = 0; i < in->groups_n; i++) {
        out->groups[i] = (cu_access_group){.name = in->groups[i].name};
        CU_TRY(members(&n, &in->groups[i].members, &out->groups[i].members));
    }
    return CU_OK;
}
