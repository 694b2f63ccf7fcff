/* Private to comply/: what the status engine keeps of the log. */
#ifndef CUSTOS_COMPLY_KEPT_H
#define CUSTOS_COMPLY_KEPT_H

#include "comply/status.h"
#include "moments.h"

#define NONE (~0u)

struct times {                /* few: runs of probes, nil returns */
    struct moment *v;
    size_t n, cap;
    bool unsorted;
};
struct kind {                 /* a type that some control's test names */
    cu_bytes type;
    unsigned stream;          /* all of its entries; NONE: nobody asks for all */
    unsigned first;           /* those with a value of a member, by next */
};
struct stream {
    cu_bytes member, value;
    struct moments v;
    unsigned next;
};
struct decision {             /* of scope, or an answer of the checklist */
    uint64_t ms;
    char *body;
    bool answer;
};

struct cu_status {
    const cu_catalogue *c;
    struct kind *kinds;       /* ascending */
    unsigned kinds_n, streams_n;
    struct stream *streams;
    struct times *runs, *nils; /* by control (runs: and by its probes, CU_CONTROL_PROBES each); ms of a run is shifted by two for its outcome */
    struct {
        char *name;
        uint64_t next;        /* index that was not taken yet */
    } logs[CU_STATUS_LOGS];
    size_t logs_n, last_log;
    struct decision *decisions; /* ascending */
    size_t decisions_n;
};

unsigned kept_stream(cu_status *s, cu_bytes type, cu_bytes member, cu_bytes value);
/* How many are not later than ms; sorts first. */
size_t kept_until(struct times *t, uint64_t ms);
/* Adds the first n to what was seen. */
void kept_seen(const cu_status *s, const struct times *t, size_t n, unsigned shift, cu_seen *out);
/* Adds what is not later than at_ms. */
void kept_seen_in(const cu_status *s, struct moments *m, uint64_t at_ms, cu_seen *out);

#endif
