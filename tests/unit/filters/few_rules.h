/* Rules for tests that need a few of each kind: rows of a struct rule_def array. */
#ifndef TEST_FEW_RULES_H
#define TEST_FEW_RULES_H

#include "filters/detect/rules.h"

static __attribute__((unused)) char *few_aws[] = {"akia"}, *few_password[] = {"password"}, *few_luhn[] = {"luhn"};

#define FEW_AWS                                                                                                                  \
    {                                                                                                                            \
        .id = "aws-access-token", .description = "", .cls = RULE_SECRETS, .type = "API_KEY_OR_TOKEN", .keyword_count = 1,        \
        .keywords = few_aws, .regex = "(?<![0-9A-Za-z])((?:AKIA)[A-Z2-7]{16})(?![0-9A-Za-z])", .score = 0.95F, .join = true      \
    }
#define FEW_EMAIL                                                                                                                \
    {                                                                                                                            \
        .id = "email", .description = "", .cls = RULE_PII, .type = "EMAIL_ADDRESS", .triggers = TRIGGER_AT, .score = 0.9F,       \
        .regex = "[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\\.[A-Za-z0-9-]{1,63}){1,4}"                                        \
    }
#define FEW_CARD                                                                                                                 \
    {                                                                                                                            \
        .id = "card", .description = "", .cls = RULE_PII, .type = "CREDIT_CARD", .triggers = TRIGGER_DIGITS, .digits_min = 13,   \
        .digits_max = 19, .regex = "\\d(?:[ -]?\\d){12,18}", .validate = few_luhn, .validate_count = 1, .score = 0.9F            \
    }

#endif
