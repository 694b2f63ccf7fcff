/* A second Custos, of a copy of this same program, for what the running one is not configured for: vendors that must
 * be refused, upstreams with bad certificates, restricted code. It lives in a folder of its own for the
 * time of a run, and takes over what the running configuration says of these things in general. */
#ifndef CUSTOS_CLI_PROBE_LAB_H
#define CUSTOS_CLI_PROBE_LAB_H

#define PROBE_LAB_PURPOSES "purposes" /* a tenant that lets personal data pass: one kind for a purpose, one for none */

#include <sys/types.h>
#include "probe.h"
#include "probe_upstream.h"

/* Starts it unless it runs. With --gateway only the upstreams are started: that address is attacked instead.
 * False, and p->saw says why, when it cannot. */
bool probe_lab_setup(probe *p);
/* The gateway, keys and sink of the second Custos. */
probe *probe_lab_inside(probe *p);
upstreams *probe_lab_upstreams(probe *p);
const char *probe_lab_dir(const probe *p);        /* the folder that holds all of it */
const char *probe_lab_credential(const probe *p); /* of its vendor `keyed` */
pid_t probe_lab_pid(const probe *p, const char *name); /* of a process of it, by its name in custos status; 0: none */
void probe_lab_end(probe *p);
/* probe_release.c: an installation of this program in dir, which is made; program: its server. */
bool probe_install(const char *dir, char *program, size_t n);

#endif
