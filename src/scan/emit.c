#include "scan.h"
#include "base/digest.h"

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define FOR_WIDTHS __attribute__((target_clones("default", "avx2"), optimize("O3")))
#else
#define FOR_WIDTHS
#endif

#define COUNTED 255u /* bytes whose lines a byte can count */

/* The compiler makes vectors of the inner row. */
FOR_WIDTHS static size_t count_lines(const uint8_t *t, size_t n)
{
    size_t lines = 0;
    for (size_t at = 0; at < n; at += COUNTED) {
        size_t end = n - at < COUNTED ? n : at + COUNTED;
        uint8_t here = 0;
        for (size_t i = at; i < end; i++)
            here = (uint8_t)(here + (t[i] == '\n'));
        lines += here;
    }
    return lines;
}

void cu_advance_plain(const cu_passage *p, cu_place *c, size_t to)
{
    const uint8_t *t = p->text.p + c->at;
    size_t n = to - c->at, lines = count_lines(t, n);
    const uint8_t *last = lines ? memrchr(t, '\n', n) : NULL;
    c->column = last ? (uint64_t)(t + n - last - 1) : c->column + n;
    c->line += lines;
    c->raw += n;
    c->at = to;
}

static bool wanted_line(const cu_passage *p, uint64_t first, uint64_t last)
{
    size_t low = 0, high = p->only_n;
    if (!p->only)
        return true;
    while (low < high) { /* the first range that does not end before `first` */
        size_t mid = low + (high - low) / 2;
        if (p->only[mid].last < first)
            low = mid + 1;
        else
            high = mid;
    }
    return low < p->only_n && p->only[low].first <= last;
}

/* What was not asked for is not shown either: the line is looked at with all rules. An engine that
 * fails here shows nothing of the line. */
static void star_others(cu_worker *w, cu_bytes line, size_t value, size_t value_end)
{
    if (cu_detect(w->scan->o.engine, w->all, line, &w->near) != CU_OK) {
        memset(w->line, '*', line.n);
        return;
    }
    for (size_t k = 0; k < w->near.n; k++)
        for (size_t i = w->near.v[k].start; i < w->near.v[k].end; i++)
            if (i < value || i >= value_end)
                w->line[i] = '*';
}

#define MIN_AGAIN 4u /* bytes of a value that is starred out wherever it stands in its line */

/* The same value once more in the line, where no rule knows it: password=… # was … */
static void star_again(cu_worker *w, size_t n, cu_bytes v, size_t value, size_t value_end)
{
    cu_bytes line = cu_bytes_of(w->line, n);
    for (size_t at = 0; v.n >= MIN_AGAIN && (at = cu_find(line, v, at)) != (size_t)-1; at++)
        for (size_t i = at; i < at + v.n; i++)
            if (i < value || i >= value_end)
                w->line[i] = '*';
}

/* Another finding that lies in the line; of code only what holds a secret. */
static void star_other(cu_worker *w, size_t i, size_t k, size_t from, size_t to)
{
    const cu_finding *o = &w->found.v[k];
    if (k == i || o->end <= from || o->start >= to || (o->type == CU_TYPE_CODE && cu_report_shows(&w->scan->o.rules->v[o->rule])))
        return;
    size_t a = o->start > from ? o->start : from, b = o->end < to ? o->end : to;
    memset(w->line + (a - from), '*', b - a);
}

/* The value's line, at most CU_SCAN_LINE bytes of it. Whatever else was found in it is starred out,
 * reported or not. */
static void take_line(cu_worker *w, cu_bytes t, size_t i, cu_scan_finding *out)
{
    const cu_finding *f = &w->found.v[i];
    size_t back = f->start < 160 ? f->start : 160, from = f->start - back;
    const uint8_t *nl = back ? memrchr(t.p + from, '\n', back) : NULL;
    if (nl)
        from = (size_t)(nl - t.p) + 1;
    size_t to = t.n - from > CU_SCAN_LINE ? from + CU_SCAN_LINE : t.n;
    size_t inside = f->end < to ? f->end : to;
    nl = memchr(t.p + inside, '\n', to - inside);
    if (nl)
        to = (size_t)(nl - t.p);
    memcpy(w->line, t.p + from, to - from);
    for (size_t k = i; k-- > 0 && (w->scan->o.look || w->found.v[k].end > from);)
        star_other(w, i, k, from, to);
    for (size_t k = i + 1; k < w->found.n && w->found.v[k].start < to; k++)
        star_other(w, i, k, from, to);
    if (!w->scan->o.look)
        star_again(w, to - from, cu_slice(t, f->start, f->end), f->start - from, inside - from);
    if (w->all)
        star_others(w, cu_slice(t, from, to), f->start - from, inside - from);
    out->line_text = cu_bytes_of(w->line, to - from);
    static const cu_scan_span none[1]; /* the others are starred out already */
    out->others = none;
    if (from > 0) {
        size_t before = from - 1, begin = before < CU_SCAN_LINE ? 0 : before - CU_SCAN_LINE;
        nl = memrchr(t.p + begin, '\n', before - begin);
        out->line_before = cu_slice(t, nl ? (size_t)(nl - t.p) + 1 : begin, before);
    }
    out->in_line = f->start - from;
    out->in_line_end = inside - from;
}

static void fingerprint(const cu_scan *s, const char *rule, cu_bytes value, char *out)
{
    static const uint8_t nul = 0;
    cu_sha256 mac;
    cu_hmac_sha256_3(cu_bytes_of(s->key, sizeof s->key), cu_str(rule), cu_bytes_of(&nul, 1), value,
                     &mac);
    cu_hex(out, mac.b, CU_FINGERPRINT_HEX / 2);
}

static cu_err render(cu_worker *w, const cu_scan_finding *f)
{
    cu_scan *s = w->scan;
    if (cu_report_serial(s->o.report) || w->out.n > CU_SCAN_FLUSH)
        CU_TRY(cu_queue_flush(w));
    cu_buf_str(&w->out, cu_report_between(s->o.report));
    CU_TRY(cu_report_finding(s->o.report, f, &w->out));
    if (s->o.found)
        s->o.found(s->o.found_arg, f);
    cu_count(&s->count.findings, 1);
    cu_count(&s->by_severity[s->o.rules->v[f->rule].severity], 1);
    return cu_buf_err(&w->out);
}

/* "From: Ada Example <ada@firm.example>" in a file of changes: who wrote them. */
static bool of_its_author(cu_bytes t, size_t at)
{
    static const char *const heads[] = {"From:", "Author:", "Origin:"};
    size_t from = at;
    while (from > 0 && at - from < 160 && t.p[from - 1] != '\n')
        from--;
    for (size_t k = 0; k < sizeof heads / sizeof *heads; k++)
        if (cu_starts(cu_slice(t, from, at), cu_str(heads[k])))
            return true;
    return false;
}

/* Whoever is named in the credits of a project was published by it (credits.c of detect/ says so of lines). Persons
 * and hosts in the source of a test are made up, but for what has a form that only real ones have. */
static void weigh_place(const cu_passage *p, cu_finding *f)
{
    bool mail = f->type == CU_TYPE_EMAIL_ADDRESS, person = f->type == CU_TYPE_PERSON;
    bool loose = person || f->type == CU_TYPE_USERNAME || f->type == CU_TYPE_AGE || f->type == CU_TYPE_IP_ADDRESS ||
                 f->type == CU_TYPE_IP_ADDRESS_PRIVATE || f->type == CU_TYPE_MAC_ADDRESS;
    const char *path = p->source->path + p->source->named; /* where the tree lies says nothing */
    if ((!mail && !loose) || f->confidence <= CU_DETECT_CREDIT_MOST)
        return;
    if ((mail || person) && (cu_credits_name(path) || (cu_changes_name(path) && of_its_author(p->text, f->start))))
        f->flags |= CU_FINDING_CREDIT;
    else if (loose && cu_test_source(path))
        f->flags |= CU_FINDING_TEST;
    else
        return;
    f->confidence = CU_DETECT_CREDIT_MOST;
}

static cu_err judge(cu_worker *w, const cu_passage *p, size_t i, const cu_place *a, const cu_place *b)
{
    cu_scan *s = w->scan;
    cu_finding *f = &w->found.v[i];
    const char *rule = s->o.rules->v[f->rule].id;
    weigh_place(p, f);
    if (f->flags & CU_FINDING_REMAINDER)
        return CU_OK;
    if (!(f->type < CU_TYPE_COUNT && s->o.only[f->type]) && !(s->o.only_rules && s->o.only_rules[f->rule]))
        return CU_OK;
    if (!wanted_line(p, a->line, b->line))
        return CU_OK;
    if (f->confidence < s->o.min_confidence) {
        cu_count(&s->count.below, 1);
        return CU_OK;
    }
    cu_scan_finding out = {.source = p->source, .line = a->line, .column = a->column + 1,
        .end_line = b->line, .end_column = b->column + 1, .start = a->raw, .end = b->raw,
        .type = (cu_type)f->type, .rule = f->rule, .confidence = f->confidence, .flags = f->flags,
        .value = cu_slice(p->text, f->start, f->end)};
    if (s->o.note)
        out.note = s->o.note(s->o.look_arg, f);
    fingerprint(s, rule, out.value, out.fingerprint);
    take_line(w, p->text, i, &out);
    if (f->type == CU_TYPE_CODE && cu_report_shows(&s->o.rules->v[f->rule]))
        out.in_line_end = out.in_line; /* code is shown, a secret in it is not */
    cu_accept_how how = cu_accept_judge(s->o.accept, &out, rule);
    if (how != CU_ACCEPT_NO && how != CU_ACCEPT_EXPIRED) {
        cu_count(&s->count.accepted, 1);
        return CU_OK;
    }
    return render(w, &out);
}

/* Program text is looked at whole or not at all. */
static cu_err look(cu_worker *w, const cu_passage *p, const cu_place *c, size_t limit)
{
    const char *why = NULL;
    w->found.n = 0;
    if (c->raw > CU_SCAN_HEAD)
        return CU_OK; /* the second part of a text whose first part was told about */
    if (limit < p->text.n)
        why = "too large";
    else
        CU_TRY(w->scan->o.look(w->scan->o.look_arg, p->source->path, p->text, &w->found, &why, &w->passed_by));
    if (why)
        cu_worker_complain(w, p->source->path, "not judged: %s", why);
    return CU_OK;
}

/* The lines of a private key are found one by one, so that nothing between them is replaced; they are one key. */
static bool same_key(cu_bytes t, const cu_finding *a, const cu_finding *b)
{
    return a->type == CU_TYPE_PRIVATE_KEY && b->type == CU_TYPE_PRIVATE_KEY && a->rule == b->rule && b->start - a->end <= 64 &&
           cu_find(cu_slice(t, a->end, b->start), CU_LIT("---"), 0) == (size_t)-1;
}

static void join_keys(cu_bytes t, cu_findings *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        if (n > 0 && same_key(t, &f->v[n - 1], &f->v[i]))
            f->v[n - 1].end = f->v[i].end;
        else
            f->v[n++] = f->v[i];
    f->n = n;
}

cu_err cu_emit(cu_worker *w, const cu_passage *p, cu_place c, size_t limit, uint64_t *reported)
{
    CU_TRY(w->scan->o.look ? look(w, p, &c, limit) : cu_detect(w->scan->o.engine, w->scratch, p->text, &w->found));
    join_keys(p->text, &w->found);
    for (size_t i = 0; i < w->found.n && w->found.v[i].start < limit; i++) {
        const cu_finding *f = &w->found.v[i];
        p->advance(p, &c, f->start);
        if (c.raw < *reported && !w->scan->o.look)
            continue;
        cu_place end = c;
        p->advance(p, &end, f->end);
        w->raw_findings++;
        CU_TRY(judge(w, p, i, &c, &end));
        *reported = end.raw;
        if (!w->scan->o.look) /* findings in code may lie in one another */
            c = end;
    }
    return CU_OK;
}
