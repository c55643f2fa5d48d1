#include "metrics/exposition.h"

#include <string.h>

void family(FILE *out, const char *name, const char *type, const char *help)
{
    (void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_value_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\\' || *text == '"')
            putc('\\', out);
        if (*text == '\n')
            fputs("\\n", out);
        else
            putc(*text, out);
    }
}

static void put_label(FILE *out, char before, const struct label *label)
{
    (void)fprintf(out, "%c%s=\"", before, label->name);
    put_value_text(out, label->value);
    putc('"', out);
}

void sample(FILE *out, const char *name, const struct label *labels, const char *value)
{
    fputs(name, out);
    for (const struct label *label = labels; label && label->name; label++)
        put_label(out, label == labels ? '{' : ',', label);
    (void)fprintf(out, "%s %s\n", labels && labels->name ? "}" : "", value);
}

void sample_count(FILE *out, const char *name, const struct label *labels, uint64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    sample(out, name, labels, text);
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

static int bound_of(int64_t value_ns)
{
    int64_t bound_ns = first_bound_ns;
    int at = 0;

    while (at < BOUNDS && value_ns > bound_ns) {
        bound_ns *= 2;
        at++;
    }
    return at; /* BOUNDS: above the last */
}

/* A bucket of the engine that straddles a bound counts above it: never better than it was. */
static void collect(struct histogram *histogram, uint64_t counts[BOUNDS + 1])
{
    memset(counts, 0, (BOUNDS + 1) * sizeof *counts);
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        counts[bound_of(histogram_bucket_max_ns(i))] +=
            atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
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
