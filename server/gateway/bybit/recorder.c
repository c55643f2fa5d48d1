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
#include <unistd.h>
#include <zlib.h>

enum { PATH_BYTES = 1024, FOLDER_MAX = 900, STAMP_BYTES = 20, SAME_SECOND_MAX = 99 };

struct tape {
    char symbol[MAX_NAME];
    gzFile file; /* NULL: nothing was written yet */
    bool unflushed;
    int failed; /* errno of the first failure */
};

struct bybit_recorder {
    char folder[FOLDER_MAX];
    bool is_spot;
    int64_t start_ns;
    uint16_t count;
    struct tape tape[MAX_INSTRUMENTS];
    char line[LINES_MAX];
};

/* `turn`: which of the files of that second. */
static void name_tape(char path[PATH_BYTES], const struct bybit_recorder *recorder,
                      const char *symbol, int turn)
{
    char low[MAX_NAME];
    char suffix[16] = "";
    struct tm start;
    time_t seconds = (time_t)(recorder->start_ns / 1000000000);
    size_t at = 0;

    for (; symbol[at] != '\0'; at++)
        low[at] = symbol[at] >= 'A' && symbol[at] <= 'Z' ? (char)(symbol[at] + 32) : symbol[at];
    low[at] = '\0';
    if (turn > 1)
        (void)snprintf(suffix, sizeof suffix, "-%d", turn);
    gmtime_r(&seconds, &start);
    snprintf(path, PATH_BYTES, "%s/bybit-%s_%s_%04d%02d%02dT%02d%02d%02dZ%s.gz", recorder->folder,
             recorder->is_spot ? "spot" : "linear", low, start.tm_year + 1900, start.tm_mon + 1,
             start.tm_mday, start.tm_hour, start.tm_min, start.tm_sec, suffix);
}

/* At its first frame: a file without any is none that can be played. */
static bool open_tape(struct bybit_recorder *recorder, struct tape *tape)
{
    char path[PATH_BYTES];

    for (int turn = 1; !tape->file && turn <= SAME_SECOND_MAX; turn++) {
        name_tape(path, recorder, tape->symbol, turn);
        errno = 0;
        tape->file = gzopen(path, "wbxe");
        if (!tape->file && errno != EEXIST)
            break;
    }
    if (!tape->file)
        tape->failed = errno != 0 ? errno : ENOMEM;
    return tape->file != NULL;
}

static enum status take_symbols(struct bybit_recorder *recorder,
                                const struct bybit_recorder_config *config, struct err *err)
{
    for (; recorder->count < config->count; recorder->count++) {
        const char *symbol = config->symbols[recorder->count];

        if (!bybit_symbol_is_fine(symbol))
            return err_format(err, ERR_CONFIG, "symbol \"%.40s\": not one of Bybit's (A-Z, 0-9, -)",
                              symbol);
        snprintf(recorder->tape[recorder->count].symbol, MAX_NAME, "%s", symbol);
    }
    return OK;
}

static bool is_writable_folder(const char *folder)
{
    char inside[PATH_BYTES];

    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return false;
    snprintf(inside, sizeof inside, "%s/.", folder); /* what is no folder has none */
    return access(inside, W_OK | X_OK) == 0;
}

static enum status take_folder(struct bybit_recorder *recorder, const char *folder, struct err *err)
{
    if (strlen(folder) >= FOLDER_MAX)
        return err_format(err, ERR_CONFIG, "%.60s..: a folder's name of %d bytes at most", folder,
                          FOLDER_MAX - 1);
    snprintf(recorder->folder, FOLDER_MAX, "%s", folder);
    if (!is_writable_folder(folder))
        return err_format(err, ERR_IO, "%.300s: cannot be written: %s", folder,
                          strerrordesc_np(errno));
    return OK;
}

enum status bybit_recorder_open(struct bybit_recorder **opened,
                                const struct bybit_recorder_config *config, struct err *err)
{
    struct bybit_recorder *recorder = calloc(1, sizeof *recorder);
    enum status status;

    assert(config->count > 0 && config->count <= MAX_INSTRUMENTS);
    if (!recorder)
        return err_set(err, ERR_INTERNAL, "no memory for a recorder");
    recorder->is_spot = config->is_spot;
    recorder->start_ns = config->start_ns;
    status = take_symbols(recorder, config, err);
    if (status == OK)
        status = take_folder(recorder, config->folder, err);
    if (status != OK) {
        free(recorder);
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

    if (!tape || tape->failed != 0 || length + STAMP_BYTES + 1 >= LINES_MAX)
        return false;
    if (!tape->file && !open_tape(recorder, tape))
        return false;
    used = (size_t)snprintf(recorder->line, STAMP_BYTES + 1, "%019" PRId64 " ", received_ns);
    for (size_t at = 0; at < length; at++) /* a line is one line: JSON has blanks for these */
        recorder->line[used + at] = (unsigned char)text[at] < ' ' ? ' ' : text[at];
    recorder->line[used + length] = '\n';
    used += length + 1;
    errno = 0;
    if (gzwrite(tape->file, recorder->line, (unsigned)used) != (int)used)
        tape->failed = errno != 0 ? errno : EIO;
    tape->unflushed = true;
    return tape->failed == 0;
}

static enum status say_failed(const struct tape *tape, struct err *err)
{
    return err_format(err, ERR_IO, "%s: the recording could not be written whole: %s", tape->symbol,
                      strerrordesc_np(tape->failed));
}

enum status bybit_recorder_flush(struct bybit_recorder *recorder, struct err *err)
{
    enum status status = OK;

    for (uint16_t at = 0; at < recorder->count; at++) {
        struct tape *tape = &recorder->tape[at];

        errno = 0;
        if (tape->failed == 0 && tape->unflushed && gzflush(tape->file, Z_SYNC_FLUSH) != Z_OK)
            tape->failed = errno != 0 ? errno : EIO;
        tape->unflushed = false;
        if (tape->failed != 0)
            status = say_failed(tape, err);
    }
    return status;
}

enum status bybit_recorder_close(struct bybit_recorder *recorder, struct err *err)
{
    enum status status = OK;

    for (uint16_t at = 0; at < recorder->count; at++) {
        struct tape *tape = &recorder->tape[at];

        errno = 0;
        if (tape->file && gzclose(tape->file) != Z_OK && tape->failed == 0)
            tape->failed = errno != 0 ? errno : EIO;
        if (tape->failed != 0)
            status = say_failed(tape, err);
    }
    free(recorder);
    return status;
}
