// AVX2 + FMA: 6 × 16 tiles, 12 of the 16 registers hold sums.
#include "gemm_variant.h"
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LANES 8
#define TILE_ROWS 6
#define NAME(x) avx2_##x
#define DOT2(s, a, b) WIDEN_DOT2(s, a, b, avx2_vf)
#include "gemm_kernel.h"
#pragma clang attribute pop
#endif
