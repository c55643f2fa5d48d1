/* What is real and what is simulated stay apart. */
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
