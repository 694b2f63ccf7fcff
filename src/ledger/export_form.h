/* What writer and reader of an auditor's bundle share: the one form of each of its parts.
 * docs/formats/export.md. */
#ifndef CUSTOS_LEDGER_EXPORT_FORM_H
#define CUSTOS_LEDGER_EXPORT_FORM_H

#include "ledger/leaf.h"
#include "ledger/listing.h"

#define EXPORT_BLOCK 512u
#define EXPORT_NAME_MAX 99u
#define EXPORT_WINDOW_LOG 23             /* of zstd: 8 MiB is all that a reader must hold */
#define EXPORT_MANIFEST_MAX ((size_t)256 << 20)
#define EXPORT_TALLY_MAX 200000u         /* pairs of a day and a type */

/* The one header that a member of this name and size has. False: the name or the size does not fit. */
bool export_header(const char *name, uint64_t size, uint8_t out[EXPORT_BLOCK]);
/* Reads a header: exactly what export_header() would have written. */
cu_err export_header_parse(const uint8_t in[EXPORT_BLOCK], char name[EXPORT_NAME_MAX + 1], uint64_t *size) CU_MUST;

/* bundle.json */
typedef struct {
    cu_bytes from, to, tenant;             /* tenant empty: the organisation and all tenants */
    cu_bytes logs[CU_LISTING_LOGS];        /* ascending */
    size_t logs_n;
} export_head;
void export_head_text(const export_head *h, cu_buf *out);
cu_err export_head_parse(cu_bytes text, export_head *out) CU_MUST;

/* Lines of manifest.json, between its head and its foot. */
void export_manifest_line(const char *name, uint64_t size, const cu_sha256 *digest, bool first, cu_buf *out);
#define EXPORT_MANIFEST_HEAD "{\"files\":[\n"
#define EXPORT_MANIFEST_FOOT "],\"v\":1}\n"

/* counts.json: entries of the period by day and type. */
typedef struct {
    char day[11], type[65];
    uint64_t n;
} export_cell;
typedef struct {
    export_cell *v;        /* ascending by day, then type */
    size_t n, cap, last;
} export_tally;
cu_err export_tally_add(export_tally *t, cu_bytes ts, cu_bytes type) CU_MUST;
void export_tally_text(const export_tally *t, cu_buf *out);
void export_tally_free(export_tally *t);

/* A line of keys-destroyed.jsonl. */
void export_destroyed_line(const cu_leaf *leaf, cu_bytes log, uint64_t index, cu_buf *out);

#endif
