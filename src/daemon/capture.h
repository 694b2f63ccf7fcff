/* Bodies that are kept: the keys that gateways seal them to, and when those end. */
#ifndef CUSTOS_DAEMON_CAPTURE_H
#define CUSTOS_DAEMON_CAPTURE_H

#include "app.h"
#include "ledger/body.h"

cu_err capture_open(app *a, cu_fault *f) CU_MUST;
void capture_close(app *a);
/* The section of the bundle, with keys of today and tomorrow; made when they are not there yet. Lock held. */
cu_err capture_publish(app *a, cu_bundle *b, cu_arena *arena, cu_fault *f) CU_MUST;
/* Once a minute: a bundle for the new day, and what is past its time is destroyed. strays: files of persons who were
 * erased meanwhile are looked for as well. */
void capture_tick(app *a, bool strays);
/* Files that no entry speaks of, because a worker was killed: an entry says that the body is not kept, and the file goes. */
cu_err capture_settle(app *a) CU_MUST;
/* How many files there are of a person ("": of the whole tenant). */
uint64_t capture_count(app *a, const char *tenant, const char *person);
/* Removes them; of a whole tenant the data keys first. Lock held. */
cu_err capture_erase(app *a, const char *tenant, const char *person, cu_fault *f) CU_MUST;
/* Appends the text of one part as it was sealed. CU_NOT_FOUND: its key or its file is no more. CU_CORRUPT: it
 * is not what the log says (digest and commitment in hex). */
typedef struct {
    const char *tenant, *exchange, *key, *digest, *commitment, *person; /* person: as in the request's entry */
    cu_body_part part;
} capture_wanted;
cu_err capture_open_body(app *a, const capture_wanted *w, cu_buf *text) CU_MUST;
bool capture_holds(app *a, const char *key); /* that data key is there */

#endif
