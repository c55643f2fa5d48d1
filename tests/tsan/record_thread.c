/* A recording beside a gateway: frames taken by one thread while the other writes them, counts them
 * and gives up when the disk takes no more. Built with the thread sanitizer. */
#include "gateway/bybit/record_thread.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FRAMES = 50000, PAUSE_EACH = 100, PAUSE_US = 5000 };

static const char frame[] = "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"delta\",\"data\":{}}";

static bool record(const char *folder, bool *has_failed)
{
    static const char *const symbols[] = {"BTCUSDT"};
    const struct bybit_recorder_config config = {
        .folder = folder, .symbols = symbols, .count = 1, .start_ns = 1};
    struct record_thread *record;
    struct err err;

    if (record_thread_open(&record, &config, &err) != OK ||
        record_thread_start(record, &err) != OK) {
        printf("record thread: %s\n", err.text);
        return false;
    }
    for (int64_t at = 0; at < FRAMES; at++) {
        record_thread_take(record, at * 100000000, frame, sizeof frame - 1);
        if (at % PAUSE_EACH == 0)
            (void)usleep(PAUSE_US);
    }
    *has_failed = record_thread_has_failed(record);
    record_thread_close(record);
    return true;
}

int main(void)
{
    char folder[] = "/tmp/pitwall-tsan-XXXXXX";
    char command[64];
    bool first = true;
    bool second = false;
    struct rlimit none = {.rlim_cur = 100, .rlim_max = RLIM_INFINITY};
    bool well;

    if (!mkdtemp(folder))
        return 1;
    signal(SIGXFSZ, SIG_IGN);
    well = record(folder, &first);
    well = well && setrlimit(RLIMIT_FSIZE, &none) == 0 && record(folder, &second);
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0 || !well || first || !second) { /* NOLINT(cert-env33-c): our own */
        printf("record thread: it failed, or did not notice a full disk\n");
        return 1;
    }
    return 0;
}
