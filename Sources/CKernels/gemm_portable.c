// Plain vectors of four: SSE2, NEON, or whatever the compiler makes of them.
#include "gemm_variant.h"
#define LANES 4
#define TILE_ROWS 6
#define NAME(x) portable_##x
#include "gemm_kernel.h"
