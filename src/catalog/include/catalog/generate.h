/* Examples that would look like live secrets are not written down: they are generated when the
 * rules are loaded. In the text of an example,
 *   <alnum*36>   36 characters of an alphabet: alnum upper lower digit hex HEX b64 b64url
 *                upperdigit lowerdigit base32 base58
 *   <lit*RSA>    the word itself, so that a marker can be written in two pieces
 *   [[ … ]]      marks a value that must be found; the marks are taken out */
#ifndef CUSTOS_CATALOG_GENERATE_H
#define CUSTOS_CATALOG_GENERATE_H

#include "catalog/rules.h"

#define CU_EXAMPLE_MAX 8192u /* bytes of an expanded example */

cu_err cu_example_expand(cu_bytes text, cu_arena *a, cu_rule_example *out) CU_MUST;

#endif
