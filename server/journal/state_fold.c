#include "journal/state_fold.h"

#include "journal/hot.h"
#include "journal/snapshot.h"
#include "thread/clock.h"
#include "thread/log.h"
#include "thread/service.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CANDIDATES = 8 };

struct state_fold {
    char dir[CONFIG_TEXT_MAX];
    struct carry *carry;
    uint64_t every; /* records between snapshots */
    uint64_t seq;   /* of the newest record taken */
    uint64_t snapshot_seq;
    uint8_t chain[CHAIN_BYTES]; /* after the newest record that is on disk, */
    uint64_t chain_seq;         /* which is this */
    bool differed;
    pthread_mutex_t lock; /* of the next two */
    state_differs_fn differs;
    void *ctx;
    uint8_t scratch[SNAPSHOT_BYTES_MAX]; /* written once at the open: no page is new later */
};

/* --- while it runs: persister's thread --- */

static void note_difference(struct state_fold *fold, uint64_t seq)
{
    if (fold->differed)
        return;
    fold->differed = true;
    log_line(LOG_ERROR, "journal", "the read model differs from the engine", "seq=%" PRIu64, seq);
    pthread_mutex_lock(&fold->lock);
    if (fold->differs)
        fold->differs(fold->ctx, seq);
    pthread_mutex_unlock(&fold->lock);
}

static void take(void *ctx, const struct lane_record *record, const void *payload)
{
    struct state_fold *fold = ctx;

    fold->seq = record->commit;
    if (carry_take(fold->carry, record->kind, record->at_ns, payload, record->length) ==
        CARRY_DIFFERS)
        note_difference(fold, fold->seq);
}

/* What is known to be wrong is not handed on: the next start reads the records themselves. */
static void write_snapshot(struct state_fold *fold)
{
    char text[3 * ERR_TEXT_MAX];
    int64_t began_ns = clock_mono_ns();
    struct err err;

    if (fold->differed || !carry_names(fold->carry) || fold->chain_seq != fold->seq)
        return;
    fold->snapshot_seq = fold->seq;
    if (snapshot_write(fold->dir, fold->carry, fold->seq, fold->chain, fold->scratch, &err) != OK)
        log_line(LOG_WARN, "journal", "no snapshot was written", "why=%s",
                 log_escape(text, sizeof text, err.text));
    else
        log_line(LOG_INFO, "journal", "snapshot", "seq=%" PRIu64 " us=%" PRId64, fold->seq,
                 (clock_mono_ns() - began_ns) / 1000);
}

static void copied(void *ctx, uint64_t seq, const uint8_t *chain, bool new_file)
{
    struct state_fold *fold = ctx;

    memcpy(fold->chain, chain, CHAIN_BYTES);
    fold->chain_seq = seq;
    if (new_file || fold->seq - fold->snapshot_seq >= fold->every)
        write_snapshot(fold);
}

/* --- at a start --- */

struct recovering {
    struct state_fold *fold;
    struct state_found *found;
    struct journal_reader *reader;
};

/* Takes the record if it is the next one; records that were lost are said, and make it unsure. */
static void take_found(struct recovering *recovering, const struct lane_record *record,
                       const void *payload)
{
    struct state_fold *fold = recovering->fold;
    struct state_found *found = recovering->found;
    uint64_t seq = record->commit;

    if (seq != fold->seq + 1 && found->is_sure) {
        journal_say(found->says, "records %" PRIu64 " to %" PRIu64 " are missing", fold->seq + 1,
                    seq - 1);
        found->is_sure = false;
    }
    if (carry_take(fold->carry, record->kind, record->at_ns, payload, record->length) ==
            CARRY_DIFFERS &&
        found->is_sure) {
        journal_say(found->says, "the state at record %" PRIu64 " is not what the engine had", seq);
        found->is_sure = false;
    }
    fold->seq = seq;
    found->read++;
}

static enum status read_rest(struct recovering *recovering, struct err *err)
{
    struct lane_record record;
    const void *payload;
    enum status status;

    while ((status = journal_reader_next(recovering->reader, &record, &payload, err)) == OK) {
        take_found(recovering, &record, payload);
        service_progress("reading the journal", record.commit);
    }
    return status == ERR_NOT_FOUND ? OK : status;
}

/* False: the journal has another record at that place, or none. */
static bool belongs(struct recovering *recovering, uint64_t seq, const uint8_t chain[CHAIN_BYTES])
{
    struct lane_record record;
    const void *payload;
    struct err err;

    return journal_reader_next(recovering->reader, &record, &payload, &err) == OK &&
           record.commit == seq &&
           memcmp(journal_reader_chain(recovering->reader), chain, CHAIN_BYTES) == 0;
}

/* OK; ERR_NOT_FOUND: this snapshot will not do, which has been said. */
static enum status recover_from(struct recovering *recovering, uint64_t seq, struct err *err)
{
    struct state_fold *fold = recovering->fold;
    uint8_t chain[CHAIN_BYTES];
    struct err why;
    enum status status;

    carry_init(fold->carry);
    if (snapshot_read(fold->dir, seq, fold->carry, chain, fold->scratch, &why) != OK) {
        journal_say(recovering->found->says, "%s", why.text);
        return ERR_NOT_FOUND;
    }
    status = journal_reader_open(&recovering->reader, fold->dir, JOURNAL_ENGINE, seq, err);
    if (status != OK)
        return status;
    if (!belongs(recovering, seq, chain)) {
        journal_say(recovering->found->says, "snapshot %" PRIu64 " does not belong to this journal",
                    seq);
        journal_reader_close(recovering->reader);
        return ERR_NOT_FOUND;
    }
    fold->seq = fold->snapshot_seq = recovering->found->from_snapshot = seq;
    status = read_rest(recovering, err);
    journal_reader_close(recovering->reader);
    return status;
}

static enum status recover_whole(struct recovering *recovering, struct err *err)
{
    struct state_fold *fold = recovering->fold;
    enum status status =
        journal_reader_open(&recovering->reader, fold->dir, JOURNAL_ENGINE, 1, err);

    if (status != OK)
        return status;
    carry_init(fold->carry);
    fold->seq = 0;
    status = read_rest(recovering, err);
    journal_reader_close(recovering->reader);
    return status;
}

static enum status recover(struct state_fold *fold, struct state_found *found, struct err *err)
{
    struct recovering recovering = {.fold = fold, .found = found};
    uint64_t seqs[CANDIDATES];
    uint32_t count = snapshot_list(fold->dir, seqs, CANDIDATES);

    for (uint32_t at = 0; at < count; at++) {
        enum status status = recover_from(&recovering, seqs[at], err);

        if (status != ERR_NOT_FOUND)
            return status;
    }
    return recover_whole(&recovering, err);
}

/* Sequences behind the last record were given away and are lost, after a loss of power. */
static void check_end(struct state_fold *fold, const struct journal *journal,
                      struct state_found *found)
{
    uint64_t last = journal_durable_seq(journal, JOURNAL_ENGINE);

    if (fold->seq == last)
        return;
    journal_say(found->says, "records %" PRIu64 " to %" PRIu64 " are missing", fold->seq + 1, last);
    found->is_sure = false;
    fold->seq = last;
}

enum status state_fold_open(struct state_fold **opened, const char *dir, struct journal *journal,
                            int64_t snapshot_records, struct state_found *found, struct err *err)
{
    struct state_fold *fold = calloc(1, sizeof *fold);
    void *memory = malloc(carry_size());
    struct journal_follower follower = {.take = take, .copied = copied, .ctx = fold};
    enum status status;

    *found = (struct state_found){.is_sure = true};
    if (!fold || !memory) {
        free(fold);
        free(memory);
        return err_set(err, ERR_INTERNAL, "out of memory");
    }
    (void)snprintf(fold->dir, sizeof fold->dir, "%s", dir);
    memset(fold->scratch, 0, sizeof fold->scratch);
    fold->every = (uint64_t)snapshot_records;
    fold->carry = carry_init(memory);
    pthread_mutex_init(&fold->lock, NULL);
    status = recover(fold, found, err);
    if (status != OK) {
        pthread_mutex_destroy(&fold->lock);
        free(memory);
        free(fold);
        return status;
    }
    check_end(fold, journal, found);
    found->carry = fold->carry;
    found->seq = fold->seq;
    journal_follow(journal, &follower);
    *opened = fold;
    return OK;
}

void state_fold_on_difference(struct state_fold *fold, state_differs_fn differs, void *ctx)
{
    pthread_mutex_lock(&fold->lock);
    fold->differs = differs;
    fold->ctx = ctx;
    pthread_mutex_unlock(&fold->lock);
}

void state_fold_quiet(struct state_fold *fold)
{
    if (fold)
        state_fold_on_difference(fold, NULL, NULL);
}

void state_fold_drop(struct state_fold *fold)
{
    if (!fold)
        return;
    pthread_mutex_destroy(&fold->lock);
    free(fold->carry);
    free(fold);
}

void state_fold_close(struct state_fold *fold)
{
    if (fold && fold->seq != fold->snapshot_seq)
        write_snapshot(fold);
    state_fold_drop(fold);
}
