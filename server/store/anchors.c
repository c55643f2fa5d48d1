#include "store/anchors.h"

#include "thread/clock.h"
#include "thread/log.h"
#include "thread/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ANCHOR_PATH_MAX = 4200,
    FILE_BYTES_MAX = 8 << 20,
    KEY_TEXT = 2 * crypto_sign_PUBLICKEYBYTES,
    DEFAULT_EVERY_S = 60,
    MESSAGE_BYTES = 16 + 8 + AUDIT_HASH_BYTES + 8 + 8 + 8,
};
static const int64_t spacing_ns = 100 * 1000000LL;
static const int64_t retry_ns = 1000 * 1000000LL;

struct head {
    int64_t seq, at_ns, removed;
    uint8_t hash[AUDIT_HASH_BYTES];
};

struct anchors {
    char dir[ANCHOR_PATH_MAX], path[ANCHOR_PATH_MAX];
    unsigned char secret[crypto_sign_SECRETKEYBYTES], public[crypto_sign_PUBLICKEYBYTES];
    char public_text[KEY_TEXT + 1];
    _Atomic int64_t every_ns;
    int fd;
    bool failed;         /* the last line was not written; said once */
    int64_t tried_ns;    /* monotonic */
    struct head written; /* the thread's */
    _Atomic int64_t written_ns;
    _Atomic uint64_t written_seq;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* of what follows; held for a copy, never for a write */
    pthread_cond_t told;
    struct head head;
    bool now, stop;
};

/* --- keys --- */

static enum status fail(struct err *err, const char *path, const char *what)
{
    return err_format(err, ERR_IO, "%s: %s: %s", path, what, strerrordesc_np(errno));
}

static enum status write_new(const char *path, mode_t mode, int flags, const char *text,
                             struct err *err)
{
    size_t length = strlen(text);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, mode);
    bool written;

    if (fd < 0)
        return fail(err, path, "cannot be made");
    written = fchmod(fd, mode) == 0 && write(fd, text, length) == (ssize_t)length && fsync(fd) == 0;
    if (close(fd) != 0 || !written)
        return fail(err, path, "cannot be written");
    return OK;
}

static void sync_folder(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return;
    if (fsync(fd) != 0)
        log_line(LOG_WARN, "store", "the data directory cannot be synced", "errno=%d", errno);
    close(fd);
}

static enum status make_key(const char *path, unsigned char seed[crypto_sign_SEEDBYTES],
                            struct err *err)
{
    char text[2 * crypto_sign_SEEDBYTES + 2];
    enum status status;

    randombytes_buf(seed, crypto_sign_SEEDBYTES);
    sodium_bin2hex(text, sizeof text, seed, crypto_sign_SEEDBYTES);
    strcat(text, "\n");
    status = write_new(path, 0600, O_EXCL, text, err);
    sodium_memzero(text, sizeof text);
    return status;
}

static enum status read_key(const char *path, unsigned char seed[crypto_sign_SEEDBYTES],
                            struct err *err)
{
    char text[2 * crypto_sign_SEEDBYTES + 2] = "";
    FILE *file = fopen(path, "re");
    size_t length = 0;
    bool read;

    if (!file)
        return errno == ENOENT ? make_key(path, seed, err) : fail(err, path, "cannot be read");
    read = fgets(text, sizeof text, file) != NULL &&
           sodium_hex2bin(seed, crypto_sign_SEEDBYTES, text, 2 * (size_t)crypto_sign_SEEDBYTES,
                          NULL, &length, NULL) == 0 &&
           length == crypto_sign_SEEDBYTES;
    fclose(file);
    sodium_memzero(text, sizeof text);
    return read ? OK
                : err_format(err, ERR_DAMAGED,
                             "%s: not a key; move it away, and a new one is made at the next start",
                             path);
}

/* Keys of before stay in the file: what they signed can still be checked. */
static enum status publish(const struct anchors *anchors, struct err *err)
{
    char path[ANCHOR_PATH_MAX + 16], line[KEY_TEXT + 4];
    bool known = false;
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/audit.pub", anchors->dir);
    file = fopen(path, "re");
    while (file && !known && fgets(line, sizeof line, file))
        known = strncmp(line, anchors->public_text, KEY_TEXT) == 0;
    if (file)
        fclose(file);
    if (known)
        return OK;
    (void)snprintf(line, sizeof line, "%s\n", anchors->public_text);
    return write_new(path, 0644, O_APPEND, line, err);
}

static enum status take_keys(struct anchors *anchors, struct err *err)
{
    unsigned char seed[crypto_sign_SEEDBYTES];
    char path[ANCHOR_PATH_MAX + 16];
    enum status status;

    (void)snprintf(path, sizeof path, "%s/audit.key", anchors->dir);
    status = read_key(path, seed, err);
    if (status != OK)
        return status;
    crypto_sign_seed_keypair(anchors->public, anchors->secret, seed);
    sodium_memzero(seed, sizeof seed);
    sodium_bin2hex(anchors->public_text, sizeof anchors->public_text, anchors->public,
                   sizeof anchors->public);
    status = publish(anchors, err);
    sync_folder(anchors->dir);
    return status;
}

/* --- one line --- */

static uint8_t *put(uint8_t *at, int64_t value)
{
    memcpy(at, &value, sizeof value); /* x86-64 is little endian */
    return at + sizeof value;
}

static void sign(const struct anchors *anchors, const struct head *head, int64_t signed_ns,
                 char signature[2 * crypto_sign_BYTES + 1])
{
    unsigned char bytes[crypto_sign_BYTES];
    uint8_t message[MESSAGE_BYTES], *at = message;

    memcpy(at, "pitwall-anchor-1", 16);
    at = put(at + 16, head->seq);
    memcpy(at, head->hash, AUDIT_HASH_BYTES);
    at = put(put(put(at + AUDIT_HASH_BYTES, head->at_ns), signed_ns), head->removed);
    assert(at == message + MESSAGE_BYTES);
    crypto_sign_detached(bytes, NULL, message, sizeof message, anchors->secret);
    sodium_bin2hex(signature, 2 * crypto_sign_BYTES + 1, bytes, sizeof bytes);
}

/* The write-ahead log only: it carries no locks that closing it could drop. What a checkpoint has
 * moved on to audit.db, SQLite has synced. */
static bool sync_rows(const struct anchors *anchors)
{
    char path[ANCHOR_PATH_MAX + 16];
    bool synced;
    int fd;

    (void)snprintf(path, sizeof path, "%s/audit.db-wal", anchors->dir);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT;
    synced = fdatasync(fd) == 0;
    close(fd);
    return synced;
}

/* Full: the old file stays as FILE.1. */
static void turn_page(struct anchors *anchors)
{
    char old[ANCHOR_PATH_MAX + 4];
    struct stat file;

    if (anchors->fd >= 0 && fstat(anchors->fd, &file) == 0 && file.st_size < FILE_BYTES_MAX)
        return;
    if (anchors->fd >= 0) {
        close(anchors->fd);
        (void)snprintf(old, sizeof old, "%s.1", anchors->path);
        if (rename(anchors->path, old) != 0)
            log_line(LOG_WARN, "store", "the old anchors stay in place", "errno=%d", errno);
    }
    anchors->fd = open(anchors->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
}

/* A line that was written in part would hide the next one: it is taken back. */
static bool append(struct anchors *anchors, const char *line, size_t length)
{
    struct stat before;

    turn_page(anchors);
    if (anchors->fd < 0 || fstat(anchors->fd, &before) != 0)
        return false;
    if (write(anchors->fd, line, length) == (ssize_t)length)
        return fdatasync(anchors->fd) == 0;
    if (ftruncate(anchors->fd, before.st_size) != 0)
        log_line(LOG_ERROR, "store", "half an anchor stays", "errno=%d", errno);
    return false;
}

static bool write_head(struct anchors *anchors, const struct head *head)
{
    char hash[2 * AUDIT_HASH_BYTES + 1], signature[2 * crypto_sign_BYTES + 1], line[768];
    int64_t signed_ns = clock_real_ns();
    int length;

    sodium_bin2hex(hash, sizeof hash, head->hash, sizeof head->hash);
    sign(anchors, head, signed_ns, signature);
    length = snprintf(line, sizeof line,
                      "{\"seq\":%lld,\"hash\":\"%s\",\"at_ns\":\"%lld\",\"signed_ns\":\"%lld\","
                      "\"removed_seq\":%lld,\"key\":\"%s\",\"signature\":\"%s\"}\n",
                      (long long)head->seq, hash, (long long)head->at_ns, (long long)signed_ns,
                      (long long)head->removed, anchors->public_text, signature);
    if (!sync_rows(anchors) || !append(anchors, line, (size_t)length))
        return false;
    log_line(LOG_INFO, "store", "audit head signed",
             "seq=%lld hash=%s at_ns=%lld signed_ns=%lld removed_seq=%lld signature=%s",
             (long long)head->seq, hash, (long long)head->at_ns, (long long)signed_ns,
             (long long)head->removed, signature);
    anchors->written = *head;
    atomic_store(&anchors->written_seq, (uint64_t)head->seq);
    atomic_store(&anchors->written_ns, signed_ns);
    return true;
}

static void try_head(struct anchors *anchors, const struct head *head)
{
    bool well = write_head(anchors, head);

    if (!well && !anchors->failed)
        log_line(LOG_ERROR, "store", "an audit head cannot be written down", "errno=%d", errno);
    anchors->failed = !well;
}

/* --- the thread --- */

static bool has_moved(const struct anchors *anchors)
{
    return anchors->head.seq != anchors->written.seq ||
           anchors->head.removed != anchors->written.removed;
}

/* Monotonic time of the next line; INT64_MAX: nothing to sign. Under the lock. */
static int64_t due_ns(const struct anchors *anchors)
{
    if (!has_moved(anchors))
        return INT64_MAX;
    if (anchors->failed)
        return anchors->tried_ns + retry_ns;
    return anchors->tried_ns + (anchors->now ? spacing_ns : anchors->every_ns);
}

static void wait_until(struct anchors *anchors, int64_t ns)
{
    struct timespec until = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

    if (ns == INT64_MAX)
        pthread_cond_wait(&anchors->told, &anchors->lock);
    else
        pthread_cond_timedwait(&anchors->told, &anchors->lock, &until);
}

static void *anchors_thread(void *ctx)
{
    struct anchors *anchors = ctx;
    struct head head;

    pthread_mutex_lock(&anchors->lock);
    while (!anchors->stop) {
        if (clock_mono_ns() < due_ns(anchors)) {
            wait_until(anchors, due_ns(anchors));
            continue;
        }
        head = anchors->head;
        anchors->now = false;
        pthread_mutex_unlock(&anchors->lock);
        try_head(anchors, &head);
        anchors->tried_ns = clock_mono_ns();
        pthread_mutex_lock(&anchors->lock);
    }
    pthread_mutex_unlock(&anchors->lock);
    return NULL;
}

/* --- outside --- */

static void init_lock(struct anchors *anchors)
{
    pthread_condattr_t monotonic;

    pthread_mutex_init(&anchors->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&anchors->told, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

void anchors_tune(struct anchors *anchors, const struct config *config)
{
    int64_t every_s = config->audit.anchor_s > 0 ? config->audit.anchor_s : DEFAULT_EVERY_S;

    pthread_mutex_lock(&anchors->lock);
    atomic_store(&anchors->every_ns, every_s * 1000000000LL);
    pthread_cond_signal(&anchors->told); /* it may be waiting for the old moment */
    pthread_mutex_unlock(&anchors->lock);
}

enum status anchors_open(struct anchors **anchors, const char *dir, const struct config *config,
                         struct err *err)
{
    struct anchors *fresh = calloc(1, sizeof *fresh);
    const char *file = config->audit.anchor_file;
    enum status status;

    if (!fresh)
        return err_set(err, ERR_INTERNAL, "out of memory");
    if (sodium_init() < 0) {
        free(fresh);
        return err_set(err, ERR_INTERNAL, "libsodium does not start");
    }
    init_lock(fresh);
    fresh->fd = -1;
    anchors_tune(fresh, config);
    fresh->tried_ns = clock_mono_ns() - spacing_ns;
    (void)snprintf(fresh->dir, sizeof fresh->dir, "%s", dir);
    (void)snprintf(fresh->path, sizeof fresh->path, "%s%s", file[0] != '\0' ? file : dir,
                   file[0] != '\0' ? "" : "/anchors.ndjson");
    *anchors = fresh;
    status = take_keys(fresh, err);
    if (status == OK)
        turn_page(fresh);
    if (status == OK && fresh->fd < 0)
        status = fail(err, fresh->path, "cannot be opened");
    return status;
}

enum status anchors_start(struct anchors *anchors, struct err *err)
{
    enum status status =
        thread_start(&anchors->thread, "anchors", false, IDLE_PARK, anchors_thread, anchors, err);

    anchors->running = status == OK;
    return status;
}

void anchors_tell(struct anchors *anchors, const struct audit_writer *head, bool now)
{
    pthread_mutex_lock(&anchors->lock);
    anchors->head.seq = head->seq;
    anchors->head.at_ns = head->at_ns;
    anchors->head.removed = head->removed;
    memcpy(anchors->head.hash, head->hash, sizeof head->hash);
    anchors->now |= now;
    /* The thread wakes by itself once a minute is over: only what cannot wait calls it, and the
     * first move of a minute, which it does not know of. */
    pthread_cond_signal(&anchors->told);
    pthread_mutex_unlock(&anchors->lock);
}

uint64_t anchors_written_seq(const struct anchors *anchors)
{
    return atomic_load(&anchors->written_seq);
}

int64_t anchors_written_ns(const struct anchors *anchors)
{
    return atomic_load(&anchors->written_ns);
}

const char *anchors_path(const struct anchors *anchors)
{
    return anchors->path;
}

void anchors_close(struct anchors *anchors)
{
    if (!anchors)
        return;
    pthread_mutex_lock(&anchors->lock);
    anchors->stop = true;
    pthread_cond_signal(&anchors->told);
    pthread_mutex_unlock(&anchors->lock);
    if (anchors->running)
        pthread_join(anchors->thread, NULL);
    if (anchors->running && has_moved(anchors))
        try_head(anchors, &anchors->head);
    if (anchors->fd >= 0)
        close(anchors->fd);
    sodium_memzero(anchors->secret, sizeof anchors->secret);
    pthread_cond_destroy(&anchors->told);
    pthread_mutex_destroy(&anchors->lock);
    free(anchors);
}
