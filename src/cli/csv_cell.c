#include "csv_cell.h"
#include <stdio.h>
#include <string.h>

void cu_csv_cell(const char *s, const char *end)
{
    putchar('"');
    if (*s && strchr("=+-@\t\r", *s))
        putchar('\'');
    for (; *s; s++) {
        if (*s == '"')
            putchar('"');
        putchar(*s);
    }
    printf("\"%s", end);
}
