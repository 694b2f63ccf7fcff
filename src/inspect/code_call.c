/* Calls: what goes in, what comes out, and whether a rule asks for them. */
#include "code_in.h"

static const char *const leaves[] = {"abort", "exit", "sys.exit", "os._exit", "process.exit", "os.Exit", "log.Fatal", "log.Fatalf", "_exit", "System.exit", "flask.abort"};

static bool leaves_here(cu_bytes path)
{
    for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++)
        if (cu_eq_str(path, leaves[i]))
            return true;
    return false;
}

static void note_checked(code_walk *w, TSNode call, cu_bytes path, const code_kid *object, const code_arg *args, size_t n)
{
    uint16_t safe = 0;
    for (size_t i = 0; i < w->set->parts_n; i++) {
        safe |= code_any(&w->set->parts[i]->checks, path) ? CODE_SAFE_ALL : 0;
        safe |= code_any(&w->set->parts[i]->checks_place, path) ? CODE_SAFE_PLACE : 0;
    }
    uint32_t at = ts_node_start_byte(call);
    bool no = at && (w->src.p[at - 1] == '!' || (at > 3 && memcmp(w->src.p + at - 4, "not ", 4) == 0));
    for (size_t i = 0; i < n && safe; i++)
        if (args[i].v.state != V_FIXED)
            code_checked(w, args[i].node, safe, no);
    if (object && safe)
        code_checked(w, object->node, safe, no);
}

/* From what went in to what comes out. */
static code_value outcome(code_walk *w, cu_bytes path, code_value in)
{
    code_value v = in;
    bool pure = false;
    v.known = false;
    if (code_source(w, path))
        return (code_value){.state = V_TAINTED};
    for (size_t i = 0; i < w->set->parts_n; i++) {
        const cu_code_part *p = w->set->parts[i];
        if (code_any(&p->safe_all, path))
            v.safe = CODE_SAFE_ALL;
        for (unsigned h = 0; h < CU_CODE_HARM_COUNT; h++)
            if (code_any(&p->safe[h], path))
                v.safe |= (uint16_t)(1u << h);
        if (code_any(&p->builders, path)) {
            v.built = v.built || v.state != V_FIXED;
            pure = true;
        }
        pure = pure || code_any(&p->pure, path);
    }
    if (v.state == V_FIXED && !pure) {
        v.safe = 0;
        v.state = V_UNKNOWN;
    }
    return v;
}

/* items.add(x) and items.append(x) make items what x is. */
static void fill(code_walk *w, const code_kid *object, cu_bytes path, code_value in)
{
    static const char *const ends[] = {".append", ".add", ".put", ".push", ".addAll", ".extend", ".insert", ".set", ".write", ".WriteString", ".update", ".addElement", ".setProperty", ".unshift", ".offer"};
    if (!object || object->kind != K_NAME || in.state == V_FIXED)
        return;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t n = strlen(ends[i]);
        if (path.n < n || !cu_eq_str(cu_slice(path, path.n - n, path.n), ends[i]))
            continue;
        code_name *known = name_get(w, code_of(w, object->node));
        if (known) {
            known->v = value_join(known->v, in);
            known->v.built = true;
        }
    }
}

/* The arguments, those with a name behind the others. */
static code_arg *gather(code_walk *w, const code_kid *list, size_t *n, code_value *in)
{
    code_kid *k;
    size_t kn = list ? code_kids(w, list->node, &k) : 0, before = w->pairs_n, room = kn < CODE_MAX_ARGS ? kn : CODE_MAX_ARGS;
    code_arg *args = cu_arena_raw(w->a, (room + 1) * sizeof *args);
    *n = 0;
    w->nomem = w->nomem || !args;
    for (size_t i = 0; i < kn && args; i++) {
        code_value v = code_visit(w, k[i].node);
        *in = value_join(*in, v);
        if (k[i].kind != K_PAIR && *n < room)
            args[(*n)++] = (code_arg){CU_NONE, k[i].node, v};
    }
    size_t named = w->pairs_n - before;
    code_arg *all = named && args ? cu_arena_raw(w->a, (*n + named) * sizeof *args) : NULL;
    if (all) {
        memcpy(all, args, *n * sizeof *args);
        memcpy(all + *n, w->pairs + before, named * sizeof *args);
        *n += named;
        args = all;
    }
    w->pairs_n = before;
    return args;
}

static code_value down_all(code_walk *w, const code_kid *k, size_t kn)
{
    code_value v = value_unknown();
    for (size_t i = 0; i < kn; i++)
        v = value_join(v, code_visit(w, k[i].node));
    return v;
}

code_value code_call(code_walk *w, TSNode n, code_kind kind)
{
    code_kid *k, *ck = NULL;
    size_t kn = code_kids(w, n, &k);
    const code_kid *callee = code_part_of(w, n, k, kn, 0), *list = code_part_of(w, n, k, kn, 1), *object = code_part_of(w, n, k, kn, 2);
    code_value receiver = value_fixed(CU_NONE), in = {.state = V_FIXED, .safe = CODE_SAFE_ALL};
    size_t an = 0;
    if (!callee)
        return down_all(w, k, kn);
    TSNode place = callee->node;
    cu_bytes context = w->context;
    w->context = CU_NONE; /* what is named in a call is not part of what is around it */
    if (callee->kind == K_MEMBER && kind == K_CALL) {
        size_t cn = code_kids(w, callee->node, &ck);
        object = code_part_of(w, callee->node, ck, cn, 0);
        const code_kid *last = code_part_of(w, callee->node, ck, cn, 1);
        place = last ? last->node : place;
    } else if (callee->kind != K_NAME && kind == K_CALL) {
        receiver = code_visit(w, callee->node);
    }
    if (object)
        receiver = code_visit(w, object->node);
    code_arg *args = gather(w, list, &an, &in);
    cu_bytes path = code_path(w, n), called = path.n > 2 && kind == K_CALL ? cu_slice(path, 0, path.n - 2) : path;
    if (kind == K_NEW) {
        char *made = cu_arena_fmt(w->a, "new %.*s", CU_FMT(path));
        called = made ? cu_str(made) : path;
    }
    w->context = context;
    if (w->nomem || !args)
        return value_unknown();
    for (size_t i = 0; kind == K_NEW && i < kn; i++) /* an anonymous class has a body */
        if (&k[i] != callee && &k[i] != list && k[i].field == 0)
            code_visit(w, k[i].node);
    code_match_call(w, place, called, receiver, args, an, n);
    if (w->in_condition)
        note_checked(w, n, called, object, args, an);
    if (leaves_here(called))
        w->exits++;
    fill(w, object, called, in);
    return outcome(w, called, value_join(in, receiver));
}

/* A shell's command: its name, without folder and what only stands before another. */
code_value code_command(code_walk *w, TSNode n)
{
    static const char *const before[] = {"sudo", "nohup", "time", "exec", "command", "builtin", "env", "doas"};
    code_kid *k;
    size_t kn = code_kids(w, n, &k), an = 0;
    code_arg *args = cu_arena_raw(w->a, (kn + 1) * sizeof *args);
    code_value in = {.state = V_FIXED, .safe = CODE_SAFE_ALL};
    cu_bytes name = CU_NONE;
    if (!args) {
        w->nomem = true;
        return value_unknown();
    }
    for (size_t i = 0; i < kn; i++) {
        code_value v = code_visit(w, k[i].node);
        cu_bytes t = v.known ? v.text : code_of(w, k[i].node);
        if (k[i].kind == K_ASSIGN)
            continue;
        if (!name.n) {
            size_t at = t.n;
            while (at && t.p[at - 1] != '/')
                at--;
            name = cu_slice(t, at, t.n);
            for (size_t b = 0; b < sizeof before / sizeof *before && i + 1 < kn; b++)
                if (cu_eq_str(name, before[b]))
                    name = CU_NONE;
            continue;
        }
        in = value_join(in, v);
        args[an++] = (code_arg){CU_NONE, k[i].node, v};
    }
    code_match_call(w, n, name, value_fixed(CU_NONE), args, an, n);
    return outcome(w, name, in);
}
