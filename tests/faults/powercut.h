/* Power cuts: what a run wrote, linked and synced is recorded; then the disk is built as it may be found after the
 * power went away at any of these operations. Nothing counts as on disk that was not synced: a file's bytes by
 * fsync of the file or a durable write, a name by fsync of its directory. */
#ifndef CUSTOS_FAULTS_POWERCUT_H
#define CUSTOS_FAULTS_POWERCUT_H

#include "world.h"

typedef enum {
    CUT_DROP,      /* all that was not synced is lost */
    CUT_KEEP,      /* all of it arrived */
    CUT_RANDOM,    /* each write and each name by chance: lost and reordered */
    CUT_NAMES,     /* names arrived, bytes did not */
    CUT_BYTES,     /* bytes arrived, names did not */
    CUT_JOURNAL,   /* names up to some point, as a journal keeps them; bytes by chance */
    CUT_TORN_512,  /* each sector of each write by chance */
    CUT_TORN_4096,
    CUT_KINDS
} cut_kind;
extern const char *const cut_names[CUT_KINDS];

void powercut_make(void);
/* Begins a recording of what happens below w, which is new and empty. */
void powercut_begin(const world *w);
void powercut_end(void);
uint32_t powercut_operations(void);
/* Operations that were not synced when the power went away before operation k. */
uint32_t powercut_open_at(uint32_t k);
/* Builds in `to` what is found after a cut before operation k. *changed: what was lost or torn. */
void powercut_build(const world *to, uint32_t k, cut_kind kind, uint32_t seed, uint32_t *lost);

#endif
