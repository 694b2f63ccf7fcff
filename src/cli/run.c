#include "verb.h"
#include <stdarg.h>
#include <string.h>
#include "base/buf.h"

const char *cu_run_option(const cu_run *r, const char *name)
{
    for (int i = 0; r->verb->options[i].name; i++)
        if (strcmp(r->verb->options[i].name, name) == 0)
            return r->given[i];
    CU_ASSERT(!"an option that the verb's table does not have");
    return NULL;
}

static int say(const cu_run *r, cu_err code, const char *text)
{
    if (!r->json) {
        fprintf(stderr, "custos %s: %s\n", r->verb->name, text);
        return CU_EXIT_FAILED;
    }
    cu_buf b CU_CLEAN_BUF = CU_BUF(8192);
    cu_buf_str(&b, "{\"error\":{");
    cu_buf_json_kv_str(&b, "code", cu_err_name(code));
    cu_buf_json_kv_str(&b, "message", text);
    cu_buf_str(&b, "}}");
    fprintf(stderr, "%s\n", cu_buf_cstr(&b));
    return CU_EXIT_FAILED;
}

int cu_run_fail(const cu_run *r, cu_err code, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return say(r, code, text);
}

int cu_run_fault(const cu_run *r, cu_err code, const cu_fault *f)
{
    return say(r, code, f && f->text[0] ? f->text : cu_err_text(code));
}
