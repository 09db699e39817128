// The terminal's way back from a crash. A handler may call only async-signal-safe functions, so everything that it
// needs (the termios, the bytes to write) was made beforehand.
#define _GNU_SOURCE
#include "guard.h"
#include "CNcurses.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved_termios;
static volatile sig_atomic_t entered;
static char leave_sequence[512];
static volatile size_t leave_count;

static const int crash_signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGQUIT, SIGSYS};
enum { crash_count = sizeof crash_signals / sizeof crash_signals[0] };
static struct sigaction previous[crash_count];
// Swift's runtime catches crashes on a terminal too, and waits for a key; that is for those who asked for it.
static bool wants_backtrace;

bool guard_write(const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(STDOUT_FILENO, bytes, count);
    if (written > 0) {
      bytes += written;
      count -= (size_t)written;
    } else if (written < 0 && errno == EAGAIN) {
      struct pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT};
      if (poll(&ready, 1, 1000) <= 0) return false;
    } else if (written < 0 && errno != EINTR) {
      return false;
    }
  }
  return true;
}

// A background process that touches the terminal's settings is stopped by SIGTTOU unless it blocks the signal.
static void set_termios(const struct termios *to) {
  sigset_t block, before;
  sigemptyset(&block);
  sigaddset(&block, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &block, &before);
  while (tcsetattr(STDIN_FILENO, TCSADRAIN, to) < 0 && errno == EINTR) {}
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void cn_guard_restore(void) {
  if (!entered) return;
  entered = 0;
  guard_write(leave_sequence, leave_count);
  set_termios(&saved_termios);
}

static void crashed(int signal) {
  int error = errno;
  cn_guard_restore();
  const struct sigaction by_default = {.sa_handler = SIG_DFL};
  for (int i = 0; i < crash_count; i++)
    if (crash_signals[i] == signal) sigaction(signal, wants_backtrace ? &previous[i] : &by_default, NULL);
  errno = error;
  raise(signal);  // held back until this handler returns
}

void guard_install(void) {
  static bool installed;
  if (installed) return;
  installed = true;
  wants_backtrace = getenv("SWIFT_BACKTRACE") != NULL;

  // A stack overflow leaves no stack to handle it on. The runtime may have given the thread one already.
  stack_t current;
  if (sigaltstack(NULL, &current) == 0 && (current.ss_flags & SS_DISABLE)) {
    size_t size = 64 * 1024;
    stack_t alternate = {.ss_sp = malloc(size), .ss_size = size};
    if (alternate.ss_sp) sigaltstack(&alternate, NULL);
  }
  struct sigaction action = {.sa_handler = crashed, .sa_flags = SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < crash_count; i++) sigaction(crash_signals[i], &action, &previous[i]);
  atexit(cn_guard_restore);
}

bool guard_enter(void) {
  static bool known;
  if (!known) {
    if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &saved_termios) < 0) return false;
    known = true;
  }
  struct termios raw = saved_termios;
  // ^C, ^Z and ^\ stay signals; ^S, ^Q, ^V, ^O and ^M become keys. Output is left to ncurses.
  raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON | ISTRIP);
  raw.c_oflag &= ~(tcflag_t)OPOST;
  raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  set_termios(&raw);
  entered = 1;
  return true;
}

void guard_leave(void) {
  if (!entered) return;
  entered = 0;
  set_termios(&saved_termios);
}

void guard_set_leave_sequence(const char *bytes, size_t count) {
  if (count > sizeof leave_sequence) count = sizeof leave_sequence;
  memcpy(leave_sequence, bytes, count);
  leave_count = count;
}

void cn_die_of(int signal_number) {
  cn_guard_restore();
  sigset_t unblock;
  sigemptyset(&unblock);
  sigaddset(&unblock, signal_number);
  signal(signal_number, SIG_DFL);
  kill(getpid(), signal_number);
  pthread_sigmask(SIG_UNBLOCK, &unblock, NULL);
  _exit(128 + signal_number);
}

void cn_stop(void) { kill(getpid(), SIGSTOP); }
