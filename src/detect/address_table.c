/* Runs during the build: the words of postal addresses in, tables as C out. "[kind]" begins a kind; its words
 * follow, one a line, in order of the byte that they are looked for by.
 * usage: address-table OUT LIST */
#include <stdio.h>
#include <string.h>
#include "address_words.h"

#define WORDS_MAX 4096

static const char *const kinds[] = {
#define X(id, text) text,
    CU_ADDRESS_KINDS(X)
#undef X
};
static char words[WORDS_MAX][64];
static unsigned from[CU_ADDRESS_COUNT][257], used;

static int kind_of(const char *line)
{
    for (int k = 0; k < CU_ADDRESS_COUNT; k++)
        if (strncmp(line + 1, kinds[k], strlen(kinds[k])) == 0 && line[1 + strlen(kinds[k])] == ']')
            return k;
    return -1;
}

static int read_list(FILE *in)
{
    char line[256];
    int kind = -1, byte = 0;
    while (fgets(line, sizeof line, in)) {
        size_t n = strcspn(line, "\n");
        line[n] = 0;
        if (n == 0 || line[0] == '#')
            continue;
        if (line[0] == '[') {
            for (; kind >= 0 && byte < 256; byte++)
                from[kind][byte + 1] = used;
            if (kind_of(line) != kind + 1)
                return 1;
            from[++kind][0] = used;
            byte = 0;
            continue;
        }
        int c = (unsigned char)line[kind == CU_ADDRESS_ENDING || kind == CU_ADDRESS_BOX ? n - 1 : 0];
        if (kind < 0 || c < byte || n >= sizeof *words || used == WORDS_MAX) {
            fprintf(stderr, "out of order, or too long: %s\n", line);
            return 1;
        }
        for (; byte < c; byte++)
            from[kind][byte + 1] = used;
        strcpy(words[used++], line);
    }
    for (; kind >= 0 && byte < 256; byte++)
        from[kind][byte + 1] = used;
    return kind + 1 != CU_ADDRESS_COUNT;
}

int main(int argc, char **argv)
{
    FILE *in = argc == 3 ? fopen(argv[2], "r") : NULL;
    if (!in || read_list(in))
        return 1;
    FILE *o = fopen(argv[1], "w");
    if (!o)
        return 1;
    fprintf(o, "#include \"address_words.h\"\nconst cu_address_word cu_address_words[] = {\n");
    for (unsigned i = 0; i < used; i++)
        fprintf(o, "{\"%s\", %zu},\n", words[i], strlen(words[i]));
    fprintf(o, "};\nconst uint16_t cu_address_from[CU_ADDRESS_COUNT][257] = {\n");
    for (unsigned k = 0; k < CU_ADDRESS_COUNT; k++) {
        fprintf(o, "{");
        for (unsigned b = 0; b <= 256; b++)
            fprintf(o, "%u,", from[k][b]);
        fprintf(o, "},\n");
    }
    fprintf(o, "};\n");
    return fclose(o) != 0;
}
