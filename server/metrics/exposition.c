#include "metrics/exposition.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_AT_FIRST = 64 * 1024 };

/* --- the page --- */

void exposition_open(struct exposition *page, enum exposition_format format)
{
    *page = (struct exposition){.format = format, .room = ROOM_AT_FIRST};
    page->text = malloc(page->room);
    page->failed = !page->text;
}

/* False: there is none, and nothing more is taken. */
static bool make_room(struct exposition *page, size_t length)
{
    size_t room = page->room;
    char *text;

    while (room - page->length < length)
        room *= 2;
    text = realloc(page->text, room);
    if (!text) {
        page->failed = true;
        return false;
    }
    page->text = text;
    page->room = room;
    return true;
}

static void put_bytes(struct exposition *page, const char *bytes, size_t length)
{
    if (page->failed || (page->room - page->length < length && !make_room(page, length)))
        return;
    memcpy(page->text + page->length, bytes, length);
    page->length += length;
}

static void put(struct exposition *page, const char *text)
{
    put_bytes(page, text, strlen(text));
}

char *exposition_close(struct exposition *page)
{
    char *text;

    if (page->format == EXPOSITION_OPENMETRICS)
        put(page, "# EOF\n");
    put_bytes(page, "", 1);
    text = page->failed ? NULL : page->text;
    if (page->failed)
        free(page->text);
    page->text = NULL;
    return text;
}

const char *exposition_type(enum exposition_format format)
{
    return format == EXPOSITION_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

/* --- families --- */

static bool ends_with(const char *name, size_t length, const char *end)
{
    size_t wanted = strlen(end);

    return length >= wanted && memcmp(name + length - wanted, end, wanted) == 0;
}

/* Of an OpenMetrics family's name: its samples have what is left out. */
static size_t family_length(const struct metric_row *row)
{
    size_t length = strlen(row->name);

    if (row->type == METRIC_IS_COUNTER && ends_with(row->name, length, "_total"))
        return length - strlen("_total");
    if (row->type == METRIC_IS_INFO && ends_with(row->name, length, "_info"))
        return length - strlen("_info");
    return length;
}

static void put_about(struct exposition *page, const char *what, const struct metric_row *row,
                      size_t length, const char *says)
{
    put(page, what);
    put_bytes(page, row->name, length);
    put(page, " ");
    put(page, says);
    put(page, "\n");
}

/* What is only counted (orders, rows) has none that a machine could use. */
static bool has_unit(const struct metric_row *row)
{
    return strcmp(row->unit, "seconds") == 0 || strcmp(row->unit, "bytes") == 0 ||
           strcmp(row->unit, "ratio") == 0;
}

static void family_open(struct exposition *page, const struct metric_row *row)
{
    size_t length = family_length(row);

    put_about(page, "# HELP ", row, length, row->says);
    put_about(page, "# TYPE ", row, length, metric_type_name(row->type));
    /* The name must end with it; that of a ring's depth does not. */
    if (has_unit(row) && ends_with(row->name, length, row->unit))
        put_about(page, "# UNIT ", row, length, row->unit);
}

void family(struct exposition *page, enum metric_id id)
{
    const struct metric_row *row = metric_row(id);
    size_t length = strlen(row->name);

    if (page->format == EXPOSITION_OPENMETRICS) {
        family_open(page, row);
        return;
    }
    put_about(page, "# HELP ", row, length, row->says);
    put_about(page, "# TYPE ", row, length,
              metric_type_name(row->type == METRIC_IS_INFO ? METRIC_IS_GAUGE : row->type));
}

/* --- samples --- */

static void put_value_text(struct exposition *page, const char *text)
{
    for (size_t plain; *text; text++) {
        plain = strcspn(text, "\\\"\n");
        put_bytes(page, text, plain);
        text += plain;
        if (*text == '\0')
            return;
        put(page, *text == '\n' ? "\\n" : *text == '"' ? "\\\"" : "\\\\");
    }
}

static void put_series(struct exposition *page, const char *name, const char *suffix,
                       const struct label *labels, const char *value)
{
    put(page, name);
    put(page, suffix);
    for (const struct label *label = labels; label && label->name; label++) {
        put(page, label == labels ? "{" : ",");
        put(page, label->name);
        put(page, "=\"");
        put_value_text(page, label->value);
        put(page, "\"");
    }
    put(page, labels && labels->name ? "} " : " ");
    put(page, value);
}

static void put_sample(struct exposition *page, const char *name, const char *suffix,
                       const struct label *labels, const char *value)
{
    put_series(page, name, suffix, labels, value);
    put(page, "\n");
}

void sample(struct exposition *page, enum metric_id id, const struct label *labels,
            const char *value)
{
    put_sample(page, metric_row(id)->name, "", labels, value);
}

enum { COUNT_TEXT_MAX = 24 };

/* Where in `text` it begins. */
static const char *print_count(char text[COUNT_TEXT_MAX], uint64_t value)
{
    char *at = text + COUNT_TEXT_MAX;

    *--at = '\0';
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    return at;
}

void sample_count(struct exposition *page, enum metric_id id, const struct label *labels,
                  uint64_t value)
{
    char text[COUNT_TEXT_MAX];

    sample(page, id, labels, print_count(text, value));
}

void sample_decimal(struct exposition *page, enum metric_id id, const struct label *labels,
                    int64_t units, uint32_t scale)
{
    char text[DECIMAL_TEXT_MAX];

    decimal_print(text, units, scale, true);
    sample(page, id, labels, text);
}

/* --- histograms --- */

enum { BOUNDS = 27 };
static const int64_t first_bound_ns = 250;

/* As the client libraries print them, exponents included: a bound is a label, and one that is
 * spelled in another way is another series. */
static const char *const bounds[BOUNDS + 1] = {
    "2.5e-07",  "5e-07",    "1e-06",    "2e-06",    "4e-06",    "8e-06",     "1.6e-05",
    "3.2e-05",  "6.4e-05",  "0.000128", "0.000256", "0.000512", "0.001024",  "0.002048",
    "0.004096", "0.008192", "0.016384", "0.032768", "0.065536", "0.131072",  "0.262144",
    "0.524288", "1.048576", "2.097152", "4.194304", "8.388608", "16.777216", "+Inf"};

/* The bound that a bucket of the engine lies below. */
static int bound_of(uint32_t bucket)
{
    int64_t bound_ns = first_bound_ns;
    int at = 0;

    for (; at < BOUNDS && histogram_bucket_max_ns(bucket) > bound_ns; at++)
        bound_ns *= 2;
    return at;
}

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

static void place(const struct exemplar *exemplars, uint32_t count,
                  const struct exemplar *placed[BOUNDS + 1])
{
    memset(placed, 0, (BOUNDS + 1) * sizeof *placed);
    for (uint32_t i = 0; i < count; i++) {
        int bound = bound_of(histogram_bucket(exemplars[i].value_ns));

        if (!placed[bound])
            placed[bound] = &exemplars[i];
    }
}

/* Behind the count of its bucket. */
static void put_exemplar(struct exposition *page, const struct exemplar *exemplar)
{
    char order[ORDER_ID_TEXT_MAX], value[DECIMAL_TEXT_MAX], at[DECIMAL_TEXT_MAX];

    order_id_print(order, exemplar->order_id);
    decimal_print(value, exemplar->value_ns, 9, true);
    decimal_print(at, exemplar->at_ns, 9, true);
    put(page, " # {order_id=\"");
    put(page, order);
    put(page, "\"} ");
    put(page, value);
    put(page, " ");
    put(page, at);
}

void sample_histogram(struct exposition *page, enum metric_id id, const struct label *label,
                      struct histogram *histogram)
{
    sample_histogram_with(page, id, label, histogram, NULL, 0);
}

void sample_histogram_with(struct exposition *page, enum metric_id id, const struct label *label,
                           struct histogram *histogram, const struct exemplar *exemplars,
                           uint32_t count)
{
    const char *name = metric_row(id)->name;
    struct label labels[3] = {0};
    struct label *bound = labels;
    char text[COUNT_TEXT_MAX], sum[DECIMAL_TEXT_MAX];
    uint64_t counts[BOUNDS + 1], below = 0;
    const struct exemplar *placed[BOUNDS + 1];

    if (label)
        *bound++ = *label;
    collect(histogram, counts);
    place(exemplars, count, placed);
    for (int i = 0; i <= BOUNDS; i++) {
        below += counts[i];
        *bound = (struct label){"le", bounds[i]};
        put_series(page, name, "_bucket", labels, print_count(text, below));
        if (placed[i] && page->format == EXPOSITION_OPENMETRICS)
            put_exemplar(page, placed[i]);
        put(page, "\n");
    }
    *bound = (struct label){0};
    decimal_print(sum, (int64_t)atomic_load_explicit(&histogram->sum_ns, memory_order_relaxed), 9,
                  true);
    put_sample(page, name, "_sum", labels, sum);
    put_sample(page, name, "_count", labels, print_count(text, below));
}
