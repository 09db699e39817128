// HTML as a flat list of what is in it, by libxml2's forgiving parser: no tree is built, so nesting costs nothing.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct html_tape html_tape;

/// Parses UTF-8 text. Returns NULL when memory is short. Nothing is fetched, no entity is taken from elsewhere.
html_tape *html_parse(const uint8_t *bytes, size_t length);
/// Bytes of the tape: entries of a letter (`S` an element begins, `E` it ends, `T` text), a length of four bytes,
/// little-endian, and the element's name or the text.
size_t html_tape_size(const html_tape *tape);
void html_tape_copy(const html_tape *tape, uint8_t *to);
void html_tape_free(html_tape *tape);
