/* Private to detect/: what the characters of a value say about it. Values are at most a few hundred
 * bytes long where these are called. */
#ifndef CUSTOS_DETECT_JUDGE_H
#define CUSTOS_DETECT_JUDGE_H

#include "base/bytes.h"

typedef struct {
    size_t distinct, upper, lower, digits, spaces;
    size_t joints;      /* _ - . / */
    size_t other;
    size_t turns;       /* from letter to digit or back, without a joint between */
    size_t lower_run;   /* the longest run of lower case letters */
    size_t consonants;  /* the longest run of lower case consonants: words have few in a row */
    size_t equal_run;   /* the longest run of one character */
    size_t rising_run;  /* ... of characters that go up by one: 12345, abcdef */
} cu_shape;

void cu_shape_of(cu_bytes v, cu_shape *s);
/* It says where the secret is, or is a template: ${X}, process.env.X, <password>. */
bool cu_is_reference(cu_bytes v);
/* It stands for a secret that somebody else will put here: changeme, xxxxxxxx, your_key. */
bool cu_is_placeholder(cu_bytes v);
bool cu_is_documented(cu_bytes v);
/* A word of the language or of the interface: null, string, password. */
bool cu_is_nothing(cu_bytes v);
bool cu_is_selector(cu_bytes v);
/* Runs of consecutive characters: made up, but maybe in the form of a real one. */
bool cu_is_sequence(cu_bytes v);
/* It could be a key that a service issued: long, one piece, letters and digits. */
bool cu_is_keylike(cu_bytes v);
bool cu_is_random(cu_bytes v);
/* Random, of one piece, and no fingerprint in capitals as tools print them. */
bool cu_is_issued(cu_bytes v);

#endif
