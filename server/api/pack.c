#include "api/pack.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <zlib.h>

struct packer {
    pthread_mutex_t lock;
    z_stream stream;
};

enum { WINDOW_BITS_GZIP = 15 + 16, MEMORY_LEVEL = 8 };

struct packer *packer_open(int level)
{
    struct packer *packer = calloc(1, sizeof *packer);

    if (!packer)
        return NULL;
    if (deflateInit2(&packer->stream, level, Z_DEFLATED, WINDOW_BITS_GZIP, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        free(packer);
        return NULL;
    }
    pthread_mutex_init(&packer->lock, NULL);
    return packer;
}

void packer_close(struct packer *packer)
{
    if (!packer)
        return;
    deflateEnd(&packer->stream);
    pthread_mutex_destroy(&packer->lock);
    free(packer);
}

/* Into room for less than what came in: when that does not suffice, it is not worth it. */
static bool pack_into(z_stream *stream, const void *bytes, size_t length, void *out, size_t room)
{
    if (deflateReset(stream) != Z_OK)
        return false;
    stream->next_in = (Bytef *)(uintptr_t)bytes; /* zlib only reads there */
    stream->avail_in = (uInt)length;
    stream->next_out = out;
    stream->avail_out = (uInt)room;
    return deflate(stream, Z_FINISH) == Z_STREAM_END;
}

bool packer_pack(struct packer *packer, const void *bytes, size_t length, void **out,
                 size_t *out_length)
{
    size_t room = length - length / 8;
    void *packed;
    bool done;

    assert(length < UINT32_MAX);
    packed = malloc(room ? room : 1);
    if (!packed)
        return false;
    pthread_mutex_lock(&packer->lock);
    done = pack_into(&packer->stream, bytes, length, packed, room);
    *out_length = packer->stream.total_out;
    pthread_mutex_unlock(&packer->lock);
    if (!done) {
        free(packed);
        return false;
    }
    *out = packed;
    return true;
}
