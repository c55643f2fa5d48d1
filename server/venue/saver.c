#include "venue/saver.h"

#include "thread/log.h"

#include <pthread.h>
#include <stdlib.h>

#define EACH_NS 500000000LL

struct saver {
    const struct venue *venue;
    const char *path;
    bool changed;
    int64_t next_ns;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t given;
    /* of both threads, under the lock */
    uint8_t *bytes; /* NULL: nothing to write */
    size_t size;
    bool stop, failed;
};

static void write_given(struct saver *saver)
{
    struct err err = {0};
    char text[256];
    bool well = venue_write(saver->path, saver->bytes, saver->size, &err) == OK;

    if (!well)
        log_line(LOG_ERROR, "venue", "state not saved, tried again", "why=%s",
                 log_escape(text, sizeof text, err.text));
    pthread_mutex_lock(&saver->lock);
    free(saver->bytes);
    saver->bytes = NULL;
    saver->failed = !well;
    pthread_mutex_unlock(&saver->lock);
}

/* The bytes stay where they are while they are written: nobody gives others meanwhile. */
static void *write_on(void *given)
{
    struct saver *saver = given;
    bool stop = false;

    while (!stop) {
        bool has;

        pthread_mutex_lock(&saver->lock);
        while (!saver->bytes && !saver->stop)
            pthread_cond_wait(&saver->given, &saver->lock);
        has = saver->bytes != NULL;
        stop = saver->stop;
        pthread_mutex_unlock(&saver->lock);
        if (has)
            write_given(saver);
    }
    return NULL;
}

enum status saver_open(struct saver **opened, const struct venue *venue, const char *path,
                       struct err *err)
{
    struct saver *saver;

    if (venue_save(venue, path, err) != OK)
        return err_wrap(err, ERR_CONFIG, "--state wants a file in a folder that can be written");
    saver = calloc(1, sizeof *saver);
    if (!saver)
        return err_set(err, ERR_INTERNAL, "no memory for the saver");
    *saver = (struct saver){.venue = venue, .path = path};
    pthread_mutex_init(&saver->lock, NULL);
    pthread_cond_init(&saver->given, NULL);
    if (pthread_create(&saver->thread, NULL, write_on, saver) != 0) {
        free(saver);
        return err_set(err, ERR_INTERNAL, "no thread for the saver");
    }
    *opened = saver;
    return OK;
}

void saver_note(struct saver *saver)
{
    if (saver)
        saver->changed = true;
}

/* Under the lock. */
static void give(struct saver *saver)
{
    saver->changed |= saver->failed;
    if (saver->bytes || !saver->changed)
        return;
    saver->bytes = venue_pack(saver->venue, &saver->size);
    saver->changed = saver->bytes == NULL;
    saver->failed = false;
    pthread_cond_signal(&saver->given);
}

void saver_turn(struct saver *saver, int64_t now_ns)
{
    if (!saver || now_ns < saver->next_ns)
        return;
    saver->next_ns = now_ns + EACH_NS;
    pthread_mutex_lock(&saver->lock);
    give(saver);
    pthread_mutex_unlock(&saver->lock);
}

void saver_close(struct saver *saver)
{
    if (!saver)
        return;
    pthread_mutex_lock(&saver->lock);
    saver->stop = true;
    pthread_cond_signal(&saver->given);
    pthread_mutex_unlock(&saver->lock);
    pthread_join(saver->thread, NULL);
    free(saver->bytes);
    free(saver);
}
