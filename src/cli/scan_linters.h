/* What the customer's linters find, by file: `custos scan --code --linters`. */
#ifndef CUSTOS_CLI_SCAN_LINTERS_H
#define CUSTOS_CLI_SCAN_LINTERS_H

#include "catalog/config.h"
#include "scan/linter.h"

typedef struct scan_linters scan_linters;

/* Runs each one after another and reads what it wrote. One that fails stops the scan: a report without it
 * would look like one in which it found nothing. */
cu_err scan_linters_run(const char *config, const char *const *paths, size_t n, scan_linters **out, cu_fault *f) CU_MUST;
void scan_linters_free(scan_linters *l); /* NULL is fine */
size_t scan_linters_rules(const scan_linters *l);
const cu_rule *scan_linters_rule(const scan_linters *l, size_t i);
/* Results that name this file; *from is the first of them, in no particular order. rule: place among all rules. */
typedef struct {
    char *path;              /* absolute */
    const cu_linter_result *r;
    uint32_t rule;
    bool taken;              /* a file that was scanned has it; set by any thread, to true only */
} scan_linter_result;
size_t scan_linters_of(scan_linters *l, const char *path, scan_linter_result **from);
const scan_linter_result *scan_linters_at(const scan_linters *l, size_t i);
size_t scan_linters_index(const scan_linters *l, const scan_linter_result *r);
/* How many name no file that was scanned; *example: one of their paths. */
size_t scan_linters_left(const scan_linters *l, const char **example);

#endif
