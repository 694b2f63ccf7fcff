/* POST /api/v1/hooks/{kind}: what a code host tells of pushes, reviews and merges. Whoever knows the host's secret is
 * believed, nobody else; the same body is taken once. */
#include <jansson.h>
#include <stdio.h>
#include "base/digest.h"
#include "comply/hook.h"
#include "desk.h"
#include "gate.h"

#define DELIVERY 100u

static const struct {
    const char *event, *delivery, *proof, *prefix;
} headers[] = {
    [CU_HOOK_GITHUB] = {"X-GitHub-Event", "X-GitHub-Delivery", "X-Hub-Signature-256", "sha256="},
    [CU_HOOK_GITLAB] = {"X-Gitlab-Event", "X-Gitlab-Event-UUID", "X-Gitlab-Token", ""},
    [CU_HOOK_GITEA] = {"X-Gitea-Event", "X-Gitea-Delivery", "X-Gitea-Signature", ""},
};

static const char *header_of(const call *c, const char *name)
{
    const char *s = c->header ? c->header(c->query_arg, name) : NULL;
    return s ? s : "";
}

/* GitLab sends the secret itself, the others HMAC-SHA-256 of the body in hex. Compared by their digests, so that
 * neither length nor place of a difference shows. */
static bool proven(const call *c, unsigned kind, const char *secret)
{
    const char *given = header_of(c, headers[kind].proof);
    size_t n = strlen(headers[kind].prefix);
    cu_sha256 want, has, mac;
    if (kind == CU_HOOK_GITLAB) {
        cu_sha256_of(cu_str(secret), &want);
        cu_sha256_of(cu_str(given), &has);
        return cu_equal_ct(want.b, has.b, sizeof has.b);
    }
    if (strncmp(given, headers[kind].prefix, n) != 0 || !cu_unhex(has.b, sizeof has.b, cu_str(given + n)))
        return false;
    cu_hmac_sha256(cu_str(secret), c->body, &mac);
    return cu_equal_ct(mac.b, has.b, sizeof has.b);
}

/* What a delivery is known by: keyed, and of the body, since a delivery's id is not part of what is proven. */
static void name_delivery(const call *c, unsigned kind, const char *secret, char out[DELIVERY])
{
    cu_sha256 mac;
    char hex[2 * CU_SHA256_LEN + 1];
    cu_hmac_sha256_3(cu_str(secret), CU_LIT("custos delivery"), cu_str(header_of(c, headers[kind].event)), c->body, &mac);
    cu_hex(hex, mac.b, sizeof mac.b);
    snprintf(out, DELIVERY, "%s:%.40s", cu_hook_kind_name(kind), hex);
}

static cu_err step(app *a, const char *type, json_t *fields, cu_fault *f)
{
    const desk_actor host = {.actor = "webhook", .system = true};
    json_t *record = NULL;
    cu_err e = desk_take(a, &host, type, NULL, fields, &record, f);
    json_decref(record);
    json_decref(fields);
    return e;
}

static cu_err follow(app *a, const cu_hook *h, cu_fault *f)
{
    const char *person = cu_hook_person(&a->config->hooks, h->user);
    const char *title = text_is_clean(a, cu_str(h->title)) ? h->title : "(looked like a secret)";
    if (h->what == CU_HOOK_PUSH)
        return step(a, "change.registered", json_pack("{s:s,s:s,s:s,s:s,s:s,s:b}", "change", h->commit, "repo", h->repo, "branch", h->branch, "author", person, "title", title, "assistant", 0), f);
    if (h->what == CU_HOOK_REVIEW)
        return step(a, "change.reviewed", json_pack("{s:s,s:s,s:s,s:s}", "change", h->commit, "note", "", "reviewer", person, "verdict", h->approved ? "approved" : "changes_requested"), f);
    return step(a, "change.merged", json_pack("{s:s,s:s}", "change", h->commit, "into", h->branch), f);
}

static unsigned done(call *c, const char *what)
{
    return answer_json(c, json_pack("{s:s}", "did", what));
}

static unsigned take_proven(call *c, unsigned kind, const char *secret)
{
    static const char *const words[] = {"nothing", "registered", "reviewed", "merged"};
    char id[DELIVERY];
    cu_hook h;
    cu_fault f = {0};
    cu_err e = cu_hook_read((cu_hook_kind)kind, cu_str(header_of(c, headers[kind].event)), c->body, &h, &f);
    if (e != CU_OK)
        return problem(c, e == CU_TOO_BIG ? 413 : 400, "Malformed", "%s.", f.text);
    if (h.what == CU_HOOK_NOTHING)
        return done(c, words[0]);
    name_delivery(c, kind, secret, id);
    json_t *seen = desk_raw(c->a, "delivery", id);
    json_decref(seen);
    if (seen)
        return done(c, "seen");
    e = follow(c->a, &h, &f);
    if (e == CU_OK)
        e = step(c->a, "hook.received", json_pack("{s:s,s:s,s:s}", "delivery", id, "change", h.commit, "did", words[h.what]), &f);
    return e == CU_OK ? done(c, words[h.what]) : desk_refused(c, e, &f);
}

unsigned take_hook(call *c)
{
    const cu_config_hooks *g = &c->a->config->hooks;
    for (unsigned kind = 0; kind < CU_HOOK_KINDS; kind++) {
        if (strcmp(c->args[0], cu_hook_kind_name(kind)) != 0)
            continue;
        if (!g->secrets[kind])
            return problem(c, 404, "Not found", "custos.yaml names no secret for hooks.%s.", cu_hook_kind_name(kind));
        if (!proven(c, kind, g->secrets[kind]))
            return problem(c, 401, "Not proven", "%s does not prove this body with the secret of hooks.%s.", headers[kind].proof, cu_hook_kind_name(kind));
        return take_proven(c, kind, g->secrets[kind]);
    }
    return problem(c, 404, "Not found", "Webhooks come from github, gitlab or gitea.");
}
