#include "cli/bench_market.h"

#include "cli/replay_run.h"
#include "gateway/binance/decode.h"
#include "gateway/recording/files.h"
#include "gateway/recording/probe.h"
#include "thread/clock.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE_BYTES = 16 << 20, SAMPLE_FRAMES = 1 << 17 };

/* Frames of one file, one behind the other, each closed by a newline; frame n ends at end[n]. */
struct sample {
    char *bytes;
    uint32_t *end;
    uint32_t frames;
    size_t used;
    struct binance_grid grid;
};

static void free_paths(char **paths, uint32_t count)
{
    for (uint32_t at = 0; at < count; at++)
        free(paths[at]);
}

static enum status load(struct sample *sample, struct lines *lines, const char *path,
                        struct level *levels, struct err *err)
{
    struct probe probe;
    enum lines_result result;
    const char *text;
    size_t length = 0;
    enum status status = probe_file(lines, path, levels, &probe, err);

    if (status == OK)
        status = lines_open(lines, path, err);
    if (status != OK)
        return status;
    sample->grid = probe.grid;
    sample->bytes = malloc(SAMPLE_BYTES + BINANCE_PADDING);
    sample->end = malloc(SAMPLE_FRAMES * sizeof *sample->end);
    if (!sample->bytes || !sample->end)
        return err_set(err, ERR_INTERNAL, "out of memory");
    while ((result = lines_next(lines, &text, &length)) != LINES_END) {
        const char *frame;
        int64_t ns;

        if (result == LINES_BAD || !probe_time(text, length, &ns, &frame, &length))
            continue;
        if (sample->used + length + 1 > SAMPLE_BYTES || sample->frames == SAMPLE_FRAMES)
            break;
        memcpy(sample->bytes + sample->used, frame, length);
        sample->bytes[sample->used + length] = '\n';
        sample->end[sample->frames++] = (uint32_t)(sample->used + length);
        sample->used += length + 1;
    }
    return OK;
}

/* ns for all frames of a sample; ours when there are levels to fill, else jansson's. */
static int64_t decode_all(const struct sample *sample, struct level *levels)
{
    const char *at = sample->bytes;
    int64_t started_ns = clock_mono_ns();

    for (uint32_t n = 0; n < sample->frames; n++) {
        const char *end = sample->bytes + sample->end[n];

        if (levels) {
            struct binance_frame frame;

            (void)binance_decode(at, (size_t)(end - at), &sample->grid, &frame, levels,
                                 MAX_MARKET_LEVELS);
        } else {
            json_decref(json_loadb(at, (size_t)(end - at), 0, NULL));
        }
        at = end + 1;
    }
    return clock_mono_ns() - started_ns;
}

static void measure_round(const struct sample *samples, uint32_t count, struct level *levels,
                          struct bench_pair *pair)
{
    int64_t ours_ns = 0;
    int64_t jansson_ns = 0;

    pair->frames = 0;
    for (uint32_t at = 0; at < count; at++) {
        ours_ns += decode_all(&samples[at], levels);
        jansson_ns += decode_all(&samples[at], NULL);
        pair->frames += samples[at].frames;
    }
    pair->ours[pair->rounds] = (double)ours_ns / (double)(pair->frames ? pair->frames : 1);
    pair->jansson[pair->rounds++] = (double)jansson_ns / (double)(pair->frames ? pair->frames : 1);
}

static enum status measure_decoder(char *const *paths, uint32_t count, uint32_t rounds,
                                   struct bench_pair *pair, struct err *err)
{
    struct sample *samples = calloc(count ? count : 1, sizeof *samples);
    struct level *levels = calloc(MAX_MARKET_LEVELS, sizeof *levels);
    struct lines *lines = lines_create();
    enum status status =
        samples && levels && lines ? OK : err_set(err, ERR_INTERNAL, "out of memory");

    for (uint32_t at = 0; status == OK && at < count; at++) {
        status = load(&samples[at], lines, paths[at], levels, err);
        pair->bytes += samples[at].used;
    }
    while (status == OK && pair->rounds < rounds && pair->rounds < BENCH_ROUNDS_MAX)
        measure_round(samples, count, levels, pair);
    for (uint32_t at = 0; samples && at < count; at++) {
        free(samples[at].bytes);
        free(samples[at].end);
    }
    lines_destroy(lines);
    free(levels);
    free(samples);
    return status;
}

enum status bench_decoder(const char *const paths[], uint32_t count, uint32_t rounds,
                          struct bench_pair *pair, struct err *err)
{
    char *found[RECORDING_FILES_MAX];
    uint32_t files;
    enum status status = files_find(paths, count, found, &files, err);

    *pair = (struct bench_pair){0};
    if (status == OK)
        status = measure_decoder(found, files, rounds, pair, err);
    free_paths(found, files);
    return status;
}

/* Gunzip and parse of one file, line by line, as a program without us would do it. */
static enum status parse_file(struct lines *lines, const char *path, struct bench_pair *pair,
                              struct err *err)
{
    enum lines_result result;
    const char *text;
    size_t length = 0;
    enum status status = lines_open(lines, path, err);

    if (status != OK)
        return status;
    while ((result = lines_next(lines, &text, &length)) != LINES_END) {
        const char *frame;
        int64_t ns;

        if (result == LINES_BAD || !probe_time(text, length, &ns, &frame, &length))
            continue;
        json_decref(json_loadb(frame, length, 0, NULL));
        pair->frames++;
        pair->bytes += length;
    }
    return OK;
}

static enum status replay_round(const char *const paths[], uint32_t count, char *const *files,
                                uint32_t files_count, struct lines *lines, struct bench_pair *pair,
                                struct err *err)
{
    struct replay_result *result;
    enum status status = replay_run(paths, count, NULL, &result, err);
    int64_t started_ns;

    if (status != OK)
        return status;
    pair->ours[pair->rounds] = result->seconds;
    replay_result_free(result);
    pair->frames = pair->bytes = 0;
    started_ns = clock_mono_ns();
    for (uint32_t at = 0; status == OK && at < files_count; at++)
        status = parse_file(lines, files[at], pair, err);
    pair->jansson[pair->rounds++] = (double)(clock_mono_ns() - started_ns) / 1e9;
    return status;
}

enum status bench_replays(const char *const paths[], uint32_t count, uint32_t rounds,
                          struct bench_pair *pair, struct err *err)
{
    char *found[RECORDING_FILES_MAX];
    uint32_t files;
    struct lines *lines = lines_create();
    enum status status = files_find(paths, count, found, &files, err);

    *pair = (struct bench_pair){0};
    if (status == OK && !lines)
        status = err_set(err, ERR_INTERNAL, "out of memory");
    while (status == OK && pair->rounds < rounds && pair->rounds < BENCH_ROUNDS_MAX)
        status = replay_round(paths, count, found, files, lines, pair, err);
    lines_destroy(lines);
    free_paths(found, files);
    return status;
}
