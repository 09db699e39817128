// Starting a worker that outlives the program that starts it.
#pragma once

/// Runs `executable worker RUN --project FOLDER` in a session of its own (no hang-up with the terminal, no ^C meant
/// for the screen), signals at their defaults, stdin empty, stdout and stderr appended to `log`.
/// Returns the process id, or -errno.
int spawn_worker(const char *executable, const char *run, const char *project, const char *log);
