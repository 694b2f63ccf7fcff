/* Reading packed bundles. Apart from packing, so that a verifier has no compressor in it. */
#include "packed.h"
#include <libdeflate.h>
#include <stdio.h>
#include "base/file.h"

void packed_path(uint64_t index, char out[TILE_PATH_MAX])
{
    tile_path(TILE_ENTRIES, index, TILE_WIDTH, out);
    size_t n = strlen(out);
    snprintf(out + n, TILE_PATH_MAX - n, ".gz");
}

/* RFC 1952: one way to write each byte, with an extra field "CU" that holds the SHA-256 of all behind it, so that no
 * bit of the file can be turned over unseen. */
static const uint8_t fixed[16] = {0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 36, 0, 'C', 'U', 32, 0};

void packed_head(uint8_t *to, cu_bytes behind)
{
    cu_sha256 digest;
    memcpy(to, fixed, sizeof fixed);
    cu_sha256_of(behind, &digest);
    memcpy(to + sizeof fixed, digest.b, sizeof digest.b);
}

static uint32_t little(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool head_holds(cu_bytes file)
{
    uint8_t want[PACKED_HEAD];
    if (file.n < PACKED_HEAD + PACKED_TAIL)
        return false;
    packed_head(want, cu_slice(file, PACKED_HEAD, file.n));
    return memcmp(file.p, want, sizeof want) == 0;
}

cu_err packed_read(cu_bytes file, cu_buf *out)
{
    if (!head_holds(file))
        return CU_TORN;
    const uint8_t *tail = file.p + file.n - PACKED_TAIL;
    size_t size = little(tail + 4), taken, made;
    if (size == 0 || size > TILE_BYTES_MAX)
        return CU_TORN;
    uint8_t *to = cu_buf_room(out, size);
    if (!to)
        return cu_buf_err(out);
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    if (!d)
        return CU_NOMEM;
    size_t packed = file.n - PACKED_HEAD - PACKED_TAIL;
    enum libdeflate_result r = libdeflate_deflate_decompress_ex(d, file.p + PACKED_HEAD, packed, to, size, &taken, &made);
    libdeflate_free_decompressor(d);
    if (r != LIBDEFLATE_SUCCESS || taken != packed || made != size || libdeflate_crc32(0, to, size) != little(tail))
        return CU_TORN;
    out->n += size;
    return CU_OK;
}

cu_err packed_load(const cu_log *l, uint64_t index, cu_buf *out)
{
    char path[TILE_PATH_MAX];
    cu_buf file CU_CLEAN_BUF = CU_BUF(TILE_BYTES_MAX);
    packed_path(index, path);
    CU_TRY(cu_file_read(l->dirfd, path, &file));
    return packed_read(cu_buf_view(&file), out);
}
