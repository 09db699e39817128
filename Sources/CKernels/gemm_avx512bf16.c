// AVX-512 with vdpbf16ps: the same tiles, two bf16 products a lane and step.
#include "gemm_variant.h"
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push( \
    __attribute__((target("avx512bf16,avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), apply_to = function)
#define LANES 16
#define TILE_ROWS 12
#define NAME(x) avx512bf16_##x
#define DOT2(s, a, b) ((avx512bf16_vf)_mm512_dpbf16_ps((__m512)(s), (__m512bh)(a), (__m512bh)(b)))
#include "gemm_kernel.h"
#pragma clang attribute pop
#endif
