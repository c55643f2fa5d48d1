#include "cli/screen.h"

#include "cli/text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { ROWS_DEFAULT = 24, COLUMNS_DEFAULT = 80, SIDE_MAX = 1000 };

static struct {
    struct termios before;
    bool is_open;
} screen;

/* Written by signals, read and cleared by screen_wait(). */
static volatile sig_atomic_t stop_signal, size_changed, suspend_asked;

static void note_signal(int number)
{
    if (number == SIGWINCH)
        size_changed = 1;
    else if (number == SIGTSTP)
        suspend_asked = 1;
    else
        stop_signal = number;
}

static void send(const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = write(STDOUT_FILENO, bytes, length);

        if (sent < 0 && errno != EINTR)
            return; /* the terminal is gone; the next read says so */
        bytes += sent > 0 ? sent : 0;
        length -= sent > 0 ? (size_t)sent : 0;
    }
}

static void enter(void)
{
    static const char begin[] = "\033[?1049h\033[?25l\033[H\033[2J";
    struct termios raw = screen.before;

    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    send(begin, sizeof begin - 1);
    screen.is_open = true;
}

static void leave(void)
{
    static const char end[] = "\033[0m\033[?25h\033[?1049l";

    if (!screen.is_open)
        return;
    screen.is_open = false;
    send(end, sizeof end - 1);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &screen.before);
}

bool screen_open(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP};
    struct sigaction action = {.sa_handler = note_signal}; /* no SA_RESTART: poll must end */

    if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &screen.before) != 0)
        return false;
    for (size_t at = 0; at < sizeof numbers / sizeof numbers[0]; at++)
        sigaction(numbers[at], &action, NULL);
    atexit(leave);
    enter();
    return true;
}

void screen_close(void)
{
    leave();
}

static int from_environment(const char *name, int otherwise)
{
    const char *text = getenv(name);
    long value = text ? strtol(text, NULL, 10) : 0;

    return value > 0 && value < SIDE_MAX ? (int)value : otherwise;
}

void screen_size(int *rows, int *columns)
{
    struct winsize size = {0};

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
        *rows = size.ws_row < SIDE_MAX ? size.ws_row : SIDE_MAX;
        *columns = size.ws_col < SIDE_MAX ? size.ws_col : SIDE_MAX;
        return;
    }
    *rows = from_environment("LINES", ROWS_DEFAULT);
    *columns = from_environment("COLUMNS", COLUMNS_DEFAULT);
}

static void suspend(void)
{
    suspend_asked = 0;
    leave();
    raise(SIGSTOP);
    enter();
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* True when it was q, Ctrl-C as a byte, or the end of the input. */
static bool key_quits(void)
{
    char key = 0;
    ssize_t got = read(STDIN_FILENO, &key, 1);

    return got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN) || key == 'q' || key == 'Q' ||
           key == 3;
}

enum screen_event screen_wait(int ms)
{
    int64_t until = now_ms() + ms;

    for (;;) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        int64_t left = until - now_ms();

        if (stop_signal)
            return SCREEN_QUIT;
        if (suspend_asked) {
            suspend();
            return SCREEN_RESIZED;
        }
        if (size_changed) {
            size_changed = 0;
            return SCREEN_RESIZED;
        }
        if (left <= 0)
            return SCREEN_TIME;
        if (poll(&input, 1, (int)left) > 0 && key_quits())
            return SCREEN_QUIT;
    }
}

static void draw_line(FILE *out, const char *line, size_t length, int columns, bool is_faint)
{
    char how = length > 0 ? line[0] : '\0';

    if (how == SCREEN_BOLD || how == SCREEN_LOUD) {
        line++;
        length--;
    }
    fputs(how == SCREEN_LOUD ? "\033[7m" : how == SCREEN_BOLD ? "\033[1m" : "", out);
    fputs(is_faint && how != SCREEN_LOUD ? "\033[2m" : "", out);
    fwrite(line, 1, text_fitting(line, length, (size_t)columns), out);
    fputs("\033[0m\033[K", out);
}

void screen_draw(const char *text, bool is_old)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&bytes, &size);
    int rows, columns;

    if (!out)
        return;
    screen_size(&rows, &columns);
    fputs("\033[H", out);
    for (int row = 0; row < rows && *text != '\0'; row++) {
        size_t length = strcspn(text, "\n");

        fputs(row > 0 ? "\r\n" : "", out);
        draw_line(out, text, length, columns, is_old && row > 0);
        text += length + (text[length] == '\n');
    }
    fputs("\033[J", out);
    if (fclose(out) == 0)
        send(bytes, size);
    free(bytes);
}
