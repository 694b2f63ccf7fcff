/* custos person add | list | set | invite | end | sessions | signin */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "admin.h"
#include "base/digest.h"

#define CONFIG {"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}
#define LIMITS {"tenant", "NAMES", "limited to these tenants, separated by commas; org is the organisation's own log"}, \
    {"controls", "IDS", "of an auditor: limited to these controls"}, {"from", "DATE", "of an auditor: the window begins"}, \
    {"to", "DATE", "of an auditor: the window's last day"}, {"expires", "DATE", "last day of the account; an auditor needs one"}
#define ROLES "owner|compliance|security|developer|approver|auditor"

typedef struct {
    const cu_run *r;
    cu_arena a;
    cu_config c;
    char run_dir[4096];
} place;

static int open_place(place *p, const cu_run *r)
{
    *p = (place){.r = r};
    return cu_open_config(r, &p->a, &p->c, p->run_dir);
}

static int ask(const place *p, const char *method, const char *path, cu_buf *body, long want, cu_buf *out)
{
    cu_fault f = {0};
    long status;
    cu_err e = body ? cu_buf_err(body) : CU_OK;
    if (e == CU_OK)
        e = cu_admin_call(p->run_dir, method, path, body ? cu_buf_view(body) : CU_NONE, &status, out, &f);
    if (e != CU_OK)
        return cu_run_fault(p->r, e, &f);
    return status == want ? 0 : cu_admin_problem(p->r, status, out);
}

static json_t *object_of(const cu_buf *b)
{
    return json_loadb((const char *)b->p, b->n, 0, NULL);
}

static const char *word(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s && *s ? s : "-";
}

static void put_names(cu_buf *b, const char *key, const char *names)
{
    cu_buf_json_key(b, key);
    cu_buf_byte(b, '[');
    for (const char *at = names; *at;) {
        size_t n = strcspn(at, ",");
        cu_buf_json_string(b, cu_bytes_of(at, n));
        at += n;
        if (*at && *++at)
            cu_buf_byte(b, ',');
    }
    cu_buf_byte(b, ']');
}

static void put_options(const cu_run *r, cu_buf *b)
{
    static const char *const texts[] = {"role", "from", "to", "expires"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (cu_run_option(r, texts[i]))
            cu_buf_json_kv_str(b, texts[i], cu_run_option(r, texts[i]));
    if (cu_run_option(r, "tenant"))
        put_names(b, "tenants", cu_run_option(r, "tenant"));
    if (cu_run_option(r, "controls"))
        put_names(b, "controls", cu_run_option(r, "controls"));
}

static int show_invitation(const place *p, const cu_buf *out)
{
    json_t *o = object_of(out), *account = json_object_get(o, "account");
    const char *base = p->c.listen[0].url;
    if (p->r->json)
        printf("{\"person\":\"%s\",\"url\":\"%s/#/join/%s\",\"until\":\"%s\"}\n", word(account, "person"), base, word(o, "invitation"), word(o, "until"));
    else
        printf("%s/#/join/%s\n\nGive this link to %s (%s): it works once, until %s.\n", base, word(o, "invitation"), word(account, "name"),
               word(account, "role"), word(o, "until"));
    json_decref(o);
    return CU_EXIT_FINE;
}

static int add(const cu_run *r)
{
    place p;
    cu_buf body CU_CLEAN_BUF = CU_BUF(16384), out CU_CLEAN_BUF = CU_BUF(65536);
    int rc = open_place(&p, r);
    if (!rc && (r->args_n != 1 || !cu_run_option(r, "role")))
        rc = cu_run_fail(r, CU_CONFIG, "one name and --role are needed: custos person add NAME --role " ROLES);
    if (!rc) {
        cu_buf_byte(&body, '{');
        cu_buf_json_kv_str(&body, "name", r->args[0]);
        put_options(r, &body);
        cu_buf_byte(&body, '}');
        rc = ask(&p, "POST", "/api/v1/people", &body, 201, &out);
    }
    if (!rc)
        rc = show_invitation(&p, &out);
    cu_arena_free(&p.a);
    return rc;
}

/* The path of the person who is named, by name or pseudonym. */
static int path_of(const place *p, const char *tail, char path[200])
{
    cu_buf out CU_CLEAN_BUF = CU_BUF((size_t)16 << 20);
    const json_t *x;
    size_t i;
    if (p->r->args_n != 1)
        return cu_run_fail(p->r, CU_CONFIG, "one name is needed; custos person list shows them");
    int rc = ask(p, "GET", "/api/v1/people", NULL, 200, &out);
    if (rc)
        return rc;
    json_t *o = object_of(&out);
    path[0] = 0;
    json_array_foreach(json_object_get(o, "items"), i, x)
        if (strcmp(word(x, "name"), p->r->args[0]) == 0 || strcmp(word(x, "person"), p->r->args[0]) == 0)
            snprintf(path, 200, "/api/v1/people/%.40s%s", word(x, "person"), tail);
    json_decref(o);
    return path[0] ? 0 : cu_run_fail(p->r, CU_NOT_FOUND, "nobody of the name %.100s has an account", p->r->args[0]);
}

static int invite(const cu_run *r)
{
    place p;
    char path[200];
    cu_buf body CU_CLEAN_BUF = CU_BUF(16), out CU_CLEAN_BUF = CU_BUF(65536);
    int rc = open_place(&p, r);
    cu_buf_str(&body, "{}");
    if (!rc && !(rc = path_of(&p, "/invitation", path)) && !(rc = ask(&p, "POST", path, &body, 200, &out)))
        rc = show_invitation(&p, &out);
    cu_arena_free(&p.a);
    return rc;
}

/* limits: the verb has options for them. */
static int patch(const cu_run *r, bool limits, const char *active, const char *done)
{
    place p;
    char path[200];
    cu_buf body CU_CLEAN_BUF = CU_BUF(16384), out CU_CLEAN_BUF = CU_BUF(65536);
    int rc = open_place(&p, r);
    cu_buf_byte(&body, '{');
    if (limits)
        put_options(r, &body);
    if (active)
        cu_buf_fmt(&body, "%s\"active\":%s", body.n > 1 ? "," : "", active);
    cu_buf_byte(&body, '}');
    if (!rc && !(rc = path_of(&p, "", path)) && !(rc = ask(&p, "PATCH", path, &body, 200, &out))) {
        if (r->json)
            printf("%s\n", cu_buf_cstr(&out));
        else
            printf("%s %s\n", r->args[0], done);
    }
    cu_arena_free(&p.a);
    return rc;
}

static int set(const cu_run *r)
{
    return patch(r, true, cu_run_option(r, "active") ? "true" : NULL, "is changed; the sessions have ended.");
}

static int end(const cu_run *r)
{
    return patch(r, false, "false", "has no account any more; the sessions have ended.");
}

static void print_list(const json_t *o)
{
    const json_t *x, *t;
    size_t i, k;
    printf("%-28s %-11s %-8s %-9s %-25s %-25s %s\n", "name", "role", "state", "by", "last signed in", "expires", "limited to");
    json_array_foreach(json_object_get(o, "items"), i, x) {
        printf("%-28s %-11s %-8s %-9s %-25s %-25s ", word(x, "name"), word(x, "role"), word(x, "state"), word(x, "how"), word(x, "last"), word(x, "expires"));
        json_array_foreach(json_object_get(x, "tenants"), k, t)
            printf("%s%s", k ? "," : "", json_string_value(t));
        printf("\n");
    }
}

static int list(const cu_run *r)
{
    place p;
    cu_buf out CU_CLEAN_BUF = CU_BUF((size_t)16 << 20);
    int rc = open_place(&p, r);
    if (!rc)
        rc = ask(&p, "GET", "/api/v1/people", NULL, 200, &out);
    if (!rc && r->json)
        printf("%s\n", cu_buf_cstr(&out));
    else if (!rc) {
        json_t *o = object_of(&out);
        print_list(o);
        json_decref(o);
    }
    cu_arena_free(&p.a);
    return rc;
}

static int sessions(const cu_run *r)
{
    place p;
    char path[200];
    const json_t *x;
    size_t i;
    cu_buf out CU_CLEAN_BUF = CU_BUF((size_t)1 << 20);
    bool ends = cu_run_option(r, "end") != NULL;
    int rc = open_place(&p, r);
    if (!rc && !(rc = path_of(&p, "/sessions", path)) && !(rc = ask(&p, ends ? "DELETE" : "GET", path, NULL, ends ? 204 : 200, &out))) {
        json_t *o = object_of(&out);
        if (r->json)
            printf("%s\n", ends ? "{\"ended\":true}" : cu_buf_cstr(&out));
        else if (ends)
            printf("The sessions of %s have ended.\n", r->args[0]);
        else
            json_array_foreach(json_object_get(o, "sessions"), i, x)
                printf("%-28s %-9s from %-20s began %s, used %s\n", word(x, "id"), word(x, "how"), word(x, "address"), word(x, "began"), word(x, "seen"));
        json_decref(o);
    }
    cu_arena_free(&p.a);
    return rc;
}

/* --- signing in, for the other verbs --- */

/* One line from standard input, not shown when it is a terminal. */
static bool read_line(const char *prompt, bool hidden, char *out, size_t n)
{
    struct termios was, quiet;
    bool terminal = isatty(0) && tcgetattr(0, &was) == 0;
    if (terminal) {
        fprintf(stderr, "%s: ", prompt);
        quiet = was;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        if (hidden)
            tcsetattr(0, TCSAFLUSH, &quiet);
    }
    bool ok = fgets(out, (int)n, stdin) != NULL;
    if (terminal && hidden) {
        tcsetattr(0, TCSAFLUSH, &was);
        fprintf(stderr, "\n");
    }
    out[ok ? strcspn(out, "\n") : 0] = 0;
    return ok && *out;
}

static int signin(const cu_run *r)
{
    place p;
    char password[256] = "", code[64] = "";
    cu_buf body CU_CLEAN_BUF = CU_BUF(2048), out CU_CLEAN_BUF = CU_BUF(65536);
    int rc = open_place(&p, r);
    if (!rc && r->args_n != 1)
        rc = cu_run_fail(r, CU_CONFIG, "one name is needed: whose account");
    if (!rc && (!read_line("Password", true, password, sizeof password) || !read_line("Code", false, code, sizeof code)))
        rc = cu_run_fail(r, CU_CONFIG, "password and code are asked for, each a line of standard input");
    if (!rc) {
        cu_buf_byte(&body, '{');
        cu_buf_json_kv_str(&body, "name", r->args[0]);
        cu_buf_json_kv_str(&body, "password", password);
        cu_buf_json_kv_str(&body, "code", code);
        cu_buf_byte(&body, '}');
        rc = ask(&p, "POST", "/api/v1/session", &body, 201, &out);
    }
    cu_wipe(password, sizeof password);
    if (!rc) {
        json_t *o = object_of(&out);
        printf(r->json ? "{\"session\":\"%s\"}\n" : "export CUSTOS_SESSION=%s\n", word(o, "session"));
        json_decref(o);
    }
    cu_arena_free(&p.a);
    return rc;
}

const cu_verb cu_verb_person_add = {
    .name = "person add", .group = "people", .operands = "NAME", .run = add, .formats = "text|json",
    .summary = "open an account, and print the link with which its person joins",
    .details = "With the link she chooses a password and sets up an authenticator; it works once, for a week.",
    .options = {CONFIG, {"role", ROLES, "what she may do"}, LIMITS},
};
const cu_verb cu_verb_person_list = {
    .name = "person list", .group = "people", .operands = "", .run = list, .formats = "text|json",
    .summary = "list the accounts, their roles and when each was last used", .options = {CONFIG},
};
const cu_verb cu_verb_person_set = {
    .name = "person set", .group = "people", .operands = "NAME", .run = set, .formats = "text|json",
    .summary = "change role or limits of an account; ends its sessions",
    .options = {CONFIG, {"role", ROLES, "what she may do"}, LIMITS, {"active", NULL, "let an account that has ended live again"}},
};
const cu_verb cu_verb_person_invite = {
    .name = "person invite", .group = "people", .operands = "NAME", .run = invite, .formats = "text|json",
    .summary = "a new link for a person who lost hers, her password or her authenticator",
    .details = "What she signed in with before does not work any more, and her sessions end.", .options = {CONFIG},
};
const cu_verb cu_verb_person_end = {
    .name = "person end", .group = "people", .operands = "NAME", .run = end, .formats = "text|json",
    .summary = "end an account and its sessions, at once", .details = "The last owner stays.", .options = {CONFIG},
};
const cu_verb cu_verb_person_sessions = {
    .name = "person sessions", .group = "people", .operands = "NAME", .run = sessions, .formats = "text|json",
    .summary = "list a person's sessions, or end them", .options = {CONFIG, {"end", NULL, "end all of them"}},
};
const cu_verb cu_verb_person_signin = {
    .name = "person signin", .group = "people", .operands = "NAME", .run = signin, .formats = "text|json",
    .summary = "act as a person: sign in, and print the session for CUSTOS_SESSION",
    .details = "Every verb that asks the daemon then acts as that person, with her rights, and entries name her. Password and code are read from "
               "standard input. Without CUSTOS_SESSION a verb acts as the operator.",
    .options = {CONFIG},
};
