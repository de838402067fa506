/* Reads rule packs and other data files of config/rules (YAML, gitleaks' field names) into plain definitions. */
#ifndef PRIVET_CONFIG_RULES_H
#define PRIVET_CONFIG_RULES_H

#include "config/arena.h"
#include "config/config.h"
#include "filters/api/refusal.h"
#include "filters/detect/rules.h"

struct rule_pack {
    struct rule_def *defs;
    size_t count, room;
    struct arena memory; /* of all texts */
    struct buf notes;    /* FILE:LINE:COL: lines about what was left out or read in another way; no mistakes */
};
/* Appends the rules of one file. Mistakes go to the report as FILE:LINE:COL; false if there was one. `cls` is the
 * class for rules that name none (a pack may say `class: secrets|pii|injection` at the top). A gitleaks.toml turned
 * into YAML loads as it is: RE2 syntax is translated (\z to \Z, (?P<n>, (?i) in the middle, \pN ...). */
bool rule_pack_load(struct rule_pack *p, const char *path, struct config_report *report);
void rule_pack_free(struct rule_pack *p);

/* Go's RE2 syntax as PCRE2 syntax, appended to out. False with *why (static) if it says what PCRE2 cannot. */
bool re2_translate(struct slice re2, struct buf *out, const char **why) MUST_CHECK;

#define LITERALS_MAX 24u
#define LITERAL_LEN  32u
/* Words in small letters of which one is in every text that a regex (RE2's syntax, or translated) matches, two bytes and
 * longer; 0 if there are none. */
size_t regex_literals(struct slice regex, char out[LITERALS_MAX][LITERAL_LEN + 1]);
/* The regex with those groups made plain that cannot hold the value: what repeats, and choices of fixed words. gitleaks
 * takes the first group that took part for the secret, and would show `login` for sonar.(login|token)=([a-z0-9]{40}). */
enum err regex_value_groups(struct slice regex, struct buf *out) MUST_CHECK;

struct refusal_pack {
    struct refusal_def *defs;
    size_t count, room;
    struct arena memory;
};
bool refusal_pack_load(struct refusal_pack *p, const char *path, struct config_report *report);
void refusal_pack_free(struct refusal_pack *p);

/* Where named packs are: $PRIVET_RULES, else rules/ in the directory `beside` (of a configuration file; NULL: none), else
 * config/rules of the source tree this was built in, else share/privet/rules of its prefix. */
void rules_dir(const char *beside, char *out, size_t n);
/* Path of a named pack under the configuration's rules directory, or of a path given as such. */
void rule_pack_path(const struct config *c, const char *pack, char *out, size_t n);

#endif
