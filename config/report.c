/* Mistakes, worded as FILE:LINE:COL: message, in file order. */
#include "config/doc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define REPORT_CAP  (4u << 20)
#define LINE_MAX_   1024
#define DOUBLES_MAX 1000u /* beyond so many nobody reads them */

/* A key or a value quoted in a message must not break the line. */
static void one_line(char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 127) *s = '?';
}

/* A mistake that two steps come upon is told once: takes the line from `was` on back if it stands there already. */
static void drop_double(struct buf *text, size_t was)
{
    struct slice all = buf_slice(text), line = slice_of(all.p + was, all.n - was);
    for (size_t at = 0; at < was;) {
        size_t n = slice_find(slice_of(all.p + at, was - at), '\n') + 1;
        if (slice_eq(slice_of(all.p + at, n), line)) {
            buf_truncate(text, was);
            return;
        }
        at += n;
    }
}

static void add_line(struct config_report *r, const char *file, struct config_pos pos, const char *text)
{
    enum err e;
    if (!r->text.cap) r->text.cap = REPORT_CAP;
    r->count++;
    size_t was = buf_len(&r->text);
    if (pos.line) e = buf_addf(&r->text, "%.300s:%u:%u: ", file, pos.line, pos.col);
    else e = buf_addf(&r->text, "%.300s: ", file);
    if (e == ERR_OK) e = buf_add(&r->text, slice_str(text));
    if (e == ERR_OK) e = buf_add_byte(&r->text, '\n');
    if (e == ERR_OK && r->count < DOUBLES_MAX) drop_double(&r->text, was); /* a full report still counts */
}

void config_report_add(struct config_report *r, const char *file, struct config_pos pos, const char *fmt, ...)
{
    char text[LINE_MAX_];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    one_line(text);
    add_line(r, file, pos, text);
}

void mistake_add(struct mistakes *m, struct config_pos pos, const char *fmt, ...)
{
    char text[LINE_MAX_];
    va_list ap;
    if (m->count >= MISTAKES_MAX) {
        m->lost = true;
        return;
    }
    if (m->count == m->room) {
        size_t room = m->room ? m->room * 2 : 16;
        struct mistake *v = mem_realloc(m->v, room * sizeof *v);
        if (!v) {
            m->lost = true;
            return;
        }
        m->v = v;
        m->room = room;
    }
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    one_line(text);
    m->v[m->count] = (struct mistake){.pos = pos, .number = m->count, .text = mem_strdup(text)};
    if (!m->v[m->count].text) m->lost = true;
    else m->count++;
}

static int by_place(const void *a, const void *b)
{
    const struct mistake *x = a, *y = b;
    if (x->pos.line != y->pos.line) return x->pos.line < y->pos.line ? -1 : 1;
    if (x->pos.col != y->pos.col) return x->pos.col < y->pos.col ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

void mistakes_report(struct mistakes *m, const char *file, struct config_report *r)
{
    if (m->count) qsort(m->v, m->count, sizeof *m->v, by_place);
    for (size_t i = 0; i < m->count; i++) {
        add_line(r, file, m->v[i].pos, m->v[i].text);
        mem_free(m->v[i].text);
    }
    if (m->lost) add_line(r, file, (struct config_pos){0, 0}, "more mistakes than can be listed");
    mem_free(m->v);
    *m = (struct mistakes){0};
}
