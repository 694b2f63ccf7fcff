/* Fingerprints of code, line by line, so that it can be said later which lines of a commit a model wrote. A line is
 * read as tokens: white space, semicolons, a trailing comma and the kind of quotes do not count. Two digests come of
 * it: of its tokens, and of its shape, where names are all alike. In the log stand both under the tenant's key, 5 and
 * 3 bytes (docs/formats/provenance.md). */
#ifndef CUSTOS_INSPECT_PRINT_H
#define CUSTOS_INSPECT_PRINT_H

#include "base/buf.h"
#include "base/digest.h"
#include "inspect/artefact.h"

#define CU_PRINT_LINE 2000u        /* bytes; longer lines have no print */
#define CU_PRINT_DIGEST 16u        /* bytes of a digest before it is keyed */
#define CU_PRINT_LEN 8u            /* bytes in the log */
#define CU_PRINTS_MAX 6144u        /* lines of one answer; of more the first */
#define CU_PRINTS_ALIGN 4096u      /* lines of a file that are held against an answer at once */

/* One line before it is keyed. weight 0: it says nothing (empty, brackets, one word). */
typedef struct {
    uint8_t exact[CU_PRINT_DIGEST], shape[CU_PRINT_DIGEST];
    uint32_t weight;               /* words and strings in it */
} cu_print_line;
void cu_print_line_of(cu_bytes line, cu_print_line *out);

/* The key of a tenant's prints, from its commit key. */
void cu_print_key(const uint8_t commit_key[32], cu_hmac_key *out);

typedef struct {
    uint64_t exact;                /* 40 bits */
    uint32_t shape;                /* 24 bits */
    uint32_t weight;               /* 0: no print; of prints from the log: 1 */
} cu_print;
void cu_print_keyed(const cu_hmac_key *k, const cu_print_line *l, cu_print *out);
void cu_print_put(const cu_print *p, uint8_t out[CU_PRINT_LEN]);
void cu_print_get(const uint8_t in[CU_PRINT_LEN], cu_print *out);

/* Collects the prints of what one answer wrote. */
typedef struct {
    const cu_hmac_key *key;        /* borrowed */
    bool (*secret)(void *arg, cu_bytes line); /* the line holds a value that was put back: it has no print. NULL: none */
    void *arg;
    cu_buf out;                    /* CU_PRINT_LEN bytes a line */
    uint32_t left_out;             /* lines beyond CU_PRINTS_MAX */
} cu_prints;
void cu_prints_begin(cu_prints *p, const cu_hmac_key *key);
void cu_prints_add(cu_prints *p, const cu_artefact *x); /* code, patches and commands of several lines */
void cu_prints_end(cu_prints *p);                       /* frees */

/* Which lines of a file come from an answer. of[i]: not 0 when the line is taken already; lines that come from this
 * answer get CU_PRINT_SAME or CU_PRINT_ALIKE. *n_out: how many. What is found is in the order of the answer, several
 * times over for blocks that were moved. CU_NOMEM only. */
enum { CU_PRINT_FREE, CU_PRINT_SAME, CU_PRINT_ALIKE };
cu_err cu_prints_align(const cu_print *file, size_t n, const cu_print *wrote, size_t m, uint8_t *of, size_t *n_out) CU_MUST;

/* --- lines that a formatter broke into several --- */

#define CU_PRINT_JOINED 6u         /* lines that may have been one */
#define CU_PRINT_JOINS 50000u      /* such prints that are asked for at once */

/* Lines that are read as one so far. Private to print_broken.c. */
typedef struct {
    uint8_t text[CU_PRINT_LINE];
    size_t n;
    uint32_t first, lines;
    int depth;
} cu_print_join_line;

/* Zero to begin with; a file's lines come in order, with their numbers. each() gets the first line, how many (2 to
 * CU_PRINT_JOINED), and what they say as one. */
typedef struct {
    cu_print_join_line v[CU_PRINT_JOINED];
    size_t n;
    uint32_t last;
} cu_print_joining;
typedef void cu_print_join_fn(void *arg, uint32_t first, uint32_t lines, const cu_print_line *p);
void cu_print_join_next(cu_print_joining *j, uint32_t number, cu_bytes line, cu_print_join_fn *each, void *arg);

/* Lines first to last of the array of a file's prints, and the print of what they are as one. */
typedef struct {
    uint32_t first, last;
    cu_print print;
} cu_print_join;
/* cu_prints_align(), where lines of the file may be one of the answer. */
cu_err cu_prints_align_joined(const cu_print *file, size_t n, const cu_print_join *joins, size_t joins_n, const cu_print *wrote, size_t m, uint8_t *of, size_t *n_out) CU_MUST;

#endif
