/* Which rules need be tried only where a token, a number or a literal stands. Not proved but drawn: of
 * texts that the rule's expression allows, all but two in a thousand must hold what the group asks for;
 * what then matches without it is refused (confirm.c, context.c), so that a finding never depends on
 * what stands beside it. */
#include "engine.h"
#include "token.h"

#define DRAWS 2000u
#define MAY_MISS 4u /* of them */
#define AROUND 112u /* bytes of a match that may lie beside its token */

static void row_set(uint8_t set[32])
{
    memset(set, 0, 32);
    for (unsigned c = 0; c < 256; c++)
        set[c >> 3] |= (uint8_t)((cu_byte_class[c] != 0) << (c & 7));
}

static bool nearly_all(const cu_expr *x, bool (*holds)(cu_bytes))
{
    uint8_t text[1024];
    uint64_t state = 1;
    unsigned missed = 0;
    for (unsigned i = 0; i < DRAWS && missed <= MAY_MISS; i++)
        missed += !holds(cu_bytes_of(text, cu_expr_sample(x, &state, text, sizeof text)));
    return missed <= MAY_MISS;
}

/* How far the match reaches beside its token, at most: all of its width, unless it is one row with a few
 * bytes before and behind. */
static uint32_t reach_beside(const cu_expr *x)
{
    uint8_t row[32];
    uint32_t before = 0, behind = 0;
    size_t from = 0, to = x->n;
    row_set(row);
    if (cu_expr_within(x, row))
        return 0;
    if (x->kind != CU_EXPR_ALL_OF)
        return cu_expr_width(x);
    while (from < to && !cu_expr_within(x->part[from], row))
        before += cu_expr_width(x->part[from++]);
    while (to > from && !cu_expr_within(x->part[to - 1], row))
        behind += cu_expr_width(x->part[--to]);
    for (size_t i = from; i < to; i++)
        if (!cu_expr_within(x->part[i], row))
            return cu_expr_width(x);
    return before < CU_TOKEN_MIN && behind < CU_TOKEN_MIN ? CU_TOKEN_MIN : cu_expr_width(x);
}

static uint32_t longest_anchor(const cu_rule *r)
{
    uint32_t longest = 0;
    for (size_t i = 0; i < r->anchors_n; i++)
        longest = strlen(r->anchors[i]) > longest ? (uint32_t)strlen(r->anchors[i]) : longest;
    return longest;
}

static cu_group group_of(const cu_rule *r, const cu_expr *x)
{
    uint32_t beside = reach_beside(x);
    bool anchored = r->value != NULL;
    if (anchored && r->reach + longest_anchor(r) + beside >= CU_TOKEN_BEFORE)
        return CU_GROUP_LITERAL;
    if (beside <= AROUND && nearly_all(x, cu_has_token))
        return CU_GROUP_TOKEN;
    if (anchored && cu_type_class(r->type) != CU_CLASS_SECRET && nearly_all(x, cu_has_digits))
        return CU_GROUP_DIGITS;
    return CU_GROUP_LITERAL;
}

cu_err cu_group_of(cu_compiled *c, cu_arena *work)
{
    const cu_rule *r = c->rule;
    cu_needles needles;
    cu_expr *x;
    c->group = c->hand ? CU_GROUP_LITERAL : CU_GROUP_HAND;
    if (r->finder)
        return CU_OK;
    c->group = r->value ? CU_GROUP_LITERAL : CU_GROUP_REST;
    cu_err err = cu_expr_parse(r->value ? r->value : r->pattern, work, &x);
    if (err == CU_UNSUPPORTED)
        return CU_OK;
    CU_TRY(err);
    c->group = (uint8_t)group_of(r, x);
    if (r->value)
        return CU_OK;
    cu_expr_needles(x, &needles);
    if (needles.n == 0)
        c->group = c->group == CU_GROUP_TOKEN ? CU_GROUP_BARE : CU_GROUP_REST;
    return CU_OK;
}

cu_err cu_group_literals(const cu_rule *r, cu_arena *work, cu_needles *out, bool *word_begin)
{
    cu_expr *x;
    CU_TRY(cu_expr_parse(r->pattern, work, &x));
    cu_expr_needles(x, out);
    *word_begin = cu_expr_begins_word(x, out);
    return out->n ? CU_OK : CU_UNSUPPORTED;
}
