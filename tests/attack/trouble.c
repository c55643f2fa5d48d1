/* trouble hold TID      stops that one thread (ptrace) until our standard input ends
 * trouble lock FILE     locks that SQLite database against everybody until our standard input ends
 * trouble hear SOCKET   is a service manager there: prints each datagram as a line, its own lines
 *                       joined by `|`, until it is ended
 *
 * Prints `ready` when the trouble is there. Exit codes: 0, 64 usage, 70 it could not be made. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int fail(const char *what)
{
    fprintf(stderr, "trouble: %s: %s\n", what, strerror(errno));
    return 70;
}

static void wait_for_the_end(void)
{
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF)
        ;
}

static int hold(const char *text)
{
    pid_t tid = (pid_t)strtol(text, NULL, 10);

    /* PTRACE_INTERRUPT stops this thread alone; PTRACE_ATTACH would stop the group. */
    if (ptrace(PTRACE_SEIZE, tid, 0, 0) != 0 || ptrace(PTRACE_INTERRUPT, tid, 0, 0) != 0 ||
        waitpid(tid, NULL, __WALL) != tid)
        return fail(text);
    wait_for_the_end();
    return ptrace(PTRACE_DETACH, tid, 0, 0) == 0 ? 0 : fail(text);
}

static int lock(const char *file)
{
    sqlite3 *db = NULL;

    if (sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(db, 5000) != SQLITE_OK ||
        sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "trouble: %s: %s\n", file, sqlite3_errmsg(db));
        return 70;
    }
    wait_for_the_end();
    sqlite3_close(db); /* rolls back */
    return 0;
}

static int hear(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    char text[1024];
    ssize_t got;

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
        return fail(path);
    puts("ready");
    fflush(stdout);
    while ((got = recv(fd, text, sizeof text - 1, 0)) >= 0) {
        text[got] = '\0';
        for (char *line = text; (line = strchr(line, '\n'));)
            *line = '|';
        puts(text);
        fflush(stdout);
    }
    return fail("recv");
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "hear") == 0)
        return hear(argv[2]);
    if (argc == 3 && strcmp(argv[1], "hold") == 0)
        return hold(argv[2]);
    if (argc == 3 && strcmp(argv[1], "lock") == 0)
        return lock(argv[2]);
    fprintf(stderr, "usage: trouble hold TID | trouble lock FILE | trouble hear SOCKET\n");
    return 64;
}
