#include "gateway/simulated/ledger.h"

#include "thread/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ledger {
    FILE *file; /* NULL after a failed write */
    uint64_t seq;
    bool dirty;
    const struct instrument *instruments;
};

enum { LEDGER_BUFFER = 1 << 16, LEDGER_LINE_MAX = 1024 };

/* Where the file's last whole line ends; -1: what comes behind is not how one of ours begins. */
static off_t whole_lines(int fd, off_t size)
{
    static const char begin[] = "{\"seq\":";
    char text[LEDGER_LINE_MAX];
    off_t from = size > LEDGER_LINE_MAX ? size - LEDGER_LINE_MAX : 0;
    ssize_t length = pread(fd, text, sizeof text, from);
    const char *end = length > 0 ? memrchr(text, '\n', (size_t)length) : NULL;
    const char *torn = end ? end + 1 : text;
    size_t left = length > 0 ? (size_t)(text + length - torn) : 0;

    if ((!end && from > 0) ||
        memcmp(torn, begin, left < sizeof begin - 1 ? left : sizeof begin - 1) != 0)
        return -1;
    return size - (off_t)left;
}

/* A program that was killed may have written half a line. */
static enum status cut_torn_line(const char *path, int fd, struct err *err)
{
    struct stat stat;
    off_t whole;

    if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode))
        return OK; /* a pipe, say: it begins with us */
    whole = whole_lines(fd, stat.st_size);
    if (whole < 0)
        return err_format(err, ERR_CONFIG,
                          "%s: it does not end as a ledger does; give another "
                          "file as market.ledger",
                          path);
    if (whole == stat.st_size)
        return OK;
    log_line(LOG_WARN, "ledger", "torn line cut off", "bytes=%" PRId64,
             (int64_t)(stat.st_size - whole));
    return ftruncate(fd, whole) == 0
               ? OK
               : err_format(err, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
}

enum status ledger_open(struct ledger **opened, const char *path,
                        const struct instrument *instruments, struct err *err)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    enum status status;

    if (!ledger)
        return err_set(err, ERR_INTERNAL, "no memory for the ledger");
    ledger->instruments = instruments;
    ledger->file = fopen(path, "a+e");
    status = ledger->file ? cut_torn_line(path, fileno(ledger->file), err)
                          : err_format(err, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
    if (status != OK) {
        ledger_close(ledger);
        return status;
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

static const char *symbol_of(const struct instrument *row)
{
    const char *colon = strchr(row->name, ':');

    return colon ? colon + 1 : row->name;
}

enum { QUOTED_MAX = DECIMAL_TEXT_MAX + 2 };

/* `"12.50"`, or `null` when it does not apply. */
static void print_decimal(char out[QUOTED_MAX], bool applies, int64_t units, uint32_t decimals)
{
    size_t length;

    if (!applies) {
        memcpy(out, "null", sizeof "null");
        return;
    }
    out[0] = '"';
    length = decimal_print(out + 1, units, decimals, false);
    memcpy(out + 1 + length, "\"", 2);
}

/* The texts of a line that are null in some kinds. */
struct texts {
    char link_id[ORDER_ID_TEXT_MAX + 2], order_id[32], price[QUOTED_MAX], qty[QUOTED_MAX];
    char status[32], exec_id[32], body[QUOTED_MAX + 32];
};

static void print_ids(struct texts *texts, uint64_t order_id, uint64_t exec_id)
{
    char id[ORDER_ID_TEXT_MAX];

    strcpy(texts->link_id, "null");
    strcpy(texts->order_id, "null");
    strcpy(texts->exec_id, "null");
    if (order_id & SIM_FOREIGN_BIT) {
        snprintf(texts->order_id, sizeof texts->order_id, "\"%" PRIu64 "\"", order_id);
    } else if (order_id != 0) {
        order_id_print(id, order_id);
        snprintf(texts->link_id, sizeof texts->link_id, "\"%s\"", id);
    }
    if (exec_id != 0)
        snprintf(texts->exec_id, sizeof texts->exec_id, "\"%" PRIu64 "\"", exec_id);
}

static void print_status(struct texts *texts, const struct sim_entry *entry)
{
    static const char *const plain[] = {
        [SIM_PLAIN] = "null",
        [SIM_DROPPED] = "\"dropped\"",
        [SIM_LOST] = "\"lost\"",
        [SIM_REPEATED] = "\"repeated\"",
    };

    if (entry->status == SIM_REFUSED)
        snprintf(texts->status, sizeof texts->status, "\"refused-%" PRId64 "\"", entry->code);
    else
        strcpy(texts->status, plain[entry->status]);
}

static void print_size(struct texts *texts, const struct instrument *row, enum fault_kind kind,
                       int64_t price_ticks, int64_t qty_lots)
{
    bool has_price = price_ticks != 0;
    bool has_qty = qty_lots != 0 || kind == FAULT_ON_POSITION;

    print_decimal(texts->price, has_price, price_ticks * row->tick_units, row->price_decimals);
    print_decimal(texts->qty, has_qty, qty_lots * row->lot_units, row->qty_decimals);
}

static void print_fee(struct texts *texts, enum fault_kind kind, const struct execution *execution)
{
    char fee[QUOTED_MAX];

    strcpy(texts->body, "null");
    if (kind != FAULT_ON_FILL && kind != FAULT_ON_FUNDING)
        return;
    print_decimal(fee, true, execution->fee_e8, 8);
    snprintf(texts->body, sizeof texts->body, "{\"fee\":%s%s}", fee,
             kind == FAULT_ON_FUNDING ? ""
             : execution->maker       ? ",\"maker\":true"
                                      : ",\"maker\":false");
}

static void write_line(struct ledger *ledger, const struct sim_entry *entry, enum fault_kind kind,
                       uint16_t instrument, uint8_t side, const struct texts *texts, int64_t at_ns)
{
    bool has_side = kind != FAULT_ON_POSITION && kind != FAULT_ON_FUNDING;

    ledger->dirty = true;
    if (fprintf(ledger->file,
                "{\"seq\":%" PRIu64 ",\"at_ns\":\"%" PRId64 "\",\"conn\":1,\"dir\":\"%s\","
                "\"kind\":\"%s\",\"account\":null,\"order_link_id\":%s,\"order_id\":%s,"
                "\"symbol\":\"%s\",\"side\":%s%s%s,\"qty\":%s,\"price\":%s,\"status\":%s,"
                "\"exec_id\":%s,\"body\":%s}\n",
                ++ledger->seq, at_ns, entry->message ? "in" : "out", fault_kind_name(kind),
                texts->link_id, texts->order_id, symbol_of(&ledger->instruments[instrument]),
                has_side ? "\"" : "", has_side ? side_name((enum side)side) : "null",
                has_side ? "\"" : "", texts->qty, texts->price, texts->status, texts->exec_id,
                texts->body) < 0)
        fail(ledger);
}

static void write_in(struct ledger *ledger, const struct sim_entry *entry, int64_t at_ns)
{
    const struct order_message *message = entry->message;
    enum fault_kind kind = fault_kind_of_message(message);
    bool has_size = kind == FAULT_ON_NEW || kind == FAULT_ON_AMEND;
    struct texts texts = {.body = "null"};

    print_ids(&texts, message->order_id, 0);
    print_status(&texts, entry);
    print_size(&texts, &ledger->instruments[message->instrument], kind,
               has_size ? message->price_ticks : 0, has_size ? message->qty_lots : 0);
    write_line(ledger, entry, kind, message->instrument, message->side, &texts, at_ns);
}

static void write_out(struct ledger *ledger, const struct sim_entry *entry, int64_t at_ns)
{
    const struct execution *execution = entry->execution;
    enum fault_kind kind = fault_kind_of_report(execution->report);
    struct texts texts;

    print_ids(&texts, execution->order_id, execution->exec_id);
    print_status(&texts, entry);
    print_size(&texts, &ledger->instruments[execution->instrument], kind, execution->price_ticks,
               execution->qty_lots);
    print_fee(&texts, kind, execution);
    write_line(ledger, entry, kind, execution->instrument, execution->side, &texts, at_ns);
}

void ledger_write(struct ledger *ledger, const struct sim_entry *entry, int64_t at_ns)
{
    if (!ledger->file)
        return;
    if (entry->message)
        write_in(ledger, entry, at_ns);
    else
        write_out(ledger, entry, at_ns);
}
