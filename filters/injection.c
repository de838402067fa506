/* The weights and thresholds of prompt injection. One clear sign in a user's own turn is medium: he may well mean it;
 * the same in what a tool gave back is high, and so are two different ones anywhere, and a hidden sentence. */
#include "filters/injection.h"

#define MEDIUM_FROM 800u
#define HIGH_FROM   1500u
#define TAGS_WORD   4u  /* tag characters that are no accident */
#define RULES_MOST  64u /* different ones that are added up: far beyond what is high */

static const uint16_t origin_percent[ORIGIN_COUNT] = {
    [ORIGIN_USER] = 100, [ORIGIN_SYSTEM] = 50, [ORIGIN_ASSISTANT] = 100, [ORIGIN_GIVEN] = 200};
#define ENCODED_PERCENT 150u /* hidden in base64, hex or percent escapes */

uint16_t injection_weight(uint16_t score, enum text_origin origin, bool encoded)
{
    uint32_t w = (uint32_t)score * origin_percent[origin] / 100;
    if (encoded) w = w * ENCODED_PERCENT / 100;
    return (uint16_t)(w > UINT16_MAX ? UINT16_MAX : w);
}

uint32_t injection_sum(const struct findings *signs, uint32_t tags)
{
    struct {
        uint16_t rule, weight;
    } row[RULES_MOST];
    size_t n = 0;
    for (size_t i = 0; i < signs->count; i++) {
        const struct finding *f = &signs->v[i];
        size_t k = 0;
        while (k < n && row[k].rule != f->rule) k++;
        if (k == RULES_MOST) continue;
        if (k == n) {
            row[n].rule = f->rule;
            row[n++].weight = 0;
        }
        if (f->score > row[k].weight) row[k].weight = f->score;
    }
    uint32_t sum = tags == 0 ? 0 : tags < TAGS_WORD ? MEDIUM_FROM / 2 : HIGH_FROM;
    for (size_t k = 0; k < n; k++) sum += row[k].weight;
    return sum;
}

enum injection_level injection_level(uint32_t sum)
{
    if (sum >= HIGH_FROM) return INJECTION_HIGH;
    if (sum >= MEDIUM_FROM) return INJECTION_MEDIUM;
    return sum ? INJECTION_LOW : INJECTION_NONE;
}

const char *injection_name(enum injection_level l)
{
    static const char *const names[INJECTION_LEVELS] = {"none", "low", "medium", "high"};
    return names[l];
}
