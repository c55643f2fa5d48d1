#include "gateway/bybit/recorder.h"

#include "gateway/bybit/subscribe.h"
#include "gateway/bybit/symbol.h"
#include "gateway/recording/lines.h"
#include "thread/log.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <zlib.h>

enum { PATH_BYTES = 1024, STAMP_BYTES = 20 };

struct tape {
    char symbol[MAX_NAME];
    gzFile file;
    bool failed;
};

struct bybit_recorder {
    uint16_t count;
    struct tape tape[MAX_INSTRUMENTS];
    char line[LINES_MAX];
};

static void name_tape(char path[PATH_BYTES], const struct bybit_recorder_config *config,
                      const char *symbol)
{
    char low[MAX_NAME];
    struct tm start;
    time_t seconds = (time_t)(config->start_ns / 1000000000);
    size_t at = 0;

    for (; symbol[at] != '\0'; at++)
        low[at] = symbol[at] >= 'A' && symbol[at] <= 'Z' ? (char)(symbol[at] + 32) : symbol[at];
    low[at] = '\0';
    gmtime_r(&seconds, &start);
    snprintf(path, PATH_BYTES, "%.900s/bybit-%s_%s_%04d%02d%02dT%02d%02d%02dZ.gz", config->folder,
             config->is_spot ? "spot" : "linear", low, start.tm_year + 1900, start.tm_mon + 1,
             start.tm_mday, start.tm_hour, start.tm_min, start.tm_sec);
}

static enum status open_tape(struct tape *tape, const struct bybit_recorder_config *config,
                             const char *symbol, struct err *err)
{
    char path[PATH_BYTES];

    if (!bybit_symbol_is_fine(symbol))
        return err_format(err, ERR_CONFIG, "symbol \"%.40s\": not one of Bybit's (A-Z, 0-9, -)",
                          symbol);
    snprintf(tape->symbol, sizeof tape->symbol, "%s", symbol);
    name_tape(path, config, symbol);
    tape->file = gzopen(path, "wbxe");
    return tape->file ? OK : err_format(err, ERR_IO, "%.300s: %s", path, strerrordesc_np(errno));
}

enum status bybit_recorder_open(struct bybit_recorder **opened,
                                const struct bybit_recorder_config *config, struct err *err)
{
    struct bybit_recorder *recorder;
    struct err after;
    enum status status = OK;

    assert(config->count > 0 && config->count <= MAX_INSTRUMENTS);
    if (mkdir(config->folder, 0777) != 0 && errno != EEXIST)
        return err_format(err, ERR_IO, "%.300s: %s", config->folder, strerrordesc_np(errno));
    recorder = calloc(1, sizeof *recorder);
    if (!recorder)
        return err_set(err, ERR_INTERNAL, "no memory for a recorder");
    for (; status == OK && recorder->count < config->count; recorder->count++)
        status = open_tape(&recorder->tape[recorder->count], config,
                           config->symbols[recorder->count], err);
    if (status != OK) {
        (void)bybit_recorder_close(recorder, &after); /* the first failure is the one to tell */
        return status;
    }
    *opened = recorder;
    return OK;
}

static struct tape *tape_of(struct bybit_recorder *recorder, const char *text, size_t length)
{
    static const char key[] = "\"topic\":\"";
    const char *from = memmem(text, length, key, sizeof key - 1);
    const char *end =
        from ? memchr(from + sizeof key - 1, '"', (size_t)(text + length - from) - (sizeof key - 1))
             : NULL;
    struct scan_text symbol;

    if (!end)
        return NULL;
    from += sizeof key - 1;
    symbol = bybit_topic_symbol((struct scan_text){.at = from, .length = (uint32_t)(end - from)});
    for (uint16_t at = 0; symbol.at && at < recorder->count; at++)
        if (strlen(recorder->tape[at].symbol) == symbol.length &&
            memcmp(recorder->tape[at].symbol, symbol.at, symbol.length) == 0)
            return &recorder->tape[at];
    return NULL;
}

bool bybit_recorder_write(struct bybit_recorder *recorder, int64_t received_ns, const char *text,
                          size_t length)
{
    struct tape *tape = tape_of(recorder, text, length);
    size_t used;

    if (!tape || length + STAMP_BYTES + 1 >= LINES_MAX)
        return false;
    used = (size_t)snprintf(recorder->line, STAMP_BYTES + 1, "%019" PRId64 " ", received_ns);
    for (size_t at = 0; at < length; at++) /* a line is one line: JSON has blanks for these */
        recorder->line[used + at] = (unsigned char)text[at] < ' ' ? ' ' : text[at];
    recorder->line[used + length] = '\n';
    used += length + 1;
    if (gzwrite(tape->file, recorder->line, (unsigned)used) != (int)used)
        tape->failed = true;
    return !tape->failed;
}

enum status bybit_recorder_close(struct bybit_recorder *recorder, struct err *err)
{
    enum status status = OK;

    for (uint16_t at = 0; at < recorder->count; at++) {
        struct tape *tape = &recorder->tape[at];

        if (tape->file && (gzclose(tape->file) != Z_OK || tape->failed))
            status = err_format(err, ERR_IO, "%s: the recording could not be written whole",
                                tape->symbol);
    }
    free(recorder);
    return status;
}
