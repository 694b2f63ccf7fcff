/* Reads the pack of one tier: programs, rules and lists (docs/formats/commands.md). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/file.h"
#include "catalog/commands.h"
#include "packages.h"
#include "reading.h"

#define MAX_FILES 100u
#define MAX_PROGRAMS 1000u
#define MAX_SETS 32u
#define MAX_INSTALLS 200u
#define MAX_PACKAGE_LISTS 16u

static cu_err groups_of(const reading *r, const cu_yaml *n, cu_word_groups *out)
{
    if (!n)
        return CU_OK;
    if (n->kind != CU_YAML_LIST || reading_count(n) > READING_MAX_LIST)
        return reading_wrong(r, n, "a list of lists is expected");
    out->v = cu_arena_alloc(r->a, (reading_count(n) + 1) * sizeof *out->v);
    for (const cu_yaml *k = n->first; out->v && k; k = k->next)
        CU_TRY(reading_list(r, k, &out->v[out->n++]));
    return out->v ? CU_OK : CU_NOMEM;
}

static cu_err tags_of(const reading *r, const cu_yaml *n, uint32_t *out)
{
    static const char *const names[] = {
#define X(name) #name,
        CU_COMMAND_TAGS(X)
#undef X
    };
    cu_word_list l = {0};
    CU_TRY(reading_list(r, n, &l));
    for (size_t i = 0; i < l.n; i++) {
        size_t t = 0;
        while (t < CU_COMMAND_TAG_COUNT && !cu_eq_str(l.v[i], names[t]))
            t++;
        if (t == CU_COMMAND_TAG_COUNT)
            return reading_wrong(r, n, "\"%.*s\" is no tag", CU_FMT(l.v[i]));
        *out |= 1u << t;
    }
    return CU_OK;
}

static cu_err hosts_range(const reading *r, const cu_yaml *n, cu_program *p)
{
    if (!n)
        return CU_OK;
    if (n->kind == CU_YAML_SCALAR && cu_eq_str(n->text, "all")) {
        p->hosts_from = 1;
        p->hosts_to = CU_HOSTS_ALL;
        return CU_OK;
    }
    if (n->kind == CU_YAML_SCALAR && cu_eq_str(n->text, "every")) {
        p->hosts_from = 1;
        p->hosts_to = CU_HOSTS_ALL - 1;
        return CU_OK;
    }
    uint64_t at = 0;
    CU_TRY(reading_number(r, n, "hosts", 1, 9, &at));
    p->hosts_from = p->hosts_to = at;
    return CU_OK;
}

static cu_err one_program(const reading *r, const cu_yaml *n, cu_program *p)
{
    if (n->kind != CU_YAML_MAP)
        return reading_wrong(r, n, "a program is a map");
    CU_TRY(reading_only(r, n, "program", "names sub values code settings argv_options folder_options escapes scripts after host_options context_options context_env forward_options host_words host_marks not_hosts text_options hosts host_form skip run tags"));
    CU_TRY(reading_list(r, cu_yaml_get(n, "names"), &p->names));
    if (p->names.n == 0)
        return reading_wrong(r, n, "a program needs names");
    CU_TRY(reading_list(r, cu_yaml_get(n, "sub"), &p->sub));
    CU_TRY(reading_list(r, cu_yaml_get(n, "values"), &p->values));
    CU_TRY(reading_list(r, cu_yaml_get(n, "code"), &p->code));
    CU_TRY(reading_list(r, cu_yaml_get(n, "settings"), &p->settings));
    CU_TRY(reading_list(r, cu_yaml_get(n, "escapes"), &p->escapes));
    CU_TRY(reading_list(r, cu_yaml_get(n, "scripts"), &p->scripts));
    CU_TRY(reading_list(r, cu_yaml_get(n, "argv_options"), &p->argv_options));
    CU_TRY(reading_list(r, cu_yaml_get(n, "folder_options"), &p->folder_options));
    CU_TRY(reading_list(r, cu_yaml_get(n, "after"), &p->after));
    CU_TRY(reading_list(r, cu_yaml_get(n, "host_options"), &p->host_options));
    CU_TRY(reading_list(r, cu_yaml_get(n, "context_options"), &p->context_options));
    CU_TRY(reading_list(r, cu_yaml_get(n, "context_env"), &p->context_env));
    CU_TRY(reading_list(r, cu_yaml_get(n, "forward_options"), &p->forward_options));
    CU_TRY(reading_list(r, cu_yaml_get(n, "host_words"), &p->host_words));
    CU_TRY(reading_list(r, cu_yaml_get(n, "host_marks"), &p->host_marks));
    CU_TRY(reading_list(r, cu_yaml_get(n, "not_hosts"), &p->not_hosts));
    CU_TRY(reading_list(r, cu_yaml_get(n, "text_options"), &p->text_options));
    if (cu_yaml_get(n, "host_form"))
        CU_TRY(reading_word(r, cu_yaml_get(n, "host_form"), "host_form", "any told image domain", &p->host_form));
    CU_TRY(hosts_range(r, cu_yaml_get(n, "hosts"), p));
    if (cu_yaml_get(n, "skip"))
        CU_TRY(reading_number(r, cu_yaml_get(n, "skip"), "skip", 0, 9, &p->skip));
    if (cu_yaml_get(n, "run"))
        CU_TRY(reading_word(r, cu_yaml_get(n, "run"), "run", "none command shell", &p->run));
    return tags_of(r, cu_yaml_get(n, "tags"), &p->tags);
}

static cu_err rule_conditions(const reading *r, const cu_yaml *n, cu_command_rule *c)
{
    CU_TRY(reading_list(r, cu_yaml_get(n, "program"), &c->program));
    CU_TRY(groups_of(r, cu_yaml_get(n, "sub"), &c->sub));
    CU_TRY(groups_of(r, cu_yaml_get(n, "flags"), &c->flags));
    CU_TRY(groups_of(r, cu_yaml_get(n, "args"), &c->args));
    CU_TRY(reading_list(r, cu_yaml_get(n, "not_args"), &c->not_args));
    CU_TRY(reading_list(r, cu_yaml_get(n, "hosts"), &c->hosts));
    CU_TRY(tags_of(r, cu_yaml_get(n, "tags"), &c->tags));
    CU_TRY(tags_of(r, cu_yaml_get(n, "input"), &c->input));
    CU_TRY(tags_of(r, cu_yaml_get(n, "words"), &c->words));
    c->context = cu_eq_str(cu_yaml_text(n, "context", CU_NONE), "production");
    if (cu_yaml_get(n, "context") && !c->context)
        return reading_wrong(r, n, "context is \"production\"");
    if (c->hosts.n && (c->program.n || c->sub.n || c->flags.n || c->args.n || c->not_args.n || c->tags || c->input || c->words || c->context))
        return reading_wrong(r, n, "a rule for hosts has no other condition");
    if (!c->program.n && !c->args.n && !c->hosts.n && !c->tags && !c->input && !c->words && !c->context)
        return reading_wrong(r, n, "a rule needs a condition: program, args, hosts, tags, input or context");
    return CU_OK;
}

static cu_err one_rule(const reading *r, const cu_yaml *n, cu_command_rule *c)
{
    if (n->kind != CU_YAML_MAP)
        return reading_wrong(r, n, "a rule is a map");
    CU_TRY(reading_only(r, n, "rule", "id title decision message instead program sub flags args not_args hosts tags input words context match not_match"));
    c->line = n->line;
    c->file = r->path;
    CU_TRY(reading_phrase(r, n, "id", &c->id));
    CU_TRY(reading_phrase(r, n, "title", &c->title));
    CU_TRY(reading_phrase(r, n, "message", &c->message));
    CU_TRY(reading_phrase(r, n, "instead", &c->instead));
    const cu_yaml *d = cu_yaml_get(n, "decision");
    if (!d)
        return reading_wrong(r, n, "a rule needs a decision: hold or block");
    CU_TRY(reading_word(r, d, "decision", "allow hold block", &c->decision));
    if (c->decision == CU_COMMAND_ALLOW)
        return reading_wrong(r, d, "decision is hold or block; what may pass stands in permit");
    CU_TRY(rule_conditions(r, n, c));
    CU_TRY(reading_list(r, cu_yaml_get(n, "match"), &c->match));
    CU_TRY(reading_list(r, cu_yaml_get(n, "not_match"), &c->not_match));
    if (c->match.n < CU_COMMAND_MIN_EXAMPLES || c->not_match.n < CU_COMMAND_MIN_EXAMPLES)
        return reading_wrong(r, n, "a rule needs at least %u examples each in match and not_match", CU_COMMAND_MIN_EXAMPLES);
    return CU_OK;
}

static cu_err read_sets(const reading *r, const cu_yaml *n, cu_command_pack *p)
{
    for (const cu_yaml *k = n ? n->first : NULL; k; k = k->next) {
        if (p->sets_n == MAX_SETS)
            return reading_wrong(r, k, "too many sets of hosts");
        p->sets[p->sets_n].name = cu_arena_dup(r->a, k->key);
        CU_TRY(reading_list(r, k, &p->sets[p->sets_n++].hosts));
    }
    return CU_OK;
}

static cu_err read_lists(const reading *r, const cu_yaml *root, cu_command_pack *p)
{
    CU_TRY(read_sets(r, cu_yaml_get(root, "host_sets"), p));
    CU_TRY(reading_list(r, cu_yaml_get(root, "own_modules"), &p->own_modules));
    CU_TRY(reading_list(r, cu_yaml_get(root, "command_env"), &p->command_env));
    CU_TRY(reading_list(r, cu_yaml_get(root, "host_env"), &p->host_env));
    CU_TRY(reading_list(r, cu_yaml_get(root, "host_placeholders"), &p->host_placeholders));
    CU_TRY(reading_list(r, cu_yaml_get(root, "local_schemes"), &p->local_schemes));
    CU_TRY(reading_list(r, cu_yaml_get(root, "production"), &p->production));
    CU_TRY(reading_list(r, cu_yaml_get(root, "secrets"), &p->secrets));
    CU_TRY(reading_list(r, cu_yaml_get(root, "not_secrets"), &p->not_secrets));
    CU_TRY(reading_list(r, cu_yaml_get(root, "secret_options"), &p->secret_options));
    CU_TRY(reading_list(r, cu_yaml_get(root, "deny_hosts"), &p->deny_hosts));
    CU_TRY(reading_list(r, cu_yaml_get(root, "allow_hosts"), &p->allow_hosts));
    CU_TRY(reading_list(r, cu_yaml_get(root, "deny_programs"), &p->deny_programs));
    return reading_list(r, cu_yaml_get(root, "permit"), &p->permit);
}

static cu_err one_install(const reading *r, const cu_yaml *n, cu_install *in)
{
    if (n->kind != CU_YAML_MAP)
        return reading_wrong(r, n, "an entry of installs is a map");
    CU_TRY(reading_only(r, n, "install", "of program words values first"));
    CU_TRY(reading_list(r, cu_yaml_get(n, "program"), &in->program));
    CU_TRY(groups_of(r, cu_yaml_get(n, "words"), &in->words));
    CU_TRY(reading_list(r, cu_yaml_get(n, "values"), &in->values));
    in->of = cu_arena_dup(r->a, cu_yaml_text(n, "of", CU_NONE));
    in->first = cu_eq_str(cu_yaml_text(n, "first", CU_NONE), "true");
    if (in->program.n == 0 || in->of.n == 0)
        return reading_wrong(r, n, "an entry of installs needs program and of, the name of a registry");
    return CU_OK;
}

static cu_err one_call(const reading *r, const cu_yaml *n, cu_code_call *c)
{
    if (n->kind != CU_YAML_MAP)
        return reading_wrong(r, n, "an entry of calls is a map");
    CU_TRY(reading_only(r, n, "call", "names as"));
    CU_TRY(reading_list(r, cu_yaml_get(n, "names"), &c->names));
    CU_TRY(reading_list(r, cu_yaml_get(n, "as"), &c->as));
    return c->names.n && c->as.n ? CU_OK : reading_wrong(r, n, "an entry of calls needs names, and as, the words of a command");
}

static cu_err one_manifest(const reading *r, const cu_yaml *n, cu_manifest *m)
{
    static const char *const forms[] = {"lines", "json", "toml", "go", "maven", "gradle", "python", "script"};
    if (n->kind != CU_YAML_MAP)
        return reading_wrong(r, n, "an entry of manifests is a map");
    CU_TRY(reading_only(r, n, "manifest", "of files langs form tables arrays not not_in_part as"));
    CU_TRY(reading_list(r, cu_yaml_get(n, "files"), &m->files));
    CU_TRY(reading_list(r, cu_yaml_get(n, "langs"), &m->langs));
    CU_TRY(reading_list(r, cu_yaml_get(n, "tables"), &m->tables));
    CU_TRY(reading_list(r, cu_yaml_get(n, "arrays"), &m->arrays));
    CU_TRY(reading_list(r, cu_yaml_get(n, "not"), &m->not_names));
    CU_TRY(reading_list(r, cu_yaml_get(n, "not_in_part"), &m->not_in_part));
    CU_TRY(groups_of(r, cu_yaml_get(n, "as"), &m->as));
    m->of = cu_arena_dup(r->a, cu_yaml_text(n, "of", CU_NONE));
    cu_bytes form = cu_yaml_text(n, "form", CU_NONE);
    while (m->form < sizeof forms / sizeof *forms && !cu_eq_str(form, forms[m->form]))
        m->form++;
    if (m->form == sizeof forms / sizeof *forms)
        return reading_wrong(r, n, "the form of a manifest is lines, json, toml, go, maven, gradle, python or script");
    if (m->files.n == 0 || m->of.n == 0)
        return reading_wrong(r, n, "an entry of manifests needs files and of, the name of a registry");
    return CU_OK;
}

static cu_err read_root(const reading *r, const cu_yaml *root, cu_command_pack *p)
{
    CU_TRY(reading_only(r, root, "file", "programs rules installs calls manifests own_modules command_env host_env host_placeholders local_schemes host_sets production secrets not_secrets secret_options deny_hosts allow_hosts deny_programs permit"));
    const cu_yaml *programs = cu_yaml_get(root, "programs"), *rules = cu_yaml_get(root, "rules");
    for (const cu_yaml *k = programs ? programs->first : NULL; k; k = k->next) {
        if (p->programs_n == MAX_PROGRAMS)
            return reading_wrong(r, k, "too many programs");
        CU_TRY(one_program(r, k, &p->programs[p->programs_n++]));
    }
    const cu_yaml *installs = cu_yaml_get(root, "installs");
    for (const cu_yaml *k = installs ? installs->first : NULL; k; k = k->next) {
        if (p->installs_n == MAX_INSTALLS)
            return reading_wrong(r, k, "too many entries of installs");
        CU_TRY(one_install(r, k, &p->installs[p->installs_n++]));
    }
    const cu_yaml *calls = cu_yaml_get(root, "calls");
    for (const cu_yaml *k = calls ? calls->first : NULL; k; k = k->next) {
        if (p->calls_n == MAX_INSTALLS)
            return reading_wrong(r, k, "too many entries of calls");
        CU_TRY(one_call(r, k, &p->calls[p->calls_n++]));
    }
    const cu_yaml *manifests = cu_yaml_get(root, "manifests");
    for (const cu_yaml *k = manifests ? manifests->first : NULL; k; k = k->next) {
        if (p->manifests_n == MAX_INSTALLS)
            return reading_wrong(r, k, "too many entries of manifests");
        CU_TRY(one_manifest(r, k, &p->manifests[p->manifests_n++]));
    }
    for (const cu_yaml *k = rules ? rules->first : NULL; k; k = k->next) {
        if (p->rules_n == CU_COMMAND_MAX_RULES)
            return reading_wrong(r, k, "too many rules");
        CU_TRY(one_rule(r, k, &p->rules[p->rules_n]));
        for (size_t i = 0; i < p->rules_n; i++)
            if (strcmp(p->rules[i].id, p->rules[p->rules_n].id) == 0)
                return reading_wrong(r, k, "the id \"%s\" is given twice", p->rules[i].id);
        p->rules_n++;
    }
    return read_lists(r, root, p);
}

static bool ends_in(cu_bytes name, const char *end)
{
    return name.n > strlen(end) && name.p[0] != '.' && cu_eq_str(cu_slice(name, name.n - strlen(end), name.n), end);
}

static bool is_package_list(cu_bytes name)
{
    return ends_in(name, CU_PACKAGES_SUFFIX);
}

static cu_err one_file(const char *from, const cu_pack_file *file, cu_arena *a, cu_command_pack *p, cu_hasher *h, cu_fault *f)
{
    const cu_yaml *root;
    cu_fault inner = {0};
    reading r = {cu_arena_fmt(a, "%s/%.*s", from, CU_FMT(file->name)), a, f};
    if (!r.path)
        return CU_NOMEM;
    cu_hasher_add(h, CU_LIT("/"));
    cu_hasher_add(h, file->name);
    cu_hasher_add(h, file->text);
    if (is_package_list(file->name)) {
        if (p->packages_n == MAX_PACKAGE_LISTS)
            return cu_fail(f, CU_TOO_BIG, "%s: more than %u lists of packages", from, MAX_PACKAGE_LISTS);
        return packages_read(r.path, file->name, file->text, &p->packages[p->packages_n++], f);
    }
    cu_err e = cu_yaml_parse(file->text, a, &root, &inner);
    if (e == CU_OK)
        return read_root(&r, root, p);
    if (f)
        f->line = inner.line;
    return cu_fail(f, e, "%s:%u: %s", r.path, inner.line, inner.text[0] ? inner.text : cu_err_text(e));
}

static int is_read(const struct dirent *d)
{
    return ends_in(cu_str(d->d_name), ".yaml") || is_package_list(cu_str(d->d_name));
}

cu_err cu_command_pack_read(const char *from, const cu_pack_file *v, size_t n, cu_arena *a, cu_command_pack *out, cu_fault *f)
{
    cu_hasher *h = cu_hasher_new(CU_NONE);
    cu_err e = h ? CU_OK : CU_NOMEM;
    *out = (cu_command_pack){0};
    out->programs = cu_arena_alloc(a, MAX_PROGRAMS * sizeof *out->programs);
    out->rules = cu_arena_alloc(a, CU_COMMAND_MAX_RULES * sizeof *out->rules);
    out->sets = cu_arena_alloc(a, MAX_SETS * sizeof *out->sets);
    out->installs = cu_arena_alloc(a, MAX_INSTALLS * sizeof *out->installs);
    out->manifests = cu_arena_alloc(a, MAX_INSTALLS * sizeof *out->manifests);
    out->calls = cu_arena_alloc(a, MAX_INSTALLS * sizeof *out->calls);
    out->packages = cu_arena_alloc(a, MAX_PACKAGE_LISTS * sizeof *out->packages);
    if (!out->programs || !out->rules || !out->sets || !out->installs || !out->manifests || !out->calls || !out->packages)
        e = CU_NOMEM;
    for (size_t i = 0; i < n && e == CU_OK; i++)
        e = one_file(from, &v[i], a, out, h, f);
    if (h && e == CU_OK)
        cu_hasher_end(h, &out->digest);
    else if (h)
        cu_hasher_drop(h);
    return e;
}

static cu_err read_file(const char *dir, const char *name, cu_arena *a, cu_pack_file *out, cu_fault *f)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(is_package_list(cu_str(name)) ? CU_PACKAGES_MAX_BYTES : CU_YAML_MAX_BYTES);
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
        return cu_fail(f, CU_TOO_BIG, "%s: the path is too long", dir);
    cu_err e = cu_file_read(AT_FDCWD, path, &b);
    if (e != CU_OK)
        return cu_fail(f, e, "%s: %s", path, cu_err_text(e));
    *out = (cu_pack_file){cu_arena_dup(a, cu_str(name)), cu_arena_dup(a, cu_buf_view(&b))};
    return out->name.p && (out->text.p || !b.n) ? CU_OK : CU_NOMEM;
}

cu_err cu_command_pack_files(const char *dir, cu_arena *a, cu_pack_file **v, size_t *n, cu_fault *f)
{
    struct dirent **names = NULL;
    int found = scandir(dir, &names, is_read, alphasort);
    *n = 0;
    if (found < 0)
        return cu_fail(f, cu_errno_err(errno), "%s: %s", dir, strerror(errno));
    cu_err e = found == 0 || found > (int)MAX_FILES ? cu_fail(f, CU_NOT_FOUND, "%s holds %d files *.yaml and *.packages; 1 to %u are read", dir, found, MAX_FILES) : CU_OK;
    *v = cu_arena_alloc(a, MAX_FILES * sizeof **v);
    if (e == CU_OK && !*v)
        e = CU_NOMEM;
    for (int i = 0; i < found && e == CU_OK; i++)
        e = read_file(dir, names[i]->d_name, a, &(*v)[(*n)++], f);
    for (int i = 0; i < found; i++)
        free(names[i]);
    free(names);
    return e;
}

cu_err cu_command_pack_load(const char *dir, cu_arena *a, cu_command_pack *out, cu_fault *f)
{
    cu_pack_file *v;
    size_t n;
    CU_TRY(cu_command_pack_files(dir, a, &v, &n, f));
    return cu_command_pack_read(dir, v, n, a, out, f);
}
