/* What `custos provenance` learns of a commit. */
#ifndef CUSTOS_CLI_PROVENANCE_H
#define CUSTOS_CLI_PROVENANCE_H

#include <jansson.h>
#include "scan/commit.h"
#include "verb.h"

typedef struct {
    cu_commit commit;
    char url[300];      /* of the console, "" when none is served */
    json_t *answer;     /* of POST /api/v1/provenance */
} prov_answer;

/* Digests of the lines that a commit adds to base (NULL: its first parent) are held against the log; the code stays here. link: the change of this
 * commit gets it as an entry. 0, or the exit status of what went wrong. */
int prov_ask(const cu_run *r, const char *repo, const char *rev, const char *base, bool link, prov_answer *out);
void prov_answer_free(prov_answer *p);
int prov_say_text(const prov_answer *p, bool json); /* on standard output; exit status */
int prov_say_trace(const prov_answer *p);           /* an Agent Trace record */

#endif
