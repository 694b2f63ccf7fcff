/* custos events: the types of entry that there are, as the registry lists them; and what is made from it. */
#include <stdio.h>
#include <string.h>
#include "catalog/rules.h"
#include "catalog/events.h"
#include "verb.h"

static void put_text(const cu_events *e, cu_buf *out)
{
    for (size_t i = 0; i < e->n; i++)
        cu_buf_fmt(out, "%-26.*s %-10.*s %-7s %.*s\n", CU_FMT(e->v[i].type), CU_FMT(e->v[i].by), cu_event_log_name(e->v[i].log), CU_FMT(e->v[i].label));
    cu_buf_fmt(out, "%zu types are written; %zu more are named by controls and written by nobody yet.\n", e->n, e->planned);
}

static int run(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_buf out CU_CLEAN_BUF = CU_BUF((size_t)4 << 20);
    cu_events *e;
    cu_fault f = {0};
    const char *dir = r->args_n ? r->args[0] : cu_catalog_dir();
    cu_arena_init(&a, (size_t)64 << 20);
    if (!dir)
        return cu_run_fail(r, CU_NOT_FOUND, "the catalogue is not beside the program; set CUSTOS_CATALOG");
    cu_err err = cu_events_load(dir, &a, &e, &f);
    if (err != CU_OK)
        return cu_run_fault(r, err, &f);
    if (cu_run_option(r, "table"))
        cu_events_markdown(e, &out);
    else if (r->json)
        cu_events_labels(e, &out);
    else
        put_text(e, &out);
    if (cu_buf_err(&out) != CU_OK)
        return cu_run_fail(r, cu_buf_err(&out), "%s", cu_err_text(cu_buf_err(&out)));
    fwrite(out.p, 1, out.n, stdout);
    return CU_EXIT_FINE;
}

const cu_verb cu_verb_events = {
    .name = "events", .group = "prove", .operands = "[DIR]", .summary = "list the types of entry that a log can hold",
    .details = "Reads events.yaml of the catalogue (or of DIR) and checks it: a type given twice, a field of an unknown type, a control that is "
               "none and an example that does not fit are refused with file and line.",
    .formats = "text|json", .options = {{"table", NULL, "the table of docs/formats/leaf.md"}}, .run = run,
};
