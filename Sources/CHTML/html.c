#include "CHTML.h"

#include <libxml/HTMLparser.h>
#include <libxml/xmlerror.h>
#include <stdlib.h>
#include <string.h>

struct html_tape {
  uint8_t *bytes;
  size_t size, capacity;
  int failed;
};

static void put(html_tape *tape, char kind, const uint8_t *bytes, size_t length) {
  size_t needed = tape->size + 5 + length;
  if (tape->failed || length > UINT32_MAX) return;
  if (needed > tape->capacity) {
    size_t capacity = needed * 2;
    uint8_t *grown = realloc(tape->bytes, capacity);
    if (!grown) {
      tape->failed = 1;
      return;
    }
    tape->bytes = grown;
    tape->capacity = capacity;
  }
  uint8_t *to = tape->bytes + tape->size;
  to[0] = kind;
  for (int i = 0; i < 4; i++) to[1 + i] = length >> (8 * i) & 0xFF;
  memcpy(to + 5, bytes, length);
  tape->size = needed;
}

static void start(void *context, const xmlChar *name, const xmlChar **attributes) {
  (void)attributes;
  put(context, 'S', name, strlen((const char *)name));
}

static void end(void *context, const xmlChar *name) { put(context, 'E', name, strlen((const char *)name)); }

static void text(void *context, const xmlChar *bytes, int length) {
  if (length > 0) put(context, 'T', bytes, length);
}

static void be_quiet(void *context, const xmlError *error) {
  (void)context;
  (void)error;
}

html_tape *html_parse(const uint8_t *bytes, size_t length) {
  html_tape *tape = calloc(1, sizeof *tape);
  if (!tape) return NULL;
  htmlSAXHandler handler;
  memset(&handler, 0, sizeof handler);
  handler.startElement = start;
  handler.endElement = end;
  handler.characters = text;
  handler.cdataBlock = text;
  handler.serror = (xmlStructuredErrorFunc)be_quiet;
  htmlParserCtxtPtr parser = htmlCreatePushParserCtxt(&handler, tape, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
  if (!parser) {
    html_tape_free(tape);
    return NULL;
  }
  htmlCtxtUseOptions(
      parser, HTML_PARSE_RECOVER | HTML_PARSE_NONET | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_IGNORE_ENC);
  const size_t window = 1 << 16;
  for (size_t at = 0; at < length; at += window) {
    size_t count = length - at < window ? length - at : window;
    htmlParseChunk(parser, (const char *)bytes + at, (int)count, 0);
  }
  htmlParseChunk(parser, "", 0, 1);
  if (parser->myDoc) xmlFreeDoc(parser->myDoc);
  htmlFreeParserCtxt(parser);
  if (tape->failed) {
    html_tape_free(tape);
    return NULL;
  }
  return tape;
}

size_t html_tape_size(const html_tape *tape) { return tape->size; }

void html_tape_copy(const html_tape *tape, uint8_t *to) {
  if (tape->size) memcpy(to, tape->bytes, tape->size);
}

void html_tape_free(html_tape *tape) {
  if (!tape) return;
  free(tape->bytes);
  free(tape);
}
