/* What a recording must show: decoder and whole replay beside jansson, and the counts of the
 * self-check against the recording's own bookTicker. */
#include "cli/bench_market.h"
#include "cli/replay_run.h"

#include <stdio.h>
#include <string.h>

enum { ROUNDS = 5 };

static void say(const char *part, const struct err *err)
{
    fprintf(stderr, "pitwall bench: %s: %s\n", part, err->text);
}

/* The ratio of each round, so that both sides of a ratio saw the same noise. */
static void add_ratio(struct bench *bench, struct bench_figure figure,
                      const struct bench_pair *pair, bool theirs_over_ours)
{
    for (uint32_t at = 0; at < pair->rounds; at++)
        bench_round(&figure, theirs_over_ours ? pair->jansson[at] / pair->ours[at]
                                              : pair->ours[at] / pair->jansson[at]);
    bench_add(bench, &figure);
}

static bool decoder(struct bench *bench)
{
    static struct bench_pair pair;
    struct bench_figure ns = {.id = "i1.decoder_ns", .unit = "ns a frame"};
    struct err err;

    if (bench_decoder(&bench->recordings, 1, bench->quick ? 1 : ROUNDS, &pair, &err) != OK) {
        say("decoder", &err);
        return false;
    }
    for (uint32_t at = 0; at < pair.rounds; at++)
        bench_round(&ns, pair.ours[at]);
    ns.anchor = "jansson, ns a frame";
    ns.anchor_value = bench_median(pair.jansson, pair.rounds);
    bench_add(bench, &ns);
    add_ratio(
        bench,
        (struct bench_figure){
            .id = "i1.decoder_vs_jansson", .unit = "times as fast", .target = 20, .sense = "min"},
        &pair, true);
    return true;
}

static bool whole_replay(struct bench *bench)
{
    static struct bench_pair pair;
    struct bench_figure seconds = {.id = "i1.replay_s", .unit = "s"};
    struct err err;

    if (bench_replays(&bench->recordings, 1, bench->quick ? 1 : ROUNDS, &pair, &err) != OK) {
        say("replay", &err);
        return false;
    }
    for (uint32_t at = 0; at < pair.rounds; at++)
        bench_round(&seconds, pair.ours[at]);
    seconds.anchor = "gunzip and jansson, s";
    seconds.anchor_value = bench_median(pair.jansson, pair.rounds);
    bench_add(bench, &seconds);
    add_ratio(bench,
              (struct bench_figure){.id = "i1.replay_vs_gunzip_jansson",
                                    .unit = "of its time",
                                    .target = 1.0 / 3,
                                    .sense = "max"},
              &pair, false);
    return true;
}

static void add_count(struct bench *bench, const char *id, const char *unit, uint64_t value,
                      uint64_t target, const char *sense)
{
    struct bench_figure figure = {.id = id, .unit = unit, .target = (double)target, .sense = sense};

    bench_round(&figure, (double)value);
    bench_add(bench, &figure);
}

/* Summed over the instruments; tests/replay holds the figure of each. */
static bool counts(struct bench *bench)
{
    struct replay_result *result;
    uint64_t checks = 0;
    uint64_t equal = 0;
    uint64_t gaps = 0;
    uint64_t crossed = 0;
    struct err err;

    if (replay_run(&bench->recordings, 1, NULL, &result, &err) != OK) {
        say("self-check", &err);
        return false;
    }
    for (uint16_t at = 0; at < result->instruments.count; at++) {
        checks += result->instrument[at].check.checks;
        equal += result->instrument[at].check.equal;
        gaps += result->instrument[at].counts.sequence_gaps;
        crossed += result->instrument[at].crossed;
    }
    add_count(bench, "i1.replay_lines", "lines", result->lines, 370228, "min");
    add_count(bench, "i1.replay_checks", "checks", checks, 96945, "min");
    add_count(bench, "i1.replay_unequal", "checks", checks - equal, 2, "max");
    add_count(bench, "i1.replay_gaps", "gaps", gaps, 0, "max");
    add_count(bench, "i1.replay_crossed", "books", crossed, 0, "max");
    replay_result_free(result);
    return true;
}

bool bench_recorded(struct bench *bench)
{
    bool measured = true;

    if (!bench->recordings)
        return true;
    if (bench_wants(bench, "i1.decoder_vs_jansson"))
        measured = decoder(bench);
    if (bench_wants(bench, "i1.replay_vs_gunzip_jansson"))
        measured = whole_replay(bench) && measured;
    if (bench_wants(bench, "i1.replay_unequal"))
        measured = counts(bench) && measured;
    return measured;
}
