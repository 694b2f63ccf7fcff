/* custos provenance: which lines of a commit a model wrote, by the log. */
#include "provenance.h"
#include <stdio.h>
#include <string.h>

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static long long number_of(const json_t *v, const char *key)
{
    return (long long)json_integer_value(json_object_get(v, key));
}

/* A commit can say anything, also to a terminal. */
static void put_plain(const char *text)
{
    for (const char *p = text; *p; p++)
        putchar((unsigned char)*p < ' ' || *p == 0x7f ? '?' : *p);
}

static void say_files(const prov_answer *p)
{
    const json_t *file, *x;
    size_t i, k;
    json_array_foreach(json_object_get(p->answer, "files"), i, file) {
        if (json_array_size(json_object_get(file, "ranges")) == 0)
            continue;
        put_plain(text_of(file, "path"));
        putchar('\n');
        json_array_foreach(json_object_get(file, "ranges"), k, x) {
            printf("  %lld-%lld  %s", number_of(x, "start"), number_of(x, "end"), text_of(x, "exchange"));
            printf(number_of(x, "alike") ? ", %lld of %lld lines only alike\n" : "\n", number_of(x, "alike"), number_of(x, "lines"));
        }
    }
}

static void say_trailers(const prov_answer *p)
{
    for (size_t i = 0; i < p->commit.trailers_n; i++) {
        printf(i ? "  " : "The commit says of itself (not believed):\n  ");
        put_plain(p->commit.trailers[i].key);
        printf(": ");
        put_plain(p->commit.trailers[i].value);
        putchar('\n');
    }
}

static json_t *whole(const prov_answer *p)
{
    json_t *out = json_copy(p->answer), *trailers = json_array();
    for (size_t i = 0; i < p->commit.trailers_n; i++) {
        json_t *key = json_string(p->commit.trailers[i].key), *value = json_string(p->commit.trailers[i].value);
        json_array_append_new(trailers, json_pack("{s:o,s:o}", "key", key ? key : json_null(), "value", value ? value : json_null()));
    }
    json_object_set_new(out, "commit", json_string(p->commit.id));
    json_object_set_new(out, "trailers", trailers);
    return out;
}

int prov_say_text(const prov_answer *p, bool json)
{
    const json_t *x, *list = json_object_get(p->answer, "exchanges");
    size_t i;
    if (json) {
        json_t *out = whole(p);
        json_dumpf(out, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(out);
        return CU_EXIT_FINE;
    }
    printf("%.12s ", p->commit.id);
    put_plain(p->commit.first[1]);
    printf("\n%lld of %lld added lines (%lld.%lld %%) come from %zu exchanges\n", number_of(p->answer, "from_assistant"), number_of(p->answer, "lines"),
           number_of(p->answer, "share") / 10, number_of(p->answer, "share") % 10, json_array_size(list));
    say_files(p);
    json_array_foreach(list, i, x)
        printf("%s  %s  %lld lines, %s, %s of %s, %s, %s\n", text_of(x, "id"), text_of(x, "at"), number_of(x, "lines"), text_of(x, "tenant"), text_of(x, "model"),
               text_of(x, "vendor"), text_of(x, "client"), text_of(x, "user"));
    say_trailers(p);
    return CU_EXIT_FINE;
}

static int run(const cu_run *r)
{
    prov_answer p;
    const char *repo = cu_run_option(r, "repo");
    if (r->args_n != 1)
        return cu_run_fail(r, CU_CONFIG, "one commit is needed");
    int rc = prov_ask(r, repo ? repo : ".", r->args[0], NULL, cu_run_option(r, "link") != NULL, &p);
    if (rc == 0)
        rc = strcmp(r->format, "agent-trace") == 0 ? prov_say_trace(&p) : prov_say_text(&p, r->json);
    prov_answer_free(&p);
    return rc;
}

const cu_verb cu_verb_provenance = {
    .name = "provenance", .group = "ship", .operands = "COMMIT", .run = run, .formats = "text|json|agent-trace",
    .summary = "which lines of a commit come from which exchange with a model",
    .details = "The lines that the commit adds against its first parent are held against keyed fingerprints of the code in answers, which stand in the log. Digests "
               "of lines leave this program, code does not. Names that were changed, indentation and quotes do not matter; lines that say little (brackets, one "
               "word) belong to nobody. What the commit says of itself in trailers is shown and not believed. --format agent-trace writes an Agent Trace record.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}, {"repo", "PATH", "the git repository; the current folder otherwise"},
                {"link", NULL, "the registered change of this commit gets share and exchanges as an entry"}},
};
