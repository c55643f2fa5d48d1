/* pitwall watch: the desk in a terminal, once a second.
 *
 * Three reads a frame (/latest, open orders, alerts); after the first frame each has less than a
 * second of patience, so that a server that does not answer is told within two. What was read last
 * then stays, faint. With stdout no terminal: one line a second, or with --json one document. */
#include "cli/screen.h"
#include "cli/watch_frame.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 900, EVERY_MAX_S = 60, PLAIN_ROWS = 200 };

struct watch {
    struct client_target target;
    struct watch_data data;
    struct watch_widths widths;
    int every_ms;
};

/* ----------------------------------------------------------------------------------- read */

static enum status read_into(const struct client_target *target, const char *path, json_t **place,
                             struct err *err)
{
    struct client_answer answer;
    enum status status = client_call(target, "GET", path, NULL, NULL, &answer, err);

    if (status != OK) {
        json_decref(answer.json);
        return status;
    }
    json_decref(*place);
    *place = answer.json;
    return OK;
}

static json_t *items_of(const json_t *latest, const char *list)
{
    return json_object_get(json_object_get(latest, list), "items");
}

static enum status watch_read(struct watch *watch, struct err *err)
{
    const struct client_target *target = &watch->target;
    struct watch_data *data = &watch->data;
    struct timespec now;
    struct err none;
    enum status status;

    *err = (struct err){0};
    status = read_into(target, "/api/v1/latest", &data->latest, err);
    if (status == OK)
        status = read_into(target, "/api/v1/orders?state=open&limit=100", &data->orders, err);
    if (status == OK &&
        read_into(target, "/api/v1/alerts?state=firing&limit=1000", &data->alerts, &none) != OK) {
        json_decref(data->alerts); /* unknown: those of before would pass for those of now */
        data->alerts = NULL;
    }
    data->is_old = status != OK;
    if (status == OK && !target->json)
        data->is_unsure = drift_look(&data->drift, items_of(data->latest, "positions"),
                                     items_of(data->latest, "trading_state"));
    text_tame(data->why, sizeof data->why, err->text);
    if (status == OK) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        data->read_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    }
    return status;
}

/* ---------------------------------------------------------------------------------- print */

static void print_json(const struct watch_data *data)
{
    struct timespec now;
    char at[24];
    json_t *json;

    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(at, sizeof at, "%lld%09ld", (long long)now.tv_sec, now.tv_nsec);
    json = json_pack("{s:s,s:b,s:s*,s:O?,s:O?,s:O?}", "at_ns", at, "answered", !data->is_old, "why",
                     data->is_old ? data->why : NULL, "latest", data->latest, "orders",
                     data->orders, "alerts", data->alerts);
    json_dumpf(json, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    putchar('\n');
    json_decref(json);
}

/* As wide as the terminal; as wide as it is where stdout is none. */
static void print_once(struct watch *watch)
{
    struct watch_page page = {.out = stdout};
    struct err err;

    if (watch->target.json) {
        print_json(&watch->data);
        return;
    }
    while (watch->data.is_unsure && !watch->data.is_old) {
        drift_wait();
        watch_read(watch, &err);
    }
    if (isatty(STDOUT_FILENO))
        screen_size(&page.rows, &page.columns);
    page.rows = PLAIN_ROWS;
    watch_frame(&page, &watch->data, &watch->widths);
}

static void draw(struct watch *watch)
{
    char *text = NULL;
    size_t size = 0;
    struct watch_page page = {.out = open_memstream(&text, &size), .is_styled = true};

    if (!page.out)
        return;
    screen_size(&page.rows, &page.columns);
    watch_frame(&page, &watch->data, &watch->widths);
    if (fclose(page.out) == 0)
        screen_draw(text, watch->data.is_old);
    free(text);
}

/* ---------------------------------------------------------------------------------- loops */

static void run_screen(struct watch *watch)
{
    enum screen_event event = SCREEN_RESIZED;
    struct err err;

    while (event != SCREEN_QUIT) {
        if (event == SCREEN_TIME)
            watch_read(watch, &err);
        draw(watch);
        event = screen_wait(watch->every_ms);
    }
    screen_close();
}

/* Ends when nobody reads any more. */
static void run_lines(struct watch *watch)
{
    const struct timespec every = {.tv_sec = watch->every_ms / 1000};
    struct err err;

    do {
        if (watch->target.json)
            print_json(&watch->data);
        else
            watch_line(stdout, &watch->data);
        if (fflush(stdout) != 0)
            return;
        nanosleep(&every, NULL);
        watch_read(watch, &err);
    } while (true);
}

static const char *every_read(const char *text, int *every_ms)
{
    char *end;
    long seconds = text ? strtol(text, &end, 10) : 1;

    if (text && (*end != '\0' || seconds < 1 || seconds > EVERY_MAX_S))
        return "--every is a number of seconds, 1 to 60";
    *every_ms = (int)seconds * 1000;
    return NULL;
}

int cli_watch(int argc, char **argv)
{
    struct watch watch = {0};
    bool is_once = false;
    const char *every = NULL;
    const struct cli_option table[] = {
        {"--once", NULL, &is_once}, {"--every", &every, NULL}, {NULL, NULL, NULL}};
    const char *problem = cli_options_read(argc, argv, &watch.target, table);
    struct err err;

    if (!problem)
        problem = cli_target_check(&watch.target);
    if (!problem)
        problem = every_read(every, &watch.every_ms);
    if (problem)
        return cli_usage("watch", problem);
    if (watch_read(&watch, &err) != OK)
        return cli_fail("watch", &err); /* a wrong address is told, not watched */
    watch.target.patience_ms = PATIENCE_MS;
    if (is_once)
        print_once(&watch);
    else if (watch.target.json || !screen_open())
        run_lines(&watch);
    else
        run_screen(&watch);
    drift_end(&watch.data.drift);
    json_decref(watch.data.latest);
    json_decref(watch.data.orders);
    json_decref(watch.data.alerts);
    return 0;
}
