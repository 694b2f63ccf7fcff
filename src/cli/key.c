/* custos key issue | rotate | limit | list | revoke */
#include <stdlib.h>
#include <string.h>
#include "desk_answer.h"

#define CONFIG {"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}

/* A word of a list of names, or all of it: "vendors=a,b" as "vendors":["a","b"]. */
static void put_list(cu_buf *body, const char *key, cu_bytes names)
{
    cu_buf_json_key(body, key);
    cu_buf_byte(body, '[');
    while (names.n) {
        size_t end = cu_find(names, CU_LIT(","), 0);
        cu_buf_json_string(body, cu_slice(names, 0, end == (size_t)-1 ? names.n : end));
        names = end == (size_t)-1 ? CU_NONE : cu_slice(names, end + 1, names.n);
        if (names.n)
            cu_buf_byte(body, ',');
    }
    cu_buf_byte(body, ']');
}

/* "a=1 b=2": each part to put(); false when one has no = or is not known. */
static bool each_part(const char *text, const char *const (*names)[2], size_t n, cu_buf *body,
                      bool (*put)(cu_buf *body, const char *key, cu_bytes value))
{
    while (*text) {
        size_t gap = strspn(text, " ;"), part = strcspn(text + gap, " ;"), i = 0;
        cu_bytes one = cu_bytes_of(text + gap, part);
        text += gap + part;
        if (part == 0)
            continue;
        size_t eq = cu_find(one, CU_LIT("="), 0);
        while (i < n && !(eq != (size_t)-1 && cu_eq_str(cu_slice(one, 0, eq), names[i][0])))
            i++;
        if (i == n || !put(body, names[i][1], cu_slice(one, eq + 1, one.n)))
            return false;
    }
    return true;
}

static bool put_scope(cu_buf *body, const char *key, cu_bytes value)
{
    if (value.n)
        put_list(body, key, value);
    return value.n > 0;
}

static bool put_limit(cu_buf *body, const char *key, cu_bytes value)
{
    bool digits = value.n > 0 && value.n < 16;
    if (strcmp(key, "spend_per_day") == 0) {
        cu_buf_json_kv(body, key, value);
        return value.n > 0;
    }
    for (size_t i = 0; i < value.n; i++)
        digits &= value.p[i] >= '0' && value.p[i] <= '9';
    cu_buf_json_key(body, key);
    cu_buf_add(body, value);
    return digits;
}

static const char *const scope_names[][2] = {{"vendors", "vendors"}, {"models", "models"}, {"repos", "repos"}, {"classes", "classes"},
                                             {"tools", "tools"}};
static const char *const limit_names[][2] = {{"requests/min", "requests_per_minute"}, {"tokens/min", "tokens_per_minute"},
                                             {"tokens/day", "tokens_per_day"}, {"spend/day", "spend_per_day"}, {"concurrent", "concurrent"}};
#define SCOPES_HELP "what it may be used for: \"vendors=a,b models=claude-* repos=… classes=… tools=…\"; all of what is not named"
#define LIMITS_HELP "what it may use: \"requests/min=60 tokens/min=… tokens/day=… spend/day=12.50 concurrent=4\"; 0 is no limit"

static int put_form(const cu_run *r, cu_buf *body, const char *option)
{
    bool scope = strcmp(option, "scope") == 0;
    const char *text = cu_run_option(r, option);
    if (!text)
        return 0;
    cu_buf_json_key(body, scope ? "scopes" : "limits");
    cu_buf_byte(body, '{');
    bool ok = scope ? each_part(text, scope_names, 5, body, put_scope) : each_part(text, limit_names, 5, body, put_limit);
    cu_buf_byte(body, '}');
    if (ok)
        return 0;
    return scope ? cu_run_fail(r, CU_CONFIG, "--scope is NAME=LIST, with blanks between: vendors, models, repos, classes, tools")
                 : cu_run_fail(r, CU_CONFIG, "--limit is NAME=NUMBER, with blanks between: requests/min, tokens/min, tokens/day, spend/day, concurrent");
}

static int show_issued(const cu_run *r, cu_buf *out)
{
    json_t *k = json_loadb((const char *)out->p, out->n, 0, NULL);
    const char *expires = json_string_value(json_object_get(k, "expires"));
    if (r->json)
        printf("%s\n", cu_buf_cstr(out));
    else
        printf("%s\n\nIt is shown this once. Tenant %s, %s %s, id %s%s%s.\n", json_string_value(json_object_get(k, "key")),
               json_string_value(json_object_get(k, "tenant")), json_string_value(json_object_get(k, "kind")),
               json_string_value(json_object_get(k, "user")), json_string_value(json_object_get(k, "id")), expires && *expires ? ", until " : "",
               expires ? expires : "");
    json_decref(k);
    return CU_EXIT_FINE;
}

/* One call to the daemon; prints what went wrong. */
static int ask(const cu_run *r, const char *run_dir, const char *method, const char *path, cu_buf *body, long want, cu_buf *out)
{
    cu_fault f = {0};
    long status;
    cu_err e = cu_buf_err(body);
    if (e == CU_OK)
        e = cu_admin_call(run_dir, method, path, cu_buf_view(body), &status, out, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    return status == want ? 0 : cu_admin_problem(r, status, out);
}

static int issue(const cu_run *r)
{
    static const char *const fields[] = {"tenant", "user", "service", "name", "expires", "request"};
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    cu_buf body CU_CLEAN_BUF = CU_BUF(16384), out CU_CLEAN_BUF = CU_BUF(65536);
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc)
        return rc;
    if (!cu_run_option(r, "user") == !cu_run_option(r, "service"))
        return cu_run_fail(r, CU_CONFIG, "--user or --service is needed: who will hold the key");
    cu_buf_byte(&body, '{');
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (cu_run_option(r, fields[i]))
            cu_buf_json_kv_str(&body, fields[i], cu_run_option(r, fields[i]));
    if (!cu_run_option(r, "tenant") && c.tenants_n == 1)
        cu_buf_json_kv_str(&body, "tenant", c.tenants[0].name);
    if ((rc = put_form(r, &body, "scope")) || (rc = put_form(r, &body, "limit")))
        return rc;
    cu_buf_byte(&body, '}');
    rc = ask(r, run_dir, "POST", "/api/v1/keys", &body, 201, &out);
    return rc ? rc : show_issued(r, &out);
}

/* The path of the one key that is named. */
static int path_of(const cu_run *r, const char *tail, char path[200])
{
    if (r->args_n != 1 || strspn(r->args[0], "k_0123456789ABCDEFGHJKMNPQRSTVWXYZ") != strlen(r->args[0]))
        return cu_run_fail(r, CU_CONFIG, "one key id is needed; custos key list shows them");
    snprintf(path, 200, "/api/v1/keys/%.60s%s", r->args[0], tail);
    return 0;
}

/* "24h", "30m", "7d", "90s". */
static bool seconds_of(const char *text, unsigned long *out)
{
    static const char units[] = "smhd";
    static const unsigned long each[] = {1, 60, 3600, 86400};
    char *end;
    if (*text < '0' || *text > '9' || strlen(text) > 9)
        return false;
    *out = strtoul(text, &end, 10);
    const char *unit = *end && !end[1] ? strchr(units, *end) : NULL;
    if (unit)
        *out *= each[unit - units];
    return unit || *out == 0;
}

static int rotate(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096], path[200];
    unsigned long overlap = 86400;
    cu_buf body CU_CLEAN_BUF = CU_BUF(1024), out CU_CLEAN_BUF = CU_BUF(65536);
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc || (rc = path_of(r, "/rotate", path)))
        return rc;
    if (cu_run_option(r, "overlap") && !seconds_of(cu_run_option(r, "overlap"), &overlap))
        return cu_run_fail(r, CU_CONFIG, "--overlap is a time like 24h, 30m or 7d; 0 ends the old key at once");
    cu_buf_fmt(&body, "{\"overlap_seconds\":%lu", overlap);
    if (cu_run_option(r, "expires"))
        cu_buf_json_kv_str(&body, "expires", cu_run_option(r, "expires"));
    cu_buf_byte(&body, '}');
    rc = ask(r, run_dir, "POST", path, &body, 201, &out);
    return rc ? rc : show_issued(r, &out);
}

static int limit(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096], path[200];
    cu_buf body CU_CLEAN_BUF = CU_BUF(4096), out CU_CLEAN_BUF = CU_BUF(65536);
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc || (rc = path_of(r, "", path)))
        return rc;
    if (!cu_run_option(r, "limit"))
        return cu_run_fail(r, CU_CONFIG, "--limit is needed: what is to change");
    cu_buf_byte(&body, '{');
    if ((rc = put_form(r, &body, "limit")))
        return rc;
    cu_buf_byte(&body, '}');
    rc = ask(r, run_dir, "PATCH", path, &body, 200, &out);
    if (rc)
        return rc;
    if (r->json)
        printf("%s\n", cu_buf_cstr(&out));
    else
        printf("The limits of %s are changed.\n", r->args[0]);
    return CU_EXIT_FINE;
}

static const char *text(const json_t *k, const char *name)
{
    const char *s = json_string_value(json_object_get(k, name));
    return s && *s ? s : "-";
}

static int list(const cu_run *r)
{
    char path[120];
    const char *then = cu_run_option(r, "as-of");
    json_t *all, *k;
    size_t i;
    if (then && strspn(then, "0123456789TZ:.-") != strlen(then))
        return cu_run_fail(r, CU_CONFIG, "--as-of is a time like 2026-11-26T09:00:00Z or the number of an entry of the log anchor");
    snprintf(path, sizeof path, "/api/v1/keys%s%.40s", then ? "?as_of=" : "", then ? then : "");
    int rc = cu_desk_answer(r, "GET", path, CU_NONE, &all);
    if (rc)
        return rc;
    if (r->json) {
        json_decref(all);
        return CU_EXIT_FINE;
    }
    printf("%-30s %-10s %-12s %-16s %-8s %-25s %-25s\n", "id", "key", "tenant", "user", "state", "last used", "expires");
    json_array_foreach(json_object_get(all, "items"), i, k)
        printf("%-30s %-10s %-12s %-16s %-8s %-25s %-25s\n", text(k, "id"), text(k, "shown"), text(k, "tenant"), text(k, "user"),
               json_is_true(json_object_get(k, "revoked")) ? "revoked" : json_is_true(json_object_get(k, "expired")) ? "expired" : "good",
               text(k, "last_used"), text(k, "expires"));
    json_decref(all);
    return CU_EXIT_FINE;
}

static int revoke(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096], path[200];
    cu_buf body CU_CLEAN_BUF = CU_BUF(16), out CU_CLEAN_BUF = CU_BUF(65536);
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc || (rc = path_of(r, "", path)) || (rc = ask(r, run_dir, "DELETE", path, &body, 204, &out)))
        return rc;
    printf(r->json ? "{\"revoked\":\"%s\"}\n" : "%s is revoked.\n", r->args[0]);
    return CU_EXIT_FINE;
}

const cu_verb cu_verb_key_issue = {
    .name = "key issue", .group = "guard", .operands = "", .run = issue, .formats = "text|json",
    .summary = "issue a virtual key to a person or service",
    .details = "The key is printed once and stored only as a hash. It works within a moment.",
    .options = {CONFIG, {"tenant", "NAME", "whose prompts these are; may be left out when there is one tenant"},
                {"user", "NAME", "the person who will hold the key"}, {"service", "NAME", "or the service that will"}, {"request", "ID", "the approved request that it is issued on, such as KR-1; used up by it"},
                {"name", "TEXT", "what it is for"},
                {"expires", "DATE", "last day on which it works, like 2027-12-31, or a moment, like 2027-12-31T12:00:00Z"},
                {"scope", "SCOPES", SCOPES_HELP}, {"limit", "LIMITS", LIMITS_HELP}},
};
const cu_verb cu_verb_key_rotate = {
    .name = "key rotate", .group = "guard", .operands = "ID", .run = rotate, .formats = "text|json",
    .summary = "replace a key; the old one works for a while longer",
    .details = "The new key has the same holder, scopes and limits, and is printed once.",
    .options = {CONFIG, {"overlap", "TIME", "how long the old key still works: 24h by default, at most 30d; 0 ends it at once"},
                {"expires", "DATE", "last day of the new key; that of the old one otherwise"}},
};
const cu_verb cu_verb_key_limit = {
    .name = "key limit", .group = "guard", .operands = "ID", .run = limit, .formats = "text|json",
    .summary = "change what a key may use", .options = {CONFIG, {"limit", "LIMITS", LIMITS_HELP}},
};
const cu_verb cu_verb_key_list = {
    .name = "key list", .group = "guard", .operands = "", .run = list, .formats = "text|json",
    .summary = "list the keys that were issued, and when each was last used", .options = {CONFIG, {"as-of", "TIME", "as it was then: a time, or the number of an entry of the log anchor"}},
};
const cu_verb cu_verb_key_revoke = {
    .name = "key revoke", .group = "guard", .operands = "ID", .run = revoke, .formats = "text|json",
    .summary = "revoke a key; no worker takes it any more after a second", .options = {CONFIG},
};
