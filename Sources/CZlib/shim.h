#pragma once

#include <stddef.h>
#include <stdlib.h>
#include <zlib.h>

// Raw deflate data, as zip archives hold it: no zlib header, the checksum elsewhere. The stream lives on the
// heap because zlib keeps its address.

/// Returns NULL when memory is short.
static inline z_stream *raw_inflate_new(void) {
  z_stream *stream = (z_stream *)calloc(1, sizeof(z_stream));
  if (stream && inflateInit2(stream, -MAX_WBITS) != Z_OK) {
    free(stream);
    stream = NULL;
  }
  return stream;
}

static inline void raw_inflate_free(z_stream *stream) {
  if (!stream) return;
  inflateEnd(stream);
  free(stream);
}

/// Inflates from `input` into `output` until one of them is used up, or the data ends.
/// Returns zlib's status: Z_OK, Z_BUF_ERROR (more input or room is needed), Z_STREAM_END, or an error.
static inline int raw_inflate(
    z_stream *stream, const unsigned char *input, unsigned input_count, unsigned char *output,
    unsigned output_count, unsigned *consumed, unsigned *produced) {
  stream->next_in = (z_const Bytef *)input;
  stream->avail_in = input_count;
  stream->next_out = output;
  stream->avail_out = output_count;
  const int status = inflate(stream, Z_NO_FLUSH);
  *consumed = input_count - stream->avail_in;
  *produced = output_count - stream->avail_out;
  return status;
}
