#include "venue/wire.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static char buffer[WIRE_MESSAGE_MAX + WIRE_HEAD_MAX];
static struct wire_request request;
static struct wire_frame frame;

static int read_text(const char *text)
{
    strcpy(buffer, text);
    return wire_request_read(&request, buffer, strlen(text));
}

Test(venue_wire, a_query_stays_as_it_was_sent)
{
    cr_assert(eq(int,
                 read_text("GET /v5/order/realtime?cursor=a%3Ab&x=%2C HTTP/1.1\r\nHost: h\r\n"
                           "X-BAPI-Sign:  abc \r\n\r\n"),
                 200));
    cr_assert(eq(str, (char *)request.method, "GET"));
    cr_assert(eq(str, (char *)request.path, "/v5/order/realtime"));
    cr_assert(eq(str, (char *)request.query, "cursor=a%3Ab&x=%2C"));
    cr_assert(eq(str, (char *)wire_header(&request, "x-bapi-sign"), "abc"));
    cr_assert(eq(str, (char *)wire_header(&request, "x-none"), ""));
    cr_assert(request.keep_alive);
}

Test(venue_wire, a_body_is_waited_for_and_counted)
{
    const char text[] = "POST /p HTTP/1.1\r\nContent-Length: 4\r\n\r\n{\"a\"GET /next";

    for (size_t length = 0; length < strlen(text) - strlen("GET /next"); length++) {
        memcpy(buffer, text, sizeof text);
        cr_assert(eq(int, wire_request_read(&request, buffer, length), 0), "%zu bytes", length);
    }
    cr_assert(eq(int, read_text(text), 200));
    cr_assert(eq(sz, request.body_length, 4));
    cr_assert(eq(sz, request.whole_length, strlen(text) - strlen("GET /next")));
}

Test(venue_wire, what_is_no_request_is_refused)
{
    cr_assert(eq(int, read_text("hello\r\n\r\n"), 400));
    cr_assert(eq(int, read_text("GET nowhere HTTP/1.1\r\n\r\n"), 400));
    cr_assert(eq(int, read_text("GET / HTTP/9\r\n\r\n"), 400));
    cr_assert(eq(int, read_text("GET / HTTP/1.1\r\nno colon\r\n\r\n"), 400));
    cr_assert(eq(int, read_text("POST / HTTP/1.1\r\nContent-Length: -4\r\n\r\n"), 400));
    cr_assert(eq(int, read_text("POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"), 413));
    cr_assert(eq(int, read_text("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), 501));
    memset(buffer, 'a', WIRE_HEAD_MAX + 1);
    cr_assert(eq(int, wire_request_read(&request, buffer, WIRE_HEAD_MAX + 1), 431));
}

/* Two readers could disagree about where such a request ends. */
Test(venue_wire, a_length_that_could_be_read_in_two_ways_is_refused)
{
    cr_assert(eq(int,
                 read_text("POST / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 4\r\n\r\nabcd"),
                 400));
    cr_assert(eq(int, read_text("POST / HTTP/1.1\r\nContent-Length : 4\r\n\r\nabcd"), 400));
    cr_assert(eq(int, read_text("POST / HTTP/1.1\r\nHost: a\r\n Content-Length: 4\r\n\r\n"), 400));
}

/* RFC 6455, 5.7: a masked "Hello". */
Test(venue_wire, a_masked_frame_is_unmasked)
{
    const char hello[] = {(char)0x81, (char)0x85, 0x37, (char)0xfa, 0x21, 0x3d,
                          0x7f,       (char)0x9f, 0x4d, 0x51,       0x58};

    for (size_t length = 0; length < sizeof hello; length++) {
        memcpy(buffer, hello, sizeof hello);
        cr_assert(eq(int, wire_frame_read(&frame, buffer, length), 0));
    }
    memcpy(buffer, hello, sizeof hello);
    cr_assert(eq(int, wire_frame_read(&frame, buffer, sizeof hello), 1));
    cr_assert(eq(sz, frame.length, 5));
    cr_assert(memcmp(frame.payload, "Hello", 5) == 0);
    cr_assert(frame.last);
}

Test(venue_wire, frames_that_no_client_may_send)
{
    const char no_kind[] = {(char)0x8b, (char)0x80, 1, 2, 3, 4}; /* opcode 11 */
    const char unmasked[] = {(char)0x81, 0x01, 'a', 0, 0, 0, 0};
    const char reserved[] = {(char)0xc1, (char)0x81, 0, 0, 0, 0, 'a'};
    const char long_ping[] = {(char)0x89, (char)0xfe, 0, (char)200, 0, 0, 0, 0};
    const char huge[] = {(char)0x81, (char)0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};

    memcpy(buffer, unmasked, sizeof unmasked);
    cr_assert(eq(int, wire_frame_read(&frame, buffer, sizeof unmasked), 1002));
    memcpy(buffer, reserved, sizeof reserved);
    cr_assert(eq(int, wire_frame_read(&frame, buffer, sizeof reserved), 1002));
    memcpy(buffer, long_ping, sizeof long_ping);
    cr_assert(eq(int, wire_frame_read(&frame, buffer, sizeof long_ping), 1002));
    memcpy(buffer, no_kind, sizeof no_kind);
    cr_assert(eq(int, wire_frame_read(&frame, buffer, sizeof no_kind), 1002));
    memcpy(buffer, huge, sizeof huge);
    cr_assert(eq(int, wire_frame_read(&frame, buffer, sizeof huge), 1009));
}

/* RFC 6455, 1.3. */
Test(venue_wire, the_accept_of_a_key)
{
    char accept[WIRE_ACCEPT_MAX];

    cr_assert(wire_accept(accept, "dGhlIHNhbXBsZSBub25jZQ=="));
    cr_assert(eq(str, accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    cr_assert(not(wire_accept(accept, "short")));
}
