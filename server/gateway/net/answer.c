#include "gateway/net/answer.h"

#include <string.h>
#include <strings.h>

enum { HEAD_MAX = 64 << 10, DIGITS_MAX = 18 };

void answer_begin(struct answer *answer)
{
    *answer = (struct answer){
        .keep_alive = true,
        .kind = ANSWER_TO_THE_END,
        .told = {
            .limit = -1, .limit_left = -1, .limit_reset_ms = -1, .retry_after_s = -1, .text = ""}};
}

static enum answer_result bad(struct answer *answer, const char *wrong)
{
    answer->wrong = wrong;
    return ANSWER_BAD;
}

/* Digits up to a blank or the end of the line; -1 for anything else. */
static int64_t number_of(const char *at, size_t length)
{
    int64_t value = 0;
    size_t digits = 0;

    while (length > 0 && (at[length - 1] == ' ' || at[length - 1] == '\t'))
        length--;
    for (; digits < length; digits++) {
        if (at[digits] < '0' || at[digits] > '9' || digits == DIGITS_MAX)
            return -1;
        value = value * 10 + (at[digits] - '0');
    }
    return digits > 0 ? value : -1;
}

static bool is_named(const char *line, size_t length, const char *name, const char **value,
                     size_t *value_length)
{
    size_t named = strlen(name);

    if (length <= named || strncasecmp(line, name, named) != 0 || line[named] != ':')
        return false;
    *value = line + named + 1;
    *value_length = length - named - 1;
    while (*value_length > 0 && (**value == ' ' || **value == '\t')) {
        ++*value;
        --*value_length;
    }
    return true;
}

static bool has_word(const char *value, size_t length, const char *word)
{
    size_t wanted = strlen(word);

    for (size_t at = 0; at + wanted <= length; at++)
        if (strncasecmp(value + at, word, wanted) == 0)
            return true;
    return false;
}

/* False: a length that is none. */
static bool take_header(struct answer *answer, const char *line, size_t length)
{
    struct {
        const char *name;
        int64_t *into;
    } const numbers[] = {
        {"x-bapi-limit", &answer->told.limit},
        {"x-bapi-limit-status", &answer->told.limit_left},
        {"x-bapi-limit-reset-timestamp", &answer->told.limit_reset_ms},
        {"retry-after", &answer->told.retry_after_s},
    };
    const char *value;
    size_t value_length;

    for (size_t at = 0; at < sizeof numbers / sizeof numbers[0]; at++)
        if (is_named(line, length, numbers[at].name, &value, &value_length))
            *numbers[at].into = number_of(value, value_length);
    if (is_named(line, length, "connection", &value, &value_length)) {
        if (has_word(value, value_length, "close"))
            answer->keep_alive = false;
    } else if (is_named(line, length, "transfer-encoding", &value, &value_length)) {
        if (has_word(value, value_length, "chunked"))
            answer->kind = ANSWER_CHUNKED;
    } else if (is_named(line, length, "content-length", &value, &value_length)) {
        int64_t expected = number_of(value, value_length);

        if (expected < 0 || expected > NET_FRAME_MAX)
            return false;
        answer->expected = (size_t)expected;
        if (answer->kind != ANSWER_CHUNKED)
            answer->kind = ANSWER_OF_LENGTH;
    }
    return true;
}

/* "HTTP/1.1 200 OK" */
static bool take_status(struct answer *answer, const char *line, size_t length)
{
    int64_t status;

    if (length < 12 || strncmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ')
        return false;
    status = number_of(line + 9, 3);
    if (line[7] == '0')
        answer->keep_alive = false;
    answer->told.http_status = (int)status;
    return status >= 100 && status <= 599;
}

static enum answer_result take_head(struct answer *answer, const char *bytes, size_t length)
{
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    const char *line = bytes;

    if (!end)
        return length > HEAD_MAX ? bad(answer, "the head of the answer is too long") : ANSWER_MORE;
    while (line < end) {
        const char *stop = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);
        size_t line_length = (size_t)(stop - line);

        if (line == bytes ? !take_status(answer, line, line_length)
                          : !take_header(answer, line, line_length))
            return bad(answer, "the answer is not HTTP/1.1");
        line = stop + 2;
    }
    answer->head_length = answer->raw_at = (size_t)(end + 4 - bytes);
    return ANSWER_DONE;
}

/* The number of a chunk's line: hexadecimal, at most eight digits. -1: it is none. */
static int64_t chunk_size(const char *at, size_t length)
{
    int64_t size = 0;
    size_t digits = 0;

    for (; digits < length && at[digits] != ';' && at[digits] != ' '; digits++) {
        const char *hex = "0123456789abcdef";
        const char *found = memchr(hex, at[digits] >= 'A' ? at[digits] | 0x20 : at[digits], 16);

        if (!found || digits == 8)
            return -1;
        size = size * 16 + (found - hex);
    }
    return digits > 0 ? size : -1;
}

/* One chunk that is whole is moved to the others. ANSWER_MORE: it is not whole, or there is one
 * behind it (*moved). */
static enum answer_result take_chunk(struct answer *answer, char *bytes, size_t length, bool *moved)
{
    char *line = bytes + answer->raw_at;
    size_t left = length - answer->raw_at;
    char *stop = memmem(line, left, "\r\n", 2);
    size_t head, size;
    int64_t told;

    *moved = false;
    if (!stop)
        return left > 1024 ? bad(answer, "a chunk of the answer has no size") : ANSWER_MORE;
    told = chunk_size(line, (size_t)(stop - line));
    if (told < 0 || told > NET_FRAME_MAX)
        return bad(answer, "the size of a chunk is none");
    head = (size_t)(stop + 2 - line);
    size = (size_t)told;
    if (left < head + size + 2)
        return ANSWER_MORE;
    if (memcmp(line + head + size, "\r\n", 2) != 0)
        return bad(answer, size == 0 ? "trailers are not taken" : "a chunk does not end");
    memmove(bytes + answer->head_length + answer->body_length, line + head, size);
    answer->body_length += size;
    answer->raw_at += head + size + 2;
    *moved = size > 0;
    return size == 0 ? ANSWER_DONE : ANSWER_MORE;
}

static enum answer_result take_body(struct answer *answer, char *bytes, size_t length,
                                    bool *left_over)
{
    size_t have = length - answer->head_length;
    enum answer_result result = ANSWER_MORE;
    bool moved = true;

    if (answer->kind == ANSWER_CHUNKED) {
        while (moved && result == ANSWER_MORE)
            result = take_chunk(answer, bytes, length, &moved);
        *left_over = length > answer->raw_at;
        return result;
    }
    if (answer->kind == ANSWER_TO_THE_END) {
        answer->body_length = have;
        return ANSWER_MORE;
    }
    answer->body_length = have < answer->expected ? have : answer->expected;
    *left_over = have > answer->expected;
    return have >= answer->expected ? ANSWER_DONE : ANSWER_MORE;
}

enum answer_result answer_read(struct answer *answer, char *bytes, size_t length, bool *left_over)
{
    *left_over = false;
    if (answer->head_length == 0) {
        enum answer_result result = take_head(answer, bytes, length);

        if (result != ANSWER_DONE)
            return result;
        if (answer->told.http_status < 200)
            return bad(answer, "an interim answer, which was not asked for");
        if (answer->told.http_status == 204 || answer->told.http_status == 304) {
            answer->kind = ANSWER_OF_LENGTH;
            answer->expected = 0;
        }
        if (answer->kind == ANSWER_TO_THE_END)
            answer->keep_alive = false;
    }
    return take_body(answer, bytes, length, left_over);
}

bool answer_ends_here(const struct answer *answer)
{
    return answer->head_length > 0 && answer->kind == ANSWER_TO_THE_END;
}
