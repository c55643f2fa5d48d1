/* Writes the state file: see state_inside.h. */
#include "venue/state_inside.h"

#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STATE_PATH_MAX = 4096 };

/* ---- packing ---------------------------------------------------------------------------- */

static uint64_t oldest_execution(const struct venue *venue)
{
    return venue->executions > VENUE_EXECUTIONS_MAX ? venue->executions - VENUE_EXECUTIONS_MAX + 1
                                                    : 1;
}

static int by_number(const void *a, const void *b)
{
    const struct state_order *first = a, *second = b;

    return first->order.no < second->order.no ? -1 : first->order.no > second->order.no;
}

static uint32_t pack_orders(const struct venue *venue, struct state_order *rows)
{
    uint32_t count = 0;

    for (uint32_t at = 0; at < VENUE_ORDERS_MAX; at++) {
        const struct venue_slot *slot = &venue->slots[at];

        if (slot->order.no == 0)
            continue;
        if (rows)
            rows[count] = (struct state_order){.order = slot->order,
                                               .queued = slot->active ? slot->queued : 0};
        count++;
    }
    if (rows)
        qsort(rows, count, sizeof *rows, by_number);
    return count;
}

static struct state_head head_of(const struct venue *venue)
{
    struct state_head head = {
        .magic = STATE_MAGIC,
        .version = STATE_VERSION,
        .instrument_size = sizeof(struct state_instrument),
        .account_size = sizeof(struct state_account),
        .order_size = sizeof(struct state_order),
        .execution_size = sizeof(struct venue_execution),
        .instruments = venue->instruments,
        .coins = venue->coins,
        .accounts = venue->accounts,
        .orders = pack_orders(venue, NULL),
        .executions = (uint32_t)(venue->executions + 1 - oldest_execution(venue)),
        .next_order = venue->next_order,
        .next_execution = venue->executions + 1,
        .queued = venue->queued,
        .life = venue->life,
        .salt = venue->salt,
    };

    head.bytes = state_bytes(&head);
    return head;
}

static uint8_t *put(uint8_t *to, const void *from, size_t size)
{
    memcpy(to, from, size);
    return to + size;
}

static uint8_t *put_instruments(const struct venue *venue, uint8_t *to)
{
    for (uint16_t at = 0; at < venue->instruments; at++) {
        const struct venue_book *book = &venue->book[at];
        struct state_instrument row = {.row = venue->instrument[at],
                                       .seq = book->seq,
                                       .trades = book->trades,
                                       .last_ticks = book->last_ticks,
                                       .next_funding_ns = book->next_funding_ns};

        to = put(to, &row, sizeof row);
    }
    return to;
}

static uint8_t *put_accounts(const struct venue *venue, uint8_t *to)
{
    for (uint16_t at = 0; at < venue->accounts; at++) {
        const struct venue_account *account = &venue->account[at];
        struct state_account row = {.uid = account->uid};

        for (uint16_t coin = 0; coin < venue->coins; coin++)
            row.balance_e8[coin] = account->wallet[coin].balance_e8;
        memcpy(row.position, account->position, sizeof row.position);
        to = put(to, &row, sizeof row);
    }
    return to;
}

static void pack(const struct venue *venue, uint8_t *bytes)
{
    struct state_head head = head_of(venue);
    uint8_t *to = bytes + sizeof head;

    to = put(to, venue->coin, (size_t)venue->coins * VENUE_TEXT_MAX);
    to = put_instruments(venue, to);
    to = put(to, venue->pot_e8, venue->coins * sizeof venue->pot_e8[0]);
    to = put_accounts(venue, to);
    to += pack_orders(venue, (struct state_order *)to) * sizeof(struct state_order);
    for (uint64_t no = oldest_execution(venue); no <= venue->executions; no++)
        to = put(to, &venue->done[no & (VENUE_EXECUTIONS_MAX - 1)].execution,
                 sizeof(struct venue_execution));
    assert(to == bytes + sizeof head + head.bytes);
    head.crc = state_crc(head, bytes + sizeof head);
    memcpy(bytes, &head, sizeof head);
}

/* ---- the file --------------------------------------------------------------------------- */

static enum status fail(struct err *err, const char *path)
{
    return err_format(err, ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
}

static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t wrote = write(fd, bytes + done, size - done);

        if (wrote < 0 && errno != EINTR)
            return false;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return fsync(fd) == 0;
}

static bool sync_folder(const char *path)
{
    char copy[STATE_PATH_MAX];
    int fd;
    bool well;

    (void)snprintf(copy, sizeof copy, "%s", path);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    well = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd);
    return well;
}

/* Whole or not at all: a new file takes the place of the old one. */
enum status venue_write(const char *path, const uint8_t *bytes, size_t size, struct err *err)
{
    char fresh[STATE_PATH_MAX];
    bool well;
    int fd;

    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
        return err_format(err, ERR_USAGE, "the path of the state file is too long");
    fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(err, fresh);
    well = write_all(fd, bytes, size);
    if (close(fd) != 0 || !well || rename(fresh, path) != 0)
        return fail(err, path);
    return sync_folder(path) ? OK : fail(err, path);
}

uint8_t *venue_pack(const struct venue *venue, size_t *size)
{
    struct state_head head = head_of(venue);
    uint8_t *bytes;

    *size = sizeof head + head.bytes;
    bytes = malloc(*size);
    if (bytes)
        pack(venue, bytes);
    return bytes;
}

enum status venue_save(const struct venue *venue, const char *path, struct err *err)
{
    size_t size;
    uint8_t *bytes = venue_pack(venue, &size);
    enum status status;

    if (!bytes)
        return err_format(err, ERR_UNAVAILABLE, "%s: no memory for %zu bytes", path, size);
    status = venue_write(path, bytes, size, err);
    free(bytes);
    return status;
}
