/* Answers in whatever pieces they come, and names of places. */
#include "gateway/net/answer.h"
#include "gateway/net/url.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The same in pieces of `piece` bytes. */
static enum answer_result read_pieces(struct answer *answer, const char *text, size_t piece,
                                      char body[256], bool *left_over)
{
    size_t length = strlen(text);
    char *bytes = malloc(length + 1);
    enum answer_result result = ANSWER_MORE;
    size_t have = 0;

    answer_begin(answer);
    while (result == ANSWER_MORE && have < length) {
        size_t more = length - have < piece ? length - have : piece;

        memcpy(bytes + have, text + have, more);
        have += more;
        result = answer_read(answer, bytes, have, left_over);
    }
    snprintf(body, 256, "%.*s", (int)answer->body_length, bytes + answer->head_length);
    free(bytes);
    return result;
}

static const struct {
    const char *text, *body;
    enum answer_result result;
    bool keep;
} cases[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", ANSWER_DONE, true},
    {"HTTP/1.1 200 OK\r\ncontent-length:5 \r\nCONNECTION: Close\r\n\r\nhello", "hello", ANSWER_DONE,
     false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\n\r\n",
     "hello", ANSWER_DONE, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
     "0123456789", ANSWER_DONE, true},
    {"HTTP/1.1 204 No Content\r\n\r\n", "", ANSWER_DONE, true},
    {"HTTP/1.0 200 OK\r\n\r\nto the end", "to the end", ANSWER_MORE, false},
    {"HTTP/2 200\r\n\r\n", "", ANSWER_BAD, true},
    {"HTTP/1.1 999 No\r\n\r\n", "", ANSWER_BAD, true},
    {"HTTP/1.1 100 Continue\r\n\r\n", "", ANSWER_BAD, true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello", "", ANSWER_BAD, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhelXX", "", ANSWER_BAD, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n", "", ANSWER_BAD, true},
};

Test(net_answer, comes_in_pieces_of_any_size)
{
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++)
        for (size_t piece = 1; piece <= 100; piece++) {
            struct answer answer;
            char body[256];
            bool left_over;

            cr_assert_eq(read_pieces(&answer, cases[at].text, piece, body, &left_over),
                         cases[at].result, "%s in pieces of %zu", cases[at].text, piece);
            if (cases[at].result == ANSWER_BAD) {
                cr_assert_not_null(answer.wrong);
                continue;
            }
            cr_assert_str_eq(body, cases[at].body);
            cr_assert_eq(answer.keep_alive, cases[at].keep);
            cr_assert_not(left_over);
            cr_assert_eq(answer_ends_here(&answer), cases[at].result == ANSWER_MORE);
        }
}

Test(net_answer, what_is_left_over_is_said)
{
    struct answer answer;
    char body[256];
    bool left_over;

    cr_assert_eq(read_pieces(&answer, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", 99, body,
                             &left_over),
                 ANSWER_DONE);
    cr_assert(left_over);
    cr_assert_str_eq(body, "a");
}

/* Bytes of any kind are refused or taken, never read beyond. */
Test(net_answer, noise_does_no_harm)
{
    uint64_t random = 20417;

    for (int turn = 0; turn < 20000; turn++) {
        const char *from = cases[turn % (sizeof cases / sizeof cases[0])].text;
        size_t length = strlen(from);
        char *bytes = malloc(length + 1);
        struct answer answer;
        bool left_over;

        memcpy(bytes, from, length);
        for (int flips = 0; flips < 3; flips++) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            bytes[(random >> 40) % length] = (char)(random >> 33);
        }
        answer_begin(&answer);
        answer_read(&answer, bytes, length, &left_over);
        cr_assert_leq(answer.head_length + answer.body_length, length);
        free(bytes);
    }
}

Test(net_url, is_taken_apart)
{
    struct url url;

    cr_assert_null(url_parse(&url, "wss://stream.bybit.com/v5/public/linear?a=1"));
    cr_assert(url.tls && url.is_ws);
    cr_assert_str_eq(url.host, "stream.bybit.com");
    cr_assert_str_eq(url.authority, "stream.bybit.com");
    cr_assert_eq(url.port, 443);
    cr_assert_str_eq(url.path, "/v5/public/linear?a=1");
    cr_assert_null(url_parse(&url, "http://[::1]:9700"));
    cr_assert_not(url.tls || url.is_ws);
    cr_assert_str_eq(url.host, "::1");
    cr_assert_str_eq(url.authority, "[::1]:9700");
    cr_assert_eq(url.port, 9700);
    cr_assert_str_eq(url.path, "/");
}
