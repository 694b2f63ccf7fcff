/* Runs during the build: lists of names in, one hash table as C out.
 * usage: name-table OUT GIVEN FAMILY TITLE WORD */
#include <stdio.h>
#include <string.h>
#include "name_fold.h"

static char pool[CU_NAME_SLOTS * 12];
static uint32_t slot[CU_NAME_SLOTS], used = 1;
static uint8_t first[CU_NAME_FIRST];

static int add(const char *line, size_t n, unsigned flag)
{
    char name[CU_NAME_MAX];
    size_t len = cu_name_fold((const uint8_t *)line, n, name);
    if (len < 2)
        return 1;
    uint32_t h = cu_name_hash(name, len) % CU_NAME_SLOTS;
    while (slot[h] && strcmp(pool + slot[h] + 1, name) != 0)
        h = (h + 1) % CU_NAME_SLOTS;
    if (!slot[h]) {
        if (used + len + 2 > sizeof pool)
            return 1;
        slot[h] = used;
        memcpy(pool + used + 1, name, len + 1);
        used += (uint32_t)len + 2;
    }
    pool[slot[h]] |= (char)flag;
    return 0;
}

static int read_list(const char *path, unsigned flag, unsigned vague)
{
    char line[256];
    FILE *f = fopen(path, "r");
    int bad = !f;
    while (f && !bad && fgets(line, sizeof line, f)) {
        size_t n = strcspn(line, "\n");
        if (n == 0 || line[0] == '#')
            continue;
        int tilde = line[n - 1] == '~';
        bad = add(line, n - (size_t)tilde, flag | (tilde ? vague : 0));
        if (bad)
            fprintf(stderr, "%s: not a name: %s", path, line);
    }
    if (f)
        fclose(f);
    return bad;
}

static void bytes(FILE *o, const char *name, const uint8_t *p, size_t n)
{
    fprintf(o, "const uint8_t %s[%zu] = {", name, n);
    for (size_t i = 0; i < n; i++)
        fprintf(o, "%s%u,", i % 32 ? "" : "\n", p[i]);
    fprintf(o, "\n};\n");
}

/* The filter lets words through that a name may begin with: those of word.txt never. */
static void make_filter(void)
{
    for (uint32_t h = 0; h < CU_NAME_SLOTS; h++) {
        const uint8_t *name = (const uint8_t *)pool + slot[h] + 1;
        if (!slot[h] || (pool[slot[h]] & CU_NAME_WORD && !(pool[slot[h]] & CU_NAME_TITLE)))
            continue;
        uint64_t word = 0;
        for (size_t k = 0; k < 8 && name[k]; k++)
            word |= (uint64_t)name[k] << (8 * k);
        uint32_t key = cu_name_key(word, cu_name_stop(word));
        first[key / 8] |= (uint8_t)(1u << (key % 8));
    }
}

/* The hash's highest bits: most words that are no name differ there, and are not compared. */
static uint32_t tag(const char *name)
{
    return cu_name_hash(name, strlen(name)) / CU_NAME_POOL * CU_NAME_POOL;
}

_Static_assert(sizeof pool <= CU_NAME_POOL, "a place in the pool fits below the tag");

int main(int argc, char **argv)
{
    if (argc != 6 || read_list(argv[2], CU_NAME_GIVEN, CU_NAME_GIVEN_VAGUE) ||
        read_list(argv[3], CU_NAME_FAMILY, CU_NAME_FAMILY_VAGUE) ||
        read_list(argv[4], CU_NAME_TITLE, 0) || read_list(argv[5], CU_NAME_WORD, 0))
        return 1;
    make_filter();
    FILE *o = fopen(argv[1], "w");
    if (!o)
        return 1;
    fprintf(o, "#include \"names.h\"\nconst uint32_t cu_name_slot[%u] = {", CU_NAME_SLOTS);
    for (uint32_t i = 0; i < CU_NAME_SLOTS; i++)
        fprintf(o, "%s%u,", i % 16 ? "" : "\n", slot[i] ? slot[i] + tag(pool + slot[i] + 1) : 0);
    fprintf(o, "\n};\n");
    bytes(o, "cu_name_pool", (const uint8_t *)pool, used);
    bytes(o, "cu_name_first", first, sizeof first);
    return fclose(o) != 0;
}
