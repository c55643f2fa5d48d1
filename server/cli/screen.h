/* The terminal of a live table: the alternate screen, keys without Return, and everything back as
 * it was when the program ends, by a key or a signal. One screen a process; main thread. */
#ifndef PITWALL_CLI_SCREEN_H
#define PITWALL_CLI_SCREEN_H

#include <stdbool.h>

enum screen_event { SCREEN_TIME, SCREEN_QUIT, SCREEN_RESIZED };

/* How a line is shown: its first byte, which is not shown. None of them: plain. */
#define SCREEN_BOLD '\1'
#define SCREEN_LOUD '\2'

/* false: stdout or stdin is no terminal; nothing was changed. */
bool screen_open(void);
void screen_close(void);
void screen_size(int *rows, int *columns);
/* Waits for so long, for q or Ctrl-C, or until the size has changed. Ctrl-Z suspends. */
enum screen_event screen_wait(int ms);
/* Shows lines, cut at the width and the height. `is_old`: all but the first one faint. */
void screen_draw(const char *text, bool is_old);

#endif
