#ifndef CUSTOS_CLI_CHECKLIST_OSCAL_H
#define CUSTOS_CLI_CHECKLIST_OSCAL_H
#include <jansson.h>

json_t *checklist_oscal(const json_t *all); /* what GET /api/v1/checklist answers, as OSCAL assessment results */

#endif
