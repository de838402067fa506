/* Every way a call or an exchange can fail, in one table: the code, the HTTP status a client sees, the API error
 * type and code, the public text (never a word from a body), whether another target may be tried, and the name the
 * audit record and the metric carry. Grow by rows: err.c holds the table, tests/unit walks it. */
#ifndef PRIVET_BASE_ERR_H
#define PRIVET_BASE_ERR_H

#include <stdbool.h>

enum err {
    ERR_OK = 0,
    /* ours */
    ERR_MEMORY,   /* allocation failed */
    ERR_LIMIT,    /* a configured or built-in limit was reached */
    ERR_INTERNAL, /* something that should not happen did; refused rather than guessed */
    ERR_IO,       /* a file or socket call failed */
    ERR_AGAIN,    /* not an error: more input is needed */
    /* the client's request, before it is understood */
    ERR_HEAD,            /* malformed request head */
    ERR_HEAD_TOO_LARGE,  /* 431 */
    ERR_TARGET_TOO_LONG, /* 414 */
    ERR_METHOD,          /* 405: method not allowed here (TRACE, CONNECT, unknown) */
    ERR_VERSION,         /* 505 */
    ERR_FRAMING,         /* ambiguous or malformed body framing */
    ERR_LENGTH_REQUIRED, /* 411 */
    ERR_BODY_TOO_LARGE,  /* 413 */
    ERR_EXPECTATION,     /* 417 */
    ERR_MEDIA_TYPE,      /* 415: a content type or coding that cannot be read */
    ERR_CLIENT_TIMEOUT,  /* 408 */
    ERR_CLIENT_GONE,     /* the client left; 499 in records, never sent */
    ERR_CLIENT_EOF,      /* input ended inside a message */
    /* the request, understood and refused */
    ERR_ENDPOINT,       /* 404: path not known and policy says block */
    ERR_UNAUTHORIZED,   /* 401 */
    ERR_FORBIDDEN,      /* 403: this caller may not use this model or endpoint */
    ERR_NO_ROUTE,       /* 404: no route for the model */
    ERR_JSON,           /* 400: not valid JSON */
    ERR_UTF8,           /* 400: not valid UTF-8 */
    ERR_JSON_DEPTH,     /* 400 */
    ERR_JSON_DUPLICATE, /* 400: duplicate key */
    ERR_SHAPE,          /* 400: valid JSON, but not what this endpoint takes */
    ERR_BLOCKED,        /* 400: the policy blocks what was found */
    ERR_NOT_SCANNED,    /* 503: screening could not finish: fail closed */
    ERR_OPAQUE,         /* 400: content that cannot be read, and policy blocks it */
    ERR_OVERLOAD,       /* 503: out of memory, connections or journal */
    ERR_AUDIT,          /* 503: the record could not be written */
    ERR_DRAINING,       /* 503: shutting down */
    /* upstream: the reasons of attempts. Each is a fallback trigger, see route.h */
    ERR_UP_CONNECT,    /* resolve, connect or TLS failed */
    ERR_UP_TLS,        /* certificate not accepted */
    ERR_UP_FIRST_BYTE, /* no answer head in time */
    ERR_UP_IDLE,       /* stalled in mid-answer */
    ERR_UP_TOTAL,      /* total time is up */
    ERR_UP_429,
    ERR_UP_5XX,
    ERR_UP_REFUSAL,        /* the model refused */
    ERR_UP_CONTENT_FILTER, /* the provider's filter cut in */
    ERR_UP_CONTEXT_LENGTH, /* the prompt is too long for this model */
    ERR_UP_MALFORMED,      /* malformed head, framing, JSON or SSE; unreadable coding */
    ERR_UP_CLOSED,         /* closed or reset before the answer was whole */
    ERR_UP_TRUNCATED,      /* a stream ended without its terminal event */
    ERR_UP_TOO_LARGE,      /* the answer passes the limit */
    ERR_UP_ALL_FAILED,     /* no target left */
    ERR_COUNT
};

struct err_row {
    enum err err;
    const char *name; /* "up_first_byte": metrics and audit */
    int status;       /* HTTP status for the client; 0: never sent */
    const char *type; /* OpenAI's error.type */
    const char *code; /* error.code, or NULL for null */
    const char *text; /* public message */
    bool retryable;   /* upstream only: another target may be tried */
};

/* The row of e; asserts that e is in range. */
const struct err_row *err_row(enum err e);
const char *err_name(enum err e);

#endif
