/* Several upstreams of one vendor. nginx keeps count of failures, rests what fails and decides whether a
 * request may go on to another (never one whose sending has begun, unless it is idempotent); here it is
 * decided in which order they are asked, and the name of the one that is asked goes along. */
#include "gateway.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_FAILS 3u
#define REST_SECONDS 10
#define LINE 96u /* bytes of a line of the file that custos status reads */

/* From one custos_upstream directive. */
typedef struct {
    ngx_str_t host;
    uint32_t seed;     /* host and port */
    time_t down_until; /* what the daemon's checks say; of this process */
} place;

typedef struct {
    ngx_str_t name;
    unsigned place;
} address;

struct gw_balance {
    ngx_str_t vendor;
    bool spread;
    ngx_msec_t connect, send, read;
    ngx_array_t places;    /* place; in order of preference */
    ngx_array_t addresses; /* address; in the order of nginx's peers */
    unsigned first_line;   /* in the file; and in until */
    unsigned number;       /* among all */
    gw_breaker_rule breaker;
};

/* Of one request. Begins with what nginx's round robin works on: its counting is used as it is. */
typedef struct {
    ngx_http_upstream_rr_peer_data_t rrp;
    const gw_balance *b;
    gw_exchange *x;
    unsigned places_tried; /* bits */
    unsigned place_n;      /* that is asked now */
} choice;

static char *lines;
static unsigned lines_n; /* places, then a line for each vendor's breaker */
static _Atomic int64_t *asked_until; /* by place, for all workers: until when it asked to be left alone */
static unsigned places_n;

/* --- what custos status reads: a line for each upstream, VENDOR INDEX RESTS-UNTIL; then for each vendor
 * VENDOR - NOT-ASKED-UNTIL --- */

static void put_text(const gw_balance *b, unsigned at, const char *which, time_t until)
{
    char text[LINE + 1];
    if (!lines || at >= lines_n)
        return;
    int n = snprintf(text, sizeof text, "%.*s %s %lld", (int)b->vendor.len, (const char *)b->vendor.data, which, (long long)until);
    if (n < 0 || (unsigned)n >= LINE)
        return;
    memset(text + n, ' ', LINE - (unsigned)n);
    text[LINE - 1] = '\n';
    memcpy(lines + (size_t)at * LINE, text, LINE);
}

static void put_line(const gw_balance *b, unsigned place_n, time_t until)
{
    char which[16];
    snprintf(which, sizeof which, "%u", place_n);
    put_text(b, b->first_line + place_n, which, until);
}

void gw_balance_show_breaker(const gw_balance *b, time_t until)
{
    put_text(b, places_n + b->number, "-", until);
}

/* What the workers share beside the file. */
static bool share_times(unsigned n)
{
    if (asked_until)
        munmap((void *)(uintptr_t)asked_until, places_n * sizeof *asked_until);
    asked_until = NULL;
    places_n = n;
    void *p = n ? mmap(NULL, n * sizeof *asked_until, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) : NULL;
    asked_until = p == MAP_FAILED ? NULL : p;
    return p != MAP_FAILED;
}

/* In the master, at start and at each reload: a file of its own each time, because the workers before
 * still write into theirs. */
ngx_int_t gw_balance_open(const gw_main_conf *conf, int run_fd)
{
    const gw_balance *const *b = conf->balances.elts;
    unsigned all = conf->places_n + (unsigned)conf->balances.nelts;
    size_t n = (size_t)all * LINE;
    if (!share_times(conf->places_n) || gw_breaker_open((unsigned)conf->balances.nelts) != NGX_OK)
        return NGX_ERROR;
    if (lines)
        munmap(lines, (size_t)lines_n * LINE);
    lines = NULL;
    lines_n = all;
    if (n == 0)
        return unlinkat(run_fd, "upstreams", 0) == 0 || errno == ENOENT ? NGX_OK : NGX_ERROR;
    int fd = openat(run_fd, "upstreams.new", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    void *p = fd >= 0 && ftruncate(fd, (off_t)n) == 0 ? mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (fd >= 0)
        close(fd);
    if (p == MAP_FAILED)
        return NGX_ERROR;
    lines = p;
    for (ngx_uint_t i = 0; i < conf->balances.nelts; i++) {
        for (unsigned k = 0; k < b[i]->places.nelts; k++)
            put_line(b[i], k, 0);
        gw_balance_show_breaker(b[i], 0);
    }
    return renameat(run_fd, "upstreams.new", run_fd, "upstreams") == 0 ? NGX_OK : NGX_ERROR;
}

/* --- the choice --- */

static bool rests(const choice *c, unsigned place_n, const ngx_http_upstream_rr_peer_t *peer, time_t now)
{
    const place *p = c->b->places.elts;
    unsigned at = c->b->first_line + place_n;
    if (p[place_n].down_until > now || (asked_until && at < places_n && atomic_load(&asked_until[at]) > now))
        return true;
    return peer->max_fails && peer->fails >= peer->max_fails && now - peer->checked <= peer->fail_timeout;
}

/* A session of a caller stays with one upstream, whose cache of prompts and stored answers are his; when
 * one is added or fails only its own sessions move (rendezvous hashing: the highest score wins). */
static uint32_t score(const choice *c, const place *p)
{
    u_char text[256];
    const gw_exchange *x = c->x;
    u_char *end = ngx_slprintf(text, text + sizeof text, "%*s/%*s/%uD/%uD", x->tenant->name.n, x->tenant->name.p, x->key->id.n, x->key->id.p,
                               x->session, p->seed);
    return ngx_murmur_hash2(text, (size_t)(end - text));
}

/* Higher is better, 0 is never. One that rests is asked only when nobody else could be: what answers again
 * is then found at once. */
static uint64_t rank(const choice *c, unsigned place_n, const ngx_http_upstream_rr_peer_t *peer, time_t now)
{
    const place *p = c->b->places.elts;
    bool rest = rests(c, place_n, peer, now);
    if (peer->down || (rest && c->places_tried))
        return 0;
    return (uint64_t)!rest << 62 | (uint64_t)!(c->places_tried & 1u << place_n) << 61 |
           (uint64_t)(c->b->spread ? score(c, &p[place_n]) : 0) << 8 | (255 - place_n);
}

/* The request was written for base_url. The path holds no line break, so the first is the header. */
static ngx_int_t put_host(gw_exchange *x, const ngx_str_t *host)
{
    ngx_buf_t *b = x->r->upstream->request_bufs->buf;
    const ngx_str_t *was = x->host.len ? &x->host : &x->address->host;
    cu_bytes head = cu_bytes_of(b->start, (size_t)(b->last - b->start));
    size_t at = cu_find(head, CU_LIT("\r\nHost: "), 0);
    if (was->len == host->len && ngx_strncmp(was->data, host->data, host->len) == 0)
        return NGX_OK;
    at += 8;
    if (at < 8 || at + was->len > head.n || ngx_strncmp(head.p + at, was->data, was->len) != 0)
        return NGX_ERROR;
    u_char *p = ngx_pnalloc(x->r->pool, head.n - was->len + host->len);
    if (!p)
        return NGX_ERROR;
    u_char *end = ngx_cpymem(ngx_cpymem(p, head.p, at), host->data, host->len);
    end = ngx_cpymem(end, head.p + at + was->len, head.n - at - was->len);
    b->start = b->pos = p;
    b->last = b->end = end;
    x->host = *host;
    return NGX_OK;
}

static ngx_http_upstream_rr_peer_t *best_of(choice *c, time_t now, unsigned *place_n)
{
    const address *a = c->b->addresses.elts;
    ngx_http_upstream_rr_peer_t *best = NULL;
    ngx_uint_t i = 0, at = 0;
    uint64_t high = 0;
    for (ngx_http_upstream_rr_peer_t *peer = c->rrp.peers->peer; peer && i < c->b->addresses.nelts; peer = peer->next, i++) {
        bool tried = c->rrp.tried[i / (8 * sizeof(uintptr_t))] & (uintptr_t)1 << i % (8 * sizeof(uintptr_t));
        uint64_t r = tried ? 0 : rank(c, a[i].place, peer, now);
        if (r <= high)
            continue;
        high = r;
        best = peer;
        at = i;
    }
    if (best) {
        *place_n = a[at].place;
        c->rrp.tried[at / (8 * sizeof(uintptr_t))] |= (uintptr_t)1 << at % (8 * sizeof(uintptr_t));
    }
    return best;
}

static ngx_int_t get(ngx_peer_connection_t *pc, void *data)
{
    choice *c = data;
    ngx_http_upstream_rr_peers_t *peers = c->rrp.peers;
    const place *p = c->b->places.elts;
    time_t now = ngx_time();
    unsigned place_n = 0;
    pc->cached = 0;
    pc->connection = NULL;
    ngx_http_upstream_rr_peers_wlock(peers);
    ngx_http_upstream_rr_peer_t *best = best_of(c, now, &place_n);
    if (best) {
        best->conns++;
        if (now - best->checked > best->fail_timeout)
            best->checked = now;
    }
    ngx_http_upstream_rr_peers_unlock(peers);
    c->rrp.current = best;
    if (!best) {
        pc->name = peers->name;
        return NGX_BUSY;
    }
    c->places_tried |= 1u << place_n;
    c->place_n = c->x->place_n = place_n;
    pc->sockaddr = best->sockaddr;
    pc->socklen = best->socklen;
    pc->name = &best->name;
    return put_host(c->x, &p[place_n].host);
}

static void release(ngx_peer_connection_t *pc, void *data, ngx_uint_t state)
{
    choice *c = data;
    ngx_http_upstream_rr_peer_t *peer = c->rrp.current;
    ngx_http_upstream_free_round_robin_peer(pc, data, state);
    if (!peer)
        return;
    bool resting = !c->rrp.peers->single && peer->fails >= peer->max_fails;
    unsigned at = c->b->first_line + c->place_n;
    if (asked_until && at < places_n && atomic_load(&asked_until[at]) > ngx_time())
        return;
    if (!resting)
        put_line(c->b, c->place_n, 0);
    else if (state & NGX_PEER_FAILED)
        put_line(c->b, c->place_n, ngx_time() + peer->fail_timeout);
}

/* The configuration is shared by all vendors; the request gets a copy with the times of its own. */
static ngx_int_t set_times(ngx_http_request_t *r, const gw_balance *b)
{
    ngx_http_upstream_conf_t *own = ngx_palloc(r->pool, sizeof *own);
    if (!own)
        return NGX_ERROR;
    *own = *r->upstream->conf;
    own->connect_timeout = b->connect;
    own->send_timeout = b->send;
    own->read_timeout = b->read;
    r->upstream->conf = own;
    return NGX_OK;
}

static ngx_int_t init_peer(ngx_http_request_t *r, ngx_http_upstream_srv_conf_t *us)
{
    choice *c = ngx_pcalloc(r->pool, sizeof *c);
    gw_exchange *x = gw_find(r);
    if (!c || !x || !x->address || !x->key)
        return NGX_ERROR;
    c->b = ngx_http_conf_upstream_srv_conf(us, ngx_http_custos_module);
    c->x = x;
    x->balance = c->b;
    r->upstream->peer.data = &c->rrp;
    if (ngx_http_upstream_init_round_robin_peer(r, us) != NGX_OK || set_times(r, c->b) != NGX_OK)
        return NGX_ERROR;
    r->upstream->peer.get = get;
    r->upstream->peer.free = release;
    return NGX_OK;
}

static ngx_int_t init_upstream(ngx_conf_t *cf, ngx_http_upstream_srv_conf_t *us)
{
    if (ngx_http_upstream_init_round_robin(cf, us) != NGX_OK)
        return NGX_ERROR;
    us->peer.init = init_peer;
    return NGX_OK;
}

/* --- directives, in an upstream block --- */

void *gw_balance_create(ngx_conf_t *cf)
{
    gw_balance *b = ngx_pcalloc(cf->pool, sizeof *b);
    if (!b || ngx_array_init(&b->places, cf->pool, 2, sizeof(place)) != NGX_OK ||
        ngx_array_init(&b->addresses, cf->pool, 4, sizeof(address)) != NGX_OK)
        return NULL;
    return b;
}

/* custos_balance VENDOR order|session CONNECT SEND READ; */
char *gw_balance_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    gw_balance *b = conf, **all;
    ngx_str_t *arg = cf->args->elts;
    gw_main_conf *m = ngx_http_conf_get_module_main_conf(cf, ngx_http_custos_module);
    ngx_http_upstream_srv_conf_t *us = ngx_http_conf_get_module_srv_conf(cf, ngx_http_upstream_module);
    ngx_int_t t[3];
    for (size_t i = 0; i < 3; i++) {
        t[i] = ngx_parse_time(&arg[3 + i], 0);
        if (t[i] == NGX_ERROR)
            return (char *)(uintptr_t) "takes three times";
    }
    all = ngx_array_push(&m->balances);
    if (!all)
        return NGX_CONF_ERROR;
    *all = b;
    b->vendor = arg[1];
    b->spread = cu_eq_str(gw_of(&arg[2]), "session");
    b->connect = (ngx_msec_t)t[0];
    b->send = (ngx_msec_t)t[1];
    b->read = (ngx_msec_t)t[2];
    b->first_line = m->places_n;
    b->number = (unsigned)m->balances.nelts - 1;
    us->peer.init_upstream = init_upstream;
    us->flags = NGX_HTTP_UPSTREAM_CREATE | NGX_HTTP_UPSTREAM_MAX_FAILS | NGX_HTTP_UPSTREAM_FAIL_TIMEOUT;
    return NGX_CONF_OK;
}

/* custos_breaker FAILURES SECONDS; */
char *gw_balance_breaker_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    gw_balance *b = conf;
    ngx_str_t *arg = cf->args->elts;
    ngx_int_t failures = ngx_atoi(arg[1].data, arg[1].len), seconds = ngx_atoi(arg[2].data, arg[2].len);
    if (failures <= 0 || failures > 1000 || seconds <= 0 || seconds > 300)
        return (char *)(uintptr_t) "takes a number of failures and one of seconds";
    b->breaker = (gw_breaker_rule){(unsigned)failures, seconds};
    return NGX_CONF_OK;
}

static char *add_server(ngx_conf_t *cf, gw_balance *b, const ngx_str_t *text)
{
    ngx_http_upstream_srv_conf_t *us = ngx_http_conf_get_module_srv_conf(cf, ngx_http_upstream_module);
    ngx_url_t u = {.url = *text, .no_resolve = 1};
    if (ngx_parse_url(cf->pool, &u) != NGX_OK || u.naddrs != 1)
        return (char *)(uintptr_t) "takes addresses with a port";
    ngx_http_upstream_server_t *s = ngx_array_push(us->servers);
    address *a = ngx_array_push(&b->addresses);
    if (!s || !a)
        return NGX_CONF_ERROR;
    ngx_memzero(s, sizeof *s);
    s->name = u.url;
    s->addrs = u.addrs;
    s->naddrs = 1;
    s->weight = 1;
    s->max_fails = MAX_FAILS;
    s->fail_timeout = REST_SECONDS;
    *a = (address){u.addrs[0].name, (unsigned)b->places.nelts - 1};
    return NGX_CONF_OK;
}

/* custos_upstream HOST PORT ADDRESS:PORT …; the first is base_url. */
char *gw_balance_add(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    gw_balance *b = conf;
    ngx_str_t *arg = cf->args->elts;
    gw_main_conf *m = ngx_http_conf_get_module_main_conf(cf, ngx_http_custos_module);
    place *p = ngx_array_push(&b->places);
    if (!p)
        return NGX_CONF_ERROR;
    p->host = arg[1];
    p->seed = ngx_murmur_hash2(arg[1].data, arg[1].len) ^ ngx_murmur_hash2(arg[2].data, arg[2].len);
    m->places_n++;
    for (ngx_uint_t i = 3; i < cf->args->nelts; i++) {
        char *wrong = add_server(cf, b, &arg[i]);
        if (wrong != NGX_CONF_OK)
            return wrong;
    }
    return NGX_CONF_OK;
}

/* --- what is learned beside nginx's own count --- */

unsigned gw_balance_number(const gw_main_conf *conf, cu_bytes vendor)
{
    const gw_balance *const *b = conf->balances.elts;
    unsigned i = 0;
    while (i < conf->balances.nelts && !cu_eq(gw_of(&b[i]->vendor), vendor))
        i++;
    return i;
}

const gw_breaker_rule *gw_balance_breaker(const gw_balance *b, unsigned *number)
{
    *number = b->number;
    return &b->breaker;
}

void gw_balance_mark(const gw_main_conf *conf, cu_bytes vendor, size_t place_n, time_t down_until)
{
    gw_balance *const *b = conf->balances.elts;
    unsigned i = gw_balance_number(conf, vendor);
    if (i == conf->balances.nelts || place_n >= b[i]->places.nelts)
        return;
    place *p = b[i]->places.elts;
    p[place_n].down_until = down_until;
}

#define ASKED_MAX 300 /* seconds: longer than that nobody is believed */

time_t gw_retry_after(const ngx_http_request_t *r)
{
    const ngx_list_part_t *part = r->upstream ? &r->upstream->headers_in.headers.part : NULL;
    for (; part; part = part->next) {
        const ngx_table_elt_t *h = part->elts;
        for (ngx_uint_t i = 0; i < part->nelts; i++) {
            if (h[i].key.len != 11 || ngx_strncasecmp(h[i].key.data, (u_char *)(uintptr_t) "retry-after", 11) != 0)
                continue;
            time_t wait = ngx_atotm(h[i].value.data, h[i].value.len);
            if (wait == NGX_ERROR) { /* a date */
                time_t at = ngx_parse_http_time(h[i].value.data, h[i].value.len);
                wait = at == NGX_ERROR || at < ngx_time() ? 0 : at - ngx_time();
            }
            return wait > ASKED_MAX ? ASKED_MAX : wait;
        }
    }
    return 0;
}

static bool unavailable(ngx_uint_t status)
{
    return status == 502 || status == 503 || status == 504 || status == 529;
}

/* One that asks to be left alone is, by all callers, as long as there is another. */
void gw_balance_answered(gw_exchange *x)
{
    ngx_uint_t status = x->r->upstream->headers_in.status_n;
    time_t wait = status == 429 || unavailable(status) ? gw_retry_after(x->r) : 0;
    unsigned at = x->balance ? x->balance->first_line + x->place_n : 0;
    if (wait && x->balance && x->balance->places.nelts > 1 && asked_until && at < places_n) {
        atomic_store(&asked_until[at], ngx_time() + wait);
        put_line(x->balance, x->place_n, ngx_time() + wait);
    }
    gw_breaker_note(x, !unavailable(status), wait);
}

/* --- the record --- */

static int place_of(const gw_balance *b, const ngx_str_t *peer)
{
    const address *a = b ? b->addresses.elts : NULL;
    for (ngx_uint_t i = 0; a && peer && i < b->addresses.nelts; i++)
        if (cu_eq(gw_of(&a[i].name), gw_of(peer)))
            return (int)a[i].place;
    return b ? -1 : 0;
}

/* Members tries and upstream. By number in the configuration: addresses are nobody's business. What never
 * could have been sent twice, a vendor with one upstream and one address, says nothing. */
void gw_put_tries(cu_buf *b, const gw_exchange *x)
{
    const ngx_array_t *all = x->r->upstream_states;
    const ngx_http_upstream_state_t *s = all ? all->elts : NULL;
    int answered = -1;
    bool first = true;
    if (!s || (!x->balance && all->nelts < 2))
        return;
    cu_buf_json_key(b, "tries");
    cu_buf_byte(b, '[');
    for (ngx_uint_t i = 0; i < all->nelts && i < 16; i++) {
        int n = place_of(x->balance, s[i].peer);
        bool header = s[i].header_time != (ngx_msec_t)-1;
        if (n < 0)
            continue;
        answered = header ? n : answered;
        cu_buf_fmt(b, "%s{\"answered\":%s,\"sent_bytes\":%llu,\"upstream\":%d}", first ? "" : ",", header ? "true" : "false",
                   (unsigned long long)s[i].bytes_sent, n);
        first = false;
    }
    cu_buf_byte(b, ']');
    if (answered >= 0)
        cu_buf_json_kv_u64(b, "upstream", (uint64_t)answered);
}
