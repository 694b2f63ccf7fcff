/* Private to daemon/: calls to the OpenID provider: https, or http on this machine; bounded in time and size, without
 * redirects. */
#ifndef CUSTOS_DAEMON_OIDC_HTTP_H
#define CUSTOS_DAEMON_OIDC_HTTP_H

#include "app.h"

bool oidc_http_may(const char *url);
/* GET; with form, a POST of it with the client's id and secret (HTTP Basic, RFC 6749 section 2.3.1). Into out, up to
 * its ceiling. Anything but 200 is an error. */
cu_err oidc_http(const app *a, const char *url, const cu_buf *form, cu_buf *out, cu_fault *f) CU_MUST;
void oidc_put_pair(cu_buf *b, const char *name, const char *value); /* "&name=value", percent-encoded */

#endif
