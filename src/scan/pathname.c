/* What the name of a file says about its content. */
#include "scan.h"
#include <strings.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/'), *bang = strrchr(path, '!');
    const char *last = bang && (!slash || bang > slash) ? bang : slash;
    return last ? last + 1 : path;
}

static bool ends(const char *name, const char *with)
{
    size_t n = strlen(name), k = strlen(with);
    return n >= k && strcasecmp(name + n - k, with) == 0;
}

bool cu_notebook_name(const char *path)
{
    return ends(path, ".ipynb");
}

/* Written by a tool, not by a person: hashes in it are expected. */
bool cu_generated_name(const char *path)
{
    static const char *const names[] = {
        "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock",
        "composer.lock", "Cargo.lock", "Gemfile.lock", "poetry.lock", "Pipfile.lock", "uv.lock",
        "go.sum", "flake.lock", "mix.lock", "pubspec.lock", "Podfile.lock", "packages.lock.json",
        "gradle.lockfile", ".terraform.lock.hcl", "deno.lock",
    };
    static const char *const endings[] = {".min.js", ".min.css", ".js.map", ".css.map", ".pb.go",
                                          "_pb2.py"};
    static const char *const folders[] = {"node_modules/", "vendor/", "third_party/", "bower_components/",
                                          "site-packages/"};
    const char *name = base_name(path);
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    for (size_t i = 0; i < COUNT(endings); i++)
        if (ends(name, endings[i]))
            return true;
    for (size_t i = 0; i < COUNT(folders); i++) {
        const char *at = strstr(path, folders[i]);
        if (at && (at == path || at[-1] == '/'))
            return true;
    }
    return false;
}

static bool is_one_of(const char *text, const char *const *of, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (strcasecmp(text, of[k]) == 0)
            return true;
    return false;
}

/* Past a number or a version: "-2021" of ChangeLog-2021, "-15-2" of release-15-2.sgml, ".1" of changelog.1. */
static const char *past_version(const char *rest)
{
    size_t n = strspn(rest, "-_.0123456789");
    return rest + n - (n > 0 && rest[n] && rest[n - 1] == '.');
}

/* What changed in a version: docs/releases/4.2.txt, RelNotes/2.39.1.txt. */
static bool in_release_notes(const char *path, const char *name)
{
    static const char *const folders[] = {"relnotes", "release-notes", "release_notes", "releasenotes", "releases", "changelogs"};
    static const char *const endings[] = {".md", ".txt", ".rst", ".adoc", ".org", ".sgml", ".html"};
    const char *ending = strrchr(name, '.');
    if (!ending || !is_one_of(ending, endings, sizeof endings / sizeof *endings) || strcspn(name, "0123456789") == strlen(name))
        return false;
    for (size_t i = 0; i < COUNT(folders); i++) {
        size_t n = strlen(folders[i]);
        if (name - path > (ptrdiff_t)n && strncasecmp(name - 1 - n, folders[i], n) == 0 && (name - path == (ptrdiff_t)n + 1 || name[-2 - (ptrdiff_t)n] == '/'))
            return true;
    }
    return false;
}

/* A file that says who wrote what: AUTHORS, THANKS.md, ChangeLog-2021, debian/changelog, release-15.sgml, de.po. */
bool cu_credits_name(const char *path)
{
    static const char *const names[] = {"authors", "contributors", "credits", "thanks", "maintainers", "codeowners", "owners", ".mailmap",
                                        "changelog", "changes", "news", "release-notes", "release_notes", "releasenotes", "relnotes", "release", "copyright"};
    /* .Debian and .upstream: Debian Policy 12.7, debhelper's dh_installchangelogs */
    static const char *const endings[] = {"", ".md", ".txt", ".rst", ".in", ".adoc", ".org", ".sgml", ".html", ".debian", ".upstream"};
    const char *name = base_name(path);
    for (size_t i = 0; i < COUNT(names); i++) {
        size_t n = strlen(names[i]);
        if (strncasecmp(name, names[i], n) != 0)
            continue;
        const char *rest = past_version(name + n);
        if (rest == name + n && strcmp(names[i], "release") == 0) /* a program, or of one version */
            continue;
        if (is_one_of(rest, endings, COUNT(endings)))
            return true;
    }
    return ends(name, ".po") || ends(name, ".pot") || in_release_notes(path, name);
}

/* Changes with a head that says who wrote them, as git format-patch and quilt write them. */
bool cu_changes_name(const char *path)
{
    return ends(path, ".patch") || ends(path, ".diff");
}

static bool ends_in_one_of(const char *name, const char *const *endings, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ends(name, endings[i]))
            return true;
    return false;
}

/* Is one of the folders on the way to `name` one of these? */
static bool below_one_of(const char *path, const char *name, const char *const *folders, size_t n)
{
    for (const char *part = path; part < name; part += strcspn(part, "/!") + 1)
        for (size_t i = 0; i < n; i++)
            if (strcspn(part, "/!") == strlen(folders[i]) && strncmp(part, folders[i], strlen(folders[i])) == 0)
                return true;
    return false;
}

/* What prove(1) of Perl runs, and git's tests: t/NAME.t, t/NAME.sh; what pg_regress of PostgreSQL runs and compares:
 * queries below regress/, output in expected/. */
static bool of_a_test_run(const char *path, const char *name)
{
    static const char *const scripts[] = {".t", ".sh", ".pl", ".pm"}, *const queries[] = {".sql", ".out"}, *const outputs[] = {".out"};
    static const char *const t[] = {"t"}, *const regress[] = {"regress"}, *const expected[] = {"expected"};
    return (ends_in_one_of(name, scripts, COUNT(scripts)) && below_one_of(path, name, t, 1)) ||
           (ends_in_one_of(name, queries, COUNT(queries)) && below_one_of(path, name, regress, 1)) ||
           (ends_in_one_of(name, outputs, COUNT(outputs)) && below_one_of(path, name, expected, 1));
}

/* Program text that tests program text, and output that it is held against; no data beside it. */
bool cu_test_source(const char *path)
{
    static const char *const sources[] = {".c", ".h", ".cc", ".cpp", ".cs", ".go", ".java", ".js", ".jsx", ".kt", ".lua", ".mjs", ".php", ".pl",
                                          ".pm", ".py", ".rb", ".rs", ".scala", ".sh", ".swift", ".t", ".ts", ".tsx"};
    static const char *const folders[] = {"test", "tests", "__tests__", "spec", "specs", "testing", "unittest", "unittests"};
    static const char *const marks[] = {"_test.", ".test.", ".spec.", "_spec.", "Test.java", "Tests.java", "IT.java", "Test.kt", "Tests.cs", "Test.php"};
    const char *name = base_name(path);
    if (of_a_test_run(path, name))
        return true;
    if (!ends_in_one_of(name, sources, COUNT(sources)))
        return false;
    if (strncmp(name, "test_", 5) == 0 || strcmp(name, "conftest.py") == 0 || strcmp(name, "tests.py") == 0)
        return true;
    for (size_t i = 0; i < COUNT(marks); i++)
        if (strstr(name, marks[i]))
            return true;
    return below_one_of(path, name, folders, COUNT(folders));
}
