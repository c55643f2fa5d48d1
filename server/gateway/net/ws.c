#include "gateway/net/ws.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the handshake ---------------------------------------------------------------------- */

void ws_key(const uint8_t bytes[WS_KEY_BYTES], char key[WS_KEY_TEXT])
{
    EVP_EncodeBlock((unsigned char *)key, bytes, WS_KEY_BYTES);
}

size_t ws_request(char *into, size_t size, const char *path, const char *authority, const char *key)
{
    int length = snprintf(into, size,
                          "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
                          "Sec-WebSocket-Version: 13\r\n\r\n",
                          path, authority, key);

    return length > 0 && (size_t)length < size ? (size_t)length : 0;
}

int ws_status(const char *head)
{
    long status;
    char *end;

    if (strncmp(head, "HTTP/1.", 7) != 0 || head[7] == '\0' || head[8] != ' ')
        return 0;
    status = strtol(head + 9, &end, 10);
    return end == head + 12 && status >= 100 ? (int)status : 0;
}

bool ws_is_accepted(const char *head, const char *key)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    static const char name[] = "\r\nsec-websocket-accept:";
    char joined[WS_KEY_TEXT + sizeof guid];
    unsigned char digest[SHA_DIGEST_LENGTH];
    unsigned char accept[SHA_DIGEST_LENGTH * 2];
    const char *found = strcasestr(head, name);
    int length = snprintf(joined, sizeof joined, "%s%s", key, guid);

    if (ws_status(head) != 101 || !found)
        return false;
    SHA1((const unsigned char *)joined, (size_t)length, digest);
    length = EVP_EncodeBlock(accept, digest, sizeof digest);
    found += sizeof name - 1;
    found += strspn(found, " \t");
    return strncmp(found, (const char *)accept, (size_t)length) == 0 &&
           strchr(" \t\r", found[length]) != NULL;
}

/* ---- frames out ------------------------------------------------------------------------- */

static size_t length_bytes(uint64_t length)
{
    return length < 126 ? 0 : length < 65536 ? 2 : 8;
}

size_t ws_write(char *text, size_t length, unsigned opcode, uint32_t mask)
{
    size_t more = length_bytes(length);
    size_t head_length = 2 + more + sizeof mask;
    char *head = text - head_length;
    uint64_t wide = (uint64_t)mask << 32 | mask;
    size_t at = 0;

    head[0] = (char)(0x80 | opcode);
    head[1] = (char)(0x80 | (more == 0 ? length : more == 2 ? 126 : 127));
    for (size_t byte = 0; byte < more; byte++)
        head[2 + byte] = (char)(length >> 8 * (more - 1 - byte));
    memcpy(text - sizeof mask, &mask, sizeof mask);
    for (; at + sizeof wide <= length; at += sizeof wide) {
        uint64_t eight;

        memcpy(&eight, text + at, sizeof eight);
        eight ^= wide;
        memcpy(text + at, &eight, sizeof eight);
    }
    for (; at < length; at++)
        text[at] = (char)(text[at] ^ text[(ptrdiff_t)(at % 4) - 4]);
    return head_length;
}

/* ---- frames in -------------------------------------------------------------------------- */

static const char *what_is_wrong(const struct ws_head *head)
{
    bool control = head->opcode >= WS_CLOSE;

    return (head->bytes[0] & 0x70) != 0   ? "a frame uses an extension"
           : (head->bytes[1] & 0x80) != 0 ? "a server's frame is masked"
           : control && (!head->last || head->length > WS_CONTROL_MAX)
               ? "a control frame is too long"
           : (!control && head->opcode > 2) || head->opcode > WS_PONG ? "a frame of an unknown kind"
           : head->length >> 62 != 0                                  ? "a frame has no length"
                                                                      : NULL;
}

static size_t more_bytes(const struct ws_head *head)
{
    uint8_t first = head->bytes[1] & 127;

    return first < 126 ? 0 : first == 126 ? 2 : 8;
}

static void read_length(struct ws_head *head)
{
    size_t more = more_bytes(head);

    head->length = more == 0 ? head->bytes[1] & 127 : 0;
    for (size_t byte = 0; byte < more; byte++)
        head->length = head->length << 8 | head->bytes[2 + byte];
}

enum ws_result ws_read(struct ws_head *head, const char *bytes, size_t length, size_t *taken,
                       const char **wrong)
{
    for (*taken = 0; *taken < length;) {
        head->bytes[head->used++] = (uint8_t)bytes[(*taken)++];
        if (head->used < 2 || head->used < 2 + more_bytes(head))
            continue;
        head->opcode = head->bytes[0] & 15;
        head->last = (head->bytes[0] & 0x80) != 0;
        read_length(head);
        *wrong = what_is_wrong(head);
        head->is_whole = !*wrong;
        return *wrong ? WS_BAD : WS_WHOLE;
    }
    return WS_PART;
}
