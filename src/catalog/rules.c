/* Rules from YAML, each with its own proof. A rule that is not complete is refused with file, line
 * and reason. The forms of `text` are described in docs/formats/rules.md. */
#include "catalog/rules.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/program.h"
#include "catalog/generate.h"
#include "catalog/yaml.h"

#define MAX_RULES 2000u

typedef struct {
    cu_arena *arena;
    cu_rules *rules;
    const char *file;
    cu_fault *fault;
    size_t own; /* rules before this one are of another folder, and may be replaced */
} loader;

static cu_err refuse(loader *l, const cu_yaml *n, const char *why)
{
    if (l->fault)
        l->fault->line = n->line;
    return cu_fail(l->fault, CU_CONFIG, "%s:%u: %s", l->file, n->line, why);
}

static bool known_key(cu_bytes key)
{
    static const char *const keys[] = {"id", "type", "title", "pattern", "finder", "validator",
                                       "by_context", "confidence", "source", "examples",
                                       "counter_examples", "anchors", "value", "words", "reach",
                                       "severity", "action"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (cu_eq_str(key, keys[i]))
            return true;
    return false;
}

static bool good_id(cu_bytes id)
{
    for (size_t i = 0; i < id.n; i++) {
        uint8_t c = id.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && i > 0)))
            return false;
    }
    return id.n > 0 && id.n <= 64;
}

static cu_err text_of(loader *l, const cu_yaml *rule, const char *key, bool required,
                      const char **out)
{
    const cu_yaml *n = cu_yaml_get(rule, key);
    *out = NULL;
    if (!n && !required)
        return CU_OK;
    if (!n || n->kind != CU_YAML_SCALAR || n->text.n == 0) {
        char why[80];
        snprintf(why, sizeof why, "the rule needs a text for \"%s\"", key);
        return refuse(l, n ? n : rule, why);
    }
    *out = cu_arena_str(l->arena, n->text);
    return *out ? CU_OK : CU_NOMEM;
}

static cu_err example(loader *l, const cu_yaml *n, bool counter, cu_rule_example *out)
{
    if (n->kind != CU_YAML_SCALAR)
        return refuse(l, n, "an example is a text");
    cu_err e = cu_example_expand(n->text, l->arena, out);
    if (e == CU_NOMEM)
        return e;
    if (e != CU_OK)
        return refuse(l, n, "unknown generator, or [[ without ]], in an example");
    if (counter && out->values_n)
        return refuse(l, n, "a counter-example marks no value");
    if (!counter && !out->values_n)
        return refuse(l, n, "an example marks its value with [[ and ]]");
    return CU_OK;
}

static cu_err examples(loader *l, const cu_yaml *rule, const char *key, cu_rule_example **out,
                       size_t *count)
{
    const cu_yaml *list = cu_yaml_get(rule, key);
    size_t n = 0;
    if (list && list->kind == CU_YAML_LIST)
        for (const cu_yaml *c = list->first; c; c = c->next)
            n++;
    if (n < CU_RULE_MIN_EXAMPLES)
        return refuse(l, list ? list : rule, "a rule needs three examples and three "
                                             "counter-examples");
    *out = cu_arena_alloc(l->arena, n * sizeof **out);
    if (!*out)
        return CU_NOMEM;
    *count = n;
    cu_rule_example *to = *out;
    for (const cu_yaml *c = list->first; c; c = c->next, to++)
        CU_TRY(example(l, c, strcmp(key, "counter_examples") == 0, to));
    return CU_OK;
}

static cu_err check_keys(loader *l, const cu_yaml *rule)
{
    if (rule->kind != CU_YAML_MAP)
        return refuse(l, rule, "a rule is a map");
    for (const cu_yaml *c = rule->first; c; c = c->next)
        if (!known_key(c->key))
            return refuse(l, c, "unknown key in a rule");
    return CU_OK;
}

static cu_err identity(loader *l, const cu_yaml *n, cu_rule *r)
{
    cu_bytes id = cu_yaml_text(n, "id", CU_NONE);
    if (!good_id(id))
        return refuse(l, n, "the id of a rule is made of a-z, 0-9 and -");
    for (size_t i = l->own; i < l->rules->n; i++)
        if (cu_eq_str(id, l->rules->v[i].id))
            return refuse(l, n, "another rule has the same id");
    r->id = cu_arena_str(l->arena, id);
    r->type = cu_type_by_name(cu_yaml_text(n, "type", CU_NONE));
    if (r->type == CU_TYPE_COUNT)
        return refuse(l, n, "unknown type");
    return r->id ? CU_OK : CU_NOMEM;
}

static cu_err number(loader *l, const cu_yaml *rule, const char *key, uint32_t min, uint32_t max,
                     uint32_t otherwise, uint32_t *out)
{
    const cu_yaml *n = cu_yaml_get(rule, key);
    char why[96];
    *out = otherwise;
    if (!n)
        return CU_OK;
    *out = 0;
    for (size_t i = 0; n->kind == CU_YAML_SCALAR && i < n->text.n && *out <= max; i++)
        *out = n->text.p[i] >= '0' && n->text.p[i] <= '9' ? *out * 10 + (uint32_t)(n->text.p[i] - '0')
                                                          : max + 1;
    if (*out >= min && *out <= max && n->text.n)
        return CU_OK;
    snprintf(why, sizeof why, "%s is a whole number from %u to %u", key, min, max);
    return refuse(l, n, why);
}

static cu_err choice(loader *l, const cu_yaml *rule, const char *key, const char *const *names,
                     unsigned count, unsigned *out)
{
    const cu_yaml *n = cu_yaml_get(rule, key);
    if (!n)
        return CU_OK;
    for (unsigned i = 0; i < count && n->kind == CU_YAML_SCALAR; i++)
        if (cu_eq_str(n->text, names[i])) {
            *out = i;
            return CU_OK;
        }
    return refuse(l, n, "not one of the words that this key takes (docs/formats/rules.md)");
}

/* A list of literals, lower case, at least `shortest` bytes each. */
static cu_err literals(loader *l, const cu_yaml *list, size_t shortest, const char ***out, size_t *n)
{
    size_t count = 0;
    if (list->kind != CU_YAML_LIST || !list->first)
        return refuse(l, list, "this key takes a list of texts");
    for (const cu_yaml *c = list->first; c; c = c->next, count++) {
        bool good = c->kind == CU_YAML_SCALAR && c->text.n >= shortest && c->text.n <= CU_RULE_MAX_LITERAL;
        for (size_t i = 0; good && i < c->text.n; i++)
            good = c->text.p[i] >= ' ' && !(c->text.p[i] >= 'A' && c->text.p[i] <= 'Z');
        if (!good || count == CU_RULE_MAX_ANCHORS)
            return refuse(l, c, "an anchor or word is lower case, 2 (anchor: 3) to 40 bytes; at most 24");
    }
    *out = cu_arena_alloc(l->arena, count * sizeof **out);
    if (!*out)
        return CU_NOMEM;
    *n = 0;
    for (const cu_yaml *c = list->first; c; c = c->next)
        if (!((*out)[(*n)++] = cu_arena_str(l->arena, c->text)))
            return CU_NOMEM;
    return CU_OK;
}

/* What a name must hold besides the vendor's to be the name of a credential. */
static const char *credential_words[] = {
    "key", "token", "secret", "pass", "pwd", "auth", "cred", "bearer", "private", "webhook", "signature", "access",
};

static cu_err context(loader *l, const cu_yaml *n, cu_rule *r)
{
    const cu_yaml *anchors = cu_yaml_get(n, "anchors"), *words = cu_yaml_get(n, "words");
    if (r->pattern ? anchors != NULL : r->value && !anchors)
        return refuse(l, n, "anchors go with value, or with a finder that begins at one");
    if (!anchors)
        return words ? refuse(l, words, "words go with anchors and value") : CU_OK;
    r->by_context |= r->value || strncmp(r->finder, "assignment", 10) == 0;
    CU_TRY(number(l, n, "reach", 1, CU_RULE_MAX_REACH, CU_RULE_REACH, &r->reach));
    CU_TRY(literals(l, anchors, 3, &r->anchors, &r->anchors_n));
    if (!words && cu_type_class(r->type) == CU_CLASS_SECRET) {
        r->words = credential_words;
        r->words_n = sizeof credential_words / sizeof *credential_words;
    }
    if (words && !(words->kind == CU_YAML_SCALAR && cu_eq_str(words->text, "none")))
        CU_TRY(literals(l, words, 2, &r->words, &r->words_n));
    return CU_OK;
}

static cu_err judgement(loader *l, const cu_yaml *n, cu_rule *r)
{
    static const char *const actions[] = {"allow", "replace", "block"};
    static const char *const severities[] = {"info", "low", "medium", "high", "critical"};
    bool secret = cu_type_class(r->type) == CU_CLASS_SECRET;
    unsigned severity = secret ? CU_SEVERITY_HIGH : CU_SEVERITY_MEDIUM;
    unsigned action = cu_type_class(r->type) == CU_CLASS_NONE ? CU_RULE_ALLOW : CU_RULE_REPLACE;
    CU_TRY(choice(l, n, "severity", severities, 5, &severity));
    CU_TRY(choice(l, n, "action", actions, 3, &action));
    r->severity = (cu_severity)severity;
    r->action = (cu_rule_action)action;
    return CU_OK;
}

const char *cu_severity_name(cu_severity s)
{
    static const char *const names[] = {"info", "low", "medium", "high", "critical"};
    return names[s];
}

static cu_err one_rule(loader *l, const cu_yaml *n)
{
    CU_TRY(check_keys(l, n));
    if (l->rules->n == MAX_RULES)
        return refuse(l, n, "too many rules");
    cu_rule *r = &l->rules->v[l->rules->n];
    CU_TRY(identity(l, n, r));
    if (!cu_yaml_get(n, "confidence"))
        return refuse(l, n, "the rule needs a confidence from 1 to 100");
    CU_TRY(number(l, n, "confidence", 1, 100, 0, &r->confidence));
    CU_TRY(text_of(l, n, "title", true, &r->title));
    CU_TRY(text_of(l, n, "source", true, &r->source));
    CU_TRY(text_of(l, n, "pattern", false, &r->pattern));
    CU_TRY(text_of(l, n, "finder", false, &r->finder));
    CU_TRY(text_of(l, n, "validator", false, &r->validator));
    CU_TRY(text_of(l, n, "value", false, &r->value));
    if ((r->pattern != NULL) + (r->finder != NULL) + (r->value != NULL) != 1)
        return refuse(l, n, "a rule has one of: pattern, finder, value (with anchors)");
    r->by_context = cu_eq_str(cu_yaml_text(n, "by_context", CU_NONE), "true");
    CU_TRY(context(l, n, r));
    CU_TRY(judgement(l, n, r));
    CU_TRY(examples(l, n, "examples", &r->examples, &r->examples_n));
    CU_TRY(examples(l, n, "counter_examples", &r->counter_examples, &r->counter_examples_n));
    r->line = n->line;
    r->file = l->file;
    l->rules->n++;
    return CU_OK;
}

static cu_err one_file(loader *l, const char *path)
{
    const cu_yaml *root;
    l->file = cu_arena_fmt(l->arena, "%s", path);
    if (!l->file)
        return CU_NOMEM;
    CU_TRY(cu_yaml_load(path, l->arena, &root, l->fault));
    const cu_yaml *list = cu_yaml_get(root, "rules");
    if (!list || list->kind != CU_YAML_LIST || list->next || root->first != list)
        return refuse(l, root, "a rule file holds one list named \"rules\"");
    for (const cu_yaml *n = list->first; n; n = n->next)
        CU_TRY(one_rule(l, n));
    return CU_OK;
}

static int is_yaml(const struct dirent *d)
{
    size_t n = strlen(d->d_name);
    return n > 5 && strcmp(d->d_name + n - 5, ".yaml") == 0;
}

static cu_err one_dir(loader *l, const char *dir, const char *sub)
{
    char path[PATH_MAX];
    struct dirent **names;
    snprintf(path, sizeof path, "%s/%s", dir, sub);
    int n = scandir(path, &names, is_yaml, alphasort);
    if (n < 0 && errno == ENOENT && l->own)
        return CU_OK; /* rules of one's own may be secrets only, or personal data only */
    if (n < 0)
        return cu_fail(l->fault, errno == ENOENT ? CU_NOT_FOUND : cu_errno_err(errno), "%s: %s", path,
                       errno == ENOENT ? "no such folder of rules" : strerror(errno));
    cu_err e = CU_OK;
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s/%s", dir, sub, names[i]->d_name);
        if (e == CU_OK)
            e = one_file(l, path);
        free(names[i]);
    }
    free(names);
    return e;
}

/* A rule of the second folder takes the place of the shipped one with its id. */
static void replace_same(cu_rules *rules, size_t own)
{
    size_t kept = own;
    for (size_t i = own; i < rules->n; i++) {
        size_t k = 0;
        while (k < own && strcmp(rules->v[k].id, rules->v[i].id) != 0)
            k++;
        rules->v[k < own ? k : kept++] = rules->v[i];
    }
    rules->n = kept;
}

static cu_err load_dir(loader *l, const char *dir)
{
    CU_TRY(one_dir(l, dir, "secrets"));
    return one_dir(l, dir, "pii");
}

cu_err cu_rules_load_both(const char *dir, const char *extra, cu_arena *a, cu_rules *out, cu_fault *f)
{
    loader l = {.arena = a, .rules = out, .fault = f};
    out->n = 0;
    out->v = cu_arena_alloc(a, MAX_RULES * sizeof *out->v);
    if (!out->v)
        return CU_NOMEM;
    CU_TRY(load_dir(&l, dir));
    l.own = out->n;
    if (extra) {
        CU_TRY(load_dir(&l, extra));
        if (out->n == l.own)
            return cu_fail(f, CU_NOT_FOUND, "%s holds no rule", extra);
        replace_same(out, l.own);
    }
    return out->n ? CU_OK : cu_fail(f, CU_NOT_FOUND, "%s holds no rule", dir);
}

cu_err cu_rules_load(const char *dir, cu_arena *a, cu_rules *out, cu_fault *f)
{
    return cu_rules_load_both(dir, NULL, a, out, f);
}

/* A folder without a single rule file must not pass for one that changes nothing. */
static cu_err digest_dir(const char *dir, cu_hasher *h, cu_fault *f)
{
    int files = 0;
    static const char *const subs[] = {"secrets", "pii"};
    for (int s = 0; s < 2; s++) {
        char path[PATH_MAX];
        struct dirent **names;
        snprintf(path, sizeof path, "%s/%s", dir, subs[s]);
        int n = scandir(path, &names, is_yaml, alphasort);
        if (n < 0 && errno != ENOENT)
            return cu_fail(f, cu_errno_err(errno), "%s: %s", path, strerror(errno));
        cu_err e = CU_OK;
        files += n > 0 ? n : 0;
        for (int i = 0; i < n; i++) {
            cu_buf text CU_CLEAN_BUF = CU_BUF(CU_YAML_MAX_BYTES);
            snprintf(path, sizeof path, "%s/%s/%s", dir, subs[s], names[i]->d_name);
            if (e == CU_OK && (e = cu_file_read(AT_FDCWD, path, &text)) != CU_OK)
                cu_fail(f, e, "%s: %s", path, cu_err_text(e));
            cu_hasher_add(h, cu_str(names[i]->d_name));
            cu_hasher_add(h, cu_bytes_of(&text.n, sizeof text.n));
            cu_hasher_add(h, cu_buf_view(&text));
            free(names[i]);
        }
        if (n >= 0)
            free(names);
        CU_TRY(e);
    }
    return files ? CU_OK
                 : cu_fail(f, CU_NOT_FOUND, "%s holds no rule file: *.yaml in its folders secrets/ and pii/ are read", dir);
}

cu_err cu_rules_digest(const char *catalog_dir, const char *extra, cu_sha256 *out, cu_fault *f)
{
    char dir[PATH_MAX];
    cu_hasher *h = cu_hasher_new(CU_NONE);
    if (!h)
        return CU_NOMEM;
    snprintf(dir, sizeof dir, "%s/rules", catalog_dir);
    cu_hasher_add(h, cu_str(CUSTOS_VERSION));
    for (int t = 0; t < CU_TYPE_COUNT; t++) /* types are numbers there */
        cu_hasher_add(h, cu_str(cu_type_name((cu_type)t)));
    cu_err e = digest_dir(dir, h, f);
    if (e == CU_OK && extra)
        e = digest_dir(extra, h, f);
    if (e == CU_OK)
        cu_hasher_end(h, out);
    else
        cu_hasher_drop(h);
    return e;
}

/* "": it is not beside the program. */
static const char *image_beside(const char *name, char *found, size_t n)
{
    char same[64], share[64];
    snprintf(same, sizeof same, "%s", name);
    snprintf(share, sizeof share, "../share/custos/%s", name);
    if (!cu_program_file((const char *const[]){same, share, NULL}, found, n))
        *found = 0;
    return found;
}

const char *cu_rules_image_path(void)
{
    static char found[PATH_MAX];
    const char *given = getenv("CUSTOS_RULES_IMAGE");
    return given && given[0] ? given : image_beside("rules.image", found, sizeof found);
}

const char *cu_injected_image_path(void)
{
    static char found[PATH_MAX];
    return image_beside("injected.image", found, sizeof found);
}

const char *cu_catalog_dir(void)
{
    static char found[PATH_MAX + 32];
    static const char *const beside[] = {"../catalog", "../../../catalog",
                                         "../share/custos/catalog"};
    char exe[PATH_MAX];
    const char *given = getenv("CUSTOS_CATALOG");
    if (given && given[0])
        return given;
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0)
        return NULL;
    exe[n] = 0;
    *strrchr(exe, '/') = 0;
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        /* A build tree has a folder catalog/ of its own; the data is where rules/ is. */
        char rules[sizeof found + 8];
        snprintf(found, sizeof found, "%s/%s", exe, beside[i]);
        snprintf(rules, sizeof rules, "%s/rules", found);
        if (access(rules, X_OK) == 0)
            return found;
    }
    return NULL;
}
