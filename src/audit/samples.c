/* Populations and samples in a bundle: the entries that froze them, the listings, and each drawn row
 * with its proof. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "audit/population.h"
#include "base/file.h"
#include "job.h"
#include "tiles.h"

cu_err job_put_proven(job *j, const char *stem, cu_log *l, uint64_t index, const cu_checkpoint *cp, cu_bytes note)
{
    char name[200];
    cu_buf entry CU_CLEAN_BUF = CU_BUF(65536), proof CU_CLEAN_BUF = CU_BUF(65536);
    CU_TRY(cu_log_entry(l, index, &entry, j->f));
    CU_TRY(cu_log_proof_in(l, index, cp, note, &proof, j->f));
    snprintf(name, sizeof name, "%.180s.json", stem);
    archive_put(j->out, name, cu_buf_view(&entry));
    snprintf(name, sizeof name, "%.180s.tlog-proof", stem);
    archive_put(j->out, name, cu_buf_view(&proof));
    return CU_OK;
}

static cu_err keep(job *j, document **list, size_t *n, const document *d)
{
    if (*n == JOB_DOCUMENTS)
        return cu_fail(j->f, CU_TOO_BIG, "the period has more than %u populations or samples; export a shorter one", JOB_DOCUMENTS);
    if (!*list && !(*list = cu_arena_alloc(&j->arena, JOB_DOCUMENTS * sizeof **list)))
        return CU_NOMEM;
    (*list)[(*n)++] = *d;
    return CU_OK;
}

cu_err job_note_document(job *j, size_t log, uint64_t index, const cu_leaf *leaf, cu_bytes bytes)
{
    bool sample = cu_eq_str(leaf->type, "sample.drawn");
    document d = {.log = log, .index = index};
    if (!sample && !cu_eq_str(leaf->type, "population.frozen"))
        return CU_OK;
    cu_leaf own; /* its views lie in our copy */
    d.leaf = cu_arena_dup(&j->arena, bytes);
    d.p = sample ? NULL : cu_arena_alloc(&j->arena, sizeof *d.p);
    d.s = sample ? cu_arena_alloc(&j->arena, sizeof *d.s) : NULL;
    if (!d.leaf.p || !(d.p || d.s))
        return CU_NOMEM;
    if (cu_leaf_parse(d.leaf, &own) != CU_OK || own.id.n != CU_ID_LEN - 1)
        return CU_CORRUPT;
    memcpy(d.id, own.id.p, own.id.n);
    if (sample)
        return cu_sample_parse(own.body, d.s) == CU_OK ? keep(j, &j->samples, &j->samples_n, &d) : CU_OK;
    return cu_population_parse(own.body, d.p) == CU_OK ? keep(j, &j->populations, &j->populations_n, &d) : CU_OK;
}

/* Its rows are all in the bundle: of the logs and the period that the bundle holds. */
static bool covered(const job *j, const cu_population *p)
{
    if (cu_cmp(p->from, cu_str(j->with->from)) < 0 || cu_cmp(p->to, cu_str(j->with->to)) > 0)
        return false;
    for (size_t i = 0; i < p->logs_n; i++) {
        bool found = false;
        for (size_t k = 0; k < j->n && !found; k++)
            found = cu_eq_str(p->logs[i].name, j->sources[k].name) && p->logs[i].size <= j->sources[k].cp.size;
        if (!found)
            return false;
    }
    return true;
}

void job_settle_documents(job *j)
{
    size_t n = 0;
    for (size_t i = 0; i < j->populations_n; i++)
        if (covered(j, j->populations[i].p))
            j->populations[n++] = j->populations[i];
    j->populations_n = n;
    n = 0;
    for (size_t i = 0; i < j->samples_n; i++)
        for (size_t k = 0; k < j->populations_n; k++) {
            const cu_population *p = j->populations[k].p;
            const cu_sample *s = j->samples[i].s;
            if (cu_eq_str(s->population, j->populations[k].id) && s->count == p->count && memcmp(&s->digest, &p->digest, sizeof p->digest) == 0) {
                j->samples[i].p = j->populations[k].p;
                j->samples[n++] = j->samples[i];
                break;
            }
        }
    j->samples_n = n;
}

cu_err job_put_documents(job *j)
{
    char stem[80];
    for (size_t i = 0; i < j->populations_n + j->samples_n; i++) {
        bool sample = i >= j->populations_n;
        const document *d = sample ? &j->samples[i - j->populations_n] : &j->populations[i];
        const source *s = &j->sources[d->log];
        snprintf(stem, sizeof stem, "%s/%s", sample ? "samples" : "populations", d->id);
        CU_TRY(job_put_proven(j, stem, s->l, d->index, &s->cp, cu_buf_view(&s->note)));
    }
    j->result->populations = (unsigned)j->populations_n;
    j->result->samples = (unsigned)j->samples_n;
    return CU_OK;
}

/* The listing as it was frozen; one that is gone is asked for again, and must come out the same. */
static cu_err open_listing(job *j, const document *d, int *fd, uint64_t *size)
{
    char path[4300];
    struct stat st;
    snprintf(path, sizeof path, "%.4000s/populations/%s.jsonl", j->with->evidence_dir, d->id);
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0 && errno == ENOENT) {
        cu_population again = *d->p;
        *fd = open(j->with->evidence_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (*fd < 0)
            return cu_fail(j->f, cu_errno_err(errno), "%.200s: %s", j->with->evidence_dir, strerror(errno));
        CU_TRY(cu_population_run(j->with->log_dir, &again, *fd, j->f));
        if (memcmp(&again.digest, &d->p->digest, sizeof again.digest) != 0)
            return cu_fail(j->f, CU_CORRUPT, "population %s: asked again, the logs give another listing", d->id);
    }
    if (*fd < 0 || fstat(*fd, &st) != 0)
        return cu_fail(j->f, cu_errno_err(errno), "%.200s: %s", path, strerror(errno));
    *size = (uint64_t)st.st_size;
    return CU_OK;
}

typedef struct {
    job *j;
    const document *sample;
} row_of;

static cu_err put_row(void *arg, uint64_t row, cu_bytes line)
{
    const row_of *r = arg;
    char stem[90];
    cu_bytes log;
    uint64_t index;
    if (cu_listing_row_parse(line, &log, &index) != CU_OK)
        return cu_fail(r->j->f, CU_CORRUPT, "a listing has a malformed row");
    for (size_t i = 0; i < r->j->n; i++) {
        const source *s = &r->j->sources[i];
        snprintf(stem, sizeof stem, "samples/%s/%llu", r->sample->id, (unsigned long long)row);
        if (cu_eq_str(log, s->name))
            return job_put_proven(r->j, stem, s->l, index, &s->cp, cu_buf_view(&s->note));
    }
    return cu_fail(r->j->f, CU_CORRUPT, "a listing names a log that it does not cover");
}

static cu_err put_samples(job *j, const document *population, int fd)
{
    for (size_t i = 0; i < j->samples_n; i++) {
        row_of r = {j, &j->samples[i]};
        if (j->samples[i].p == population->p)
            CU_TRY(cu_listing_rows(fd, r.sample->s->rows, r.sample->s->rows_n, put_row, &r, j->f));
    }
    return CU_OK;
}

cu_err job_put_listings(job *j)
{
    char name[80];
    for (size_t i = 0; i < j->populations_n; i++) {
        int fd CU_CLEAN_FD = -1;
        uint64_t size = 0;
        const document *d = &j->populations[i];
        CU_TRY(open_listing(j, d, &fd, &size));
        snprintf(name, sizeof name, "populations/%s.jsonl", d->id);
        archive_put_file(j->out, name, fd, size, &d->p->digest);
        CU_TRY(put_samples(j, d, fd));
    }
    return CU_OK;
}
