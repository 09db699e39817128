#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <termios.h>
#include <unistd.h>

#include "CProcess.h"

extern char **environ;

#ifndef POSIX_SPAWN_SETSID
#define POSIX_SPAWN_SETSID 0x80
#endif

enum { most_words = 64, most_variables = 1024 };

static int open_master(int columns, int rows) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0) return -errno;
  struct winsize size = {.ws_row = rows, .ws_col = columns};
  if (grantpt(master) || unlockpt(master) || ioctl(master, TIOCSWINSZ, &size)) {
    int code = errno;
    close(master);
    return -code;
  }
  return master;
}

int spawn_on_terminal(const char *words, size_t length, int columns, int rows, int *master, uint64_t *settings) {
  char *arguments[most_words + 1] = {0};
  int count = 0;
  for (size_t at = 0; at < length && count < most_words; at += strlen(words + at) + 1)
    arguments[count++] = (char *)words + at;
  if (!count) return -EINVAL;

  // The same terminal for everybody who measures.
  char *variables[most_variables + 2] = {"TERM=xterm-256color"};
  int known = 1;
  for (char **entry = environ; *entry && known <= most_variables; entry++)
    if (strncmp(*entry, "TERM=", 5) && strncmp(*entry, "NO_COLOR=", 9)) variables[known++] = *entry;

  if ((*master = open_master(columns, rows)) < 0) return *master;
  *settings = terminal_settings_hash(*master);
  char device[64];
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t all, none;
  pid_t pid = 0;
  int code = ptsname_r(*master, device, sizeof device);
  if (!code && !(code = posix_spawn_file_actions_init(&actions))) {
    if (!(code = posix_spawnattr_init(&attributes))) {
      // The first terminal that a session's leader opens becomes its own.
      posix_spawn_file_actions_addopen(&actions, 0, device, O_RDWR, 0);
      posix_spawn_file_actions_adddup2(&actions, 0, 1);
      posix_spawn_file_actions_adddup2(&actions, 0, 2);
      posix_spawn_file_actions_addclosefrom_np(&actions, 3);
      sigfillset(&all);
      sigemptyset(&none);
      posix_spawnattr_setsigdefault(&attributes, &all);
      posix_spawnattr_setsigmask(&attributes, &none);
      posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
      code = posix_spawn(&pid, arguments[0], &actions, &attributes, arguments, variables);
      posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
  }
  if (!code) return pid;
  close(*master);
  *master = -1;
  return -code;
}

long terminal_read(int master, char *bytes, size_t capacity, int milliseconds) {
  struct pollfd wait = {.fd = master, .events = POLLIN};
  int ready = poll(&wait, 1, milliseconds);
  if (ready == 0) return 0;
  if (ready < 0) return errno == EINTR ? 0 : -1;
  long count = read(master, bytes, capacity);
  // EIO: nobody has the terminal open any more.
  return count > 0 ? count : -1;
}

uint64_t terminal_settings_hash(int master) {
  struct termios now;
  memset(&now, 0, sizeof now);
  if (tcgetattr(master, &now)) return 0;
  // FNV-1a (Fowler, Noll, Vo), over what a program may have changed.
  uint64_t hash = 0xcbf29ce484222325u;
  const unsigned char *bytes = (const unsigned char *)&now;
  for (size_t at = 0; at < sizeof now; at++) hash = (hash ^ bytes[at]) * 0x100000001b3u;
  return hash;
}
