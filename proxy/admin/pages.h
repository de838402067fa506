/* What the admin listener says: a page from a path. */
#ifndef PRIVET_ADMIN_PAGES_H
#define PRIVET_ADMIN_PAGES_H

#include "proxy/admin/admin.h"

struct admin_page {
    int status;
    const char *type; /* Content-Type */
};

/* Writes the body. An unknown path is a page too, with status 404. */
enum err admin_page(struct slice path, const struct admin_info *info, struct admin_page *page, struct buf *body) MUST_CHECK;

#endif
