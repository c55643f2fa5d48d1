/* Between the files of server/host. */
#ifndef PITWALL_HOST_INSIDE_H
#define PITWALL_HOST_INSIDE_H

#include "host/audit.h"

enum { HOST_TEXT_MAX = 65536, HOST_PATH_MAX = 512 };

/* Is it as wanted? */
enum host_answer { HOST_YES, HOST_NO, HOST_CANNOT_TELL };

/* What a judge may look at beside the text: the row's argument, and other files below the root. */
struct host_look {
    const char *root;
    int core;
    const char *path; /* of the text, without the root */
    const char *argument;
};

/* Judges the text of a file and puts into `found` what a person wants to see of it. */
typedef enum host_answer (*host_judge)(const struct host_look *look, const char *text,
                                       char found[HOST_FOUND_MAX]);

/* The judges that host.def names: judge_told() and so on. */
#define JUDGE(name)                                                                                \
    enum host_answer judge_##name(const struct host_look *look, const char *text,                  \
                                  char found[HOST_FOUND_MAX])
/* Only reports: the text, a field of it, a limit, four bytes, those that are vulnerable. */
JUDGE(told);
JUDGE(told_field);
JUDGE(limit_told);
JUDGE(dma_latency);
JUDGE(vulnerable);
/* The text, the chosen word of it, its number, a limit, words in it, no more than one line. */
JUDGE(one_of);
JUDGE(chosen);
JUDGE(at_most);
JUDGE(at_least);
JUDGE(limit_at_least);
JUDGE(has_words);
JUDGE(one_line);
/* Whether the engine's core is in a list, a field, an option of the kernel, a mask; alone. */
JUDGE(list_has_core);
JUDGE(list_spares_core);
JUDGE(field_has_core);
JUDGE(option_has_core);
JUDGE(mask_spares_core);
JUDGE(alone);
/* These read further files below the root. */
JUDGE(no_quota);
JUDGE(shallow);
JUDGE(irqs_spare_core);
JUDGE(near_core);

/* --- texts (pure) --- */
/* Is the core in "0-3,8"? */
bool cores_have(const char *list, int core);
int cores_count(const char *list);
/* Is its bit set in "ff,00000001"? */
bool mask_has(const char *mask, int core);
/* The rest of the line that begins with `name` and a colon, without blanks; cut to fit. False: no
 * such line. */
bool field_of(const char *text, const char *name, char *out, size_t size);

/* Sum of the counts of a core in the rows of /proc/interrupts whose name is `row` ("LOC"), or NULL:
 * of all rows. -1: there is no such row, or no such core. */
int64_t interrupts_of(const char *text, const char *row, int core);

/* --- files --- */
/* Bytes read, a 0 behind them; -1: it cannot be read. `out` has HOST_TEXT_MAX bytes. */
int host_read(const char *root, const char *path, char *out);

/* The next row. Its texts must be literals. */
struct host_row *host_add(struct host_audit *audit, const char *area, const char *name,
                          const char *wanted, const char *hint);
/* Printable, one line, cut to fit. */
void host_tame(char out[HOST_FOUND_MAX], const char *text);

#endif
