/* Runs during the build: the list of top-level domains in, a sorted table as C out.
 * usage: tld-table OUT LIST */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    char line[256], before[256] = "";
    FILE *in = argc == 3 ? fopen(argv[2], "r") : NULL, *o = in ? fopen(argv[1], "w") : NULL;
    unsigned n = 0;
    if (!o)
        return 1;
    fprintf(o, "#include \"names.h\"\nconst char *const cu_tld[] = {\n");
    while (fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = 0;
        if (!line[0] || line[0] == '#')
            continue;
        if (strcmp(before, line) >= 0 || strspn(line, "abcdefghijklmnopqrstuvwxyz") != strlen(line)) {
            fprintf(stderr, "%s: out of order, or no domain: %s\n", argv[2], line);
            return 1;
        }
        strcpy(before, line);
        fprintf(o, "\"%s\",\n", line);
        n++;
    }
    fprintf(o, "};\nconst size_t cu_tld_count = %u;\n", n);
    return fclose(o) != 0 || n == 0;
}
