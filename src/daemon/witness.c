/* What others said of the anchor log: checkpoints with cosignatures of witnesses, and time stamps, as
 * they lie beside it (docs/formats/log.md). */
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "app.h"
#include "base/file.h"

#define DIGITS_MIN 12u
#define NOTE_MAX 65536u

/* Names are sizes of at least DIGITS_MIN digits, so that the greatest name is the newest. */
static size_t newest(const char *dir, char name[32])
{
    size_t n = 0;
    DIR *d = opendir(dir);
    name[0] = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        size_t len = strlen(e->d_name);
        if (len < DIGITS_MIN || len > 20 || strspn(e->d_name, "0123456789") != len)
            continue;
        n++;
        if (strlen(name) < len || (strlen(name) == len && strcmp(name, e->d_name) < 0))
            memcpy(name, e->d_name, len + 1);
    }
    if (d)
        closedir(d);
    return n;
}

static json_t *said(const app *a, const char *kind)
{
    char dir[4300], path[4400], name[32];
    struct stat st;
    char at[CU_TIME_LEN] = "";
    cu_buf note CU_CLEAN_BUF = CU_BUF(NOTE_MAX);
    snprintf(dir, sizeof dir, "%s/anchor/%s", a->config->log_dir, kind);
    size_t n = newest(dir, name);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (n == 0 || stat(path, &st) != 0 || cu_file_read(AT_FDCWD, path, &note) != CU_OK)
        return json_pack("{s:I,s:n}", "count", (json_int_t)n, "newest");
    cu_time_text((uint64_t)st.st_mtim.tv_sec * 1000000000ull, at);
    json_t *text = json_stringn((const char *)note.p, note.n);
    return json_pack("{s:I,s:{s:I,s:s,s:o}}", "count", (json_int_t)n, "newest", "size", (json_int_t)strtoull(name, NULL, 10), "written", at, "note",
                     text ? text : json_null());
}

unsigned answer_witness(call *c)
{
    return answer_json(c, json_pack("{s:o,s:o}", "cosigned", said(c->a, "cosigned"), "stamped", said(c->a, "timestamps")));
}
