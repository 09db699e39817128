#pragma once
#include <stddef.h>

/// Zeroed memory straight from the system: pages that are never touched cost nothing, and all of it goes back at
/// once. NULL when there is none.
void *assay_allocate(size_t bytes);
void assay_release(void *memory, size_t bytes);
