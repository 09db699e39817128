// Working memory of the calling thread: grows on demand, is freed when the thread ends.
#pragma once
#include <stddef.h>

enum { SCRATCH_GEMM, SCRATCH_ATTENTION, SCRATCH_KINDS };

/// At least `bytes`, 64-byte aligned, holding garbage; NULL when memory could not be had.
void *thread_scratch(int kind, size_t bytes);
