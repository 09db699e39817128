// Plain vectors of eight, which the compiler makes of what there is: two registers of NEON or SSE2 each.
#include "gemm_variant.h"
#define LANES 8
#define TILE_ROWS 6
#define NAME(x) portable_##x
#define DOT2(s, a, b) WIDEN_DOT2(s, a, b, portable_vf)
#include "gemm_kernel.h"
