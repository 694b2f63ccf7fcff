/* What the name of a file says about its content. */
#include "scan.h"
#include <strings.h>

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
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends(name, endings[i]))
            return true;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        const char *at = strstr(path, folders[i]);
        if (at && (at == path || at[-1] == '/'))
            return true;
    }
    return false;
}

/* A file that says who wrote what: AUTHORS, THANKS.md, ChangeLog-2021, debian/changelog, de.po. */
bool cu_credits_name(const char *path)
{
    static const char *const names[] = {"authors", "contributors", "credits", "thanks", "maintainers", "codeowners", "owners", ".mailmap",
                                        "changelog", "changes", "news", "release-notes", "copyright"};
    static const char *const endings[] = {"", ".md", ".txt", ".rst", ".in", ".adoc", ".org"};
    const char *name = base_name(path);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i]);
        if (strncasecmp(name, names[i], n) != 0)
            continue;
        const char *rest = name + n;
        rest += strspn(rest, "-.0123456789") == strlen(rest) ? strlen(rest) : 0; /* ChangeLog-2021, changelog.1 */
        for (size_t k = 0; k < sizeof endings / sizeof *endings; k++)
            if (strcasecmp(rest, endings[k]) == 0)
                return true;
    }
    return ends(name, ".po") || ends(name, ".pot");
}

/* Changes with a head that says who wrote them, as git format-patch and quilt write them. */
bool cu_changes_name(const char *path)
{
    return ends(path, ".patch") || ends(path, ".diff");
}

/* Program text that tests program text; no data beside it. */
bool cu_test_source(const char *path)
{
    static const char *const sources[] = {".c", ".h", ".cc", ".cpp", ".cs", ".go", ".java", ".js", ".jsx", ".kt", ".lua", ".mjs", ".php", ".pl",
                                          ".pm", ".py", ".rb", ".rs", ".scala", ".sh", ".swift", ".t", ".ts", ".tsx"};
    static const char *const folders[] = {"test", "tests", "__tests__", "spec", "specs", "testing", "unittest", "unittests"};
    static const char *const marks[] = {"_test.", ".test.", ".spec.", "_spec.", "Test.java", "Tests.java", "IT.java", "Test.kt", "Tests.cs", "Test.php"};
    const char *name = base_name(path);
    bool source = false;
    for (size_t i = 0; i < sizeof sources / sizeof *sources && !source; i++)
        source = ends(name, sources[i]);
    if (!source)
        return false;
    if (strncmp(name, "test_", 5) == 0 || strcmp(name, "conftest.py") == 0 || strcmp(name, "tests.py") == 0)
        return true;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strstr(name, marks[i]))
            return true;
    for (const char *part = path; part < name; part += strcspn(part, "/!") + 1)
        for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
            if (strcspn(part, "/!") == strlen(folders[i]) && strncmp(part, folders[i], strlen(folders[i])) == 0)
                return true;
    return false;
}
