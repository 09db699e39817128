// The loops around the register kernel, after Goto and van de Geijn, "Anatomy of high-performance matrix
// multiplication" (2008): a block of B is packed once and stays in the outer cache, a block of A is packed
// once and stays in L2, and the kernel streams through both.
#include "gemm.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "gemm_variant.h"
#include "scratch.h"

// Elements of k in one pass over a block (f32; twice as many bf16), columns of B packed at a time, and bytes of
// packed A: two thirds of a small L2.
enum { K_UNITS = 768, B_COLUMNS = 1536, A_BYTES = 288 << 10 };

static const gemm_variant *variant_of(assay_isa isa) {
  if (isa == ASSAY_ISA_WIDE_CHECK) return &wide_variant;
#if defined(__x86_64__)
  switch (isa) {
    case ASSAY_ISA_AVX2: return &avx2_variant;
    case ASSAY_ISA_AVX512: return &avx512_variant;
    case ASSAY_ISA_AVX512_BF16: return &avx512bf16_variant;
    default: break;
  }
#endif
  return &portable_variant;
}

assay_isa assay_best_isa(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  int avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  if (avx512 && __builtin_cpu_supports("avx512bf16")) return ASSAY_ISA_AVX512_BF16;
  if (avx512) return ASSAY_ISA_AVX512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return ASSAY_ISA_AVX2;
#endif
  return ASSAY_ISA_PORTABLE;
}

// -1 until first asked; the same answer from every thread, so a race writes the same value.
static atomic_int current_isa = -1;

assay_isa assay_current_isa(void) {
  int isa = atomic_load_explicit(&current_isa, memory_order_relaxed);
  if (isa < 0) atomic_store_explicit(&current_isa, isa = assay_best_isa(), memory_order_relaxed);
  return (assay_isa)isa;
}

int assay_use_isa(assay_isa isa) {
  if (isa != ASSAY_ISA_WIDE_CHECK && isa > assay_best_isa()) return -1;
  atomic_store_explicit(&current_isa, isa, memory_order_relaxed);
  return 0;
}

int assay_has_bf16_dot(void) { return assay_best_isa() == ASSAY_ISA_AVX512_BF16; }

int assay_gemm(long m, long n, const assay_product *terms, int count, float *c, long c_row, int accumulate) {
  if (m <= 0 || n <= 0) return 0;
  const gemm_variant *v = variant_of(assay_current_isa());
  long tile = v->tile_rows, panel = v->panel;
  long columns_max = (least(n, B_COLUMNS) + panel - 1) / panel * panel;
  long rows_max = A_BYTES / 4 / K_UNITS / tile * tile;
  // One square more: pack_across runs over the end.
  size_t b_units = (size_t)(columns_max * K_UNITS + panel * panel), a_units = (size_t)(rows_max + tile) * K_UNITS;
  uint32_t *packed_b = thread_scratch(SCRATCH_GEMM, 4 * (a_units + b_units));
  if (!packed_b) return -1;
  uint32_t *packed_a = packed_b + b_units;

  for (long j = 0; j < n; j += B_COLUMNS) {
    long columns = least(n - j, B_COLUMNS);
    int keep = accumulate;
    for (int t = 0; t < count; t++) {
      const assay_product *p = &terms[t];
      int pairs = p->compute == ASSAY_BF16, a_bf16 = p->a_element == ASSAY_BF16;
      long step = pairs ? 2 * K_UNITS : K_UNITS;
      for (long k = 0; k < p->k; k += step, keep = 1) {
        long depth = least(p->k - k, step), units = pairs ? (depth + 1) / 2 : depth;
        const uint32_t *b = packed_b;
        long b_panel = units * panel;
        if (p->b_layout == ASSAY_PACKED) {
          b_panel = p->b_row;
          b = (const uint32_t *)p->b + j / panel * b_panel + (pairs ? k / 2 : k) * panel;
        } else if (p->b_layout == ASSAY_PACKED_ACROSS) {
          v->pack_across(p->b, p->b_row, k, j, columns, depth, pairs, packed_b);
        } else {
          int bf16 = p->b_element == ASSAY_BF16;
          v->pack_b((const char *)p->b + (k * p->b_row + j * p->b_column) * (bf16 ? 2 : 4), p->b_row, p->b_column,
                    columns, depth, bf16, pairs, packed_b);
        }
        // Short inner dimensions take more rows at a time: the packed block keeps its bytes.
        long rows_step = least(A_BYTES / 4 / units / tile * tile, (long)(a_units / (size_t)units) / tile * tile);
        for (long i = 0; i < m; i += rows_step) {
          long rows = least(m - i, rows_step);
          v->pack_a((const char *)p->a + (i * p->a_row + k * p->a_column) * (a_bf16 ? 2 : 4), p->a_row,
                    p->a_column, rows, depth, a_bf16, pairs, packed_a);
          v->block(rows, columns, pairs, units, packed_a, b, b_panel, c + i * c_row + j, c_row, keep);
        }
      }
    }
    if (!keep)
      for (long i = 0; i < m; i++)
        for (long x = 0; x < columns; x++) c[i * c_row + j + x] = 0;
  }
  return 0;
}

long assay_panel(void) { return variant_of(assay_current_isa())->panel; }

long assay_panel_units(long inputs, assay_element element) {
  long panel = assay_panel();
  return (inputs + panel - 1) / panel * panel * panel / (element == ASSAY_BF16 ? 2 : 1);
}

void assay_pack_weight(long outputs, long inputs, const void *w, long w_row, assay_element w_element,
                       assay_element element, uint32_t *out) {
  const gemm_variant *v = variant_of(assay_current_isa());
  int pairs = element == ASSAY_BF16, bf16 = w_element == ASSAY_BF16;
  long panel_units = assay_panel_units(inputs, element), units = pairs ? (inputs + 1) / 2 : inputs;
  for (long i = 0; i < outputs; i += v->panel, out += panel_units) {
    v->pack_b((const char *)w + i * w_row * (bf16 ? 2 : 4), 1, w_row, least(outputs - i, v->panel), inputs, bf16, pairs,
              out);
    memset(out + units * v->panel, 0, 4 * (size_t)(panel_units - units * v->panel));
  }
}

static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double assay_measure_peak(assay_element element, double seconds) {
  const gemm_variant *v = variant_of(assay_current_isa());
  float sink = 0;
  double start = seconds_now(), work = 0, elapsed;
  do {
    work += v->spin(element == ASSAY_BF16, 100000, &sink);
  } while ((elapsed = seconds_now() - start) < seconds);
  return sink == 12345.f ? 0 : work / elapsed;
}
