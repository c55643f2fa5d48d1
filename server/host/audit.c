#include "host/audit.h"

#include "host/inside.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct host_check {
    const char *area, *name, *path;
    host_judge judge;
    const char *argument;
    enum host_verdict otherwise;
    const char *wanted, *hint;
};

static const struct host_check checks[] = {
#define CHECK(area, name, path, JUDGE, argument, otherwise, wanted, hint)                          \
    {area, name, path, judge_##JUDGE, argument, HOST_##otherwise, wanted, hint},
#include "tables/host.def"
#undef CHECK
};

const char *host_verdict_name(enum host_verdict verdict)
{
    static const char *const names[] = {"ok", "warn", "fail", "unknown"};

    assert((unsigned)verdict < HOST_VERDICTS);
    return names[verdict];
}

/* ---- files ------------------------------------------------------------------------------- */

int host_read(const char *root, const char *path, char *out)
{
    char whole[HOST_PATH_MAX * 2];
    size_t length = 0;
    ssize_t got = 0;
    int fd;

    (void)snprintf(whole, sizeof whole, "%s%s", root, path);
    fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -1;
    while (length < HOST_TEXT_MAX - 1 &&
           ((got = read(fd, out + length, HOST_TEXT_MAX - 1 - length)) > 0 ||
            (got < 0 && errno == EINTR)))
        length += got > 0 ? (size_t)got : 0;
    close(fd);
    memset(out + length, 0, HOST_TEXT_MAX - length < sizeof(int64_t) ? 1 : sizeof(int64_t));
    return got < 0 ? -1 : (int)length;
}

void host_tame(char out[HOST_FOUND_MAX], const char *text)
{
    size_t at = 0;

    text += strspn(text, " \t\n");
    for (; *text && at < HOST_FOUND_MAX - 1; text++) {
        bool is_blank = *text == ' ' || *text == '\t' || *text == '\n';

        if (is_blank && (at == 0 || out[at - 1] == ' '))
            continue;
        out[at++] = is_blank ? ' ' : *text > ' ' && *text < 0x7f ? *text : '?';
    }
    while (at > 0 && out[at - 1] == ' ')
        at--;
    out[at] = '\0';
}

struct host_row *host_add(struct host_audit *audit, const char *area, const char *name,
                          const char *wanted, const char *hint)
{
    struct host_row *row;

    assert(audit->rows < HOST_ROWS_MAX); /* the tables are ours */
    row = &audit->row[audit->rows++];
    *row = (struct host_row){
        .area = area, .name = name, .wanted = wanted, .hint = hint, .verdict = HOST_UNKNOWN};
    return row;
}

/* `@` becomes the core, `$` whose status it is. A row has one of them at most. */
static void fill_path(char out[HOST_PATH_MAX], const char *path, const struct host_audit *audit)
{
    const char *at = strpbrk(path, "@$");
    char what[32] = "";

    if (at && *at == '@')
        (void)snprintf(what, sizeof what, "%d", audit->core);
    else if (at && audit->tid > 0)
        (void)snprintf(what, sizeof what, "self/task/%d", audit->tid);
    else if (at)
        (void)snprintf(what, sizeof what, "self");
    (void)snprintf(out, HOST_PATH_MAX, "%.*s%s%s", at ? (int)(at - path) : (int)strlen(path), path,
                   what, at ? at + 1 : "");
}

static enum host_verdict judge_file(const struct host_check *check, const struct host_look *look,
                                    char *text, char found[HOST_FOUND_MAX])
{
    static const enum host_verdict plain[] = {
        [HOST_YES] = HOST_OK, [HOST_CANNOT_TELL] = HOST_UNKNOWN};
    enum host_answer answer;

    found[0] = '\0';
    if (host_read(look->root, look->path, text) < 0)
        return HOST_UNKNOWN;
    answer = check->judge(look, text, found);
    return answer == HOST_NO ? check->otherwise : plain[answer];
}

/* What stands in place of the first `*`: "eth0" of /sys/class/net/eth0/threaded. */
static int star_of(const char *pattern, const char *path, const char **star)
{
    *star = path + (strchr(pattern, '*') - pattern);
    while (*star > path && (*star)[-1] != '/')
        (*star)--;
    return (int)strcspn(*star, "/");
}

static int badness(enum host_verdict verdict)
{
    static const int order[] = {
        [HOST_OK] = 0, [HOST_UNKNOWN] = 1, [HOST_WARN] = 2, [HOST_FAIL] = 3};

    return order[verdict];
}

/* The worst of all matches is shown; where none is worse than another, all are, if they fit. */
static void add_match(struct host_row *row, bool is_first, enum host_verdict verdict,
                      const char *star, int length, const char *found)
{
    size_t used;

    if (is_first || badness(verdict) > badness(row->verdict)) {
        row->verdict = verdict;
        row->found[0] = '\0';
    }
    if (verdict != row->verdict || found[0] == '\0')
        return;
    used = strlen(row->found);
    (void)snprintf(row->found + used, HOST_FOUND_MAX - used, "%s%.*s: %s", used ? "; " : "", length,
                   star, found);
}

static void check_matches(const struct host_check *check, struct host_look *look, char *text,
                          struct host_row *row)
{
    char pattern[HOST_PATH_MAX * 2], found[HOST_FOUND_MAX];
    size_t root = strlen(look->root);
    const char *wanted = look->path;
    glob_t matches = {0};

    (void)snprintf(pattern, sizeof pattern, "%s%s", look->root, wanted);
    if (glob(pattern, 0, NULL, &matches) == 0)
        for (size_t at = 0; at < matches.gl_pathc; at++) {
            const char *star;
            int length = star_of(wanted, matches.gl_pathv[at] + root, &star);
            enum host_verdict verdict;

            look->path = matches.gl_pathv[at] + root;
            verdict = judge_file(check, look, text, found);
            add_match(row, at == 0, verdict, star, length, found);
        }
    if (matches.gl_pathc > 0 && row->found[0] == '\0')
        (void)snprintf(row->found, HOST_FOUND_MAX, "none of %zu", matches.gl_pathc);
    globfree(&matches);
}

void host_files(struct host_audit *audit, const char *root)
{
    char *text = malloc(HOST_TEXT_MAX);
    char path[HOST_PATH_MAX];

    for (size_t at = 0; at < sizeof checks / sizeof *checks; at++) {
        const struct host_check *check = &checks[at];
        struct host_row *row =
            host_add(audit, check->area, check->name, check->wanted, check->hint);
        struct host_look look = {
            .root = root, .core = audit->core, .path = path, .argument = check->argument};

        if (!text)
            continue; /* all unknown */
        fill_path(path, check->path, audit);
        if (strchr(path, '*'))
            check_matches(check, &look, text, row);
        else
            row->verdict = judge_file(check, &look, text, row->found);
    }
    free(text);
}

/* ---- the whole ---------------------------------------------------------------------------- */

enum host_verdict host_worst(const struct host_audit *audit)
{
    enum host_verdict worst = HOST_OK;

    for (size_t at = 0; at < audit->rows; at++)
        if (audit->row[at].verdict != HOST_UNKNOWN &&
            badness(audit->row[at].verdict) > badness(worst))
            worst = audit->row[at].verdict;
    return worst;
}

size_t host_count(const struct host_audit *audit, enum host_verdict verdict)
{
    size_t count = 0;

    for (size_t at = 0; at < audit->rows; at++)
        count += audit->row[at].verdict == verdict;
    return count;
}

static json_t *row_json(const struct host_row *row)
{
    return json_pack("{s:s s:s s:s s:s? s:s s:s}", "area", row->area, "name", row->name, "verdict",
                     host_verdict_name(row->verdict), "found", row->found[0] ? row->found : NULL,
                     "wanted", row->wanted, "hint", row->hint);
}

json_t *host_json(const struct host_audit *audit)
{
    json_t *counts = json_object(), *results = json_array();

    for (int at = 0; at < HOST_VERDICTS; at++)
        json_object_set_new(counts, host_verdict_name((enum host_verdict)at),
                            json_integer((json_int_t)host_count(audit, (enum host_verdict)at)));
    for (size_t at = 0; at < audit->rows; at++)
        json_array_append_new(results, row_json(&audit->row[at]));
    return json_pack("{s:i s:s s:o s:o}", "core", audit->core, "verdict",
                     host_verdict_name(host_worst(audit)), "counts", counts, "results", results);
}
