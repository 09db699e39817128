// Matrix products: C = beta·C + Σ_b A_b · B_b, single threaded, called from Dispatch workers.
#pragma once
#include <stdint.h>

typedef enum { ASSAY_F32 = 0, ASSAY_BF16 = 1 } assay_element;

/// One term A·B of a sum of products that all add into the same C.
///
/// Several terms make one longer inner dimension: a frozen weight and its LoRA factor are two terms
/// ([x | x·Aᵀ] · [Wᵀ ; s·Bᵀ]), so that C is written once.
typedef struct {
  /// A(i, k) = a[i * a_row + k * a_column]; one of the strides is 1.
  const void *a;
  long a_row, a_column;
  assay_element a_element;
  /// B(k, j) = b[k * b_row + j * b_column]; one of the strides is 1.
  const void *b;
  long b_row, b_column;
  assay_element b_element;
  /// Inner dimension.
  long k;
  /// What the factors are rounded to before they are multiplied; sums are f32 in any case.
  assay_element compute;
} assay_product;

/// C(i, j) = c[i * c_row + j], f32, m × n. `accumulate` keeps what C held (beta 1), else C is overwritten.
/// Returns 0, or -1 when scratch memory could not be had.
int assay_gemm(long m, long n, const assay_product *terms, int count, float *c, long c_row, int accumulate);

typedef enum {
  ASSAY_ISA_PORTABLE = 0,
  ASSAY_ISA_AVX2 = 1,
  ASSAY_ISA_AVX512 = 2,
  ASSAY_ISA_AVX512_BF16 = 3,
  /// The AVX-512 tile shapes in plain C, for tests.
  ASSAY_ISA_WIDE_CHECK = 4,
} assay_isa;

/// The widest instruction set that this CPU has a kernel for.
assay_isa assay_best_isa(void);
/// Forces a kernel, for tests and measurements; a kernel that the CPU cannot run is refused (returns -1).
int assay_use_isa(assay_isa isa);
assay_isa assay_current_isa(void);
/// 1 when bf16 products run on bf16 instructions; otherwise they are computed by widening to f32.
int assay_has_bf16_dot(void);
/// Runs f32 multiply–adds that never leave the registers for about `seconds`; returns FLOP/s of this core.
double assay_measure_peak(assay_element element, double seconds);
