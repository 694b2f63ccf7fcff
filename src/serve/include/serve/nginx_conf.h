/* The nginx.conf that Custos runs with. Generated at each start; nothing in it is a secret. */
#ifndef CUSTOS_SERVE_NGINX_CONF_H
#define CUSTOS_SERVE_NGINX_CONF_H

#include "base/buf.h"
#include "catalog/config.h"

#define CU_VENDOR_ADDRESSES 16u

/* Where a vendor's host name led to. */
typedef struct {
    char text[CU_VENDOR_ADDRESSES][48];
    unsigned n;
    bool refused;       /* some were left out: not allowed for this vendor */
} cu_vendor_addresses;

typedef struct {
    const cu_config *config;
    const char *run_dir, *spool_dir, *bodies_dir, *catalog_dir, *web_dir, *module_path;
    const char *injected_image; /* "": there is none */
    const char *bundle_key; /* hex of the public key that bundles are signed with */
    uint16_t sink_port; /* loopback port of the built-in sink provider */
    bool root;          /* workers become www-data */
    const cu_vendor_addresses *addresses; /* CU_VENDOR_UPSTREAMS per vendor: what is connected to; none at all: its upstream is down */
} cu_nginx_with;

/* CU_CONFIG when a path holds a character that nginx would read as its own syntax. */
cu_err cu_nginx_conf(const cu_nginx_with *w, cu_buf *out, cu_fault *f) CU_MUST;

#endif
