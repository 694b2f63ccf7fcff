/* Code: which repository and which files a request is about, who may send them, and what is cut. Names
 * by which a provider tells callers apart become the tenant's own on the same way. */
#include "gateway.h"
#include "policy/path.h"
#include "redact/pseudonym.h"
#include "wire/identity.h"
#include "wire/mention.h"
#include "wire/splice.h"

#define REPO_MAX 256u /* bytes of x-custos-repo */

typedef struct {
    gw_exchange *x;
    const cu_access *access;
    cu_access_who who;
    cu_access_scene scene;
    cu_mentions found;
    const cu_bytes *rule_at;      /* by place: the rule that cuts it, or empty */
    cu_splice *edits;
    size_t edits_n, edits_cap;
    cu_fault *f;
} job;

static ngx_int_t failed(gw_exchange *x, cu_err e, const cu_fault *f)
{
    return gw_refuse(x, e == CU_TOO_BIG ? 400 : 500, e == CU_TOO_BIG ? "invalid_request_error" : "api_error", "access_failed",
                     "custos: what this request says about code could not be checked, so it was not forwarded: %.200s",
                     f && f->code ? f->text : cu_err_text(e));
}

static bool clean_name(cu_bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] <= 0x20 || b.p[i] >= 0x7f || b.p[i] == '"' || b.p[i] == '\\')
            return false;
    return b.n <= REPO_MAX;
}

/* --- where --- */

/* Of several folders that the conversation names the one under the strictest class counts. */
static cu_err find_scene(job *j, cu_bytes header)
{
    cu_bytes tenant = j->x->tenant->name;
    CU_TRY(cu_access_scene_of(j->access, tenant, header, CU_NONE, &j->x->arena, &j->scene));
    bool told = j->scene.repo != NULL;
    for (size_t i = 0; i < j->found.folders_n; i++) {
        cu_access_scene s;
        CU_TRY(cu_access_scene_of(j->access, tenant, header, j->found.folders[i], &j->x->arena, &s));
        if (i == 0 || s.class > j->scene.class)
            j->scene = s;
    }
    bool seen = j->scene.repo && j->found.folders_n && (!told || j->scene.name.p != header.p);
    j->x->code.source = told && seen ? "both" : told ? "tag" : seen ? "folder" : "none";
    return CU_OK;
}

/* --- verdicts --- */

static void count_file(gw_code *c, const cu_access_place *p, const cu_access_verdict *v)
{
    for (size_t i = 0; i < c->files_n; i++) {
        gw_file_kind *k = &c->files[i];
        if (k->repo == p->repo && k->path == p->path && k->class == p->class && k->act == v->act && cu_eq(k->rule, v->rule)) {
            k->count++;
            return;
        }
    }
    if (c->files_n == GW_FILE_KINDS) {
        c->files_more++;
        return;
    }
    c->files[c->files_n++] = (gw_file_kind){p->repo, p->path, p->class, (uint8_t)v->act, v->rule, 1};
}

static cu_access_verdict judge_place(const job *j, const cu_access_place *p, bool file)
{
    return cu_access_judge(j->access, &j->x->key->scopes, &j->who, p, file);
}

static ngx_int_t refuse(job *j, const cu_access_place *p, const cu_access_verdict *v, bool file)
{
    return gw_refuse(j->x, 400, "invalid_request_error", "access_denied",
                     "custos: blocked by access rule %.*s: %s of class %s may not be sent to %.*s with this key. %s or ask for access; "
                     "why: custos policy explain %s", CU_FMT(v->rule), file ? "the conversation holds a file" : "the repository is", cu_data_class_name(p->class),
                     CU_FMT(j->x->vendor->name), file ? "Start a new conversation without the file" : "Work in another repository", j->x->id);
}

/* Which places go, and by which rule. NGX_OK, or the request is answered. */
static ngx_int_t judge_files(job *j)
{
    gw_exchange *x = j->x;
    cu_buf room CU_CLEAN_BUF = CU_BUF(4 * CU_MENTION_PATH_MAX), joined CU_CLEAN_BUF = CU_BUF(4 * CU_MENTION_PATH_MAX);
    cu_bytes *rule_at = cu_arena_alloc(&x->arena, (j->found.at_n + 1) * sizeof *rule_at);
    if (!rule_at)
        return failed(x, CU_NOMEM, NULL);
    j->rule_at = rule_at;
    for (size_t i = 0; i < j->found.n; i++) {
        const cu_mention *m = &j->found.v[i];
        cu_access_place p;
        cu_bytes path = m->path;
        if (m->at == CU_TREE_NONE || rule_at[m->at].n)
            continue;
        if (m->folder.n) {
            cu_buf_reset(&joined);
            cu_path_join(m->folder, m->path, &joined);
            path = cu_buf_view(&joined);
        }
        cu_err e = joined.err ? joined.err : cu_access_file(j->access, &j->scene, x->tenant->name, path, m->pattern, &room, &p);
        if (e != CU_OK)
            return failed(x, e, NULL);
        cu_access_verdict v = judge_place(j, &p, true);
        count_file(&x->code, &p, &v);
        if (v.act == CU_ACCESS_REFUSE) {
            x->code.verdict = v;
            return refuse(j, &p, &v, true);
        }
        if (v.act == CU_ACCESS_CUT) {
            rule_at[m->at] = v.rule;
            x->code.cut++;
        } else if (p.class > x->code.strictest) {
            x->code.strictest = p.class;
        }
    }
    return NGX_OK;
}

/* --- edits --- */

static cu_err edit(job *j, uint32_t start, uint32_t end, cu_bytes with)
{
    if (j->edits_n == j->edits_cap) {
        size_t cap = j->edits_cap ? 2 * j->edits_cap : 16;
        cu_splice *v = cu_arena_raw(&j->x->arena, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        if (j->edits_n)
            memcpy(v, j->edits, j->edits_n * sizeof *v);
        j->edits = v;
        j->edits_cap = cap;
    }
    j->edits[j->edits_n++] = (cu_splice){start, end, with};
    return with.p ? CU_OK : CU_NOMEM;
}

/* The same words in every turn: a provider's cache holds the conversation up to here. */
static cu_err put_note(job *j, cu_bytes rule, uint8_t form, cu_bytes *out)
{
    cu_buf note CU_CLEAN_BUF = CU_BUF(2048), value CU_CLEAN_BUF = CU_BUF(16384);
    cu_buf_fmt(&note, "[custos removed this: the access rule %.*s does not let this file be sent to %.*s by this caller. Do not try to read "
               "it in another way; go on without it, and tell the developer. The developer can ask the owner of the rule for access; "
               "custos policy explain, with the id of the request, says why.]", CU_FMT(rule), CU_FMT(j->x->vendor->name));
    cu_cut_put((cu_cut_form)form, cu_buf_view(&note), &value);
    CU_TRY(note.err ? note.err : value.err);
    *out = cu_arena_dup(&j->x->arena, cu_buf_view(&value));
    return out->p ? CU_OK : CU_NOMEM;
}

static cu_err cut_files(job *j)
{
    cu_bytes last_rule = CU_NONE, note[4] = {CU_NONE, CU_NONE, CU_NONE, CU_NONE};
    for (size_t i = 0; i < j->found.at_n && j->rule_at; i++) {
        const cu_cut_at *at = &j->found.at[i];
        if (!j->rule_at[i].n)
            continue;
        if (j->rule_at[i].p != last_rule.p)
            memset(note, 0, sizeof note);
        last_rule = j->rule_at[i];
        if (!note[at->form].p)
            CU_TRY(put_note(j, last_rule, at->form, &note[at->form]));
        CU_TRY(edit(j, at->start, at->end, note[at->form]));
    }
    return CU_OK;
}

static cu_err replace_identities(job *j, const cu_json_strings *s)
{
    gw_exchange *x = j->x;
    const cu_json_string *v;
    for (size_t at = 0; (v = cu_identity_next(x->body, s, &at));) {
        char name[CU_PSEUDONYM_LEN + 1];
        const cu_json_string *key = &s->v[v->parent_key];
        cu_pseudonym(x->tenant->surrogate_key, cu_slice(x->body, key->start, key->end), cu_slice(x->body, v->start, v->end), name);
        CU_TRY(edit(j, v->start, v->end, cu_arena_dup(&x->arena, cu_bytes_of(name, CU_PSEUDONYM_LEN))));
        x->code.pseudonyms++;
    }
    return CU_OK;
}

/* The body as it goes on, and its strings where they stand then. */
static ngx_int_t apply(job *j, cu_json_strings *s)
{
    gw_exchange *x = j->x;
    if (j->edits_n == 0)
        return NGX_OK;
    cu_err e = cu_splice_apply(x->body, j->edits, j->edits_n, &x->arena, &x->body);
    if (e == CU_OK && x->code.cut)
        e = cu_json_walk(x->body, &x->arena, s, j->f);
    else if (e == CU_OK)
        cu_splice_move(j->edits, j->edits_n, s);
    x->body_set = true;
    return e == CU_OK ? NGX_OK : failed(x, e, j->f);
}

/* --- all of it --- */

static bool has_rules(const gw_exchange *x)
{
    const cu_access *a = &x->bundle->b.access;
    return a->repos_n || a->rules_n || x->key->scopes.repos.n || x->key->scopes.classes.n;
}

static ngx_int_t decide(job *j, const cu_json_strings *s, cu_bytes header)
{
    gw_exchange *x = j->x;
    cu_json_tree tree;
    bool files = cu_access_has_files(j->access) || x->key->scopes.classes.n || x->key->scopes.repos.n;
    if (has_rules(x)) {
        cu_err e = cu_json_tree_of(x->body, s, &x->arena, &tree);
        if (e == CU_OK)
            e = cu_mentions_of(&gw.tools, &tree, files, &x->arena, &j->found, j->f);
        if (e != CU_OK)
            return failed(x, e, j->f);
    }
    if (find_scene(j, header) != CU_OK)
        return failed(x, CU_NOMEM, NULL);
    x->code.known = true;
    x->code.name = j->scene.name;
    x->code.whole = cu_access_whole(&j->scene);
    x->code.strictest = x->code.whole.class;
    x->code.verdict = judge_place(j, &x->code.whole, false);
    if (x->code.verdict.act == CU_ACCESS_REFUSE)
        return refuse(j, &x->code.whole, &x->code.verdict, false);
    return judge_files(j);
}

ngx_int_t gw_check_code(gw_exchange *x, cu_json_strings *s, cu_fault *f)
{
    job j = {.x = x, .access = &x->bundle->b.access, .f = f};
    cu_bytes header = gw_header(x->r, "x-custos-repo");
    if (!clean_name(header))
        return gw_refuse(x, 400, "invalid_request_error", "header", "custos: x-custos-repo must be a repository's name, like acme/payments: visible ASCII, at most 256 characters");
    j.who = (cu_access_who){x->tenant->name, x->key->user, x->key->id, x->key->service, x->vendor->name, x->vendor->plan};
    ngx_int_t rc = decide(&j, s, header);
    if (rc != NGX_OK)
        return rc;
    cu_err e = cut_files(&j);
    if (e == CU_OK && x->bundle->b.pseudonyms)
        e = replace_identities(&j, s);
    return e == CU_OK ? apply(&j, s) : failed(x, e, NULL);
}

/* --- the record --- */

static void put_pseudonym(cu_buf *b, const gw_exchange *x, const char *key, cu_bytes name)
{
    cu_sha256 mac;
    char hex[33];
    cu_hmac_sha256_3(cu_bytes_of(x->tenant->commit_key, 32), CU_LIT("repository\0"), name, CU_NONE, &mac);
    cu_hex(hex, mac.b, 16);
    cu_buf_json_kv_str(b, key, hex);
}

/* "0" or "0.2": entry of repositories, and of its paths; "" for what nobody described. */
static void put_entry(cu_buf *b, const cu_access *a, const cu_access_repo *repo, size_t path)
{
    char text[48] = "";
    if (repo && path == SIZE_MAX)
        snprintf(text, sizeof text, "%zu", (size_t)(repo - a->repos));
    else if (repo)
        snprintf(text, sizeof text, "%zu.%zu", (size_t)(repo - a->repos), path);
    cu_buf_json_kv_str(b, "entry", text);
}

static void put_files(cu_buf *b, const gw_exchange *x)
{
    const gw_code *c = &x->code;
    cu_buf_json_key(b, "files");
    cu_buf_byte(b, '[');
    for (size_t i = 0; i < c->files_n; i++) {
        const gw_file_kind *k = &c->files[i];
        cu_buf_str(b, i ? ",{" : "{");
        cu_buf_json_kv_str(b, "act", cu_access_act_name(k->act));
        cu_buf_json_kv_str(b, "class", cu_data_class_name(k->class));
        cu_buf_json_kv_u64(b, "count", k->count);
        put_entry(b, &x->bundle->b.access, k->repo, k->path);
        cu_buf_json_kv(b, "rule", k->rule);
        cu_buf_byte(b, '}');
    }
    cu_buf_byte(b, ']');
}

void gw_put_code(cu_buf *b, const gw_exchange *x)
{
    const gw_code *c = &x->code;
    if (!c->known)
        return;
    cu_buf_json_key(b, "access");
    cu_buf_byte(b, '{');
    cu_buf_json_kv_str(b, "act", cu_access_act_name(c->verdict.act));
    cu_buf_json_kv_str(b, "class", cu_data_class_name(c->whole.class));
    cu_buf_json_kv_u64(b, "cut", c->cut);
    put_entry(b, &x->bundle->b.access, c->whole.repo, c->whole.path);
    put_files(b, x);
    cu_buf_json_kv_u64(b, "files_more", c->files_more);
    cu_buf_json_kv(b, "plan", x->vendor ? x->vendor->plan : CU_NONE);
    cu_buf_json_kv_u64(b, "pseudonyms", c->pseudonyms);
    if (c->name.n)
        put_pseudonym(b, x, "repo", c->name);
    if (c->whole.repo) /* a name that the table does not know could be anything */
        cu_buf_json_kv(b, "repo_name", c->name);
    cu_buf_json_kv(b, "rule", c->verdict.rule);
    cu_buf_json_kv_str(b, "source", c->source ? c->source : "none");
    cu_buf_byte(b, '}');
}
