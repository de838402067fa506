/* The same tests against the tokenizer built without AVX2: what an older CPU runs. */
#define TEXT_NO_AVX2 1
#include "filters/text/quotes.c"
#include "filters/text/utf8.c"
#include "filters/text/json.c"
#include "tests/unit/filters/text/test_json.c"
