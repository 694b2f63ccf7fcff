#include "catalog/notify_config.h"
#include <stdlib.h>
#include <string.h>
#include "reading.h"

#define ADDRESS_MAX 254u /* RFC 5321, 4.5.3.1.3 */

/* SCHEME://HOST[:PORT]… of this machine. */
static bool on_this_machine(const char *url)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"};
    const char *at = strstr(url, "://");
    for (size_t i = 0; at && i < 3; i++) {
        size_t n = strlen(hosts[i]);
        if (strncmp(at + 3, hosts[i], n) == 0 && (at[3 + n] == 0 || at[3 + n] == ':' || at[3 + n] == '/'))
            return true;
    }
    return false;
}

static bool plain_url(const char *url)
{
    size_t n = strlen(url);
    for (size_t i = 0; i < n; i++)
        if (url[i] <= ' ' || url[i] >= 0x7f || strchr("@#\"\\<>", url[i]))
            return false;
    return n > 0 && n <= 300;
}

/* What stands in a header and in an SMTP command: nothing in it may end either. */
static cu_err read_address(const reading *r, const cu_yaml *n, const char *name, char **out)
{
    CU_TRY(reading_text(r, n, name, out));
    size_t len = strlen(*out), ats = 0;
    bool good = len >= 3 && len <= ADDRESS_MAX && (*out)[0] != '@' && (*out)[len - 1] != '@';
    for (size_t i = 0; i < len; i++) {
        ats += (*out)[i] == '@';
        good &= (*out)[i] > ' ' && (*out)[i] < 0x7f && !strchr("<>()[],;:\\\"", (*out)[i]);
    }
    return good && ats == 1 ? CU_OK : reading_wrong(r, n, "%s is one mail address such as security@example.org", name);
}

static cu_err read_smtp(const reading *r, const cu_yaml *n, bool resolve, cu_config_notify *out)
{
    const cu_yaml *k;
    CU_TRY(reading_only(r, n, "notify.smtp", "url from user password"));
    if (!(k = cu_yaml_get(n, "url")))
        return reading_wrong(r, n, "smtp needs url: smtps://mail.example.org:465, or smtp://mail.example.org:587 with STARTTLS");
    CU_TRY(reading_text(r, k, "url", &out->smtp));
    if ((strncmp(out->smtp, "smtps://", 8) != 0 && strncmp(out->smtp, "smtp://", 7) != 0) || !plain_url(out->smtp))
        return reading_wrong(r, k, "url begins with smtps:// or smtp:// and has no user in it");
    out->smtp_here = on_this_machine(out->smtp);
    if (!(k = cu_yaml_get(n, "from")))
        return reading_wrong(r, n, "smtp needs from: the address that mail comes from");
    CU_TRY(read_address(r, k, "from", &out->from));
    if ((k = cu_yaml_get(n, "user")))
        CU_TRY(reading_text(r, k, "user", &out->user));
    if ((k = cu_yaml_get(n, "password")))
        CU_TRY(reading_secret(r, k, "password", resolve, &out->password));
    return !out->user == !cu_yaml_get(n, "password") ? CU_OK : reading_wrong(r, n, "user and password belong together");
}

static cu_err read_kinds(const reading *r, const cu_yaml *n, unsigned *bits)
{
    if (n->kind != CU_YAML_LIST || !n->first)
        return reading_wrong(r, n, "kinds is a list of: " CU_NOTIFY_KINDS);
    for (const cu_yaml *k = n->first; k; k = k->next) {
        unsigned which;
        CU_TRY(reading_word(r, k, "a kind", CU_NOTIFY_KINDS, &which));
        *bits |= 1u << which;
    }
    return CU_OK;
}

static cu_err read_webhook(const reading *r, const cu_yaml *n, const cu_yaml *url, bool resolve, cu_notify_channel *c)
{
    const cu_yaml *secret = cu_yaml_get(n, "secret");
    CU_TRY(reading_text(r, url, "webhook", &c->webhook));
    if (!plain_url(c->webhook) || (strncmp(c->webhook, "https://", 8) != 0 && !(strncmp(c->webhook, "http://", 7) == 0 && on_this_machine(c->webhook))))
        return reading_wrong(r, url, "webhook begins with https:// (http:// only for this machine) and has no user or fragment");
    if (!secret)
        return reading_wrong(r, n, "a webhook needs secret: env:NAME or file:PATH, with which each message is signed");
    return reading_secret(r, secret, "secret", resolve, &c->secret);
}

static cu_err read_channel(const reading *r, const cu_yaml *n, bool resolve, cu_config_notify *out)
{
    static const char *const roles[] = {"owner", "compliance", "security", "developer", "approver"};
    cu_notify_channel *c = &out->channels[out->n];
    const cu_yaml *k, *mail = cu_yaml_get(n, "mail"), *hook = cu_yaml_get(n, "webhook");
    unsigned role;
    CU_TRY(reading_only(r, n, "a channel", "name role mail webhook secret kinds"));
    if (!(k = cu_yaml_get(n, "name")))
        return reading_wrong(r, n, "a channel needs name");
    CU_TRY(reading_text(r, k, "name", &c->name));
    if (!c->name[0] || strlen(c->name) > 32 || strspn(c->name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(c->name))
        return reading_wrong(r, k, "name is 1 to 32 of a-z, 0-9 and -");
    for (size_t i = 0; i < out->n; i++)
        if (strcmp(out->channels[i].name, c->name) == 0)
            return reading_wrong(r, k, "this channel is given twice");
    if (!(k = cu_yaml_get(n, "role")))
        return reading_wrong(r, n, "a channel needs role: owner, compliance, security, developer or approver");
    CU_TRY(reading_word(r, k, "role", "owner compliance security developer approver", &role));
    c->role = cu_arena_str(r->a, cu_str(roles[role]));
    if (!c->role)
        return CU_NOMEM;
    if (!mail == !hook)
        return reading_wrong(r, n, "a channel has either mail or webhook");
    if (mail && !out->smtp)
        return reading_wrong(r, mail, "mail needs notify.smtp");
    CU_TRY(mail ? read_address(r, mail, "mail", &c->mail) : read_webhook(r, n, hook, resolve, c));
    if (!(k = cu_yaml_get(n, "kinds")))
        return reading_wrong(r, n, "a channel needs kinds: a list of " CU_NOTIFY_KINDS);
    CU_TRY(read_kinds(r, k, &c->kinds));
    out->n++;
    return CU_OK;
}

cu_err cu_notify_config_read(const cu_yaml *root, const char *path, bool resolve, cu_arena *a, cu_config_notify *out, cu_fault *f)
{
    const reading r = {path, a, f};
    const cu_yaml *n = cu_yaml_get(root, "notify"), *k;
    *out = (cu_config_notify){.digest_hour = 7};
    if (!n)
        return CU_OK;
    CU_TRY(reading_only(&r, n, "notify", "smtp digest_hour channels ca"));
    if ((k = cu_yaml_get(n, "digest_hour")))
        CU_TRY(reading_number(&r, k, "digest_hour", 0, 23, &out->digest_hour));
    if ((k = cu_yaml_get(n, "ca")))
        CU_TRY(reading_text(&r, k, "ca", &out->ca));
    if (out->ca && out->ca[0] != '/')
        return reading_wrong(&r, k, "ca is the whole path of a PEM file, from / on");
    if ((k = cu_yaml_get(n, "smtp")))
        CU_TRY(read_smtp(&r, k, resolve, out));
    k = cu_yaml_get(n, "channels");
    if (!k || k->kind != CU_YAML_LIST || reading_count(k) > CU_NOTIFY_CHANNELS)
        return reading_wrong(&r, n, "channels is a list of at most %u", CU_NOTIFY_CHANNELS);
    for (k = k->first; k; k = k->next)
        CU_TRY(read_channel(&r, k, resolve, out));
    return CU_OK;
}
