/* The status engine: every control is met by its evidence and lowered by the loss of any part of it; entry by entry and
 * by replay the same; as of any moment; no data is never met. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "comply/status.h"

#define DAY 86400000ull
#define T0 (20600ull * DAY)

static cu_arena arena;
static cu_catalogue *cat;

static int load(void **state)
{
    cu_fault f = {0};
    cu_events *events;
    cu_arena_init(&arena, 64u << 20);
    assert_int_equal(cu_events_load(CATALOG_DIR, &arena, &events, &f), CU_OK);
    assert_int_equal(cu_catalogue_load(CATALOG_DIR, events, &arena, &cat, &f), CU_OK);
    return 0;
}

static int unload(void **state)
{
    cu_arena_free(&arena);
    return 0;
}

static void put_in(cu_status *s, const char *log, uint64_t index, cu_bytes type, uint64_t ms, const char *body)
{
    char ts[CU_TIME_LEN];
    cu_time_text(ms * 1000000, ts);
    const cu_status_entry e = {cu_str(log), index, type, cu_str(ts), cu_str(body)};
    assert_int_equal(cu_status_take(s, &e), CU_OK);
}

static uint64_t next_index; /* of the log org */
static void put(cu_status *s, cu_bytes type, uint64_t ms, const char *body)
{
    put_in(s, "org", next_index++, type, ms, body);
}

static void put_run_of(cu_status *s, cu_bytes probe, uint64_t ms, unsigned held, unsigned broken, unsigned failed)
{
    char body[300];
    snprintf(body, sizeof body, "{\"attacks\":%u,\"broken\":%u,\"failed\":%u,\"held\":%u,\"probe\":\"%.*s\",\"results\":[]}", held + broken + failed, broken, failed, held,
             CU_FMT(probe));
    put(s, CU_LIT("probe.completed"), ms, body);
}

static void put_run(cu_status *s, const cu_control *k, uint64_t ms, unsigned held, unsigned broken, unsigned failed)
{
    put_run_of(s, k->probes[0], ms, held, broken, failed);
}

static cu_status *fresh_one(void)
{
    cu_status *s;
    next_index = 0;
    assert_int_equal(cu_status_new(cat, &s), CU_OK);
    return s;
}

static cu_state state_of(cu_status *s, const cu_control *k, uint64_t ms)
{
    cu_control_status st;
    cu_status_control(s, k, ms, &st);
    return st.state;
}

/* All that a control's test asks for, but for source `without` (and its probe, when that is sources_n). */
static cu_status *with_evidence(const cu_control *k, uint64_t ms, size_t without, bool feeds)
{
    cu_status *s = fresh_one();
    for (size_t i = 0; i < k->sources_n; i++) {
        char body[200];
        snprintf(body, sizeof body, "{\"%.*s\":\"%.*s\"}", CU_FMT(k->sources[i].member), CU_FMT(k->sources[i].value));
        if (i == without || (k->sources[i].feed && !feeds))
            continue;
        if (!cu_eq(k->sources[i].events[0], CU_LIT("probe.completed")) || !k->probes_n)
            put(s, k->sources[i].events[0], ms, k->sources[i].member.n ? body : "{}");
        else if (k->sources[i].member.n) /* a run by the name that the source asks for */
            put_run_of(s, k->sources[i].value, ms, 1, 0, 0);
        else
            put(s, CU_LIT("probe.completed"), ms, "{\"attacks\":1,\"broken\":0,\"failed\":0,\"held\":1,\"probe\":\"another\",\"results\":[]}");
    }
    if (k->probes_n && without != k->sources_n)
        put_run(s, k, ms, 3, 0, 0);
    return s;
}

static unsigned rank(cu_state s)
{
    return s == CU_STATE_MET ? 3 : s == CU_STATE_PARTLY ? 2 : s == CU_STATE_NO_DATA ? 1 : 0;
}

/* Another source with a condition on the same type brings entries for this one too. */
static bool shared_source(const cu_control *k, size_t i)
{
    bool shared = false;
    for (size_t j = 0; j < k->sources_n && i < k->sources_n; j++)
        shared |= j != i && cu_eq(k->sources[j].events[0], k->sources[i].events[0]) && !k->sources[i].member.n;
    return shared;
}

/* TEN-02: a run called isolation is both its source and a probe of it: it has to be taken away as both. */
static bool runs_are_source(const cu_control *k, size_t i)
{
    return i < k->sources_n && cu_eq(k->sources[i].events[0], CU_LIT("probe.completed"));
}

/* Everything but the runs of one probe. */
static cu_status *without_runs_of(const cu_control *k, uint64_t ms, cu_bytes probe)
{
    cu_status *s = fresh_one();
    for (size_t i = 0; i < k->sources_n; i++)
        if (!runs_are_source(k, i)) {
            char body[200];
            snprintf(body, sizeof body, "{\"%.*s\":\"%.*s\"}", CU_FMT(k->sources[i].member), CU_FMT(k->sources[i].value));
            put(s, k->sources[i].events[0], ms, body);
        }
    for (size_t j = 0; j < k->probes_n; j++)
        if (!cu_eq(k->probes[j], probe))
            put_run_of(s, k->probes[j], ms, 1, 0, 0);
    return s;
}

static void a_probe_that_does_not_run_is_missed_where_its_run_is_the_evidence(void **state)
{
    unsigned tried = 0;
    for (size_t c = 0; c < cat->controls_n; c++) {
        const cu_control *k = &cat->controls[c];
        for (size_t i = 0; i < k->sources_n; i++) {
            if (!runs_are_source(k, i) || !k->sources[i].member.n)
                continue;
            tried++;
            cu_status *s = without_runs_of(k, T0, k->sources[i].value);
            if (rank(state_of(s, k, T0 + 1000)) >= rank(CU_STATE_MET))
                fail_msg("%.*s lives without the runs of %.*s", CU_FMT(k->id), CU_FMT(k->sources[i].value));
            put_run_of(s, k->sources[i].value, T0 + 2000, 0, 0, 3); /* could not run: no data, not evidence */
            if (rank(state_of(s, k, T0 + 3000)) >= rank(CU_STATE_MET))
                fail_msg("%.*s takes a run that could not run for evidence", CU_FMT(k->id));
            put(s, CU_LIT("probe.completed"), T0 + 4000, "{\"attacks\":1,\"broken\":0,\"elsewhere\":true,\"failed\":0,\"held\":1,\"probe\":\"x\",\"results\":[]}");
            put_run_of(s, k->sources[i].value, T0 + 5000, 1, 0, 0);
            if (rank(state_of(s, k, T0 + 6000)) < rank(CU_STATE_MET))
                fail_msg("%.*s does not take the runs of %.*s", CU_FMT(k->id), CU_FMT(k->sources[i].value));
            cu_status_free(s);
        }
    }
    assert_true(tried >= 4);
}

static void what_one_probe_got_through_another_does_not_heal(void **state)
{
    unsigned tried = 0;
    for (size_t c = 0; c < cat->controls_n; c++) {
        const cu_control *k = &cat->controls[c];
        for (size_t j = 1; j < k->probes_n; j++, tried++) {
            cu_status *s = with_evidence(k, T0, SIZE_MAX, true);
            put_run_of(s, k->probes[j], T0 + 1000, 0, 1, 0);
            put_run_of(s, k->probes[0], T0 + 2000, 3, 0, 0);
            assert_int_equal(state_of(s, k, T0 + 2001), CU_STATE_NOT_MET);
            put_run_of(s, k->probes[j], T0 + 3000, 3, 0, 0);
            assert_int_equal(state_of(s, k, T0 + 3001), CU_STATE_MET);
            cu_status_free(s);
        }
    }
    assert_true(tried > 0);
}

static void every_control_lives_by_each_of_its_sources(void **state)
{
    for (size_t c = 0; c < cat->controls_n; c++) {
        const cu_control *k = &cat->controls[c];
        size_t feeds = 0, own = k->probes_n > 0;
        for (size_t i = 0; i < k->sources_n; i++) {
            feeds += k->sources[i].feed;
            own += !k->sources[i].feed;
        }
        cu_status *s = fresh_one();
        if (state_of(s, k, T0) != CU_STATE_NO_DATA)
            fail_msg("%.*s without any entry", CU_FMT(k->id));
        cu_status_free(s);
        s = with_evidence(k, T0, SIZE_MAX, true);
        cu_control_status st;
        cu_status_control(s, k, T0 + 60000, &st);
        if (st.state != CU_STATE_MET)
            fail_msg("%.*s with everything: %s: %s", CU_FMT(k->id), cu_state_name(st.state), st.why);
        if (state_of(s, k, T0 - 1) != CU_STATE_NO_DATA || state_of(s, k, T0 + 3000 * DAY) != CU_STATE_NO_DATA)
            fail_msg("%.*s is not no data before and long after", CU_FMT(k->id));
        cu_status_free(s);
        s = with_evidence(k, T0, SIZE_MAX, false);
        cu_state got = state_of(s, k, T0 + 60000);
        if (got != (!feeds ? CU_STATE_MET : own ? CU_STATE_PARTLY : CU_STATE_NO_DATA))
            fail_msg("%.*s without its feed: %s", CU_FMT(k->id), cu_state_name(got));
        cu_status_free(s);
        for (size_t without = 0; without < k->sources_n + (k->probes_n > 0); without++) {
            s = with_evidence(k, T0, without, true);
            got = state_of(s, k, T0 + 60000);
            cu_status_free(s);
            if (rank(got) >= rank(CU_STATE_MET) && !shared_source(k, without) && !runs_are_source(k, without) && !(without == k->sources_n && runs_are_source(k, 0)))
                fail_msg("%.*s lives without its source %zu", CU_FMT(k->id), without);
        }
    }
}

/* Each source ends: within its own limit the state is lower, though all others go on. */
static void a_source_that_ends_lowers_the_state_within_its_limit(void **state)
{
    for (size_t c = 0; c < cat->controls_n; c++) {
        const cu_control *k = &cat->controls[c];
        for (size_t ended = 0; ended < k->sources_n; ended++) {
            if (runs_are_source(k, ended))
                continue;
            uint64_t limit = k->sources[ended].within_ns / 1000000, at = T0 + limit + 1000;
            cu_status *s = with_evidence(k, at, ended, true);
            /* the one that ended, before all others: times need not come in order */
            char body[200];
            snprintf(body, sizeof body, "{\"%.*s\":\"%.*s\"}", CU_FMT(k->sources[ended].member), CU_FMT(k->sources[ended].value));
            put_in(s, "t/acme", 0, k->sources[ended].events[0], T0, body);
            if (!shared_source(k, ended) && rank(state_of(s, k, at)) >= rank(CU_STATE_MET))
                fail_msg("%.*s: source %zu ended unseen", CU_FMT(k->id), ended);
            cu_status_free(s);
        }
    }
}

static void a_probe_that_gets_through_is_not_met_until_it_holds(void **state)
{
    for (size_t c = 0; c < cat->controls_n; c++) {
        const cu_control *k = &cat->controls[c];
        if (!k->probes_n)
            continue;
        cu_status *s = with_evidence(k, T0, SIZE_MAX, true);
        put_run(s, k, T0 + 1000, 2, 1, 0);
        assert_int_equal(state_of(s, k, T0 + 1001), CU_STATE_NOT_MET);
        assert_int_equal(state_of(s, k, T0 + 400 * DAY), CU_STATE_NOT_MET); /* time does not heal it */
        put_run(s, k, T0 + 2000, 0, 0, 3); /* could not run: says nothing */
        assert_int_equal(state_of(s, k, T0 + 2001), CU_STATE_NOT_MET);
        put_run(s, k, T0 + 3000, 3, 0, 0);
        assert_int_equal(state_of(s, k, T0 + 3001), CU_STATE_MET);
        assert_int_equal(state_of(s, k, T0 + 1500), CU_STATE_NOT_MET); /* as of then it was */
        cu_status_free(s);
        if (runs_are_source(k, 0)) /* there the run itself is an entry that counts */
            continue;
        s = fresh_one();
        put_run(s, k, T0, 0, 0, 3);
        assert_int_equal(state_of(s, k, T0 + 1), CU_STATE_NO_DATA);
        cu_status_free(s);
    }
}

static void an_entry_that_breaks_a_control_breaks_it(void **state)
{
    for (size_t c = 0; c < cat->controls_n; c++) {
        const cu_control *k = &cat->controls[c];
        for (size_t b = 0; b < k->breakers_n; b++) {
            const cu_breaker *x = &k->breakers[b];
            char body[200] = "{}";
            if (x->member.n)
                snprintf(body, sizeof body, "{\"%.*s\":\"%.*s\"}", CU_FMT(x->member), CU_FMT(x->value));
            cu_status *s = with_evidence(k, T0, SIZE_MAX, true);
            put(s, x->events[0], T0 + 1000, body);
            if (x->member.n && x->until_n) /* of something else: no cure */
                put(s, x->until[0], T0 + 1000, "{}");
            if (state_of(s, k, T0 + 1001) != CU_STATE_NOT_MET)
                fail_msg("%.*s is not broken by %.*s", CU_FMT(k->id), CU_FMT(x->events[0]));
            if (x->until_n)
                put(s, x->until[0], T0 + 2000, body);
            else if (k->probes_n)
                put_run(s, k, T0 + 2000, 1, 0, 0);
            if (state_of(s, k, T0 + 2001) != CU_STATE_MET)
                fail_msg("%.*s does not recover", CU_FMT(k->id));
            cu_status_free(s);
        }
    }
}

static void a_missed_occurrence_is_an_exception_and_nil_returns_count(void **state)
{
    cu_control_status st;
    const cu_control *k = cu_control_find(cat, CU_LIT("RSK-01"));
    cu_status *s = with_evidence(k, T0, SIZE_MAX, true);
    put(s, CU_LIT("risk.assessed"), T0 + 900 * DAY, "{}");
    put(s, CU_LIT("risk.accepted"), T0 + 900 * DAY, "{}");
    cu_status_control(s, k, T0 + 901 * DAY, &st);
    assert_true(st.missed > 0);
    assert_int_equal(st.state, CU_STATE_PARTLY);
    cu_status_free(s);
    k = cu_control_find(cat, CU_LIT("OPS-04"));
    s = fresh_one();
    put_run(s, k, T0, 1, 0, 0);
    assert_int_equal(state_of(s, k, T0 + 1), CU_STATE_PARTLY);
    put(s, CU_LIT("nil.returned"), T0 + 2, "{\"control\":\"OPS-06\"}");
    assert_int_equal(state_of(s, k, T0 + 3), CU_STATE_PARTLY);
    put(s, CU_LIT("nil.returned"), T0 + 4, "{\"control\":\"OPS-04\"}");
    assert_int_equal(state_of(s, k, T0 + 5), CU_STATE_MET);
    assert_int_equal(state_of(s, k, T0 + 40 * DAY), CU_STATE_NO_DATA);
    cu_status_free(s);
}

static void scope_takes_criteria_out_but_never_security(void **state)
{
    cu_status *s = fresh_one();
    const cu_criterion *privacy = cu_criterion_find(cat, CU_LIT("P1.1")), *security = cu_criterion_find(cat, CU_LIT("CC6.1"));
    const cu_control *k = cu_control_find(cat, CU_LIT("IAM-08"));
    put(s, CU_LIT("scope.decided"), T0, "{\"categories\":[\"availability\"],\"excluded\":[{\"control\":\"IAM-08\",\"reason\":\"no rooms\"}]}");
    assert_int_equal(cu_status_criterion(s, privacy, T0 - 1), CU_STATE_NO_DATA);
    assert_int_equal(cu_status_criterion(s, privacy, T0), CU_STATE_NOT_APPLICABLE);
    assert_int_equal(cu_status_criterion(s, security, T0), CU_STATE_NO_DATA);
    assert_int_equal(state_of(s, k, T0), CU_STATE_NOT_APPLICABLE);
    put(s, CU_LIT("scope.decided"), T0 + 10, "{\"categories\":[\"privacy\"],\"excluded\":[]}");
    assert_int_equal(cu_status_criterion(s, privacy, T0 + 10), CU_STATE_NO_DATA);
    cu_status_free(s);
}

/* --- entry by entry, by replay in another order, and as of: the same --- */

typedef struct {
    unsigned log;
    uint64_t index, ms;
    cu_bytes type;
    char body[160];
} made;

static uint32_t seed = 20261126;
static uint32_t dice(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static void make(made *m, uint64_t *index, uint64_t *now)
{
    const cu_control *k = &cat->controls[dice((uint32_t)cat->controls_n)];
    m->log = dice(3);
    m->index = index[m->log]++;
    m->ms = *now += dice(4) ? dice(3600000) : dice(20) * DAY / 4;
    snprintf(m->body, sizeof m->body, "{}");
    uint32_t what = dice(10);
    if (what < 2 && k->probes_n) {
        unsigned held = dice(3), broken = dice(8) == 0, failed = dice(6) == 0;
        m->type = CU_LIT("probe.completed");
        snprintf(m->body, sizeof m->body, "{\"attacks\":%u,\"broken\":%u,\"failed\":%u,\"held\":%u,\"probe\":\"%.*s\"}", held + broken + failed, broken, failed, held,
                 CU_FMT(k->probes[0]));
    } else if (what == 2) {
        m->type = CU_LIT("nil.returned");
        snprintf(m->body, sizeof m->body, "{\"control\":\"%.*s\"}", CU_FMT(k->id));
    } else if (what == 3 && k->breakers_n) {
        m->type = k->breakers[0].events[0];
    } else if (what == 4 && dice(10) == 0) {
        m->type = CU_LIT("scope.decided");
        snprintf(m->body, sizeof m->body, "{\"categories\":[\"%s\"],\"excluded\":[]}", dice(2) ? "privacy" : "availability");
    } else if (k->sources_n) {
        m->type = k->sources[dice((uint32_t)k->sources_n)].events[0];
    } else {
        m->type = CU_LIT("exchange.request");
    }
}

static void take(cu_status *s, const made *m)
{
    static const char *const logs[] = {"org", "t/acme", "t/other"};
    put_in(s, logs[m->log], m->index, m->type, m->ms, m->body);
}

#define MADE 4000u

static void all_states(cu_status *s, uint64_t ms, cu_buf *out)
{
    assert_int_equal(cu_status_controls_json(s, ms, out), CU_OK);
    assert_int_equal(cu_status_criteria_json(s, ms, out), CU_OK);
}

static void entry_by_entry_and_replay_agree_at_every_moment(void **state)
{
    made *m = calloc(MADE, sizeof *m);
    uint64_t index[3] = {0}, now = T0;
    cu_status *one = fresh_one(), *replay;
    assert_non_null(m);
    for (unsigned i = 0; i < MADE; i++)
        make(&m[i], index, &now);
    assert_int_equal(cu_status_new(cat, &replay), CU_OK);
    for (unsigned log = 0; log < 3; log++) /* log after log, as they stand on disk */
        for (unsigned i = 0; i < MADE; i++)
            if (m[i].log == log)
                take(replay, &m[i]);
    for (unsigned i = 0; i < MADE; i++) {
        take(one, &m[i]);
        if (i % 7 == 0)
            take(one, &m[i]); /* twice is once */
        if (i % 50 || (i + 1 < MADE && m[i + 1].ms == m[i].ms))
            continue;
        cu_buf a CU_CLEAN_BUF = CU_BUF(1u << 24), b CU_CLEAN_BUF = CU_BUF(1u << 24);
        all_states(one, m[i].ms, &a);
        all_states(replay, m[i].ms, &b); /* of everything, as of then */
        if (!cu_eq(cu_buf_view(&a), cu_buf_view(&b)))
            fail_msg("after %u entries the two differ", i + 1);
    }
    cu_status_free(one);
    cu_status_free(replay);
    free(m);
}

static void times_are_read_strictly(void **state)
{
    static const char *const bad[] = {"", "2026", "2026-13-01", "2026-11-26T10:00:00", "2026-11-26T10:00:00+01:00", "2026-11-26T25:00:00Z", "2026-11-26T10:00:00.12x4Z", "x026-11-26", "2026-11-26 10:00:00Z"};
    static const char *const good[] = {"2026-11-26T22:41:39.123Z", "2024-02-29T00:00:00.000Z", "1970-01-01T00:00:00.001Z", "2100-03-01T23:59:59.999Z"};
    uint64_t ms;
    char text[CU_TIME_LEN];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(cu_status_time(cu_str(bad[i]), &ms));
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(cu_status_time(cu_str(good[i]), &ms));
        cu_time_text(ms * 1000000, text);
        assert_string_equal(text, good[i]);
        for (size_t n = 0; n < strlen(good[i]); n++) /* cut off: never another time */
            if (cu_status_time(cu_bytes_of(good[i], n), &ms))
                assert_int_equal(n, 10);
    }
    assert_true(cu_status_time(CU_LIT("2026-11-26"), &ms));
    assert_true(cu_status_time(CU_LIT("2026-11-26T10:00:00Z"), &ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_strictly),
        cmocka_unit_test(every_control_lives_by_each_of_its_sources),
        cmocka_unit_test(a_source_that_ends_lowers_the_state_within_its_limit),
        cmocka_unit_test(a_probe_that_does_not_run_is_missed_where_its_run_is_the_evidence),
        cmocka_unit_test(what_one_probe_got_through_another_does_not_heal),
        cmocka_unit_test(a_probe_that_gets_through_is_not_met_until_it_holds),
        cmocka_unit_test(an_entry_that_breaks_a_control_breaks_it),
        cmocka_unit_test(a_missed_occurrence_is_an_exception_and_nil_returns_count),
        cmocka_unit_test(scope_takes_criteria_out_but_never_security),
        cmocka_unit_test(entry_by_entry_and_replay_agree_at_every_moment),
    };
    return cmocka_run_group_tests_name("comply/status", tests, load, unload);
}
