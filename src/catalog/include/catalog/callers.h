/* The parts of custos.yaml about callers and what they may use: limits, scopes, client certificates,
 * prices, lockout. */
#ifndef CUSTOS_CATALOG_CALLERS_H
#define CUSTOS_CATALOG_CALLERS_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "catalog/yaml.h"

#define CU_MAX_PER_MINUTE 100000000u
#define CU_MAX_PER_DAY 1000000000000000u
#define CU_MAX_CONCURRENT 65535u

/* 0: no limit. Spend in millionths of the unit of the price table. */
typedef struct {
    uint64_t requests_per_minute, tokens_per_minute, tokens_per_day, spend_per_day, concurrent;
} cu_config_limits;

/* Names or prefixes ending in *, separated by commas; NULL: everything. */
typedef struct {
    char *vendors, *models, *repos, *classes, *tools;
} cu_config_scopes;

typedef struct {
    char *certificate;      /* "dns:…", "email:…", "uri:…" or "subject:…" */
    char *tenant, *user;
    bool service;
    cu_config_scopes scopes;
    cu_config_limits limits;
} cu_config_caller;

typedef struct {
    char *models;
    uint64_t input, output, cache_read, cache_write; /* millionths of the unit per million tokens */
} cu_config_price;

typedef struct {
    cu_config_caller *callers;
    size_t callers_n;
    cu_config_price *prices;
    size_t prices_n;
    uint64_t lockout_failures, lockout_seconds;
} cu_config_callers;

/* "12.50" is 12500000; at most six digits behind the point and nine before it. */
bool cu_money_of(cu_bytes text, uint64_t *millionths);

/* path: of the file, for messages. All memory is of the arena. */
cu_err cu_config_read_limits(const char *path, const cu_yaml *n, cu_arena *a, cu_config_limits *out, cu_fault *f) CU_MUST;
cu_err cu_config_read_callers(const char *path, const cu_yaml *n, cu_arena *a, cu_config_callers *out, cu_fault *f) CU_MUST;
cu_err cu_config_read_prices(const char *path, const cu_yaml *n, cu_arena *a, cu_config_callers *out, cu_fault *f) CU_MUST;
cu_err cu_config_read_lockout(const char *path, const cu_yaml *n, cu_config_callers *out, cu_fault *f) CU_MUST;

#endif
