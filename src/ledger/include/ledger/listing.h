/* Listings that are frozen as evidence, and samples drawn from them: which entries a question covers,
 * one canonical line an entry, and the two documents that the log keeps about them as bodies of
 * `population.frozen` and `sample.drawn`. Pure: writers and verifiers share it.
 * docs/formats/population.md. */
#ifndef CUSTOS_LEDGER_LISTING_H
#define CUSTOS_LEDGER_LISTING_H

#include "ledger/leaf.h"

#define CU_LISTING_TYPES 40u
#define CU_LISTING_FIELDS 8u
#define CU_LISTING_LOGS 64u
#define CU_LISTING_NAME 72u      /* bytes of a log's name */
#define CU_LISTING_ROW_MAX 1024u /* bytes of a line */
#define CU_SAMPLE_MAX 1000u      /* rows */
#define CU_SAMPLE_OF_MAX (1ull << 40) /* rows drawn from */
#define CU_SAMPLE_SEED 128u      /* bytes */
#define CU_SAMPLE_WHY 300u

typedef struct {
    cu_bytes field, value;
} cu_listing_field;

typedef struct {
    cu_bytes name;         /* "org", "t/acme" */
    uint64_t size;         /* of the log when it was read */
    cu_sha256 root;        /* at that size */
    uint64_t count, first, last; /* rows of it; first and last index, 0 without rows */
} cu_listing_log;

/* Views are borrowed. Words: letters, digits and . _ - / : only. */
typedef struct {
    cu_bytes control;      /* "IAM-02" */
    cu_bytes tenant;       /* empty: the organisation and all tenants */
    cu_bytes from, to;     /* RFC 3339 in UTC with milliseconds; from <= ts < to */
    cu_bytes types[CU_LISTING_TYPES];         /* ascending */
    size_t types_n;
    cu_listing_field where[CU_LISTING_FIELDS]; /* ascending by field; all must hold */
    size_t where_n;
    cu_listing_log logs[CU_LISTING_LOGS];     /* ascending by name */
    size_t logs_n;
    uint64_t count;
    cu_sha256 digest;      /* SHA-256 of the listing */
} cu_population;

/* A member of the outermost object of an entry's body: its text, of a string without the quotes. */
bool cu_body_member(cu_bytes body, cu_bytes name, cu_bytes *out);
/* True when the entry is one of those asked for. */
bool cu_population_wants(const cu_population *p, const cu_leaf *leaf);
/* Appends the entry's line, with its newline. hash: the leaf hash of RFC 6962. */
void cu_listing_row(const cu_leaf *leaf, cu_bytes log, uint64_t index, const cu_sha256 *hash, cu_buf *out);
/* Reads a line's log and index. */
cu_err cu_listing_row_parse(cu_bytes row, cu_bytes *log, uint64_t *index) CU_MUST;
/* The one form there is. CU_SYNTAX when a field has not the form above. */
cu_err cu_population_encode(const cu_population *p, cu_buf *out) CU_MUST;
/* Strict: that form, to the byte. */
cu_err cu_population_parse(cu_bytes body, cu_population *out) CU_MUST;

typedef struct {
    cu_bytes population;   /* its id */
    cu_sha256 digest;      /* of its listing */
    uint64_t count;        /* of its rows */
    cu_bytes seed, why;    /* printable ASCII without quote and backslash; why: how the size was chosen */
    uint64_t rows[CU_SAMPLE_MAX]; /* in the order drawn, counted from 0 */
    size_t rows_n;
} cu_sample;

/* Draws n rows of s->count into s->rows: by HMAC-SHA256 under the seed (docs/formats/population.md says
 * how, to the byte). n >= count: every row. CU_TOO_BIG beyond CU_SAMPLE_MAX. */
cu_err cu_sample_draw(cu_sample *s, uint64_t n) CU_MUST;
cu_err cu_sample_encode(const cu_sample *s, cu_buf *out) CU_MUST;
/* Strict, and the rows must be those that the seed draws. */
cu_err cu_sample_parse(cu_bytes body, cu_sample *out) CU_MUST;

/* "2026-11-26" or "2026-11-26T21:00:00Z" or with milliseconds, as RFC 3339 in UTC with milliseconds. */
cu_err cu_listing_time(cu_bytes text, char out[CU_TIME_LEN]) CU_MUST;

#endif
