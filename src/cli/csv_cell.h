#ifndef CUSTOS_CLI_CSV_CELL_H
#define CUSTOS_CLI_CSV_CELL_H

/* On standard output: a cell of CSV (RFC 4180) and what comes after it. What a spreadsheet would take for a formula is made text. */
void cu_csv_cell(const char *s, const char *end);

#endif
