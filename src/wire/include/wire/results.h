/* Which texts of a request come from outside of the conversation: what tools gave back, and documents that were fetched
 * for the model. Nobody who takes part in it wrote them. */
#ifndef CUSTOS_WIRE_RESULTS_H
#define CUSTOS_WIRE_RESULTS_H

#include "wire/shape.h"

typedef struct {
    size_t at;              /* string that is next; 0 at first */
    size_t item_end;        /* of OpenAI's messages: where the one ends whose role is known */
    bool from_tool;         /* that role */
} cu_result_place;

/* Index of the next such text that is data (wire/shape.h: marked), or (size_t)-1. */
size_t cu_result_next(cu_api api, cu_bytes body, const cu_json_strings *s, cu_result_place *p);

#endif
