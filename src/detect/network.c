/* Mail addresses, IP addresses and URLs that carry credentials. */
#include <arpa/inet.h>
#include <strings.h>
#include "engine.h"
#include "judge.h"
#include "names.h"

#define LOCAL_MAX 64u   /* RFC 5321 section 4.5.3.1 */
#define DOMAIN_MAX 253u
#define USERINFO_MAX 512u

static bool local_char(uint8_t c)
{
    return cu_alnum(c) || (c && strchr("._%+-", c));
}

static bool domain_char(uint8_t c)
{
    return cu_alnum(c) || c == '.' || c == '-';
}

/* The end of a domain with at least one dot and an alphabetic last label, or `from`. */
static size_t domain_end(cu_bytes t, size_t from)
{
    size_t end = from, best = from, label = from;
    bool alpha = true, dotted = false;
    while (end < t.n && end - from < DOMAIN_MAX && domain_char(t.p[end])) {
        if (t.p[end] == '.') {
            if (end == label)
                break;
            dotted = true;
            alpha = true;
            label = end + 1;
        } else {
            alpha = alpha && (t.p[end] > '9' || t.p[end] == '-');
            if (dotted && alpha && end - label >= 1 && t.p[end] != '-')
                best = end + 1;
        }
        end++;
    }
    /* A label that goes on past its letters ("a.b2c") is no top-level domain. */
    return best == end || (best < end && t.p[best] == '.') ? best : from;
}

/* The last label is one that the root zone, or a private network, has. */
static bool known_tld(cu_bytes domain)
{
    char label[32];
    size_t from = domain.n, n = 0, low = 0, high = cu_tld_count;
    while (from > 0 && domain.p[from - 1] != '.')
        from--;
    if (domain.n - from >= sizeof label)
        return false;
    for (; from + n < domain.n; n++)
        label[n] = (char)(domain.p[from + n] | 32);
    label[n] = 0;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = strcmp(cu_tld[mid], label);
        if (c == 0)
            return true;
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

/* git@host.org:group/name.git, user@host.org:path/of/it: where something is (the scp-like syntax of git-clone(1)),
 * nobody's mailbox. */
static bool remote_path(cu_bytes t, size_t start, size_t at, size_t end)
{
    cu_bytes user = cu_slice(t, start, at);
    if (end >= t.n || t.p[end] != ':')
        return false;
    if (cu_eq(user, CU_LIT("git")) || cu_eq(user, CU_LIT("hg")) || cu_eq(user, CU_LIT("svn")))
        return true;
    size_t i = end + 1;
    while (i < t.n && i - end < 64 && (cu_alnum(t.p[i]) || (t.p[i] && strchr("~._-", t.p[i]))))
        i++;
    return i > end + 1 && i + 1 < t.n && t.p[i] == '/' && cu_alnum(t.p[i + 1]);
}

/* "socks5://user:password@host", "ssh://user@host": the begin of an address (RFC 3986 section 3.2.1), though what
 * stands before its host looks like a mailbox. */
static bool of_an_authority(cu_bytes t, size_t start)
{
    size_t i = start;
    while (i > 0 && start - i < 80 && t.p[i - 1] > ' ' && !strchr("/\"'<>@", t.p[i - 1]))
        i--;
    return (i == start || t.p[start - 1] == ':') && i > 3 && memcmp(t.p + i - 3, "://", 3) == 0 && cu_alnum(t.p[i - 4]);
}

/* RFC 2606 and RFC 6761: names that belong to nobody. */
static bool reserved(cu_bytes domain)
{
    static const char *const ends[] = {"example.com", "example.org", "example.net", "test", "invalid",
                                       "localhost", "example"};
    for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
        size_t n = strlen(ends[k]), rest = domain.n >= n ? domain.n - n : 0;
        if (domain.n >= n && strncasecmp((const char *)domain.p + rest, ends[k], n) == 0 &&
            (rest == 0 || domain.p[rest - 1] == '.'))
            return true;
    }
    return false;
}

/* RFC 5322 section 3.6.4: a message's identifier has the form of an address, and is mostly made of the time and a number:
 * more digits than a telephone number (ITU-T E.164: 15 at most), which people do call their mailbox. */
static bool of_a_message(cu_bytes local)
{
    size_t digits = 0;
    for (size_t i = 0; i < local.n; i++)
        digits += cu_digit(local.p[i]);
    return digits > 15;
}

/* RFC 2142 names the mailboxes of offices that keep a network; lists and machines have theirs. What a person may sit
 * behind (info, sales, support) is not among them. */
static bool of_a_role(cu_bytes local, cu_bytes domain)
{
    static const char *const names[] = {"abuse", "noc", "security", "postmaster", "hostmaster", "webmaster", "usenet", "news", "www", "uucp", "ftp",
                                        "noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "do_not_reply", "mailer-daemon", "bounce", "bounces"};
    static const char *const tails[] = {"-request", "-owner", "-subscribe", "-unsubscribe", "+subscribe", "+unsubscribe", "-bounces"};
    static const char *const hosts[] = {"googlegroups.com", "users.noreply.github.com", "users.noreply.gitlab.com"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (local.n == strlen(names[k]) && strncasecmp((const char *)local.p, names[k], local.n) == 0)
            return true;
    for (size_t k = 0; k < sizeof tails / sizeof *tails; k++)
        if (local.n > strlen(tails[k]) && cu_eq_str(cu_slice(local, local.n - strlen(tails[k]), local.n), tails[k]))
            return true;
    for (size_t k = 0; k < sizeof hosts / sizeof *hosts; k++)
        if (domain.n == strlen(hosts[k]) && strncasecmp((const char *)domain.p, hosts[k], domain.n) == 0)
            return true;
    return of_a_message(local) || cu_starts(domain, CU_LIT("lists.")) || cu_starts(domain, CU_LIT("noreply."));
}

/* RFC 5322 section 3.4: the display name before <address>: two to four capitalised words. */
static cu_err mail_name(const cu_engine *e, cu_bytes t, size_t at, cu_findings *out)
{
    size_t end, from;
    unsigned words = 0;
    if (at < 6 || t.p[at - 1] != '<')
        return CU_OK;
    end = at - 1;
    while (end > 0 && at - end < 4 && (t.p[end - 1] == ' ' || t.p[end - 1] == '"'))
        end--;
    from = end;
    for (size_t i = end; i > 0 && at - i < 64 && words < 5; words++) {
        size_t begin = i;
        while (begin > 0 && i - begin < 24 && (cu_alnum(t.p[begin - 1]) || t.p[begin - 1] >= 0x80 ||
               t.p[begin - 1] == '.' || t.p[begin - 1] == '-' || t.p[begin - 1] == '\''))
            begin--;
        size_t past = cu_name_word(t, begin);
        if (past == begin || past + (past < i && t.p[past] == '.') != i)
            break;
        from = begin;
        if (begin == 0 || t.p[begin - 1] != ' ')
            { words++; break; }
        i = begin - 1;
    }
    if (words < 2 || words > 4 || !cu_name_plausible(cu_slice(t, from, end)))
        return CU_OK;
    return cu_found(e, out, e->finder[CU_FIND_MAIL_NAME], from, end);
}

cu_err cu_find_email(const cu_engine *e, cu_bytes t, size_t at, cu_findings *out)
{
    size_t start = at, end = domain_end(t, at + 1);
    while (start > 0 && at - start < LOCAL_MAX && local_char(t.p[start - 1]))
        start--;
    /* "\n" written out before the address is not a part of it. */
    if (start > 0 && t.p[start - 1] == '\\' && at - start > 1 && strchr("nrt", t.p[start]))
        start++;
    while (start < at && strchr(".-%+", t.p[start]))
        start++;
    if (start == at || end == at + 1 || t.p[at - 1] == '.' || !known_tld(cu_slice(t, at + 1, end)) ||
        remote_path(t, start, at, end) || of_an_authority(t, start))
        return CU_OK;
    CU_TRY(mail_name(e, t, start, out));
    cu_bytes domain = cu_slice(t, at + 1, end);
    size_t before = out->n;
    CU_TRY(cu_found(e, out, e->finder[reserved(domain) ? CU_FIND_EMAIL_RESERVED : CU_FIND_EMAIL], start, end));
    if (out->n > before && of_a_role(cu_slice(t, start, at), domain) && out->v[before].confidence > CU_DETECT_CREDIT_MOST) {
        out->v[before].confidence = CU_DETECT_CREDIT_MOST;
        out->v[before].flags |= CU_FINDING_ROLE;
    }
    return CU_OK;
}

/* Nobody's: the host itself (127/8, ::1), none, all, groups, numbers kept for documentation (RFC 6890,
 * RFC 5737, RFC 3849), and networks, whose last two bytes are zero. */
static bool nobodys(const uint8_t *a, bool v6)
{
    static const uint8_t none[15] = {0};
    if (v6)
        return a[0] == 0xff || (memcmp(a, none, 15) == 0 && a[15] < 2) || memcmp(a, "\x20\x01\x0d\xb8", 4) == 0;
    return a[0] == 0 || a[0] == 127 || a[0] >= 224 || (a[2] == 0 && a[3] == 0) || memcmp(a, "\xc0\x00\x02", 3) == 0 ||
           memcmp(a, "\xc6\x33\x64", 3) == 0 || memcmp(a, "\xcb\x00\x71", 3) == 0;
}

static cu_err address(const cu_engine *e, const char *text, bool v6, size_t start, size_t end,
                      cu_findings *out)
{
    uint8_t a[16];
    if (inet_pton(v6 ? AF_INET6 : AF_INET, text, a) != 1 || nobodys(a, v6))
        return CU_OK;
    cu_finder which = cu_ip_private(a, v6) ? CU_FIND_IP_PRIVATE : CU_FIND_IP;
    return cu_found(e, out, e->finder[which], start, end);
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* "version 1.2.3.4", "sect. 4.5.3.1", "rfc7231#section-7.1.1.1" are not addresses. */
bool cu_numbered_before(cu_bytes t, size_t i)
{
    static const char *const words[] = {"version", "versions", "ver", "section", "sections", "sect", "sec", "chapter", "clause", "release",
                                        "releases", "revision", "rev", "build", "policy", "oid", "firmware"};
    static const size_t version = 7;
    char word[10] = "";
    size_t n = 0, from;
    while (i > 0 && n < 4 && t.p[i - 1] && strchr(" \"'=:.-(", t.p[i - 1]))
        i--, n++;
    for (from = i; from > 0 && i - from < sizeof word && (lower(t.p[from - 1]) >= 'a' && lower(t.p[from - 1]) <= 'z');)
        from--;
    if (i >= version && strncasecmp((const char *)t.p + i - version, words[0], version) == 0)
        return true; /* MinimumVersion */
    if (i - from < 3 || i - from >= sizeof word)
        return false;
    for (size_t k = from; k < i; k++)
        word[k - from] = (char)lower(t.p[k]);
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (strcmp(word, words[k]) == 0)
            return true;
    return false;
}

/* ">= 1.2.0.4", "~1.2.0.4", "1.2.3.4-beta", "jre-9.0.9.0.jar": what package managers and file names write. */
static bool of_a_release(cu_bytes t, size_t i, size_t end)
{
    uint8_t before = i ? t.p[i - 1] : 0, first = i > 1 ? t.p[i - 2] : 0, after = end < t.n ? t.p[end] : 0;
    bool letter_after = end + 1 < t.n && lower(t.p[end + 1]) >= 'a' && lower(t.p[end + 1]) <= 'z';
    if (before == '~' || before == '^' || (before == '=' && (first == '<' || first == '>' || first == '~')))
        return true;
    uint8_t second = i > 2 ? t.p[i - 3] : ' ';
    if (before == ' ' && first == '=' && second && strchr("<>=!~", second))
        return true;
    if (before == ' ' && (first == '<' || first == '>') && second && strchr(" \"'(,", second)) /* no end of a tag */
        return true;
    return (after == '-' && letter_after) || (after == '.' && letter_after && before == '-' && cu_alnum(first));
}

/* Names of attributes and of extensions of certificates (X.520, RFC 5280 section 4.2.1). */
static bool is_oid(const uint8_t *a)
{
    return a[0] == 2 && a[1] == 5 && (a[2] == 4 || a[2] == 29);
}

/* Nothing says that four figures are an address: neither a port, a prefix or a scheme nor a word before them. */
static bool nothing_says_address(cu_bytes t, size_t i, size_t end)
{
    static const char *const words[] = {"ip", "addr", "host", "peer", "server", "dns", "ping", "remote", "gateway", "client"};
    uint8_t after = end < t.n ? t.p[end] : 0;
    size_t from = i > 32 ? i - 32 : 0;
    if (((after == ':' || after == '/') && end + 1 < t.n && cu_digit(t.p[end + 1])) || (i && (t.p[i - 1] == '/' || t.p[i - 1] == '@')))
        return false;
    for (size_t k = i; k > from; k--)
        if (t.p[k - 1] == '\n' || t.p[k - 1] == CU_DETECT_SEPARATOR)
            from = k;
    for (size_t k = from; k < i; k++)
        for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
            size_t n = strlen(words[w]);
            if (k + n <= i && strncasecmp((const char *)t.p + k, words[w], n) == 0)
                return false;
        }
    return true;
}

cu_err cu_find_ipv4(const cu_engine *e, cu_bytes t, size_t i, size_t *past, cu_findings *out)
{
    char text[16];
    size_t n = 0, dots = 0;
    while (i + n < t.n && n < 15 && (cu_digit(t.p[i + n]) || (t.p[i + n] == '.' && dots < 4))) {
        dots += t.p[i + n] == '.';
        text[n] = (char)t.p[i + n];
        n++;
    }
    if (n && text[n - 1] == '.')
        n--, dots--;
    size_t end = i + n;
    if (dots != 3 || (i && t.p[i - 1] == '.') || cu_numbered_before(t, i))
        return CU_OK;
    if (end < t.n && (cu_alnum(t.p[end]) || (t.p[end] == '.' && end + 1 < t.n &&
                                             cu_digit(t.p[end + 1]))))
        return CU_OK;
    text[n] = 0;
    *past = end;
    uint8_t a[4];
    if (inet_pton(AF_INET, text, a) != 1 || is_oid(a) || of_a_release(t, i, end))
        return CU_OK;
    size_t before = out->n;
    CU_TRY(address(e, text, false, i, end, out));
    /* Of addresses one in 500,000 has four figures; of versions and of what people make up, most. */
    if (out->n > before && n == 7 && nothing_says_address(t, i, end))
        out->v[out->n - 1].confidence = CU_DETECT_MADE_UP_MOST;
    return CU_OK;
}

static bool v6_char(uint8_t c)
{
    return cu_digit(c) || c == ':' || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* RFC 4291. *past stands behind the first colon; it moves behind a run that was looked at. */
cu_err cu_find_ipv6(const cu_engine *e, cu_bytes t, size_t *past, cu_findings *out)
{
    char text[48];
    size_t colon = *past - 1, start = colon, end = colon, colons = 0, figures = 0;
    while (start > 0 && colon - start < 4 && v6_char(t.p[start - 1]))
        start--;
    while (end < t.n && end - start < 40 && v6_char(t.p[end]))
        end++;
    while (end > start && t.p[end - 1] == ':' && !(end - start >= 2 && t.p[end - 2] == ':'))
        end--;
    for (size_t i = start; i < end; i++) {
        colons += t.p[i] == ':';
        figures += cu_digit(t.p[i]);
    }
    /* C++ scopes ("ad::be") have no figure; clock times have no "::" and two colons. */
    if (colons < 2 || figures == 0 || end - start < 6 || !cu_starts_token(t, start) ||
        (end < t.n && (cu_alnum(t.p[end]) || t.p[end] == '_' || t.p[end] == '.')))
        return CU_OK;
    memcpy(text, t.p + start, end - start);
    text[end - start] = 0;
    *past = end > *past ? end : *past;
    return address(e, text, true, start, end, out);
}

static bool ends_authority(cu_bytes t, size_t i)
{
    uint8_t c = t.p[i], next = i + 1 < t.n ? t.p[i + 1] : 0;
    if (c <= ' ' || c == '<' || c == '>' || c == '`' || c == 0x7f)
        return true;
    /* A quote that is followed by the punctuation of its language closes the string. */
    return (c == '"' || c == '\'') && t.p[i - 1] != '\\' && (next == 0 || strchr(",:;)]}\n\r", next));
}

/* "http://host:8080/…@" has a port, no password. */
static bool only_port(cu_bytes t, size_t i, size_t end)
{
    size_t from = i;
    while (i < end && cu_digit(t.p[i]) && i - from < 6)
        i++;
    return i > from && (i == end || strchr("/?#", t.p[i]));
}

/* "${PASS}", "{{ pass }}", "%s", "$(pass)", "$password": what a program puts in. */
static bool put_in(cu_bytes secret)
{
    size_t i = 1;
    while (i < secret.n && ((secret.p[i] | 32) >= 'a' && (secret.p[i] | 32) <= 'z'))
        i += 1 + (i + 2 < secret.n && secret.p[i + 1] == '_');
    return cu_starts(secret, CU_LIT("${")) || cu_starts(secret, CU_LIT("{{")) || cu_starts(secret, CU_LIT("%s")) ||
           cu_starts(secret, CU_LIT("$(")) || (secret.p[0] == '$' && i > 3 && i == secret.n);
}

/* RFC 3986 section 3.2.1, with the characters that people forget to escape in passwords. */
cu_err cu_find_url(const cu_engine *e, cu_bytes t, uint16_t rule, size_t colon, cu_findings *out)
{
    size_t from = colon + 3, i = from, second = 0, at = 0;
    if (colon == 0 || !(cu_alnum(t.p[colon - 1])))
        return CU_OK;
    for (; i < t.n && i - from < USERINFO_MAX && !ends_authority(t, i); i++) {
        if (!second && (t.p[i] == '/' || t.p[i] == '?' || t.p[i] == '#'))
            return CU_OK;
        if (!second && t.p[i] == ':')
            second = i;
        if (second && t.p[i] == '@' && i + 1 < t.n && (cu_alnum(t.p[i + 1]) || t.p[i + 1] == '[' || cu_starts(cu_slice(t, i + 1, t.n), CU_LIT("%2"))))
            at = i;
        if (at && t.p[i] == '/' && i > at)
            break;
    }
    if (!second || !at || at == second + 1 || only_port(t, second + 1, at))
        return CU_OK;
    cu_bytes secret = cu_slice(t, second + 1, at);
    if (put_in(secret))
        return CU_OK;
    CU_TRY(cu_found_secret(e, out, rule, t, from, at));
    /* user:password is judged by its password. */
    if (cu_is_placeholder(secret) && !(out->v[out->n - 1].flags & CU_FINDING_PLACEHOLDER)) {
        out->v[out->n - 1].flags |= CU_FINDING_PLACEHOLDER;
        out->v[out->n - 1].confidence = CU_DETECT_FLOOR;
    }
    return CU_OK;
}
