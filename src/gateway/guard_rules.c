/* Which rules for commands hold for a request, and what is done: shipped ones, and those of the bundle for the
 * organisation, the tenant and the repository. */
#include "gateway.h"
#include "inspect/judge.h"
#include "policy/glob.h"

/* For the shipped pack, and for one of each tier of the bundle. */
struct gw_guard_set {
    gw_guard_set *next;
    const cu_guard_entry *tenant, *repo;
    cu_guard *guard;
    const cu_command_pack *packs[CU_TIERS];
};

static cu_command_pack shipped;

cu_err gw_guard_shipped(const char *catalog, cu_fault *f)
{
    static cu_arena forever;
    const cu_command_pack *packs[CU_TIERS] = {[CU_TIER_DEFAULT] = &shipped};
    cu_guard *g;
    char path[4200];
    if (shipped.rules)
        return CU_OK;
    cu_arena_init(&forever, 16u << 20);
    snprintf(path, sizeof path, "%s/rules/commands", catalog);
    CU_TRY(cu_command_pack_load(path, &forever, &shipped, f));
    CU_TRY(cu_guard_new(packs, &g, f)); /* runs their examples */
    cu_guard_free(g);
    return CU_OK;
}

/* Packs are read when the bundle is; their examples were run by the daemon. */
cu_err gw_guard_take(gw_bundle *b, cu_fault *f)
{
    const cu_guard_config *c = &b->b.guard;
    b->packs = cu_arena_alloc(&b->arena, (c->n + 1) * sizeof *b->packs);
    if (!b->packs)
        return CU_NOMEM;
    for (size_t i = 0; i < c->n; i++)
        if (c->v[i].files_n)
            CU_TRY(cu_command_pack_read("the bundle", c->v[i].files, c->v[i].files_n, &b->arena, &b->packs[i], f));
    return CU_OK;
}

void gw_guard_release(gw_bundle *b)
{
    for (gw_guard_set *s = b->guards; s; s = s->next)
        cu_guard_free(s->guard);
}

bool gw_guard_applies(const gw_exchange *x, const cu_guard_entry *e)
{
    if (e->tier == CU_TIER_ORG)
        return true;
    return e->tier == CU_TIER_TENANT ? cu_eq(e->name, x->tenant->name) : x->code.name.n && cu_glob_name(e->name, x->code.name);
}

/* The first entry of the tier that applies and has rules, or NULL. */
static const cu_guard_entry *entry_of(const gw_exchange *x, unsigned tier)
{
    const cu_guard_config *c = &x->bundle->b.guard;
    for (size_t i = 0; i < c->n; i++)
        if (c->v[i].tier == tier && c->v[i].files_n && gw_guard_applies(x, &c->v[i]))
            return &c->v[i];
    return NULL;
}

const gw_guard_set *gw_guard_of(gw_exchange *x)
{
    gw_bundle *b = x->bundle;
    const cu_guard_entry *of[CU_TIERS] = {NULL, entry_of(x, CU_TIER_REPO), entry_of(x, CU_TIER_TENANT), entry_of(x, CU_TIER_ORG)};
    for (gw_guard_set *s = b->guards; s; s = s->next)
        if (s->tenant == of[CU_TIER_TENANT] && s->repo == of[CU_TIER_REPO])
            return s;
    gw_guard_set *s = cu_arena_alloc(&b->arena, sizeof *s);
    if (!s)
        return NULL;
    s->tenant = of[CU_TIER_TENANT];
    s->repo = of[CU_TIER_REPO];
    s->packs[CU_TIER_DEFAULT] = &shipped;
    for (unsigned t = CU_TIER_REPO; t < CU_TIERS; t++)
        s->packs[t] = of[t] ? &b->packs[of[t] - b->b.guard.v] : NULL;
    if (cu_guard_of(s->packs, &s->guard) != CU_OK)
        return NULL;
    s->next = b->guards;
    b->guards = s;
    return s;
}

const cu_guard *gw_guard_rules(const gw_guard_set *s)
{
    return s->guard;
}

/* --- modes --- */

static void at_least(uint8_t *mode, uint8_t said)
{
    if (said != CU_MODE_UNSAID && said > *mode)
        *mode = said;
}

/* What the organisation says stands in place of the usual; everybody else can only be stricter. */
cu_err gw_guard_modes(gw_exchange *x, cu_modes *m)
{
    const cu_guard_config *c = &x->bundle->b.guard;
    unsigned class = x->code.known ? x->code.whole.class : CU_DATA_UNKNOWN;
    size_t n = 0;
    *m = (cu_modes){.commands = CU_MODE_HOLD, .code = CU_MODE_ANNOTATE};
    for (size_t i = 0; i < c->n; i++)
        n += c->v[i].tools_n;
    cu_tool_mode *tools = cu_arena_alloc(&x->arena, (n + 1) * sizeof *tools);
    if (!tools)
        return CU_NOMEM;
    for (size_t i = 0; i < c->n; i++) {
        const cu_guard_entry *e = &c->v[i];
        if (!gw_guard_applies(x, e))
            continue;
        if (e->tier == CU_TIER_ORG) {
            m->commands = e->commands == CU_MODE_UNSAID ? m->commands : e->commands;
            m->code = e->code == CU_MODE_UNSAID ? m->code : e->code;
        }
        at_least(&m->commands, e->commands);
        at_least(&m->code, e->code);
        at_least(&m->commands, e->classes[class]);
        at_least(&m->code, e->classes[class]);
        for (size_t k = 0; k < e->tools_n; k++)
            tools[m->tools_n++] = e->tools[k];
    }
    m->tools = tools;
    return CU_OK;
}

void gw_put_packs(cu_buf *b, const gw_guard_set *s)
{
    char hex[2 * CU_SHA256_LEN + 1];
    bool any = false;
    cu_buf_json_key(b, "packs");
    cu_buf_byte(b, '[');
    for (unsigned t = 0; t < CU_TIERS; t++) {
        if (!s->packs[t])
            continue;
        cu_hex(hex, s->packs[t]->digest.b, CU_SHA256_LEN);
        cu_buf_str(b, any ? ",{" : "{");
        cu_buf_json_kv_str(b, "digest", hex);
        cu_buf_json_kv_str(b, "tier", cu_tier_name((cu_tier)t));
        cu_buf_byte(b, '}');
        any = true;
    }
    cu_buf_byte(b, ']');
}
