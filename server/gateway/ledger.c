#include "gateway/ledger.h"

#include "thread/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ledger {
    FILE *file; /* NULL after a failed write */
    uint64_t seq;
    bool dirty;
    const struct instrument *instruments;
};

enum { LEDGER_BUFFER = 1 << 16 };

enum status ledger_open(struct ledger **opened, const char *path,
                        const struct instrument *instruments, struct err *err)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);

    if (!ledger)
        return err_set(err, ERR_INTERNAL, "no memory for the ledger");
    ledger->instruments = instruments;
    ledger->file = fopen(path, "ae");
    if (!ledger->file) {
        err_format(err, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
        free(ledger);
        return ERR_IO;
    }
    if (setvbuf(ledger->file, NULL, _IOFBF, LEDGER_BUFFER) != 0)
        log_line(LOG_WARN, "ledger", "buffer refused", NULL);
    *opened = ledger;
    return OK;
}

static void fail(struct ledger *ledger)
{
    log_line(LOG_ERROR, "ledger", "write failed, ledger closed", "errno=%d lines=%" PRIu64, errno,
             ledger->seq);
    if (fclose(ledger->file) != 0)
        errno = 0; /* it had failed before */
    ledger->file = NULL;
}

void ledger_flush(struct ledger *ledger)
{
    if (!ledger->dirty || !ledger->file)
        return;
    ledger->dirty = false;
    if (fflush(ledger->file) != 0)
        fail(ledger);
}

void ledger_close(struct ledger *ledger)
{
    if (!ledger)
        return;
    ledger_flush(ledger);
    if (ledger->file && fclose(ledger->file) != 0)
        log_line(LOG_ERROR, "ledger", "close failed", NULL);
    free(ledger);
}

/* What a line says beside kind, order and time; NULL or "" prints as null. */
struct line {
    const char *dir, *kind;
    uint64_t order_id, exec_id;
    uint16_t instrument;
    uint8_t side;
    int64_t price_ticks, qty_lots; /* 0: does not apply */
};

static const char *symbol_of(const struct instrument *row)
{
    const char *colon = strchr(row->name, ':');

    return colon ? colon + 1 : row->name;
}

/* `"12.50"`, or `null` for 0. */
static void print_decimal(char out[DECIMAL_TEXT_MAX + 2], int64_t units, uint32_t decimals)
{
    size_t length;

    if (units == 0) {
        memcpy(out, "null", sizeof "null");
        return;
    }
    out[0] = '"';
    length = decimal_print(out + 1, units, decimals, false);
    memcpy(out + 1 + length, "\"", 2);
}

static void print_exec_id(char out[32], uint64_t exec_id)
{
    if (exec_id == 0)
        memcpy(out, "null", sizeof "null");
    else
        snprintf(out, 32, "\"%" PRIu64 "\"", exec_id);
}

static void write_line(struct ledger *ledger, const struct line *line, int64_t at_ns)
{
    const struct instrument *row = &ledger->instruments[line->instrument];
    char id[ORDER_ID_TEXT_MAX];
    char price[DECIMAL_TEXT_MAX + 2];
    char qty[DECIMAL_TEXT_MAX + 2];
    char exec_id[32];

    if (!ledger->file)
        return;
    order_id_print(id, line->order_id);
    print_decimal(price, line->price_ticks * row->tick_units, row->price_decimals);
    print_decimal(qty, line->qty_lots * row->lot_units, row->qty_decimals);
    print_exec_id(exec_id, line->exec_id);
    ledger->dirty = true;
    if (fprintf(ledger->file,
                "{\"seq\":%" PRIu64 ",\"at_ns\":\"%" PRId64 "\",\"conn\":1,\"dir\":\"%s\","
                "\"kind\":\"%s\",\"account\":null,\"order_link_id\":\"%s\",\"order_id\":null,"
                "\"symbol\":\"%s\",\"side\":\"%s\",\"qty\":%s,\"price\":%s,\"status\":null,"
                "\"exec_id\":%s,\"body\":null}\n",
                ++ledger->seq, at_ns, line->dir, line->kind, id, symbol_of(row),
                side_name((enum side)line->side), qty, price, exec_id) < 0)
        fail(ledger);
}

void ledger_in(struct ledger *ledger, const struct order_message *message, int64_t at_ns)
{
    bool is_new = message->kind == ORDER_MESSAGE_NEW;
    struct line line = {.dir = "in",
                        .kind = is_new ? "new" : "cancel",
                        .order_id = message->order_id,
                        .instrument = message->instrument,
                        .side = message->side,
                        .price_ticks = is_new ? message->price_ticks : 0,
                        .qty_lots = is_new ? message->qty_lots : 0};

    write_line(ledger, &line, at_ns);
}

static const char *kind_of(uint8_t report)
{
    switch ((enum report)report) {
    case REPORT_VENUE_ACK:
        return "ack";
    case REPORT_FILL_PART:
    case REPORT_FILL_LAST:
        return "fill";
    case REPORT_VENUE_CANCEL:
        return "cancelled";
    case REPORT_VENUE_EXPIRE:
        return "expired";
    case REPORT_CANCEL_REJECT:
        return "cancel_rejected";
    default:
        return "rejected";
    }
}

void ledger_out(struct ledger *ledger, const struct execution *execution, int64_t at_ns)
{
    struct line line = {.dir = "out",
                        .kind = kind_of(execution->report),
                        .order_id = execution->order_id,
                        .exec_id = execution->exec_id,
                        .instrument = execution->instrument,
                        .side = execution->side,
                        .price_ticks = execution->price_ticks,
                        .qty_lots = execution->qty_lots};

    write_line(ledger, &line, at_ns);
}
