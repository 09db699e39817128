#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "CProcess.h"

extern char **environ;

#ifndef POSIX_SPAWN_SETSID
#define POSIX_SPAWN_SETSID 0x80
#endif

static int spawn_detached(const char *executable, char *const arguments[], const char *folder, const char *log,
                          char *const environment[]) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t all, none;
  pid_t pid = 0;
  int code;
  if ((code = posix_spawn_file_actions_init(&actions))) return -code;
  if ((code = posix_spawnattr_init(&attributes))) {
    posix_spawn_file_actions_destroy(&actions);
    return -code;
  }
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  // Whoever waits for the program that starts the worker must not wait for the worker: Foundation's Process has its
  // child inherit a socket, and takes it for running until every copy of the socket is closed.
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  // Last, so that a relative path of the log is the caller's.
  if (folder) posix_spawn_file_actions_addchdir_np(&actions, folder);
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  code = posix_spawn(&pid, executable, &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return code ? -code : pid;
}

int spawn_worker(const char *executable, const char *run, const char *project, const char *log) {
  char *const arguments[] = {(char *)executable, (char *)"worker", (char *)run, (char *)"--project", (char *)project, 0};
  return spawn_detached(executable, arguments, 0, log, environ);
}

int spawn_shell(const char *command, const char *folder, const char *log, const char *variables, size_t length) {
  char *const arguments[] = {(char *)"sh", (char *)"-c", (char *)command, 0};
  size_t count = 0;
  for (size_t at = 0; at < length; at += strlen(variables + at) + 1) count++;
  char **environment = calloc(count + 1, sizeof *environment);
  if (!environment) return -ENOMEM;
  count = 0;
  for (size_t at = 0; at < length; at += strlen(variables + at) + 1) environment[count++] = (char *)variables + at;
  int result = spawn_detached("/bin/sh", arguments, folder, log, environment);
  free(environment);
  return result;
}
