/* A table of a report: columns as wide as their text needs, its head again on each page. */
#ifndef CUSTOS_PRINT_TABLE_H
#define CUSTOS_PRINT_TABLE_H

#include <jansson.h>
#include "sheet.h"

#define TABLE_COLUMNS 25u /* of a report's table, and the one of records */

void table_put(sheet *s, const json_t *table); /* that has rows */

#endif
