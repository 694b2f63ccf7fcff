/* What a request says about code, and what was decided: kept with the exchange for its record. */
#ifndef CUSTOS_GATEWAY_ACCESS_H
#define CUSTOS_GATEWAY_ACCESS_H

#include "policy/access.h"

#define GW_FILE_KINDS 24u   /* different verdicts about files that a leaf holds; more are counted together */

typedef struct {
    const cu_access_repo *repo;
    size_t path;
    uint8_t class, act;
    cu_bytes rule;
    uint32_t count;
} gw_file_kind;

typedef struct {
    bool known;             /* was decided */
    const char *source;     /* "tag", "folder", "both" or "none": how the repository was learnt */
    cu_bytes name;          /* the repository as the table or the client names it; may be empty */
    cu_access_place whole;
    cu_access_verdict verdict;
    gw_file_kind files[GW_FILE_KINDS];
    size_t files_n;
    uint8_t strictest;      /* class of what is sent, files included */
    uint32_t files_more, cut, pseudonyms;
} gw_code;

#endif
