/* Tiles on disk (C2SP tlog-tiles): 256 hashes or entries a file. */
#ifndef CUSTOS_LEDGER_TILES_H
#define CUSTOS_LEDGER_TILES_H

#include "ledger/log.h"
#include "merkle.h"
#include "note.h"

#define TILE_WIDTH 256u
#define TILE_PATH_MAX 96
#define TILE_BYTES_MAX (TILE_WIDTH * (2 + CU_LEAF_MAX))
#define TILE_ENTRIES (-1) /* level of entry bundles */
#define TILE_SLOTS 9u     /* levels 0 to 7, which hold 2^64 entries, and entries */

struct cu_log {
    int dirfd;
    char *keys_text;
    note_keys keys; /* of the folder, or those that the caller trusts */
    bool trusted;   /* the latter */
    uint8_t named[4]; /* id of the key in vkey, once it is known */
    uint64_t size; /* that node hashes are read for */
    struct tile_slot {
        uint64_t index;
        uint32_t width; /* 0: empty */
        cu_buf bytes;
    } cached[TILE_SLOTS]; /* one a level, and one for entries: a proof reads no tile twice */
};

/* "tile/0/x001/067.p/8"; width 256: no partial suffix. level TILE_ENTRIES: "tile/entries/…". */
void tile_path(int level, uint64_t index, uint32_t width, char out[TILE_PATH_MAX]);
/* How many entries of this tile exist in a tree of `size`. */
uint32_t tile_width(int level, uint64_t index, uint64_t size);
/* The tile's bytes, valid until the next call for the same level. */
cu_err tile_load(cu_log *l, int level, uint64_t index, uint64_t size, cu_bytes *out) CU_MUST;
/* merkle_node_fn over the tiles of l->size; arg: cu_log. */
cu_err tile_node(void *arg, unsigned level, uint64_t index, cu_sha256 *out) CU_MUST;
/* Splits the next entry off a bundle; false when it is malformed or empty. */
bool bundle_next(cu_bytes *bundle, cu_bytes *leaf);
/* A full tile is there, in either form. */
bool tile_exists(const cu_log *l, int level, uint64_t index);
/* Tiles that are written one after the other. Content is durable at once; names of one directory are made durable
 * together, when the next tile stands in another one or tile_names_sync is called: a round of many tiles asks the disk
 * half as often. */
typedef struct {
    int dirfd;
    char last[TILE_PATH_MAX]; /* whose name may be lost with the power; "": none */
} tile_names;
/* Atomic, making directories on the way. */
cu_err tile_write(tile_names *n, int level, uint64_t index, uint32_t width, cu_bytes content) CU_MUST;
cu_err tile_names_sync(tile_names *n) CU_MUST;
/* Partial tiles of a tile that is full now. */
void tile_drop_partial(int dirfd, int level, uint64_t index);
/* Opens without needing a vkey file (the sequencer makes it). */
cu_err log_open_at(int dirfd, cu_log **out) CU_MUST;
/* vkeys, or vkey where there is none. CU_NOT_FOUND when there is neither. */
cu_err log_read_keys(cu_log *l) CU_MUST;

#endif
