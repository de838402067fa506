/* What is done with what was found: actions, and policies compiled against a rule set. */
#ifndef PRIVET_FILTERS_POLICY_H
#define PRIVET_FILTERS_POLICY_H

#include "filters/detect/rules.h"
#include "filters/text/json.h"

/* Rows of the action table in mask/actions.c, weakest first. */
enum action {
    ACTION_ALLOW,     /* nothing, not even counted as masked */
    ACTION_FLAG,      /* counted and recorded, left as it is */
    ACTION_REDACT,    /* [REDACTED:aws-access-token] */
    ACTION_MASK,      /* stars, the last four characters stay */
    ACTION_HASH,      /* [HASH:aws-access-token:9f86d081884c7d65], HMAC-SHA256 under the policy's key */
    ACTION_TOKENIZE,  /* <EMAIL_ADDRESS_1>, put back in the answer */
    ACTION_SURROGATE, /* a valid-looking other value of the same kind, put back in the answer */
    ACTION_REROUTE,   /* the request goes to the route's sensitive target, as it is masked by ACTION_TOKENIZE otherwise */
    ACTION_BLOCK,     /* the request is refused */
    ACTION_COUNT
};
struct action_row {
    enum action action;
    const char *name; /* "redact" */
    bool reversible;  /* the vault puts it back */
    const char *help;
};
const struct action_row *action_row(enum action a);
/* ACTION_COUNT if there is none of that name. */
enum action action_find(struct slice name);

/* What signs of prompt injection add up to: injection.h. */
enum injection_level { INJECTION_NONE, INJECTION_LOW, INJECTION_MEDIUM, INJECTION_HIGH, INJECTION_LEVELS };

struct policy_rule_def { /* finer wins over coarser: rule id over type over prefix* over class */
    const char *rule;    /* rule id, entity type, or a prefix with '*' at its end */
    enum action action;
};
struct policy_def {
    const char *name;
    bool observe;       /* count and record, change nothing */
    enum action cls[3]; /* by enum rule_class */
    const struct policy_rule_def *rules;
    size_t rule_count;
    enum action injection[INJECTION_LEVELS]; /* of a request whose signs reach a level: flag, reroute, block */
    /* What is let through: [at:PLACE] [rule:NAME] [VALUE | re:PATTERN], at least one of them, one space between. NAME as
     * in `rules`; a pattern is matched against the whole value; PLACE: place.h. */
    const char *const *allow;
    size_t allow_count;
    const char *const *dictionaries; /* names; those not named here do not apply */
    size_t dictionary_count;
    bool opaque_block;
    bool restore_text, restore_tool_arguments;
    const char *const *never_tools;
    size_t never_tool_count;
    struct slice key; /* for hash and surrogate (there derived again for each caller); at least 16 bytes */
};

struct policy;
/* ERR_SHAPE and a message by report(def NULL) if an allow pattern does not compile or a name means nothing. */
enum err policy_build(const struct policy_def *d, const struct ruleset *rs, ruleset_report report, void *arg,
                      struct policy **out) MUST_CHECK;
void policy_free(struct policy *p);
enum action policy_action(const struct policy *p, uint16_t rule);
/* True if the value is on the policy's allow list, whichever rule found it wherever. */
bool policy_allows(const struct policy *p, struct slice value);
/* True if an entry that names a rule or a place lets it through: what `rule` found in node i of d (NULL: text that is no
 * body, and in no place). */
bool policy_allows_at(const struct policy *p, uint16_t rule, struct slice value, const struct json_doc *d, uint32_t i);
/* What is done with a request of this level: ACTION_ALLOW, ACTION_FLAG, ACTION_REROUTE or ACTION_BLOCK. */
enum action policy_injection(const struct policy *p, enum injection_level level);
bool policy_observes(const struct policy *p);
bool policy_opaque_block(const struct policy *p);
bool policy_restores_text(const struct policy *p);
/* Whether arguments of this tool get originals back. */
bool policy_restores_tool(const struct policy *p, struct slice tool);
struct slice policy_key(const struct policy *p);
const char *policy_name(const struct policy *p);

#endif
