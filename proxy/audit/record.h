/* An audit record: who asked what of whom, what was found and done, how it ended. Kinds, counts and names; never a
 * value, never a header's value, and text only as `redacted` (what the model saw) where the policy says so. */
#ifndef PRIVET_AUDIT_RECORD_H
#define PRIVET_AUDIT_RECORD_H

#include "proxy/base/buf.h"
#include "proxy/base/slice.h"

#define AUDIT_ATTEMPTS_MAX 8
#define AUDIT_FINDINGS_MAX 64
#define AUDIT_TEXT_MAX     (1024u * 1024u) /* bytes of a redacted text in a line, escaped; the rest is cut and said so */

struct audit_attempt {
    const char *target; /* "backend/model" or "backend" */
    const char *reason; /* "ok", or why it failed: err_name of an ERR_UP_... */
    int status;         /* upstream's HTTP status; 0: none */
    uint32_t ms;
};
struct audit_finding {
    const char *rule, *type, *action;
    uint32_t count;
};

struct audit_kept { /* what an intent and its outcome have in common, as it is written */
    size_t n;
    char p[504];
};

struct audit_record {
    char id[65];        /* request id: printable, no quotes or backslashes */
    uint64_t wall_ns;   /* when the request's head was whole */
    const char *client; /* name of the caller; "" if anonymous */
    const char *peer;   /* address:port */
    const char *policy, *route, *dialect, *endpoint;
    const char *method;
    const char *model_asked;  /* printable ASCII, cut; from the body, so kept only when nothing was found in it */
    const char *model_served; /* as configured for the target, or what the answer named */
    const char *error;        /* err_name, or "ok" */
    bool stream, observe, truncated, refused, filtered, client_gone, rerouted;
    int status; /* sent to the client; 0: none */
    uint64_t screen_us, first_byte_us, total_us;
    uint64_t request_bytes, sent_bytes, answer_bytes;
    uint64_t prompt_tokens, completion_tokens;
    uint32_t restored, foreign, opaque, decoded, invisible, tags;
    const char *injection;     /* level of the signs of prompt injection: low, medium, high; "" if there were none */
    uint32_t injection_sum;    /* in thousandths of one sure sign */
    uint32_t detectors_failed; /* external ones that did not look at it, and whose on_error says flag */
    uint64_t snapshot;         /* number of the configuration in force */
    struct audit_attempt attempt[AUDIT_ATTEMPTS_MAX];
    size_t attempts;
    size_t findings;
    uint32_t findings_more;
    struct slice redacted_request; /* logging: redacted: what the model saw, written with the intent. Else empty */
    struct slice redacted_answer;  /* what it said, written with the outcome */
    struct audit_kept *kept;       /* NULL, or the caller's room, n = 0 before the intent: the members above that an intent
                                      writes must not change from then on */
    struct audit_finding finding[AUDIT_FINDINGS_MAX]; /* last: only the first `findings` of them mean anything */
};

/* One JSON object without its closing brace and without newline, so that the journal can add seq and mac.
 * `outcome` false: the intent (what is known before anything is sent). Strings are JSON-escaped, and bad UTF-8 in them
 * becomes U+FFFD. A name longer than 256 bytes is cut. A member that is empty, 0 or false is left out; a text that was
 * cut is followed by "redacted_..._cut_from", its whole length. ERR_LIMIT, ERR_MEMORY: nothing was added. */
enum err audit_record_write(const struct audit_record *r, bool outcome, struct buf *out) MUST_CHECK;

#endif
