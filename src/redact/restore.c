/* A whole JSON answer. Strings that hold no surrogate keep their bytes. */
#include "answer.h"
#include "put_back.h"
#include "restore_strings.h"

/* Room for values that are longer than their surrogates. */
size_t cu_restored_ceiling(cu_bytes json)
{
    return json.n * 64 + 65536;
}

bool cu_may_restore(cu_api api, cu_bytes json, cu_json_strings *s, size_t at)
{
    cu_bytes raw = cu_slice(json, s->v[at].start, s->v[at].end);
    if (raw.n < CU_SURROGATE_LEN ||
        (cu_find(raw, CU_LIT(CU_SURROGATE_MARK), 0) == (size_t)-1 && cu_find(raw, CU_LIT("\\u00"), 0) == (size_t)-1))
        return false;
    cu_shape_mark_one(api, true, json, s, at);
    return !(s->v[at].flags & CU_JSON_OPAQUE);
}

size_t cu_restore_strings(const cu_issued_map *m, cu_api api, cu_bytes json, cu_json_strings *s, cu_buf *out)
{
    size_t done = 0, count = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (!cu_may_restore(api, json, s, i))
            continue;
        cu_bytes raw = cu_slice(json, s->v[i].start, s->v[i].end);
        uint8_t room[1024];
        cu_buf back CU_CLEAN_BUF = CU_BUF_ON(room, cu_restored_ceiling(raw));
        cu_place at = {.kind = (uint8_t)cu_place_kind_of(s->v[i].flags)};
        size_t n = cu_put_back(m, raw, &at, &back, NULL);
        if (back.err)
            out->err = back.err;
        if (n == 0)
            continue;
        cu_buf_add(out, cu_slice(json, done, s->v[i].start));
        cu_buf_add(out, cu_buf_view(&back));
        done = s->v[i].end;
        count += n;
    }
    cu_buf_add(out, cu_slice(json, done, json.n));
    return count;
}

cu_err cu_restore_json(const cu_issued_map *issued, cu_api api, cu_bytes body, cu_buf *buf, cu_bytes *out,
                       cu_answer *facts)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_json_strings s;
    cu_arena_init(&a, 256u << 20);
    *out = body;
    *facts = (cu_answer){0};
    /* not JSON (an error page of something in between): nothing of ours can be read in it */
    if (cu_json_walk(body, &a, &s, NULL) != CU_OK)
        return CU_OK;
    cu_answer_read(facts, body, &s);
    facts->complete = !facts->error;
    if (issued->n == 0)
        return CU_OK;
    size_t before = buf->n;
    facts->restored = (uint32_t)cu_restore_strings(issued, api, body, &s, buf);
    CU_TRY(cu_buf_err(buf));
    if (facts->restored)
        *out = cu_bytes_of(buf->p + before, buf->n - before);
    return CU_OK;
}
