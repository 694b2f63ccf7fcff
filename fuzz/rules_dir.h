/* What the targets that need rules share: a folder with one rule file, whose text may be anything. */
#ifndef CUSTOS_FUZZ_RULES_DIR_H
#define CUSTOS_FUZZ_RULES_DIR_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/bytes.h"

/* A pattern, a value behind an anchor, and three finders. */
static const char some_rules[] =
    "rules:\n"
    "- id: rule-a\n  type: SECRET\n  title: A\n  pattern: 'ka_([a-z0-9]{8})'\n  confidence: 90\n  source: none\n"
    "  examples: ['ka_[[1a2b3c4d]]', '(ka_[[1a2b3c4d]])', 'k = ka_[[00000001]]']\n  counter_examples: [a, b, c]\n"
    "- id: rule-b\n  type: SECRET\n  title: B\n  anchors: [heroku]\n  value: '[a-f0-9]{8}'\n  reach: 40\n"
    "  words: none\n  severity: low\n  action: block\n  confidence: 50\n  source: none\n"
    "  examples: ['heroku [[0a1b2c3d]]', 'heroku=[[0a1b2c3d]]', 'Heroku: [[ffff0000]]']\n  counter_examples: [a, b, c]\n"
    "- id: rule-c\n  type: EMAIL_ADDRESS\n  title: C\n  finder: email\n  confidence: 90\n  source: none\n"
    "  examples: ['[[kim@custos-mail.org]]', '<[[kim@custos-mail.org]]>', 'to [[k.im@custos-mail.org]]']\n  counter_examples: [a, b, c]\n"
    "- id: rule-d\n  type: SECRET\n  title: D\n  finder: assignment\n  anchors: [password]\n  confidence: 60\n  source: none\n"
    "  examples: ['password = \"[[k7XqPz9Lm2]]\"', 'password: [[k7XqPz9Lm2]]', 'db_password=[[k7XqPz9Lm2]]']\n  counter_examples: [a, b, c]\n";

/* The folder, made at the first call; static memory. */
static const char *rules_dir(const uint8_t *text, size_t n)
{
    static char dir[64], file[96];
    if (!dir[0]) {
        char sub[80];
        snprintf(dir, sizeof dir, "/tmp/custos-fuzz-rules-%ld", (long)getpid());
        snprintf(file, sizeof file, "%s/secrets/a.yaml", dir);
        mkdir(dir, 0700);
        snprintf(sub, sizeof sub, "%s/secrets", dir);
        mkdir(sub, 0700);
        snprintf(sub, sizeof sub, "%s/pii", dir);
        mkdir(sub, 0700);
    }
    FILE *to = fopen(file, "w");
    if (!to || fwrite(text, 1, n, to) != n || fclose(to) != 0)
        abort();
    return dir;
}

#endif
