#include "beginning.h"
#include <stdlib.h>

cu_err cu_log_findings(cu_finding_log *log, cu_arena *a, size_t string, const cu_finding *v, size_t n)
{
    if (log->cap - log->n < n) {
        size_t cap = 2 * log->cap + n + 16;
        cu_begun_finding *more = cu_arena_raw(a, cap * sizeof *more);
        if (!more)
            return CU_NOMEM;
        if (log->n)
            memcpy(more, log->v, log->n * sizeof *more);
        log->v = more;
        log->cap = cap;
    }
    for (size_t i = 0; i < n; i++)
        log->v[log->n++] = (cu_begun_finding){(uint32_t)string, v[i]};
    return CU_OK;
}

uint64_t cu_marks_of(const cu_json_strings *strings, size_t n)
{
    uint64_t h = n;
    for (size_t i = 0; i < n; i++) {
        h = (h ^ strings->v[i].flags) * 0x9e3779b97f4a7c15ull;
        h ^= h >> 31;
    }
    return h;
}

/* Edits before `at`: they are in order. */
static size_t edits_before(const cu_edit *edits, size_t n, uint32_t at)
{
    size_t k = 0;
    while (k < n && edits[k].start < at)
        k++;
    return k;
}

/* What a tag covers of an edit: where it is, what stands there then, and in which forms its value is looked
 * for in what leaves (residue.h): those of plain, when it differs from what the surrogate was made of. */
typedef struct {
    uint32_t start, end;
    char surrogate[CU_SURROGATE_LEN];
    uint32_t awkward;
    uint64_t plain;
} tagged;

static uint64_t mixed(cu_bytes b)
{
    uint64_t h = b.n;
    for (size_t i = 0; i < b.n; i++) {
        h = (h ^ b.p[i]) * 0x9e3779b97f4a7c15ull;
        h ^= h >> 31;
    }
    return h;
}

static bool tag_of(const cu_redact_with *w, const cu_edit *edits, size_t n, const cu_issued_map *issued, cu_arena *a, uint8_t tag[CU_MEMO_TAG])
{
    tagged *v = cu_arena_alloc(a, (n + 1) * sizeof *v);
    if (!v)
        return false;
    for (size_t i = 0; i < n; i++) {
        v[i].start = edits[i].start;
        v[i].end = edits[i].end;
        if (edits[i].as == CU_EDIT_NOTHING)
            continue;
        const cu_issued *it = &issued->v[edits[i].as];
        memcpy(v[i].surrogate, it->surrogate, CU_SURROGATE_LEN);
        v[i].awkward = it->awkward;
        v[i].plain = it->plain.p == it->value.p ? 0 : mixed(it->plain);
    }
    return cu_memo_tag(w->memo, CU_MEMO_EDITED, w->begun_digest, cu_bytes_of(v, n * sizeof *v), tag);
}

/* Every value is one that is replaced by one of these edits. */
static bool all_used(const cu_edit *edits, size_t n, const cu_issued_map *issued, cu_arena *a)
{
    size_t used = 0;
    uint8_t *seen = cu_arena_alloc(a, issued->n + 1);
    if (!seen)
        return false;
    for (size_t i = 0; i < n; i++)
        if (edits[i].as != CU_EDIT_NOTHING && !seen[edits[i].as]) {
            seen[edits[i].as] = 1;
            used++;
        }
    return used == issued->n;
}

bool cu_begins_alike(const cu_redact_with *w, const cu_edit *edits, size_t n, const cu_issued_map *issued, cu_arena *a, size_t *end, bool *all)
{
    uint8_t tag[CU_MEMO_TAG];
    if (!w->begun)
        return false;
    size_t k = edits_before(edits, n, w->begun->place.at);
    if (k != w->begun->commit.edit || !tag_of(w, edits, k, issued, a, tag) || memcmp(tag, w->begun->edits, sizeof tag) != 0)
        return false;
    *end = (size_t)((int64_t)w->begun->place.at + w->begun->commit.moved);
    *all = all_used(edits, k, issued, a);
    return true;
}

/* The end of all elements but the last: it is what the next turn repeats for certain. And of all but the last
 * four, because clients mark the newest ones, and take the mark away in the next turn. */
size_t cu_beginnings_wanted(const cu_redact_with *w, cu_json_place place[CU_BEGINNINGS], cu_commit_state until[CU_BEGINNINGS])
{
    static const size_t back[CU_BEGINNINGS] = {5, 2};
    uint32_t known = w->begun ? w->begun->place.at : 0;
    size_t n = 0;
    for (size_t i = 0; w->begun_memo && w->memo && w->places && i < CU_BEGINNINGS; i++) {
        if (w->places->n < back[i])
            continue;
        cu_json_place p = w->places->v[w->places->n - back[i]];
        if (p.at < CU_BEGUN_MIN || p.at <= known)
            continue;
        place[n] = p;
        until[n++] = (cu_commit_state){.string = p.strings};
    }
    return n;
}

static int by_string(const void *a, const void *b)
{
    const cu_begun_finding *x = a, *y = b;
    if (x->string != y->string)
        return x->string < y->string ? -1 : 1;
    return x->g.start != y->g.start ? (x->g.start < y->g.start ? -1 : 1) : x->g.end > y->g.end ? -1 : x->g.end < y->g.end;
}

void cu_beginnings_keep(const cu_redact_with *w, cu_bytes body, const cu_json_strings *strings, const cu_json_place *place, const cu_commit_state *commit,
                        size_t wanted, cu_finding_log *log, const cu_edit *edits, size_t n, const cu_issued_map *issued, cu_arena *a)
{
    cu_begun all[CU_BEGINNINGS];
    size_t kept = 0, found = 0;
    if (log->n > 1)
        qsort(log->v, log->n, sizeof *log->v, by_string);
    for (size_t i = 0; i < wanted; i++) {
        cu_begun *b = &all[kept];
        while (found < log->n && log->v[found].string < place[i].strings)
            found++;
        *b = (cu_begun){.place = place[i], .strings = strings->v, .found = log->v, .found_n = found, .commit = commit[i],
                        .marks = cu_marks_of(strings, place[i].strings)};
        kept += commit[i].edit == edits_before(edits, n, place[i].at) && tag_of(w, edits, commit[i].edit, issued, a, b->edits);
    }
    cu_begun_keep(w->begun_memo, w->memo, w->tenant, w->begun_digest, body, all, kept);
}
