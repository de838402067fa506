/* The rule packs that ship, as one set. */
#ifndef TEST_PACKS_H
#define TEST_PACKS_H

#include "config/rules.h"
#include "filters/detect/engine.h"

/* False if something is wrong with them. Both are the caller's to free. */
static bool packs_build(struct rule_pack *pack, struct ruleset **rules)
{
    static const char *const packs[] = {"secrets", "pii", "injection"};
    struct config *c = config_standard();
    struct config_report r = {0};
    char file[4096];
    bool ok = c != NULL;
    for (size_t i = 0; i < sizeof packs / sizeof packs[0] && ok; i++) {
        rule_pack_path(c, packs[i], file, sizeof file);
        ok = rule_pack_load(pack, file, &r);
    }
    config_free(c);
    buf_free(&r.text);
    return ok && ruleset_build(pack->defs, pack->count, NULL, NULL, rules) == ERR_OK;
}

#endif
