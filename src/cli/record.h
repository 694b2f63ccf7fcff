/* `custos scan --record`: what a scan found goes to a running Custos as counts and keyed hashes. */
#ifndef CUSTOS_CLI_RECORD_H
#define CUSTOS_CLI_RECORD_H

#include "scan/run.h"
#include "verb.h"

typedef struct record record;

typedef struct {
    /* *out NULL: --record was not given. Asks the daemon for the key of the prints: a scan that could not be
     * recorded does not begin. 0 when fine, else the exit status, and it was said why. */
    int (*begin)(const cu_run *r, record **out);
    /* For cu_scan_options.found; arg: the record. */
    void (*found)(void *arg, const cu_scan_finding *f);
    /* Sends it, waits until it is sealed, and says on standard error what has changed. Exit status. */
    int (*send)(record *rec, const cu_scan_summary *sum, const cu_engine *e, const cu_scan_options *o);
    void (*end)(record *rec);
} cu_recorder;

/* NULL in the program that hands --record on (main.c). */
extern const cu_recorder *const cu_record;

#endif
