/* What a scanned place is called: by its git remote, or by its folder. */
#ifndef CUSTOS_SCAN_REPOSITORY_H
#define CUSTOS_SCAN_REPOSITORY_H

#include <limits.h>
#include "base/bytes.h"

#define CU_REPOSITORY_NAME 128u /* bytes */

typedef struct {
    /* "github.com/acme/shop", or "shop" where the remote is a folder or there is none. Letters, digits
       and . _ - in parts joined by slashes; other characters became _. "": nothing says a name. Never
       a user, a password or a path of this machine. */
    char name[CU_REPOSITORY_NAME + 1];
    char commit[65];     /* of HEAD, hex; "" outside git and before the first commit */
    char root[PATH_MAX]; /* of the working tree, or of the folder itself outside git; "": none */
} cu_scan_repository;

/* path: a file or a folder, or "." */
void cu_scan_repository_of(const char *path, cu_scan_repository *out);
/* The name that a remote's address or a folder's path has; for the tests. */
void cu_repository_name(const char *address, char out[CU_REPOSITORY_NAME + 1]);

#endif
