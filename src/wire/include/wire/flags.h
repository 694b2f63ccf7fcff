/* Flags of a request by which its sender says what the provider may do with it. */
#ifndef CUSTOS_WIRE_FLAGS_H
#define CUSTOS_WIRE_FLAGS_H

#include "wire/json.h"

typedef enum { CU_MEMBER_ABSENT, CU_MEMBER_FALSE, CU_MEMBER_TRUE, CU_MEMBER_NULL, CU_MEMBER_OTHER } cu_member;

/* The top-level member of that name. */
cu_member cu_member_flag(cu_bytes body, const cu_json_strings *s, const char *key);
/* The text of member `key` of the top-level object `of`, raw; p NULL when there is none. Given twice, the
 * first that is not `expected` counts: which one the provider reads is not known. */
cu_bytes cu_member_text(cu_bytes body, const cu_json_strings *s, const char *of, const char *key, const char *expected);
/* A copy of body in which the top-level member is false: its literal is replaced, or the member put
 * first. s is moved along. CU_UNSUPPORTED when it is neither true, false nor null; body must be an object
 * with at least one member. */
cu_err cu_member_set_false(cu_bytes body, cu_json_strings *s, const char *key, cu_arena *a, cu_bytes *out) CU_MUST;
/* Calls each() with the raw name of every tool that a request offers, in whichever place its API has it:
 * tools[].name, tools[].function.name, tools[].functionDeclarations[].name. False when each() said so. */
bool cu_tool_names(cu_bytes body, const cu_json_strings *s, bool (*each)(void *arg, cu_bytes name), void *arg);

#endif
