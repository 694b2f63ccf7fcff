/* Attacks on the way out: which vendors get traffic, over which connections, and which code. */
#include <stdlib.h>
#include "base/digest.h"
#include "probe_lab.h"

static bool send_to(probe *in, const char *vendor, const char *const *headers, const char *text, probe_answer *a)
{
    char path[120], body[400];
    snprintf(path, sizeof path, "/vendor/%s/v1/messages", vendor);
    snprintf(body, sizeof body, "{\"model\":\"probe\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}", text);
    return probe_post(in, path, in->key_a, headers, body, a);
}

/* What may not be: an answer, or a request at this upstream. */
static probe_verdict must_not_reach(probe *p, const char *vendor, upstream_kind kind)
{
    probe *in = probe_lab_inside(p);
    unsigned before = upstreams_asked(probe_lab_upstreams(p), kind);
    probe_answer a;
    bool ok = send_to(in, vendor, NULL, "hello", &a), reached = upstreams_asked(probe_lab_upstreams(p), kind) != before;
    probe_verdict v = reached || (ok && a.status == 200) ? probe_say(p, PROBE_BROKEN, "it was sent (status %ld)", a.status)
                      : ok && a.status >= 400            ? probe_say(p, PROBE_HELD, "refused with %ld, and nothing was sent", a.status)
                                                         : probe_say(p, PROBE_FAILED, "status %ld", ok ? a.status : 0);
    probe_answer_free(&a);
    return v;
}

/* The gateway that refuses the others must let a good one pass, or a refusal says nothing. */
static bool good_passes(probe *p, const char *vendor, upstream_kind kind)
{
    probe *in = probe_lab_inside(p);
    unsigned before = upstreams_asked(probe_lab_upstreams(p), kind);
    probe_answer a;
    if (p->foreign)
        return true;
    bool ok = send_to(in, vendor, NULL, "hello", &a) && a.status == 200 && upstreams_asked(probe_lab_upstreams(p), kind) == before + 1;
    probe_answer_free(&a);
    return ok || (probe_say(p, PROBE_FAILED, "not even an approved vendor could be reached (status %ld)", a.status), false);
}

/* --- vendors --- */

bool probe_vendors_setup(probe *p) { return probe_lab_setup(p) && good_passes(p, "approved", UPSTREAM_PLAIN); }

static probe_verdict vendor(probe *p) { return must_not_reach(p, p->with, UPSTREAM_PLAIN); }

const probe_attack probe_vendor_attacks[] = {
    {"refused", "a vendor whose assessment refused it", vendor, "refused"},
    {"unassessed", "a vendor that nobody has assessed", vendor, "unassessed"},
    {"unknown", "a vendor that is not configured", vendor, "nowhere"},
};
const size_t probe_vendor_n = sizeof probe_vendor_attacks / sizeof *probe_vendor_attacks;

const probe_attack probe_expired_attacks[] = {{"expired", "a vendor whose assessment has expired", vendor, "expired"}};
const size_t probe_expired_n = 1;

/* --- transport --- */

bool probe_tls_setup(probe *p) { return probe_lab_setup(p) && good_passes(p, "good-tls", UPSTREAM_GOOD); }

static probe_verdict old_tls(probe *p) { return must_not_reach(p, "old-tls", UPSTREAM_OLD_TLS); }
static probe_verdict self_signed(probe *p) { return must_not_reach(p, "self-signed", UPSTREAM_SELF_SIGNED); }
static probe_verdict wrong_name(probe *p) { return must_not_reach(p, "wrong-name", UPSTREAM_WRONG_NAME); }
static probe_verdict expired_tls(probe *p) { return must_not_reach(p, "expired-tls", UPSTREAM_EXPIRED); }

/* The upstream that redirects is asked; where it points to is not. */
static probe_verdict redirect(probe *p)
{
    probe *in = probe_lab_inside(p);
    upstreams *u = probe_lab_upstreams(p);
    unsigned asked = upstreams_asked(u, UPSTREAM_REDIRECT), target = upstreams_asked(u, UPSTREAM_PLAIN);
    probe_answer a;
    bool ok = send_to(in, "redirect", NULL, "hello", &a);
    probe_verdict v = upstreams_asked(u, UPSTREAM_PLAIN) != target || (ok && a.status == 200) ? probe_say(p, PROBE_BROKEN, "it was followed (status %ld)", a.status)
                      : upstreams_asked(u, UPSTREAM_REDIRECT) == asked + 1                    ? probe_say(p, PROBE_HELD, "not followed, status %ld", a.status)
                                                                                              : probe_say(p, PROBE_FAILED, "the upstream was not asked");
    probe_answer_free(&a);
    return v;
}

const probe_attack probe_tls_attacks[] = {
    {"old-protocol", "a provider that speaks TLS 1.1 at most", old_tls, NULL},
    {"self-signed", "a provider with a certificate that nobody signed", self_signed, NULL},
    {"wrong-name", "a provider with the certificate of another name", wrong_name, NULL},
    {"expired", "a provider whose certificate has expired", expired_tls, NULL},
    {"redirect", "a provider that sends the request elsewhere", redirect, NULL},
};
const size_t probe_tls_n = sizeof probe_tls_attacks / sizeof *probe_tls_attacks;

/* --- restricted code --- */

static probe_verdict at_sink(probe *p, probe *in, bool ok, probe_answer *a, const char *marker, bool may_pass)
{
    bool there = probe_sink_saw(in, marker);
    probe_verdict v = there                          ? probe_say(p, PROBE_BROKEN, "it reached the provider")
                      : ok && a->status == 200 && may_pass ? probe_say(p, PROBE_HELD, "the request went on without it")
                      : ok && a->status == 400       ? probe_say(p, PROBE_HELD, "refused with 400, and nothing was sent")
                                                     : probe_say(p, PROBE_FAILED, "status %ld", ok ? a->status : 0);
    probe_answer_free(a);
    return v;
}

static probe_verdict restricted_repository(probe *p)
{
    static const char *const headers[] = {"x-custos-repo: probe/vault", NULL};
    probe *in = probe_lab_inside(p);
    char marker[16];
    probe_answer a;
    probe_word(marker, 12);
    bool ok = send_to(in, "sink", headers, marker, &a);
    return at_sink(p, in, ok, &a, marker, false);
}

/* As a tool answers it: the call that names the file, then its text. */
static probe_verdict restricted_file(probe *p)
{
    static const char *const headers[] = {"x-custos-repo: probe/app", NULL};
    probe *in = probe_lab_inside(p);
    char marker[16], body[900];
    probe_answer a;
    probe_word(marker, 12);
    snprintf(body, sizeof body,
             "{\"model\":\"probe\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"look\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\","
             "\"id\":\"t1\",\"name\":\"Read\",\"input\":{\"file_path\":\"vault/%s.c\"}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
             "\"tool_use_id\":\"t1\",\"content\":\"int %s(void);\"}]}]}", "keys", marker);
    bool ok = probe_post(in, "/vendor/sink/v1/messages", in->key_a, headers, body, &a);
    return at_sink(p, in, ok, &a, marker, true);
}

const probe_attack probe_restricted_attacks[] = {
    {"repository", "code of a restricted repository", restricted_repository, NULL},
    {"file", "a restricted file that a tool has read", restricted_file, NULL},
};
const size_t probe_restricted_n = sizeof probe_restricted_attacks / sizeof *probe_restricted_attacks;
