/* Who may send which code where: repositories with their data class, and the table of rules. Read
 * from custos.yaml, carried in the policy bundle, decided by policy/access.h.
 * docs/formats/custos-yaml.md describes the keys. */
#ifndef CUSTOS_CATALOG_ACCESS_H
#define CUSTOS_CATALOG_ACCESS_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "catalog/yaml.h"

#define CU_ACCESS_MAX_REPOS 2000u
#define CU_ACCESS_MAX_RULES 1000u
#define CU_ACCESS_MAX_GROUPS 1000u
#define CU_ACCESS_MAX_LIST 1000u    /* entries of one list */
#define CU_ACCESS_MAX_PATTERN 256u  /* bytes */

/* Ordered: a higher one is stricter. */
typedef enum { CU_DATA_PUBLIC, CU_DATA_INTERNAL, CU_DATA_CONFIDENTIAL, CU_DATA_RESTRICTED, CU_DATA_CLASSES } cu_data_class;
#define CU_DATA_UNKNOWN CU_DATA_CONFIDENTIAL /* of a repository that nobody described */
const char *cu_data_class_name(unsigned c); /* "public" */
/* False when the word is no class. */
bool cu_data_class_of(cu_bytes word, uint8_t *out);

/* Ordered: a higher one lets less through. */
typedef enum { CU_ACCESS_ALLOW, CU_ACCESS_CUT, CU_ACCESS_REFUSE, CU_ACCESS_ACTS } cu_access_act;
const char *cu_access_act_name(unsigned a); /* "cut" */

typedef struct {
    cu_bytes *v;
    size_t n;
} cu_words;

typedef struct {
    cu_bytes glob;
    uint8_t class;
} cu_access_path;

typedef struct {
    cu_bytes name;        /* glob over the repository's name: "acme/payments", "acme/x-?" */
    cu_bytes tenant;      /* this tenant's only; empty: every tenant's */
    uint8_t class;
    cu_words directories; /* globs over where working copies lie; none: a folder of the name's last part */
    cu_access_path *paths;
    size_t paths_n;
} cu_access_repo;

typedef struct {
    cu_bytes id;
    cu_words who;         /* user:X, service:X, group:X, key:X, tenant:X; none: everybody */
    uint8_t classes;      /* bit 1 << class; 0: every class */
    cu_words vendors, plans, repositories; /* none: every one */
    uint8_t act;
} cu_access_rule;

typedef struct {
    cu_bytes name;
    cu_words members;     /* users and services */
} cu_access_group;

typedef struct {
    cu_access_repo *repos;   /* the first whose name fits counts */
    size_t repos_n;
    cu_access_rule *rules;   /* the first that fits decides */
    size_t rules_n;
    cu_access_group *groups;
    size_t groups_n;
} cu_access;

/* What keeps tenants apart at a vendor; both are on unless the file says off. */
typedef struct {
    bool pseudonyms, leak_detector;
} cu_isolation;
/* Reads the key isolation of the root map, which may be missing. */
cu_err cu_isolation_read(const cu_yaml *root, const char *path, cu_isolation *out, cu_fault *f) CU_MUST;

/* Reads the keys repositories, access and groups of the root map; each may be missing. path: the
 * file, for messages. All memory of the arena. */
cu_err cu_access_read(const cu_yaml *root, const char *path, cu_arena *a, cu_access *out, cu_fault *f) CU_MUST;

#endif
