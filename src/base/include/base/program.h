/* Where the files of this program lie: beside it, in a build tree as in an installation. */
#ifndef CUSTOS_BASE_PROGRAM_H
#define CUSTOS_BASE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* The first of names (relative to the folder of the running program, NULL at the end) that is there, resolved; false: none. */
bool cu_program_file(const char *const *names, char *out, size_t n);
bool cu_program_web(char *out, size_t n);    /* folder of the built console */
bool cu_program_module(char *out, size_t n); /* nginx's */

#endif
