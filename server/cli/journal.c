/* pitwall journal dump|verify|follow: the journal on disk, in words and checked. Readers only: they
 * work while a server runs and when none does.
 *
 *   dump    one record a line: sequence, time, kind, cause, fields. Exit 65 when it ends at damage
 *   verify  both lanes whole. Exit 1 when something is wrong, and which sequence is the first
 *   follow  goes on as the journal does, until Ctrl-C. Records that retention removed before they
 *           were read are told, as an overrun */
#include "cli/cli.h"
#include "cli/record_fields.h"

#include "thread/log.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct timespec poll_every = {.tv_nsec = 50000000};

struct journal_options {
    const char *dir;
    const char *lane_text, *kind_text, *from_text, *to_text, *limit_text, *head_text;
    bool json;
    bool one_lane;
    enum journal_lane lane;
    uint64_t from, to, limit;
    struct journal_head head;
};

/* --- options --- */

static bool number_of(const char *text, uint64_t *value)
{
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool lane_of(const char *text, enum journal_lane *lane)
{
    for (int at = 0; at < JOURNAL_LANES; at++) {
        if (strcmp(text, journal_lane_name((enum journal_lane)at)) == 0) {
            *lane = (enum journal_lane)at;
            return true;
        }
    }
    return false;
}

static int hex_digit(char letter)
{
    const char *digits = "0123456789abcdef";
    const char *at = letter ? strchr(digits, letter | 0x20) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* SEQ:HASH, as verify prints it. */
static bool head_of(const char *text, struct journal_head *head)
{
    const char *colon = strchr(text, ':');
    char seq[24];

    if (!colon || colon - text >= (ptrdiff_t)sizeof seq ||
        strlen(colon + 1) != 2 * (size_t)JOURNAL_HASH_BYTES)
        return false;
    memcpy(seq, text, (size_t)(colon - text));
    seq[colon - text] = '\0';
    for (uint32_t at = 0; at < JOURNAL_HASH_BYTES; at++) {
        int high = hex_digit(colon[1 + 2 * at]);
        int low = hex_digit(colon[2 + 2 * at]);

        if (high < 0 || low < 0)
            return false;
        head->hash[at] = (uint8_t)(high << 4 | low);
    }
    return number_of(seq, &head->seq) && head->seq != 0;
}

/* Records of the engine lane have the kinds of two tables; those of the other one any word. */
static bool kind_is_known(const struct journal_options *options)
{
    char name[KIND_TEXT_MAX];
    uint64_t number;

    if (!options->kind_text || options->lane != JOURNAL_ENGINE ||
        number_of(options->kind_text, &number))
        return true;
    for (uint32_t kind = 0; kind <= UINT16_MAX; kind++)
        if (strcmp(options->kind_text, record_kind_name(options->lane, (uint16_t)kind, name)) == 0)
            return true;
    return false;
}

static const char *options_check(struct journal_options *options)
{
    if (!options->dir)
        return "--data is missing";
    options->one_lane = options->lane_text != NULL;
    if (options->lane_text && !lane_of(options->lane_text, &options->lane))
        return "--lane is engine or control";
    if (!kind_is_known(options))
        return "--kind is no kind of the engine lane; `pitwall spec events` lists its events";
    options->to = options->limit = UINT64_MAX;
    if ((options->from_text && !number_of(options->from_text, &options->from)) ||
        (options->to_text && !number_of(options->to_text, &options->to)))
        return "--from and --to want a sequence, a whole number";
    if (options->limit_text && !number_of(options->limit_text, &options->limit))
        return "--limit wants a whole number";
    if (options->head_text && !head_of(options->head_text, &options->head))
        return "--head wants SEQ:HASH, the hash in 64 hexadecimal digits, as verify prints it";
    return NULL;
}

/* NULL: well; else what is wrong. */
static const char *options_read(struct journal_options *options, int argc, char **argv)
{
    const struct {
        const char *name;
        const char **value;
    } rows[] = {{"--data", &options->dir},       {"--lane", &options->lane_text},
                {"--kind", &options->kind_text}, {"--from", &options->from_text},
                {"--to", &options->to_text},     {"--limit", &options->limit_text},
                {"--head", &options->head_text}};

    for (int at = 1; at < argc; at++) {
        bool known = strcmp(argv[at], "--json") == 0;

        options->json |= known;
        for (size_t row = 0; !known && row < sizeof rows / sizeof rows[0]; row++) {
            if (strcmp(argv[at], rows[row].name) != 0)
                continue;
            if (at + 1 == argc)
                return "an argument is without its value";
            *rows[row].value = argv[++at];
            known = true;
        }
        if (!known)
            return "unknown argument";
    }
    return options_check(options);
}

/* --- a record --- */

static void print_time(int64_t at_ns)
{
    time_t seconds = (time_t)(at_ns / 1000000000);
    struct tm utc;
    char text[32];

    if (at_ns < 0 || !gmtime_r(&seconds, &utc) || strftime(text, sizeof text, "%FT%T", &utc) == 0)
        printf("%" PRId64 "ns", at_ns);
    else
        printf("%s.%09dZ", text, (int)(at_ns % 1000000000));
}

/* name=value; a map opens into name.member=value. */
static void print_fields(const char *prefix, json_t *fields)
{
    const char *name;
    json_t *value;

    json_object_foreach(fields, name, value)
    {
        char full[96];
        char *text;

        (void)snprintf(full, sizeof full, "%s%s%s", prefix, prefix[0] ? "." : "", name);
        if (json_is_object(value)) {
            print_fields(full, value);
            continue;
        }
        text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        if (json_is_string(value) && text && !strpbrk(text, " \\="))
            printf(" %s=%s", full, json_string_value(value));
        else if (json_is_null(value))
            printf(" %s=-", full);
        else
            printf(" %s=%s", full, text ? text : "?");
        free(text);
    }
}

static void print_json(enum journal_lane lane, const struct lane_record *record, json_t *fields)
{
    char kind[KIND_TEXT_MAX];
    char at_ns[24];
    char cause[24];
    json_t *line;

    (void)snprintf(at_ns, sizeof at_ns, "%" PRId64, record->at_ns);
    (void)snprintf(cause, sizeof cause, "%" PRIu64, record->cause);
    line = json_pack("{s:s, s:I, s:s, s:s, s:s, s:O}", "lane", journal_lane_name(lane), "seq",
                     (json_int_t)record->commit, "at_ns", at_ns, "kind",
                     record_kind_name(lane, record->kind, kind), "cause", cause, "fields", fields);
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

static void print_record(const struct journal_options *options, const struct lane_record *record,
                         json_t *fields)
{
    char kind[KIND_TEXT_MAX];

    if (options->json) {
        print_json(options->lane, record, fields);
        return;
    }
    printf("%" PRIu64 " ", record->commit);
    print_time(record->at_ns);
    printf(" %s cause=", record_kind_name(options->lane, record->kind, kind));
    if (record->cause != 0)
        printf("%" PRIu64, record->cause);
    else
        putchar('-');
    print_fields("", fields);
    putchar('\n');
}

/* By name or number; a control record also by the kind of its fact. */
static bool is_wanted(const struct journal_options *options, const struct lane_record *record,
                      const json_t *fields)
{
    const char *wanted = options->kind_text;
    const char *fact = json_string_value(json_object_get(fields, "kind"));
    char kind[KIND_TEXT_MAX];
    char number[KIND_TEXT_MAX];

    if (!wanted)
        return true;
    (void)snprintf(number, sizeof number, "%u", record->kind);
    return strcmp(wanted, record_kind_name(options->lane, record->kind, kind)) == 0 ||
           strcmp(wanted, number) == 0 ||
           (options->lane == JOURNAL_CONTROL && fact && strcmp(wanted, fact) == 0);
}

/* True when it was printed. */
static bool show(const struct journal_options *options, const struct lane_record *record,
                 const void *payload)
{
    json_t *fields = record_fields(options->lane, record, payload);
    bool wanted = is_wanted(options, record, fields);

    if (wanted)
        print_record(options, record, fields);
    json_decref(fields);
    return wanted;
}

static enum status check_there(const char *dir, struct err *err)
{
    uint64_t first = 0;
    uint64_t other = 0;
    enum status status = journal_first_seq(dir, JOURNAL_ENGINE, &first, err);

    if (status == OK)
        status = journal_first_seq(dir, JOURNAL_CONTROL, &other, err);
    if (status == OK && first == 0 && other == 0)
        return err_format(err, ERR_NOT_FOUND, "%s: there is no journal in it", dir);
    return status;
}

/* --- dump --- */

static enum status dump_records(const struct journal_options *options,
                                struct journal_reader *reader, struct err *err)
{
    struct lane_record record;
    const void *payload;
    uint64_t shown = 0;
    enum status status = OK;

    while (shown < options->limit && !ferror(stdout) &&
           (status = journal_reader_next(reader, &record, &payload, err)) == OK) {
        if (record.commit > options->to)
            return OK;
        shown += show(options, &record, payload);
    }
    if (status == ERR_NOT_FOUND && journal_reader_left(reader) != 0)
        fprintf(stderr, "pitwall journal: %" PRIu64 " bytes follow that are no whole record\n",
                journal_reader_left(reader));
    return status == ERR_NOT_FOUND ? OK : status;
}

static enum status dump(const struct journal_options *options, struct err *err)
{
    struct journal_reader *reader;
    enum status status = check_there(options->dir, err);

    if (status == OK)
        status = journal_reader_open(&reader, options->dir, options->lane, options->from, err);
    if (status != OK)
        return status;
    status = dump_records(options, reader, err);
    journal_reader_close(reader);
    return status;
}

/* --- follow --- */

static volatile sig_atomic_t is_over;

static void end_it(int number)
{
    (void)number;
    is_over = 1;
}

/* Told where the records would stand. */
static enum status say_overrun(struct journal_options *options, struct err *err)
{
    uint64_t first;
    enum status status = journal_first_seq(options->dir, options->lane, &first, err);

    if (status != OK)
        return status;
    if (options->json)
        printf("{\"lane\":\"%s\",\"overrun\":{\"from\":%" PRIu64 ",\"to\":%" PRIu64 "}}\n",
               journal_lane_name(options->lane), options->from, first - 1);
    else
        printf("overrun: sequences %" PRIu64 " to %" PRIu64 " were removed before they were read\n",
               options->from, first - 1);
    options->from = first;
    return OK;
}

/* All that is there by now. */
static enum status catch_up(struct journal_options *options, struct journal_reader *reader,
                            uint64_t *shown, struct err *err)
{
    struct lane_record record;
    const void *payload;
    enum status status = OK;

    while (!is_over && *shown < options->limit && !ferror(stdout) &&
           (status = journal_reader_next(reader, &record, &payload, err)) == OK) {
        if (record.commit > options->to)
            is_over = 1;
        else
            *shown += show(options, &record, payload);
        options->from = record.commit + 1;
    }
    fflush(stdout);
    return status == ERR_NOT_FOUND ? OK : status;
}

static enum status follow_reader(struct journal_options *options, struct journal_reader *reader,
                                 uint64_t *shown, struct err *err)
{
    enum status status = OK;

    while (status == OK && !is_over && *shown < options->limit && !ferror(stdout)) {
        status = catch_up(options, reader, shown, err);
        if (status == OK)
            status = journal_reader_again(reader, err);
        if (status == OK && *shown < options->limit && !is_over)
            nanosleep(&poll_every, NULL);
    }
    return status;
}

/* From the end on, when nothing else was asked for. */
static enum status find_end(struct journal_options *options, struct err *err)
{
    struct journal_reader *reader;
    struct lane_record record;
    const void *payload;
    enum status status;

    status = journal_reader_open(&reader, options->dir, options->lane, UINT64_MAX, err);
    if (status != OK)
        return status;
    status = journal_reader_next(reader, &record, &payload, err);
    options->from = journal_reader_next_seq(reader);
    journal_reader_close(reader);
    return status == ERR_NOT_FOUND ? OK : status;
}

static enum status follow(struct journal_options *options, struct err *err)
{
    struct sigaction action = {.sa_handler = end_it};
    uint64_t damaged_at = 0;
    uint64_t shown = 0;
    enum status status = check_there(options->dir, err);

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (status == OK && !options->from_text)
        status = find_end(options, err);
    while (status == OK && !is_over && shown < options->limit && !ferror(stdout)) {
        struct journal_reader *reader;

        status = journal_reader_open(&reader, options->dir, options->lane, options->from, err);
        if (status == OK) {
            status = follow_reader(options, reader, &shown, err);
            journal_reader_close(reader);
        }
        if (status == ERR_REMOVED)
            status = say_overrun(options, err);
        /* A file that was just cut back and begun anew looks damaged once, not twice. */
        if (status == ERR_DAMAGED && damaged_at != options->from + 1) {
            damaged_at = options->from + 1;
            status = OK;
        }
    }
    return status;
}

/* --- verify --- */

static void hash_print(char out[2 * JOURNAL_HASH_BYTES + 1], const uint8_t *hash)
{
    for (uint32_t at = 0; at < JOURNAL_HASH_BYTES; at++)
        (void)snprintf(out + 2 * (size_t)at, 3, "%02x", hash[at]);
}

static json_t *seq_or_null(uint64_t seq)
{
    return seq == 0 ? json_null() : json_integer((json_int_t)seq);
}

static json_t *report_json(enum journal_lane lane, const struct journal_report *report)
{
    char hash[2 * JOURNAL_HASH_BYTES + 1];

    hash_print(hash, report->head.hash);
    return json_pack("{s:s, s:o, s:o, s:I, s:I, s:o, s:o, s:I, s:I, s:o}", "lane",
                     journal_lane_name(lane), "first_seq", seq_or_null(report->first_seq),
                     "last_seq", seq_or_null(report->head.seq), "records",
                     (json_int_t)report->records, "bytes", (json_int_t)report->bytes, "head_hash",
                     report->records > 0 ? json_string(hash) : json_null(), "first_bad_seq",
                     seq_or_null(report->first_bad_seq), "torn_bytes",
                     (json_int_t)report->torn_bytes, "lost", (json_int_t)report->lost, "why",
                     report->first_bad_seq != 0 ? json_string(report->why) : json_null());
}

static void report_print(enum journal_lane lane, const struct journal_report *report)
{
    char hash[2 * JOURNAL_HASH_BYTES + 1];

    printf("%-8s", journal_lane_name(lane));
    if (report->first_bad_seq != 0)
        printf("damaged at sequence %" PRIu64 ": %s; before it: ", report->first_bad_seq,
               report->why);
    else
        printf("well: ");
    if (report->records == 0) {
        printf("no records\n");
        return;
    }
    hash_print(hash, report->head.hash);
    printf("%" PRIu64 " to %" PRIu64 ", %" PRIu64 " records, %" PRIu64 " bytes, head %" PRIu64
           ":%s\n",
           report->first_seq, report->head.seq, report->records, report->bytes, report->head.seq,
           hash);
    if (report->lost != 0)
        printf("        %" PRIu64 " sequences are lost: a power loss took them, the next file says "
               "so\n",
               report->lost);
    if (report->torn_bytes != 0)
        printf("        %" PRIu64
               " bytes at the end are no whole record: being written, or torn by "
               "a crash; a start cuts them\n",
               report->torn_bytes);
}

static enum status verify(const struct journal_options *options, bool *well, struct err *err)
{
    json_t *lanes = json_array();
    enum status status = check_there(options->dir, err);

    *well = true;
    for (int at = 0; at < JOURNAL_LANES && status == OK; at++) {
        enum journal_lane lane = (enum journal_lane)at;
        struct journal_report report;

        if (options->one_lane && lane != options->lane)
            continue;
        status = journal_verify(options->dir, lane, lane == options->lane ? &options->head : NULL,
                                &report, err);
        if (status != OK)
            break;
        *well = *well && report.first_bad_seq == 0;
        json_array_append_new(lanes, report_json(lane, &report));
        if (!options->json)
            report_print(lane, &report);
    }
    if (options->json && status == OK) {
        json_t *all = json_pack("{s:b, s:O}", "ok", (int)*well, "lanes", lanes);

        json_dumpf(all, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(all);
    }
    json_decref(lanes);
    return status;
}

int cli_journal(int argc, char **argv)
{
    struct journal_options options = {0};
    struct err err = {0};
    const char *problem;
    enum status status;
    bool well = true;

    if (argc < 1 || (strcmp(argv[0], "dump") != 0 && strcmp(argv[0], "verify") != 0 &&
                     strcmp(argv[0], "follow") != 0))
        return cli_usage("journal", "say what: dump, verify or follow");
    problem = options_read(&options, argc, argv);
    if (problem)
        return cli_usage("journal", problem);
    if (argv[0][0] == 'd')
        status = dump(&options, &err);
    else if (argv[0][0] == 'f')
        status = follow(&options, &err);
    else
        status = verify(&options, &well, &err);
    if (fflush(stdout) != 0 && status == OK)
        status = err_set(&err, ERR_IO, "the output does not take it");
    if (status != OK)
        return cli_fail("journal", &err);
    return well ? 0 : 1;
}
