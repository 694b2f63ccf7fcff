/* iam-admin-needs-2fa: a person's password without her authenticator, and codes that were used or never hers. In a second
 * Custos, whose persons exist for the run. */
#include <stdio.h>
#include <unistd.h>
#include "base/clock.h"
#include "probe_talk.h"
#include "signin/totp.h"

static probe_person eve;

bool probe_people_setup(probe *p)
{
    return probe_lab_setup(p) && (eve.name[0] || probe_join(probe_lab_inside(p), "owner", &eve) || (probe_say(p, PROBE_FAILED, "nobody could join the second Custos"), false));
}

static long sign_in(probe *p, const char *more)
{
    char body[300];
    const probe_person nobody = {0};
    snprintf(body, sizeof body, "{\"name\":\"%s\",\"password\":\"%s\"%s}", eve.name, eve.password, more);
    return probe_api(probe_lab_inside(p), &nobody, "POST", "/api/v1/session", body, NULL);
}

static long with_code(probe *p, const char *code)
{
    char more[60];
    snprintf(more, sizeof more, ",\"code\":\"%s\"", code);
    return sign_in(p, more);
}

static probe_verdict password_alone(probe *p) { return probe_must_refuse(p, sign_in(p, "")); }
static probe_verdict empty_code(probe *p) { return probe_must_refuse(p, with_code(p, "")); }

static probe_verdict far_code(probe *p)
{
    char code[8];
    probe_code(&eve, 20, code);
    return probe_must_refuse(p, with_code(p, code));
}

/* The code of the step after the one that she joined with: it must be good once, and not twice. */
static probe_verdict code_twice(probe *p)
{
    char code[8];
    probe_code(&eve, 1, code);
    long first = with_code(p, code), second = with_code(p, code);
    return first / 100 != 2 && !p->foreign ? probe_say(p, PROBE_FAILED, "not even password and code together were accepted (%ld)", first) : probe_must_refuse(p, second);
}

const probe_attack probe_factor_attacks[] = {
    {"code-twice", "password and code, and the same code once more", code_twice, NULL}, /* first: what fails locks the name out for a while */
    {"password-alone", "the right password without a code", password_alone, NULL},
    {"empty-code", "the right password and an empty code", empty_code, NULL},
    {"code-of-another-time", "the right password and a code of ten minutes from now", far_code, NULL},
};
const size_t probe_factor_n = sizeof probe_factor_attacks / sizeof *probe_factor_attacks;
