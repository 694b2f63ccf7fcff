/* Finding sensitive data in text: rules in, spans out. The matching engine (Hyperscan) stays
 * behind this header. */
#ifndef CUSTOS_DETECT_DETECT_H
#define CUSTOS_DETECT_DETECT_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"
#include "catalog/rules.h"
#include "catalog/types.h"

/* No finding, and no context that a rule looks at, crosses a NUL byte: many short strings are
 * scanned in one call by joining them with CU_DETECT_SEPARATOR. */
#define CU_DETECT_SEPARATOR '\0'
#define CU_DETECT_MAX_TEXT ((size_t)256 << 20) /* bytes in one call */
#define CU_DETECT_MAX_FINDINGS 2000000u        /* in one call; beyond: CU_TOO_BIG */

/* Set when the rule needed words around the value (a key name, a keyword) to be sure. The same
 * value elsewhere in the text, without those words, is the same secret. */
#define CU_FINDING_BY_CONTEXT 1u
/* Why the confidence is what it is. */
#define CU_FINDING_CHECKED 2u      /* its checksum or inner structure holds */
#define CU_FINDING_NAMED 4u        /* the name it is assigned to says what it is */
#define CU_FINDING_QUOTED 8u
#define CU_FINDING_RANDOM 16u      /* its characters look random */
#define CU_FINDING_PLACEHOLDER 32u /* it looks like a placeholder or a documented example */
#define CU_FINDING_SEQUENCE 128u   /* it holds runs such as 12345678 or abcdefgh */
#define CU_FINDING_DECODED 256u    /* it stands there in base64 or hexadecimal */
#define CU_FINDING_CREDIT 512u     /* it says who wrote a file */
#define CU_FINDING_TEST 1024u      /* in the source of a test */
#define CU_FINDING_ROLE 2048u      /* the mailbox of an office or of a list, not of a person */
#define CU_DETECT_MADE_UP_MOST 35u /* percent that four single figures with points are an address */
#define CU_DETECT_CREDIT_MOST 35u  /* percent that such a finding is sure at most */
/* Part of a weaker finding that a stronger one overlaps: to be replaced, not to be reported. */
#define CU_FINDING_REMAINDER 64u

/* Findings below this are not made: what looks like a placeholder without any doubt. */
#define CU_DETECT_FLOOR 20u
#define CU_DETECT_DEFAULT_MIN 40u /* percent: what reports show unless asked otherwise */

typedef struct {
    uint32_t start, end; /* bytes, half-open */
    uint16_t rule;       /* index into the rules of the engine */
    uint8_t type;        /* cu_type */
    uint8_t confidence;  /* percent */
    uint32_t flags;
} cu_finding;

/* Sorted by start, never overlapping. Heap memory, reused between calls. */
typedef struct {
    cu_finding *v;
    size_t n, cap;
} cu_findings;

void cu_findings_free(cu_findings *f);

/* Compiled rules: immutable, shared by threads. */
typedef struct cu_engine cu_engine;
/* One per thread. */
typedef struct cu_scratch cu_scratch;

/* The rules of catalog_dir/rules, and those of `extra` (NULL: none; a rule of the same id replaces the
 * shipped one), made ready: from an image that fits library, CPU and the content of the rule files,
 * compiled otherwise (0.1 to 5 s for hundreds of rules) and then kept in `cache`, a folder (NULL: not
 * kept). A wrong rule, an engine library of a wrong version and a missed known answer are refused. */
cu_err cu_engine_open(const char *catalog_dir, const char *extra, const char *cache, cu_engine **out,
                      cu_fault *f) CU_MUST;
/* What the engine was made from; after an image without examples. Lives as long as the engine. */
const cu_rules *cu_engine_rules(const cu_engine *e);
const uint8_t *cu_engine_digest(const cu_engine *e); /* 32 bytes, of the rules as written */
/* Where images of the rules that were compiled here are kept: $XDG_CACHE_HOME/custos or
 * ~/.cache/custos. NULL when there is no such place. Static memory. */
const char *cu_engine_cache_dir(void);

/* True when open() read the image beside the program. */
bool cu_engine_from_image(const cu_engine *e);
/* Writes the image of an engine from cu_engine_open(): what a build ships beside the program. */
cu_err cu_engine_write_image(const cu_engine *e, const char *path) CU_MUST;

/* The image that another process of this installation wrote; read only where nobody but root and this
 * user can write. CU_NOT_FOUND when there is none. */
cu_err cu_engine_read_image(int dirfd, const char *name, cu_engine **out, cu_fault *f) CU_MUST;

/* Compiles rules that the caller keeps alive. Refuses an engine library of a wrong version. */
cu_err cu_engine_compile(const cu_rules *rules, cu_engine **out, cu_fault *f) CU_MUST;
void cu_engine_free(cu_engine *e);
/* Identifier of the rule, for reports ("aws-access-key"). */
const char *cu_engine_rule_id(const cu_engine *e, uint16_t rule);
cu_err cu_scratch_new(const cu_engine *e, cu_scratch **out) CU_MUST;
void cu_scratch_free(cu_scratch *s);

/* Cheap: might a value under this name be a secret? Asked before cu_detect_named(). */
bool cu_names_secret(cu_bytes name);

/* Appends the reasons of a finding as words: "named, looks random". */
void cu_finding_reasons(const cu_finding *f, cu_buf *out);

/* Is value, assigned to name ("password", "dbToken"), a secret by its context? For structured data
 * whose names and values are apart. Fills *out with offsets into value; CU_NOT_FOUND when not. */
cu_err cu_detect_named(const cu_engine *e, cu_scratch *s, cu_bytes name, cu_bytes value,
                       cu_finding *out) CU_MUST;

/* From now on only these rules (by index, as many as the engine has) are looked for. */
void cu_scratch_only(cu_scratch *s, const bool *rules);

/* Finds everything in text. Any bytes are allowed. Allocates only to grow `out` and the scratch (a bit for
 * each 64 bytes of the longest text so far), and where an encoded text is looked into. */
cu_err cu_detect(const cu_engine *e, cu_scratch *s, cu_bytes text, cu_findings *out) CU_MUST;

/* CPU time of each rule alone, and of all rules together, over one text; ns. */
typedef void (*cu_cost_tell)(void *arg, const cu_rule *r, uint64_t alone, uint64_t all, uint64_t found);
/* Is rule i too dear to be tried, by its shape? why says so, and what to do. */
#define CU_DEAR_MAX 240u
cu_err cu_rule_dear(const cu_engine *e, size_t i, char why[CU_DEAR_MAX], bool *dear) CU_MUST;
cu_err cu_rules_cost(const cu_rules *rules, cu_bytes text, cu_cost_tell tell, void *arg, cu_fault *f) CU_MUST;

/* Every example and counter-example of every rule, each by itself. tell is called once for each that
 * does not hold; *wrong counts them. */
typedef void (*cu_rule_tell)(void *arg, const cu_rule *r, const cu_rule_example *x, const char *why);
cu_err cu_rules_prove(const cu_rules *rules, const cu_engine *e, cu_rule_tell tell, void *arg,
                      size_t *wrong) CU_MUST;

#endif
