// protobuf-c keeps text as C strings.
#ifndef DOCENT_V1_TEXT_H
#define DOCENT_V1_TEXT_H

#include <stddef.h>
#include <string.h>

static inline size_t docent_text_length(const char *text) { return strlen(text); }

#endif
