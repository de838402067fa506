/* The search: triggers say which rule and where, PCRE2 confirms anchored there, validators and context decide.
 * Linear: match limits, a JIT stack of its own, a capped subject and a budget of confirmations bound the work. A PCRE2
 * answer below PCRE2_ERROR_PARTIAL (-2), or a budget that ran out, means "not scanned": ERR_NOT_SCANNED, never "clean". */
#ifndef PRIVET_DETECT_ENGINE_H
#define PRIVET_DETECT_ENGINE_H

#include "filters/detect/rules.h"

struct finding {
    uint32_t start, end; /* bytes of the value in the scanned text */
    uint16_t rule;       /* index in the set */
    uint16_t score;      /* thousandths */
};
struct findings {
    struct finding *v;
    size_t count, room;
};
/* More findings than this in one text are ERR_NOT_SCANNED: a list of addresses of 64 MiB has fewer. */
#define FINDINGS_MAX (1u << 23)

enum err findings_add(struct findings *f, struct finding x) MUST_CHECK;
void findings_free(struct findings *f);

/* Per-thread memory: tables of what was found, match data, JIT stack. Grows for a set it has not seen yet. */
struct detect_scratch;
struct detect_scratch *detect_scratch_new(void) MUST_CHECK;
void detect_scratch_free(struct detect_scratch *s);
/* Scans with this scratch are measured by m from now on, and end with ERR_NOT_SCANNED where it says so; NULL ends that. */
struct meter;
void detect_scratch_meter(struct detect_scratch *s, struct meter *m);

/* Appends findings of every rule, in no order, overlaps included. text is UTF-8 (or any bytes). Short strings may be
 * gathered into one text with DETECT_GAP between them: no rule matches across it. */
#define DETECT_GAP "\n\x1e\n"
enum err detect_scan(const struct ruleset *rs, struct detect_scratch *s, struct slice text, struct findings *out) MUST_CHECK;

/* What a scan did, for measuring: NULL ends it. `cycles` is the processor's time stamp counter. */
struct detect_stats {
    uint64_t keyword_hits, structural_hits; /* triggers that passed the first check of bytes */
    uint64_t tries;                         /* calls of PCRE2 */
    uint64_t bytes;                         /* of the texts scanned */
    uint64_t context_bytes;                 /* searched for context words */
    struct detect_rule_stats {
        uint64_t tries, matches, findings, cycles;
    } * rule; /* the caller's, ruleset_count rows; or NULL */
};
void detect_scratch_stats(struct detect_scratch *s, struct detect_stats *stats);

/* Sorts and resolves overlaps: of overlapping findings the one that stays is chosen by span and score (a longer span
 * that wholly covers a shorter one wins; else the higher score, then the longer), and its span grows to cover the
 * union, so that a sensitive byte is never uncovered. Ascending, disjoint afterwards. */
void findings_resolve(const struct ruleset *rs, struct findings *f);

#endif
