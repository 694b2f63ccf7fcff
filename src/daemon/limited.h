/* Private to daemon/: what a person may see who is limited to tenants, and an auditor who is limited to a
 * window and to controls as well. What she asks for is narrowed before a function of the API reads it; what is
 * found by id is held against the limits before it is shown. Nobody else is limited, and then all of these
 * say yes. */
#ifndef CUSTOS_DAEMON_LIMITED_H
#define CUSTOS_DAEMON_LIMITED_H

#include "app.h"

/* How an operation (paths.c) keeps to limits. Who is limited is refused where nothing is said. */
typedef enum {
    WHOLE = 0,   /* it shows all there is */
    FREE,        /* nothing of a tenant or a time in it, or the caller's own */
    LIMITED,     /* its function asks the ones below */
    OF_A_MOMENT, /* the same, and it shows what was so at as_of */
    OF_TENANTS,  /* it keeps to tenants, and shows all times: not for who has a window */
    WHOLE_AT,    /* all there was at as_of: for who is limited to a window, not to tenants */
} limit_kind;

bool limited(const call *c);
/* Narrows tenant, log, from, to and, of OF_A_MOMENT, as_of of the query: 0, or a refusal's status. */
unsigned limit_query(call *c, limit_kind kind);
bool limit_tenant(const call *c, const char *tenant);
/* org, anchor, t:TENANT, or as a folder t/TENANT. */
bool limit_log(const call *c, const char *log);
bool limit_time(const call *c, const char *at); /* RFC 3339 in UTC with milliseconds */
bool limit_control(const call *c, const char *control);
/* An object with tenant, from and to: a whole listing. */
bool limit_listing(const call *c, const char *tenant, const char *from, const char *to);
/* The 404 of what is there, and not for her: it says the same as if it were not. */
unsigned beyond(call *c);

/* --- views.c: what an auditor looked at becomes entries, those of a minute together --- */
void view_note(call *c, const char *operation);
void views_write(app *a, bool all); /* all: also those whose minute is not over */

#endif
