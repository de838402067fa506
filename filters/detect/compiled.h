/* A built rule set from the inside: what ruleset.c makes and engine.c runs. Immutable once shared, so any number of
 * threads may scan with it; all that changes is in a thread's detect_scratch. */
#ifndef PRIVET_DETECT_COMPILED_H
#define PRIVET_DETECT_COMPILED_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include "filters/detect/allow.h"
#include "filters/detect/lexicon.h"
#include "filters/detect/rules.h"
#include "filters/detect/needles.h"
#include "filters/detect/names.h"
#include "filters/detect/numbers.h"
#include "filters/detect/tail.h"
#include "filters/detect/validators.h"

#include <hs/hs.h>
#include <pcre2.h>

#define NAMED_ROOM    8u     /* rules with trigger names */
#define RULES_MAX     4000u  /* also: a finding's rule is 16 bits wide */
#define KEYWORD_MAX   64u    /* bytes of a keyword or context word */
#define CAP_RULE      1024u  /* bytes of subject behind a trigger */
#define CAP_LONG      32768u /* for what begins with -----BEGIN, and for a match that fills CAP_RULE */
#define BEHIND        128u   /* bytes of subject before an anchor, for lookbehind */
#define FRONT_MOST    96u    /* bytes of what stands before the value and is part of it */
#define LINES_MOST    16384u /* ... of base64 in lines that is */
#define SEARCH_BEFORE 48u    /* where a keyword is not part of the regex: looked at before and behind it */
#define SEARCH_AFTER  256u

struct allow {
    pcre2_code **regexes;
    struct allow_front *begins; /* of each */
    size_t regex_count;
    hs_database_t *stopwords; /* or NULL */
    int target;
};

struct crule {
    struct rule pub;
    pcre2_code *anchored; /* NULL where the rule is only searched for */
    pcre2_code *search;   /* not anchored, with offset limit; NULL where it is not needed */
    pcre2_code *front;    /* what stands before the value and is part of it; or NULL */
    bool jit_anchored, jit_search, jit_front;
    bool join, has_context, require;
    bool lines;    /* base64 in lines stands before the value and is part of it */
    bool at_start; /* its lookbehinds ask for the beginning of the text */
    bool own;      /* a word counts not that has a number of its own */
    bool needs;    /* a word near by: it is required, or the score without one is too low */
    uint16_t group;
    uint16_t score, min_score, boost; /* thousandths */
    uint16_t before, after;           /* context window */
    uint32_t cap;
    float entropy;
    const struct validator **validate;
    size_t validate_count;
    struct allow *allow;
    size_t allow_count;
    struct tail *tail;             /* what follows its keywords; or NULL */
    struct byteset prev;           /* bytes that may stand before a match */
    struct byteset prev_digit;     /* ... with a digit before them */
    struct dictionary *dictionary; /* or NULL: then it has a regex, or is for what others find */
};

/* How a keyword leads to its rule. */
enum ref_mode {
    REF_ANCHORED, /* the match starts exactly `lo` bytes before the keyword */
    REF_WINDOW,   /* ... lo..hi bytes before */
    REF_SEARCH,   /* somewhere near */
};
struct keyword_ref {
    uint16_t rule;
    uint8_t mode, lo, hi;
    uint8_t len;           /* of the keyword */
    uint64_t lower, upper; /* letters of the keyword that may be small, that may be capitals */
    struct byteset prev;   /* before the anchor */
};
/* What is asked first of every keyword in a text, in few bytes. */
struct keyword_lead {
    const struct tail *tail;     /* what may follow, or NULL: anything `after` allows */
    uint16_t row;                /* where it starts in that */
    uint16_t after[SHAPE_AFTER]; /* the next bytes, in ruleset.sets */
};
struct keyword {
    uint32_t first; /* in ruleset.refs and .leads */
    uint16_t count, len;
};

/* Rules started by '@', a colon or a token, by what may stand at each position: one bit for each rule. */
#define TABLE_ROOM   64u
#define TOKEN_EXTRAS "+/_-"
#define TOKEN_FAR    128u /* bytes of a token looked at by place */
struct table {
    uint16_t rule[TABLE_ROOM];
    size_t count;
    uint64_t prev[2][256]; /* by the byte before the anchor; the second with a digit before that */
    uint64_t front[SHAPE_FRONT][256];
    uint64_t at_start;               /* rules that start nowhere but at the beginning of a text */
    struct tail *behind[TABLE_ROOM]; /* of '@': what may follow that; or NULL */
    /* of tokens: */
    uint64_t run[SHAPE_RUN + 1];   /* by how long a match's first run is */
    uint64_t plain[SHAPE_RUN + 1]; /* ... where it is of letters and digits alone */
    uint64_t kinds[8];             /* by what bytes are in it: VALUE_ bits */
    uint64_t extra[16];            /* by which of TOKEN_EXTRAS are in it, a bit each */
    uint64_t far;                  /* rules with a place behind `front` that tells something: */
    struct {
        unsigned at;
        struct byteset set;
    } place[TABLE_ROOM];
};
enum table_kind { TABLE_AT, TABLE_COLON, TABLE_ENTROPY, TABLE_COUNT };

struct context_word {
    uint32_t len;
    bool edge_start, edge_end; /* the word's edge is a letter or digit that must not go on */
};

struct ruleset {
    uint64_t id; /* unique in this process: scratches know what they were grown for */
    struct crule *rules;
    size_t count, room;
    size_t regex_count; /* rules[0..regex_count) are of packs; dictionaries and external ones follow */

    /* Keywords that can only stand where a word begins are looked for there, the others anywhere. */
    struct needles *needles;
    struct lexicon *lexicon;
    struct keyword *needle_keyword, *word_keyword; /* by their ids */
    struct keyword_ref *refs;
    struct keyword_lead *leads;
    struct byteset *sets;
    size_t set_count;
    size_t ref_count;

    struct table table[TABLE_COUNT];
    struct numbers *numbers; /* or NULL */
    struct names *names;     /* or NULL, and the rules that begin where a name does */
    uint16_t named[NAMED_ROOM];
    size_t named_count;

    struct lexicon *context;
    struct context_word *words;
    uint64_t *word_rules;   /* [words][rule_words] */
    struct bits *word_near; /* [words]: the rules among `numbers` */
    size_t rule_words;
    uint32_t widest_before, widest_after; /* windows of words that numbers need */

    pcre2_general_context *general;
    pcre2_compile_context *compile;
};

/* Adds a rule without an expression behind those of packs; its texts are copied. `d`: the set's from then on; or NULL. */
struct dictionary;
enum err ruleset_append(struct ruleset *rs, struct rule pub, struct dictionary *d) MUST_CHECK;

/* dictionary.c */
void dictionary_free(struct dictionary *d);

#endif
