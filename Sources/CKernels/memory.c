#include "memory.h"

#include <sys/mman.h>

void *assay_allocate(size_t bytes) {
  void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return NULL;
#ifdef MADV_HUGEPAGE
  // Weights are read front to back again and again: fewer, larger pages spare the translation buffer.
  if (bytes >= (4u << 20)) madvise(p, bytes, MADV_HUGEPAGE);
#endif
  return p;
}

void assay_release(void *memory, size_t bytes) { munmap(memory, bytes); }
