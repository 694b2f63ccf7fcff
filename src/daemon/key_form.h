/* Private to daemon/: what a request about a key says, read strictly. */
#ifndef CUSTOS_DAEMON_KEY_FORM_H
#define CUSTOS_DAEMON_KEY_FORM_H

#include <jansson.h>
#include "app.h"

/* Each returns NULL, or what is wrong with it, for the answer. Absent is fine, and changes nothing. */
const char *form_scopes(const json_t *scopes, cu_store_key *k);
const char *form_limits(const json_t *limits, cu_store_key *k);
/* "2027-12-31": the end of that day in UTC; "2027-12-31T12:00:00Z": that moment. */
const char *form_expires(const json_t *expires, uint64_t *ns);
bool form_word(const char *s, size_t max); /* printable, no blanks, no quotes, no backslash */

#endif
