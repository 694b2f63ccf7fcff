/* A commit as an Agent Trace record, version 0.1.0 (agent-trace.dev; github.com/cursor/agent-trace, README.md, section
 * 6.1, CC BY 4.0). Ranges of which a person changed something are `mixed`. */
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/ids.h"
#include "provenance.h"

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static json_t *uuid(void)
{
    char id[CU_UUID_LEN];
    cu_uuid_new(id);
    return json_string(id);
}

static const json_t *exchange_of(const prov_answer *p, const char *id)
{
    const json_t *x;
    size_t i;
    json_array_foreach(json_object_get(p->answer, "exchanges"), i, x)
        if (strcmp(text_of(x, "id"), id) == 0)
            return x;
    return NULL;
}

static json_t *conversation(const prov_answer *p, const char *id)
{
    const json_t *x = exchange_of(p, id);
    json_t *by = json_pack("{s:s}", "type", "ai"), *c = json_pack("{s:o,s:[]}", "contributor", by, "ranges");
    if (*text_of(x, "model"))
        json_object_set_new(by, "model_id", json_sprintf("%.120s/%.120s", text_of(x, "vendor"), text_of(x, "model")));
    if (p->url[0])
        json_object_set_new(c, "url", json_sprintf("%s/exchanges/%s", p->url, id));
    return c;
}

static json_t *file_of(const prov_answer *p, const json_t *file)
{
    json_t *list = json_array(), *by_id = json_object();
    const json_t *x;
    size_t i;
    json_array_foreach(json_object_get(file, "ranges"), i, x) {
        const char *id = text_of(x, "exchange");
        json_t *c = json_object_get(by_id, id), *range = json_pack("{s:O,s:O}", "start_line", json_object_get(x, "start"), "end_line", json_object_get(x, "end"));
        if (!c) {
            c = conversation(p, id);
            json_array_append(list, c);
            json_object_set_new(by_id, id, c);
        }
        if (json_integer_value(json_object_get(x, "alike")) > 0)
            json_object_set_new(range, "contributor", json_pack("{s:s}", "type", "mixed"));
        json_array_append_new(json_object_get(c, "ranges"), range);
    }
    json_decref(by_id);
    return json_pack("{s:O,s:o}", "path", json_object_get(file, "path"), "conversations", list);
}

int prov_say_trace(const prov_answer *p)
{
    char now[CU_TIME_LEN];
    json_t *files = json_array(), *out;
    const json_t *x;
    size_t i;
    cu_time_text(cu_now_ns(), now);
    json_array_foreach(json_object_get(p->answer, "files"), i, x)
        if (json_array_size(json_object_get(x, "ranges")))
            json_array_append_new(files, file_of(p, x));
    out = json_pack("{s:s,s:o,s:s,s:{s:s,s:s},s:{s:s,s:s},s:o}", "version", "0.1.0", "id", uuid(), "timestamp", now, "vcs", "type", "git", "revision", p->commit.id, "tool",
                    "name", "custos", "version", CUSTOS_VERSION, "files", files);
    json_dumpf(out, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(out);
    return CU_EXIT_FINE;
}
