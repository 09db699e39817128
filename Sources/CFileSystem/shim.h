#pragma once

// An atomic exchange of two paths, which neither platform's Swift overlay has.
#if defined(__linux__)
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Exchanges two files or folders of one file system in one step. Returns 0, or −1 with `errno` set.
static inline int exchange_paths(const char *first, const char *second) {
  const unsigned rename_exchange = 1u << 1;  // RENAME_EXCHANGE of <linux/fs.h>
  return (int)syscall(SYS_renameat2, AT_FDCWD, first, AT_FDCWD, second, rename_exchange);
}
#else
#include <stdio.h>

/// Exchanges two files or folders of one file system in one step. Returns 0, or −1 with `errno` set.
static inline int exchange_paths(const char *first, const char *second) {
  return renamex_np(first, second, RENAME_SWAP);
}
#endif
