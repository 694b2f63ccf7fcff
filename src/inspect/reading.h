/* Private to inspect/: one call while its artefacts are read. */
#ifndef CUSTOS_INSPECT_READING_H
#define CUSTOS_INSPECT_READING_H

#include "inspect/artefact.h"

typedef struct {
    const cu_tools *tools;
    cu_arena *a;
    cu_artefacts *out;
    cu_bytes tool, call, path;
    cu_bytes prefix; /* of names of other tools in program text */
    cu_err err;
} art_reading;

void art_add(art_reading *r, unsigned kind, cu_bytes lang, cu_bytes text, bool open);
/* One argument of the tool of r. listed: the tool is in the catalogue. */
void art_argument(art_reading *r, cu_bytes name, cu_bytes text, bool listed, bool open);
/* Words of a command that are given one by one, as a shell would have to be told them. */
void art_argv(art_reading *r, const cu_bytes *v, size_t n, bool open);
/* A patch: Codex' form, or a unified diff. */
void art_patch(art_reading *r, cu_bytes text);
#define ART_UNKNOWN "${unknown}" /* for what is not known before it runs; a shell does not know it either */
/* program.c: calls of tools in JavaScript. True: it may call them in a way that cannot be followed. */
bool art_program(art_reading *r, cu_bytes text);

#endif
