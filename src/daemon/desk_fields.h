/* Private to daemon/: the fields of a step as people write them, into the body of an entry. */
#ifndef CUSTOS_DAEMON_DESK_FIELDS_H
#define CUSTOS_DAEMON_DESK_FIELDS_H

#include <jansson.h>
#include "app.h"

/* A field that stands for a person: her name is given, her pseudonym recorded. */
bool desk_is_person(const cu_event_field *f);
/* A new object; the fault names what is unknown or malformed. What is missing the registry's check finds. */
cu_err desk_fields(app *a, const cu_event *e, const char *tenant, json_t *given, json_t **out, cu_fault *f) CU_MUST;

#endif
