/* Whose data went where, counted from the exchanges in the log. */
#include <stdio.h>
#include <stdlib.h>
#include "incident_desk.h"
#include "comply/status.h"
#include "questionnaire/document.h"

#define LINES_MAX 10000u

static const char *given(const call *c, const char *name)
{
    const char *v = c->query(c->query_arg, name);
    return v ? v : "";
}

typedef struct {
    app *a;
    json_t *items;
    uint64_t exchanges;
} listing;

static void add(void *arg, const cu_store_disclosure *d)
{
    listing *l = arg;
    json_t *kinds = json_loads(d->kinds, JSON_REJECT_DUPLICATES, NULL);
    l->exchanges += d->exchanges;
    json_array_append_new(l->items, json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:o,s:s,s:s}", "tenant", d->tenant, "user", d->user, "person", is_pseudonym(d->user) ? d->user : "", "vendor",
                                              d->vendor, "class", d->class, "exchanges", (json_int_t)d->exchanges, "with_findings", (json_int_t)d->with_findings, "kinds",
                                              kinds ? kinds : json_object(), "first", d->first, "last", d->last));
}

/* --- as a file for a spreadsheet --- */

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static void put_row(cu_buf *b, const json_t *x)
{
    static const char *const cells[] = {"tenant", "user", "person", "vendor", "class"};
    const char *kind;
    json_t *n;
    cu_buf kinds CU_CLEAN_BUF = CU_BUF(16384);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        cu_qcsv_cell(b, cu_str(text_of(x, cells[i])));
        cu_buf_byte(b, ',');
    }
    cu_buf_fmt(b, "%lld,%lld,", (long long)json_integer_value(json_object_get(x, "exchanges")), (long long)json_integer_value(json_object_get(x, "with_findings")));
    json_object_foreach(json_object_get(x, "kinds"), kind, n)
        cu_buf_fmt(&kinds, "%s%s %lld", kinds.n ? "; " : "", kind, (long long)json_integer_value(n));
    cu_qcsv_cell(b, cu_buf_view(&kinds));
    cu_buf_fmt(b, ",%s,%s\r\n", text_of(x, "first"), text_of(x, "last"));
}

static unsigned answer_csv(call *c, json_t *items)
{
    json_t *x;
    size_t i;
    cu_buf_str(c->out, "tenant,user,person,vendor,class,exchanges,with_findings,kinds,first,last\r\n");
    json_array_foreach(items, i, x)
        put_row(c->out, x);
    json_decref(items);
    if (cu_buf_err(c->out) != CU_OK) {
        cu_buf_reset(c->out);
        return problem(c, 413, "Too long", "Narrow it by from, to, tenant, vendor or user.");
    }
    c->type = "text/csv; charset=utf-8";
    snprintf(c->disposition, sizeof c->disposition, "attachment; filename=\"disclosures.csv\"");
    return 200;
}

/* --- the list --- */

static bool is_time(const char *s)
{
    uint64_t ms;
    return !*s || cu_status_time(cu_str(s), &ms);
}

static unsigned refuse(call *c)
{
    const char *format = given(c, "format");
    if (!is_time(given(c, "from")) || !is_time(given(c, "to")))
        return problem(c, 400, "Malformed", "from and to are times like 2026-11-26T22:00:00Z.");
    if (*format && strcmp(format, "json") != 0 && strcmp(format, "csv") != 0)
        return problem(c, 400, "Malformed", "format is json or csv.");
    return *given(c, "tenant") && !knows_tenant(c->a, given(c, "tenant")) ? unknown_tenant(c, given(c, "tenant")) : 0;
}

unsigned answer_disclosures(call *c)
{
    char users[EXCHANGE_USERS];
    listing l = {.a = c->a};
    unsigned status = refuse(c);
    if (status)
        return status;
    exchange_users(c, given(c, "user"), given(c, "tenant"), users);
    const cu_store_exchange_filter w = {.from = given(c, "from"), .to = given(c, "to"), .tenant = given(c, "tenant"), .vendor = given(c, "vendor"), .user = users};
    l.items = json_array();
    cu_err e = cu_store_disclosures(c->a->store, &w, LINES_MAX, add, &l);
    if (e != CU_OK) {
        json_decref(l.items);
        return problem(c, 500, "The exchanges could not be read", "%s", cu_err_text(e));
    }
    json_t *x;
    size_t i;
    json_array_foreach(l.items, i, x) {
        char name[PERSON_NAME];
        if (is_pseudonym(text_of(x, "user"))) {
            person_name(c->a, text_of(x, "user"), name);
            json_object_set_new(x, "user", json_string(name));
        }
    }
    if (strcmp(given(c, "format"), "csv") == 0)
        return answer_csv(c, l.items);
    return answer_json(c, json_pack("{s:s,s:s,s:I,s:b,s:o}", "from", given(c, "from"), "to", given(c, "to"), "exchanges", (json_int_t)l.exchanges, "cut_short",
                                    json_array_size(l.items) == LINES_MAX, "items", l.items));
}
