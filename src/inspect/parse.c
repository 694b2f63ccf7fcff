/* A parse of well-formed text takes turns, pieces, memory and look-ups in proportion to its length; a hostile one takes
 * their square, or hundreds of look-ups a word: memory and look-ups on the way out of errors, pieces where a grammar's
 * scanner looks ahead to the end again and again. */
#include "parse.h"
#include "core.h"
#include <pthread.h>
#include <stdlib.h>

#define PIECE 256u /* bytes that the parser gets at a time */
/* Of 713 shell scripts and 20,755 commands none takes more than 6 turns and one for 68 bytes, or reads a piece more
 * than 5 times; of 9,000 files in seven languages none takes more than 6 turns and one for 37 bytes. A turn: a hundred
 * steps of the parser. */
#define TURNS_FREE 32u
#define BYTES_A_TURN 24u
#define PIECES_FREE 64u
#define READS_A_PIECE 8u
#define MEMORY_FREE (512u << 10)
#define LOOKUPS_FREE (16u << 10)

typedef struct {
    cu_bytes text;
    uint32_t turns, max_turns;
    uint32_t reads, max_reads;
    size_t max_memory;
    uint64_t max_lookups;
    uint32_t from, to; /* the piece that was given last */
} progress;

/* Bytes that parsers of this thread asked for since its parse began. */
static _Thread_local size_t asked;

static void *counted_alloc(size_t n)
{
    asked += n;
    return malloc(n);
}

static void *counted_calloc(size_t n, size_t size)
{
    asked += n * size;
    return calloc(n, size);
}

static void *counted_realloc(void *p, size_t n)
{
    asked += n;
    return realloc(p, n);
}

static void count_memory(void)
{
    ts_set_allocator(counted_alloc, counted_calloc, counted_realloc, free);
}

static bool spent(const progress *p)
{
    return p->turns > p->max_turns || p->reads > p->max_reads || asked > p->max_memory || parser_lookups > p->max_lookups;
}

static bool over(TSParseState *s)
{
    progress *p = s->payload;
    p->turns++;
    return spent(p);
}

static const char *give(void *payload, uint32_t at, TSPoint point, uint32_t *n)
{
    progress *p = payload;
    /* asked again for half of a character, be it the first of its piece, the lexer cannot do with nothing (lexer.c,
     * ts_lexer__get_lookahead) */
    bool again = at >= p->from && at < p->to && p->to - at < 4;
    p->reads++;
    size_t left = at < p->text.n && (again || !spent(p)) ? p->text.n - at : 0;
    *n = (uint32_t)(left < PIECE ? left : PIECE);
    p->from = at;
    p->to = at + *n;
    return left ? (const char *)p->text.p + at : "";
}

TSTree *parse_within(TSParser *parser, cu_bytes text, parse_limit most)
{
    static pthread_once_t counting = PTHREAD_ONCE_INIT;
    uint32_t turns = TURNS_FREE + (uint32_t)(text.n / BYTES_A_TURN);
    progress p = {.text = text, .max_turns = turns < most.turns ? turns : most.turns,
                  .max_reads = PIECES_FREE + READS_A_PIECE * (uint32_t)(text.n / PIECE), .max_memory = MEMORY_FREE + text.n * most.memory,
                  .max_lookups = LOOKUPS_FREE + (uint64_t)text.n * most.lookups};
    if (pthread_once(&counting, count_memory) != 0)
        return NULL;
    asked = 0;
    parser_lookups = 0;
    TSTree *tree = ts_parser_parse_with_options(parser, NULL, (TSInput){&p, give, TSInputEncodingUTF8, NULL}, (TSParseOptions){&p, over});
    if (tree && !spent(&p))
        return tree;
    if (tree)
        ts_tree_delete(tree); /* of less than the text */
    ts_parser_reset(parser);
    return NULL;
}
