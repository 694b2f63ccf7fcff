/* Rules for commands as data: catalog/rules/commands/ (YAML), format in docs/formats/commands.md. One
 * folder is the pack of one tier. */
#ifndef CUSTOS_CATALOG_COMMANDS_H
#define CUSTOS_CATALOG_COMMANDS_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"

#define CU_COMMAND_MAX_RULES 2000u
#define CU_COMMAND_MIN_EXAMPLES 2u /* of each kind; a rule with fewer is refused */

/* What data that a program gives out, or the program itself, is. Bits. */
#define CU_COMMAND_TAGS(X) \
    X(shell) X(interpreter) X(net) X(download) X(upload) X(decoder) X(filter) X(reader) X(quiet) X(secret) X(environ) X(writer) X(archive) X(plus) X(long) X(globs)
enum {
#define X(name) CU_COMMAND_TAG_AT_##name,
    CU_COMMAND_TAGS(X)
#undef X
    CU_COMMAND_TAG_COUNT
};
enum {
#define X(name) CU_COMMAND_##name = 1 << CU_COMMAND_TAG_AT_##name,
    CU_COMMAND_TAGS(X)
#undef X
};

typedef struct { cu_bytes *v; size_t n; } cu_word_list;
typedef struct { cu_word_list *v; size_t n; } cu_word_groups;

#define CU_HOSTS_ALL 99u /* every operand, and each must say that it names a host: user@, host: */
typedef enum { CU_HOST_ANY, CU_HOST_TOLD, CU_HOST_IMAGE, CU_HOST_DOMAIN } cu_host_form;

typedef enum { CU_RUNS_NONE, CU_RUNS_COMMAND, CU_RUNS_SHELL } cu_command_run;

/* How the words of a program are read. */
typedef struct {
    cu_word_list names;      /* of the program, without its folder */
    cu_word_list sub;        /* only behind one of these operands: exec, run */
    cu_word_list values;     /* options that take the next word: "u" for -u, "user" for --user */
    cu_word_list code;       /* options whose value is code: "c" */
    cu_word_list escapes;    /* what begins a command in its text */
    cu_word_list scripts;    /* options that name a file with its text */
    cu_word_list settings;   /* options whose value gives a command to something: core.pager=CMD, alias.x=!CMD, :!CMD */
    cu_word_list argv_options; /* their value is a command, its words with commas between them: -wrapper */
    cu_word_list folder_options; /* the folder that the command behind it runs in */
    cu_word_list after;      /* a command begins behind one of these words: "--", "-exec" */
    cu_word_list host_options, context_options, context_env;
    cu_word_list forward_options; /* -L port:host:port */
    cu_word_list host_words; /* a host stands behind one of these words, alone or in an expression: "via", "src" */
    cu_word_list host_marks; /* a word that begins so goes on with a host: "@", "TCP:" */
    cu_word_list not_hosts;  /* words that have another meaning where a host may stand: "any", "mx" */
    cu_word_list text_options; /* their value is text: no host, whatever it looks like */
    uint64_t hosts_from, hosts_to; /* operands that are hosts, 1-based; 0: none */
    unsigned host_form;      /* cu_host_form: what such an operand looks like */
    uint64_t skip;           /* operands before the command that is run */
    unsigned run;            /* cu_command_run: what the remaining words are */
    uint32_t tags;
} cu_program;

typedef enum { CU_COMMAND_ALLOW, CU_COMMAND_HOLD, CU_COMMAND_BLOCK } cu_command_decision;

typedef struct {
    const char *id, *title, *message, *instead, *file;
    uint32_t line;
    unsigned decision;
    cu_word_list program;    /* patterns; none: any program */
    cu_word_groups sub;      /* first operands, place by place */
    cu_word_groups flags;    /* one of each group must be given */
    cu_word_groups args;     /* of each group some word must fit */
    cu_word_list not_args, hosts; /* hosts: names of sets */
    uint32_t tags, input, words; /* one of: of the program; of what comes in; of what stands among the words */
    bool context;            /* names production */
    cu_word_list match, not_match;
} cu_command_rule;

typedef struct { cu_bytes name; cu_word_list hosts; } cu_host_set;

/* Commands that name packages of a registry. */
typedef struct {
    cu_word_list program;
    cu_word_groups words;    /* the first operands, place by place */
    cu_word_list values;     /* options that take the next word */
    cu_bytes of;             /* the registry: "pypi" */
    bool first;              /* only the first operand behind words is a package */
} cu_install;

/* Calls in program text that do what a command does: rmtree("/") is rm -rf /. */
typedef struct {
    cu_word_list names;      /* of the function, without what stands before its last dot */
    cu_word_list as;         /* the words before the first argument */
} cu_code_call;

typedef enum { CU_MANIFEST_LINES, CU_MANIFEST_JSON, CU_MANIFEST_TOML, CU_MANIFEST_GO, CU_MANIFEST_MAVEN, CU_MANIFEST_GRADLE, CU_MANIFEST_PYTHON, CU_MANIFEST_SCRIPT } cu_manifest_form;

/* Files that name packages of a registry: where in them the names stand. */
typedef struct {
    cu_word_list files;      /* patterns of the name, or of a path when they hold a slash */
    cu_word_list langs;      /* languages in which a text without a path is read so as well */
    cu_word_list tables;     /* JSON members or TOML tables whose keys are packages; words of Gradle that take one */
    cu_word_list arrays;     /* TOML keys, with their table, whose texts are requirements */
    cu_word_list not_names;  /* keys that are none: "python" */
    cu_word_groups as;       /* of imports: a module, and the packages that have it */
    cu_word_list not_in_part; /* keys that have a version elsewhere in the file: a part does not say where it stands */
    cu_bytes of;             /* the registry */
    unsigned form;           /* cu_manifest_form */
} cu_manifest;

/* Names of packages that exist or may be used, in order. */
typedef struct { cu_bytes of, text; } cu_package_list;
#define CU_PACKAGES_SUFFIX ".packages"
#define CU_PACKAGES_MAX_BYTES (32u << 20) /* of one list; PyPI's has 10 MB */
#define CU_PACKAGE_MAX_NAME 240u
bool cu_package_listed(const cu_package_list *l, cu_bytes name);
/* Its usual form, in room: what a registry takes for the same name is the same. Empty: too long. */
cu_bytes cu_package_name(cu_bytes of, cu_bytes name, char room[CU_PACKAGE_MAX_NAME]);

typedef struct {
    cu_program *programs;
    size_t programs_n;
    cu_command_rule *rules;
    size_t rules_n;
    cu_host_set *sets;
    size_t sets_n;
    cu_install *installs;
    size_t installs_n;
    cu_code_call *calls;
    size_t calls_n;
    cu_manifest *manifests;
    size_t manifests_n;
    cu_package_list *packages;
    size_t packages_n;
    cu_word_list own_modules; /* that code imports and no registry has */
    cu_word_list command_env; /* variables whose value others run: PAGER */
    cu_word_list host_env;   /* patterns of variables whose value is a host: *_HOST */
    cu_word_list host_placeholders; /* patterns of names that say what is to stand there: *_ip */
    cu_word_list local_schemes; /* of URLs that name no host: file */
    cu_word_list production, secrets, not_secrets, secret_options, deny_hosts, allow_hosts, deny_programs, permit;
    cu_sha256 digest;        /* over names and contents of the files */
} cu_command_pack;

/* Ordered: a higher one is stronger. */
typedef enum { CU_TIER_DEFAULT, CU_TIER_REPO, CU_TIER_TENANT, CU_TIER_ORG, CU_TIERS } cu_tier;

typedef struct { cu_bytes name, text; } cu_pack_file;

/* The files of a folder, by name, unread. */
cu_err cu_command_pack_files(const char *dir, cu_arena *a, cu_pack_file **v, size_t *n, cu_fault *f) CU_MUST;
/* from: what faults call the folder. Everything lives in the arena. */
cu_err cu_command_pack_read(const char *from, const cu_pack_file *v, size_t n, cu_arena *a, cu_command_pack *out, cu_fault *f) CU_MUST;
/* Every *.yaml and *.packages of the folder, by name. Everything lives in the arena. */
cu_err cu_command_pack_load(const char *dir, cu_arena *a, cu_command_pack *out, cu_fault *f) CU_MUST;

#endif
