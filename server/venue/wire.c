#include "venue/wire.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Cuts the next line off *at: NUL-terminated, *at behind it. NULL: there is none. */
static char *take_line(char **at)
{
    char *line = *at;
    char *end = strstr(line, "\r\n");

    if (!end)
        return NULL;
    *end = '\0';
    *at = end + 2;
    return line;
}

static bool read_request_line(struct wire_request *request, char *line)
{
    char *path = strchr(line, ' ');
    char *version = path ? strchr(path + 1, ' ') : NULL;
    char *query;

    if (!version || path == line || path[1] != '/')
        return false;
    *path++ = '\0';
    *version++ = '\0';
    request->method = line;
    request->path = path;
    query = strchr(path, '?');
    request->query = query ? query + 1 : "";
    if (query)
        *query = '\0';
    request->keep_alive = strcmp(version, "HTTP/1.1") == 0;
    return request->keep_alive || strcmp(version, "HTTP/1.0") == 0;
}

static bool read_header(struct wire_request *request, char *line)
{
    char *colon = strchr(line, ':');
    char *value = colon ? colon + 1 + strspn(colon + 1, " \t") : NULL;

    if (!colon || colon == line || request->header_count == WIRE_HEADERS_MAX)
        return false;
    *colon = '\0';
    if (line[strcspn(line, " \t")] != '\0') /* RFC 9112, 5.1: no blank before the colon */
        return false;
    for (char *at = line; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    for (size_t end = strlen(value); end > 0 && strchr(" \t", value[end - 1]); end--)
        value[end - 1] = '\0';
    request->headers[request->header_count++] = (struct wire_header){.name = line, .value = value};
    return true;
}

/* The head, without its empty line, is NUL-terminated. */
static int read_head(struct wire_request *request, char *head)
{
    char *line = take_line(&head);

    if (!line || !read_request_line(request, line))
        return 400;
    while ((line = take_line(&head)) && *line)
        if (!read_header(request, line))
            return 400;
    if (*wire_header(request, "transfer-encoding"))
        return 501;
    if (strcasecmp(wire_header(request, "connection"), "close") == 0)
        request->keep_alive = false;
    return 200;
}

const char *wire_header(const struct wire_request *request, const char *name)
{
    for (uint32_t at = 0; at < request->header_count; at++)
        if (strcmp(request->headers[at].name, name) == 0)
            return request->headers[at].value;
    return "";
}

/* Content-Length as it stands in the raw head: looked for before the head is cut up, because the
 * body may still be on its way. -1: it is none, or there are two. */
static int64_t body_length_of(const char *head, size_t length)
{
    static const char name[] = "\r\ncontent-length:";
    int64_t found = -1;

    for (size_t at = 0; at + sizeof name - 1 < length; at++) {
        const char *value = head + at + sizeof name - 1;
        char *end;
        long long bytes;

        if (strncasecmp(head + at, name, sizeof name - 1) != 0)
            continue;
        value += strspn(value, " ");
        bytes = strtoll(value, &end, 10);
        if (!isdigit((unsigned char)*value) || *end != '\r' || found >= 0)
            return -1;
        found = bytes;
    }
    return found >= 0 ? found : 0;
}

int wire_request_read(struct wire_request *request, char *buffer, size_t length)
{
    const char *end = memmem(buffer, length, "\r\n\r\n", 4);
    size_t head = end ? (size_t)(end - buffer) + 4 : length;
    int64_t body;
    int status;

    if (head > WIRE_HEAD_MAX)
        return 431;
    if (!end)
        return 0;
    body = body_length_of(buffer, head);
    if (body < 0)
        return 400;
    if (body > WIRE_BODY_MAX)
        return 413;
    if (length < head + (size_t)body)
        return 0;
    *request = (struct wire_request){
        .body = buffer + head, .body_length = (size_t)body, .whole_length = head + (size_t)body};
    if (memchr(buffer, '\0', head))
        return 400;
    buffer[head - 2] = '\0'; /* in front of the empty line's end */
    status = read_head(request, buffer);
    return status;
}

const char *wire_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {{200, "OK"},
                {400, "Bad Request"},
                {401, "Unauthorized"},
                {403, "Forbidden"},
                {404, "Not Found"},
                {405, "Method Not Allowed"},
                {408, "Request Timeout"},
                {413, "Content Too Large"},
                {426, "Upgrade Required"},
                {429, "Too Many Requests"},
                {431, "Request Header Fields Too Large"},
                {501, "Not Implemented"},
                {503, "Service Unavailable"}};

    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++)
        if (rows[at].status == status)
            return rows[at].text;
    return "Error";
}

static uint64_t read_number(const char *from, uint32_t bytes)
{
    uint64_t value = 0;

    for (uint32_t at = 0; at < bytes; at++)
        value = value << 8 | (uint8_t)from[at];
    return value;
}

static void unmask(char *payload, size_t length, const char mask[4])
{
    for (size_t at = 0; at < length; at++)
        payload[at] = (char)(payload[at] ^ mask[at & 3]);
}

int wire_frame_read(struct wire_frame *frame, char *buffer, size_t length)
{
    uint8_t first = length > 0 ? (uint8_t)buffer[0] : 0;
    uint8_t second = length > 1 ? (uint8_t)buffer[1] : 0;
    uint32_t extra = (second & 127) == 127 ? 8 : (second & 127) == 126 ? 2 : 0;
    uint64_t payload;

    if (length < 2)
        return 0;
    if (!(second & 128) || (first & 0x70)) /* a client masks; no extension was agreed on */
        return 1002;
    if (length < 2 + extra + 4)
        return 0;
    payload = extra ? read_number(buffer + 2, extra) : (second & 127);
    if (payload > WIRE_MESSAGE_MAX)
        return 1009;
    if ((first & 8) && (payload > 125 || !(first & 128) || (first & 15) > WIRE_PONG))
        return 1002; /* long, in parts, or of no kind that there is */
    if (length < 2 + extra + 4 + payload)
        return 0;
    *frame = (struct wire_frame){.opcode = first & 15,
                                 .last = first & 128,
                                 .payload = buffer + 2 + extra + 4,
                                 .length = (size_t)payload,
                                 .whole_length = 2 + extra + 4 + (size_t)payload};
    unmask(frame->payload, frame->length, buffer + 2 + extra);
    return 1;
}

size_t wire_frame_head(char head[WIRE_FRAME_HEAD_MAX], enum wire_opcode opcode, size_t length)
{
    uint32_t extra = length > 65535 ? 8 : length > 125 ? 2 : 0;

    head[0] = (char)(0x80 | opcode);
    head[1] = (char)(extra == 8 ? 127 : extra == 2 ? 126 : length);
    for (uint32_t at = 0; at < extra; at++)
        head[2 + at] = (char)(length >> 8 * (extra - 1 - at) & 255);
    return 2 + extra;
}

bool wire_accept(char accept[WIRE_ACCEPT_MAX], const char *key)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    char text[128];

    if (strlen(key) != 24)
        return false;
    snprintf(text, sizeof text, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    if (EVP_Digest(text, strlen(text), digest, &length, EVP_sha1(), NULL) != 1)
        return false;
    EVP_EncodeBlock((unsigned char *)accept, digest, (int)length);
    return true;
}
