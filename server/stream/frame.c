#include "stream/frame.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_MAX = 160, TEXT_FINAL = 0x81, LENGTH_16 = 126, LENGTH_64 = 127 };

/* RFC 6455, section 5.2; a server does not mask. */
static size_t header_write(unsigned char out[FRAME_HEADER_MAX], size_t length)
{
    size_t size = 2;

    out[0] = TEXT_FINAL;
    if (length < LENGTH_16) {
        out[1] = (unsigned char)length;
        return size;
    }
    out[1] = length <= UINT16_MAX ? LENGTH_16 : LENGTH_64;
    for (int shift = length <= UINT16_MAX ? 8 : 56; shift >= 0; shift -= 8)
        out[size++] = (unsigned char)((uint64_t)length >> shift);
    return size;
}

static void put(struct frame *frame, const void *bytes, size_t length)
{
    memcpy(frame->bytes + frame->length, bytes, length);
    frame->length += length;
}

struct frame *frame_blank(size_t size)
{
    struct frame *frame = malloc(sizeof *frame + size);

    if (frame)
        *frame = (struct frame){.refs = 1};
    return frame;
}

struct frame *frame_make(const char *topic, const char *type, uint64_t seq, int64_t ts_ns,
                         const char *data)
{
    unsigned char header[FRAME_HEADER_MAX];
    char head[HEAD_MAX];
    int head_length = snprintf(head, sizeof head,
                               "{\"topic\":\"%s\",\"type\":\"%s\",\"seq\":%llu,\"ts_ns\":\"%lld\","
                               "\"data\":",
                               topic, type, (unsigned long long)seq, (long long)ts_ns);
    size_t data_length = strlen(data);
    size_t length = (size_t)head_length + data_length + 1;
    struct frame *frame = frame_blank(FRAME_HEADER_MAX + length);

    assert(head_length > 0 && head_length < HEAD_MAX);
    if (!frame)
        return NULL;
    frame->seq = seq;
    put(frame, header, header_write(header, length));
    put(frame, head, (size_t)head_length);
    put(frame, data, data_length);
    put(frame, "}", 1);
    return frame;
}

struct frame *frame_hold(struct frame *frame)
{
    frame->refs++;
    return frame;
}

void frame_release(struct frame *frame)
{
    if (frame && --frame->refs == 0)
        free(frame);
}
