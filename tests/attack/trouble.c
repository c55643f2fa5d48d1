/* trouble hold TID      stops that one thread (ptrace) until our standard input ends
 * trouble lock FILE     locks that SQLite database against everybody until our standard input ends
 *
 * Prints `ready` when the trouble is there. Exit codes: 0, 64 usage, 70 it could not be made. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
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

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "hold") == 0)
        return hold(argv[2]);
    if (argc == 3 && strcmp(argv[1], "lock") == 0)
        return lock(argv[2]);
    fprintf(stderr, "usage: trouble hold TID | trouble lock FILE\n");
    return 64;
}
