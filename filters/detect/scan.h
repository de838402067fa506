/* A scan from the inside: what a thread's scratch holds while it looks through one text. Shared by the files of this
 * room only. */
#ifndef PRIVET_DETECT_SCAN_H
#define PRIVET_DETECT_SCAN_H

#include "filters/detect/compiled.h"
#include "filters/detect/engine.h"
#include "filters/detect/structure.h"
#include "filters/meter.h"

#define PAGE_BYTES 2048u /* context words are looked up page by page, where somebody asks */
#define PAGES      8u
#define GRANULE    64u /* bytes of a page whose numbers share what words are near by */
#define GRANULES   (PAGE_BYTES / GRANULE)
#define PAGE_HITS  4096u

/* Rules of keywords that were found: what may follow is told for many at once, then those that may match are tried. */
struct leads {
    struct lead {
        uint32_t ref, start; /* start: of the keyword */
    } lead[TAIL_WALKS];
    bool may[TAIL_WALKS];
    struct tail_walk walk[TAIL_WALKS];
    size_t count, walks;
};

struct word_hit {
    uint32_t start, end;
    uint32_t word;
};
struct page {
    uint32_t number;  /* UINT32_MAX: empty */
    uint32_t asked;   /* how often its words would have been of use */
    uint32_t windows; /* how often some of it was looked at for them */
    bool loaded, overflow;
    uint32_t count;
    struct word_hit *hits;      /* PAGE_HITS */
    uint64_t *rules;            /* rules one of whose words is in it */
    uint8_t spread;             /* SPREAD_ bits: what `near` was made of; 0: not yet */
    uint32_t bare;              /* bit k: near[k] is of numbers that stand alone only */
    struct bits near[GRANULES]; /* rules of numbers that stand alone or may have a word near enough */
};
enum { SPREAD_DONE = 1, SPREAD_BEFORE = 2, SPREAD_BEHIND = 4 }; /* with the words of the page before, behind */

/* What was done for a rule in this text: triggers do not come in the order of the text, so these are ranges. */
struct seen {
    uint32_t scan;                 /* the scan all this is of: nothing is cleared between scans */
    uint32_t found_from, found_to; /* the last match that became a finding */
    uint32_t tried;                /* the anchor tried last, + 1 */
    uint32_t searched_from, searched_to;
};

/* Gaps of the text being scanned, those before `end`. */
#define GAPS 512u
struct gaps {
    bool known;
    uint32_t count, next; /* next: near the one asked for last */
    size_t end;
    uint32_t at[GAPS];
};

struct detect_scratch {
    uint64_t set; /* id of the rule set everything below is large enough for */
    hs_scratch_t *stopwords;
    pcre2_general_context *general;
    pcre2_match_context *quick, *patient; /* low and high match limit */
    pcre2_match_data *md;
    pcre2_jit_stack *stack;
    struct seen *seen; /* by rule */
    size_t rules;
    uint32_t scans;
    struct page page[PAGES];
    struct bits window; /* what context_window() said last */
    size_t page_words;
    struct leads *leads;
    struct lexicon_hit *lexicon_hits, *word_hits; /* of context words, of keywords */
    struct structure *structure;
    struct number_batch *numbers;

    /* the text being scanned */
    const struct ruleset *rs;
    struct slice text;
    struct findings *out;
    size_t seg_lo, seg_hi; /* the piece between gaps that was looked at last */
    struct gaps gaps;
    int64_t budget;    /* confirmations left */
    struct line_said { /* what an allow-list said of a line last */
        const struct allow *allow;
        struct slice line;
        bool allowed;
    } line;
    struct meter *meter; /* or NULL */
    enum err err;

    struct detect_stats *stats; /* or NULL */
};

/* What things cost, in a meter's units. */
#define WORK_TRY     128u       /* a call of PCRE2 */
#define WORK_PATIENT (1u << 17) /* ... with the higher limit */
#define WORK_VALUE   8u         /* a byte of a match: entropy, validators */
#define WORK_NUMBER  16u        /* a number looked at */
#define WORK_TRIGGER 64u        /* another structural trigger */
#define WORK_TOKEN   32u        /* a token looked up in a dictionary */

/* confirm.c. Each returns true if something was found; a failure is in s->err. */
bool confirm_anchored(struct detect_scratch *s, uint16_t rule, size_t anchor);
bool confirm_search(struct detect_scratch *s, uint16_t rule, size_t from, size_t limit);
/* Sets seg_lo and seg_hi for a position. */
void scan_segment(struct detect_scratch *s, size_t at);
void scan_found(struct detect_scratch *s, uint16_t rule, size_t start, size_t end, uint16_t score);

/* triggers.c: the structural triggers of rs (STRUCTURE_ bits), and what they start in text[from, to). */
unsigned triggers_wanted(const struct ruleset *rs);
void triggers_scan(struct detect_scratch *s, size_t from, size_t to, unsigned want);

/* context.c */
void context_reset(struct detect_scratch *s);
/* True if a word of the rule stands near the value. */
bool context_near(struct detect_scratch *s, uint16_t rule, size_t start, size_t end);
/* False only if the rule needs a word and there is none near a value that begins at `at` and has no more than 400 bytes. */
bool context_possible(struct detect_scratch *s, uint16_t rule, size_t at);

/* echo.c: secrets among the findings from `first` on, elsewhere in the text. */
void echo_scan(struct detect_scratch *s, size_t first);
/* Where v, which is not empty, first stands; NULL if nowhere. */
const char *echo_find(struct slice in, struct slice v);

/* The rules of numbers that stand alone or have a word near enough to a number at `at`, and perhaps some more. The first
 * looks for the words of its page, the second round the number only while few of a page are asked about. */
const struct bits *context_numbers(struct detect_scratch *s, size_t at);
const struct bits *context_window(struct detect_scratch *s, size_t at);
/* The page that `at` is in, with the same for all of it (`near`, `bare`); NULL if nobody has looked for its words. */
const struct page *context_page(struct detect_scratch *s, size_t at);
/* Looks for the words of that page and of both beside it. */
void context_load(struct detect_scratch *s, size_t at);
/* True where so many ask that looking for words first is the cheaper way. */
bool context_crowded(struct detect_scratch *s, size_t at);

/* dictionary.c: every term of rule's dictionary in the text. */
void dictionary_scan(struct detect_scratch *s, uint16_t rule);

#endif
