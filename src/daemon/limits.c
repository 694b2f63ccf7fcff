#include "limited.h"
#include <stdio.h>
#include "comply/status.h"

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

unsigned limit_query(call *c, limit_kind kind)
{
    if (kind == WHOLE || (kind == WHOLE_AT && c->who.tenants[0]) || (kind == OF_TENANTS && c->who.from[0]))
        return problem(c, 403, "Not within your limits", "This shows more than your account may see: it is limited to tenants or to a window.");
    if (kind == FREE)
        return 0;
    const char *tenant = c->query(c->query_arg, "tenant"), *log = c->query(c->query_arg, "log"), *from = c->query(c->query_arg, "from");
    const char *to = c->query(c->query_arg, "to"), *at = c->query(c->query_arg, "as_of");
    if (!narrow_tenant(c, tenant, log))
        return problem(c, 403, "Not within your limits", "Your account is limited to: %s.", c->who.tenants);
    if (!bound(from, c->who.from, false, c->narrow.from) || !bound(to, c->who.to, true, c->narrow.to) || ((kind == OF_A_MOMENT || kind == WHOLE_AT) && !narrow_moment(c, at)))
        return problem(c, 403, "Not within your window", "Your window is from %s to %s; times are like 2026-11-26T22:00:00Z.", c->who.from, c->who.to);
    c->narrow.asked = c->query;
    c->narrow.asked_arg = c->query_arg;
    c->query = narrowed;
    c->query_arg = c;
    return 0;
}
