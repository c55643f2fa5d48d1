/* A frame of the stream: WebSocket header and payload, built once and shared by whoever sends it.
 *
 * Stream thread only, so the count of references is a plain number. Bytes never change after the
 * frame was first handed out. */
#ifndef PITWALL_STREAM_FRAME_H
#define PITWALL_STREAM_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FRAME_HEADER_MAX = 10 };

struct frame {
    uint32_t refs;
    uint64_t seq;
    size_t length;
    unsigned char bytes[];
};

/* {"topic","type","seq","ts_ns","data":data} as one text frame. One reference, the caller's.
 * NULL: out of memory. */
struct frame *frame_make(const char *topic, const char *type, uint64_t seq, int64_t ts_ns,
                         const char *data);
/* Room for `size` bytes of frames that are whole already; length 0. NULL: out of memory. */
struct frame *frame_blank(size_t size);
struct frame *frame_hold(struct frame *frame);
void frame_release(struct frame *frame); /* NULL: nothing happens */

#endif
