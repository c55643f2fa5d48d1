/* Pages, words, times and exports of the trail. */
#include "store/chain.h"
#include "store/export.h"
#include "store/migrations.h"
#include "store/query.h"
#include "unit/store/desk.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 9000 };

static struct desk desk;
static sqlite3 *reader;

static struct audit_row row_of(int i)
{
    static const char *const kinds[] = {"order", "fill", "limits"};
    /* The clock steps back in the middle. */
    struct audit_row row = {.at_ns = i < ROWS / 2 ? 100000 + i : 50000 + i,
                            .actor = i % 100 == 0 ? "risk1" : "engine",
                            .kind = kinds[i % 3],
                            .scope = i % 2 ? "firm" : "venue/sim",
                            .lane = i % 100 == 0,
                            .lane_seq = (uint64_t)i};

    if (i == 4200)
        row.reason = "fat finger \"quoted\", once";
    if (i == 4300)
        row.reason = "=1+2";
    return row;
}

static void make_trail(void)
{
    struct audit_writer *writer = malloc(sizeof *writer);
    struct err err;
    sqlite3 *db;

    desk_open(&desk);
    cr_assert_eq(database_open_writer(desk.dir, &db, &err), OK, "%s", err.text);
    cr_assert_eq(audit_writer_open(writer, db, &err), OK);
    cr_assert_eq(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 1; i <= ROWS; i++) {
        struct audit_row row = row_of(i);

        cr_assert(audit_append(writer, &row));
    }
    cr_assert(audit_count(writer));
    cr_assert_eq(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    audit_writer_close(writer);
    sqlite3_close(db);
    free(writer);
    cr_assert_eq(database_open_reader(desk.dir, &reader, &err), OK);
}

static void drop_trail(void)
{
    sqlite3_close(reader);
    desk_close(&desk);
}

TestSuite(store_search, .init = make_trail, .fini = drop_trail);

/* Rows of all pages; each page joins the one before without a gap or a repeat. */
static uint32_t walk(struct store_query query)
{
    uint32_t rows = 0;
    uint64_t last = query.oldest_first ? 0 : UINT64_MAX;

    for (;;) {
        json_t *list, *item;
        const char *next;
        struct err err;
        size_t at;

        cr_assert_eq(query_run(reader, &query, &list, &err), OK, "%s", err.text);
        json_array_foreach(json_object_get(list, "items"), at, item)
        {
            uint64_t seq = (uint64_t)json_integer_value(json_object_get(item, "seq"));

            cr_assert(query.oldest_first ? seq > last : seq < last);
            last = seq;
            rows++;
        }
        next = json_string_value(json_object_get(list, "next"));
        if (next && query.oldest_first)
            query.after_seq = strtoull(next, NULL, 10);
        else if (next)
            query.before_seq = strtoull(next, NULL, 10);
        json_decref(list);
        if (!next)
            return rows;
    }
}

static uint32_t count_of(const char *where)
{
    char sql[200];

    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM audit WHERE %s", where);
    return (uint32_t)atol(desk_ask(&desk, sql));
}

Test(store_search, pages_join_in_both_directions)
{
    cr_assert_eq(walk((struct store_query){.limit = 1000}), ROWS);
    cr_assert_eq(walk((struct store_query){.limit = 999, .oldest_first = true}), ROWS);
    cr_assert_eq(walk((struct store_query){.limit = 7, .kind = "limits", .actor = "risk1"}),
                 count_of("kind = 'limits' AND actor = 'risk1'"));
    cr_assert_eq(walk((struct store_query){.limit = 7, .kind = "limits", .scope = "nowhere"}), 0);
}

Test(store_search, a_range_of_time_is_exact_where_the_clock_stepped_back)
{
    cr_assert_eq(walk((struct store_query){.limit = 100, .from_ns = 54600, .to_ns = 54700}), 100);
    cr_assert_eq(walk((struct store_query){.limit = 100, .from_ns = 104400, .to_ns = 200000}),
                 count_of("at_ns >= 104400"));
    cr_assert_eq(walk((struct store_query){.limit = 100, .to_ns = 5}), 0);
    cr_assert_eq(walk((struct store_query){.limit = 100, .from_ns = 200001}), 0);
}

Test(store_search, words_are_found_whatever_else_is_in_them)
{
    static const char *const found[] = {"finger", "FAT fin", "\"quoted\"", "fat AND_", "fat'"};
    static const char *const rubbish[] = {"\"", "*", "(", "NEAR(", "a:b", "-", "^x", "\" OR \"x"};

    cr_assert_eq(walk((struct store_query){.limit = 10, .q = found[0]}), 1);
    cr_assert_eq(walk((struct store_query){.limit = 10, .q = found[1]}), 1);
    cr_assert_eq(walk((struct store_query){.limit = 10, .q = found[2]}), 1);
    cr_assert_eq(walk((struct store_query){.limit = 10, .q = found[4]}), 1);
    for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++)
        (void)walk((struct store_query){.limit = 10, .q = rubbish[i]});
    cr_assert_eq(walk((struct store_query){.limit = 10, .q = "risk1"}), ROWS / 100);
    cr_assert_eq(walk((struct store_query){.limit = 10, .q = "engine"}), 0); /* routine */
    cr_assert_eq(walk((struct store_query){.limit = 10, .q = "finger", .kind = "fill"}),
                 row_of(4200).kind[0] == 'f' ? 1 : 0);
}

/* What came into force, and what a kill found, bear a person's word or an incident; the routine of
 * orders and fills is left out, whatever it bears. */
Test(store_search, what_the_engine_says_with_a_reason_or_an_incident_is_found)
{
    static const struct audit_row said[] = {
        {.kind = "limits", .reason = "bigger day"},
        {.kind = "kill", .new_value = "{\"incident\":\"K1-10\",\"resting\":2}"},
        {.kind = "state", .old_value = "{\"incident\":\"K1-10\"}", .new_value = "{}"},
        {.kind = "state", .new_value = "{\"incident\":null,\"state\":\"ACTIVE\"}"},
        {.kind = "fill", .reason = "bigger day"},
        {.kind = "order", .reason = "bigger day", .new_value = "{\"incident\":\"K1-10\"}"},
        {.kind = "denial", .reason = "bigger day"},
        {.kind = "gap", .reason = "bigger day"}};
    struct audit_writer *writer = calloc(1, sizeof *writer);
    struct err err;
    sqlite3 *db;

    cr_assert_eq(database_open_writer(desk.dir, &db, &err), OK, "%s", err.text);
    cr_assert_eq(audit_writer_open(writer, db, &err), OK);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        cr_assert(audit_append(writer, &said[i]));
    cr_assert_eq(walk((struct store_query){.limit = 10, .q = "bigger day"}), 1);
    cr_assert_eq(walk((struct store_query){.limit = 10, .q = "bigger", .kind = "limits"}), 1);
    cr_assert_eq(walk((struct store_query){.limit = 10, .q = "K1-10"}), 2);
    cr_assert_str_eq(desk_ask(&desk, "SELECT count(*) FROM audit WHERE seq > 9000 AND"
                                     " " AUDIT_IS_SEARCHED),
                     "3"); /* as what takes them out again counts them */

    /* The rows of before, as the migration finds them. */
    cr_assert_eq(sqlite3_exec(db, "DELETE FROM audit_text", NULL, NULL, NULL), SQLITE_ERROR);
    cr_assert_eq(sqlite3_exec(db, "INSERT INTO audit_text (audit_text) VALUES ('delete-all')", NULL,
                              NULL, NULL),
                 SQLITE_OK);
    cr_assert_eq(walk((struct store_query){.limit = 10, .q = "K1-10"}), 0);
    cr_assert_eq(sqlite3_exec(db, migration_sql(4), NULL, NULL, NULL), SQLITE_OK);
    cr_assert_eq(walk((struct store_query){.limit = 10, .q = "K1-10"}), 2);
    cr_assert_eq(walk((struct store_query){.limit = 10, .q = "bigger day"}), 1);
    audit_writer_close(writer);
    sqlite3_close(db);
    free(writer);
}

Test(store_search, a_kind_that_is_none_is_refused_and_the_kinds_are_named)
{
    struct store_query query = {.limit = 1, .kind = "fil"};
    struct export *export;
    json_t *list;
    struct err err;

    cr_assert_eq(query_run(reader, &query, &list, &err), ERR_MALFORMED);
    cr_assert(strstr(err.text, "one of login, ") && strstr(err.text, ", fill, "), "%s", err.text);
    cr_assert(strstr(err.text, ", storage"), "%s", err.text);
    cr_assert_eq(export_open(&export, desk.dir, &query, EXPORT_CSV, &err), ERR_MALFORMED);
}

Test(store_search, what_cannot_be_meant_is_refused)
{
    static const struct store_query wrong[] = {{.limit = 1, .kind = "A b"},
                                               {.limit = 1, .kind = ""},
                                               {.limit = 1, .q = ""},
                                               {.limit = 1, .actor = ""},
                                               {.limit = 1, .from_ns = 5, .to_ns = 5},
                                               {.limit = 1, .before_seq = UINT64_MAX}};
    json_t *list;
    struct err err;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_eq(query_run(reader, &wrong[i], &list, &err), ERR_MALFORMED, "%zu", i);
}

Test(store_search, kinds_are_counted)
{
    cr_assert_str_eq(desk_ask(&desk, "SELECT group_concat(kind || rows) FROM (SELECT * FROM"
                                     " audit_counts ORDER BY kind)"),
                     "fill3000,limits3000,order3000");
}

/* --- exports --- */

static char *take(enum export_format format, struct store_query query)
{
    struct export *export;
    char *all = calloc(1, 1);
    const char *bytes;
    size_t length, used = 0;
    struct err err;

    cr_assert_eq(export_open(&export, desk.dir, &query, format, &err), OK, "%s", err.text);
    for (;;) {
        cr_assert_eq(export_next(export, &bytes, &length, &err), OK, "%s", err.text);
        if (length == 0)
            break;
        cr_assert_leq(length, 1 << 20);
        all = realloc(all, used + length + 1);
        memcpy(all + used, bytes, length);
        used += length;
        all[used] = '\0';
    }
    export_close(export);
    return all;
}

static size_t lines_of(const char *text)
{
    size_t lines = 0;

    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

Test(store_search, an_export_holds_every_row_once_oldest_first)
{
    char *all = take(EXPORT_NDJSON, (struct store_query){0});

    cr_assert_eq(lines_of(all), ROWS);
    cr_assert_eq(strncmp(all, "{\"seq\":1,", 9), 0);
    free(all);
    all = take(EXPORT_CSV, (struct store_query){.kind = "limits"});
    cr_assert_eq(lines_of(all), ROWS / 3 + 1);
    free(all);
}

Test(store_search, csv_is_quoted_and_no_value_is_a_formula)
{
    char *all = take(EXPORT_CSV, (struct store_query){.actor = "risk1"});

    cr_assert(strstr(all, ",\"fat finger \"\"quoted\"\", once\",,"));
    cr_assert(strstr(all, ",'=1+2,,"));
    cr_assert_eq(strncmp(all, "seq,at_ns,actor,", 16), 0);
    free(all);
}
