/* Directives, variables and the place in nginx's order of filters. */
#include "gateway.h"

static void *create_main(ngx_conf_t *cf)
{
    gw_main_conf *c = ngx_pcalloc(cf->pool, sizeof *c);
    if (!c || ngx_array_init(&c->vendors, cf->pool, 8, sizeof(gw_vendor)) != NGX_OK ||
        ngx_array_init(&c->balances, cf->pool, 4, sizeof(gw_balance *)) != NGX_OK)
        return NULL;
    return c;
}

static void *create_loc(ngx_conf_t *cf)
{
    gw_loc_conf *c = ngx_pcalloc(cf->pool, sizeof *c);
    if (c)
        c->enable = NGX_CONF_UNSET;
    return c;
}

static char *merge_loc(ngx_conf_t *cf, void *parent, void *child)
{
    gw_loc_conf *p = parent, *c = child;
    ngx_conf_merge_value(c->enable, p->enable, 0);
    return NGX_CONF_OK;
}

/* custos_vendor NAME SCHEME HOST PATH; */
static char *set_vendor(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    gw_main_conf *m = conf;
    ngx_str_t *arg = cf->args->elts;
    gw_vendor *v = ngx_array_push(&m->vendors);
    if (!v)
        return NGX_CONF_ERROR;
    *v = (gw_vendor){arg[1], arg[2], arg[3], arg[4]};
    return NGX_CONF_OK;
}

/* custos_trace on|upstream; */
static char *set_trace(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    gw_main_conf *m = conf;
    ngx_str_t *arg = cf->args->elts;
    m->trace = cu_eq_str(gw_of(&arg[1]), "upstream") ? GW_TRACE_UPSTREAM : GW_TRACE_ON;
    return NGX_CONF_OK;
}

/* custos_error; — answers what nginx itself refuses, in the API's JSON. */
static char *set_error(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t *core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    core->handler = gw_error_page;
    return NGX_CONF_OK;
}

static ngx_command_t commands[] = {
    {ngx_string("custos"), NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_FLAG, ngx_conf_set_flag_slot,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(gw_loc_conf, enable), NULL},
    {ngx_string("custos_catalog"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, ngx_conf_set_str_slot,
     NGX_HTTP_MAIN_CONF_OFFSET, offsetof(gw_main_conf, catalog), NULL},
    {ngx_string("custos_injected_image"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, ngx_conf_set_str_slot,
     NGX_HTTP_MAIN_CONF_OFFSET, offsetof(gw_main_conf, injected_image), NULL},
    {ngx_string("custos_spool"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, ngx_conf_set_str_slot,
     NGX_HTTP_MAIN_CONF_OFFSET, offsetof(gw_main_conf, spool), NULL},
    {ngx_string("custos_run"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, ngx_conf_set_str_slot,
     NGX_HTTP_MAIN_CONF_OFFSET, offsetof(gw_main_conf, run), NULL},
    {ngx_string("custos_bodies"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, ngx_conf_set_str_slot,
     NGX_HTTP_MAIN_CONF_OFFSET, offsetof(gw_main_conf, bodies), NULL},
    {ngx_string("custos_bundle_key"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, ngx_conf_set_str_slot,
     NGX_HTTP_MAIN_CONF_OFFSET, offsetof(gw_main_conf, bundle_key), NULL},
    {ngx_string("custos_vendor"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE4, set_vendor, NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("custos_trace"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, set_trace, NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("custos_balance"), NGX_HTTP_UPS_CONF | NGX_CONF_TAKE5, gw_balance_set, NGX_HTTP_SRV_CONF_OFFSET, 0, NULL},
    {ngx_string("custos_breaker"), NGX_HTTP_UPS_CONF | NGX_CONF_TAKE2, gw_balance_breaker_set, NGX_HTTP_SRV_CONF_OFFSET, 0, NULL},
    {ngx_string("custos_upstream"), NGX_HTTP_UPS_CONF | NGX_CONF_2MORE, gw_balance_add, NGX_HTTP_SRV_CONF_OFFSET, 0, NULL},
    {ngx_string("custos_gather"), NGX_HTTP_UPS_CONF | NGX_CONF_NOARGS, gw_gather_set, NGX_HTTP_SRV_CONF_OFFSET, 0, NULL},
    {ngx_string("custos_error"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, set_error, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    ngx_null_command,
};

/* --- variables for proxy_pass and proxy_set_header --- */

enum { VAR_URL, VAR_HOST, VAR_X_API_KEY, VAR_BEARER, VAR_API_KEY, VAR_GOOG, VAR_TRACE, VAR_OWN };

static ngx_int_t put(ngx_http_variable_value_t *v, u_char *p, size_t n)
{
    v->valid = 1;
    v->no_cacheable = 1;
    v->not_found = 0;
    v->data = p;
    v->len = (unsigned)(n & 0xfffffff);
    return NGX_OK;
}

/* A base URL that names a version (https://host/api/v1) is meant instead of the API's own. */
static bool names_version(const ngx_str_t *path)
{
    for (size_t i = 0; i + 2 < path->len; i++)
        if (path->data[i] == '/' && path->data[i + 1] == 'v' && path->data[i + 2] >= '0' && path->data[i + 2] <= '9')
            return true;
    return false;
}

static ngx_str_t path_behind(const gw_exchange *x)
{
    ngx_str_t path = x->path;
    u_char *slash = path.len > 2 && path.data[1] == 'v' ? memchr(path.data + 1, '/', path.len - 1) : NULL;
    if (!slash || !names_version(&x->address->path))
        return path;
    return (ngx_str_t){path.len - (size_t)(slash - path.data), slash};
}

/* SCHEME://custos_NAME + base path + API path + query */
static ngx_int_t url(gw_exchange *x, ngx_http_variable_value_t *v)
{
    const gw_vendor *a = x->address;
    ngx_str_t args = x->args, path = path_behind(x);
    size_t n = a->scheme.len + 10 + a->name.len + a->path.len + path.len + 1 + args.len;
    u_char *p = ngx_pnalloc(x->r->pool, n + 1);
    if (!p)
        return NGX_ERROR;
    u_char *end = ngx_snprintf(p, n + 1, "%V://custos_%V%V%V%s%V", &a->scheme, &a->name, &a->path, &path, args.len ? "?" : "", &args);
    return put(v, p, (size_t)(end - p));
}

/* The credential goes into the header that the API, or this form of it, reads. An empty header is not
 * sent. */
static ngx_int_t credential(gw_exchange *x, uintptr_t which, ngx_http_variable_value_t *v)
{
    cu_bytes c = cu_bundle_credential_of(&x->bundle->b, x->vendor, x->tenant);
    bool azure = cu_starts(gw_of(&x->path), CU_LIT("/openai/"));
    uintptr_t header = x->api == CU_API_ANTHROPIC ? VAR_X_API_KEY : x->api == CU_API_GEMINI ? VAR_GOOG : azure ? VAR_API_KEY : VAR_BEARER;
    if (header != which || c.n == 0)
        return put(v, (u_char *)(uintptr_t) "", 0);
    if (which != VAR_BEARER)
        return put(v, (u_char *)(uintptr_t)c.p, c.n);
    u_char *p = ngx_pnalloc(x->r->pool, c.n + 7);
    if (!p)
        return NGX_ERROR;
    memcpy(p, "Bearer ", 7);
    memcpy(p + 7, c.p, c.n);
    return put(v, p, c.n + 7);
}

/* Headers that one API owns go to vendors of that API only. */
static const char *const own_headers[] = {"anthropic-version", "anthropic-beta", "openai-beta"};

static ngx_int_t own_header(gw_exchange *x, const char *name, ngx_http_variable_value_t *v)
{
    for (const char *const *h = cu_api_headers(x->api); *h; h++)
        if (strcmp(*h, name) == 0) {
            cu_bytes value = gw_header(x->r, name);
            return put(v, (u_char *)(uintptr_t)value.p, value.n);
        }
    return put(v, (u_char *)(uintptr_t) "", 0);
}

static ngx_int_t get_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t which)
{
    gw_exchange *x = gw_find(r);
    if (!x || x->step != GW_FORWARDED) /* nothing is forwarded that was not judged */
        return NGX_ERROR;
    if (which == VAR_URL)
        return url(x, v);
    if (which == VAR_HOST)
        return x->host.len ? put(v, x->host.data, x->host.len) : put(v, x->address->host.data, x->address->host.len);
    if (which == VAR_TRACE) {
        ngx_str_t text;
        return gw_trace_upstream(x, &text) == NGX_OK ? put(v, text.data, text.len) : NGX_ERROR;
    }
    if (which >= VAR_OWN)
        return own_header(x, own_headers[which - VAR_OWN], v);
    return credential(x, which, v);
}

static ngx_int_t add_variables(ngx_conf_t *cf)
{
    static ngx_str_t names[] = {ngx_string("custos_url"), ngx_string("custos_host"), ngx_string("custos_x_api_key"),
                                ngx_string("custos_bearer"), ngx_string("custos_api_key"), ngx_string("custos_goog"), ngx_string("custos_traceparent"),
                                ngx_string("custos_anthropic_version"), ngx_string("custos_anthropic_beta"),
                                ngx_string("custos_openai_beta")};
    for (uintptr_t i = 0; i < sizeof names / sizeof *names; i++) {
        ngx_http_variable_t *v = ngx_http_add_variable(cf, &names[i], NGX_HTTP_VAR_NOCACHEABLE);
        if (!v)
            return NGX_ERROR;
        v->get_handler = get_variable;
        v->data = i;
    }
    return NGX_OK;
}

static ngx_int_t post_config(ngx_conf_t *cf)
{
    ngx_http_core_main_conf_t *core = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    ngx_http_handler_pt *h = ngx_array_push(&core->phases[NGX_HTTP_ACCESS_PHASE].handlers);
    if (!h)
        return NGX_ERROR;
    *h = gw_access;
    h = ngx_array_push(&core->phases[NGX_HTTP_POST_READ_PHASE].handlers);
    if (!h)
        return NGX_ERROR;
    *h = gw_hide_query_key;
    gw_gather_reads(core);
    return gw_filters_init(cf);
}

static ngx_http_module_t context = {
    add_variables, post_config, create_main, NULL, gw_balance_create, NULL, create_loc, merge_loc,
};

ngx_module_t ngx_http_custos_module = {
    NGX_MODULE_V1, &context, commands, NGX_HTTP_MODULE, NULL, gw_init_module, gw_init_process, NULL, NULL, gw_exit_process, NULL,
    NGX_MODULE_V1_PADDING,
};

/* What nginx looks for in a dynamic module. Standing before gunzip in the list means running after
 * it on the way out: a compressed answer is plain by then. */
ngx_module_t *ngx_modules[] = {&ngx_http_custos_module, NULL};
char *ngx_module_names[] = {(char *)(uintptr_t) "ngx_http_custos_module", NULL};
char *ngx_module_order[] = {(char *)(uintptr_t) "ngx_http_custos_module", (char *)(uintptr_t) "ngx_http_gunzip_filter_module",
                            (char *)(uintptr_t) "ngx_http_userid_filter_module", (char *)(uintptr_t) "ngx_http_headers_filter_module", NULL};
