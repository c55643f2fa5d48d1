#include "thread/log.h"
#include "thread/clock.h"
#include "thread/log_json.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1024, RECENT = 32 };

struct recent {
    uint64_t hash;
    int64_t first_ns;
    uint32_t repeats;
    enum log_level level;
    char line[LINE_MAX_BYTES];
};

static struct {
    pthread_mutex_t lock;
    enum log_level least;
    enum log_format format;
    struct recent recent[RECENT];
} log_state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const char *const level_names[] = {"info", "warn", "error"};

static uint64_t hash_of(const char *text)
{
    uint64_t hash = 14695981039346656037ULL;

    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 1099511628211ULL;
    return hash;
}

static void write_line(const struct recent *entry, uint32_t repeats)
{
    struct timespec now;
    struct tm parts;
    char stamp[40], line[LINE_MAX_BYTES + 128], json[4 * LINE_MAX_BYTES];
    int used;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &parts);
    used = snprintf(line, sizeof line, "time=%s.%06ldZ level=%s %s", stamp, now.tv_nsec / 1000,
                    level_names[entry->level], entry->line);
    if (repeats > 0)
        (void)snprintf(line + used, sizeof line - (size_t)used, " repeated=%u", repeats);
    if (log_state.format == LOG_JSON)
        (void)fprintf(stderr, "%s\n", log_json(json, sizeof json, line));
    else
        (void)fprintf(stderr, "%s\n", line);
}

/* Under the lock. */
static void flush_entry(struct recent *entry)
{
    if (entry->repeats > 0)
        write_line(entry, entry->repeats);
    entry->repeats = 0;
}

static void say(enum log_level level, const char *line)
{
    uint64_t hash = hash_of(line);
    struct recent *entry = &log_state.recent[hash % RECENT];
    int64_t now_ns = clock_mono_ns();

    if (entry->hash == hash && now_ns - entry->first_ns < 1000000000) {
        entry->repeats++;
        return;
    }
    flush_entry(entry);
    *entry = (struct recent){.hash = hash, .first_ns = now_ns, .level = level};
    (void)snprintf(entry->line, sizeof entry->line, "%s", line);
    write_line(entry, 0);
}

void log_line(enum log_level level, const char *area, const char *says, const char *pairs, ...)
{
    char line[LINE_MAX_BYTES];
    int used = snprintf(line, sizeof line, "area=%s says=\"%s\"", area, says);
    va_list values;

    if (pairs && used > 0 && used < (int)sizeof line - 1) {
        line[used++] = ' ';
        va_start(values, pairs);
        (void)vsnprintf(line + used, sizeof line - (size_t)used, pairs, values);
        va_end(values);
    }
    for (char *at = line; *at != '\0'; at++)
        if (*at == '\n' || *at == '\r')
            *at = ' ';
    pthread_mutex_lock(&log_state.lock);
    if (level >= log_state.least)
        say(level, line);
    pthread_mutex_unlock(&log_state.lock);
}

void log_least(enum log_level level)
{
    pthread_mutex_lock(&log_state.lock);
    log_state.least = level;
    pthread_mutex_unlock(&log_state.lock);
}

void log_as(enum log_format format)
{
    pthread_mutex_lock(&log_state.lock);
    log_state.format = format;
    pthread_mutex_unlock(&log_state.lock);
}

void log_flush(void)
{
    pthread_mutex_lock(&log_state.lock);
    for (uint32_t at = 0; at < RECENT; at++)
        flush_entry(&log_state.recent[at]);
    pthread_mutex_unlock(&log_state.lock);
}

char *log_escape(char *out, size_t size, const char *text)
{
    size_t used = 0;

    assert(size > 0);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        bool plain = byte > ' ' && byte < 127 && byte != '"' && byte != '\\' && byte != '=';
        size_t need = plain ? 1 : 4;

        if (used + need >= size)
            break;
        if (plain) {
            out[used++] = (char)byte;
            continue;
        }
        out[used++] = '\\';
        out[used++] = 'x';
        out[used++] = "0123456789abcdef"[byte >> 4];
        out[used++] = "0123456789abcdef"[byte & 15];
    }
    out[used] = '\0';
    return out;
}

enum status err_format(struct err *err, enum status status, const char *format, ...)
{
    va_list values;

    err->status = status;
    va_start(values, format);
    (void)vsnprintf(err->text, sizeof err->text, format, values);
    va_end(values);
    return status;
}
