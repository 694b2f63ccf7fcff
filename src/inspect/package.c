/* Packages that a command installs or runs, or a file names, held against lists of those that exist. */
#include "walk.h"

static bool begins(cu_bytes t, const char *s)
{
    return cu_starts(t, cu_str(s));
}

/* A file, a folder, an address: no name that a registry is asked for. */
static bool elsewhere(cu_bytes of, cu_bytes t)
{
    static const char *const ends[] = {".whl", ".tar.gz", ".tgz", ".zip", ".gem", ".crate", ".txt", ".toml"};
    bool scoped = cu_eq_str(of, "npm") && begins(t, "@");
    if (!t.n || memchr("./~-", t.p[0], 4) || cu_find(t, CU_LIT("://"), 0) != SIZE_MAX || begins(t, "git+") || begins(t, "file:") || begins(t, "git@") || begins(t, "github:"))
        return true;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (t.n > strlen(ends[i]) && cu_eq_str(cu_slice(t, t.n - strlen(ends[i]), t.n), ends[i]))
            return true;
    return memchr(t.p, '/', t.n) && !scoped && !cu_eq_str(of, "packagist") && !cu_eq_str(of, "go");
}

/* name of name==1.2, name[extra]>=1, name@^1, @scope/name@1, vendor/name:^1 */
static cu_bytes name_in(cu_bytes of, cu_bytes t)
{
    size_t end = t.n && t.p[0] == '@', at = cu_eq_str(of, "go") ? cu_find(t, CU_LIT("@"), 0) : SIZE_MAX;
    if (cu_eq_str(of, "go")) /* github.com/x/y@v1 */
        return cu_slice(t, 0, at == SIZE_MAX ? t.n : at);
    if (cu_eq_str(of, "maven")) { /* group:artifact:version */
        size_t group = cu_find(t, CU_LIT(":"), 0), artifact = group == SIZE_MAX ? SIZE_MAX : cu_find(t, CU_LIT(":"), group + 1);
        return cu_slice(t, 0, artifact == SIZE_MAX ? t.n : artifact);
    }
    while (end < t.n && !memchr("=<>!~^;@[( ,:", t.p[end], 13))
        end++;
    return cu_slice(t, 0, end);
}

void package_named(walk *w, cu_bytes of, cu_bytes t)
{
    char room[CU_PACKAGE_MAX_NAME];
    size_t alias = cu_eq_str(of, "npm") ? cu_find(t, CU_LIT("npm:"), 0) : SIZE_MAX;
    if (alias != SIZE_MAX) /* alias@npm:@scope/name@1 */
        t = cu_slice(t, alias + 4, t.n);
    if (elsewhere(of, t))
        return;
    bool open = memchr(t.p, OPEN, t.n) != NULL;
    cu_bytes name = cu_package_name(of, name_in(of, t), room);
    for (unsigned tier = 0; tier < CU_TIERS; tier++) {
        const cu_command_pack *pack = w->g->packs[tier];
        for (size_t i = 0; pack && i < pack->packages_n; i++)
            if (cu_eq(pack->packages[i].of, of) && (open || !cu_package_listed(&pack->packages[i], name)))
                reason_static(w, "package-not-known", "A package that is named here is not on the list of those that exist or may be used, or is not known before the command runs.",
                              "Check the name: a model may have made it up. Use a package of the list, or ask for this one.", tier, CU_COMMAND_HOLD);
    }
}

/* A customer's own module, said by this tier or a stronger one. */
static bool is_own(const walk *w, unsigned tier, cu_bytes module)
{
    for (; tier < CU_TIERS; tier++)
        if (w->g->packs[tier] && in_any(&w->g->packs[tier]->own_modules, module))
            return true;
    return false;
}

static bool some_listed(const cu_package_list *l, const cu_bytes *names, size_t n)
{
    char room[CU_PACKAGE_MAX_NAME];
    for (size_t i = 0; i < n; i++)
        if (cu_package_listed(l, cu_package_name(l->of, names[i], room)))
            return true;
    return false;
}

void package_imported(walk *w, cu_bytes of, cu_bytes module, const cu_bytes *names, size_t n)
{
    for (unsigned tier = 0; tier < CU_TIERS; tier++) {
        const cu_command_pack *pack = w->g->packs[tier];
        for (size_t i = 0; pack && i < pack->packages_n; i++)
            if (cu_eq(pack->packages[i].of, of) && !some_listed(&pack->packages[i], names, n) && !is_own(w, tier, module))
                reason_static(w, "import-not-known", "What is imported here belongs to no package on the list of those that exist or may be used.",
                              "Check the name: a model may have made it up. Use a package of the list, ask for this one, or name modules of your own in own_modules.", tier, CU_COMMAND_HOLD);
    }
}

bool package_list_of(const walk *w, cu_bytes of)
{
    for (unsigned t = 0; t < CU_TIERS; t++)
        for (size_t i = 0; w->g->packs[t] && i < w->g->packs[t]->packages_n; i++)
            if (cu_eq(w->g->packs[t]->packages[i].of, of))
                return true;
    return false;
}

/* Of `pip install a b`: where a stands among the operands. 0: the command installs nothing of this kind. */
static size_t behind_words(const call *c, const cu_install *in, const size_t *at, size_t n)
{
    size_t i = 0;
    for (size_t k = 0; k < in->words.n; k++, i++)
        if (i >= n || !in_any(&in->words.v[k], c->argv.v[at[i]].text))
            return SIZE_MAX;
    return i;
}

static void one_install(walk *w, const call *c, const cu_install *in)
{
    const cu_program read = {.values = in->values};
    size_t at[MAX_WORDS], n = operands_of(c, &read, at, MAX_WORDS), from = behind_words(c, in, at, n);
    for (size_t i = from; i < n; i++) {
        package_named(w, in->of, c->argv.v[at[i]].text);
        if (in->first)
            return; /* what follows are words of the package's program */
    }
}

bool packages_listed(const walk *w)
{
    bool any = false;
    for (unsigned t = 0; t < CU_TIERS; t++)
        any |= w->g->packs[t] && w->g->packs[t]->packages_n;
    return any;
}

void match_packages(walk *w, const call *c, cu_bytes name)
{
    bool any = packages_listed(w);
    for (unsigned t = 0; any && t < CU_TIERS; t++)
        for (size_t i = 0; w->g->packs[t] && i < w->g->packs[t]->installs_n; i++)
            if (in_any(&w->g->packs[t]->installs[i].program, name))
                one_install(w, c, &w->g->packs[t]->installs[i]);
}
