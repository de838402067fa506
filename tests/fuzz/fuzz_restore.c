/* Any text, cut anywhere: the restored answer must not depend on the cuts, nothing may stay held, and in a text that
 * names nothing of the vault every byte comes out as it went in. The first two bytes choose the mode and the cuts. */
#include "filters/mask/restore.h"

#include <stdlib.h>

#define CHECK(x)                                                                                                                 \
    do {                                                                                                                         \
        if (!(x)) abort();                                                                                                       \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vault *make_vault(void)
{
    struct vault *v = vault_new();
    struct slice out;
    CHECK(v);
    CHECK(vault_reserve(v, SLICE("<A_2>")) == ERR_OK);
    CHECK(vault_tokenize(v, "A", RULE_PII, SLICE("one"), &out) == ERR_OK);
    CHECK(vault_tokenize(v, "A", RULE_PII, SLICE("<A_1>"), &out) == ERR_OK); /* an original like a placeholder */
    CHECK(vault_tokenize(v, "B_C", RULE_SECRETS, SLICE("\"secret\""), &out) == ERR_OK);
    CHECK(vault_surrogate(v, "N", RULE_PII, SLICE("555"), SLICE("12")) == ERR_OK);
    CHECK(vault_surrogate(v, "N", RULE_PII, SLICE("666"), SLICE("12 3")) == ERR_OK);
    return v;
}

struct result {
    struct buf out;
    uint32_t restored, foreign;
};

static struct result run(struct vault *v, enum restore_mode mode, struct slice s, unsigned seed)
{
    struct result x = {.out = buf_make(1 << 26)};
    struct restore r;
    CHECK(restore_init(&r, v, mode) == ERR_OK);
    size_t at = 0;
    while (at < s.n) {
        seed = seed * 1103515245u + 12345u;
        size_t n = seed ? 1 + (seed >> 16) % 7 : s.n;
        if (n > s.n - at) n = s.n - at;
        CHECK(restore_push(&r, slice_of(s.p + at, n), &x.out) == ERR_OK);
        at += n;
    }
    CHECK(restore_flush(&r, &x.out) == ERR_OK);
    CHECK(restore_held(&r) == 0);
    x.restored = r.restored;
    x.foreign = r.foreign;
    restore_free(&r);
    return x;
}

static struct result run_whole(struct vault *v, enum restore_mode mode, struct slice s)
{
    struct result x = {.out = buf_make(1 << 26)};
    struct restore r;
    CHECK(restore_init(&r, v, mode) == ERR_OK);
    CHECK(restore_push(&r, s, &x.out) == ERR_OK);
    CHECK(restore_flush(&r, &x.out) == ERR_OK);
    x.restored = r.restored;
    x.foreign = r.foreign;
    restore_free(&r);
    return x;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct vault *v, *empty;
    if (!v) {
        v = make_vault();
        empty = vault_new();
        CHECK(empty);
    }
    if (size < 2) return 0;
    enum restore_mode mode = (enum restore_mode)(data[0] % 4);
    struct slice s = slice_of(data + 2, size - 2);
    struct result a = run_whole(v, mode, s), b = run(v, mode, s, data[1]);
    CHECK(slice_eq(buf_slice(&a.out), buf_slice(&b.out)));
    CHECK(a.restored == b.restored && a.foreign == b.foreign);
    CHECK(a.restored || slice_eq(buf_slice(&a.out), s));
    struct result c = run(empty, mode, s, data[1]);
    CHECK(c.restored == 0 && slice_eq(buf_slice(&c.out), s));
    buf_free(&a.out);
    buf_free(&b.out);
    buf_free(&c.out);
    return 0;
}
