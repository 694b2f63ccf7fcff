/* Which session of its client a request belongs to: requests of one stay with one upstream, so that the
 * provider's cache of its conversation is found again. A client that names none has one for each key. */
#include "gateway.h"
#include "wire/json.h"

/* Claude Code; Codex; opencode. The name itself goes nowhere. */
static const char *const headers[] = {"x-claude-code-session-id", "session-id", "session_id", "x-session-id", "x-session-affinity"};

void gw_note_session(gw_exchange *x, const cu_json_strings *s)
{
    gw_main_conf *conf = ngx_http_get_module_main_conf(x->r, ngx_http_custos_module);
    cu_bytes name = CU_NONE;
    if (conf->balances.nelts == 0)
        return;
    for (size_t i = 0; i < sizeof headers / sizeof *headers && name.n == 0; i++)
        name = gw_header(x->r, headers[i]);
    if (name.n == 0)
        name = cu_json_top_value(x->body, s, "prompt_cache_key");
    if (name.n)
        x->session = ngx_murmur_hash2((u_char *)(uintptr_t)name.p, name.n) | 1;
}
