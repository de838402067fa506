/* OpenAI chat completions: what the strings of a request are, and what errors look like. Everything is text unless a
 * row says otherwise, and even then only while the value has the shape the row expects: a key alone hides nothing. */
#include "filters/api/openai.h"

#include "filters/place.h"
#include "filters/text/decode.h"

#include "filters/text/vector.h"

enum key_kind {
    KIND_NONE,   /* a key nobody knows */
    KIND_TEXT,   /* free text */
    KIND_OTHER,  /* a container, number or switch of the protocol */
    KIND_HOLDER, /* a container whose "name" is a tool's, a function's or a schema's, as against a person's */
    KIND_ID,     /* an identifier or enum value, if it looks like one */
    KIND_MODEL,  /* at the top: the model's name */
    KIND_NAME,   /* a function's name in some places, free text in others */
    KIND_JSON,   /* JSON in a string */
    KIND_SIGNED, /* signatures and ciphertext: sent back as they came */
};

struct key_row {
    const char *name;
    enum key_kind kind;
};
static const struct key_row key_rows[] = {
    {"content", KIND_TEXT},
    {"text", KIND_TEXT},
    {"refusal", KIND_TEXT},
    {"reasoning", KIND_TEXT},
    {"reasoning_content", KIND_TEXT},
    {"description", KIND_TEXT},
    {"title", KIND_TEXT},
    {"user", KIND_TEXT},
    {"user_id", KIND_TEXT},
    {"end_user_id", KIND_TEXT},
    {"user_profile_id", KIND_TEXT},
    {"safety_identifier", KIND_TEXT},
    {"prompt_cache_key", KIND_TEXT},
    {"url", KIND_TEXT},
    {"input", KIND_TEXT},
    {"prompt", KIND_TEXT},
    {"suffix", KIND_TEXT},
    {"stop", KIND_TEXT},
    {"instructions", KIND_TEXT},
    {"filename", KIND_TEXT},
    {"pattern", KIND_TEXT},
    {"output", KIND_TEXT},
    {"system", KIND_TEXT},
    {"thinking", KIND_TEXT},
    {"summary", KIND_TEXT},
    {"data", KIND_TEXT},
    {"file_data", KIND_TEXT},
    {"messages", KIND_OTHER},
    {"tools", KIND_HOLDER},
    {"functions", KIND_HOLDER},
    {"function", KIND_HOLDER},
    {"custom", KIND_HOLDER},
    {"parameters", KIND_OTHER},
    {"properties", KIND_OTHER},
    {"required", KIND_OTHER},
    {"enum", KIND_OTHER},
    {"items", KIND_OTHER},
    {"additionalProperties", KIND_OTHER},
    {"strict", KIND_OTHER},
    {"metadata", KIND_OTHER},
    {"response_format", KIND_OTHER},
    {"json_schema", KIND_HOLDER},
    {"schema", KIND_OTHER},
    {"tool_calls", KIND_OTHER},
    {"function_call", KIND_HOLDER},
    {"stream", KIND_OTHER},
    {"stream_options", KIND_OTHER},
    {"include_usage", KIND_OTHER},
    {"logit_bias", KIND_OTHER},
    {"logprobs", KIND_OTHER},
    {"top_logprobs", KIND_OTHER},
    {"max_tokens", KIND_OTHER},
    {"max_completion_tokens", KIND_OTHER},
    {"temperature", KIND_OTHER},
    {"top_p", KIND_OTHER},
    {"n", KIND_OTHER},
    {"seed", KIND_OTHER},
    {"presence_penalty", KIND_OTHER},
    {"frequency_penalty", KIND_OTHER},
    {"created", KIND_OTHER},
    {"store", KIND_OTHER},
    {"modalities", KIND_OTHER},
    {"audio", KIND_OTHER},
    {"image_url", KIND_OTHER},
    {"input_audio", KIND_OTHER},
    {"file", KIND_OTHER},
    {"prediction", KIND_OTHER},
    {"index", KIND_OTHER},
    {"parallel_tool_calls", KIND_OTHER},
    {"web_search_options", KIND_OTHER},
    {"type", KIND_ID},
    {"role", KIND_ID},
    {"object", KIND_ID},
    {"id", KIND_ID},
    {"status", KIND_ID},
    {"detail", KIND_ID},
    {"format", KIND_ID},
    {"voice", KIND_ID},
    {"tool_choice", KIND_ID},
    {"service_tier", KIND_ID},
    {"reasoning_effort", KIND_ID},
    {"verbosity", KIND_ID},
    {"finish_reason", KIND_ID},
    {"system_fingerprint", KIND_ID},
    {"model", KIND_MODEL},
    {"name", KIND_NAME},
    {"arguments", KIND_JSON},
    {"partial_json", KIND_JSON},
    {"signature", KIND_SIGNED},
    {"encrypted_content", KIND_SIGNED},
    {"encrypted_index", KIND_SIGNED},
    {"encrypted_stdout", KIND_SIGNED},
    {"thought_signature", KIND_SIGNED},
    {"thoughtSignature", KIND_SIGNED},
};
#define KEY_ROWS (sizeof key_rows / sizeof key_rows[0])

/* An index over the rows, filled once before main: every key of every body is looked up. */
static uint8_t key_first[256], key_next[KEY_ROWS], key_len[KEY_ROWS]; /* row + 1; 0: none */
static char key_head[KEY_ROWS][16];                                   /* the names, or their first bytes */

static inline unsigned key_hash(const char *p, size_t n)
{
    return (unsigned)(n * 37 + (unsigned char)p[0] * 5u + (unsigned char)p[n - 1] * 17u + (unsigned char)p[n / 2]) & 255u;
}

__attribute__((constructor)) static void index_keys(void)
{
    _Static_assert(KEY_ROWS < 255, "a row's number fits a byte");
    for (size_t i = 0; i < KEY_ROWS; i++) {
        size_t n = strlen(key_rows[i].name);
        unsigned h = key_hash(key_rows[i].name, n);
        key_len[i] = (uint8_t)n;
        memcpy(key_head[i], key_rows[i].name, n < 16 ? n : 16);
        key_next[i] = key_first[h];
        key_first[h] = (uint8_t)(i + 1);
    }
}

/* A row's name against a key of its length: by one vector where the body goes on for as long, as it nearly always does. */
static inline bool is_row(const struct json_doc *d, size_t row, struct slice s)
{
    if ((size_t)(d->text.p + d->text.n - s.p) < 16 || s.n > 16) return memcmp(key_rows[row].name, s.p, s.n) == 0;
    const __m128i key = _mm_loadu_si128((const void *)s.p), name = _mm_loadu_si128((const void *)key_head[row]);
    return !(~(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(key, name)) & ((1u << s.n) - 1));
}

static enum key_kind key_kind(const struct json_doc *d, uint32_t key)
{
    if (key == JSON_NONE || d->node[key].escaped) return KIND_NONE;
    struct slice s = json_raw(d, key);
    if (s.n == 0) return KIND_NONE;
    for (unsigned i = key_first[key_hash(s.p, s.n)]; i; i = key_next[i - 1])
        if (key_len[i - 1] == s.n && is_row(d, i - 1, s)) return key_rows[i - 1].kind;
    return slice_ends(s, SLICE("_id")) ? KIND_ID : KIND_NONE;
}

/* ---- shapes of values -------------------------------------------------------------------------------------- */

#define IDENTIFIER_MAX 64u
#define SIGNED_MIN     128u /* shorter ones are looked at like an identifier */
#define OPAQUE_MIN     256u /* a payload */

/* Which of 16 bytes an identifier may have: letters, digits, "_.:-". */
static inline unsigned identifier_bytes(__m128i v)
{
    const __m128i letter = vector_within(_mm_or_si128(v, _mm_set1_epi8(32)), 'a', 25), digit = vector_within(v, '0', 10);
    const __m128i sign = _mm_or_si128(vector_within(v, '-', 1), _mm_cmpeq_epi8(v, _mm_set1_epi8('_')));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letter, digit), sign));
}

static bool is_identifier(const struct json_doc *d, struct slice s)
{
    if (s.n > IDENTIFIER_MAX) return false;
    const char *end = d->text.p + d->text.n;
    for (; s.n; s = slice_of(s.p + 16, s.n - 16)) {
        char part[16] = {0};
        const bool whole = end - s.p >= 16;
        if (!whole) memcpy(part, s.p, s.n);
        const unsigned bytes = identifier_bytes(_mm_loadu_si128((const void *)(whole ? s.p : part)));
        if (s.n <= 16) return !(~bytes & ((1u << s.n) - 1));
        if (bytes != 0xFFFFu) return false;
    }
    return true;
}

/* "data:" TYPE [";" PARAMETER]* ";base64," PAYLOAD (RFC 2397), where the payload is really nothing but base64 of
 * something that is no text. The slash of the type may be escaped. */
static bool is_data_url(struct slice s)
{
    if (s.n < 5 || !slice_ieq(slice_of(s.p, 5), SLICE("data:"))) return false;
    size_t head = s.n < 256 ? s.n : 256, comma = slice_find(slice_of(s.p, head), ',');
    if (comma == head || comma < 12 || !slice_ieq(slice_of(s.p + comma - 7, 7), SLICE(";base64"))) return false;
    for (size_t i = 5; i < comma; i++)
        if ((unsigned char)s.p[i] <= ' ') return false;
    return decode_payload(slice_of(s.p + comma + 1, s.n - comma - 1)) != PAYLOAD_NONE;
}

/* ---- places ------------------------------------------------------------------------------------------------ */

/* Whether key i, escapes or none, is one of a KIND_HOLDER. */
static bool is_holder(const struct json_doc *d, uint32_t key)
{
    if (!d->node[key].escaped) return key_kind(d, key) == KIND_HOLDER;
    for (size_t k = 0; k < KEY_ROWS; k++)
        if (key_rows[k].kind == KIND_HOLDER && json_text_eq(d, key, slice_str(key_rows[k].name))) return true;
    return false;
}

/* A tool's, function's or schema's name, as against a person's. */
static bool names_function(const struct json_doc *d, uint32_t i)
{
    uint32_t up = d->node[i].parent;
    if (up == JSON_NONE) return false;
    uint32_t key = d->node[up].key;
    if (key == JSON_NONE && d->node[up].parent != JSON_NONE) key = d->node[d->node[up].parent].key; /* an element */
    return key != JSON_NONE && is_holder(d, key);
}

/* input_audio.data and the like: raw samples begin with nothing one could know them by. */
static bool holds_samples(const struct json_doc *d, uint32_t i)
{
    uint32_t key = d->node[i].key, up = d->node[i].parent;
    if (key == JSON_NONE || d->node[up].key == JSON_NONE || !json_text_eq(d, key, SLICE("data"))) return false;
    return json_text_eq(d, d->node[up].key, SLICE("input_audio")) || json_text_eq(d, d->node[up].key, SLICE("audio"));
}

static bool is_opaque(const struct json_doc *d, uint32_t i, struct slice s)
{
    if (s.n >= OPAQUE_MIN) {
        enum decode_payload p = decode_payload(s);
        if (p == PAYLOAD_FORMAT || (p == PAYLOAD_BINARY && holds_samples(d, i))) return true;
    }
    return s.n >= 5 && (s.p[0] | 32) == 'd' && is_data_url(s);
}

static enum text_class class_of(const struct json_doc *d, uint32_t i, enum key_kind kind, bool own)
{
    struct slice s = json_raw(d, i);
    if (is_opaque(d, i, s)) return TEXT_OPAQUE;
    switch (kind) {
    case KIND_JSON: return TEXT_JSON;
    case KIND_MODEL:
        if (d->node[i].depth == 1) return TEXT_NAME;
        return !own && is_identifier(d, s) ? TEXT_SKIP : TEXT_FREE;
    case KIND_ID: return !own && is_identifier(d, s) ? TEXT_SKIP : TEXT_FREE;
    case KIND_NAME: return names_function(d, i) ? TEXT_NAME : TEXT_FREE;
    case KIND_SIGNED: return s.n >= SIGNED_MIN && decode_payload(s) != PAYLOAD_NONE ? TEXT_SKIP : TEXT_FREE;
    default: return TEXT_FREE;
    }
}

static struct string_said classify(const struct json_doc *d, uint32_t i, bool own)
{
    const enum key_kind kind = key_kind(d, d->node[i].key);
    return (struct string_said){class_of(d, i, kind, own), kind != KIND_NONE};
}

/* ---- whose text -------------------------------------------------------------------------------------------- */

struct origin_row {
    struct slice word;
    enum text_origin origin;
};
static const struct origin_row by_role[] = {
    {SLICE_INIT("user"), ORIGIN_USER},         {SLICE_INIT("system"), ORIGIN_SYSTEM},
    {SLICE_INIT("developer"), ORIGIN_SYSTEM},  {SLICE_INIT("assistant"), ORIGIN_ASSISTANT},
    {SLICE_INIT("model"), ORIGIN_ASSISTANT},   {SLICE_INIT("tool"), ORIGIN_GIVEN},
    {SLICE_INIT("function"), ORIGIN_GIVEN},    {SLICE_INIT("ipython"), ORIGIN_GIVEN},
    {SLICE_INIT("observation"), ORIGIN_GIVEN},
};
/* Content parts and items that hold what came from elsewhere, in this dialect and in those like it. */
static const struct origin_row by_type[] = {
    {SLICE_INIT("tool_result"), ORIGIN_GIVEN},
    {SLICE_INIT("function_call_output"), ORIGIN_GIVEN},
    {SLICE_INIT("computer_call_output"), ORIGIN_GIVEN},
    {SLICE_INIT("custom_tool_call_output"), ORIGIN_GIVEN},
    {SLICE_INIT("document"), ORIGIN_GIVEN},
    {SLICE_INIT("search_result"), ORIGIN_GIVEN},
    {SLICE_INIT("file"), ORIGIN_GIVEN},
    {SLICE_INIT("web_search_tool_result"), ORIGIN_GIVEN},
};
static const struct origin_row by_key[] = {
    {SLICE_INIT("documents"), ORIGIN_GIVEN},        {SLICE_INIT("tool_results"), ORIGIN_GIVEN},
    {SLICE_INIT("tool_outputs"), ORIGIN_GIVEN},     {SLICE_INIT("search_results"), ORIGIN_GIVEN},
    {SLICE_INIT("functionResponse"), ORIGIN_GIVEN}, {SLICE_INIT("system"), ORIGIN_SYSTEM},
    {SLICE_INIT("instructions"), ORIGIN_SYSTEM},
};
#define ROWS(t) (t), sizeof(t) / sizeof(t)[0]

/* The row whose word is string (or key) i; NULL if there is none. */
static const struct origin_row *row_of(const struct json_doc *d, uint32_t i, const struct origin_row *rows, size_t n)
{
    if (i == JSON_NONE || (d->node[i].type != JSON_STRING && d->node[i].type != JSON_KEY)) return NULL;
    for (size_t k = 0; k < n; k++)
        if (json_text_eq(d, i, rows[k].word)) return &rows[k];
    return NULL;
}

/* From the string upwards: the first that says something decides. */
static enum text_origin origin(const struct json_doc *d, uint32_t i)
{
    for (; i != JSON_NONE; i = d->node[i].parent) {
        const struct origin_row *row = row_of(d, d->node[i].key, ROWS(by_key));
        if (!row && d->node[i].type == JSON_OBJECT) row = row_of(d, place_member(d, i, SLICE("type")), ROWS(by_type));
        if (!row && d->node[i].type == JSON_OBJECT) row = row_of(d, place_member(d, i, SLICE("role")), ROWS(by_role));
        if (row) return row->origin;
    }
    return ORIGIN_USER;
}

static bool key_known(const struct json_doc *d, uint32_t key) { return key_kind(d, key) != KIND_NONE; }

/* ---- errors ------------------------------------------------------------------------------------------------ */

static enum err add_quoted(struct buf *out, const char *s)
{
    if (!s) return buf_add(out, SLICE("null"));
    enum err e = buf_add_byte(out, '"');
    if (!e) e = json_escape(slice_str(s), out);
    return e ? e : buf_add_byte(out, '"');
}

static enum err error_body(const struct err_row *row, const char *request_id, struct buf *out)
{
    (void)request_id; /* OpenAI's errors carry it in the x-request-id field only */
    enum err e = buf_add(out, SLICE("{\"error\":{\"message\":"));
    if (!e) e = add_quoted(out, row->text);
    if (!e) e = buf_add(out, SLICE(",\"type\":"));
    if (!e) e = add_quoted(out, row->type);
    if (!e) e = buf_add(out, SLICE(",\"param\":null,\"code\":"));
    if (!e) e = add_quoted(out, row->code);
    return e ? e : buf_add(out, SLICE("}}"));
}

static enum err error_event(const struct err_row *row, struct buf *out)
{
    enum err e = buf_add(out, SLICE("data: "));
    if (!e) e = error_body(row, NULL, out);
    return e ? e : buf_add(out, SLICE("\n\n"));
}

const struct dialect dialect_openai = {"openai", SLICE_INIT("metadata"), classify, origin, key_known, error_body, error_event};
