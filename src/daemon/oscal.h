/* Private to daemon/: OSCAL 1.1.3 (NIST, https://pages.nist.gov/OSCAL) of what a report would say. */
#ifndef CUSTOS_DAEMON_OSCAL_H
#define CUSTOS_DAEMON_OSCAL_H

#include "report_desk.h"

bool oscal_known(const char *kind); /* "oscal-catalog" … */
void oscal_list(json_t *kinds);     /* as in GET /reports */
/* Equal for equal moments: identifiers are UUIDs of version 5 (RFC 9562). NULL: there is nothing to export. */
json_t *oscal_document(report_making *m, const char *kind);

#endif
