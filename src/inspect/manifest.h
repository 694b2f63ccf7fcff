/* Private to inspect/: files that name packages. */
#ifndef CUSTOS_INSPECT_MANIFEST_H
#define CUSTOS_INSPECT_MANIFEST_H

#include "walk.h"

/* One program text that is looked at. */
typedef struct {
    walk *w;
    const cu_manifest *m;
    cu_bytes path, text;
} imports;

void imports_python(const imports *x);
void imports_script(const imports *x); /* JavaScript and TypeScript */

/* manifest_jvm.c */
void manifest_maven(walk *w, const cu_manifest *m, cu_bytes t);
void manifest_gradle(walk *w, const cu_manifest *m, cu_bytes t);

/* What is said next is said of this name in that text. */
void manifest_place(walk *w, cu_bytes whole, cu_bytes name);

#endif
