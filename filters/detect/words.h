/* Seed phrases: BIP-39's English list as the first four letters of each word, which are unique, and its checksum. */
#ifndef PRIVET_DETECT_WORDS_H
#define PRIVET_DETECT_WORDS_H

#include "proxy/base/slice.h"

/* The word's place in the list, or -1. ASCII case is ignored; letters after the fourth are not compared. */
int bip39_word(struct slice word);
/* 12, 15, 18, 21 or 24 words of the list whose checksum bits are right. */
bool bip39_ok(struct slice phrase);

#endif
