// Matrix products: C = beta·C + Σ_b A_b · B_b, single threaded, called from Dispatch workers.
#pragma once
#include <stdint.h>

typedef enum { ASSAY_F32 = 0, ASSAY_BF16 = 1 } assay_element;

/// How the second factor of a product lies in memory.
typedef enum {
  /// By rows or columns.
  ASSAY_PLAIN = 0,
  /// A frozen weight W [outputs, inputs] that assay_pack_weight has put in order; B is its transpose: A·Wᵀ.
  ASSAY_PACKED = 1,
  /// The same weight, and B is W itself: A·W.
  ASSAY_PACKED_ACROSS = 2,
} assay_layout;

/// One term A·B of a sum of products that all add into the same C.
///
/// Several terms make one longer inner dimension: a frozen weight and its LoRA factor are two terms
/// ([x | x·Aᵀ] · [Wᵀ ; s·Bᵀ]), so that C is written once.
typedef struct {
  /// A(i, k) = a[i * a_row + k * a_column]; one of the strides is 1.
  const void *a;
  long a_row, a_column;
  assay_element a_element;
  /// Plain: B(k, j) = b[k * b_row + j * b_column]; one of the strides is 1. Packed: b is the first panel, b_row the
  /// 32-bit units from one panel to the next, and `compute` is what the weight is stored as.
  const void *b;
  long b_row, b_column;
  assay_element b_element;
  assay_layout b_layout;
  /// Inner dimension.
  long k;
  /// What the factors are rounded to before they are multiplied; sums are f32 in any case.
  assay_element compute;
} assay_product;

/// C(i, j) = c[i * c_row + j], f32, m × n. `accumulate` keeps what C held (beta 1), else C is overwritten.
/// Returns 0, or -1 when scratch memory could not be had.
int assay_gemm(long m, long n, const assay_product *terms, int count, float *c, long c_row, int accumulate);

/// Frozen weights are packed once, for forward and backward together. W [outputs, inputs] is cut into panels of
/// `assay_panel()` outputs; a panel holds, for each unit of k (an f32, or a pair of bf16), the outputs side by side.
/// The order is that of the kernels in use: a change of the instruction set makes packed weights void.
long assay_panel(void);
/// 32-bit units of one panel, its padding included.
long assay_panel_units(long inputs, assay_element element);
/// Packs w (outputs × inputs, rows w_row elements apart) into ⌈outputs / panel⌉ panels of `element`.
void assay_pack_weight(long outputs, long inputs, const void *w, long w_row, assay_element w_element,
                       assay_element element, uint32_t *out);

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
/// 1 when bf16 products run on bf16 instructions; otherwise the kernels widen each factor to f32 again.
int assay_has_bf16_dot(void);
/// Runs f32 multiply–adds that never leave the registers for about `seconds`; returns FLOP/s of this core.
double assay_measure_peak(assay_element element, double seconds);
