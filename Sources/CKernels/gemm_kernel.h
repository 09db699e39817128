// The register kernel and the packing around it, written once for every vector width.
//
// The including file defines
//   LANES       f32 lanes of one vector
//   TILE_ROWS   rows of C that a kernel call holds in registers
//   NAME(x)     the name of x in this variant
//   DOT2(s,a,b) s + a.even·b.even + a.odd·b.odd for each 32-bit lane holding two bf16
//
// C is cut into tiles of TILE_ROWS × (2·LANES). A tile is Σ_k of a column of packed A (TILE_ROWS numbers,
// broadcast one by one) times a row of packed B (2 vectors): 2·TILE_ROWS multiply–adds for
// TILE_ROWS + 2 loads. bf16 is the same with pairs of k in each 32-bit lane.
//
// Packed A: [tile][k][TILE_ROWS], packed B: [panel][k][2·LANES]; 32-bit units (f32, or two bf16 of k, k+1).

#include <string.h>

// Vectors are only passed between functions that are inlined: no calling convention is involved.
#pragma clang diagnostic ignored "-Wpsabi"

#define PANEL (2 * LANES)
typedef float NAME(vf) __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef uint32_t NAME(vu) __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

static inline __attribute__((always_inline)) NAME(vf) NAME(splat)(float x) {
  return x - (NAME(vf)){0};
}
static inline __attribute__((always_inline)) NAME(vu) NAME(splat_u)(uint32_t x) {
  return x - (NAME(vu)){0};
}

/// One tile: rows × PANEL of C (+)= packed A · packed B, `units` steps of k.
static inline __attribute__((always_inline)) void NAME(tile)(
    const int rows, const int pairs, long units, const uint32_t *restrict a, const uint32_t *restrict b,
    float *restrict c, long c_row, int accumulate, int columns) {
  NAME(vf) sum[TILE_ROWS][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) sum[i][0] = sum[i][1] = (NAME(vf)){0};
  for (long k = 0; k < units; k++) {
    if (pairs) {
      NAME(vu) b0 = *(const NAME(vu) *)b, b1 = *(const NAME(vu) *)(b + LANES);
#pragma clang loop unroll(full)
      for (int i = 0; i < rows; i++) {
        NAME(vu) x = NAME(splat_u)(a[i]);
        sum[i][0] = DOT2(sum[i][0], x, b0);
        sum[i][1] = DOT2(sum[i][1], x, b1);
      }
    } else {
      NAME(vf) b0 = *(const NAME(vf) *)b, b1 = *(const NAME(vf) *)(b + LANES);
#pragma clang loop unroll(full)
      for (int i = 0; i < rows; i++) {
        NAME(vf) x = NAME(splat)(((const float *)a)[i]);
        sum[i][0] += x * b0;
        sum[i][1] += x * b1;
      }
    }
    a += TILE_ROWS;
    b += PANEL;
  }
  if (columns == PANEL) {
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      NAME(vf) *row = (NAME(vf) *)(c + i * c_row), *next = (NAME(vf) *)(c + i * c_row + LANES);
      if (accumulate) {
        *row += sum[i][0];
        *next += sum[i][1];
      } else {
        *row = sum[i][0];
        *next = sum[i][1];
      }
    }
  } else {
    // Unrolled like the others, or the sums would live in memory instead of registers.
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      float line[PANEL];
      memcpy(line, sum[i], sizeof line);
      float *row = c + i * c_row;
      for (int j = 0; j < columns; j++) row[j] = accumulate ? row[j] + line[j] : line[j];
    }
  }
}

#define ROWS_CASE(r) \
  case r: NAME(tile)(r, pairs, units, a, b, c, c_row, accumulate, columns); break;

static inline __attribute__((always_inline)) void NAME(tile_any)(
    int rows, const int pairs, long units, const uint32_t *a, const uint32_t *b, float *c, long c_row,
    int accumulate, int columns) {
  switch (rows) {
    ROWS_CASE(1) ROWS_CASE(2) ROWS_CASE(3) ROWS_CASE(4) ROWS_CASE(5) ROWS_CASE(6)
#if TILE_ROWS > 6
    ROWS_CASE(7) ROWS_CASE(8) ROWS_CASE(9) ROWS_CASE(10) ROWS_CASE(11) ROWS_CASE(12)
#endif
  }
}

/// Every tile of a block of C: rows × columns, from packed A and packed B, whose panels are `b_panel` units apart.
static void NAME(block)(long rows, long columns, int pairs, long units, const uint32_t *a, const uint32_t *b,
                        long b_panel, float *c, long c_row, int accumulate) {
  for (long j = 0; j < columns; j += PANEL, b += b_panel) {
    int width = columns - j < PANEL ? (int)(columns - j) : PANEL;
    const uint32_t *tile = a;
    for (long i = 0; i < rows; i += TILE_ROWS, tile += units * TILE_ROWS) {
      int height = rows - i < TILE_ROWS ? (int)(rows - i) : TILE_ROWS;
      if (pairs)
        NAME(tile_any)(height, 1, units, tile, b, c + i * c_row + j, c_row, accumulate, width);
      else
        NAME(tile_any)(height, 0, units, tile, b, c + i * c_row + j, c_row, accumulate, width);
    }
  }
}

/// Round to nearest even; a NaN that arithmetic makes stays one. (Others were made quiet when they were read.)
static inline __attribute__((always_inline)) uint32_t NAME(rounded)(uint32_t f32) {
  return (f32 + 0x7fff + (f32 >> 16 & 1)) >> 16;
}

/// The bits of element x of a row as the kernel wants them: an f32, or the 16 bits of a bf16.
static inline __attribute__((always_inline)) uint32_t NAME(element)(
    const void *row, long x, const int bf16_source, const int pairs) {
  uint32_t bits = bf16_source ? ((const uint16_t *)row)[x] : ((const uint32_t *)row)[x];
  if (pairs) return bf16_source ? bits : NAME(rounded)(bits);
  return bf16_source ? bits << 16 : bits;
}

/// Unit u of a row whose k is contiguous (an odd end of bf16 is paired with 0).
static inline __attribute__((always_inline)) uint32_t NAME(unit)(
    const void *row, long u, const int bf16_source, const int pairs) {
  if (!pairs) return NAME(element)(row, u, bf16_source, 0);
  return NAME(element)(row, 2 * u, bf16_source, 1) | NAME(element)(row, 2 * u + 1, bf16_source, 1) << 16;
}

typedef uint32_t NAME(v8) __attribute__((vector_size(32), aligned(4), may_alias));
typedef uint16_t NAME(h8) __attribute__((vector_size(16), aligned(2), may_alias));

/// Units u … u+7 of a row.
static inline __attribute__((always_inline)) NAME(v8) NAME(units8)(
    const void *row, long u, const int bf16_source, const int pairs) {
  if (pairs && bf16_source) return *(const NAME(v8) *)((const uint16_t *)row + 2 * u);
  if (bf16_source) return __builtin_convertvector(*(const NAME(h8) *)((const uint16_t *)row + u), NAME(v8)) << 16;
  if (!pairs) return *(const NAME(v8) *)((const uint32_t *)row + u);
  NAME(v8) low = *(const NAME(v8) *)((const uint32_t *)row + 2 * u);
  NAME(v8) high = *(const NAME(v8) *)((const uint32_t *)row + 2 * u + 8);
  NAME(v8) even = __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14);
  NAME(v8) odd = __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15);
  even = (even + 0x7fff + (even >> 16 & 1)) >> 16;
  odd = (odd + 0x7fff + (odd >> 16 & 1)) & 0xffff0000u;
  return even | odd;
}

/// Rows become columns: pairs of rows, of pairs, of fours.
static inline __attribute__((always_inline)) void NAME(transpose8)(NAME(v8) r[8]) {
  NAME(v8) t[8], p[8];
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i += 2) {
    t[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    t[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i += 4)
#pragma clang loop unroll(full)
    for (int j = 0; j < 2; j++) {
      p[i + 2 * j] = __builtin_shufflevector(t[i + j], t[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      p[i + 2 * j + 1] = __builtin_shufflevector(t[i + j], t[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    r[i] = __builtin_shufflevector(p[i], p[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    r[i + 4] = __builtin_shufflevector(p[i], p[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

/// Packs `count` vectors that each run along contiguous k (rows of A, or columns of a transposed B)
/// into groups of `group`: out[g][u][group]. Where the last group has too few vectors, its last one stands in for
/// those that are missing: nobody looks at their products.
static inline __attribute__((always_inline)) void NAME(pack_k_contiguous)(
    const int group, const char *source, long stride, long count, long k, const int bf16_source,
    const int pairs, uint32_t *out) {
  long units = pairs ? (k + 1) / 2 : k, whole = pairs ? k / 2 : k;
  long stride_bytes = stride * (bf16_source ? 2 : 4);
  for (long g = 0; g < count; g += group, out += units * group) {
    const char *rows[group];
    for (int i = 0; i < group; i++) rows[i] = source + least(g + i, count - 1) * stride_bytes;
    // Eight by eight. A store of eight lanes runs over the end of a group that is no multiple of eight; what it
    // spoils there is written afterwards, and the last unit is left to the loop below.
    long u = 0;
    for (; u + 8 < whole; u += 8) {
#pragma clang loop unroll(full)
      for (int first = 0; first < group; first += 8) {
        NAME(v8) square[8];
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i++)
          square[i] = NAME(units8)(rows[first + i < group ? first + i : group - 1], u, bf16_source, pairs);
        NAME(transpose8)(square);
        if (first + 8 <= group) {
#pragma clang loop unroll(full)
          for (int x = 0; x < 8; x++) *(NAME(v8) *)(out + (u + x) * group + first) = square[x];
        } else if (group < 8) {
#pragma clang loop unroll(full)
          for (int x = 0; x < 8; x++) *(NAME(v8) *)(out + (u + x) * group) = square[x];
        } else {
#pragma clang loop unroll(full)
          for (int x = 0; x < 8; x++) memcpy(out + (u + x) * group + first, &square[x], (group - first) % 8 * 4);
        }
      }
    }
    for (; u < whole; u++)
      for (int i = 0; i < group; i++) out[u * group + i] = NAME(unit)(rows[i], u, bf16_source, pairs);
    if (whole < units)
      for (int i = 0; i < group; i++) out[whole * group + i] = NAME(element)(rows[i], k - 1, bf16_source, 1);
  }
}

/// One unit of `n` vectors from the rows of its k (`odd` is that of k + 1, or NULL past the end).
static inline __attribute__((always_inline)) void NAME(pack_line)(
    const int n, const char *row, const char *odd, const int bf16_source, const int pairs, uint32_t *line) {
  if (pairs && odd)
    for (int i = 0; i < n; i++)
      line[i] = NAME(element)(row, i, bf16_source, 1) | NAME(element)(odd, i, bf16_source, 1) << 16;
  else
    for (int i = 0; i < n; i++) line[i] = NAME(element)(row, i, bf16_source, pairs);
}

/// The same for vectors whose index is the contiguous one (A transposed, or B as stored by rows of k). Places of the
/// last group that have no vector are left as they are.
static inline __attribute__((always_inline)) void NAME(pack_k_strided)(
    const int group, const char *source, long stride, long count, long k, const int bf16_source,
    const int pairs, uint32_t *out) {
  // A few rows at a time over all groups: neighbours in memory are read one after another.
  enum { UNITS = 16 };
  long units = pairs ? (k + 1) / 2 : k, size = bf16_source ? 2 : 4;
  for (long first = 0; first < units; first += UNITS) {
    long end = least(first + UNITS, units);
    for (long g = 0; g < count; g += group) {
      int n = (int)least(count - g, group);
      for (long u = first; u < end; u++) {
        uint32_t *line = out + (g * units + u * group);
        const char *row = source + ((pairs ? 2 * u : u) * stride + g) * size;
        const char *odd = pairs && 2 * u + 1 < k ? row + stride * size : NULL;
        if (n == group) {
          NAME(pack_line)(group, row, odd, bf16_source, pairs, line);
        } else {
          int i = 0;
          for (; i + 8 <= n; i += 8)
            NAME(pack_line)(8, row + i * size, odd ? odd + i * size : NULL, bf16_source, pairs, line + i);
          for (; i < n; i++)
            NAME(pack_line)(1, row + i * size, odd ? odd + i * size : NULL, bf16_source, pairs, line + i);
        }
      }
    }
  }
}

/// `across` is the stride from vector to vector, `along` the stride along k; one of them is 1.
static inline __attribute__((always_inline)) void NAME(pack)(
    const int group, const void *source, long across, long along, long count, long k, int bf16_source, int pairs,
    uint32_t *out) {
#define PACK(b, p)                                                                  \
  if (along == 1)                                                                   \
    NAME(pack_k_contiguous)(group, source, across, count, k, b, p, out);            \
  else                                                                              \
    NAME(pack_k_strided)(group, source, along, count, k, b, p, out)
  if (bf16_source && pairs) {
    PACK(1, 1);
  } else if (bf16_source) {
    PACK(1, 0);
  } else if (pairs) {
    PACK(0, 1);
  } else {
    PACK(0, 0);
  }
#undef PACK
}

static void NAME(pack_a)(const void *a, long row, long column, long rows, long k, int bf16_source, int pairs,
                         uint32_t *out) {
  NAME(pack)(TILE_ROWS, a, row, column, rows, k, bf16_source, pairs, out);
}

static void NAME(pack_b)(const void *b, long row, long column, long columns, long k, int bf16_source, int pairs,
                         uint32_t *out) {
  NAME(pack)(PANEL, b, column, row, columns, k, bf16_source, pairs, out);
}

/// A square of a packed weight, PANEL outputs × PANEL inputs, turned: what were pairs of inputs for each output become
/// pairs of outputs for each input. Both squares are contiguous.
static inline __attribute__((always_inline)) void NAME(turn)(const uint32_t *in, const int pairs, uint32_t *out) {
  if (!pairs) {
    for (int u = 0; u < PANEL; u += 8)
      for (int j = 0; j < PANEL; j += 8) {
        NAME(v8) square[8];
#pragma clang loop unroll(full)
        for (int x = 0; x < 8; x++) square[x] = *(const NAME(v8) *)(in + (u + x) * PANEL + j);
        NAME(transpose8)(square);
#pragma clang loop unroll(full)
        for (int x = 0; x < 8; x++) *(NAME(v8) *)(out + (j + x) * PANEL + u) = square[x];
      }
    return;
  }
  for (int u = 0; u < PANEL / 2; u += 8)
    for (int j = 0; j < PANEL; j += 16) {
      NAME(v8) square[16];
#pragma clang loop unroll(full)
      for (int x = 0; x < 8; x++) {
        const uint32_t *unit = in + (u + x) * PANEL + j;
        NAME(v8) low = *(const NAME(v8) *)unit, high = *(const NAME(v8) *)(unit + 8);
        NAME(v8) even = __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14);
        NAME(v8) odd = __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15);
        square[2 * x] = (even & 0xffff) | odd << 16;
        square[2 * x + 1] = even >> 16 | (odd & 0xffff0000u);
      }
      NAME(transpose8)(square);
      NAME(transpose8)(square + 8);
#pragma clang loop unroll(full)
      for (int x = 0; x < 8; x++) {
        uint32_t *unit = out + (j / 2 + x) * PANEL + 2 * u;
        *(NAME(v8) *)unit = square[x];
        *(NAME(v8) *)(unit + 8) = square[8 + x];
      }
    }
}

/// Packs B = rows row … row+k−1 and columns column … of a packed weight [outputs, inputs]; `row` and `column` are
/// multiples of PANEL. Runs over the end of a panel, and so of `out`, by less than a square.
static void NAME(pack_across)(const uint32_t *packed, long packed_panel, long row, long column, long columns, long k,
                              int pairs, uint32_t *out) {
  const int each = pairs ? 2 : 1;
  long units = (k + each - 1) / each;
  for (long j = 0; j < columns; j += PANEL, out += units * PANEL)
    for (long i = 0; i < k; i += PANEL) {
      const uint32_t *square = packed + (row + i) / PANEL * packed_panel + (column + j) / each * PANEL;
      if (pairs)
        NAME(turn)(square, 1, out + i / 2 * PANEL);
      else
        NAME(turn)(square, 0, out + i * PANEL);
    }
}

/// Multiply–adds that stay in registers: the roof that a product cannot pass.
static double NAME(spin)(int pairs, long rounds, float *sink) {
  NAME(vf) sum[TILE_ROWS][2];
  for (int i = 0; i < TILE_ROWS; i++) sum[i][0] = sum[i][1] = NAME(splat)(*sink);
  NAME(vf) f = NAME(splat)(*sink * 0.5f);
  NAME(vu) u = NAME(splat_u)(0x3f803f80u);
  for (long r = 0; r < rounds; r++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < TILE_ROWS; i++)
#pragma clang loop unroll(full)
      for (int j = 0; j < 2; j++) sum[i][j] = pairs ? DOT2(sum[i][j], u, u) : sum[i][j] * f + f;
  }
  NAME(vf) all = sum[0][0];
  for (int i = 0; i < TILE_ROWS; i++) all += sum[i][0] + sum[i][1];
  for (int l = 0; l < LANES; l++) *sink += all[l];
  return (double)rounds * TILE_ROWS * 2 * LANES * (pairs ? 4 : 2);
}

const gemm_variant NAME(variant) = {
    .tile_rows = TILE_ROWS, .panel = PANEL, .block = NAME(block), .pack_a = NAME(pack_a), .pack_b = NAME(pack_b),
    .pack_across = NAME(pack_across), .spin = NAME(spin),
};
