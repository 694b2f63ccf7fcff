/* dat-nothing-past-retention: a body that is kept, made older than it may become. In a second Custos. */
#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>
#include "base/digest.h"
#include "probe_talk.h"

#define SEALED_MS 15000u
#define RUN_MS 100000u /* the job runs once a minute */

static unsigned files_of(const char *dir)
{
    unsigned n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *en; d && (en = readdir(d));)
        n += en->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

/* All data keys are put back by so many days; the number of those that hold a body, and the folder of the last of them. */
static unsigned age(const char *state, unsigned days, char folder[300])
{
    char path[200];
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    unsigned n = 0;
    snprintf(path, sizeof path, "%s/body-keys.db", state);
    bool ok = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK && sqlite3_busy_timeout(db, 5000) == SQLITE_OK &&
              sqlite3_prepare_v2(db, "UPDATE data_key SET day = day - ? RETURNING id", -1, &st, NULL) == SQLITE_OK && sqlite3_bind_int(st, 1, (int)days) == SQLITE_OK;
    while (ok && sqlite3_step(st) == SQLITE_ROW) {
        char dir[300];
        snprintf(dir, sizeof dir, "%s/bodies/%.60s", state, (const char *)sqlite3_column_text(st, 0));
        if (files_of(dir)) {
            snprintf(folder, 300, "%s", dir);
            n++;
        }
    }
    sqlite3_finalize(st);
    sqlite3_close(db);
    return n;
}

static bool keep_one(probe *p)
{
    probe *in = probe_lab_inside(p);
    char key[64], id[64], marker[16];
    probe_answer a = {0};
    bool ok = false;
    probe_word(marker, 12);
    if (!probe_real_key(in, "probe-retention", NULL, key, id))
        return false;
    for (int i = 0; i < 50 && !ok; i++, usleep(100000)) { /* until the gateway knows the key */
        ok = probe_send(in, "sink", key, NULL, marker, &a) && a.status == 200;
        probe_answer_free(&a);
    }
    cu_wipe(key, sizeof key);
    json_t *e = ok ? probe_entry(in, "t:default", "content.captured", "exchange", a.exchange, SEALED_MS) : NULL;
    json_decref(e);
    return e != NULL;
}

static probe_verdict past(probe *p)
{
    char state[120], folder[300] = "";
    if (p->foreign)
        return probe_say(p, PROBE_FAILED, "what stands at --gateway keeps no bodies of ours");
    snprintf(state, sizeof state, "%s/state", probe_lab_dir(p));
    if (!keep_one(p))
        return probe_say(p, PROBE_FAILED, "the second Custos did not keep a body");
    if (!age(state, 30, folder))
        return probe_say(p, PROBE_FAILED, "no kept body could be made older");
    json_t *e = probe_entry(probe_lab_inside(p), "t:default", "key.destroyed", "subject", "data-key", RUN_MS);
    bool told = e != NULL;
    unsigned left = files_of(folder);
    json_decref(e);
    return left  ? probe_say(p, PROBE_BROKEN, "%u files of a body whose time is over are still there", left)
           : told ? probe_say(p, PROBE_HELD, "it is gone, and the log says that its key was destroyed")
                  : probe_say(p, PROBE_BROKEN, "it is gone, and the log does not say so");
}

const probe_attack probe_past_attacks[] = {{"past-its-time", "a kept body, 30 days old, that may be kept for one", past, NULL}};
const size_t probe_past_n = 1;
