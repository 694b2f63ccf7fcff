/* The leaves of an exchange. They hold counts, sizes and keyed commitments; never text. */
#include "gateway.h"

#define REJECTIONS_A_SECOND 10

static cu_bytes of(const ngx_str_t *s)
{
    return cu_bytes_of(s->data, s->len);
}

void gw_put_word(cu_buf *b, const char *key, cu_bytes text, size_t max)
{
    size_t n = text.n < max ? text.n : max;
    cu_buf_json_key(b, key);
    uint8_t *to = cu_buf_room(b, n + 2);
    if (!to)
        return;
    *to++ = '"';
    for (size_t i = 0; i < n; i++) {
        uint8_t c = text.p[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                  c == '_' || c == ':' || c == '/' || c == '-';
        *to++ = ok ? c : '_';
    }
    *to++ = '"';
    b->n += n + 2;
}

/* The clean product of a user agent that was scanned last: most requests of a worker name the same few. */
static struct {
    uint8_t rules[32], name[64];
    size_t n;
} last_client;

static bool is_last_client(cu_bytes ua)
{
    return ua.n == last_client.n && memcmp(ua.p, last_client.name, ua.n) == 0 && memcmp(gw.rules_digest, last_client.rules, sizeof last_client.rules) == 0;
}

static bool clean_client(cu_bytes ua)
{
    cu_findings found = {0};
    if (ua.n && is_last_client(ua))
        return true;
    bool clean = cu_detect(gw.engine, gw.scratch, ua, &found) == CU_OK && found.n == 0;
    cu_findings_free(&found);
    if (clean && ua.n && ua.n <= sizeof last_client.name) {
        memcpy(last_client.name, ua.p, ua.n);
        memcpy(last_client.rules, gw.rules_digest, sizeof last_client.rules);
        last_client.n = ua.n;
    }
    return clean;
}

/* The product of the user agent: "claude-cli/2.1". Scanned like anything that a client says. */
static cu_bytes client_of(const ngx_http_request_t *r)
{
    if (!r->headers_in.user_agent)
        return CU_LIT("");
    cu_bytes ua = of(&r->headers_in.user_agent->value);
    size_t end = cu_find(ua, CU_LIT(" "), 0);
    ua = cu_slice(ua, 0, end == (size_t)-1 ? ua.n : end);
    return clean_client(ua) ? ua : CU_LIT("redacted");
}

static void kv_digest(cu_buf *b, const char *key, const uint8_t digest[CU_SHA256_LEN])
{
    char hex[2 * CU_SHA256_LEN + 1];
    cu_hex(hex, digest, CU_SHA256_LEN);
    cu_buf_json_kv_str(b, key, hex);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(cu_type_name(*(const cu_type *)a), cu_type_name(*(const cu_type *)b));
}

/* Keys in order, as everywhere in a leaf. */
static void kv_counts(cu_buf *b, const char *name, const uint32_t count[CU_TYPE_COUNT])
{
    cu_type found[CU_TYPE_COUNT];
    size_t n = 0;
    for (int t = 0; t < CU_TYPE_COUNT; t++)
        if (count[t])
            found[n++] = (cu_type)t;
    if (n > 1)
        qsort(found, n, sizeof *found, by_name);
    cu_buf_json_key(b, name);
    cu_buf_byte(b, '{');
    for (size_t i = 0; i < n; i++)
        cu_buf_json_kv_u64(b, cu_type_name(found[i]), count[found[i]]);
    cu_buf_byte(b, '}');
}

/* What left as it was, for the purposes that the configuration states. */
static void kv_passed(cu_buf *b, const cu_redaction *rd)
{
    for (int t = 0; t < CU_TYPE_COUNT; t++)
        if (rd->passed[t]) {
            kv_counts(b, "passed", rd->passed);
            return;
        }
}

/* Where in what left a surrogate stands, and for which type. Not where the value stood: the difference
 * would be its length. */
static void kv_marks(cu_buf *b, const cu_redaction *rd)
{
    if (rd->marks_n == 0)
        return;
    cu_buf_json_key(b, "marks");
    for (uint32_t i = 0; i < rd->marks_n; i++) {
        cu_buf_str(b, i ? ",{" : "[{");
        cu_buf_json_kv_u64(b, "at", rd->marks[i].at);
        cu_buf_json_kv_str(b, "type", cu_type_name((cu_type)rd->marks[i].type));
        cu_buf_byte(b, '}');
    }
    cu_buf_byte(b, ']');
}

static cu_err stage(const char *type, cu_bytes tenant, cu_bytes actor, const char *id, const cu_buf *body, char *id_out,
                    uint64_t *ticket)
{
    CU_TRY(cu_buf_err(body));
    const cu_leaf_in in = {.type = cu_str(type), .id = id ? cu_str(id) : CU_NONE, .tenant = tenant, .actor = actor,
                           .body = cu_buf_view(body)};
    return gw.spool ? cu_spool_stage(gw.spool, &in, id_out, ticket) : CU_STATE;
}

/* Where the two leaves of an exchange are written, one after the other; nothing in it is a secret. */
static cu_buf *fresh_body(void)
{
    static cu_buf b = {.ceiling = CU_LEAF_MAX};
    cu_buf_reset(&b);
    return &b;
}

cu_err gw_record_request(gw_exchange *x)
{
    cu_buf *b = fresh_body();
    cu_sha256 mac;
    cu_hmac_keyed_3(&x->bundle->keys[x->key->tenant].commits, cu_bytes_of(x->redaction.digest.b, CU_SHA256_LEN), CU_NONE, CU_NONE, &mac);
    cu_buf_byte(b, '{');
    gw_put_code(b, x);
    gw_put_word(b, "api", x->vendor->api, 32);
    x->body_bytes = x->redaction.body.n;
    cu_buf_json_kv_u64(b, "body_bytes", x->body_bytes);
    kv_digest(b, "body_commit", mac.b);
    cu_buf_json_kv_str(b, "bundle", x->bundle->digest);
    if (x->capture.kept)
        cu_buf_json_kv_str(b, "capture", cu_data_class_name(x->capture.class));
    gw_put_word(b, "client", client_of(x->r), 64);
    cu_buf_json_kv_str(b, "decision", cu_decision_name(CU_DECISION_ALLOW));
    kv_counts(b, "findings", x->redaction.count);
    gw_put_injected(b, x);
    gw_put_word(b, "key", x->key->id, 64);
    kv_marks(b, &x->redaction);
    cu_buf_json_kv_u64(b, "memo_bytes", x->redaction.memo_bytes);
    gw_put_word(b, "model", x->model, 128);
    kv_passed(b, &x->redaction);
    gw_put_word(b, "path", of(&x->path), 128);
    if (x->vendor->plan.n)
        gw_put_word(b, "plan", x->vendor->plan, 64);
    if (cu_bundle_is_probe(x->tenant->name))
        cu_buf_json_kv_bool(b, "probe", true);
    cu_buf_json_kv_str(b, "profile", x->vendor->strict ? "strict" : "standard");
    cu_buf_json_kv_u64(b, "replaced", x->redaction.replaced);
    kv_digest(b, "rules", gw.rules_digest);
    cu_buf_json_kv_u64(b, "scan_us", x->scan_ns / 1000);
    cu_buf_json_kv_u64(b, "scanned_bytes", x->redaction.scanned_bytes);
    cu_buf_json_kv_bool(b, "stream", x->stream);
    gw_put_trace(b, x);
    gw_put_word(b, "user", x->key->user, 128);
    gw_put_word(b, "vendor", x->vendor->name, 64);
    cu_buf_json_kv_str(b, "vendor_state", cu_vendor_state_name(x->vendor_state));
    cu_buf_byte(b, '}');
    return stage("exchange.request", x->tenant->name, x->key->id, x->id, b, NULL, &x->ticket);
}

void gw_record_own(const char *type, const cu_buf *body)
{
    uint64_t ticket;
    if (stage(type, CU_LIT(CU_TENANT_ORG), CU_LIT("gateway"), NULL, body, NULL, &ticket) != CU_OK)
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "custos: %s could not be recorded", type);
    gw_commit_later();
}

void gw_record_of(const char *type, cu_bytes tenant, cu_bytes actor, const cu_buf *body)
{
    uint64_t ticket;
    if (stage(type, tenant, actor, NULL, body, NULL, &ticket) != CU_OK)
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "custos: %s could not be recorded", type);
    gw_commit_later();
}

static const char *abort_reason(const gw_exchange *x)
{
    if (x->ended)
        return x->ended;
    if (x->r->headers_out.status >= 500 && x->answer_bytes == 0)
        return "upstream_failed";
    if (x->r->connection->error && !x->r->upstream)
        return "client_gone";
    return x->r->upstream && x->r->upstream->peer.connection == NULL && !x->answer.complete ? "upstream_reset" : "client_gone";
}

static void answer_fields(cu_buf *b, gw_exchange *x)
{
    cu_sha256 mac;
    cu_buf_json_kv_u64(b, "answer_bytes", x->answer_bytes);
    if (x->answer_hash) {
        cu_hasher_end(x->answer_hash, &mac);
        x->answer_hash = NULL;
        kv_digest(b, "answer_commit", mac.b);
    }
    cu_buf_json_kv_u64(b, "cache_creation_tokens", x->answer.cache_creation_tokens);
    cu_buf_json_kv_u64(b, "cache_read_tokens", x->answer.cache_read_tokens);
    cu_buf_json_kv_u64(b, "events", x->answer.events);
    cu_buf_json_kv_str(b, "exchange", x->id);
    gw_put_guard(b, x);
    cu_buf_json_kv_u64(b, "input_tokens", x->answer.input_tokens);
}

void gw_record_answer(gw_exchange *x)
{
    cu_buf *b = fresh_body();
    uint64_t now = cu_mono_ns(), ticket;
    gw_used used;
    uint64_t gate = x->forwarded_ns ? (x->forwarded_ns - x->began_ns) / 1000000 : 0;
    gw_leak_end(x);
    gw_prints_record(x);
    if (x->restorer)
        x->answer = *cu_restorer_answer(x->restorer);
    gw_limit_usage(x, &used);
    cu_buf_byte(b, '{');
    if (x->finished) {
        answer_fields(b, x);
        cu_buf_json_kv_u64(b, "ms_gate", gate);
        cu_buf_json_kv_u64(b, "ms_total", (now - x->began_ns) / 1000000);
        cu_buf_json_kv_u64(b, "output_tokens", x->answer.output_tokens);
        cu_buf_json_kv_u64(b, "restored", x->answer.restored);
        cu_buf_json_kv_u64(b, "spend", used.spend);
        cu_buf_json_kv_u64(b, "status", x->r->headers_out.status);
        gw_put_word(b, "stop_reason", cu_str(x->answer.stop_reason), 32);
        cu_buf_json_kv_u64(b, "tool_calls", x->answer.tool_calls);
        gw_put_tries(b, x);
        cu_buf_json_kv_str(b, "usage", used.estimated ? "estimated" : "reported");
    } else {
        cu_buf_json_kv_u64(b, "answer_bytes", x->answer_bytes);
        cu_buf_json_kv_str(b, "exchange", x->id);
        gw_put_guard(b, x);
        cu_buf_json_kv_u64(b, "ms_total", (now - x->began_ns) / 1000000);
        cu_buf_json_kv_str(b, "reason", abort_reason(x));
        cu_buf_json_kv_u64(b, "spend", used.spend);
        cu_buf_json_kv_u64(b, "status", x->r->headers_out.status);
        cu_buf_json_kv_u64(b, "tokens", used.input + used.output + used.cache_read + used.cache_write);
        gw_put_tries(b, x);
    }
    cu_buf_byte(b, '}');
    if (stage(x->finished ? "exchange.response" : "exchange.aborted", x->tenant->name, x->key->id, NULL, b, NULL, &ticket) != CU_OK)
        ngx_log_error(NGX_LOG_ERR, x->r->connection->log, 0, "custos: the answer of %s could not be recorded", x->id);
    gw_commit_later();
}

/* What anybody can cause as often as he likes could fill a disk: beyond ten a second it is counted. */
static bool may_record(void)
{
    static time_t second;
    static unsigned in_second, dropped;
    uint64_t ticket;
    if (ngx_time() != second) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(256);
        cu_buf_fmt(&b, "{\"count\":%u}", dropped);
        if (dropped && stage("input.rejected.dropped", CU_LIT(CU_TENANT_ORG), CU_LIT("gateway"), NULL, &b, NULL, &ticket) != CU_OK)
            return false;
        second = ngx_time();
        in_second = dropped = 0;
    }
    if (in_second++ < REJECTIONS_A_SECOND)
        return true;
    dropped++;
    return false;
}

void gw_record_rejection(gw_exchange *x)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    uint64_t ticket;
    x->rejection_recorded = true;
    gw_count(GW_REFUSALS);
    /* a caller that runs into its limit could fill a disk as well */
    if ((!x->key || x->status == 429 || x->status == 503) && !may_record()) {
        gw_count(GW_LEFT_OUT);
        return;
    }
    cu_buf_byte(&b, '{');
    gw_put_code(&b, x);
    cu_buf_json_kv_str(&b, "bundle", x->bundle ? x->bundle->digest : "");
    cu_buf_json_kv_u64(&b, "bytes", x->body.n);
    gw_put_word(&b, "decision", cu_str(x->reason), 64);
    if (x->key)
        kv_counts(&b, "findings", x->redaction.count);
    gw_put_injected(&b, x);
    if (x->key)
        gw_put_word(&b, "key", x->key->id, 64);
    /* a path that is no route of ours could be anything */
    gw_put_word(&b, "path", x->route ? of(&x->path) : CU_LIT("other"), 128);
    gw_put_word(&b, "reason", cu_str(x->reason), 64);
    cu_buf_json_kv_u64(&b, "status", x->status);
    gw_put_trace(&b, x);
    if (x->key)
        gw_put_word(&b, "user", x->key->user, 128);
    if (x->vendor)
        gw_put_word(&b, "vendor", x->vendor->name, 64);
    cu_buf_byte(&b, '}');
    if (stage("input.rejected", x->tenant ? x->tenant->name : CU_LIT(CU_TENANT_ORG), x->key ? x->key->id : CU_LIT("gateway"),
              x->id, &b, NULL, &ticket) != CU_OK)
        ngx_log_error(NGX_LOG_ERR, x->r->connection->log, 0, "custos: a refusal could not be recorded");
    gw_commit_later();
}

void gw_record_event(gw_exchange *x, const char *type, const cu_buf *body)
{
    uint64_t ticket;
    if (!may_record())
        return;
    if (stage(type, x->tenant->name, x->key->id, NULL, body, NULL, &ticket) != CU_OK)
        ngx_log_error(NGX_LOG_ERR, x->r->connection->log, 0, "custos: %s of %s could not be recorded", type, x->id);
    gw_commit_later();
}
