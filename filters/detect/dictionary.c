/* Dictionaries: the operator's own words and numbers, plain or as keyed fingerprints. */
#include "filters/detect/scan.h"

struct dictionary {
    int unused;
};

void dictionary_free(struct dictionary *d) { mem_free(d); }
void dictionary_scan(struct detect_scratch *s, uint16_t rule) { (void)s, (void)rule; }

enum err ruleset_add_dictionary(struct ruleset *rs, const struct dictionary_def *d, ruleset_report report, void *arg)
{
    (void)rs, (void)d, (void)report, (void)arg;
    return ERR_INTERNAL;
}
