// AVX-512: 12 × 32 tiles, 24 of the 32 registers hold sums. bf16 by widening (CPUs without avx512_bf16).
#include "gemm_variant.h"
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), apply_to = function)
#define LANES 16
#define TILE_ROWS 12
#define NAME(x) avx512_##x
#define DOT2(s, a, b) WIDEN_DOT2(s, a, b, avx512_vf)
#include "gemm_kernel.h"
#pragma clang attribute pop
#endif
