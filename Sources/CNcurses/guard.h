#pragma once
#include <stddef.h>
#include <stdbool.h>

/// Puts the terminal on standard input into raw mode and remembers how it was. False if it is no terminal.
bool guard_enter(void);
/// Puts back the remembered termios, without the leave sequence.
void guard_leave(void);
/// The bytes that undo the screen's modes; copied.
void guard_set_leave_sequence(const char *bytes, size_t count);
/// Catches the signals of a crash, once.
void guard_install(void);
/// write(2) until done, through EINTR and a non-blocking descriptor. Async-signal-safe.
bool guard_write(const char *bytes, size_t count);
