/* Fuzz target: what clients send to the venue server, as bytes. Whatever they are and wherever they
 * are cut, a reader says the same of them, and what it hands out lies in the buffer. */
#include "fuzz/fuzz.h"
#include "venue/wire.h"

#include <stdlib.h>
#include <string.h>

static char *copy_of(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1); /* one byte behind it may be written */

    assert(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

/* ---- HTTP ------------------------------------------------------------------------------- */

static void check_text(const char *text, const char *buffer, size_t size)
{
    const char *end;

    if (*text == '\0')
        return; /* it may be a constant */
    assert(text > buffer && text < buffer + size);
    end = memchr(text, '\0', (size_t)(buffer + size - text));
    assert(end != NULL);
}

static void check_request(const struct wire_request *request, const char *buffer, size_t size)
{
    assert(request->whole_length <= size && request->body_length <= WIRE_BODY_MAX);
    assert(request->body + request->body_length == buffer + request->whole_length);
    assert(request->method == buffer && request->path[0] == '/');
    check_text(request->path, buffer, size);
    check_text(request->query, buffer, size);
    assert(request->header_count <= WIRE_HEADERS_MAX);
    for (uint32_t at = 0; at < request->header_count; at++) {
        assert(request->headers[at].name[0] != '\0');
        check_text(request->headers[at].name, buffer, size);
        check_text(request->headers[at].value, buffer, size);
    }
}

static int read_part(const uint8_t *data, size_t size, struct wire_request *request, bool check)
{
    char *buffer = copy_of(data, size);
    int status = wire_request_read(request, buffer, size);

    assert(status == 0 || (status >= 200 && status <= 599));
    if (status == 200 && check)
        check_request(request, buffer, size);
    free(buffer);
    return status;
}

/* Bytes that are behind a request, or that have not come yet, change nothing about it. */
static void try_request(const uint8_t *data, size_t size, size_t cut)
{
    struct wire_request whole, part;
    int status = read_part(data, size, &whole, true);
    int early;

    if (cut < size) {
        early = read_part(data, cut, &part, true);
        assert(early == 0 || early == status || (status == 0 && early == 0));
    }
    if (status != 200)
        return;
    assert(read_part(data, whole.whole_length, &part, true) == 200);
    assert(part.whole_length == whole.whole_length && part.keep_alive == whole.keep_alive);
    if (whole.whole_length > 0)
        assert(read_part(data, whole.whole_length - 1, &part, true) == 0);
}

/* ---- WebSocket -------------------------------------------------------------------------- */

static int read_frame(const uint8_t *data, size_t size, struct wire_frame *frame)
{
    char *buffer = copy_of(data, size);
    int code = wire_frame_read(frame, buffer, size);

    assert(code == 0 || code == 1 || code == 1002 || code == 1009);
    if (code == 1) {
        assert(frame->whole_length <= size && frame->length <= WIRE_MESSAGE_MAX);
        assert(frame->payload + frame->length == buffer + frame->whole_length);
        assert(!(frame->opcode & 8) || (frame->last && frame->length <= 125));
    }
    free(buffer);
    return code;
}

static void try_frames(const uint8_t *data, size_t size, size_t cut)
{
    struct wire_frame frame, part;
    size_t at = 0;
    int code = 1;

    while (code == 1 && at < size) {
        code = read_frame(data + at, size - at, &frame);
        if (code != 1)
            break;
        assert(read_frame(data + at, frame.whole_length, &part) == 1);
        assert(part.whole_length == frame.whole_length && part.opcode == frame.opcode);
        assert(read_frame(data + at, cut % frame.whole_length, &part) == 0);
        at += frame.whole_length;
    }
}

static void try_head(size_t length)
{
    char head[WIRE_FRAME_HEAD_MAX];
    size_t bytes = wire_frame_head(head, WIRE_TEXT, length);

    assert(bytes == (length > 65535 ? 10u : length > 125 ? 4u : 2u));
}

static void try_accept(const uint8_t *data, size_t size)
{
    char accept[WIRE_ACCEPT_MAX];
    char *key = copy_of(data, size);

    key[size] = '\0';
    if (wire_accept(accept, key))
        assert(strlen(key) == 24 && strlen(accept) == 28);
    free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {.at = data, .left = size};
    uint8_t kind = take_byte(&in);
    size_t cut = (size_t)take_number(&in, 2);

    if (kind % 4 == 0)
        try_frames(in.at, in.left, cut);
    else if (kind % 4 == 1)
        try_accept(in.at, in.left);
    else
        try_request(in.at, in.left, cut);
    try_head(cut * kind);
    return 0;
}
