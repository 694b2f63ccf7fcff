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
    WHOLE_NOW,   /* all there is now: for who is limited to a window with now in it, to nothing else */
} limit_kind;

bool limited(const call *c);
/* Narrows tenant, log, from, to and, of OF_A_MOMENT, as_of of the query: 0, or a refusal's status. */
unsigned limit_query(call *c, limit_kind kind);
/* Narrows as_of as well, of an operation whose function finds out first whether it shows a moment. */
unsigned limit_moment(call *c);
/* The query as it was sent, of what is no part of the window that is examined. */
void limit_lift(call *c);
/* Whether a record (desk.h) is hers to see: of the examination itself what is about her controls; else of her tenants
 * and controls, and not over before her window. What came after her window as_of keeps away. */
struct json_t;
bool limit_record(const call *c, const cu_register *r, const struct json_t *record);
bool limit_tenant(const call *c, const char *tenant);
/* org, anchor, t:TENANT, or as a folder t/TENANT. */
bool limit_log(const call *c, const char *log);
bool limit_time(const call *c, const char *at); /* RFC 3339 in UTC with milliseconds */
bool limit_now(const call *c); /* her window has begun and not ended */
bool limit_control(const call *c, const char *control);
/* An object with tenant, from and to: a whole listing. */
bool limit_listing(const call *c, const char *tenant, const char *from, const char *to);
/* states_within.c: the answer of controls, criteria or gaps, of which `then` is the one of when her window began (NULL). */
void states_keep(const call *c, struct json_t *all, const struct json_t *then);
/* The 404 of what is there, and not for her: it says the same as if it were not. */
unsigned beyond(call *c);

/* --- views.c: what an auditor looked at becomes entries, those of a minute together --- */
void view_note(call *c, const char *operation);
void views_write(app *a, bool all); /* all: also those whose minute is not over */

#endif
