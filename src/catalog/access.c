/* repositories:, access: and groups: of custos.yaml. */
#include "catalog/access.h"
#include "reading.h"

static const char *const class_names[] = {"public", "internal", "confidential", "restricted"};
static const char *const act_names[] = {"allow", "cut", "refuse"};

const char *cu_data_class_name(unsigned c)
{
    return c < CU_DATA_CLASSES ? class_names[c] : "unknown";
}

const char *cu_access_act_name(unsigned a)
{
    return a < CU_ACCESS_ACTS ? act_names[a] : "unknown";
}

static bool one_of(cu_bytes word, const char *const *names, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++)
        if (cu_eq_str(word, names[i])) {
            *out = (uint8_t)i;
            return true;
        }
    return false;
}

bool cu_data_class_of(cu_bytes word, uint8_t *out)
{
    return one_of(word, class_names, CU_DATA_CLASSES, out);
}

/* Visible ASCII and what UTF-8 has beside it: what stands in a leaf or a message must be readable. */
static bool is_word(cu_bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] < 0x20 || b.p[i] == 0x7f || b.p[i] == '"')
            return false;
    return b.n > 0 && b.n <= CU_ACCESS_MAX_PATTERN;
}

static cu_err word_of(const reading *r, const cu_yaml *n, const char *name, cu_bytes *out)
{
    if (n->kind != CU_YAML_SCALAR || !is_word(n->text))
        return reading_wrong(r, n, "%s must be a text of at most %u bytes without control characters and quotes", name, CU_ACCESS_MAX_PATTERN);
    *out = cu_arena_dup(r->a, n->text);
    return out->p ? CU_OK : CU_NOMEM;
}

/* A text, or a list of texts. */
static cu_err words_of(const reading *r, const cu_yaml *n, const char *name, cu_words *out)
{
    const cu_yaml *first = n->kind == CU_YAML_LIST ? n->first : n;
    size_t count = 0;
    if (n->kind == CU_YAML_MAP || !first)
        return reading_wrong(r, n, "%s must be a text or a list of texts", name);
    for (const cu_yaml *k = first; k; k = n->kind == CU_YAML_LIST ? k->next : NULL)
        count++;
    if (count > CU_ACCESS_MAX_LIST)
        return reading_wrong(r, n, "%s has more than %u entries", name, CU_ACCESS_MAX_LIST);
    out->v = cu_arena_alloc(r->a, count * sizeof *out->v);
    if (!out->v)
        return CU_NOMEM;
    for (const cu_yaml *k = first; k; k = n->kind == CU_YAML_LIST ? k->next : NULL)
        CU_TRY(word_of(r, k, name, &out->v[out->n++]));
    return CU_OK;
}

static cu_err class_of(const reading *r, const cu_yaml *n, uint8_t *out)
{
    if (n->kind != CU_YAML_SCALAR || !cu_data_class_of(n->text, out))
        return reading_wrong(r, n, "class is public, internal, confidential or restricted");
    return CU_OK;
}

/* Allocates room for the entries of a list. */
static cu_err list_of(const reading *r, const cu_yaml *n, const char *name, size_t max, size_t item, void **out)
{
    size_t count = 0;
    if (n->kind != CU_YAML_LIST || !n->first)
        return reading_wrong(r, n, "%s must be a list with at least one entry", name);
    for (const cu_yaml *k = n->first; k; k = k->next)
        count++;
    if (count > max)
        return reading_wrong(r, n, "%s has more than %zu entries", name, max);
    *out = cu_arena_alloc(r->a, count * item);
    return *out ? CU_OK : CU_NOMEM;
}

static cu_err one_path(const reading *r, const cu_yaml *n, cu_access_path *out)
{
    CU_TRY(reading_only(r, n, "an entry of paths", "path class"));
    const cu_yaml *path = cu_yaml_get(n, "path"), *class = cu_yaml_get(n, "class");
    if (!path || !class)
        return reading_wrong(r, n, "an entry of paths needs path (a pattern like src/keys/** or *.pem) and class");
    CU_TRY(word_of(r, path, "path", &out->glob));
    return class_of(r, class, &out->class);
}

static cu_err one_repo(const reading *r, const cu_yaml *n, cu_access_repo *out)
{
    CU_TRY(reading_only(r, n, "an entry of repositories", "name class tenant directories paths"));
    const cu_yaml *name = cu_yaml_get(n, "name"), *class = cu_yaml_get(n, "class"), *k;
    if (!name || !class)
        return reading_wrong(r, n, "an entry of repositories needs name (or a pattern of names) and class");
    CU_TRY(word_of(r, name, "name", &out->name));
    CU_TRY(class_of(r, class, &out->class));
    if ((k = cu_yaml_get(n, "tenant")))
        CU_TRY(word_of(r, k, "tenant", &out->tenant));
    if ((k = cu_yaml_get(n, "directories")))
        CU_TRY(words_of(r, k, "directories", &out->directories));
    if (!(k = cu_yaml_get(n, "paths")))
        return CU_OK;
    CU_TRY(list_of(r, k, "paths", CU_ACCESS_MAX_LIST, sizeof *out->paths, (void **)&out->paths));
    for (const cu_yaml *p = k->first; p; p = p->next)
        CU_TRY(one_path(r, p, &out->paths[out->paths_n++]));
    return CU_OK;
}

static bool is_who(cu_bytes w)
{
    static const char *const kinds[] = {"user:", "service:", "group:", "key:", "tenant:"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (cu_starts(w, cu_str(kinds[i])))
            return w.n > strlen(kinds[i]);
    return false;
}

static bool is_group(const cu_access *x, cu_bytes name)
{
    for (size_t i = 0; i < x->groups_n; i++)
        if (cu_eq(x->groups[i].name, name))
            return true;
    return false;
}

static cu_err check_who(const reading *r, const cu_yaml *n, const cu_access *x, const cu_words *who)
{
    for (size_t i = 0; i < who->n; i++) {
        if (!is_who(who->v[i]))
            return reading_wrong(r, n, "an entry of who is user:NAME, service:NAME, group:NAME, key:ID or tenant:NAME");
        if (cu_starts(who->v[i], CU_LIT("group:")) && !is_group(x, cu_slice(who->v[i], 6, who->v[i].n)))
            return reading_wrong(r, n, "who names the group %.60s, which groups does not have", (const char *)who->v[i].p + 6);
    }
    return CU_OK;
}

static cu_err classes_of(const reading *r, const cu_yaml *n, uint8_t *out)
{
    cu_words w = {0};
    CU_TRY(words_of(r, n, "class", &w));
    for (size_t i = 0; i < w.n; i++) {
        uint8_t c;
        if (!cu_data_class_of(w.v[i], &c))
            return reading_wrong(r, n, "class is public, internal, confidential or restricted, or a list of them");
        *out |= (uint8_t)(1u << c);
    }
    return CU_OK;
}

/* Rule names stand in leaves and messages. */
static bool is_id(cu_bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (!((b.p[i] >= 'a' && b.p[i] <= 'z') || (b.p[i] >= '0' && b.p[i] <= '9') || ((b.p[i] == '-' || b.p[i] == '.') && i)))
            return false;
    return b.n > 0 && b.n <= 63 && !cu_starts(b, CU_LIT("builtin."));
}

static cu_err one_rule(const reading *r, const cu_yaml *n, cu_access *x, cu_access_rule *out)
{
    CU_TRY(reading_only(r, n, "an entry of access", "id who class vendor plan repository then"));
    const cu_yaml *id = cu_yaml_get(n, "id"), *then = cu_yaml_get(n, "then"), *k;
    if (!id || id->kind != CU_YAML_SCALAR || !is_id(id->text) || !then)
        return reading_wrong(r, n, "an entry of access needs id (a-z, 0-9, - and ., not beginning with builtin.) and then");
    for (const cu_access_rule *o = x->rules; o < out; o++)
        if (cu_eq(o->id, id->text))
            return reading_wrong(r, id, "the rule %.*s is given twice", CU_FMT(id->text));
    CU_TRY(word_of(r, id, "id", &out->id));
    if (then->kind != CU_YAML_SCALAR || !one_of(then->text, act_names, CU_ACCESS_ACTS, &out->act))
        return reading_wrong(r, then, "then is allow, cut or refuse");
    if ((k = cu_yaml_get(n, "who"))) {
        CU_TRY(words_of(r, k, "who", &out->who));
        CU_TRY(check_who(r, k, x, &out->who));
    }
    if ((k = cu_yaml_get(n, "class")))
        CU_TRY(classes_of(r, k, &out->classes));
    if ((k = cu_yaml_get(n, "vendor")))
        CU_TRY(words_of(r, k, "vendor", &out->vendors));
    if ((k = cu_yaml_get(n, "plan")))
        CU_TRY(words_of(r, k, "plan", &out->plans));
    if ((k = cu_yaml_get(n, "repository")))
        CU_TRY(words_of(r, k, "repository", &out->repositories));
    return CU_OK;
}

static cu_err read_groups(const reading *r, const cu_yaml *n, cu_access *out)
{
    size_t count = 0;
    if (n->kind != CU_YAML_MAP)
        return reading_wrong(r, n, "groups must be a map from a name to the users in it");
    for (const cu_yaml *k = n->first; k; k = k->next)
        count++;
    if (count > CU_ACCESS_MAX_GROUPS)
        return reading_wrong(r, n, "groups has more than %u entries", CU_ACCESS_MAX_GROUPS);
    out->groups = cu_arena_alloc(r->a, (count + 1) * sizeof *out->groups);
    if (!out->groups)
        return CU_NOMEM;
    for (const cu_yaml *k = n->first; k; k = k->next) {
        cu_access_group *g = &out->groups[out->groups_n++];
        if (!is_word(k->key))
            return reading_wrong(r, k, "the name of a group is a text of at most %u bytes", CU_ACCESS_MAX_PATTERN);
        g->name = cu_arena_dup(r->a, k->key);
        CU_TRY(g->name.p ? CU_OK : CU_NOMEM);
        CU_TRY(words_of(r, k, "a group", &g->members));
    }
    return CU_OK;
}

cu_err cu_access_read(const cu_yaml *root, const char *path, cu_arena *a, cu_access *out, cu_fault *f)
{
    const reading r = {path, a, f};
    const cu_yaml *n;
    *out = (cu_access){0};
    if ((n = cu_yaml_get(root, "groups")))
        CU_TRY(read_groups(&r, n, out));
    if ((n = cu_yaml_get(root, "repositories"))) {
        CU_TRY(list_of(&r, n, "repositories", CU_ACCESS_MAX_REPOS, sizeof *out->repos, (void **)&out->repos));
        for (const cu_yaml *k = n->first; k; k = k->next)
            CU_TRY(one_repo(&r, k, &out->repos[out->repos_n++]));
    }
    if ((n = cu_yaml_get(root, "access"))) {
        CU_TRY(list_of(&r, n, "access", CU_ACCESS_MAX_RULES, sizeof *out->rules, (void **)&out->rules));
        for (const cu_yaml *k = n->first; k; k = k->next, out->rules_n++)
            CU_TRY(one_rule(&r, k, out, &out->rules[out->rules_n]));
    }
    return CU_OK;
}

static cu_err flag_of(const reading *r, const cu_yaml *n, const char *name, bool *out)
{
    if (n && (n->kind != CU_YAML_SCALAR || (!cu_eq_str(n->text, "on") && !cu_eq_str(n->text, "off"))))
        return reading_wrong(r, n, "%s is on or off", name);
    *out = !n || cu_eq_str(n->text, "on");
    return CU_OK;
}

cu_err cu_isolation_read(const cu_yaml *root, const char *path, cu_isolation *out, cu_fault *f)
{
    const reading r = {path, NULL, f};
    const cu_yaml *n = cu_yaml_get(root, "isolation");
    *out = (cu_isolation){true, true};
    if (!n)
        return CU_OK;
    CU_TRY(reading_only(&r, n, "isolation", "pseudonyms leak_detector"));
    CU_TRY(flag_of(&r, cu_yaml_get(n, "pseudonyms"), "pseudonyms", &out->pseudonyms));
    return flag_of(&r, cu_yaml_get(n, "leak_detector"), "leak_detector", &out->leak_detector);
}
