/* `custos redact` and `custos restore`: text from a reader to a writer in bounded memory, whatever its
 * length. restore(redact(x)) is x, for any bytes x, also when x holds surrogates already: what could be
 * taken for a surrogate is itself replaced. What is redacted twice has to be restored twice. */
#ifndef CUSTOS_REDACT_FILTER_H
#define CUSTOS_REDACT_FILTER_H

#include "detect/detect.h"
#include "redact/map.h"

/* Any number of bytes from 1 to room; *got 0 is the end. */
typedef cu_err (*cu_filter_in)(void *arg, uint8_t *to, size_t room, size_t *got);
typedef cu_err (*cu_filter_out)(void *arg, cu_bytes text);

typedef struct {
    const cu_engine *engine;   /* redact only, as scratch, map, only, min_confidence and window */
    cu_scratch *scratch;
    cu_map *map;               /* open for writing */
    bool only[CU_TYPE_COUNT];
    unsigned min_confidence;   /* percent */
    size_t window;             /* bytes in memory at once, 4,096 or more; 0: 8 MiB */
    uint8_t key[CU_MAP_KEY];
    /* restore only: the map, opened when the first surrogate comes. */
    cu_err (*open_map)(void *arg, cu_map **map, cu_fault *f);
    void *open_arg;
    cu_filter_in in;
    cu_filter_out out;
    void *in_arg, *out_arg;
} cu_filter;

typedef struct {
    uint64_t bytes, replaced, restored;
} cu_filter_facts;

/* The key of the surrogates, made from the key of the file. */
void cu_filter_surrogate_key(const uint8_t key[CU_MAP_KEY], cu_surrogate_key *out);
cu_err cu_filter_redact(const cu_filter *w, cu_filter_facts *facts, cu_fault *f) CU_MUST;
cu_err cu_filter_restore(const cu_filter *w, cu_filter_facts *facts, cu_fault *f) CU_MUST;

#endif
