/* Private to daemon/: what the rules find in the files of a change: values, which are hidden, and code. */
#ifndef CUSTOS_DAEMON_CHANGE_MARKS_H
#define CUSTOS_DAEMON_CHANGE_MARKS_H

#include <jansson.h>
#include "app.h"

typedef struct {
    app *a;
    struct rules *rules;
    cu_scratch *scratch;
    cu_findings found;
    cu_arena *arena;
    bool opened;
    size_t values;         /* that were found in lines that are shown */
} marking;

/* One side of a file. */
typedef struct {
    cu_bytes text;
    cu_finding *v;         /* those that count, by place */
    size_t n;
    uint32_t *lines;       /* where line i + 1 begins */
    size_t lines_n;
} side_marks;

cu_err marks_begin(marking *m, app *a, cu_arena *arena, bool opened) CU_MUST;
void marks_end(marking *m);
cu_err marks_find(marking *m, cu_bytes text, side_marks *out) CU_MUST;
/* The text of a line, as member "text", or as "parts" when values are in it. What is beyond `most` bytes is not shown. */
void marks_put(marking *m, const side_marks *s, uint32_t number, cu_bytes text, size_t most, json_t *line);
/* Appends findings of the rules for code and of the values; member "not_judged" of `file` says why code was not judged. */
cu_err marks_judge(marking *m, const char *path, cu_bytes text, const side_marks *s, json_t *file, json_t *found, cu_fault *f) CU_MUST;
json_t *marks_text(cu_bytes text); /* bytes that are no UTF-8 become U+FFFD */

#endif
