/* Fingerprints of the code that an answer holds: keyed by the tenant's key, line by line, of what really reached the
 * client. Lines with a value that was put back have none. */
#include "gateway.h"

#define LINES_AN_ENTRY 768u /* 8 KiB of base64 */

void gw_prints_forget(gw_exchange *x)
{
    if (x->prints)
        cu_prints_end(x->prints);
    x->prints = NULL;
}

static bool holds_value(void *arg, cu_bytes line)
{
    const cu_issued_map *m = arg;
    for (size_t i = 0; i < m->n; i++)
        if ((m->v[i].value.n && cu_find(line, m->v[i].value, 0) != SIZE_MAX) || (m->v[i].plain.n && cu_find(line, m->v[i].plain, 0) != SIZE_MAX))
            return true;
    return false;
}

ngx_int_t gw_prints_begin(gw_exchange *x)
{
    x->prints = ngx_palloc(x->r->pool, sizeof *x->prints);
    if (!x->prints)
        return NGX_ERROR;
    cu_prints_begin(x->prints, &x->bundle->keys[x->key->tenant].prints);
    x->prints->secret = holds_value;
    x->prints->arg = &x->redaction.issued;
    return NGX_OK;
}

static void record(const gw_exchange *x, size_t first, size_t lines)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    cu_buf_byte(&b, '{');
    cu_buf_json_kv_str(&b, "exchange", x->id);
    cu_buf_json_kv_u64(&b, "first", first);
    cu_buf_json_kv_u64(&b, "left_out", x->prints->left_out);
    cu_buf_json_kv_u64(&b, "lines", lines);
    cu_buf_json_key(&b, "prints");
    cu_buf_byte(&b, '"');
    cu_base64(&b, cu_slice(cu_buf_view(&x->prints->out), first * CU_PRINT_LEN, (first + lines) * CU_PRINT_LEN));
    cu_buf_str(&b, "\"}");
    gw_record_of("output.printed", x->tenant->name, x->key->id, &b);
}

void gw_prints_record(gw_exchange *x)
{
    size_t n = x->prints && !x->prints->out.err ? x->prints->out.n / CU_PRINT_LEN : 0;
    if (x->prints && x->prints->out.err)
        ngx_log_error(NGX_LOG_ERR, x->r->connection->log, 0, "custos: the code of %s could not be printed: %s", x->id, cu_err_text(x->prints->out.err));
    for (size_t at = 0; at < n; at += LINES_AN_ENTRY)
        record(x, at, n - at < LINES_AN_ENTRY ? n - at : LINES_AN_ENTRY);
}
