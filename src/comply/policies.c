#include "comply/policies.h"
#include <stdio.h>
#include "reading.h"

/* The name between { and }, from at on; the place behind it, or 0 when there is no fact there. */
static size_t fact_at(cu_bytes text, size_t at, cu_bytes *name)
{
    size_t i = at + 1;
    if (text.p[at] != '{')
        return 0;
    while (i < text.n && ((text.p[i] >= 'a' && text.p[i] <= 'z') || text.p[i] == '_'))
        i++;
    *name = cu_slice(text, at + 1, i);
    return i < text.n && text.p[i] == '}' && i > at + 1 ? i + 1 : 0;
}

static cu_err check_facts(const reading *r, const cu_yaml *n, cu_bytes text, cu_policy_knows_fn knows)
{
    cu_bytes name;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '{')
            continue;
        if (!fact_at(text, i, &name))
            return wrong_at(r, n, "a { begins a fact, such as {vendors}");
        if (!knows(name))
            return wrong_at(r, n, "there is no fact {%.*s}", (int)(name.n < 40 ? name.n : 40), (const char *)name.p);
    }
    return CU_OK;
}

static cu_err read_sections(const reading *r, const cu_yaml *n, cu_policy_knows_fn knows, cu_policy_text *p)
{
    const cu_yaml *list = cu_yaml_get(n, "sections");
    for (const cu_yaml *k = list ? list->first : NULL; k; k = k->next) {
        if (p->sections_n == CU_POLICY_SECTIONS)
            return wrong_at(r, k, "at most %u sections are possible", CU_POLICY_SECTIONS);
        cu_policy_section *s = &p->sections[p->sections_n++];
        CU_TRY(read_only_keys(r, k, "heading text"));
        CU_TRY(read_needed(r, k, "heading", &s->heading));
        CU_TRY(read_needed(r, k, "text", &s->text));
        CU_TRY(check_facts(r, k, s->text, knows));
    }
    return p->sections_n ? CU_OK : wrong_at(r, n, "sections is a list");
}

static cu_err read_policy(const reading *r, const cu_yaml *n, const cu_catalogue *c, cu_policy_knows_fn knows, cu_policy_text *p)
{
    const cu_yaml *controls = cu_yaml_get(n, "controls");
    CU_TRY(read_only_keys(r, n, "id title owner_role controls review_days acknowledged sections"));
    CU_TRY(read_needed(r, n, "id", &p->id));
    CU_TRY(read_needed(r, n, "title", &p->title));
    CU_TRY(read_needed(r, n, "owner_role", &p->owner_role));
    CU_TRY(read_days(r, n, "review_days", &p->review_days));
    p->acknowledged = cu_eq_str(cu_yaml_text(n, "acknowledged", CU_NONE), "true");
    for (const cu_yaml *k = controls ? controls->first : NULL; k; k = k->next) {
        const cu_control *control = cu_control_find(c, k->text);
        if (!control || p->controls_n == CU_POLICY_CONTROLS)
            return wrong_at(r, k, "controls.yaml has no control of this id, or there are more than %u", CU_POLICY_CONTROLS);
        p->controls[p->controls_n++] = control;
    }
    if (!p->controls_n)
        return wrong_at(r, n, "a policy serves at least one control");
    return read_sections(r, n, knows, p);
}

const cu_policy_text *cu_policy_find(const cu_policies *p, cu_bytes id)
{
    for (size_t i = 0; i < p->n; i++)
        if (cu_eq(p->v[i].id, id))
            return &p->v[i];
    return NULL;
}

cu_err cu_policies_load(const char *dir, const cu_events *e, const cu_catalogue *c, cu_policy_knows_fn knows, cu_arena *a, cu_policies **out, cu_fault *f)
{
    char path[4096];
    const cu_yaml *root;
    cu_policies *p = cu_arena_alloc(a, sizeof *p);
    snprintf(path, sizeof path, "%s/policies.yaml", dir);
    const reading r = {path, e, f};
    CU_TRY(cu_yaml_load(path, a, &root, f));
    CU_TRY(read_only_keys(&r, root, "schema_version policies"));
    const cu_yaml *list = cu_yaml_get(root, "policies");
    if (p)
        p->v = cu_arena_alloc(a, CU_POLICIES_MAX * sizeof *p->v);
    if (!p || !p->v)
        return CU_NOMEM;
    for (const cu_yaml *n = list ? list->first : NULL; n; n = n->next) {
        if (p->n == CU_POLICIES_MAX)
            return wrong_at(&r, n, "at most %u policies are possible", CU_POLICIES_MAX);
        CU_TRY(read_policy(&r, n, c, knows, &p->v[p->n]));
        if (cu_policy_find(p, p->v[p->n].id))
            return wrong_at(&r, n, "this policy is given twice");
        p->n++;
    }
    *out = p;
    return p->n ? CU_OK : wrong_at(&r, root, "policies is a list");
}

cu_err cu_policy_fill(cu_bytes text, const cu_policy_fact *facts, size_t n, bool *used, cu_buf *out)
{
    cu_bytes name;
    for (size_t i = 0; i < text.n;) {
        size_t end = fact_at(text, i, &name), k = 0;
        if (!end) {
            cu_buf_byte(out, text.p[i++]);
            continue;
        }
        while (k < n && !cu_eq_str(name, facts[k].name))
            k++;
        if (k == n)
            return CU_NOT_FOUND;
        if (used)
            used[k] = true;
        cu_buf_str(out, facts[k].value);
        i = end;
    }
    return cu_buf_err(out);
}

cu_err cu_policy_print(const cu_policy_text *p, const cu_policy_fact *facts, size_t n, bool *used, cu_buf *out)
{
    cu_buf_fmt(out, "%.*s\n", CU_FMT(p->title));
    for (size_t i = 0; i < p->sections_n; i++) {
        cu_buf_fmt(out, "\n%.*s\n", CU_FMT(p->sections[i].heading));
        CU_TRY(cu_policy_fill(p->sections[i].text, facts, n, used, out));
        cu_buf_byte(out, '\n');
    }
    return cu_buf_err(out);
}
