/* Where the words of a command name a host, by what its program documents: an operand, the value of an option, what
 * stands behind a word or a mark. */
#include <ctype.h>
#include <strings.h>
#include "walk.h"

#define MAX_GLOBS 4u /* in one word */

static bool has_dot_name(cu_bytes h)
{
    size_t dot = h.n;
    while (dot && h.p[dot - 1] != '.')
        dot--;
    for (size_t i = dot; i < h.n; i++)
        if (!isalpha(h.p[i]))
            return false;
    return dot > 1 && h.n - dot >= 2;
}

/* 00:11:22:aa:bb:cc */
static bool of_hardware(cu_bytes t)
{
    for (size_t i = 0; i < t.n; i++)
        if (i % 3 == 2 ? t.p[i] != ':' : !isxdigit(t.p[i]))
            return false;
    return t.n == 17;
}

/* Words that its manual gives a meaning of their own where a host may stand: any, MX, local. */
static bool other_word(const cu_program *p, cu_bytes t)
{
    for (size_t i = 0; i < p->not_hosts.n; i++)
        if (p->not_hosts.v[i].n == t.n && strncasecmp((const char *)p->not_hosts.v[i].p, (const char *)t.p, t.n) == 0)
            return true;
    return false;
}

/* path/to/x, "select 1": a name without a dot that goes on so is no host. DOMAIN/user is one for some. */
static bool goes_on_otherwise(cu_bytes t, cu_bytes h, size_t end, const cu_program *p)
{
    return end < t.n && ((t.p[end] == '/' && p->host_form != CU_HOST_DOMAIN && !has_dot_name(h)) || isspace(t.p[end]));
}

/* //host/share, \\\\host\\share */
static bool behind_slashes(cu_bytes *t)
{
    bool unc = t->n > 3 && ((t->p[0] == '/' && t->p[1] == '/' && t->p[2] != '/') || (t->p[0] == '\\' && t->p[1] == '\\'));
    if (unc)
        *t = cu_slice(*t, 2, t->n);
    return unc;
}

/* [db7:]web: a part that may be left out, as manuals print it and people copy it. [fe80::1]:22 has more colons. */
static bool optional_part(cu_bytes *t)
{
    const uint8_t *end = t->n > 3 && t->p[0] == '[' ? memchr(t->p, ']', t->n) : NULL;
    if (!end || end[-1] != ':' || memchr(t->p, ':', (size_t)(end - 1 - t->p)))
        return false;
    *t = cu_slice(*t, 1, (size_t)(end - t->p));
    return true;
}

static bool port_behind(cu_bytes t, size_t end)
{
    const uint8_t *colon = memchr(t.p, ':', end < t.n ? end : t.n);
    size_t at = colon ? (size_t)(colon - t.p) + 1 : t.n;
    return at < t.n && isdigit(t.p[at]);
}

/* Registries stand before the first slash of an image's name, and only with a dot or a port (the reference's grammar). */
static bool of_image(cu_bytes t, cu_bytes h, size_t end)
{
    return end < t.n && t.p[end] == '/' && (has_dot_name(h) || port_behind(t, end) || cu_eq_str(h, "localhost"));
}

static void one_host(walk *w, cu_bytes t, const cu_program *p, bool bare)
{
    size_t end = 0;
    char address[64];
    bool loads = p->tags & CU_COMMAND_download, marked = optional_part(&t);
    marked = behind_slashes(&t) || marked;
    if (t.n == 0 || cu_find(t, CU_LIT("://"), 0) != SIZE_MAX || memchr("-.+/", t.p[0], 4) || of_hardware(t))
        return;
    if (memchr(t.p, ':', t.n) && host_address(t, address)) { /* fe80::1%eth0 */
        host_add(w, t);
        return;
    }
    const uint8_t *sign = memchr(t.p, '@', t.n), *slash = memchr(t.p, '/', t.n);
    if (sign && slash && slash < sign && !loads) { /* DOMAIN/user:password@host, user/password@host */
        if (p->host_form == CU_HOST_DOMAIN)
            host_add(w, host_authority(w, t, &end));
        t = cu_slice(t, (size_t)((p->host_form == CU_HOST_DOMAIN ? slash : sign) - t.p) + 1, t.n);
        if (behind_slashes(&t))
            marked = true;
    }
    cu_bytes h = host_authority(w, t, &end);
    if (h.n == 0 || other_word(p, h))
        return;
    if (p->host_form == CU_HOST_IMAGE && !bare) {
        if (of_image(t, h, end))
            host_add(w, h);
        return;
    }
    bool colon = memchr(t.p, ':', end < t.n ? end : t.n) != NULL;
    bool tells = loads ? has_dot_name(h) || port_behind(t, end) : marked || sign != NULL || colon;
    bare = bare && (marked || !goes_on_otherwise(t, h, end, p));
    if ((bare || host_address(h, address) || tells) && !(h.n == 1 && isalpha(h.p[0]) && colon))
        host_add(w, h);
}

/* One host, or several with commas between them. */
static void hosts_in(walk *w, cu_bytes t, const cu_program *p, bool bare)
{
    bool several = t.n && !(p->tags & CU_COMMAND_download) && cu_find(t, CU_LIT("://"), 0) == SIZE_MAX;
    for (size_t from = 0, i = 0; i <= t.n; i++)
        if (i == t.n || (several && t.p[i] == ',')) {
            one_host(w, cu_slice(t, from, i), p, bare);
            from = i + 1;
        }
}

/* [[address:]port:]host:port, which ssh reaches from the other side. */
static void forwarded(walk *w, cu_bytes t, const cu_program *p)
{
    size_t end = t.n, from;
    while (end && t.p[end - 1] != ':')
        end--;
    if (end < 2)
        return;
    from = --end;
    while (from && t.p[from - 1] != (t.p[end - 1] == ']' ? '[' : ':'))
        from--;
    if (from)
        one_host(w, cu_slice(t, from - (t.p[end - 1] == ']'), end), p, true);
}

typedef void take(walk *w, cu_bytes t, const cu_program *p);

static void take_hosts(walk *w, cu_bytes t, const cu_program *p)
{
    hosts_in(w, t, p, true);
}

/* The value of an option of the table: -h db, -hdb, --host=db, --host db. */
static bool one_option(walk *w, const call *c, size_t at, const cu_program *p, cu_bytes o, take *what)
{
    cu_bytes t = c->argv.v[at].text;
    size_t dashes = o.n == 1 ? 1 : t.n > 1 && t.p[1] == '-' ? 2 : 1;
    if (t.n < dashes + o.n || t.p[0] != '-' || memcmp(t.p + dashes, o.p, o.n) != 0)
        return false;
    cu_bytes rest = cu_slice(t, dashes + o.n, t.n);
    bool joined = rest.n && (rest.p[0] == '=' || (o.n == 1 && !(p->tags & CU_COMMAND_long)));
    if (rest.n == 0 && at + 1 < c->argv.n)
        what(w, c->argv.v[at + 1].text, p);
    else if (joined)
        what(w, cu_slice(rest, rest.p[0] == '=', rest.n), p);
    return rest.n == 0 || rest.p[0] == '=';
}

/* A display of X11 has a number: [host]:0 (X(7)). Others say so what they show. */
static void take_display(walk *w, cu_bytes t, const cu_program *p)
{
    if (port_behind(t, t.n))
        hosts_in(w, t, p, true);
}

/* Long names that mean a host wherever they stand. */
static bool usual_option(walk *w, const call *c, size_t at, const cu_program *p)
{
    static const struct {
        const char *name;
        take *what;
    } usual[] = {{"-host", take_hosts}, {"-hostname", take_hosts}, {"--host", take_hosts}, {"--hostname", take_hosts}, {"--server", take_hosts}, {"--remote-host", take_hosts}, {"--target-host", take_hosts}, {"--build-host", take_hosts}, {"--dest-host", take_hosts}, {"--bootstrap-server", take_hosts}, {"--address", take_hosts}, {"--addr", take_hosts}, {"--db-host", take_hosts}, {"--proxy-host", take_hosts}, {"-display", take_display}, {"--display", take_display}};
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (one_option(w, c, at, p, cu_slice(cu_str(usual[i].name), usual[i].name[1] == '-' ? 2 : 1, strlen(usual[i].name)), usual[i].what))
            return true;
    return false;
}

static bool option_of(walk *w, const call *c, size_t at, const cu_program *p, const cu_word_list *l, take *what)
{
    for (size_t i = 0; i < l->n; i++) /* -host is no -h */
        if (l->v[i].n > 1 && one_option(w, c, at, p, l->v[i], what))
            return true;
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i].n == 1 && one_option(w, c, at, p, l->v[i], what))
            return true;
    return false;
}

static void option_host(walk *w, const call *c, size_t at, const cu_program *p)
{
    cu_bytes t = c->argv.v[at].text;
    if (t.n < 2 || t.p[0] != '-' || usual_option(w, c, at, p) || option_of(w, c, at, p, &p->host_options, take_hosts))
        return;
    option_of(w, c, at, p, &p->forward_options, forwarded);
}

/* -m "see https://a.example": what stands there is text. */
static bool is_text(const call *c, size_t at, const cu_program *p)
{
    cu_bytes t = c->argv.v[at].text, before = c->argv.v[at - 1].text;
    for (size_t i = 0; i < p->text_options.n; i++) {
        cu_bytes o = p->text_options.v[i];
        size_t dashes = o.n == 1 ? 1 : 2;
        bool apart = at > 1 && before.n > o.n && before.n - o.n <= dashes && before.p[0] == '-' && cu_eq(cu_slice(before, before.n - o.n, before.n), o);
        bool joined = o.n > 1 && t.n > o.n + 2 && t.p[0] == '-' && t.p[1] == '-' && t.p[o.n + 2] == '=' && memcmp(t.p + 2, o.p, o.n) == 0;
        if (apart || joined)
            return true;
    }
    return false;
}

/* user@host in the words of a program that nothing is known of. */
static void words_at(walk *w, cu_bytes t)
{
    const uint8_t *sign = memchr(t.p ? t.p : (const uint8_t *)"", '@', t.n);
    size_t at = sign ? (size_t)(sign - t.p) : 0, end = 0;
    for (size_t i = 0; i < at; i++)
        if (!isalnum(t.p[i]) && !memchr("_.-:", t.p[i], 4)) /* user@host, user:password@host/database */
            return;
    if (!at || t.p[at - 1] == ':' || at + 1 >= t.n || !isalpha(t.p[at + 1]))
        return;
    cu_bytes h = host_authority(w, cu_slice(t, at + 1, t.n), &end);
    if (h.n && (at + 1 + end == t.n || t.p[at + 1 + end] == '/'))
        host_add(w, h);
}

/* @db7 of dig, TCP:db7:80 of socat, /v:db7 of xfreerdp. */
static bool behind_mark(walk *w, cu_bytes t, const cu_program *p)
{
    for (size_t i = 0; i < p->host_marks.n; i++) {
        cu_bytes m = p->host_marks.v[i];
        if (t.n > m.n && strncasecmp((const char *)t.p, (const char *)m.p, m.n) == 0) {
            hosts_in(w, cu_slice(t, m.n, t.n), p, true);
            return true;
        }
    }
    return false;
}

/* via db7, src host db7: one word each, or a whole expression in one word (pcap-filter(7)). */
static void behind_words(walk *w, const call *c, const cu_program *p)
{
    bool next = false;
    for (size_t i = 1; i < c->argv.n; i++) {
        cu_bytes t = c->argv.v[i].text;
        for (size_t k = 0, from = 0; k <= t.n; k++) {
            if (k < t.n && !memchr(" ()!\t", t.p[k], 5))
                continue;
            cu_bytes one = cu_slice(t, from, k);
            from = k + 1;
            if (!one.n)
                continue;
            bool opens = in_list(&p->host_words, one);
            if (next && !opens && !in_list(&p->values, one) && !other_word(p, one))
                hosts_in(w, one, p, true);
            next = opens;
        }
    }
}

static void operand_hosts(walk *w, const call *c, const cu_program *p, const size_t *operand, size_t operands)
{
    bool bare = p->hosts_to < CU_HOSTS_ALL && p->host_form != CU_HOST_TOLD && p->host_form != CU_HOST_IMAGE;
    for (size_t i = 0, place = 0; p->hosts_from && i < operands; i++) {
        cu_bytes t = c->argv.v[operand[i]].text;
        if (behind_mark(w, t, p) || other_word(p, t)) /* dig @SERVER MX NAME */
            continue;
        place++;
        if (place >= p->hosts_from && place <= p->hosts_to)
            hosts_in(w, t, p, bare);
    }
}

/* sudo CMD: the words of CMD are read as its own. */
static size_t own_words(const call *c, const cu_program *p, const size_t *operand, size_t operands)
{
    return p->run != CU_RUNS_NONE && operands > p->skip ? operand[p->skip] : c->argv.n;
}

/* http://10.0.0.[1-9]/: curl makes several of it (curl(1), URL). */
static void globbed(walk *w, cu_bytes t, const cu_program *p, unsigned depth)
{
    size_t from, to;
    cu_word_list items;
    if (depth == MAX_GLOBS || !group_of_curl(w, t, depth == 0, &from, &to, &items)) {
        host_scan(w, t);
        if (depth)
            hosts_in(w, t, p, false);
        return;
    }
    for (size_t i = 0; i < items.n && step(w); i++)
        globbed(w, group_put(w, t, from, to, items.v[i]), p, depth + 1);
}

static void any_words(walk *w, const call *c, const cu_program *p, size_t until)
{
    bool known = p->names.n != 0;
    for (size_t i = 1; i < until; i++) {
        cu_bytes t = c->argv.v[i].text;
        if (is_text(c, i, p))
            continue;
        if (p->tags & CU_COMMAND_globs)
            globbed(w, t, p, 0);
        else
            host_scan(w, t);
        if (!(i + 1 < until && is_text(c, i + 1, p)))
            option_host(w, c, i, p);
        behind_mark(w, t, p);
        if ((p->tags & (CU_COMMAND_net | CU_COMMAND_upload)) && cu_starts(t, CU_LIT("\\\\")))
            hosts_in(w, t, p, true); /* \\host\share, wherever it stands */
        if (!known)
            words_at(w, t);
    }
}

void host_words(walk *w, const call *c, const cu_program *p, const size_t *operand, size_t operands)
{
    static const cu_program unknown;
    p = p ? p : &unknown;
    for (size_t i = 0; i < c->to.n; i++)
        if (cu_starts(c->to.v[i].text, CU_LIT("/dev/tcp/")) || cu_starts(c->to.v[i].text, CU_LIT("/dev/udp/")))
            hosts_in(w, cu_slice(c->to.v[i].text, 9, c->to.v[i].text.n), p, true);
    for (size_t i = 1; (p->tags & CU_COMMAND_quiet) && i < c->argv.n; i++)
        usual_option(w, c, i, p);
    if (p->tags & CU_COMMAND_quiet)
        return;
    if (c->in.known && (p->tags & (CU_COMMAND_net | CU_COMMAND_upload))) /* what is fed to it */
        host_scan(w, c->in.text);
    any_words(w, c, p, own_words(c, p, operand, operands));
    operand_hosts(w, c, p, operand, operands);
    if (p->host_words.n)
        behind_words(w, c, p);
}

/* PGHOST=db7: a variable by which programs are told a host. DISPLAY=db7:0. */
void host_variable(walk *w, cu_bytes name, cu_bytes value)
{
    static const cu_program unknown;
    for (unsigned t = 0; t < CU_TIERS; t++)
        if (w->g->packs[t] && in_any(&w->g->packs[t]->host_env, name)) {
            hosts_in(w, value, &unknown, true);
            return;
        }
}
