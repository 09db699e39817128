// The tiles and the pairs of the AVX-512 kernels in plain C vectors: slow, and only for tests, which can so check
// that layout on a CPU that has no AVX-512.
#include "gemm_variant.h"
#define LANES 16
#define TILE_ROWS 12
#define NAME(x) wide_##x
#define DOT2(s, a, b) WIDEN_DOT2(s, a, b, wide_vf)
#include "gemm_kernel.h"
