/* custos log key rotate */
#include <stdlib.h>
#include "desk_answer.h"

static int rotate(const cu_run *r)
{
    char body[64] = "{}";
    const char *overlap = cu_run_option(r, "overlap");
    json_t *o;
    if (overlap && (strspn(overlap, "0123456789") != strlen(overlap) || !*overlap || strlen(overlap) > 8))
        return cu_run_fail(r, CU_CONFIG, "--overlap is a number of seconds");
    if (overlap)
        snprintf(body, sizeof body, "{\"overlap_seconds\":%lu}", strtoul(overlap, NULL, 10));
    int rc = cu_desk_answer(r, "POST", "/api/v1/log-key/rotate", cu_str(body), &o);
    if (rc)
        return rc;
    if (!r->json)
        printf("Checkpoints are signed with the new key %.16s… from now on, and for %lld seconds with the old one (%.16s…) as well.\n"
               "Give your auditors and witnesses the new verifier keys: the file vkeys of each log.\n",
               json_string_value(json_object_get(o, "new_key")), (long long)json_integer_value(json_object_get(o, "overlap_seconds")),
               json_string_value(json_object_get(o, "old_key")));
    json_decref(o);
    return CU_EXIT_FINE;
}

const cu_verb cu_verb_log_key_rotate = {
    .name = "log key rotate", .group = "prove", .operands = "", .run = rotate, .formats = "text|json",
    .summary = "replace the key that signs checkpoints",
    .details = "The signer makes a new key. For the overlap every checkpoint has a signature line of both, so that verifiers and witnesses can "
               "take the new key over; then the old one is destroyed. Each log's file vkeys says for which sizes each key is good. With "
               "--overlap 0 the old key signs no more, for when it may have been stolen.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"},
                {"overlap", "SECONDS", "how long the old key signs beside the new one, at most 30 days; a day otherwise"}},
};
