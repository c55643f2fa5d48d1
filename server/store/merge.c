/* The merged order of both lanes: a control record that had seen engine sequence s stands behind
 * event s and before event s + 1. journal/journal.h tells why that holds while both are written. */
#include "store/inside.h"

/* A record that tells none stands right behind the one before it. */
static uint64_t engine_seq_of(const void *payload, uint32_t length)
{
    json_t *fact = json_loadb(payload, length, 0, NULL);
    uint64_t seq = (uint64_t)json_integer_value(json_object_get(fact, "engine_seq"));

    json_decref(fact);
    return seq;
}

static void fetched(struct input *input, enum journal_lane lane, const void *payload)
{
    input->waits = true;
    input->payload = payload;
    input->engine_seq = lane == JOURNAL_CONTROL ? engine_seq_of(payload, input->record.length) : 0;
}

void merge_fetch_hot(struct store *store, enum journal_lane lane, uint64_t limit)
{
    struct input *input = &store->input[lane];
    enum lane_result result;

    if (input->waits || input->reader.next_seq > limit)
        return;
    result = lane_read(&input->reader, &input->record, input->bytes);
    assert(result != LANE_OVERRUN); /* we gate: the writer never overtakes us */
    if (result == LANE_RECORD)
        fetched(input, lane, input->bytes);
}

enum status merge_fetch_disk(struct store *store, enum journal_lane lane, struct err *err)
{
    struct input *input = &store->input[lane];
    const void *payload;
    enum status status;

    if (input->waits || !input->disk)
        return OK;
    status = journal_reader_next(input->disk, &input->record, &payload, err);
    if (status == OK) {
        fetched(input, lane, payload);
        return OK;
    }
    journal_reader_close(input->disk);
    input->disk = NULL;
    return status == ERR_NOT_FOUND ? OK : status;
}

/* The control record stands before the events of the command that it speaks of: those find their
 * actor. It waits while events that it had seen may still come. */
enum journal_lane merge_next(const struct store *store, uint64_t limit, uint64_t control_limit)
{
    const struct input *engine = &store->input[JOURNAL_ENGINE];
    const struct input *control = &store->input[JOURNAL_CONTROL];

    if (engine->waits && (!control->waits || engine->record.commit <= control->engine_seq))
        return JOURNAL_ENGINE;
    if (control->waits && control->record.commit <= control_limit &&
        (engine->waits || control->engine_seq <= limit))
        return JOURNAL_CONTROL;
    return JOURNAL_LANES;
}
