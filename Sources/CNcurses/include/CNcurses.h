// The part of ncurses that TerminalUI uses, behind functions. <curses.h> itself stays out of Swift's sight: its
// screen, colour count and size are mutable globals and half of its interface is macros.
//
// One screen per process. Every function except those of the guard belongs to one thread.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// MARK: Locale

/// Takes the character type (and nothing else: numbers keep their points) of the user's locale.
void cn_use_locale(void);
/// Whether the codeset of that locale is UTF-8, by nl_langinfo(CODESET).
bool cn_locale_is_utf8(void);
/// Columns that the C library, and so ncurses, gives to a scalar: −1 for one that it cannot print.
int cn_wcwidth(uint32_t scalar);

// MARK: Screen

enum cn_attribute {
  CN_BOLD = 1,
  CN_DIM = 2,
  CN_REVERSE = 4,
  CN_UNDERLINE = 8,
};

/// Opens the screen on standard input and output. `type` is a terminfo name, or NULL for $TERM.
/// ncurses draws into memory, and cn_present writes that in one piece. Returns false if the terminal is unknown or
/// standard input or output is none.
bool cn_open(const char *type);
/// Leaves the screen: attributes, cursor, modes and termios as cn_open found them. May be called again.
void cn_leave(void);
/// Takes the screen back after cn_leave; the next cn_present paints everything.
void cn_return(void);
/// Colours that the terminal has, 0 for one without.
int cn_colour_count(void);
/// Whether a colour number is 0xRRGGBB (terminfo's RGB).
bool cn_colour_is_direct(void);
/// Size of the terminal now, by TIOCGWINSZ; false if it cannot be had.
bool cn_terminal_size(int *columns, int *rows);
void cn_resize(int columns, int rows);
/// A pair for the two colours, −1 being the terminal's own; 0, the default pair, if there is none left.
int cn_pair(int foreground, int background);
/// Puts one base scalar and its combining marks into a cell.
void cn_put(int column, int row, const uint32_t *scalars, int count, int attributes, int pair);
/// Paints everything at the next cn_present.
void cn_repaint(void);
/// Writes what changed in one write, wrapped in synchronised output. Returns the bytes written, 0 if nothing changed,
/// −1 if the terminal is gone.
long cn_present(void);
/// Whether the terminal reports presses, drags and the wheel. It is switched off while the screen is left, on every way
/// out. Returns false if the terminal has no mouse.
bool cn_set_mouse(bool is_on);
/// Writes a sequence that moves no cursor (title, clipboard, bell), outside of the screen.
bool cn_write(const char *bytes, size_t count);

// MARK: Input

enum cn_input { CN_NONE, CN_CHARACTER, CN_KEY };

enum cn_key {
  CN_UNKNOWN,
  CN_UP, CN_DOWN, CN_LEFT, CN_RIGHT,
  CN_HOME, CN_END, CN_PAGE_UP, CN_PAGE_DOWN,
  CN_ENTER, CN_BACKSPACE, CN_DELETE, CN_INSERT, CN_BACK_TAB,
  CN_PASTE_BEGINS, CN_PASTE_ENDS,
  CN_MOUSE_BEGINS,  // a report follows as characters: "0;12;3M"
  CN_FUNCTION = 0x100,
};

/// Takes one character or key that is waiting, and never blocks (save ESCDELAY after an escape).
/// `value` is a scalar, or one of cn_key (CN_FUNCTION + n for Fn).
enum cn_input cn_read(uint32_t *value);

// MARK: Guard

/// Leaves the terminal as cn_open found it, whatever the state of ncurses. Async-signal-safe.
void cn_guard_restore(void);
/// Ends the process by the signal's default action.
void cn_die_of(int signal);
/// Stops the process until SIGCONT.
void cn_stop(void);
