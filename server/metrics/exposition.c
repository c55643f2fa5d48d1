#include "metrics/exposition.h"

#include <string.h>

/* A line is put together here and written at once: going through printf for every piece takes ten
 * times as long, on the thread that answers everybody. */
struct line {
    FILE *out;
    size_t length;
    char text[512];
};

static void line_write(struct line *line)
{
    (void)fwrite_unlocked(line->text, 1, line->length, line->out);
    line->length = 0;
}

static void put_bytes(struct line *line, const char *bytes, size_t length)
{
    if (length > sizeof line->text - line->length)
        line_write(line);
    if (length > sizeof line->text) {
        (void)fwrite_unlocked(bytes, 1, length, line->out);
        return;
    }
    memcpy(line->text + line->length, bytes, length);
    line->length += length;
}

static void put(struct line *line, const char *text)
{
    put_bytes(line, text, strlen(text));
}

void family(FILE *out, const char *name, const char *type, const char *help)
{
    struct line line;

    line.out = out;
    line.length = 0;
    put(&line, "# HELP ");
    put(&line, name);
    put(&line, " ");
    put(&line, help);
    put(&line, "\n# TYPE ");
    put(&line, name);
    put(&line, " ");
    put(&line, type);
    put(&line, "\n");
    line_write(&line);
}

static void put_value_text(struct line *line, const char *text)
{
    for (size_t plain; *text; text++) {
        plain = strcspn(text, "\\\"\n");
        put_bytes(line, text, plain);
        text += plain;
        if (*text == '\0')
            return;
        put(line, *text == '\n' ? "\\n" : *text == '"' ? "\\\"" : "\\\\");
    }
}

void sample(FILE *out, const char *name, const struct label *labels, const char *value)
{
    struct line line;

    line.out = out;
    line.length = 0;
    put(&line, name);
    for (const struct label *label = labels; label && label->name; label++) {
        put(&line, label == labels ? "{" : ",");
        put(&line, label->name);
        put(&line, "=\"");
        put_value_text(&line, label->value);
        put(&line, "\"");
    }
    put(&line, labels && labels->name ? "} " : " ");
    put(&line, value);
    put(&line, "\n");
    line_write(&line);
}

void sample_count(FILE *out, const char *name, const struct label *labels, uint64_t value)
{
    char text[24];
    char *at = text + sizeof text;

    *--at = '\0';
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    sample(out, name, labels, at);
}

void sample_decimal(FILE *out, const char *name, const struct label *labels, int64_t units,
                    uint32_t scale)
{
    char text[DECIMAL_TEXT_MAX];

    decimal_print(text, units, scale, true);
    sample(out, name, labels, text);
}

/* --- histograms --- */

enum { BOUNDS = 27 };
static const int64_t first_bound_ns = 250;

/* A bucket of the engine that straddles a bound counts above it: never better than it was. */
static void collect(struct histogram *histogram, uint64_t counts[BOUNDS + 1])
{
    int64_t bound_ns = first_bound_ns;
    int at = 0; /* BOUNDS: above the last */

    memset(counts, 0, (BOUNDS + 1) * sizeof *counts);
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        for (; at < BOUNDS && histogram_bucket_max_ns(i) > bound_ns; at++)
            bound_ns *= 2;
        counts[at] += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
    }
}

void sample_histogram(FILE *out, const char *name, const struct label *label,
                      struct histogram *histogram)
{
    struct label labels[3] = {0};
    struct label *bound = labels;
    char series[128], le[DECIMAL_TEXT_MAX];
    uint64_t counts[BOUNDS + 1], below = 0;
    int64_t bound_ns = first_bound_ns;

    if (label)
        *bound++ = *label;
    collect(histogram, counts);
    (void)snprintf(series, sizeof series, "%s_bucket", name);
    for (int i = 0; i < BOUNDS; i++, bound_ns *= 2) {
        below += counts[i];
        decimal_print(le, bound_ns, 9, true);
        *bound = (struct label){"le", le};
        sample_count(out, series, labels, below);
    }
    *bound = (struct label){"le", "+Inf"};
    sample_count(out, series, labels, below + counts[BOUNDS]);
    *bound = (struct label){0};
    (void)snprintf(series, sizeof series, "%s_sum", name);
    sample_decimal(out, series, labels,
                   (int64_t)atomic_load_explicit(&histogram->sum_ns, memory_order_relaxed), 9);
    (void)snprintf(series, sizeof series, "%s_count", name);
    sample_count(out, series, labels, below + counts[BOUNDS]);
}
