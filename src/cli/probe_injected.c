/* ops-injection-corpus: texts that speak to the model, through the live path, in results of tools. */
#include "catalog/rules.h"
#include "inspect/injected.h"
#include "probe.h"

static void keep_first(void *arg, const cu_injected_rule *r, cu_bytes example, const char *why)
{
    char *first = arg;
    if (!*first)
        snprintf(first, 100, "rule %.40s %.50s", r->id, why);
}

static bool opened(probe *p, cu_injected **out)
{
    cu_fault f = {0};
    const char *catalog = cu_catalog_dir();
    if (catalog && cu_injected_open(catalog, cu_injected_image_path(), out, &f) == CU_OK)
        return true;
    probe_say(p, PROBE_FAILED, "%.110s", catalog ? f.text : "the catalogue is not beside the program");
    return false;
}

/* The rules as they stand on disk. */
static probe_verdict corpus(probe *p)
{
    cu_injected *j;
    char first[100] = "";
    size_t wrong = 0;
    if (!opened(p, &j))
        return PROBE_FAILED;
    cu_err e = cu_injected_prove(j, keep_first, first, &wrong);
    size_t n = cu_injected_rules_of(j)->n;
    cu_injected_free(j);
    return e != CU_OK ? probe_say(p, PROBE_FAILED, "%.60s", cu_err_text(e))
           : wrong    ? probe_say(p, PROBE_BROKEN, "%zu examples do not hold: %.80s", wrong, first)
                      : probe_say(p, PROBE_HELD, "%zu rules find what they must, and nothing in what is ordinary", n);
}

/* A result of a tool for each text: of each rule its first example, or all its counter-examples. */
static json_t *results_of(const cu_injected_rules *rules, bool planted)
{
    json_t *all = json_array();
    for (size_t i = 0; i < rules->n; i++) {
        const cu_word_list *l = planted ? &rules->v[i].examples : &rules->v[i].counter_examples;
        for (size_t k = 0; k < (planted ? 1 : l->n); k++)
            json_array_append_new(all, json_pack("{s:s, s:s, s:s%}", "type", "tool_result", "tool_use_id", "toolu_probe", "content",
                                                 (const char *)l->v[k].p, l->v[k].n));
    }
    return all;
}

/* What the entry of a request with these results says of them; NULL: nothing, and seen says why. */
static json_t *sent(probe *p, json_t *results, bool *answered)
{
    json_t *body = json_pack("{s:s, s:i, s:[{s:s, s:o}]}", "model", "sink", "max_tokens", 16, "messages", "role", "user", "content", results);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    probe_answer a = {0};
    *answered = text && probe_post(p, "/vendor/sink/v1/messages", p->key_a, NULL, text, &a) && (a.status == 200 || a.status == 400);
    json_t *e = *answered ? probe_log_wait(p, "t/probe-a", a.exchange, a.status == 200 ? "exchange.request" : "input.rejected") : NULL;
    json_t *said = json_incref(json_object_get(json_object_get(e, "body"), "injected"));
    probe_answer_free(&a);
    json_decref(e);
    json_decref(body);
    free(text);
    return said;
}

static probe_verdict judge_planted(probe *p, const cu_injected_rules *rules, const json_t *said)
{
    const json_t *by_rule = json_object_get(said, "rules");
    size_t missed = 0;
    const char *first = NULL;
    for (size_t i = 0; i < rules->n; i++)
        if (json_integer_value(json_object_get(by_rule, rules->v[i].id)) < 1) {
            missed++;
            first = first ? first : rules->v[i].id;
        }
    return missed ? probe_say(p, PROBE_BROKEN, "%zu of %zu are not in the entry, such as %.40s", missed, rules->n, first)
                  : probe_say(p, PROBE_HELD, "all %zu stand in the entry", rules->n);
}

static probe_verdict judge_ordinary(probe *p, const json_t *said)
{
    long long looked = json_integer_value(json_object_get(said, "looked")), marked = json_integer_value(json_object_get(said, "marked"));
    return marked ? probe_say(p, PROBE_BROKEN, "%lld of %lld ordinary texts are marked", marked, looked)
                  : probe_say(p, PROBE_HELD, "%lld texts were looked at, none is marked", looked);
}

static probe_verdict through(probe *p)
{
    bool planted = strcmp(p->with, "planted") == 0, answered;
    cu_injected *j;
    if (!opened(p, &j))
        return PROBE_FAILED;
    const cu_injected_rules *rules = cu_injected_rules_of(j);
    json_t *said = sent(p, results_of(rules, planted), &answered);
    probe_verdict v = !answered ? probe_say(p, PROBE_FAILED, "nothing answers")
                      : !said   ? probe_say(p, PROBE_BROKEN, "the entry does not say that anything was looked at")
                      : planted ? judge_planted(p, rules, said)
                                : judge_ordinary(p, said);
    json_decref(said);
    cu_injected_free(j);
    return v;
}

const probe_attack probe_injected_attacks[] = {
    {"corpus", "every rule against its own examples and counter-examples", corpus, NULL},
    {"planted", "results of tools that speak to the model, one for each rule", through, "planted"},
    {"ordinary", "results of tools that look a little like it and are ordinary", through, "ordinary"},
};
const size_t probe_injected_n = sizeof probe_injected_attacks / sizeof *probe_injected_attacks;
