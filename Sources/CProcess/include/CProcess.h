// Starting programs: a worker that outlives the program that starts it, a command of the settings, and a program on a
// terminal that is measured.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Runs `executable worker RUN --project FOLDER` in a session of its own (no hang-up with the terminal, no ^C meant
/// for the screen), signals at their defaults, stdin empty, stdout and stderr appended to `log`.
/// Returns the process id, or -errno.
int spawn_worker(const char *executable, const char *run, const char *project, const char *log);

/// Runs `/bin/sh -c command` in `folder`, in a session of its own (no terminal to write to), signals at their defaults,
/// stdin empty, stdout and stderr appended to `log`. Its environment is exactly `variables`, each ended by a zero, `length`
/// bytes in all. Its process group is its own. Returns the process id, or -errno.
int spawn_shell(const char *command, const char *folder, const char *log, const char *variables, size_t length);

/// Runs a program on a new pseudo-terminal of type xterm-256color. `words` are the program and its arguments, each
/// ended by a zero, `length` bytes in all. Returns the process id, or -errno; `master` is the terminal's other end, and
/// `settings` are the line's before the program had it.
int spawn_on_terminal(const char *words, size_t length, int columns, int rows, int *master, uint64_t *settings);
/// What the program wrote: the bytes read, 0 when nothing came in that time, -1 when it has let go of the terminal.
long terminal_read(int master, char *bytes, size_t capacity, int milliseconds);
/// The settings of the line (termios) as one number, to be compared.
uint64_t terminal_settings_hash(int master);
