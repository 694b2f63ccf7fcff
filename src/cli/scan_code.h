/* `custos scan --code`: rules for code in place of those for data, over the same walk and reports. */
#ifndef CUSTOS_CLI_SCAN_CODE_H
#define CUSTOS_CLI_SCAN_CODE_H

#include "scan/run.h"
#include "scan_linters.h"

typedef struct scan_code scan_code;

/* linters: NULL: none; taken over. Loads the rules. Their places in scan_code_rules() are those of the findings. */
cu_err scan_code_open(const char *catalog, scan_linters *linters, scan_code **out, cu_fault *f) CU_MUST;
void scan_code_close(scan_code *c);
const cu_rules *scan_code_rules(const scan_code *c);
/* For cu_scan_options.look; arg: the scan_code. */
cu_err scan_code_look(void *arg, const char *path, cu_bytes text, cu_findings *out, const char **why, bool *passed) CU_MUST;

/* For cu_scan_options.note: what a linter said. */
const char *scan_code_note(void *arg, const cu_finding *f);
/* Says on standard error what linters found in files that were not scanned; how many. */
size_t scan_code_left(const scan_code *c);

#endif
