/* A small system: a writer, the sequencer and the signer at work in one directory; and what must hold of it after
 * any fault. */
#ifndef CUSTOS_FAULTS_WORLD_H
#define CUSTOS_FAULTS_WORLD_H

#include "inject.h"

#define WHY_MAX 600

typedef struct {
    char root[200], spool[220], log[220], state[220];
} world;

/* Where worlds are made; set once. */
extern char world_base[160];
/* Path of the third-party verifier (tests/verify-go); it looks at every `world_go_every`-th world. */
extern const char *world_go;
extern unsigned world_go_every;
extern uint64_t world_checked, world_go_checked;

void world_at(world *w, const char *name);
void world_make(const world *w);
void world_remove(const world *w);
void world_copy(const world *from, const world *to);

typedef struct {
    int pid, fd;
} signer_at;
bool signer_start(const world *w, signer_at *s);
void signer_stop(signer_at *s);

/* Writes, commits, sequences, reopens; the steps follow from the seed alone. Calls count while it runs. Stops at
 * nothing: what fails is not acknowledged. */
void workload(const world *w, uint32_t seed);
/* Seeds from here on replace the key in the middle. */
#define WORLD_ROTATES 5000u
/* The workload in a child; returns when it and its signer are gone. The child's status of waitpid. */
int workload_child(const world *w, uint32_t seed);

/* Recovers, and says what is wrong: "" when everything holds. recorded: what was acknowledged and signed up to
 * this operation counts; UINT32_MAX: all. */
bool world_check(const world *w, uint32_t recorded, char why[WHY_MAX]);
/* Only the part after recovery: verifier, acknowledged entries, no fork. */
bool world_holds(const world *w, uint32_t recorded, char why[WHY_MAX]);
/* Sequences all that is there. */
cu_err world_recover(const world *w, cu_fault *f);

/* One leaf, acknowledged when it is durable. */
cu_err world_write(cu_spool_writer *w, const char *tenant, unsigned n, size_t size);
void acknowledge(const char id[CU_ID_LEN]);

#endif
