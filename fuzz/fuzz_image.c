/* The image of the rules on any bytes. Its digest is made anew, so that the decoder sees what is inside:
 * either bytes as they come, or a true image with some bytes replaced. What decodes answers. */
#include "detect/detect.h"
#include "engine.h"
#include "rules_dir.h"

#define HEAD (8u + sizeof(cu_sha256))

static cu_buf real = {.ceiling = (size_t)16 << 20}; /* a true image */

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
    cu_engine_free(e);
}

/* Four bytes each: where, what is done there, with what. */
static void change(cu_buf *b, const uint8_t *p, size_t n)
{
    for (; n >= 4; p += 4, n -= 4) {
        size_t at = HEAD + (((size_t)p[0] << 8 | p[1]) % (b->n - HEAD));
        switch (p[2] & 3) {
        case 0: b->p[at] = p[3]; break;
        case 1: b->p[at] ^= (uint8_t)(1u << (p[3] & 7)); break;
        case 2: memset(b->p + at, p[3], b->n - at < 4 ? b->n - at : 4); break;
        default: b->n = at + 1; break;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    cu_buf file CU_CLEAN_BUF = CU_BUF((size_t)64 << 20);
    cu_sha256 digest;
    cu_fault f = {0};
    cu_engine *e = NULL;
    if (!real.n)
        make_real();
    if (n == 0)
        return 0;
    if (data[0] & 1) { /* behind the library's version, without which nothing more is read */
        cu_buf_put(&file, real.p, HEAD + 4 + strlen(hs_version()));
        cu_buf_put(&file, data + 1, n - 1);
    } else {
        cu_buf_add(&file, cu_buf_view(&real));
        change(&file, data + 1, n - 1);
    }
    cu_sha256_of(cu_slice(cu_buf_view(&file), HEAD, file.n), &digest);
    memcpy(file.p + 8, digest.b, sizeof digest.b);
    cu_err err = cu_image_decode(cu_buf_view(&file), &e, &f);
    CU_ASSERT((err == CU_OK) == (e != NULL) && (err == CU_OK || f.text[0]));
    if (e)
        (void)!cu_known_check(e, NULL);
    cu_engine_free(e);
    return 0;
}
