#include "venue/ledger.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/pitwall_ledger_XXXXXX";
static struct venue_ledger *ledger;
static struct err err;

static void make_file(void)
{
    close(mkstemp(path));
    cr_assert(eq(int, venue_ledger_open(&ledger, path, &err), OK));
}

static void remove_file(void)
{
    venue_ledger_close(ledger);
    unlink(path);
}

TestSuite(venue_ledger, .init = make_file, .fini = remove_file);

/* The n-th line, from 0; NULL: there is none, or it is not JSON. */
static json_t *line_at(uint32_t n)
{
    char text[4096] = "";
    FILE *file = fopen(path, "r");

    for (uint32_t at = 0; at <= n; at++)
        if (!fgets(text, sizeof text, file))
            text[0] = '\0';
    fclose(file);
    return json_loads(text, 0, NULL);
}

Test(venue_ledger, a_line_is_in_the_file_before_the_call_returns)
{
    const struct venue_ledger_line given = {.conn = 3,
                                            .kind = "new",
                                            .account = 1001,
                                            .order_link_id = "a \"quote\"",
                                            .qty = "0.001",
                                            .body = "{\"a\":\n1}",
                                            .body_length = 8,
                                            .body_is_json = true,
                                            .at_ns = 1700000000000000001};
    json_t *line;

    venue_ledger_write(ledger, &given);
    line = line_at(0);
    cr_assert(line != NULL);
    cr_assert(
        eq(str, (char *)json_string_value(json_object_get(line, "at_ns")), "1700000000000000001"));
    cr_assert(
        eq(str, (char *)json_string_value(json_object_get(line, "order_link_id")), "a \"quote\""));
    cr_assert(eq(int, json_typeof(json_object_get(line, "price")), JSON_NULL));
    cr_assert(eq(i64, json_integer_value(json_object_get(json_object_get(line, "body"), "a")), 1));
    json_decref(line);
}

/* A program that was killed has written half a line. */
Test(venue_ledger, a_torn_line_is_cut_off)
{
    const struct venue_ledger_line given = {.kind = "new", .at_ns = 1};
    FILE *file;
    json_t *second;

    venue_ledger_write(ledger, &given);
    venue_ledger_close(ledger);
    file = fopen(path, "a");
    fputs("{\"seq\":2,\"at_n", file);
    fclose(file);
    cr_assert(eq(int, venue_ledger_open(&ledger, path, &err), OK));
    venue_ledger_write(ledger, &given);
    second = line_at(1);
    cr_assert(second != NULL);
    json_decref(second);
}
