/* The key file: ours, ours alone, and whole; or a sentence that does not give it away. */
#include "gateway/bybit/bybit.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64];
static char key[BYBIT_KEY_MAX], secret[BYBIT_KEY_MAX];
static struct err err;

static void write_key(const char *text, mode_t mode)
{
    FILE *file;

    strcpy(path, "/tmp/bybit-key-XXXXXX");
    close(mkstemp(path));
    file = fopen(path, "w");
    cr_assert(file != NULL);
    fputs(text, file);
    fclose(file);
    chmod(path, mode);
}

static void check_refused(const char *says)
{
    cr_assert(eq(int, bybit_read_key(path, key, secret, &err), ERR_CONFIG));
    cr_assert(strstr(err.text, says) != NULL, "%s", err.text);
    cr_assert(strstr(err.text, "hush") == NULL, "%s", err.text);
    unlink(path);
}

Test(bybit_key, a_key_that_is_ours)
{
    write_key("{\"key\":\"abc\",\"secret\":\"hush\"}\n", 0600);
    cr_assert(eq(int, bybit_read_key(path, key, secret, &err), OK));
    cr_assert(eq(str, key, "abc"));
    cr_assert(eq(str, secret, "hush"));
    chmod(path, 0400);
    cr_assert(eq(int, bybit_read_key(path, key, secret, &err), OK));
    unlink(path);
}

Test(bybit_key, one_that_others_may_read)
{
    write_key("{\"key\":\"abc\",\"secret\":\"hush\"}", 0640);
    check_refused("chmod 600");
}

Test(bybit_key, a_credential_may_be_read_by_its_group_and_lie_behind_a_link)
{
    write_key("{\"key\":\"abc\",\"secret\":\"hush\"}", 0440);
    setenv("CREDENTIALS_DIRECTORY", "/tmp", 1);
    cr_assert(eq(int, bybit_read_key(path, key, secret, &err), OK));
    unlink("/tmp/bybit-key-mounted");
    cr_assert(eq(int, symlink(path, "/tmp/bybit-key-mounted"), 0));
    cr_assert(eq(int, bybit_read_key("/tmp/bybit-key-mounted", key, secret, &err), OK));
    unlink("/tmp/bybit-key-mounted");
    chmod(path, 0444);
    cr_assert(eq(int, bybit_read_key(path, key, secret, &err), ERR_CONFIG));
    chmod(path, 0440);
    setenv("CREDENTIALS_DIRECTORY", "/tmp/elsewhere", 1);
    check_refused("chmod 600");
}

Test(bybit_key, one_that_is_none)
{
    write_key("secret=hush", 0600);
    check_refused("is no key file");
    write_key("{\"key\":\"abc\"}", 0600);
    check_refused("is no key file");
    write_key("{\"key\":\"a\\\"b\",\"secret\":\"hush\"}", 0600);
    check_refused("is no key file");
    write_key("", 0600);
    check_refused("is no key file");
}

Test(bybit_key, a_directory_a_link_and_nothing)
{
    strcpy(path, "/tmp");
    cr_assert(eq(int, bybit_read_key(path, key, secret, &err), ERR_CONFIG));
    write_key("{\"key\":\"abc\",\"secret\":\"hush\"}", 0600);
    unlink("/tmp/bybit-key-link");
    cr_assert(eq(int, symlink(path, "/tmp/bybit-key-link"), 0));
    cr_assert(eq(int, bybit_read_key("/tmp/bybit-key-link", key, secret, &err), ERR_CONFIG));
    cr_assert(strstr(err.text, "link") != NULL, "%s", err.text);
    unlink("/tmp/bybit-key-link");
    unlink(path);
    check_refused("No such file");
}
