/* A finding with its place, as the parts of scan/ hand it to one another. */
#ifndef CUSTOS_SCAN_FINDING_H
#define CUSTOS_SCAN_FINDING_H

#include "base/bytes.h"
#include "base/error.h"
#include "detect/detect.h"

/* Where the scanned bytes came from. */
typedef struct {
    const char *path;   /* as named or met; a member of an archive: "a.zip!dir/file" */
    const char *commit; /* hex id of the commit that brought the blob in; NULL outside history */
    const char *author_time; /* RFC 3339, of that commit; NULL outside history */
    size_t named;       /* bytes of path that are where the tree lies, and no part of it */
    bool generated;     /* lock file, minified or vendored code: known by its name or its form */
} cu_scan_source;

#define CU_FINGERPRINT_HEX 32 /* 16 bytes */

typedef struct {
    size_t start, end; /* half-open */
} cu_scan_span;

/* Everything is borrowed for the time of the call. */
typedef struct {
    const cu_scan_source *source;
    uint64_t line, column, end_line, end_column; /* 1-based; columns in bytes */
    uint64_t start, end;     /* byte offsets, half-open, in the text as it was scanned: of the file
                                itself, unless it was decoded (UTF-16, archive, notebook) */
    cu_type type;
    uint16_t rule;
    uint8_t confidence;      /* percent */
    uint32_t flags;          /* CU_FINDING_* of detect.h */
    char fingerprint[CU_FINGERPRINT_HEX + 1]; /* HMAC(key, rule, value): same value, same print */
    cu_bytes line_text;      /* the line it begins in, at most 400 bytes around it; never printed
                                before the value is masked (report.h does it) */
    size_t in_line, in_line_end; /* the value's place in line_text */
    /* Where the other findings of this line stand in line_text, in order: they are masked too. NULL:
       not known, then nothing of the line is shown but its punctuation. */
    const cu_scan_span *others;
    size_t others_n;
    cu_bytes line_before;    /* the line before, as line_text; empty: none, or not at hand */
    uint8_t accepted;        /* cu_accept_how of accept.h; a report gets accepted findings only when
                                its options ask for them */
    const char *note;        /* what a linter said of this place; NULL: the rule says it */
    const char *why;         /* the reason, when accepted or expired; may be NULL */
    cu_bytes value;          /* secret */
} cu_scan_finding;

typedef struct {
    uint64_t files, bytes, findings;   /* scanned; findings: reported ones */
    uint64_t binary, ignored, unreadable, archives, blobs, commits;
    uint64_t accepted;                 /* found, but accepted by baseline, ignore file or inline */
    uint64_t below;                    /* found, but below the asked confidence */
    uint64_t by_severity[CU_SEVERITY_CRITICAL + 1]; /* of the reported ones */
    bool stopped;                      /* by a signal or a ceiling: not everything was scanned */
} cu_scan_summary;

#endif
