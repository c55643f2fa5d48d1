#include "cli/ask.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void say(int fd, const char *text)
{
    size_t length = strlen(text);

    if (write(fd, text, length) != (ssize_t)length)
        return; /* a terminal that cannot be written cannot be read either: the read says so */
}

/* Byte by byte: what comes after the line is not ours. */
static bool read_line(int fd, char *out, size_t size)
{
    size_t used = 0;
    char byte;

    while (read(fd, &byte, 1) == 1 && byte != '\n') {
        if (used + 1 == size)
            return false;
        out[used++] = byte;
    }
    out[used] = '\0';
    return used > 0;
}

bool ask_terminal(const char *question, bool is_secret, char *out, size_t size)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios before, silent;
    sigset_t keys, masked;
    bool is_read;

    if (fd < 0)
        return false;
    /* Ctrl-C waits until the echo is back. */
    sigemptyset(&keys);
    sigaddset(&keys, SIGINT);
    sigaddset(&keys, SIGTERM);
    sigaddset(&keys, SIGTSTP);
    if (is_secret && tcgetattr(fd, &before) == 0) {
        sigprocmask(SIG_BLOCK, &keys, &masked);
        silent = before;
        silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
        silent.c_lflag |= ECHONL;
        tcsetattr(fd, TCSAFLUSH, &silent);
    }
    say(fd, question);
    is_read = read_line(fd, out, size);
    if (is_secret) {
        tcsetattr(fd, TCSAFLUSH, &before);
        sigprocmask(SIG_SETMASK, &masked, NULL);
    }
    close(fd);
    return is_read && !memchr(out, 3, strlen(out)); /* Ctrl-C as a byte: nothing was said */
}
