#include "stream/channel.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_NS 1795000000000000000LL

static uint32_t wholes;

static const char *whole(void *ctx, int64_t *ts_ns)
{
    wholes++;
    *ts_ns = NOW_NS;
    return ctx;
}

static struct channel of(enum channel_kind kind)
{
    struct channel channel;

    cr_assert(channel_open(&channel, "fills", kind, NOW_NS));
    channel.whole = whole;
    channel.ctx = "{}";
    wholes = 0;
    return channel;
}

static void say(struct channel *channel, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++)
        channel_say(channel, NOW_NS, "{\"items\":[]}");
}

Test(channel, a_frame_is_one_text_frame_with_its_number)
{
    struct channel channel = of(CHANNEL_EVENT);
    const struct frame *frame;
    char text[256];

    say(&channel, 1);
    frame = channel_frame(&channel, channel.seq);
    cr_assert_eq(frame->bytes[0], 0x81);
    cr_assert_eq(frame->bytes[1], frame->length - 2);
    (void)snprintf(text, sizeof text,
                   "{\"topic\":\"fills\",\"type\":\"delta\",\"seq\":%llu,"
                   "\"ts_ns\":\"%lld\",\"data\":{\"items\":[]}}",
                   (unsigned long long)channel.seq, NOW_NS);
    cr_assert_eq(frame->length - 2, strlen(text));
    cr_assert_eq(memcmp(frame->bytes + 2, text, strlen(text)), 0);
    channel_close(&channel);
}

/* Of `length` x's and what frame_make puts around them. */
static struct frame *frame_of(size_t length)
{
    char *text = calloc(1, length + 1);
    struct frame *frame;

    memset(text, 'x', length);
    frame = frame_make("t", "delta", 1, 1, text);
    free(text);
    return frame;
}

Test(frame, lengths_are_written_as_the_standard_says)
{
    const size_t around =
        strlen("{\"topic\":\"t\",\"type\":\"delta\",\"seq\":1,\"ts_ns\":\"1\",\"data\":}");
    const struct {
        size_t length, header;
    } cases[] = {{125, 2}, {126, 4}, {65535, 4}, {65536, 10}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct frame *frame = frame_of(cases[i].length - around);
        uint64_t said = 0;

        cr_assert_eq(frame->length, cases[i].header + cases[i].length);
        for (size_t at = cases[i].header == 2 ? 1 : 2; at < cases[i].header; at++)
            said = said << 8 | frame->bytes[at];
        cr_assert_eq(said, cases[i].length);
        frame_release(frame);
    }
}

Test(channel, numbers_stay_whole_in_a_browser_and_above_an_earlier_run)
{
    struct channel earlier = of(CHANNEL_EVENT), later;

    say(&earlier, 1000);
    cr_assert(channel_open(&later, "fills", CHANNEL_EVENT, NOW_NS + 1000000));
    cr_assert_gt(later.seq, earlier.seq);
    cr_assert_not(channel_reaches(&later, earlier.seq));
    cr_assert_not(channel_reaches(&earlier, later.seq));
    channel_close(&later);
    cr_assert(channel_open(&later, "fills", CHANNEL_EVENT, 4000000000000000000LL));
    cr_assert_lt(later.seq, 1ULL << 53, "in the year 2096");
    channel_close(&later);
    channel_close(&earlier);
}

Test(channel, events_are_kept_by_count)
{
    struct channel channel = of(CHANNEL_EVENT);
    uint64_t first = channel.seq;

    say(&channel, CHANNEL_FRAMES_MAX);
    cr_assert(channel_reaches(&channel, first));
    cr_assert_eq(channel_frame(&channel, first + 1)->seq, first + 1);
    say(&channel, 1);
    cr_assert_not(channel_reaches(&channel, first));
    cr_assert_null(channel_frame(&channel, first + 1));
    cr_assert(channel_reaches(&channel, first + 1));
    cr_assert(channel_reaches(&channel, channel.seq));
    cr_assert_null(channel_frame(&channel, channel.seq + 1));
    cr_assert_not(channel_reaches(&channel, channel.seq + 1));
    channel_close(&channel);
}

Test(channel, events_are_kept_by_bytes)
{
    struct channel channel = of(CHANNEL_EVENT);
    char *text = calloc(1, CHANNEL_BYTES_MAX / 4);

    memset(text, 'x', CHANNEL_BYTES_MAX / 4 - 1);
    for (int i = 0; i < 10; i++) {
        channel_say(&channel, NOW_NS, text);
        cr_assert_leq(channel.window_bytes, CHANNEL_BYTES_MAX);
    }
    cr_assert_eq(channel.window_count, 3);
    cr_assert(channel_frame(&channel, channel.seq - 2));
    free(text);
    channel_close(&channel);
}

Test(channel, one_frame_larger_than_all_is_kept_alone)
{
    struct channel channel = of(CHANNEL_EVENT);
    char *text = calloc(1, CHANNEL_BYTES_MAX + 1);

    say(&channel, 3);
    memset(text, 'x', CHANNEL_BYTES_MAX);
    channel_say(&channel, NOW_NS, text);
    cr_assert_eq(channel.window_count, 1);
    cr_assert(channel_frame(&channel, channel.seq));
    free(text);
    channel_close(&channel);
}

Test(channel, of_a_state_the_newest_is_kept)
{
    struct channel channel = of(CHANNEL_STATE);

    say(&channel, 5);
    cr_assert(channel_frame(&channel, channel.seq));
    cr_assert_null(channel_frame(&channel, channel.seq - 1));
    cr_assert(channel_reaches(&channel, channel.seq - 1));
    cr_assert_not(channel_reaches(&channel, channel.seq - 2));
    channel_close(&channel);
}

Test(channel, a_snapshot_is_made_once_until_something_changes)
{
    struct channel channel = of(CHANNEL_STATE);
    const struct frame *first = channel_snapshot(&channel);

    cr_assert_eq(channel_snapshot(&channel), first);
    cr_assert_eq(wholes, 1);
    cr_assert_eq(first->seq, channel.seq);
    say(&channel, 1);
    cr_assert_eq(channel_snapshot(&channel)->seq, channel.seq);
    channel_renew(&channel);
    channel_snapshot(&channel);
    cr_assert_eq(wholes, 3);
    channel_close(&channel);
}

Test(channel, after_a_gap_nothing_older_can_be_taken_up)
{
    struct channel channel = of(CHANNEL_EVENT);
    uint64_t before;

    say(&channel, 3);
    before = channel.seq;
    channel_gap(&channel);
    cr_assert_not(channel_reaches(&channel, before));
    cr_assert(channel_reaches(&channel, channel.seq));
    say(&channel, 1);
    cr_assert_not(channel_reaches(&channel, before));
    cr_assert(channel_reaches(&channel, channel.seq - 1));
    channel_close(&channel);
}

Test(channel, what_a_client_still_holds_outlives_the_window)
{
    struct channel channel = of(CHANNEL_STATE);
    struct frame *held;

    say(&channel, 1);
    held = frame_hold(channel_frame(&channel, channel.seq));
    say(&channel, 1);
    cr_assert_eq(held->seq, channel.seq - 1);
    channel_close(&channel);
    cr_assert_eq(held->refs, 1);
    frame_release(held);
}
