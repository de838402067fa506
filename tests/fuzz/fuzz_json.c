/* Any bytes through the tokenizer. What it accepts must be whole: nodes nest, every value's raw text parses again as
 * itself, strings come back from unescaping and escaping, views map inside their source, and splicing nothing gives
 * the same bytes. */
#include "filters/text/json.h"
#include "filters/text/utf8.h"

#include <stdlib.h>

#define CHECK(x)                                                                                                                 \
    do {                                                                                                                         \
        if (!(x)) abort();                                                                                                       \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_string(const struct json_doc *d, uint32_t i)
{
    struct slice raw = json_raw(d, i);
    struct buf text = buf_make(1 << 24), again = buf_make(1 << 26);
    CHECK(json_unescape(raw, &text) == ERR_OK);
    CHECK(utf8_valid(buf_slice(&text), NULL));
    CHECK(json_text_eq(d, i, buf_slice(&text)));
    CHECK(d->node[i].escaped || slice_eq(raw, buf_slice(&text)));
    CHECK(json_escape(buf_slice(&text), &again) == ERR_OK);
    struct slice esc = buf_slice(&again);
    struct buf back = buf_make(1 << 24);
    CHECK(json_unescape(esc, &back) == ERR_OK);
    CHECK(slice_eq(buf_slice(&back), buf_slice(&text)));
    buf_free(&text);
    buf_free(&again);
    buf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct json_doc d, inner;
    struct slice text = slice_of(data, size);
    size_t at = 0;
    if (json_parse(&d, text, NULL, &at) != ERR_OK) {
        CHECK(at <= size);
        return 0;
    }
    CHECK(d.count && d.node[0].parent == JSON_NONE && d.node[0].next == d.count);
    for (uint32_t i = 0; i < d.count; i++) {
        const struct json_node *n = &d.node[i];
        CHECK(n->off <= n->end && n->end <= size && n->next > i && n->next <= d.count);
        if (i) {
            const struct json_node *up = &d.node[n->parent];
            CHECK(n->parent < i && n->next <= up->next && n->off > up->off && n->end < up->end && n->depth == up->depth + 1);
        }
        if (n->key != JSON_NONE) CHECK(n->key == i - 1 && d.node[n->key].type == JSON_KEY);
        if (n->type == JSON_STRING || n->type == JSON_KEY) check_string(&d, i);
        else if (size < 4096) {
            CHECK(json_parse(&inner, json_raw(&d, i), NULL, NULL) == ERR_OK);
            CHECK(inner.count == n->next - i && inner.node[0].type == n->type);
        }
    }
    struct buf out = buf_make(size + 1);
    CHECK(json_splice(text, NULL, 0, &out) == ERR_OK && slice_eq(buf_slice(&out), text));
    buf_free(&out);
    return 0;
}
