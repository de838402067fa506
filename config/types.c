/* The plain types of values: strings, numbers with units, words, lists of words. */
#include "config/load.h"

#include <assert.h>
#include <stdio.h>

const char *row_key(const struct schema_row *row)
{
    const char *dot = strrchr(row->path, '.');
    return dot ? dot + 1 : row->path;
}

bool text_of(struct loader *l, const struct schema_row *row, const yaml_node_t *node, struct text *out)
{
    *out = (struct text){.raw = doc_text(node), .pos = doc_pos(node)};
    if (strlen(out->raw.p) != out->raw.n) {
        mistake_add(&l->m, out->pos, "%s: holds a NUL byte", row_key(row));
        return false;
    }
    return expand_env(l, out->raw, out->pos, &out->s);
}

/* The value as it may be shown: as written, cut; not at all if it is or may be a secret. */
static const char *shown(const struct schema_row *row, const struct text *v, char out[80])
{
    if (row->flags & ROW_SECRET) return "something else";
    snprintf(out, 80, "`%.*s%s`", (int)(v->raw.n > 60 ? 60 : v->raw.n), v->raw.p, v->raw.n > 60 ? "..." : "");
    return out;
}

bool text_wrong(struct loader *l, const struct schema_row *row, const struct text *v, const char *expect)
{
    char found[80];
    mistake_add(&l->m, v->pos, "%s: expected %s, found %s", row_key(row), expect, shown(row, v, found));
    return false;
}

bool text_unknown(struct loader *l, const struct schema_row *row, const struct text *v, const char *const *known)
{
    char list[512] = "", found[80];
    size_t n = 0, used = 0;
    for (; known[n]; n++) {
        int k = snprintf(list + used, sizeof list - used, "%s%s", n ? ", " : "", known[n]);
        if (k > 0 && (size_t)k < sizeof list - used) used += (size_t)k;
    }
    const char *near = config_nearest(v->s.p, known, n);
    if (near && !(row->flags & ROW_SECRET))
        mistake_add(&l->m, v->pos, "%s: unknown %s; did you mean `%s`?", row_key(row), shown(row, v, found), near);
    else if (n == 0) mistake_add(&l->m, v->pos, "%s: unknown %s", row_key(row), shown(row, v, found));
    else mistake_add(&l->m, v->pos, "%s: unknown %s; one of: %s", row_key(row), shown(row, v, found), list);
    return false;
}

static void put_uint(const struct schema_row *row, void *field, uint64_t v)
{
    uint32_t v32 = (uint32_t)v;
    uint16_t v16 = (uint16_t)v;
    uint8_t v8 = (uint8_t)v;
    switch (row->width) {
    case 8: memcpy(field, &v, 8); break;
    case 4: memcpy(field, &v32, 4); break;
    case 2: memcpy(field, &v16, 2); break;
    default: assert(row->width == 1); memcpy(field, &v8, 1);
    }
}

static uint64_t most(const struct schema_row *row)
{
    if (row->max) return row->max;
    return row->width == 8 ? UINT64_MAX : (1ull << (8 * row->width)) - 1;
}

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

struct unit {
    struct slice name;
    uint64_t factor;
};
static const struct unit sizes[] = {{SLICE_INIT("KiB"), 1u << 10},
                                    {SLICE_INIT("MiB"), 1u << 20},
                                    {SLICE_INIT("GiB"), 1u << 30},
                                    {SLICE_INIT("TiB"), 1ull << 40},
                                    {SLICE_INIT(""), 1},
                                    {SLICE_INIT("B"), 1},
                                    {{NULL, 0}, 0}};
static const struct unit durations[] = {{SLICE_INIT("ms"), 1},      {SLICE_INIT("s"), 1000},        {SLICE_INIT("m"), 60000},
                                        {SLICE_INIT("h"), 3600000}, {SLICE_INIT("d"), 86400000ull}, {{NULL, 0}, 0}};
static const struct unit none[] = {{SLICE_INIT(""), 1}, {{NULL, 0}, 0}};

/* Digits and one of the units. False if it is not that; *over if it is and does not fit 64 bits. */
static bool parse_units(struct slice s, const struct unit *units, uint64_t *out, bool *over)
{
    size_t d = 0;
    uint64_t v;
    *over = false;
    while (d < s.n && s.p[d] >= '0' && s.p[d] <= '9') d++;
    if (d == 0) return false;
    for (const struct unit *u = units; u->factor; u++) {
        if (!slice_eq(slice_of(s.p + d, s.n - d), u->name)) continue;
        if (slice_u64(slice_of(s.p, d), UINT64_MAX / u->factor, &v)) {
            *out = v * u->factor;
            return true;
        }
        *over = true;
        return false;
    }
    /* zero is zero in any unit */
    return d == s.n && slice_u64(s, 0, out);
}

static const struct unit *units_of(const struct schema_row *row)
{
    if (row->type == &type_size) return sizes;
    if (row->type == &type_duration) return durations;
    return row->type == &type_int ? none : NULL;
}

bool number_print(const struct schema_row *row, uint64_t v, char out[40])
{
    const struct unit *units = units_of(row), *best = units;
    for (const struct unit *u = units; u && u->factor; u++) /* the greatest that divides it; there is one of factor 1 */
        if (v % u->factor == 0 && (v % best->factor != 0 || (v && u->factor > best->factor))) best = u;
    if (best) snprintf(out, 40, "%llu%.*s", (unsigned long long)(v / best->factor), (int)best->name.n, best->name.p);
    return best != NULL;
}

static bool set_number(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    uint64_t n = 0;
    bool over = false;
    for (size_t i = 0; row->names && row->names[i]; i++) /* words for numbers: auto is 0 */
        if (slice_eq(v->s, slice_str(row->names[i]))) {
            put_uint(row, field, i);
            return true;
        }
    bool ok = parse_units(v->s, units_of(row), &n, &over);
    if (!ok && !over) return text_wrong(l, row, v, row->type->expect);
    if (over || n < row->min || n > most(row)) {
        char low[40], high[40], expect[128];
        (void)number_print(row, row->min, low);
        (void)number_print(row, most(row), high);
        snprintf(expect, sizeof expect, "%s to %s", low, high);
        return text_wrong(l, row, v, expect);
    }
    put_uint(row, field, n);
    return true;
}

/* 0 to 1 with at most three decimals: thousandths. */
static bool set_fraction(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    size_t dot = slice_find(v->s, '.');
    struct slice whole = slice_of(v->s.p, dot), part = dot < v->s.n ? slice_of(v->s.p + dot + 1, v->s.n - dot - 1) : SLICE("0");
    uint64_t n, m;
    if (part.n > 3 || !slice_u64(whole, 1, &n) || !slice_u64(part, 999, &m)) return text_wrong(l, row, v, row->type->expect);
    for (size_t i = part.n; i < 3; i++) m *= 10;
    if (n * 1000 + m > 1000) return text_wrong(l, row, v, row->type->expect);
    put_uint(row, field, n * 1000 + m);
    return true;
}

static bool set_bool(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    bool yes = slice_eq(v->s, SLICE("true"));
    if (!yes && !slice_eq(v->s, SLICE("false"))) return text_wrong(l, row, v, row->type->expect);
    memcpy(field, &yes, sizeof yes);
    return true;
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

/* The index of a known word, or -1 with the mistake added. */
static int find_word(struct loader *l, const struct schema_row *row, const struct text *v)
{
    for (int i = 0; row->names[i]; i++)
        if (slice_eq(v->s, slice_str(row->names[i]))) return i;
    for (size_t i = 0; row->planned && row->planned[i]; i++) {
        if (!slice_eq(v->s, slice_str(row->planned[i]))) continue;
        mistake_add(&l->m, v->pos, "%s: `%s` is planned, not in this version", row_key(row), row->planned[i]);
        return -1;
    }
    (void)text_unknown(l, row, v, row->names);
    return -1;
}

static bool set_enum(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    int i = find_word(l, row, v);
    if (i >= 0) put_uint(row, field, row->min + (unsigned)i);
    return i >= 0;
}

static bool set_word(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    int i = find_word(l, row, v);
    char *s = i < 0 ? NULL : loader_copy(l, slice_str(row->names[i]));
    if (s) memcpy(field, &s, sizeof s);
    return s != NULL;
}

static bool set_bits(struct loader *l, const struct schema_row *row, const struct text *v, size_t n, void *field)
{
    uint32_t bits = 0;
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        int k = find_word(l, row, &v[i]);
        if (k < 0) ok = false;
        else bits |= 1u << k;
    }
    put_uint(row, field, bits);
    return ok;
}

/* ---- texts ------------------------------------------------------------------------------------------------------ */

static bool set_text(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    size_t cap = row->max ? row->max : 4096;
    if (v->s.n == 0) return text_wrong(l, row, v, "a text that is not empty");
    if (v->s.n > cap) {
        char expect[64];
        snprintf(expect, sizeof expect, "at most %zu bytes", cap);
        return text_wrong(l, row, v, expect);
    }
    char *s = loader_copy(l, v->s);
    if (s) memcpy(field, &s, sizeof s);
    return s != NULL;
}

/* Names go into targets ("backend/model"), logs, headers and file names. */
static bool set_name(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    bool ok = v->s.n > 0 && v->s.n <= 64;
    for (size_t i = 0; ok && i < v->s.n; i++) {
        char c = v->s.p[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-_.", c);
    }
    if (!ok) return text_wrong(l, row, v, type_name.expect);
    return set_text(l, row, v, field);
}

static bool set_strings(struct loader *l, const struct schema_row *row, const struct text *v, size_t n, void *field)
{
    struct config_strings out = {loader_alloc(l, (n ? n : 1) * sizeof(char *)), n};
    bool ok = out.v != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        ok = set_text(l, row, &v[i], &out.v[i]);
        loader_note(l, &out.v[i], v[i].pos);
    }
    if (ok) memcpy(field, &out, sizeof out);
    return ok;
}

static bool set_secret(struct loader *l, const struct schema_row *row, const struct text *v, void *field)
{
    struct slice s;
    if (!credential_read(l, row, v, &s)) return false;
    char *p = loader_copy(l, s);
    if (p) memcpy(field, &p, sizeof p);
    return p != NULL;
}

const struct schema_type type_string = {"text", "a text", set_text, NULL, NULL};
const struct schema_type type_name = {"name", "a name of at most 64 letters, digits, `-`, `_` and `.`", set_name, NULL, NULL};
const struct schema_type type_bool = {"bool", "true or false", set_bool, NULL, NULL};
const struct schema_type type_int = {"integer", "a whole number", set_number, NULL, NULL};
const struct schema_type type_size = {"size", "a size such as 4096, 32KiB, 64MiB, 1GiB", set_number, NULL, NULL};
const struct schema_type type_duration = {"duration", "a duration such as 300ms, 10s, 5m, 2h, 90d", set_number, NULL, NULL};
const struct schema_type type_fraction = {"fraction", "a number from 0 to 1 such as 0.5", set_fraction, NULL, NULL};
const struct schema_type type_enum = {"choice", "one word", set_enum, NULL, NULL};
const struct schema_type type_word = {"choice", "one word", set_word, NULL, NULL};
const struct schema_type type_strings = {"list of texts", "a text, or a list of texts", NULL, set_strings, NULL};
const struct schema_type type_bits = {"list of choices", "a list of words", NULL, set_bits, NULL};
const struct schema_type type_secret = {"secret", "a text, ${NAME} or file:NAME", set_secret, NULL, NULL};
