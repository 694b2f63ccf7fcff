#include "comply/hook.h"
#include <jansson.h>

/* By a path of members: "head_commit.author.username". */
static const json_t *at(const json_t *v, const char *path)
{
    char name[64];
    while (v && *path) {
        size_t n = strcspn(path, ".");
        if (n >= sizeof name)
            return NULL;
        memcpy(name, path, n);
        name[n] = 0;
        v = json_object_get(v, name);
        path += n + (path[n] == '.');
    }
    return v;
}

static const char *text_at(const json_t *v, const char *path)
{
    const char *s = json_string_value(at(v, path));
    return s ? s : "";
}

static bool has(const json_t *v, const char *path, const char *word)
{
    return strcmp(text_at(v, path), word) == 0;
}

static cu_err take(char *to, size_t room, const char *text, const char *what, cu_fault *f)
{
    size_t n = strlen(text);
    if (n == 0 || n >= room)
        return cu_fail(f, CU_SYNTAX, n ? "%s is longer than %zu bytes" : "%s is missing", what, room - 1);
    memcpy(to, text, n + 1);
    return CU_OK;
}

static cu_err take_commit(cu_hook *out, const char *text, cu_fault *f)
{
    size_t n = strlen(text);
    if ((n != 40 && n != 64) || strspn(text, "0123456789abcdef") != n)
        return cu_fail(f, CU_SYNTAX, "the commit is no SHA-1 or SHA-256 in lower-case hexadecimal digits");
    memcpy(out->commit, text, n + 1);
    return CU_OK;
}

/* The first line, as far as there is room, whole characters. */
static void take_title(cu_hook *out, const char *message)
{
    size_t n = strcspn(message, "\r\n");
    if (n >= sizeof out->title)
        for (n = sizeof out->title - 1; n && ((uint8_t)message[n] & 0xc0) == 0x80; n--)
            ;
    memcpy(out->title, message, n);
    out->title[n] = 0;
}

static cu_err take_user(cu_hook *out, const json_t *v, const char *const *paths, size_t n, cu_fault *f)
{
    size_t i = 0;
    while (i + 1 < n && !*text_at(v, paths[i]))
        i++;
    return take(out->user, sizeof out->user, text_at(v, paths[i]), paths[i], f);
}

static bool is_zero(const char *commit)
{
    return strspn(commit, "0") == strlen(commit);
}

/* Tags, and branches that were deleted, are nothing. */
static cu_err push(cu_hook_kind kind, const json_t *v, cu_hook *out, cu_fault *f)
{
    static const char *const github[] = {"head_commit.author.username", "head_commit.author.email", "pusher.name"}, *const gitlab[] = {"user_username", "user_email"},
                      *const gitea[] = {"head_commit.author.username", "pusher.login", "pusher.username"};
    const char *ref = text_at(v, "ref"), *after = text_at(v, "after");
    const json_t *list = at(v, "commits"), *x;
    size_t i;
    if (strncmp(ref, "refs/heads/", 11) != 0 || is_zero(after))
        return CU_OK;
    CU_TRY(take_commit(out, after, f));
    CU_TRY(take(out->branch, sizeof out->branch, ref + 11, "ref", f));
    CU_TRY(take(out->repo, sizeof out->repo, text_at(v, kind == CU_HOOK_GITLAB ? "project.path_with_namespace" : "repository.full_name"), "the repository's name", f));
    CU_TRY(kind == CU_HOOK_GITHUB ? take_user(out, v, github, 3, f) : kind == CU_HOOK_GITLAB ? take_user(out, v, gitlab, 2, f) : take_user(out, v, gitea, 3, f));
    take_title(out, text_at(v, "head_commit.message"));
    json_array_foreach(list, i, x)
        if (!out->title[0] && has(x, "id", out->commit))
            take_title(out, text_at(x, "message"));
    out->what = CU_HOOK_PUSH;
    return CU_OK;
}

static cu_err request(cu_hook_what what, const json_t *v, const char *commit, const char *user, const char *repo, const char *into, cu_hook *out, cu_fault *f)
{
    CU_TRY(take_commit(out, commit, f));
    CU_TRY(take(out->user, sizeof out->user, user, "the user", f));
    CU_TRY(take(out->repo, sizeof out->repo, repo, "the repository's name", f));
    CU_TRY(take(out->branch, sizeof out->branch, into, "the branch", f));
    take_title(out, *text_at(v, "pull_request.title") ? text_at(v, "pull_request.title") : text_at(v, "object_attributes.title"));
    out->what = what;
    return CU_OK;
}

/* GitHub and Gitea: pull requests and what is said of them. A review is of the commit that it looked at. */
static cu_err pull(cu_bytes event, const json_t *v, cu_hook *out, cu_fault *f)
{
    const char *repo = text_at(v, "repository.full_name"), *into = text_at(v, "pull_request.base.ref"), *head = text_at(v, "pull_request.head.sha");
    bool review = cu_eq_str(event, "pull_request_review"), submitted = review && has(v, "action", "submitted");
    bool yes = (submitted && has(v, "review.state", "approved")) || cu_eq_str(event, "pull_request_approved");
    bool no = (submitted && has(v, "review.state", "changes_requested")) || cu_eq_str(event, "pull_request_rejected");
    if (yes || no) {
        const char *of = *text_at(v, "review.commit_id") ? text_at(v, "review.commit_id") : head;
        out->approved = yes;
        return request(CU_HOOK_REVIEW, v, of, *text_at(v, "review.user.login") ? text_at(v, "review.user.login") : text_at(v, "sender.login"), repo, into, out, f);
    }
    if (cu_eq_str(event, "pull_request") && has(v, "action", "closed") && json_is_true(at(v, "pull_request.merged")))
        return request(CU_HOOK_MERGE, v, head, text_at(v, "sender.login"), repo, into, out, f);
    return CU_OK;
}

static cu_err merge_request(const json_t *v, cu_hook *out, cu_fault *f)
{
    const char *action = text_at(v, "object_attributes.action"), *commit = text_at(v, "object_attributes.last_commit.id"), *user = text_at(v, "user.username");
    const char *repo = text_at(v, "project.path_with_namespace"), *into = text_at(v, "object_attributes.target_branch");
    bool yes = strcmp(action, "approved") == 0 || strcmp(action, "approval") == 0, no = strcmp(action, "unapproved") == 0 || strcmp(action, "unapproval") == 0;
    if (yes || no) {
        out->approved = yes;
        return request(CU_HOOK_REVIEW, v, commit, user, repo, into, out, f);
    }
    return strcmp(action, "merge") == 0 ? request(CU_HOOK_MERGE, v, commit, user, repo, into, out, f) : CU_OK;
}

static cu_err read_object(cu_hook_kind kind, cu_bytes event, const json_t *v, cu_hook *out, cu_fault *f)
{
    if (cu_eq_str(event, kind == CU_HOOK_GITLAB ? "Push Hook" : "push"))
        return push(kind, v, out, f);
    if (kind != CU_HOOK_GITLAB)
        return pull(event, v, out, f);
    return cu_eq_str(event, "Merge Request Hook") ? merge_request(v, out, f) : CU_OK;
}

cu_err cu_hook_read(cu_hook_kind kind, cu_bytes event, cu_bytes body, cu_hook *out, cu_fault *f)
{
    json_error_t wrong;
    *out = (cu_hook){0};
    if (body.n > CU_HOOK_MAX)
        return cu_fail(f, CU_TOO_BIG, "a webhook has at most %zu bytes", CU_HOOK_MAX);
    json_t *v = body.n ? json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, &wrong) : NULL;
    if (!json_is_object(v)) {
        json_decref(v);
        return cu_fail(f, CU_SYNTAX, "the body is no JSON object%s%.100s", body.n && !v ? ": " : "", body.n && !v ? wrong.text : "");
    }
    cu_err e = read_object(kind, event, v, out, f);
    json_decref(v);
    if (e != CU_OK)
        *out = (cu_hook){0};
    return e;
}
