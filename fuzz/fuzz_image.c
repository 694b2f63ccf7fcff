/* The image of the rules on any bytes. Its checksum is made anew, so that the decoder sees what is inside:
 * either bytes as they come, or a true image with some bytes replaced. What decodes answers. Of a database
 * nothing is changed: the library takes it for its own code. */
#include "detect/detect.h"
#include "engine.h"
#include "rules_dir.h"

static cu_buf real = {.ceiling = (size_t)16 << 20}; /* a true image */
static size_t plain;                              /* bytes of it before the first database */

static void make_real(void)
{
    cu_arena a;
    cu_rules rules;
    cu_engine *e = NULL;
    cu_fault f = {0};
    cu_arena_init(&a, (size_t)64 << 20);
    if (cu_rules_load(rules_dir((const uint8_t *)some_rules, sizeof some_rules - 1), &a, &rules, &f) != CU_OK ||
        cu_engine_compile(&rules, &e, &f) != CU_OK) {
        fprintf(stderr, "%s\n", f.text);
        abort();
    }
    e->arena = a;
    if (cu_known_make(e, &f) != CU_OK || cu_image_encode(e, &real) != CU_OK)
        abort();
    const uint8_t *known = memmem(real.p, real.n, e->known.text.p, e->known.text.n);
    plain = (size_t)(known - real.p) + e->known.text.n;
    cu_engine_free(e);
}

/* Four bytes each: where, what is done there, with what. */
static void change(cu_buf *b, const uint8_t *p, size_t n)
{
    for (; n >= 4; p += 4, n -= 4) {
        size_t end = plain < b->n ? plain : b->n;
        size_t at = CU_IMAGE_HEAD + (((size_t)p[0] << 8 | p[1]) % (end - CU_IMAGE_HEAD));
        switch (p[2] & 3) {
        case 0: b->p[at] = p[3]; break;
        case 1: b->p[at] ^= (uint8_t)(1u << (p[3] & 7)); break;
        case 2: memset(b->p + at, p[3], end - at < 4 ? end - at : 4); break;
        default: b->n = at + 1; break;
        }
    }
}

/* As mmap would give it: at the begin of a line. */
static void decode(cu_bytes image)
{
    cu_fault f = {0};
    cu_engine *e = NULL;
    uint8_t *at = aligned_alloc(64, (image.n + 63) / 64 * 64);
    if (!at)
        abort();
    memcpy(at, image.p, image.n);
    cu_err err = cu_image_decode(cu_bytes_of(at, image.n), &e, &f);
    CU_ASSERT((err == CU_OK) == (e != NULL) && (err == CU_OK || f.text[0]));
    if (e)
        (void)!cu_known_check(e, NULL);
    cu_engine_free(e);
    free(at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    cu_buf file CU_CLEAN_BUF = CU_BUF((size_t)64 << 20);
    if (!real.n)
        make_real();
    if (n == 0)
        return 0;
    if (data[0] & 1) { /* behind the library's version and the processor, without which nothing more is read */
        cu_buf_put(&file, real.p, CU_IMAGE_HEAD + 4 + strlen(hs_version()) + 1 + 8);
        cu_buf_put(&file, data + 1, n - 1);
    } else {
        cu_buf_add(&file, cu_buf_view(&real));
        change(&file, data + 1, n - 1);
    }
    cu_image_seal(&file);
    decode(cu_buf_view(&file));
    return 0;
}
