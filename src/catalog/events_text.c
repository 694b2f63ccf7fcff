/* What is made from the registry: the table in docs/formats/leaf.md, and labels for the console. */
#include "catalog/events.h"

static void put_field(cu_buf *b, const cu_event_field *f)
{
    cu_buf_add(b, f->name);
    cu_buf_fmt(b, " (%s%s", cu_field_type_name(f->type), f->optional ? ", not always" : "");
    for (size_t i = 0; i < f->words_n; i++) {
        cu_buf_str(b, i ? ", " : ": ");
        cu_buf_add(b, f->words[i]);
    }
    if (!cu_eq_str(f->sensitivity, "plain")) {
        cu_buf_str(b, "; ");
        cu_buf_add(b, f->sensitivity);
    }
    if (f->means.n) {
        cu_buf_str(b, "; ");
        cu_buf_add(b, f->means);
    }
    for (size_t i = 0; i < f->fields_n; i++) {
        cu_buf_str(b, i ? ", " : ": ");
        cu_buf_add(b, f->fields[i].name);
    }
    cu_buf_byte(b, ')');
}

static void put_row(cu_buf *b, const cu_event *e)
{
    cu_buf_fmt(b, "| %.*s | %.*s | %s | %.*s | ", CU_FMT(e->type), CU_FMT(e->by), cu_event_log_name(e->log), CU_FMT(e->means));
    for (size_t i = 0; i < e->fields_n; i++) {
        if (i)
            cu_buf_str(b, ", ");
        put_field(b, &e->fields[i]);
    }
    cu_buf_fmt(b, " | %.*s |", CU_FMT(e->retention));
    for (size_t i = 0; i < e->controls_n; i++)
        cu_buf_fmt(b, "%s%.*s", i ? ", " : " ", CU_FMT(e->controls[i]));
    cu_buf_str(b, " |\n");
}

void cu_events_markdown(const cu_events *e, cu_buf *out)
{
    cu_buf_str(out, "| type | by | log | says | body | kept | controls |\n|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < e->n; i++)
        put_row(out, &e->v[i]);
}

void cu_events_labels(const cu_events *e, cu_buf *out)
{
    cu_buf_byte(out, '{');
    for (size_t i = 0; i < e->n; i++) {
        const cu_event *v = e->by_type[i];
        cu_buf_fmt(out, "%s\n  \"%.*s\": {", i ? "," : "", CU_FMT(v->type));
        cu_buf_json_kv(out, "label", v->label);
        cu_buf_json_kv(out, "means", v->means);
        cu_buf_json_kv(out, "by", v->by);
        cu_buf_byte(out, '}');
    }
    cu_buf_str(out, "\n}\n");
}
