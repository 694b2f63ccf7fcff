/* Canaries: a value of each kind, invented for one run, is sent by a tenant of the probe and looked for
 * at the sink, as it was and encoded. Nothing in this file looks like a secret. */
#include <ctype.h>
#include <stdlib.h>
#include "base/digest.h"
#include "probe.h"

#define VALUE_MAX 2048u

static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char alnum[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static unsigned below(unsigned n)
{
    uint32_t r;
    cu_random(&r, sizeof r);
    return r % n;
}

static void draw(cu_buf *b, const char *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        cu_buf_byte(b, (uint8_t)from[below((unsigned)strlen(from))]);
}

/* --- values --- */

static void email(cu_buf *b)
{
    char user[16], host[16];
    probe_word(user, 9);
    probe_word(host, 9);
    cu_buf_fmt(b, "%s@%s.net", user, host);
}

static void card(cu_buf *b)
{
    int sum = 0;
    char digits[17] = "4";
    for (int i = 1; i < 15; i++)
        digits[i] = (char)('0' + below(10));
    for (int i = 0; i < 15; i++) {
        int v = (digits[i] - '0') * (i % 2 == 0 ? 2 : 1);
        sum += v > 9 ? v - 9 : v;
    }
    digits[15] = (char)('0' + (10 - sum % 10) % 10);
    cu_buf_str(b, digits);
}

/* Check digits: the number behind, then DE as 1314 and 00, by 97. */
static void iban(cu_buf *b)
{
    char digits[32] = "";
    unsigned rest = 0;
    for (int i = 0; i < 18; i++)
        digits[i] = (char)('1' + below(9));
    strcpy(digits + 18, "131400");
    for (int i = 0; digits[i]; i++)
        rest = (rest * 10 + (unsigned)(digits[i] - '0')) % 97;
    cu_buf_fmt(b, "DE%02u%.18s", 98 - rest, digits);
}

static void ssn(cu_buf *b) { cu_buf_fmt(b, "%03u-%02u-%04u", 101 + below(500), 11 + below(80), 1001 + below(8000)); }
static void phone(cu_buf *b) { cu_buf_fmt(b, "+1 415 7%02u %04u", 11 + below(80), 2001 + below(7000)); }
static void address(cu_buf *b) { cu_buf_fmt(b, "81.%u.%u.%u", 10 + below(200), 10 + below(200), 10 + below(200)); }
static void aws_key(cu_buf *b) { cu_buf_fmt(b, "%s%s", "AK", "IA"); draw(b, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16); }
static void github(cu_buf *b) { cu_buf_fmt(b, "%s_", "ghp"); draw(b, alnum, 36); }
static void password(cu_buf *b) { draw(b, upper, 3); draw(b, alnum, 17); draw(b, "0123456789", 3); }

static void private_key(cu_buf *b)
{
    cu_buf_fmt(b, "-----BEGIN %s KEY-----\n", "PRIVATE");
    for (int i = 0; i < 4; i++) {
        draw(b, alnum, 64);
        cu_buf_byte(b, '\n');
    }
    cu_buf_fmt(b, "-----END %s KEY-----", "PRIVATE");
}

static void url_password(cu_buf *b) { draw(b, alnum, 18); }

typedef struct {
    const char *id, *text;             /* text: what is sent; @ stands for the value */
    void (*make)(cu_buf *b);
} canary;

static const canary canaries[] = {
    {"email", "please write to @ about it", email},
    {"card", "the customer paid with card @ today", card},
    {"iban", "transfer it to IBAN @ please", iban},
    {"ssn", "her social security number is @ as filed", ssn},
    {"phone", "call me at @ tomorrow", phone},
    {"ip", "the server at @ does not answer", address},
    {"aws-key", "aws_access_key_id = @\n", aws_key},
    {"github-token", "export GITHUB_TOKEN=@\n", github},
    {"password", "DB_PASSWORD=\"@\"\n", password},
    {"url-password", "postgres://app:@@db.internal.net:5432/shop", url_password},
    {"private-key", "deploy with\n@\nas before", private_key},
};

/* --- what is looked for --- */

static void add_hex(cu_buf *b, const char *v, const char *before, bool capital)
{
    for (; *v; v++)
        cu_buf_fmt(b, capital ? "%s%02X" : "%s%02x", before, (unsigned char)*v);
}

static bool in_text(const char *body, cu_buf *needle)
{
    const char *s = cu_buf_cstr(needle);
    bool yes = needle->n >= 4 && strstr(body, s);
    cu_buf_reset(needle);
    return yes;
}

/* In base64 behind none, one or two bytes of something else, without the characters that neighbours decide. */
static bool in_base64(const char *body, const char *v)
{
    for (size_t shift = 0; shift < 3; shift++) {
        cu_buf text CU_CLEAN_BUF = CU_BUF(4096), coded CU_CLEAN_BUF = CU_BUF(8192);
        for (size_t i = 0; i < shift; i++)
            cu_buf_byte(&text, 0);
        cu_buf_str(&text, v);
        cu_base64(&coded, cu_buf_view(&text));
        size_t from = shift ? shift + 1 : 0, whole = text.n / 3 * 4;
        cu_buf cut CU_CLEAN_BUF = CU_BUF(8192);
        if (whole > from + 8)
            cu_buf_add(&cut, cu_slice(cu_buf_view(&coded), from, whole));
        if (cut.n && in_text(body, &cut))
            return true;
    }
    return false;
}

/* How the value stands in what was sent to the provider; NULL: not at all. */
static const char *found_as(const char *body, const char *v)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(VALUE_MAX * 8);
    cu_buf_str(&b, v);
    if (in_text(body, &b))
        return "as it was";
    cu_buf_json_escape(&b, cu_str(v));
    if (in_text(body, &b))
        return "escaped for JSON";
    add_hex(&b, v, "\\u00", false);
    if (in_text(body, &b))
        return "in \\u escapes";
    add_hex(&b, v, "", false);
    if (in_text(body, &b))
        return "in hexadecimal";
    add_hex(&b, v, "", true);
    if (in_text(body, &b))
        return "in hexadecimal";
    add_hex(&b, v, "%", true);
    if (in_text(body, &b))
        return "percent-encoded";
    for (const char *s = v; *s; s++)
        cu_buf_fmt(&b, isalnum((unsigned char)*s) || strchr("-_.~", *s) ? "%c" : "%%%02X", (unsigned char)*s);
    if (in_text(body, &b))
        return "percent-encoded";
    return in_base64(body, v) ? "in base64" : NULL;
}

/* --- the attack --- */

/* Sent with a marker before it, so that what is searched is this request and none before. */
static probe_verdict plant(probe *p, const char *key, const char *text, const char *value, bool must_block)
{
    char marker[16];
    probe_answer a;
    cu_buf sent CU_CLEAN_BUF = CU_BUF(3 * VALUE_MAX);
    const char *at = strchr(text, '@');
    probe_word(marker, 12);
    cu_buf_fmt(&sent, "%s %.*s%s%s", marker, (int)(at - text), text, value, at + 1);
    bool ok = probe_ask(p, key, cu_buf_cstr(&sent), &a), there = probe_sink_saw(p, marker);
    const char *how = there ? found_as(json_string_value(json_object_get(p->seen, "body")), value) : NULL;
    probe_verdict v = how                             ? probe_say(p, PROBE_BROKEN, "it reached the provider %s", how)
                      : there && must_block           ? probe_say(p, PROBE_BROKEN, "the request reached the provider, without the value")
                      : there                         ? probe_say(p, PROBE_HELD, "the request reached the provider, the value did not")
                      : ok && a.status == 400         ? probe_say(p, PROBE_HELD, "refused with 400, and nothing reached the provider")
                      : ok && a.status == 200         ? probe_say(p, PROBE_BROKEN, "answered with 200, and not by the sink")
                                                      : probe_say(p, PROBE_FAILED, "status %ld, and the sink did not see it", ok ? a.status : 0);
    probe_answer_free(&a);
    cu_wipe(sent.p, sent.n);
    return v;
}

static const canary *named(const char *id)
{
    size_t i = 0;
    while (strcmp(canaries[i].id, id) != 0)
        i++;
    return &canaries[i];
}

static probe_verdict invented(probe *p, const char *key, bool must_block)
{
    const canary *c = named(p->with);
    cu_buf value CU_CLEAN_BUF = CU_BUF(VALUE_MAX);
    c->make(&value);
    const char *given = p->planted && !must_block ? p->planted : cu_buf_cstr(&value);
    return plant(p, key, c->text, given, must_block);
}

static probe_verdict stripped(probe *p) { return invented(p, p->key_a, false); }

/* The value in base64, where a text of its own stands in a token. */
static probe_verdict encoded(probe *p)
{
    cu_buf value CU_CLEAN_BUF = CU_BUF(VALUE_MAX), line CU_CLEAN_BUF = CU_BUF(VALUE_MAX), coded CU_CLEAN_BUF = CU_BUF(2 * VALUE_MAX);
    char marker[16];
    probe_answer a;
    email(&value);
    cu_buf_fmt(&line, "{\"notify\":\"%s\",\"also\":\"%s\"}", cu_buf_cstr(&value), cu_buf_cstr(&value));
    cu_base64(&coded, cu_buf_view(&line));
    probe_word(marker, 12);
    cu_buf sent CU_CLEAN_BUF = CU_BUF(4 * VALUE_MAX);
    cu_buf_fmt(&sent, "%s data: %s", marker, cu_buf_cstr(&coded));
    bool ok = probe_ask(p, p->key_a, cu_buf_cstr(&sent), &a), there = probe_sink_saw(p, marker);
    const char *body = there ? json_string_value(json_object_get(p->seen, "body")) : "";
    probe_verdict v = there && (strstr(body, cu_buf_cstr(&coded)) || found_as(body, cu_buf_cstr(&value))) ? probe_say(p, PROBE_BROKEN, "it reached the provider in base64")
                      : there ? probe_say(p, PROBE_HELD, "the request reached the provider, the value did not")
                              : probe_say(p, PROBE_FAILED, "status %ld, and the sink did not see it", ok ? a.status : 0);
    probe_answer_free(&a);
    return v;
}

#define PLANT(id, what) {id, "sends " what, stripped, id}
const probe_attack probe_canary_attacks[] = {
    PLANT("email", "an e-mail address"), PLANT("card", "a card number"), PLANT("iban", "an IBAN"), PLANT("ssn", "a social security number"),
    PLANT("phone", "a telephone number"), PLANT("ip", "a public IP address"), PLANT("aws-key", "a cloud access key"),
    PLANT("github-token", "a token of a code host"), PLANT("password", "a password that is assigned"), PLANT("url-password", "a password in an address"),
    PLANT("private-key", "a private key"), {"email-base64", "sends an e-mail address in base64", encoded, NULL},
};
const size_t probe_canary_n = sizeof probe_canary_attacks / sizeof *probe_canary_attacks;

/* --- a tenant that blocks --- */

static char key_c[64], id_c[64];

bool probe_blocked_setup(probe *p)
{
    return probe_new_key(p, "probe-c", 600, 0, key_c, id_c) || (probe_say(p, PROBE_FAILED, "a key of the tenant that blocks could not be issued"), false);
}

void probe_blocked_end(probe *p)
{
    probe_drop_key(p, id_c);
    cu_wipe(key_c, sizeof key_c);
    id_c[0] = 0;
}

static probe_verdict blocked(probe *p) { return invented(p, key_c, true); }

const probe_attack probe_blocked_attacks[] = {
    {"email", "sends an e-mail address where that type is blocked", blocked, "email"},
    {"card", "sends a card number where that type is blocked", blocked, "card"},
    {"aws-key", "sends a cloud access key where secrets are blocked", blocked, "aws-key"},
    {"private-key", "sends a private key where secrets are blocked", blocked, "private-key"},
};
const size_t probe_blocked_n = sizeof probe_blocked_attacks / sizeof *probe_blocked_attacks;
