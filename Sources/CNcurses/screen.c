// ncurses over memory. ncurses flushes its output in pieces of at most 2,800 bytes, which a terminal may show half
// done; given an in-memory file instead, a frame can be written in one piece and wrapped in synchronised output,
// and "nothing changed" is a file of no bytes.
#define _GNU_SOURCE
#define _XOPEN_SOURCE_EXTENDED 1
#define NCURSES_WIDECHAR 1
#include "CNcurses.h"
#include "guard.h"
#include <curses.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

#define SYNC_BEGIN "\033[?2026h"
#define SYNC_END "\033[?2026l"
#define PASTE_ON "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
// Presses, releases and movement between them, as decimal numbers.
#define MOUSE_ON "\033[?1002h\033[?1006h"
#define MOUSE_OFF "\033[?1006l\033[?1002l"

static FILE *frame_file;
static int frame_descriptor = -1;
static WINDOW *input_window;
static bool synchronised, left, mouse;
static int next_pair;

// Far above KEY_MAX, from where ncurses counts the keys that are a terminal's own.
enum { paste_begins = KEY_MAX + 0x1000, paste_ends, mouse_begins };

// What terminals send for one key differs with their modes and with what lies between; terminfo knows one way of each.
static const struct {
  const char *sequence;
  int key;
} more_keys[] = {
  {"\033[A", KEY_UP},     {"\033OA", KEY_UP},     {"\033[B", KEY_DOWN},   {"\033OB", KEY_DOWN},
  {"\033[C", KEY_RIGHT},  {"\033OC", KEY_RIGHT},  {"\033[D", KEY_LEFT},   {"\033OD", KEY_LEFT},
  {"\033[H", KEY_HOME},   {"\033OH", KEY_HOME},   {"\033[1~", KEY_HOME},  {"\033[7~", KEY_HOME},
  {"\033[F", KEY_END},    {"\033OF", KEY_END},    {"\033[4~", KEY_END},   {"\033[8~", KEY_END},
  {"\033[5~", KEY_PPAGE}, {"\033[6~", KEY_NPAGE}, {"\033[2~", KEY_IC},    {"\033[3~", KEY_DC},
  {"\033[Z", KEY_BTAB},   {"\033OM", KEY_ENTER},
  {"\033[200~", paste_begins}, {"\033[201~", paste_ends}, {"\033[<", mouse_begins},
};

// MARK: Locale

void cn_use_locale(void) { setlocale(LC_CTYPE, ""); }
bool cn_locale_is_utf8(void) { return strcmp(nl_langinfo(CODESET), "UTF-8") == 0; }
int cn_wcwidth(uint32_t scalar) { return wcwidth((wchar_t)scalar); }

// MARK: Screen

static int open_memory_file(void) {
#ifdef __linux__
  return memfd_create("frame", MFD_CLOEXEC);
#else
  char name[] = "/tmp/assay-frame-XXXXXX";
  int descriptor = mkstemp(name);
  if (descriptor >= 0) unlink(name);
  return descriptor;
#endif
}

static void append(char *to, size_t *count, size_t capacity, const char *bytes) {
  if (!bytes || bytes == (const char *)-1) return;
  size_t length = strlen(bytes);
  if (*count + length > capacity) return;
  memcpy(to + *count, bytes, length);
  *count += length;
}

static void make_leave_sequence(void) {
  char bytes[512];
  size_t count = 0;
  if (synchronised) {
    append(bytes, &count, sizeof bytes, SYNC_END PASTE_OFF);
    append(bytes, &count, sizeof bytes, MOUSE_OFF);
  }
  append(bytes, &count, sizeof bytes, tigetstr("sgr0"));
  append(bytes, &count, sizeof bytes, tigetstr("op"));
  append(bytes, &count, sizeof bytes, tigetstr("rmkx"));
  append(bytes, &count, sizeof bytes, tigetstr("cnorm"));
  append(bytes, &count, sizeof bytes, tigetstr("rmcup"));
  guard_set_leave_sequence(bytes, count);
}

bool cn_open(const char *type) {
  if (frame_file) return false;
  if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO)) return false;
  frame_descriptor = open_memory_file();
  if (frame_descriptor < 0) return false;
  frame_file = fdopen(frame_descriptor, "w+");
  if (!frame_file) return false;
  SCREEN *screen = newterm(type, frame_file, stdin);
  const char *place = screen ? tigetstr("cup") : NULL;
  if (!place || place == (const char *)-1) {
    if (screen) {
      endwin();
      delscreen(screen);
    }
    fclose(frame_file);
    frame_file = NULL;
    return false;
  }
  const char *name = type ? type : getenv("TERM");
  bool plain = !name || strncmp(name, "linux", 5) == 0 || strncmp(name, "vt", 2) == 0;
  synchronised = !plain;
  make_leave_sequence();
  if (!guard_enter()) return false;
  guard_install();

  set_escdelay(25);
  cbreak();
  noecho();
  nonl();
  curs_set(0);
  if (has_colors()) {
    start_color();
    use_default_colors();
  }
  next_pair = 1;

  // Reading from a window refreshes it first, which would paint a half-drawn frame; a pad is never refreshed.
  input_window = newpad(1, 1);
  keypad(input_window, TRUE);
  nodelay(input_window, TRUE);
  meta(input_window, TRUE);  // ncurses sees no terminal behind the memory, and would strip input to 7 bits
  for (size_t i = 0; i < sizeof more_keys / sizeof more_keys[0]; i++)
    define_key(more_keys[i].sequence, more_keys[i].key);
  int columns, rows;
  if (cn_terminal_size(&columns, &rows)) cn_resize(columns, rows);
  if (synchronised) guard_write(PASTE_ON, strlen(PASTE_ON));
  return true;
}

// Everything that ncurses wrote since the last time, in one write.
static long flush_frame(void) {
  fflush(frame_file);
  off_t size = lseek(frame_descriptor, 0, SEEK_CUR);
  if (size <= 0) return 0;
  size_t before = synchronised ? strlen(SYNC_BEGIN) : 0, after = synchronised ? strlen(SYNC_END) : 0;
  size_t count = before + (size_t)size + after;
  char *bytes = malloc(count);
  if (!bytes) return -1;
  memcpy(bytes, SYNC_BEGIN, before);
  ssize_t got = pread(frame_descriptor, bytes + before, (size_t)size, 0);
  memcpy(bytes + before + size, SYNC_END, after);
  if (ftruncate(frame_descriptor, 0) < 0) got = -1;
  lseek(frame_descriptor, 0, SEEK_SET);
  bool written = got == size && guard_write(bytes, count);
  free(bytes);
  return written ? (long)count : -1;
}

void cn_leave(void) {
  if (!frame_file || left) return;
  left = true;
  endwin();
  flush_frame();
  if (synchronised) guard_write(PASTE_OFF, strlen(PASTE_OFF));
  if (mouse) guard_write(MOUSE_OFF, strlen(MOUSE_OFF));
  guard_leave();
}

void cn_return(void) {
  if (!frame_file) return;
  left = false;
  guard_enter();
  if (synchronised) guard_write(PASTE_ON, strlen(PASTE_ON));
  if (mouse) guard_write(MOUSE_ON, strlen(MOUSE_ON));
  cn_repaint();
  curs_set(0);
}

int cn_colour_count(void) { return has_colors() ? COLORS : 0; }
bool cn_colour_is_direct(void) { return tigetflag("RGB") > 0 || tigetnum("RGB") > 0; }

bool cn_terminal_size(int *columns, int *rows) {
  struct winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0) return false;
  *columns = size.ws_col;
  *rows = size.ws_row;
  return true;
}

void cn_resize(int columns, int rows) {
  if (columns < 1) columns = 1;
  if (rows < 1) rows = 1;
  resizeterm(rows, columns);
  cn_repaint();
}

int cn_pair(int foreground, int background) {
  if (next_pair >= COLOR_PAIRS || init_extended_pair(next_pair, foreground, background) == ERR) return 0;
  return next_pair++;
}

void cn_put(int column, int row, const uint32_t *scalars, int count, int attributes, int pair) {
  wchar_t text[CCHARW_MAX + 1] = {0};
  if (count > CCHARW_MAX) count = CCHARW_MAX;
  for (int i = 0; i < count; i++) text[i] = (wchar_t)scalars[i];
  attr_t bits = 0;
  if (attributes & CN_BOLD) bits |= A_BOLD;
  if (attributes & CN_DIM) bits |= A_DIM;
  if (attributes & CN_REVERSE) bits |= A_REVERSE;
  if (attributes & CN_UNDERLINE) bits |= A_UNDERLINE;
  cchar_t cell;
  if (setcchar(&cell, text, bits, 0, &pair) == ERR) {
    wchar_t unknown[] = L"?";
    setcchar(&cell, unknown, bits, 0, &pair);
  }
  mvadd_wch(row, column, &cell);  // ERR in the last cell of the screen is the cursor's, the cell is drawn
}

void cn_repaint(void) { clearok(curscr, TRUE); }

long cn_present(void) {
  if (!frame_file || left) return 0;
  wnoutrefresh(stdscr);
  doupdate();
  return flush_frame();
}

bool cn_set_mouse(bool is_on) {
  if (!frame_file || !synchronised) return false;
  if (is_on == mouse) return true;
  mouse = is_on;
  return left || guard_write(is_on ? MOUSE_ON : MOUSE_OFF, strlen(is_on ? MOUSE_ON : MOUSE_OFF));
}

bool cn_write(const char *bytes, size_t count) { return !left && guard_write(bytes, count); }

// MARK: Input

static uint32_t own_key(wint_t key) {
  if (key >= KEY_F(1) && key <= KEY_F(63)) return CN_FUNCTION + (uint32_t)(key - KEY_F0);
  switch (key) {
    case KEY_UP: return CN_UP;
    case KEY_DOWN: return CN_DOWN;
    case KEY_LEFT: return CN_LEFT;
    case KEY_RIGHT: return CN_RIGHT;
    case KEY_HOME: return CN_HOME;
    case KEY_END: return CN_END;
    case KEY_PPAGE: return CN_PAGE_UP;
    case KEY_NPAGE: return CN_PAGE_DOWN;
    case KEY_ENTER: return CN_ENTER;
    case KEY_BACKSPACE: return CN_BACKSPACE;
    case KEY_DC: return CN_DELETE;
    case KEY_IC: return CN_INSERT;
    case KEY_BTAB: return CN_BACK_TAB;
    case paste_begins: return CN_PASTE_BEGINS;
    case paste_ends: return CN_PASTE_ENDS;
    case mouse_begins: return CN_MOUSE_BEGINS;
    default: return CN_UNKNOWN;
  }
}

enum cn_input cn_read(uint32_t *value) {
  if (!input_window || left) return CN_NONE;
  wint_t got;
  switch (wget_wch(input_window, &got)) {
    case OK: *value = (uint32_t)got; return CN_CHARACTER;
    case KEY_CODE_YES: *value = own_key(got); return CN_KEY;
    default: return CN_NONE;
  }
}
