#include "commitment.h"

#define MIN_KEPT 2048u /* bytes; a shorter text is hashed sooner than its digest is looked up and kept */
#define EDITS_MAX 256u /* in one string; one with more is hashed each time */
#define EDIT_BYTES (8u + CU_SURROGATE_LEN)

/* Tag of the text of string i, which edits[from..to) change: of the text before, and of each change. */
static bool tag_of(const cu_commitment *c, size_t i, size_t from, size_t to, uint8_t tag[CU_MEMO_TAG])
{
    static const uint8_t none[CU_MEMO_TAG];
    const cu_json_string *s = &c->strings->v[i];
    cu_bytes raw = cu_slice(c->before, s->start, s->end);
    bool known = raw.n >= CU_MEMO_MIN_STRING && !(s->flags & (CU_JSON_OPAQUE | CU_JSON_DROP));
    uint8_t made[CU_MEMO_TAG + EDITS_MAX * EDIT_BYTES], *to_put = made + CU_MEMO_TAG;
    if (!c->with->memo || to - from > EDITS_MAX)
        return false;
    known = known && memcmp(c->tags[i], none, sizeof none) != 0;
    if (known)
        memcpy(tag, c->tags[i], CU_MEMO_TAG);
    else if (!cu_memo_tag(c->with->memo, c->with->tenant, c->with->rules_digest, raw, tag))
        return false;
    if (from == to)
        return true;
    memcpy(made, tag, CU_MEMO_TAG);
    for (size_t k = from; k < to; k++, to_put += EDIT_BYTES) {
        const cu_edit *e = &c->edits[k];
        const uint32_t at[2] = {e->start - s->start, e->end - s->start};
        memset(to_put, 0, EDIT_BYTES);
        memcpy(to_put, at, sizeof at);
        if (e->as != CU_EDIT_NOTHING)
            memcpy(to_put + sizeof at, c->issued->v[e->as].surrogate, CU_SURROGATE_LEN);
    }
    return cu_memo_tag(c->with->memo, CU_MEMO_EDITED, c->with->rules_digest, cu_bytes_of(made, (size_t)(to_put - made)), tag);
}

static void digest_of(const cu_commitment *c, size_t i, size_t from, size_t to, cu_bytes text, cu_sha256 *out)
{
    uint8_t tag[CU_MEMO_TAG];
    bool tagged = text.n >= MIN_KEPT && tag_of(c, i, from, to, tag);
    if (tagged && cu_memo_digest_get(c->with->memo, tag, out))
        return;
    cu_sha256_of(text, out);
    if (tagged)
        cu_memo_digest_put(c->with->memo, tag, out);
}

static void note(const cu_commitment *c, const cu_sha256_state *h, size_t i, size_t k, size_t fed, ptrdiff_t moved)
{
    for (size_t u = 0; u < c->until_n; u++)
        if (c->until[u].string == i)
            c->until[u] = (cu_commit_state){*h, fed, moved, (uint32_t)i, (uint32_t)k};
}

void cu_commit(const cu_commitment *c, cu_sha256 *out)
{
    cu_sha256_state h;
    size_t fed = 0, k = 0, first = 0;
    ptrdiff_t moved = 0; /* by the edits so far */
    cu_sha256_begin(&h);
    if (c->from) {
        h = c->from->h;
        fed = (size_t)c->from->fed;
        moved = (ptrdiff_t)c->from->moved;
        first = c->from->string;
        k = c->from->edit;
    }
    for (size_t i = first; i < c->strings->n; i++) {
        const cu_json_string *s = &c->strings->v[i];
        note(c, &h, i, k, fed, moved);
        size_t from = k, start = (size_t)((ptrdiff_t)s->start + moved);
        for (; k < c->n && c->edits[k].start < s->end; k++)
            moved += (c->edits[k].as == CU_EDIT_NOTHING ? 0 : CU_SURROGATE_LEN) - (ptrdiff_t)(c->edits[k].end - c->edits[k].start);
        cu_bytes text = cu_slice(c->after, start, (size_t)((ptrdiff_t)s->end + moved));
        cu_sha256 digest;
        if (text.n < CU_MEMO_MIN_STRING)
            continue;
        digest_of(c, i, from, k, text, &digest);
        cu_sha256_add(&h, cu_slice(c->after, fed, start));
        cu_sha256_add(&h, CU_LIT("\xff"));
        cu_sha256_add(&h, cu_bytes_of(digest.b, sizeof digest.b));
        fed = start + text.n;
    }
    note(c, &h, c->strings->n, k, fed, moved);
    cu_sha256_add(&h, cu_slice(c->after, fed, c->after.n));
    cu_sha256_end(&h, out);
}
