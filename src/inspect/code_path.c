/* The name of an expression: a.b.c(), with what an import, a type or an earlier call says. */
#include "code_in.h"
#include "glob.h"

static void put(cu_buf *b, cu_bytes t)
{
    if (t.n > CODE_MAX_PATH)
        t = cu_slice(t, t.n - CODE_MAX_PATH, t.n);
    cu_buf_add(b, t);
}

static void path_into(code_walk *w, TSNode n, cu_buf *b, unsigned depth);

static void of_call(code_walk *w, TSNode n, cu_buf *b, unsigned depth, bool creates)
{
    code_kid *k;
    size_t kn = code_kids(w, n, &k);
    const code_kid *callee = code_part_of(w, n, k, kn, 0), *object = code_part_of(w, n, k, kn, 2);
    if (object) { /* of Java: object and name stand beside each other */
        path_into(w, object->node, b, depth + 1);
        cu_buf_byte(b, '.');
    }
    if (callee)
        path_into(w, callee->node, b, depth + 1);
    if (!creates)
        cu_buf_str(b, "()");
}

static void path_into(code_walk *w, TSNode n, cu_buf *b, unsigned depth)
{
    code_kid *k;
    if (depth > CODE_MAX_DEPTH / 4 || w->nomem || b->n > 8 * CODE_MAX_PATH)
        return;
    code_kind kind = code_kind_of(w, n);
    if (kind == K_NAME) {
        code_name *known = name_get(w, code_of(w, n));
        put(b, known && known->path.n ? known->path : code_of(w, n));
        return;
    }
    if (kind == K_CALL || kind == K_NEW) {
        of_call(w, n, b, depth, kind == K_NEW);
        return;
    }
    if (kind == K_STRING) {
        cu_buf_str(b, "''");
        return;
    }
    size_t kn = code_kids(w, n, &k);
    if (kind == K_MEMBER || kind == K_INDEX) {
        const code_kid *object = code_part_of(w, n, k, kn, 0), *part = code_part_of(w, n, k, kn, 1);
        if (object)
            path_into(w, object->node, b, depth + 1);
        bool named = part && (kind == K_MEMBER || part->kind == K_STRING); /* a["b"] is a.b; a[i] is a.@ */
        cu_buf_byte(b, '.');
        put(b, !named ? CU_LIT("@") : kind == K_MEMBER ? code_of(w, part->node) : code_unquote(code_of(w, part->node)));
        return;
    }
    if (kn == 1 && kind == K_DOWN) { /* parentheses, await */
        path_into(w, k[0].node, b, depth + 1);
        return;
    }
    put(b, kn == 0 ? code_of(w, n) : CU_LIT("?"));
}

/* java.security.MessageDigest is MessageDigest; *http.Request is http.Request. */
static cu_bytes without_package(const code_walk *w, cu_bytes p)
{
    static const char *const roots[] = {"java.", "javax.", "jakarta.", "org.", "com."};
    while (p.n && (p.p[0] == '*' || p.p[0] == '&'))
        p = cu_slice(p, 1, p.n);
    if (w->set != &w->c->set[CU_CODE_java])
        return p;
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
        for (size_t k = strlen(roots[i]); cu_starts(p, cu_str(roots[i])) && k < p.n; k++)
            if (p.p[k] >= 'A' && p.p[k] <= 'Z')
                return cu_slice(p, p.p[k - 1] == '.' ? k : 0, p.n);
    return p;
}

cu_bytes code_path(code_walk *w, TSNode n)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(64u << 10);
    path_into(w, n, &b, 0);
    cu_bytes t = cu_buf_view(&b);
    if (t.n > CODE_MAX_PATH)
        t = cu_slice(t, t.n - CODE_MAX_PATH, t.n);
    cu_bytes out = cu_arena_dup(w->a, without_package(w, t));
    w->nomem = w->nomem || (t.n && !out.p);
    return out;
}
