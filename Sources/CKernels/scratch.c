#include "scratch.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct {
  void *memory[SCRATCH_KINDS];
  size_t bytes[SCRATCH_KINDS];
} thread_memory;

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void release(void *p) {
  thread_memory *t = p;
  for (int i = 0; i < SCRATCH_KINDS; i++) free(t->memory[i]);
  free(t);
}

static void make_key(void) { pthread_key_create(&key, release); }

void *thread_scratch(int kind, size_t bytes) {
  pthread_once(&once, make_key);
  thread_memory *t = pthread_getspecific(key);
  if (!t) {
    if (!(t = calloc(1, sizeof *t))) return NULL;
    pthread_setspecific(key, t);
  }
  if (t->bytes[kind] < bytes) {
    free(t->memory[kind]);
    t->memory[kind] = NULL;
    t->bytes[kind] = 0;
    if (posix_memalign(&t->memory[kind], 64, bytes)) return t->memory[kind] = NULL;
    t->bytes[kind] = bytes;
  }
  return t->memory[kind];
}
