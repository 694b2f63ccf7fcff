/* custos timeline …: the way to a report as a plan, and the map of operation. */
#include <stdlib.h>
#include <string.h>
#include "desk_answer.h"

#define WIDTH 52

/* Names of options with the same names in the query; only what is a plain word. */
static int put_query(const cu_run *r, cu_buf *path, const char *const *names)
{
    for (; *names; names++) {
        const char *v = cu_run_option(r, *names);
        if (v && strspn(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-:.") != strlen(v))
            return cu_run_fail(r, CU_CONFIG, "an option has signs that no date, number or id has");
        if (v)
            cu_buf_fmt(path, "%c%s=%s", strchr(cu_buf_cstr(path), '?') ? '&' : '?', strcmp(*names, "report-by") == 0 ? "report_by" : *names, v);
    }
    return 0;
}

/* Days since 1970 of a date; 0 when there is none. */
static long days_of(const char *s)
{
    int y, m, d;
    if (sscanf(s, "%4d-%2d-%2d", &y, &m, &d) != 3)
        return 0;
    y -= m <= 2;
    long era = y / 400, of_era = y % 400, of_year = (153L * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

typedef struct {
    long first, last;
} span;

static void mark(char line[WIDTH + 1], const span *s, const char *date, char sign)
{
    long d = days_of(date), width = s->last > s->first ? s->last - s->first : 1, at = d ? (d - s->first) * (WIDTH - 1) / width : -1;
    if (at >= 0 && at < WIDTH)
        line[at] = sign;
}

static void put_milestone(const json_t *m, const json_t *all, const span *s)
{
    char line[WIDTH + 1];
    memset(line, '.', WIDTH);
    line[WIDTH] = 0;
    mark(line, s, cu_desk_text(all, "from"), '[');
    mark(line, s, cu_desk_text(all, "to"), ']');
    mark(line, s, cu_desk_text(all, "now"), '|');
    long long late = json_integer_value(json_object_get(m, "late_days"));
    bool reached = *cu_desk_text(m, "reached") != 0;
    mark(line, s, cu_desk_text(m, "date"), 'o');
    if (!reached && late > 0)
        mark(line, s, cu_desk_text(m, "forecast"), '>');
    if (reached)
        mark(line, s, cu_desk_text(m, "reached"), '#');
    printf("  %-4s %.10s %s %s", cu_desk_text(m, "id"), cu_desk_text(m, reached ? "reached" : "date"), line, cu_desk_text(m, "title"));
    if (reached)
        printf(" (reached)");
    else if (late > 0)
        printf(" (forecast %.10s, %lld days late)", cu_desk_text(m, "forecast"), late);
    putchar('\n');
}

static void put_plan(const json_t *all)
{
    json_t *p, *m;
    size_t i, k;
    span s = {days_of(cu_desk_text(all, "start")), days_of(cu_desk_text(all, "report"))};
    long forecast = days_of(cu_desk_text(all, "forecast_report"));
    s.last = forecast > s.last ? forecast : s.last;
    printf("start %.10s, window %.10s to %.10s, report %.10s", cu_desk_text(all, "start"), cu_desk_text(all, "from"), cu_desk_text(all, "to"), cu_desk_text(all, "report"));
    long long late = json_integer_value(json_object_get(all, "late_days"));
    if (late > 0)
        printf("; at the pace so far (%lld %%) %.10s, %lld days late", json_integer_value(json_object_get(all, "pace_percent")), cu_desk_text(all, "forecast_report"), late);
    printf("\n  # reached, o planned, > forecast, | today, [ ] window\n");
    json_array_foreach(json_object_get(all, "phases"), i, p) {
        printf("%s: %lld of %lld reached\n", cu_desk_text(p, "title"), json_integer_value(json_object_get(p, "reached")), json_integer_value(json_object_get(p, "milestones")));
        json_array_foreach(json_object_get(all, "milestones"), k, m)
            if (strcmp(cu_desk_text(m, "phase"), cu_desk_text(p, "id")) == 0)
                put_milestone(m, all, &s);
    }
}

static int show_plan(const cu_run *r, const char *const *names, const char *id)
{
    cu_buf path CU_CLEAN_BUF = CU_BUF(1024);
    json_t *all = NULL;
    cu_buf_str(&path, "/api/v1/timeline");
    if (id && strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789") != strlen(id))
        return cu_run_fail(r, CU_CONFIG, "an engagement's id is like ENG-1");
    if (id)
        cu_buf_fmt(&path, "?engagement=%.40s", id);
    int rc = put_query(r, &path, names);
    if (rc == 0)
        rc = cu_desk_answer(r, "GET", cu_buf_cstr(&path), CU_NONE, &all);
    if (rc == 0 && !r->json)
        put_plan(all);
    bool late = json_integer_value(json_object_get(all, "late_days")) > 0;
    json_decref(all);
    return rc ? rc : late ? CU_EXIT_FOUND : CU_EXIT_FINE;
}

static int plan(const cu_run *r)
{
    static const char *const names[] = {"months", "pace", "start", "report-by", NULL};
    if (!cu_run_option(r, "start") == !cu_run_option(r, "report-by"))
        return cu_run_fail(r, CU_CONFIG, "one of --start and --report-by is needed");
    return show_plan(r, names, NULL);
}

static int show(const cu_run *r)
{
    static const char *const names[] = {NULL};
    return show_plan(r, names, r->args_n ? r->args[0] : NULL);
}

static int map(const cu_run *r)
{
    static const char *const names[] = {"from", "to", NULL};
    cu_buf path CU_CLEAN_BUF = CU_BUF(1024);
    json_t *all = NULL, *x;
    size_t i;
    cu_buf_str(&path, "/api/v1/heat-map");
    int rc = put_query(r, &path, names);
    if (rc == 0)
        rc = cu_desk_answer(r, "GET", cu_buf_cstr(&path), CU_NONE, &all);
    if (rc == 0 && !r->json) {
        printf("each day from %.10s on: m met, p partly, n not met, d no data, a not applicable\n", cu_desk_text(all, "from"));
        json_array_foreach(json_object_get(all, "items"), i, x)
            printf("%-8s %s\n", cu_desk_text(x, "id"), cu_desk_text(x, "days"));
    }
    json_decref(all);
    return rc;
}

#define CONFIG {"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}

const cu_verb cu_verb_timeline_plan = {
    .name = "timeline plan", .group = "prepare", .operands = "", .run = plan, .formats = "text|json",
    .summary = "draft of a plan to a report: milestones with dates, from a start or back from the report; records nothing",
    .details = "To take it: custos register step timeline.planned. Exit status 0: it can be kept. 1: it would be late. 2: could not be done.",
    .options = {CONFIG, {"months", "N", "observation window: 3, 6 (default), 9 or 12; 0: type 1"}, {"pace", "WORD", "standard (default) or fast"},
                {"start", "DATE", "the day of the decision"}, {"report-by", "DATE", "the day of the report; the start is worked out"}},
};
const cu_verb cu_verb_timeline_show = {
    .name = "timeline show", .group = "prepare", .operands = "[ENGAGEMENT]", .run = show, .formats = "text|json",
    .summary = "the plan as it stands: what is reached and what proves it, what is late at the pace so far",
    .details = "Exit status 0: in time. 1: the forecast is later than the plan. 2: could not be done.",
    .options = {CONFIG},
};
const cu_verb cu_verb_timeline_map = {
    .name = "timeline map", .group = "prepare", .operands = "", .run = map, .formats = "text|json",
    .summary = "state of each control at the end of each day of the window",
    .options = {CONFIG, {"from", "DATE", "first day; the window's otherwise"}, {"to", "DATE", "the day after the last; today otherwise"}},
};
