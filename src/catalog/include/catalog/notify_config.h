/* custos.yaml, "notify": whom Custos tells, of what, by mail or webhook. */
#ifndef CUSTOS_CATALOG_NOTIFY_CONFIG_H
#define CUSTOS_CATALOG_NOTIFY_CONFIG_H

#include "base/arena.h"
#include "base/error.h"
#include "catalog/yaml.h"

#define CU_NOTIFY_CHANNELS 16u
#define CU_NOTIFY_KINDS "evidence findings expiries incidents service privacy digest"

typedef struct {
    char *name;          /* [a-z0-9-]+ */
    char *role;          /* whose it is: the digest is made for her */
    char *mail;          /* an address, or NULL */
    char *webhook;       /* https only, http for this machine; NULL with mail */
    char *secret;        /* of the webhook's signature; resolved */
    unsigned kinds;      /* bits, in the order of CU_NOTIFY_KINDS */
} cu_notify_channel;

typedef struct {
    char *smtp;          /* smtps://HOST:PORT or smtp://HOST:PORT (STARTTLS is asked for, but of this machine); NULL: no mail */
    bool smtp_here;      /* it is this machine */
    char *ca;            /* PEM file: who signs certificates of the mail server and of webhooks; NULL: the system's */
    char *from, *user, *password; /* user NULL: no sign-in; password resolved */
    uint64_t digest_hour; /* UTC */
    cu_notify_channel channels[CU_NOTIFY_CHANNELS];
    size_t n;
} cu_config_notify;

cu_err cu_notify_config_read(const cu_yaml *root, const char *path, bool resolve, cu_arena *a, cu_config_notify *out, cu_fault *f) CU_MUST;

#endif
