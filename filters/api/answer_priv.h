/* Shared by answer.c (driving), answer_read.c (what an answer says) and answer_put.c (putting originals back).
 * Nobody else includes this. */
#ifndef PRIVET_API_ANSWER_PRIV_H
#define PRIVET_API_ANSWER_PRIV_H

#include "filters/api/answer.h"
#include "filters/mask/restore.h"
#include "filters/text/json.h"
#include "filters/text/sse.h"

#define CHANNELS_MAX  1024u /* text channels of one stream */
#define CHOICES_MAX   128u  /* choices whose end is watched */
#define TOOL_NAME_MAX 128u
#define SCRATCH_MAX   (256u << 20) /* bytes of restored text of one event or body */

/* What a string of an answer belongs to. Classes follow one another in a stream: when text of one begins, what is held
 * of the others is given out. */
enum text_kind {
    TEXT_WHOLE,     /* complete in its event */
    TEXT_REASONING, /* the rest are pieces of a channel */
    TEXT_CONTENT,
    TEXT_TOOL,
};

/* One dialect's answers. */
struct answer_row {
    const char *dialect;
    /* Facts and decision from one body or event; NULL: nothing is known of it. */
    void (*read)(struct answer *a, bool whole);
    struct slice end_mark; /* event data that is not JSON and ends the stream */
};

struct channel {
    uint64_t place; /* hash of the path, array elements by their own "index" */
    int32_t choice;
    enum text_kind kind;
    struct restore restore;
    char high[6];        /* a lone high surrogate's escape, waiting for its other half */
    bool has_high, used; /* used: it had text in this event */
    struct buf copy;     /* of the last event, cut down to this channel's text, as it must be sent */
    size_t hole;         /* where the text goes in the copy */
};

struct tool {
    uint64_t place; /* of the object that holds name and arguments */
    char name[TOOL_NAME_MAX];
    size_t len;
    bool cut; /* longer than that */
};

struct edit { /* of the JSON under work */
    uint32_t off, end;
    size_t from, to; /* in scratch */
};

struct answer {
    struct answer_opts o;
    const struct answer_row *row;
    enum answer_state state;
    bool released; /* stop holding */
    bool testing;  /* the opening is not decided yet */
    bool tool_called;
    struct answer_facts facts;
    struct buf opening; /* text of choice 0 */
    size_t other_text;  /* bytes of text of other choices while holding */
    uint8_t choice_seen[CHOICES_MAX], choice_done[CHOICES_MAX];
    bool end_mark;
    struct sse sse;
    struct json_doc doc;
    /* answer_put.c */
    struct channel *channel;
    size_t channels, channel_room;
    struct tool *tool;
    size_t tools, tool_room;
    struct restore one; /* for whole strings */
    struct edit *edit;
    size_t edits, edit_room;
    struct buf scratch, plain, joined;
};

/* The member's value as a number; `none` if there is none. */
uint64_t answer_number(const struct json_doc *d, uint32_t object, struct slice name, uint64_t max, uint64_t none);

/* answer_read.c: OpenAI chat completions, of a->doc. */
void answer_read_openai(struct answer *a, bool whole);
/* The opening is over: nothing follows. */
void answer_opening_ends(struct answer *a);

/* answer_put.c: the JSON in a->doc with originals put back, into a->edit and a->scratch; a->edits is 0 if nothing
 * changes. `event`: a stream's event (held tails of channels that end here, or that this event leaves, go to out
 * first); NULL: a whole body. */
enum err answer_put(struct answer *a, const struct sse_event *event, struct buf *out) MUST_CHECK;
/* a->doc's text with the edits. `line`: for a data line, so without line ends (they are only white space there). */
enum err answer_spliced(const struct answer *a, bool line, struct buf *out) MUST_CHECK;
/* Gives out whatever is held, as copies of events. */
enum err answer_flush(struct answer *a, struct buf *out) MUST_CHECK;
void answer_put_free(struct answer *a);

#endif
