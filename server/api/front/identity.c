#include "api/front/identity.h"

#include "thread/clock.h"
#include "thread/log.h"
#include "thread/thread.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { LOOK_S = 2, FILES = 3 };

/* What tells one content of a file from another. All zero: it is not there. */
struct stamp {
    int64_t changed_s, changed_ns, bytes;
    uint64_t inode;
};

struct stamps {
    struct stamp of[FILES];
};

struct identity {
    struct identity_files files;
    pthread_mutex_t lock; /* of what follows */
    SSL_CTX *context;
    struct identity_facts facts;
    bool asked, ending;
    pthread_cond_t wake;
    /* Watcher's. */
    pthread_t watcher;
    bool is_watched;
    struct stamps tried, seen; /* what was last read; what was there at the last look */
    identity_note note;
    void *note_ctx;
};

static struct stamp stamp_of(const char *path)
{
    struct stat about;

    if (path[0] == '\0' || stat(path, &about) != 0)
        return (struct stamp){0};
    return (struct stamp){about.st_mtim.tv_sec, about.st_mtim.tv_nsec, about.st_size, about.st_ino};
}

static struct stamps look(const struct identity_files *files)
{
    return (struct stamps){
        {stamp_of(files->cert), stamp_of(files->key), stamp_of(files->client_ca)}};
}

static bool are_same(const struct stamps *one, const struct stamps *other)
{
    return memcmp(one, other, sizeof *one) == 0;
}

static const char *print_time(int64_t s, char out[CLOCK_TEXT_MAX])
{
    if (!clock_print_utc(out, s))
        snprintf(out, CLOCK_TEXT_MAX, "unknown");
    return out;
}

enum status identity_open(struct identity **out, const struct identity_files *files,
                          struct err *err)
{
    struct identity *identity = calloc(1, sizeof *identity);
    char when[CLOCK_TEXT_MAX];
    pthread_condattr_t monotonic;
    enum status status;

    if (!identity)
        return err_set(err, ERR_INTERNAL, "out of memory");
    identity->files = *files;
    identity->tried = identity->seen = look(files); /* before: a change while we read is seen */
    pthread_mutex_init(&identity->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&identity->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    status = context_make(files, &identity->context, &identity->facts, err);
    if (status != OK) {
        identity_close(identity);
        return status;
    }
    if (identity->facts.expiry_s < time(NULL))
        log_line(LOG_ERROR, "tls", "the certificate is over; clients will refuse it", NULL);
    log_line(LOG_INFO, "tls", "certificate", "sha256=%s self_signed=%d expires=%s",
             identity->facts.fingerprint, identity->facts.is_own,
             print_time(identity->facts.expiry_s, when));
    *out = identity;
    return OK;
}

SSL_CTX *identity_context(struct identity *identity)
{
    SSL_CTX *context;

    pthread_mutex_lock(&identity->lock);
    context = identity->context;
    SSL_CTX_up_ref(context);
    pthread_mutex_unlock(&identity->lock);
    return context;
}

void identity_facts(struct identity *identity, struct identity_facts *facts)
{
    pthread_mutex_lock(&identity->lock);
    *facts = identity->facts;
    pthread_mutex_unlock(&identity->lock);
}

void identity_reload(struct identity *identity)
{
    pthread_mutex_lock(&identity->lock);
    identity->asked = true;
    pthread_cond_signal(&identity->wake);
    pthread_mutex_unlock(&identity->lock);
}

/* --- the watcher --- */

static enum status check_time(const struct identity_facts *facts, const char *path, struct err *err)
{
    if (facts->expiry_s > time(NULL))
        return OK;
    return err_format(err, ERR_CONFIG, "%s: the certificate is over", path);
}

static void swap(struct identity *identity, SSL_CTX *context, const struct identity_facts *facts)
{
    SSL_CTX *old;

    pthread_mutex_lock(&identity->lock);
    old = identity->context;
    identity->context = context;
    identity->facts = *facts;
    pthread_mutex_unlock(&identity->lock);
    SSL_CTX_free(old);
}

static void read_again(struct identity *identity)
{
    struct identity_facts facts;
    SSL_CTX *context = NULL;
    char says[ERR_TEXT_MAX + 64], safe[2 * ERR_TEXT_MAX], when[CLOCK_TEXT_MAX];
    struct err err;
    enum status status = context_make(&identity->files, &context, &facts, &err);

    if (status == OK)
        status = check_time(&facts, identity->files.cert, &err);
    if (status == OK) {
        swap(identity, context, &facts);
        (void)snprintf(says, sizeof says, "certificate taken: SHA-256 %s", facts.fingerprint);
        log_line(LOG_INFO, "tls", "certificate taken", "sha256=%s expires=%s", facts.fingerprint,
                 print_time(facts.expiry_s, when));
    } else {
        SSL_CTX_free(context);
        (void)snprintf(says, sizeof says, "certificate refused, the old one stays: %s", err.text);
        log_line(LOG_ERROR, "tls", "certificate refused, the old one stays", "why=%s",
                 log_escape(safe, sizeof safe, err.text));
    }
    if (identity->note)
        identity->note(identity->note_ctx, status == OK, says);
}

/* A pair that lasts for one look, or that somebody has asked for, is read; once. */
static void look_again(struct identity *identity, bool asked)
{
    struct stamps now = look(&identity->files);
    bool is_settled = are_same(&now, &identity->seen);

    identity->seen = now;
    if (!asked && (!is_settled || are_same(&now, &identity->tried)))
        return;
    identity->tried = now;
    read_again(identity);
}

/* False: it is time to end. */
static bool wait_for_look(struct identity *identity, bool *asked)
{
    struct timespec until;
    bool goes_on;
    int answer = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LOOK_S;
    pthread_mutex_lock(&identity->lock);
    while (!identity->asked && !identity->ending && answer == 0)
        answer = pthread_cond_timedwait(&identity->wake, &identity->lock, &until);
    *asked = identity->asked;
    identity->asked = false;
    goes_on = !identity->ending;
    pthread_mutex_unlock(&identity->lock);
    return goes_on;
}

static void *watch_body(void *ctx)
{
    struct identity *identity = ctx;
    bool asked;

    while (wait_for_look(identity, &asked))
        look_again(identity, asked);
    return NULL;
}

enum status identity_watch(struct identity *identity, identity_note note, void *ctx,
                           struct err *err)
{
    enum status status;

    identity->note = note;
    identity->note_ctx = ctx;
    status =
        thread_start(&identity->watcher, "tls-watch", false, IDLE_PARK, watch_body, identity, err);
    identity->is_watched = status == OK;
    return status;
}

void identity_close(struct identity *identity)
{
    if (!identity)
        return;
    pthread_mutex_lock(&identity->lock);
    identity->ending = true;
    pthread_cond_signal(&identity->wake);
    pthread_mutex_unlock(&identity->lock);
    if (identity->is_watched)
        pthread_join(identity->watcher, NULL);
    SSL_CTX_free(identity->context);
    pthread_cond_destroy(&identity->wake);
    pthread_mutex_destroy(&identity->lock);
    free(identity);
}
