/* What is real and what is simulated stay apart; root leaves nothing that its owner could not
 * open. */
#include "data_dir.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];

static void make_dir(void)
{
    (void)snprintf(dir, sizeof dir, "/tmp/pitwall-dir-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
}

static void remove_dir(void)
{
    char command[128];

    (void)snprintf(command, sizeof command, "rm -rf %s", dir);
    cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c): our own directory */
}

TestSuite(data_dir, .init = make_dir, .fini = remove_dir);

/* As the first start leaves it. */
static void use_dir(void)
{
    char path[96];

    (void)snprintf(path, sizeof path, "%s/journal", dir);
    cr_assert_eq(mkdir(path, 0700), 0);
}

Test(data_dir, of_mode_live_is_for_mode_live)
{
    struct err err;

    cr_assert_eq(data_dir_keep_apart(dir, true, &err), OK, "%s", err.text);
    use_dir();
    cr_assert_eq(data_dir_keep_apart(dir, true, &err), OK, "%s", err.text);
    cr_assert_eq(data_dir_keep_apart(dir, false, &err), ERR_CONFIG);
    cr_assert_not_null(strstr(err.text, "holds the positions of mode live"), "%s", err.text);
}

Test(data_dir, of_what_was_simulated_is_not)
{
    struct err err;

    cr_assert_eq(data_dir_keep_apart(dir, false, &err), OK, "%s", err.text);
    use_dir();
    cr_assert_eq(data_dir_keep_apart(dir, false, &err), OK, "%s", err.text);
    cr_assert_eq(data_dir_keep_apart(dir, true, &err), ERR_CONFIG);
    cr_assert_not_null(strstr(err.text, "holds what was simulated"), "%s", err.text);
    cr_assert_eq(data_dir_keep_apart(dir, false, &err), OK, "the refusal left no trace");
}

Test(data_dir, what_root_locks_stays_the_owners)
{
    enum { OWNER = 4711 };
    struct err err;
    struct stat lock;
    char path[96];
    int fd;

    if (geteuid() != 0)
        cr_skip_test("only root can come to another user's directory");
    cr_assert_eq(data_dir_not_for_root(dir, &err), OK, "root's own: %s", err.text);
    cr_assert_eq(chown(dir, OWNER, OWNER), 0);
    cr_assert_eq(data_dir_not_for_root(dir, &err), ERR_FORBIDDEN);
    cr_assert_not_null(strstr(err.text, "as the service"), "%s", err.text);
    cr_assert_eq(data_dir_lock(dir, &fd, &err), OK, "%s", err.text);
    (void)snprintf(path, sizeof path, "%s/lock", dir);
    cr_assert_eq(stat(path, &lock), 0);
    cr_assert_eq(lock.st_uid, OWNER);
    cr_assert_eq(lock.st_gid, OWNER);
    close(fd);
}
