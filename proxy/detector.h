/* External recognisers (`filters.detectors`): the text of a request is shown to a service that speaks as Presidio's
 * analyzer does, and what it finds there becomes findings like ours, before the policy decides.
 *
 *   POST /analyze {"text": "..." or ["...", ...], "language": "en", "score_threshold": 0.5}
 *   -> [{"entity_type": "PERSON", "start": 0, "end": 4, "score": 0.85}, ...], or a list of such lists
 *
 * start and end count characters (code points) of the text. Source: presidio-analyzer's REST API, 2.2. */
#ifndef PRIVET_DETECTOR_H
#define PRIVET_DETECTOR_H

#include "filters/screen.h"
#include "proxy/route/route.h"

struct detector { /* of a snapshot */
    const struct config_detector *config;
    struct backend backend;
    uint16_t rule, rules; /* NAME:TYPE for every type it may tell; the first is NAME:OTHER, for those nobody knew of */
};

/* Builds from a checked configuration and adds the rules to the set. False with *why. */
bool detector_build(struct detector *d, const struct config_detector *c, struct ruleset *rs, const char **why) MUST_CHECK;
void detector_clear(struct detector *d);
/* Whether the policy does anything about anything it may find. */
bool detector_wanted(const struct detector *d, const struct policy *p);

/* Most calls under way, each worker: one more is ERR_OVERLOAD. */
#define DETECTOR_CALLS_MAX 128u

struct detector_ask;
/* ERR_OK: what was found has been added to the screener. Else ERR_UP_..., or ERR_NOT_SCANNED if there was too much. */
typedef void (*detector_cb)(void *arg, enum err e);
/* Shows it the free text of a screening that has begun. *out NULL with ERR_OK: there is no text. cb is never called from
 * inside, and the screener must stay until it was or the ask is cancelled. Errors: ERR_LIMIT (more text than it is to
 * get), ERR_OVERLOAD, ERR_MEMORY. */
enum err detector_ask(struct worker *w, struct detector *d, const struct ruleset *rs, struct screener *s, detector_cb cb,
                      void *arg, struct detector_ask **out) MUST_CHECK;
void detector_cancel(struct detector_ask *a);

#endif
