// What the driver in gemm.c needs of one instruction set's kernels.
#pragma once
#include "gemm.h"

static inline long least(long a, long b) { return a < b ? a : b; }

typedef struct {
  int tile_rows, panel;
  void (*block)(long rows, long columns, int pairs, long units, const uint32_t *a, const uint32_t *b, long b_panel,
                float *c, long c_row, int accumulate);
  void (*pack_a)(const void *a, long row, long column, long rows, long k, int bf16_source, int pairs,
                 uint32_t *out);
  void (*pack_b)(const void *b, long row, long column, long columns, long k, int bf16_source, int pairs,
                 uint32_t *out);
  void (*pack_across)(const uint32_t *packed, long packed_panel, long row, long column, long columns, long k,
                      int pairs, uint32_t *out);
  double (*spin)(int pairs, long rounds, float *sink);
} gemm_variant;

extern const gemm_variant portable_variant, wide_variant;
#if defined(__x86_64__)
extern const gemm_variant avx2_variant, avx512_variant, avx512bf16_variant;
#endif

/// Two bf16 products by widening to f32: the upper half of the lane is an f32 as it stands, the lower one shifted.
#define WIDEN_DOT2(s, a, b, vf)                                              \
  ((s) + (vf)((a) << 16) * (vf)((b) << 16) + (vf)((a) & 0xffff0000u) * (vf)((b) & 0xffff0000u))
