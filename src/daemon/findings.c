#include "findings.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "comply/gaps.h"

#define DAY_NS (86400ull * 1000000000)
#define OPENED_AT_ONCE 10u /* of one look; the next minute goes on */

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

/* --- rules of the steps --- */

cu_err finding_check_control(desk_step *s, cu_fault *f)
{
    const char *id = text_of(s->fields, "control");
    return !*id || cu_control_find(s->a->catalogue, cu_str(id)) ? CU_OK : cu_fail(f, CU_SYNTAX, "control: there is none of the id %.40s", id);
}

cu_err finding_check_retest(desk_step *s, cu_fault *f)
{
    bool tested = *desk_text(s->now, "control") && *desk_text(s->now, "source") && strcmp(desk_text(s->now, "source"), "person") != 0;
    return s->who->system || !tested ? CU_OK : cu_fail(f, CU_DENIED, "Custos opened %.40s, and retests it: mend it and wait, or run its probe", s->id);
}

static cu_err known_controls(const desk_step *s, cu_fault *f)
{
    json_t *x;
    size_t i;
    json_array_foreach(json_object_get(s->fields, "controls"), i, x)
        if (!cu_control_find(s->a->catalogue, cu_str(json_string_value(x))))
            return cu_fail(f, CU_SYNTAX, "controls: there is none of the id %.40s", json_string_value(x));
    return CU_OK;
}

cu_err commitment_check(desk_step *s, cu_fault *f)
{
    return json_array_size(json_object_get(s->fields, "controls")) ? known_controls(s, f)
                                                                  : cu_fail(f, CU_SYNTAX, "controls: name those that keep the promise, as VEN-05 or IAM-01");
}

cu_err risk_check(desk_step *s, cu_fault *f)
{
    static const char *const scored[] = {"impact", "likelihood"};
    for (size_t k = 0; k < 2; k++) {
        json_int_t v = json_integer_value(json_object_get(s->fields, scored[k]));
        if (v < 1 || v > 5)
            return cu_fail(f, CU_SYNTAX, "%s is a number from 1 to 5", scored[k]);
    }
    return known_controls(s, f);
}

cu_err risk_check_until(desk_step *s, cu_fault *f)
{
    uint64_t until = cu_day_ns(cu_str(text_of(s->fields, "until"))), now = cu_now_ns();
    return until > now && until <= now + 366 * DAY_NS ? CU_OK : cu_fail(f, CU_SYNTAX, "until lies in the next twelve months");
}

/* --- looking --- */

typedef struct {
    char control[16], title[160], cause[240], why[240], types[200];
    cu_shortcoming how;
    uint64_t run_ms;                       /* the probe's last run that could run */
    uint64_t last_ms, missed, missed_ms, seen, limit_ms;
    bool preventive;
} short_control;

typedef struct {
    short_control *v;
    size_t n;
} look;

static void copy(char *out, size_t size, cu_bytes b)
{
    snprintf(out, size, "%.*s", (int)(b.n < size ? b.n : size - 1), (const char *)b.p);
}

static void stale_of(const cu_control_status *st, short_control *k)
{
    size_t n = 0;
    for (size_t i = 0; i < st->control->sources_n; i++) {
        const cu_source *x = &st->control->sources[i];
        if (!st->sources[i].seen.count || st->sources[i].fresh || n)
            continue;
        k->last_ms = st->sources[i].seen.last_ms;
        for (size_t e = 0; e < x->events_n && n + x->events[e].n + 2 < sizeof k->types; e++)
            n += (size_t)snprintf(k->types + n, sizeof k->types - n, "%s%.*s", e ? "," : "", CU_FMT(x->events[e]));
    }
}

static void note_one(void *arg, const cu_control_status *st)
{
    look *l = arg;
    cu_gap g;
    short_control *v = realloc(l->v, (l->n + 1) * sizeof *v);
    if (!v)
        return;
    l->v = v;
    short_control *k = &v[l->n++];
    *k = (short_control){.how = cu_short_of(st), .run_ms = st->probe.outcome == CU_RUN_NONE || st->probe.outcome == CU_RUN_FAILED ? 0 : st->probe.seen.last_ms,
                         .missed = st->missed, .missed_ms = st->missed_ms, .limit_ms = st->control->fresh_ns / 1000000,
                         .preventive = cu_eq_str(st->control->type, "preventive")};
    copy(k->control, sizeof k->control, st->control->id);
    copy(k->title, sizeof k->title, st->control->title);
    for (size_t i = 0; i < st->control->sources_n; i++)
        k->seen += st->sources[i].seen.count;
    if (st->control->probes_n)
        k->seen = st->probe.seen.count;
    if (cu_gap_of(st, &g))
        memcpy(k->cause, g.cause, sizeof k->cause);
    stale_of(st, k);
}

/* --- acting: what one look finds is written together, so that many of them keep no other look waiting --- */

/* Steps of a look, each of another finding; close: the finding that its step may close afterwards, or NULL. */
typedef struct {
    desk_noted *v;
    const json_t **close;
    size_t n;
} steps;

static void add_step(steps *s, const char *type, json_t *fields, const json_t *close)
{
    desk_noted *v = realloc(s->v, (s->n + 1) * sizeof *v);
    if (v)
        s->v = v;
    const json_t **c = realloc(s->close, (s->n + 1) * sizeof *c);
    if (c)
        s->close = c;
    if (!v || !c) {
        json_decref(fields); /* the next look finds it again */
        return;
    }
    s->v[s->n] = (desk_noted){.type = type, .fields = fields};
    s->close[s->n++] = close;
}

static void drop_steps(steps *s)
{
    free(s->v);
    free(s->close);
}

static const char *source_name(cu_shortcoming how)
{
    return how == CU_SHORT_PROBE ? "probe" : how == CU_SHORT_ENTRY ? "entry" : "evidence";
}

static json_t *finding_of(json_t *all, const short_control *k)
{
    json_t *x;
    size_t i;
    json_array_foreach(all, i, x)
        if (strcmp(desk_text(x, "control"), k->control) == 0 && strcmp(desk_text(x, "source"), source_name(k->how)) == 0)
            return x;
    return NULL;
}

static void tell_stale(app *a, const short_control *k)
{
    char last[CU_TIME_LEN];
    cu_buf b CU_CLEAN_BUF = CU_BUF(1024);
    cu_time_text(k->last_ms * 1000000, last);
    cu_buf_fmt(&b, "{\"control\":\"%s\",\"last\":\"%s\",\"types\":[\"", k->control, last);
    for (const char *p = k->types; *p; p++)
        cu_buf_str(&b, *p == ',' ? "\",\"" : (char[]){*p, 0});
    cu_buf_str(&b, "\"]}");
    pthread_mutex_lock(&a->lock);
    if (record(a, "evidence.stale", CU_TENANT_ORG, "daemon", &b) != CU_OK)
        cu_say(CU_LOG_WARN, "evidence.stale of %s is not recorded", k->control);
    pthread_mutex_unlock(&a->lock);
}

static void open_finding(app *a, const short_control *k, steps *out)
{
    char due[CU_TIME_LEN], title[256];
    bool stale = k->how == CU_SHORT_EVIDENCE, high = !stale && k->preventive;
    cu_time_text((cu_now_ns() / DAY_NS + (high ? 7 : stale ? 30 : 14)) * DAY_NS, due);
    snprintf(title, sizeof title, "%.150s: %s", k->title, stale ? "evidence is too old" : k->how == CU_SHORT_PROBE ? "its probe got through" : "an entry says that it failed");
    if (stale)
        tell_stale(a, k);
    add_step(out, "finding.opened", json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "cause", k->cause, "control", k->control, "due", due, "owner", "", "severity",
                                              high ? "high" : stale ? "low" : "medium", "source", source_name(k->how), "title", title), NULL);
}

/* Evidence that came back closes its finding; a control that works again passes the retest. */
static void retest(const json_t *finding, const short_control *k, steps *out)
{
    const char *state = text_of(finding, "state"), *id = text_of(finding, "id"), *source = desk_text(finding, "source");
    bool short_still = k->how != CU_SHORT_NOT && strcmp(source_name(k->how), source) == 0;
    uint64_t since = cu_day_ns(cu_str(text_of(finding, "at"))) / 1000000;
    bool newer = strcmp(source, "probe") != 0 || k->run_ms > since;
    if (!short_still && newer && (strcmp(state, "open") == 0 || strcmp(state, "fixed") == 0)) {
        const char *how = strcmp(source, "probe") == 0 ? "The probe held" : strcmp(source, "entry") == 0 ? "Nothing says any more that it fails" : "The evidence is fresh again";
        add_step(out, "finding.retested", json_pack("{s:s,s:s}", "finding", id, "retest", how), strcmp(source, "evidence") == 0 ? finding : NULL);
    } else if (short_still && newer && (strcmp(state, "fixed") == 0 || strcmp(state, "passed") == 0)) {
        add_step(out, "finding.retest_failed", json_pack("{s:s,s:s}", "finding", id, "retest", k->cause[0] ? k->cause : "It is still short"), NULL);
    }
}

static void close_retested(const steps *retests, steps *out)
{
    for (size_t i = 0; i < retests->n; i++)
        if (retests->v[i].taken && retests->close[i])
            add_step(out, "finding.closed", json_pack("{s:s,s:s}", "finding", text_of(retests->close[i], "id"), "note", "The evidence is fresh again"), NULL);
}

static void escalate(const json_t *finding, steps *out)
{
    const char *due = desk_text(finding, "due");
    if (cu_day_ns(cu_str(due)) + DAY_NS <= cu_now_ns() && strcmp(desk_text(finding, "escalated"), due) != 0)
        add_step(out, "finding.escalated", json_pack("{s:s,s:s}", "escalated", due, "finding", text_of(finding, "id")), NULL);
}

/* Occurrences that did not take place, once for each end of a gap. */
static void record_exception(const short_control *k, json_t *exceptions, steps *out)
{
    char from[CU_TIME_LEN], to[CU_TIME_LEN];
    json_t *x;
    size_t i;
    cu_time_text(k->missed_ms * 1000000, to);
    cu_time_text((k->missed_ms > k->limit_ms ? k->missed_ms - k->limit_ms : 0) * 1000000, from);
    json_array_foreach(exceptions, i, x)
        if (strcmp(desk_text(x, "control"), k->control) == 0 && strcmp(desk_text(x, "period_to"), to) >= 0)
            return;
    add_step(out, "exception.recorded", json_pack("{s:s,s:s,s:s,s:I,s:I,s:s,s:s,s:s}", "cause", "", "control", k->control, "effect", "", "failed", (json_int_t)k->missed, "of",
                                                  (json_int_t)(k->missed + k->seen), "period_from", from, "period_to", to, "response", ""), NULL);
}

/* A gap that is still open grows: it is told when it has ended. */
static bool gap_ended(const short_control *k)
{
    return k->missed && k->missed_ms + 2000 < cu_now_ns() / 1000000 && k->how != CU_SHORT_EVIDENCE;
}

static void judge(app *a, const look *l, json_t *all, json_t *exceptions, steps *out)
{
    unsigned opened = 0;
    json_t *x;
    size_t i;
    for (size_t k = 0; k < l->n; k++) {
        if (l->v[k].how != CU_SHORT_NOT && !finding_of(all, &l->v[k]) && opened < OPENED_AT_ONCE) {
            open_finding(a, &l->v[k], out);
            opened++;
        }
        if (gap_ended(&l->v[k]))
            record_exception(&l->v[k], exceptions, out);
        json_array_foreach(all, i, x)
            if (strcmp(desk_text(x, "control"), l->v[k].control) == 0 && *desk_text(x, "source") && strcmp(desk_text(x, "source"), "person") != 0)
                retest(x, &l->v[k], out);
    }
}

void findings_watch(app *a)
{
    static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER; /* two who look at once would open each finding twice */
    look l = {0};
    steps first = {0}, closings = {0}, escalations = {0};
    json_t *x;
    size_t i;
    pthread_mutex_lock(&one);
    states_each(a, cu_now_ns() / 1000000, note_one, &l);
    json_t *all = desk_list(a, "finding", NULL, true), *exceptions = desk_list(a, "exception", NULL, false);
    judge(a, &l, all, exceptions, &first);
    desk_note_all(a, first.v, first.n);
    close_retested(&first, &closings);
    desk_note_all(a, closings.v, closings.n);
    json_array_foreach(all, i, x)
        escalate(x, &escalations);
    desk_note_all(a, escalations.v, escalations.n);
    drop_steps(&first);
    drop_steps(&closings);
    drop_steps(&escalations);
    json_decref(all);
    json_decref(exceptions);
    free(l.v);
    pthread_mutex_unlock(&one);
}
