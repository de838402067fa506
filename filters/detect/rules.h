/* Rules as data. A pack is a list of struct rule_def (config/rules.c reads it from YAML in gitleaks' field names);
 * ruleset_build compiles packs into an immutable, shareable set: words and tables of triggers, and one JIT
 * compiled, anchored PCRE2 expression for each rule. */
#ifndef PRIVET_DETECT_RULES_H
#define PRIVET_DETECT_RULES_H

#include "proxy/base/buf.h"

enum rule_class { RULE_SECRETS, RULE_PII, RULE_INJECTION };

/* What makes the engine look at a rule. Several may be set; any of them triggers. */
enum rule_trigger {
    TRIGGER_KEYWORDS = 1, /* a keyword (ASCII case ignored) near the match */
    TRIGGER_DIGITS = 2,   /* a run of digits (separators " -./" allowed) with digits_min..digits_max digits */
    TRIGGER_AT = 4,       /* '@' */
    TRIGGER_COLON = 8,    /* hex digit groups joined by ':' or '-' (IPv6, MAC) */
    TRIGGER_ENTROPY = 16, /* a token of 20 and more letters and digits of high rarity */
    TRIGGER_NAMES = 32,   /* two words with capitals that the lists of names know (names.h): where the first begins */
};

struct rule_allow { /* gitleaks' allowlists: a finding is dropped if one matches */
    char **regexes;
    size_t regex_count;
    char **stopwords;
    size_t stopword_count;
    int target; /* 0: the secret; 1: the whole match; 2: the line */
};

struct rule_context {
    char **words; /* matched as whole words, ASCII case ignored, CJK anywhere; also as_keys, asKeys, and without accents */
    size_t count;
    bool require;           /* without one near by there is no finding; else it raises the score */
    uint16_t before, after; /* bytes looked at; defaults 80 and 40 */
    float boost;            /* default 0.35 */
    bool own;               /* a word before a value counts not if it has a number of its own: "iban 40817810 paid 150000" */
};

struct rule_def {
    char *id; /* gitleaks' id where there is one: "aws-access-token" */
    char *description;
    enum rule_class cls;
    char *type;       /* entity: EMAIL_ADDRESS, API_KEY_OR_TOKEN, PASSWORD, PRIVATE_KEY, JWT, ... */
    char *regex;      /* PCRE2 syntax, matched case-sensitively unless (?i) */
    int secret_group; /* the group that holds the value; 0: the first group that took part, or the whole match */
    char **keywords;  /* lower case; at least 2 bytes each */
    size_t keyword_count;
    char *before; /* regex of what stands right before the value on its line, and is part of it; without it no match; or NULL */
    unsigned triggers; /* enum rule_trigger bits; 0: TRIGGER_KEYWORDS */
    unsigned digits_min, digits_max;
    /* With trigger names, words between blanks or line ends: given names; those that are other words too, and need a
     * family name behind them; family names; what is never part of a name. All such rules share what all have. */
    char *given, *given_words, *family, *never;
    float entropy;   /* least Shannon entropy (bits a byte) of the value; 0: none */
    float score;     /* 0..1 before context; default 0.85 */
    float min_score; /* a finding below it is dropped; default 0.5 */
    char **validate; /* names of validators.h, all must hold */
    size_t validate_count;
    struct rule_context context;
    struct rule_allow *allow;
    size_t allow_count;
    bool lines;      /* base64 in lines right before the value is part of it; without it no match */
    bool join;       /* also look for it with line breaks and Markdown emphasis inside; in a pack true unless it says false */
    char **examples; /* must match; counterexamples must not */
    size_t example_count;
    char **counterexamples;
    size_t counterexample_count;
    char *file; /* where it was written, for messages */
    unsigned line;
};

struct validator;
struct rule { /* of a built set */
    const char *id, *type, *description;
    enum rule_class cls;
    const struct validator *const *validate; /* what a value of it must pass */
    size_t validate_count;
};

struct ruleset;

/* What is wrong with a rule; text is ruleset.c's own formatting, without newline. */
typedef void (*ruleset_report)(void *arg, const struct rule_def *def, const char *message);

/* Builds a set of all defs. Mistakes (a regex that does not compile, an unknown validator, a duplicate id, no trigger,
 * not linear enough) are all reported; any of them makes it fail with ERR_SHAPE. */
enum err ruleset_build(const struct rule_def *defs, size_t n, ruleset_report report, void *arg, struct ruleset **out) MUST_CHECK;
void ruleset_free(struct ruleset *rs);
size_t ruleset_count(const struct ruleset *rs);
/* i < ruleset_count; valid as long as the set. */
const struct rule *ruleset_rule(const struct ruleset *rs, size_t i);
/* -1 if there is none. */
int ruleset_find(const struct ruleset *rs, const char *id);
/* True if rule i is also to be looked for in a view without line breaks and emphasis (rule_def.join): a caller scans
 * such a view as any text and keeps the findings of these rules only. */
bool ruleset_joins(const struct ruleset *rs, size_t i);

/* Dictionaries: plain terms (exact, any ASCII case; any number) or keyed fingerprints. They become rules of the set
 * with id "dictionary:NAME", type DICTIONARY and class RULE_PII: call before the set is shared. */
struct dictionary_def {
    const char *name;
    struct slice terms;        /* plain: one a line, UTF-8; or NULL slice */
    struct slice fingerprints; /* hashed: the file `privet dictionary hash` wrote; or NULL slice */
    struct slice key;          /* hashed: the bytes of the key file the fingerprints were made with */
};
enum err ruleset_add_dictionary(struct ruleset *rs, const struct dictionary_def *d, ruleset_report report, void *arg) MUST_CHECK;

/* A rule that nothing here looks for: what an external recogniser finds is named by it (`id` "presidio:PERSON", `type`
 * PERSON). Class RULE_PII; found by its id. Call before the set is shared. ERR_LIMIT: there are too many. */
enum err ruleset_add_external(struct ruleset *rs, const char *id, const char *type) MUST_CHECK;

#endif
