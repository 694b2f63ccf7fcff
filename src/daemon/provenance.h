/* Private to daemon/: which lines of a commit a model wrote, by keyed fingerprints in the log. */
#ifndef CUSTOS_DAEMON_PROVENANCE_H
#define CUSTOS_DAEMON_PROVENANCE_H

#include "app.h"
#include "inspect/print.h"

#define PROV_SOURCES 256u  /* exchanges that one commit comes from */
#define PROV_FILES 2000u
#define PROV_LINES 50000u

/* Lines of a file that may have been one: their numbers, and what they say as one. */
typedef struct {
    uint32_t number, lines;
    cu_print_line given;
} prov_joined;

/* Lines that say something, of one file, in order. */
typedef struct {
    const char *path;      /* borrowed */
    size_t n;
    cu_print_line *given;
    uint32_t *number;      /* of each line in its file, from 1 */
    cu_print *lines;       /* under the key of the tenant that is looked at */
    uint16_t *source;      /* 1 + place in sources; 0: not known */
    uint8_t *alike;        /* only its shape is the same */
    prov_joined *joined;   /* several lines as one */
    cu_print_join *joins;  /* of these, under the key of the tenant that is looked at */
    size_t joined_n;
} prov_file;

typedef struct {
    struct {
        char exchange[CU_ID_LEN];
        size_t lines;
    } sources[PROV_SOURCES];
    size_t sources_n;
} prov;

cu_err prov_trace(app *a, prov *p, const char *tenant, prov_file *file, cu_fault *f) CU_MUST;
cu_err prov_file_room(prov_file *x, const char *path, size_t n, size_t joined) CU_MUST; /* n lines, nothing known of them */
void prov_file_join(prov_file *x); /* when all lines are there */
void prov_file_free(prov_file *x);
/* provenance_http.c: under the key of each tenant that the caller may see. */
cu_err prov_trace_all(call *c, prov *p, prov_file *v, size_t n, cu_fault *f) CU_MUST;
struct json_t *prov_sources_json(call *c, const prov *p); /* what the log says of the exchanges, most lines first */
unsigned answer_provenance(call *c);

#endif
