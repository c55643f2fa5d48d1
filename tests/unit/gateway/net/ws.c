/* The client's side of RFC 6455: its own examples, every width of a length, whatever pieces. */
#include "gateway/net/ws.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char key[] = "dGhlIHNhbXBsZSBub25jZQ=="; /* RFC 6455, 1.3 */

Test(ws, the_key_is_that_of_the_rfc)
{
    char text[WS_KEY_TEXT];

    ws_key((const uint8_t *)"the sample nonce", text);
    cr_assert_str_eq(text, key);
}

Test(ws, only_the_answer_to_this_key_is_an_acceptance)
{
    static const char fine[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                               "SEC-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

    cr_assert(ws_is_accepted(fine, key));
    cr_assert_not(ws_is_accepted(fine, "dGhlIHNhbXBsZSBub25jZR=="));
    cr_assert_not(ws_is_accepted("HTTP/1.1 200 OK\r\nSec-WebSocket-Accept: "
                                 "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
                                 key));
    cr_assert_not(ws_is_accepted("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: "
                                 "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=x\r\n",
                                 key));
    cr_assert_not(ws_is_accepted("HTTP/1.1 101 Switching Protocols\r\n", key));
}

Test(ws, a_status_is_three_digits_of_http)
{
    cr_assert_eq(ws_status("HTTP/1.1 403 Forbidden\r\n"), 403);
    cr_assert_eq(ws_status("HTTP/1.0 101\r\n"), 101);
    cr_assert_eq(ws_status("HTTP/1.1 40x\r\n"), 0);
    cr_assert_eq(ws_status("SSH-2.0-OpenSSH\r\n"), 0);
    cr_assert_eq(ws_status("HTTP/1."), 0);
}

/* What a server makes of it. */
static void check_written(size_t length)
{
    char *room = malloc(WS_HEAD_MAX + length + 1);
    char *text = room + WS_HEAD_MAX;
    const uint8_t *head;
    size_t head_length;
    uint64_t told;

    for (size_t at = 0; at < length; at++)
        text[at] = (char)('a' + at % 26);
    head_length = ws_write(text, length, WS_TEXT, 0x8899aabbU);
    head = (const uint8_t *)text - head_length;
    cr_assert_eq(head_length, length < 126 ? 6 : length < 65536 ? 8 : 14);
    cr_assert_eq(head[0], 0x81);
    cr_assert(head[1] & 0x80, "a client masks");
    told = head[1] & 0x7f;
    for (size_t at = 2; at + 4 < head_length; at++)
        told = at == 2 ? head[at] : told << 8 | head[at];
    cr_assert_eq(told, length);
    for (size_t at = 0; at < length; at++)
        cr_assert_eq((char)(text[at] ^ text[(ptrdiff_t)(at % 4) - 4]), (char)('a' + at % 26));
    free(room);
}

Test(ws, frames_out_have_their_length_and_unmask_to_what_they_were)
{
    static const size_t lengths[] = {0, 1, 7, 8, 9, 125, 126, 315, 65535, 65536, 70001};

    for (size_t at = 0; at < sizeof lengths / sizeof lengths[0]; at++)
        check_written(lengths[at]);
}

static enum ws_result read_all(const char *bytes, size_t length, size_t piece, struct ws_head *head)
{
    const char *wrong;
    enum ws_result result = WS_PART;
    size_t taken;

    *head = (struct ws_head){0};
    for (size_t at = 0; at < length && result == WS_PART; at += taken)
        result =
            ws_read(head, bytes + at, length - at < piece ? length - at : piece, &taken, &wrong);
    return result;
}

Test(ws, heads_in_may_come_in_any_pieces)
{
    static const char wide[] = "\x01\x7f\0\0\0\0\0\x01\x02\x03payload";
    struct ws_head head;

    for (size_t piece = 1; piece < sizeof wide; piece++) {
        cr_assert_eq(read_all("\x81\x05hello", 7, piece, &head), WS_WHOLE);
        cr_assert(head.last && head.opcode == WS_TEXT && head.length == 5 && head.used == 2);
        cr_assert_eq(read_all("\x80\x7e\x01\x3bxxxx", 8, piece, &head), WS_WHOLE);
        cr_assert(head.last && head.opcode == WS_MORE_OF_IT && head.length == 0x13b);
        cr_assert_eq(read_all(wide, sizeof wide, piece, &head), WS_WHOLE);
        cr_assert(!head.last && head.opcode == WS_TEXT && head.length == 0x10203);
    }
    cr_assert_eq(read_all("\x81\x7e\x01", 3, 1, &head), WS_PART);
}

Test(ws, what_a_server_must_not_send_is_refused)
{
    struct ws_head head;

    cr_assert_eq(read_all("\xc1\x05", 2, 2, &head), WS_BAD, "compressed");
    cr_assert_eq(read_all("\x81\x85", 2, 2, &head), WS_BAD, "masked");
    cr_assert_eq(read_all("\x83\x05", 2, 2, &head), WS_BAD, "opcode 3");
    cr_assert_eq(read_all("\x8b\x05", 2, 2, &head), WS_BAD, "opcode 11");
    cr_assert_eq(read_all("\x09\x05", 2, 2, &head), WS_BAD, "a ping in pieces");
    cr_assert_eq(read_all("\x89\x7e\x00\x7e", 4, 4, &head), WS_BAD, "a ping of 126 bytes");
    cr_assert_eq(read_all("\x81\x7f\xff\0\0\0\0\0\0\0", 10, 10, &head), WS_BAD, "a length of 2^63");
}
