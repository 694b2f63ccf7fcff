/* One list of errors, and the place where a failure says what happened and what to do. */
#ifndef CUSTOS_BASE_ERROR_H
#define CUSTOS_BASE_ERROR_H

#include <stdarg.h>
#include <stdint.h>

#define CU_ERRORS(X)                                                                               \
    X(OK, "fine")                                                                                  \
    X(NOMEM, "out of memory")                                                                      \
    X(TOO_BIG, "larger than its ceiling")                                                          \
    X(SYNTAX, "malformed")                                                                         \
    X(UTF8, "not valid UTF-8")                                                                     \
    X(DEPTH, "nested too deeply")                                                                  \
    X(DUPLICATE, "given twice")                                                                    \
    X(IO, "input or output failed")                                                                \
    X(NOSPC, "no space left")                                                                      \
    X(CORRUPT, "corrupt")                                                                          \
    X(TORN, "torn")                                                                                \
    X(SIGNATURE, "signature does not verify")                                                      \
    X(NOT_FOUND, "not found")                                                                      \
    X(DENIED, "not allowed")                                                                       \
    X(STATE, "not possible in this state")                                                         \
    X(UNSUPPORTED, "not supported")                                                                \
    X(ENGINE, "the matching engine failed")                                                        \
    X(CONFIG, "configuration is wrong")                                                            \
    X(EXISTS, "exists already")                                                                    \
    X(TIMEOUT, "took too long")                                                                    \
    X(INTERNAL, "internal error")

typedef enum {
#define X(name, text) CU_##name,
    CU_ERRORS(X)
#undef X
        CU_ERR_COUNT
} cu_err;

/* Ignoring an error is a compile error. */
#define CU_MUST __attribute__((warn_unused_result))

/* Fixed English text of a code; never NULL. */
const char *cu_err_text(cu_err e);
/* Lower-case name of a code ("not_found"), for JSON. */
const char *cu_err_name(cu_err e);

/* What went wrong, where, and the remedy. Filled by the function that saw it; text holds no
 * value from the input beyond a place (offsets, lines, key names). */
typedef struct {
    cu_err code;
    uint32_t line;   /* 1-based, 0 = unknown */
    uint64_t offset; /* bytes from the start of the input */
    char text[320];
} cu_fault;

/* Fills *f (which may be NULL) and returns code, so that callers write `return cu_fail(...)`. */
cu_err cu_fail(cu_fault *f, cu_err code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Hands an error on to the caller. */
#define CU_TRY(expr)                                                                               \
    do {                                                                                           \
        cu_err cu_try_ = (expr);                                                                   \
        if (cu_try_ != CU_OK)                                                                      \
            return cu_try_;                                                                        \
    } while (0)

/* A broken invariant is our mistake, not bad input: stop with a message, in every build. */
#define CU_ASSERT(cond)                                                                            \
    ((cond) ? (void)0 : cu_assert_failed(#cond, __FILE__, __LINE__))
_Noreturn void cu_assert_failed(const char *cond, const char *file, int line);

#endif
