/* OpenAI's dialect, request side. */
#ifndef PRIVET_API_OPENAI_H
#define PRIVET_API_OPENAI_H

#include "filters/api/dialect.h"

extern const struct dialect dialect_openai;

#endif
