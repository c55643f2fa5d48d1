#include "kill_file.h"

#include "data_dir.h"
#include "journal/crc32c.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KILLS_MAGIC 0x32534c4c494b5750ULL /* "PWKILLS2" */

/* The words rise while other threads read the file, so the checksum is of the rest: of what is
 * written once, when a start begins the file anew. */
struct kill_page_copy {
    uint64_t magic;
    uint32_t count, crc;
    struct {
        char name[SCOPE_TEXT_MAX];
        _Atomic uint64_t word, cleared;
    } scope[MAX_SCOPES];
};

struct kill_file {
    struct kill_page_copy *copy;
    uint16_t configured; /* the entries behind them are kept for a later start */
};

static enum status fail(struct err *err, const char *path, const char *what)
{
    return err_format(err, ERR_IO, "%s: %s: %s", path, what, strerror(errno));
}

static uint32_t checksum(const struct kill_page_copy *copy)
{
    uint32_t crc = crc32c(0, &copy->magic, sizeof copy->magic);

    crc = crc32c(crc, &copy->count, sizeof copy->count);
    for (uint32_t at = 0; at < copy->count; at++)
        crc = crc32c(crc, copy->scope[at].name, SCOPE_TEXT_MAX);
    return crc;
}

/* No resume clears what was not killed, and a ticket has room above every word. */
static bool is_plausible(uint64_t word, uint64_t cleared)
{
    return cleared <= word && word >> 32 < MAX_EPOCH;
}

static bool is_sound(const struct kill_page_copy *copy)
{
    if (copy->magic != KILLS_MAGIC || copy->count > MAX_SCOPES || copy->crc != checksum(copy))
        return false;
    for (uint32_t at = 0; at < copy->count; at++)
        if (memchr(copy->scope[at].name, '\0', SCOPE_TEXT_MAX) == NULL ||
            !is_plausible(copy->scope[at].word, copy->scope[at].cleared))
            return false;
    return true;
}

static bool stands(const struct kill_page_copy *copy, uint32_t at)
{
    return copy->scope[at].word > copy->scope[at].cleared;
}

/* A directory without the file has never run a program that keeps one: nothing was killed. */
static enum status read_left(const char *path, struct kill_page_copy *left, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length;

    *left = (struct kill_page_copy){.count = 0};
    if (fd < 0)
        return errno == ENOENT ? OK : fail(err, path, "cannot be opened");
    length = read(fd, left, sizeof *left);
    close(fd);
    if (length < 0)
        return fail(err, path, "cannot be read");
    if (length == (ssize_t)sizeof *left && is_sound(left))
        return OK;
    return err_format(err, ERR_DAMAGED,
                      "%s: damaged: what was killed when the last run ended cannot be told; "
                      "remove the file to start with what the journal says",
                      path);
}

/* The journal's word holds where it knows of a kill; this one only adds to it. HALTED by hand has
 * no incident, so a kill of such a scope is news. */
static void halt(struct store_saved *saved, uint16_t scope, uint64_t incident)
{
    if (saved->scope[scope].state_found && saved->scope[scope].state == STATE_HALTED &&
        saved->scope[scope].incident != 0)
        return;
    if (!saved->scope[scope].state_found)
        saved->scope[scope].version = 1;
    saved->scope[scope].state_found = true;
    saved->scope[scope].state = STATE_HALTED;
    saved->scope[scope].incident = incident;
    saved->scope[scope].is_named = false;
    saved->scope[scope].since_ns = clock_real_ns(); /* it is not known better */
    snprintf(saved->scope[scope].actor, sizeof saved->scope[scope].actor, "%s", "kill page");
    snprintf(saved->scope[scope].cause, sizeof saved->scope[scope].cause, "%s",
             "killed when the last run ended, not yet obeyed by its engine");
}

static void apply(const struct kill_page_copy *left, const struct config *config,
                  struct store_saved *saved)
{
    for (uint32_t at = 0; at < left->count; at++) {
        uint16_t scope;

        if (!stands(left, at))
            continue;
        if (config_scope_find(config, left->scope[at].name, &scope))
            halt(saved, scope, left->scope[at].word);
        else
            log_line(LOG_WARN, "server", "a killed scope is not configured: its kill is kept",
                     "scope=%s", left->scope[at].name);
    }
}

/* Nobody has resumed it: it comes up killed whenever its scope is configured again. */
static enum status keep(struct kill_page_copy *copy, const struct kill_page_copy *left, uint32_t at,
                        const char *path, struct err *err)
{
    if (copy->count == MAX_SCOPES)
        return err_format(err, ERR_CONFIG,
                          "%s: no room to keep the kill of %s, which is not configured: "
                          "configure it and resume it, or fewer scopes",
                          path, left->scope[at].name);
    memcpy(copy->scope[copy->count].name, left->scope[at].name, SCOPE_TEXT_MAX);
    copy->scope[copy->count++].word = left->scope[at].word;
    return OK;
}

/* What comes up killed is in the new file before the old one is gone. */
static enum status fill(struct kill_page_copy *copy, const struct kill_page_copy *left,
                        const struct config *config, const struct store_saved *saved,
                        const char *path, struct err *err)
{
    enum status status = OK;
    uint16_t unused;

    *copy = (struct kill_page_copy){.magic = KILLS_MAGIC, .count = scope_count(config->scopes)};
    for (uint16_t scope = 0; scope < (uint16_t)copy->count; scope++) {
        config_scope_name(config, scope, copy->scope[scope].name);
        if (saved->scope[scope].state_found && saved->scope[scope].state == STATE_HALTED)
            copy->scope[scope].word = saved->scope[scope].incident;
    }
    for (uint32_t at = 0; at < left->count && status == OK; at++)
        if (stands(left, at) && !config_scope_find(config, left->scope[at].name, &unused))
            status = keep(copy, left, at, path, err);
    copy->crc = checksum(copy);
    return status;
}

static enum status write_new(const char *path, const struct kill_page_copy *copy, struct err *err)
{
    char fresh[DATA_PATH_MAX + 8];
    int fd;
    bool well;

    snprintf(fresh, sizeof fresh, "%s.new", path);
    fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(err, fresh, "cannot be made");
    well = write(fd, copy, sizeof *copy) == (ssize_t)sizeof *copy && fsync(fd) == 0;
    close(fd);
    return well && rename(fresh, path) == 0 ? OK : fail(err, fresh, "cannot be written");
}

static enum status map(struct kill_file *file, const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *memory;

    if (fd < 0)
        return fail(err, path, "cannot be opened");
    memory = mmap(NULL, sizeof *file->copy, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (memory == MAP_FAILED)
        return fail(err, path, "cannot be mapped");
    file->copy = memory;
    return OK;
}

/* 0: none stands. */
static uint64_t firm_left(const struct kill_page_copy *left)
{
    for (uint32_t at = 0; at < left->count; at++)
        if (strcmp(left->scope[at].name, "firm") == 0)
            return stands(left, at) ? atomic_load(&left->scope[at].word) : 0;
    return 0;
}

/* Who restored the directory is not on record, but that it was, and from what, is. It holds over a
 * kill that the backup had: whoever knows the cause of that has not yet compared with the venue. */
static void name_restored(const char *dir, const struct kill_page_copy *left,
                          struct store_saved *saved)
{
    char path[DATA_PATH_MAX], line[256] = "";
    unsigned long long incident;
    char *why = line;
    FILE *file;

    snprintf(path, sizeof path, "%s/restored", dir);
    file = fopen(path, "re");
    if (!file)
        return;
    if (!fgets(line, sizeof line, file))
        line[0] = '\0';
    incident = strtoull(line, &why, 10);
    if (why != line && incident != 0 &&
        (saved->scope[0].incident == incident || firm_left(left) == incident)) {
        line[strcspn(line, "\n")] = '\0';
        if (saved->scope[0].incident != incident)
            saved->scope[0].since_ns = clock_real_ns();
        saved->scope[0].incident = incident;
        saved->scope[0].is_named = true;
        snprintf(saved->scope[0].actor, sizeof saved->scope[0].actor, "restore");
        snprintf(saved->scope[0].cause, sizeof saved->scope[0].cause, "%s", why + strspn(why, " "));
    }
    fclose(file);
}

static enum status write_restored(const char *dir, uint64_t incident, const char *why,
                                  struct err *err)
{
    char path[DATA_PATH_MAX];
    FILE *file;
    bool written;

    snprintf(path, sizeof path, "%s/restored", dir);
    file = fopen(path, "we");
    if (!file)
        return fail(err, path, "cannot be made");
    written = fprintf(file, "%llu %s\n", (unsigned long long)incident, why) > 0 &&
              fflush(file) == 0 && fsync(fileno(file)) == 0;
    return fclose(file) == 0 && written ? OK : fail(err, path, "cannot be written");
}

enum status kill_file_check(const char *dir, struct err *err)
{
    struct kill_page_copy *copy = calloc(1, sizeof *copy);
    char path[DATA_PATH_MAX];
    enum status status;

    if (!copy)
        return err_set(err, ERR_INTERNAL, "no memory for the kills");
    snprintf(path, sizeof path, "%s/kills", dir);
    status = read_left(path, copy, err);
    free(copy);
    return status;
}

enum status kill_file_restored(const char *dir, uint64_t incident, const char *why, struct err *err)
{
    struct kill_page_copy *copy = calloc(1, sizeof *copy);
    char path[DATA_PATH_MAX];
    uint32_t at = 0;
    enum status status;

    if (!copy)
        return err_set(err, ERR_INTERNAL, "no memory for the kills");
    snprintf(path, sizeof path, "%s/kills", dir);
    status = read_left(path, copy, err); /* what it refuses, not even a count, is not looked at */
    while (status == OK && at < copy->count && strcmp(copy->scope[at].name, "firm") != 0)
        at++;
    if (status == OK && at == copy->count) { /* no run has left any */
        copy->count++;
        snprintf(copy->scope[at].name, SCOPE_TEXT_MAX, "firm");
    }
    if (status == OK) {
        copy->magic = KILLS_MAGIC;
        atomic_store(&copy->scope[at].word, incident);
        copy->crc = checksum(copy);
        status = write_restored(dir, incident, why, err);
    }
    if (status == OK)
        status = write_new(path, copy, err);
    free(copy);
    return status;
}

enum status kill_file_open(struct kill_file **file, const char *dir, const struct config *config,
                           struct store_saved *saved, struct err *err)
{
    struct kill_page_copy *work = calloc(2, sizeof *work); /* what was left, what begins */
    struct kill_file *made = calloc(1, sizeof *made);
    char path[DATA_PATH_MAX];
    enum status status = OK;

    snprintf(path, sizeof path, "%s/kills", dir);
    if (!work || !made)
        status = err_set(err, ERR_INTERNAL, "no memory for the kills");
    if (status == OK)
        status = read_left(path, work, err);
    if (status == OK) {
        apply(work, config, saved);
        name_restored(dir, work, saved);
        status = fill(&work[1], work, config, saved, path, err);
    }
    if (status == OK)
        status = write_new(path, &work[1], err);
    if (status == OK)
        status = map(made, path, err);
    free(work);
    if (status == OK) {
        made->configured = scope_count(config->scopes);
        *file = made;
    } else {
        free(made);
    }
    return status;
}

void kill_file_close(struct kill_file *file)
{
    if (!file)
        return;
    munmap(file->copy, sizeof *file->copy);
    free(file);
}

/* Several threads may copy at once; the words only rise. */
void kill_file_note(struct kill_file *file, struct kill_page *page)
{
    for (uint16_t scope = 0; scope < file->configured; scope++) {
        uint64_t cleared = atomic_load_explicit(&page->cleared[scope], memory_order_acquire);

        kill_page_raise(&file->copy->scope[scope].word,
                        atomic_load_explicit(&page->word[scope], memory_order_acquire));
        kill_page_raise(&file->copy->scope[scope].cleared, cleared);
    }
}
