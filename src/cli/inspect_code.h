/* `custos inspect --code`: program text on standard input against the rules for code. */
#ifndef CUSTOS_CLI_INSPECT_CODE_H
#define CUSTOS_CLI_INSPECT_CODE_H

#include "base/buf.h"
#include "verb.h"

int inspect_code(const cu_run *r);
/* All of standard input, up to the buffer's ceiling. */
cu_err inspect_read_all(cu_buf *b, cu_fault *f) CU_MUST;

#endif
