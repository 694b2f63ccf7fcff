#include "limited.h"
#include <stdio.h>
#include "comply/status.h"
#include "desk.h"

bool limited(const call *c)
{
    return c->who.tenants[0] || c->who.controls[0] || c->who.from[0] || c->who.to[0];
}

static bool in_list(const char *names, const char *name)
{
    size_t len = strlen(name);
    for (const char *p = names; *p; p += strcspn(p, ","), p += *p == ',')
        if (strcspn(p, ",") == len && memcmp(p, name, len) == 0)
            return true;
    return !*names;
}

bool limit_tenant(const call *c, const char *tenant)
{
    return in_list(c->who.tenants, tenant);
}

bool limit_log(const call *c, const char *log)
{
    return strcmp(log, "anchor") == 0 || limit_tenant(c, strncmp(log, "t:", 2) == 0 || strncmp(log, "t/", 2) == 0 ? log + 2 : log);
}

bool limit_time(const call *c, const char *at)
{
    return (!c->who.from[0] || strcmp(at, c->who.from) >= 0) && (!c->who.to[0] || strcmp(at, c->who.to) < 0);
}

bool limit_control(const call *c, const char *control)
{
    return in_list(c->who.controls, control);
}

bool limit_listing(const call *c, const char *tenant, const char *from, const char *to)
{
    return (tenant[0] ? limit_tenant(c, tenant) : !c->who.tenants[0]) && (!c->who.from[0] || strcmp(from, c->who.from) >= 0) &&
           (!c->who.to[0] || strcmp(to, c->who.to) <= 0);
}

unsigned beyond(call *c)
{
    return problem(c, 404, "Not found", "There is none, or it is outside of what your account may see.");
}

/* --- the query --- */

static const char *narrowed(void *arg, const char *name)
{
    const call *c = arg;
    const struct narrowed *n = &c->narrow;
    if (strcmp(name, "tenant") == 0 && n->tenant[0])
        return n->tenant;
    if (strcmp(name, "log") == 0 && n->log[0])
        return n->log;
    if (strcmp(name, "from") == 0 && n->from[0])
        return n->from;
    if (strcmp(name, "to") == 0 && n->to[0])
        return n->to;
    if (strcmp(name, "as_of") == 0 && n->as_of[0])
        return n->as_of;
    return n->asked(n->asked_arg, name);
}

/* The later (or, of an end, the earlier) of what was asked for and the limit. */
static bool bound(const char *asked, const char *limit, bool end, char out[CU_TIME_LEN])
{
    uint64_t ms = 0, at = 0;
    if (!limit[0])
        return true;
    if (!cu_status_time(cu_str(limit), &at) || (asked && *asked && !cu_status_time(cu_str(asked), &ms)))
        return false;
    bool own = asked && *asked && (end ? ms < at : ms > at);
    cu_time_text((own ? ms : at) * 1000000, out);
    return true;
}

static bool narrow_moment(call *c, const char *asked)
{
    char now[CU_TIME_LEN];
    if (!c->who.to[0])
        return true;
    cu_time_text(cu_now_ns(), now);
    return bound(asked && *asked ? asked : now, c->who.to, true, c->narrow.as_of) && strcmp(c->narrow.as_of, c->who.from) >= 0;
}

static bool narrow_tenant(call *c, const char *tenant, const char *log)
{
    size_t first = strcspn(c->who.tenants, ",");
    if (!c->who.tenants[0])
        return true;
    if ((tenant && *tenant && !limit_tenant(c, tenant)) || (log && *log && !limit_log(c, log)))
        return false;
    snprintf(c->narrow.tenant, sizeof c->narrow.tenant, "%.*s", tenant && *tenant ? 63 : (int)first, tenant && *tenant ? tenant : c->who.tenants);
    if (log && *log)
        snprintf(c->narrow.log, sizeof c->narrow.log, "%.79s", log);
    else
        snprintf(c->narrow.log, sizeof c->narrow.log, "%s%.60s", strcmp(c->narrow.tenant, CU_TENANT_ORG) == 0 ? "" : "t:", c->narrow.tenant);
    return true;
}

bool limit_now(const call *c)
{
    char now[CU_TIME_LEN];
    cu_time_text(cu_now_ns(), now);
    return limit_time(c, now);
}

static bool shows_more(const call *c, limit_kind kind)
{
    switch (kind) {
    case WHOLE: return true;
    case WHOLE_NOW: return c->who.tenants[0] || c->who.controls[0] || !limit_now(c);
    case OF_TENANTS: return c->who.from[0];
    default: return false;
    }
}

static unsigned outside(call *c)
{
    return problem(c, 403, "Not within your window", "Your window is from %s to %s; times are like 2026-11-26T22:00:00Z.", c->who.from, c->who.to);
}

unsigned limit_moment(call *c)
{
    return narrow_moment(c, c->narrow.asked ? c->narrow.asked(c->narrow.asked_arg, "as_of") : NULL) ? 0 : outside(c);
}

void limit_lift(call *c)
{
    if (!c->narrow.asked)
        return;
    c->query = c->narrow.asked;
    c->query_arg = c->narrow.asked_arg;
}

unsigned limit_query(call *c, limit_kind kind)
{
    if (shows_more(c, kind))
        return problem(c, 403, "Not within your limits", "This shows more than your account may see, which is limited to tenants, to controls or to a window.");
    if (kind == FREE)
        return 0;
    const char *tenant = c->query(c->query_arg, "tenant"), *log = c->query(c->query_arg, "log"), *from = c->query(c->query_arg, "from");
    const char *to = c->query(c->query_arg, "to"), *at = c->query(c->query_arg, "as_of");
    if (!narrow_tenant(c, tenant, log))
        return problem(c, 403, "Not within your limits", "Your account is limited to: %s.", c->who.tenants);
    if (!bound(from, c->who.from, false, c->narrow.from) || !bound(to, c->who.to, true, c->narrow.to) || (kind == OF_A_MOMENT && !narrow_moment(c, at)))
        return outside(c);
    c->narrow.asked = c->query;
    c->narrow.asked_arg = c->query_arg;
    c->query = narrowed;
    c->query_arg = c;
    return 0;
}

/* --- records --- */

/* Whether one of its steps evidences a control of hers. */
static bool evidences(const call *c, const cu_register *r)
{
    char control[32];
    const cu_events *all = c->a->events;
    for (size_t i = 0; i < all->n; i++)
        for (size_t k = 0; all->v[i].reg == r && k < all->v[i].controls_n; k++) {
            snprintf(control, sizeof control, "%.*s", CU_FMT(all->v[i].controls[k]));
            if (limit_control(c, control))
                return true;
        }
    return !c->who.controls[0];
}

static bool of_controls(const call *c, const cu_register *r, const json_t *record)
{
    const char *control = desk_text(record, "control");
    return *control ? limit_control(c, control) : r->examination || evidences(c, r);
}

static const char *word(const json_t *record, const char *key)
{
    const char *s = json_string_value(json_object_get(record, key));
    return s ? s : "";
}

bool limit_record(const call *c, const cu_register *r, const json_t *record)
{
    const char *tenant = word(record, "tenant");
    if (!of_controls(c, r, record))
        return false;
    if (r->examination)
        return !c->who.tenants[0] || strcmp(word(record, "opened_by"), c->who.person) == 0;
    const cu_register_state *state = cu_register_state_find(r, cu_str(word(record, "state")));
    return limit_tenant(c, *tenant ? tenant : CU_TENANT_ORG) && !(state && state->ends && strcmp(word(record, "at"), c->who.from) < 0);
}
