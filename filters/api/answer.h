/* Reading one attempt's answer: is it a refusal or a filter's cut, is it whole, what did it cost; and writing it on,
 * with originals put back. Whole JSON bodies and streams; OpenAI chat completions now, more dialects are rows in
 * answer.c's table. Facts: shared fieldmap.md sections 0, 2, 7 and 9.
 *
 * A stream is held (ANSWER_HOLD) until it shows content that cannot be a refusal any more: role-only preambles,
 * empty deltas and comments do not commit. The caller keeps the output of the calls so far, and sends it when the
 * answer is ANSWER_GO; on ANSWER_REFUSED, ANSWER_FILTERED or ANSWER_FAILED before that it may try another target and
 * drops it, or sends it all the same if this was the last.
 *
 * Bytes of events that change nothing go out as they came. With a vault, text goes through one restorer a channel;
 * held tails come out before the channel's end as a copy of its last event with only that text in it. No other events
 * or fields are ever made up. logprobs become null in events and choices where something was restored. */
#ifndef PRIVET_API_ANSWER_H
#define PRIVET_API_ANSWER_H

#include "filters/api/dialect.h"
#include "filters/api/refusal.h"
#include "filters/mask/vault.h"
#include "filters/policy.h"

enum answer_state {
    ANSWER_HOLD,     /* undecided */
    ANSWER_GO,       /* content: commit */
    ANSWER_REFUSED,  /* the model refused */
    ANSWER_FILTERED, /* the provider's filter cut in before any content */
    ANSWER_FAILED,   /* an error event before any content */
};

struct answer_opts {
    const struct endpoint *endpoint;
    const struct refusals *refusals; /* NULL: text is not tested */
    struct vault *vault;             /* NULL: nothing to restore; not owned */
    const struct policy *policy;
    size_t event_max; /* longest event */
    size_t hold_max;  /* bytes of opening text that may be held */
};

struct answer_facts {
    uint64_t prompt_tokens, completion_tokens; /* 0: not told */
    char model[128];                           /* as the answer names it; printable ASCII */
    char finish[32];                           /* the last finish_reason */
    bool terminal;                             /* the stream's end mark or a finish reason for every choice was seen */
    bool error_event;                          /* the stream carried an error */
    bool refused, filtered;                    /* seen anywhere in the answer */
    uint32_t restored, foreign;
};

struct answer;
struct answer *answer_new(const struct answer_opts *o) MUST_CHECK;
void answer_free(struct answer *a);

/* A whole body (2xx or error). Appends to out only if *changed; else the body is to be sent as it came. Errors:
 * ERR_UP_MALFORMED if a 2xx body is not valid JSON where JSON is expected. Error bodies (status >= 400) are restored
 * where they are JSON and passed where not. White space before and after the JSON is kept. */
enum err answer_whole(struct answer *a, int status, struct slice body, struct buf *out, bool *changed) MUST_CHECK;

/* Stream bytes as they come (SSE). Appends what may be sent on to out. ERR_UP_MALFORMED if an event's data is neither
 * JSON nor the end mark: the caller passes it on as a failure. */
enum err answer_push(struct answer *a, struct slice bytes, struct buf *out) MUST_CHECK;
/* The upstream ended its body. Flushes what is held. ERR_UP_TRUNCATED if the terminal event is missing: then the
 * caller must not end the client's stream cleanly. A stream that carried an error event has told the client, and counts
 * as ended (facts: error_event set, terminal not). */
enum err answer_finish(struct answer *a, struct buf *out) MUST_CHECK;
/* Stop holding: time is up. */
void answer_release(struct answer *a);

enum answer_state answer_state(const struct answer *a);
const struct answer_facts *answer_facts(const struct answer *a);

#endif
