/* Distance of two words: insertions, deletions, replacements and swaps of neighbours
 * (the restricted form of Damerau's, "A technique for computer detection and correction of spelling
 * errors", CACM 7(3), 1964). */
#include "suggest.h"
#include <string.h>
#include "verb.h"
#include "verbs.h"

enum { LONGEST = 32, FAR = LONGEST };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned distance(const char *a, size_t an, const char *b, size_t bn)
{
    unsigned row[LONGEST + 1][LONGEST + 1];
    if (an > LONGEST || bn > LONGEST)
        return FAR;
    for (size_t i = 0; i <= an; i++)
        for (size_t j = 0; j <= bn; j++) {
            if (!i || !j) {
                row[i][j] = (unsigned)(i + j);
                continue;
            }
            unsigned d = row[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            d = least(d, least(row[i - 1][j], row[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d = least(d, row[i - 2][j - 2] + 1);
            row[i][j] = d;
        }
    return row[an][bn];
}

static bool shown(const cu_verb *v)
{
    return strcmp(v->group, "internal") != 0;
}

static bool list_those_that_begin(FILE *to, const char *word)
{
    size_t n = strlen(word);
    bool any = false;
    for (size_t i = 0; cu_verbs[i]; i++)
        if (shown(cu_verbs[i]) && strncmp(cu_verbs[i]->name, word, n) == 0 && cu_verbs[i]->name[n] == ' ') {
            fprintf(to, "%s  custos %s\n", any ? "" : "It is the beginning of:\n", cu_verbs[i]->name);
            any = true;
        }
    return any;
}

void cu_suggest_verb(FILE *to, const char *word)
{
    size_t n = strlen(word);
    unsigned best = n < 4 ? 2 : 3; /* short words are near to everything */
    const cu_verb *near = NULL;
    fprintf(to, "custos: \"%s\" is not a verb", word);
    for (size_t i = 0; cu_verbs[i]; i++) {
        const cu_verb *v = cu_verbs[i];
        unsigned d = shown(v) ? distance(word, n, v->name, strcspn(v->name, " ")) : FAR;
        if (d && d < best) {
            best = d;
            near = v;
        }
    }
    if (near)
        fprintf(to, "; did you mean \"%.*s\"?", (int)strcspn(near->name, " "), near->name);
    fprintf(to, "%s", near ? "\n" : ". ");
    if (!list_those_that_begin(to, word))
        fprintf(to, "`custos help` lists them.\n");
}
