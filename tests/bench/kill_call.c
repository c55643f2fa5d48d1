/* A kill as a program calls it, and what it costs: one connection per call, made beforehand, then
 * the request, and the answer to its last byte. */
#include "load.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 64 * 1024, BODY_MAX = 1024 };

/* Round trip in ns, the answer in `room`; 0: none, or another code than 200. */
static int64_t call(int fd, const char *request, size_t length, char *room)
{
    int64_t from_ns = load_now_ns();
    size_t got = 0, whole = 0;
    int code = 0;

    if (send(fd, request, length, MSG_NOSIGNAL) != (ssize_t)length)
        return 0;
    while (!(whole = load_answer_length(room, got, &code))) {
        ssize_t more = recv(fd, room + got, ROOM - 1 - got, 0);

        if (more <= 0)
            return 0;
        got += (size_t)more;
    }
    room[whole] = '\0';
    return code == 200 ? load_now_ns() - from_ns : 0;
}

static int64_t call_once(uint16_t port, const char *token, const char *body, char *room)
{
    char request[BODY_MAX + 512];
    int length = snprintf(request, sizeof request,
                          "POST /api/v1/kill HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
                          "%s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                          token, strlen(body), body);
    int fd = load_connect(port);
    int64_t ns;

    if (fd < 0)
        return 0;
    poll(NULL, 0, 2); /* it is accepted by now: the call begins with the request */
    ns = call(fd, request, (size_t)length, room);
    close(fd);
    return ns;
}

int kill_call_main(int argc, char **argv)
{
    static char room[ROOM], line[BODY_MAX], token[256];

    if (argc != 4 || !load_pin(argv[3]) || !fgets(token, sizeof token, stdin))
        return 1;
    token[strcspn(token, "\n")] = '\0';
    while (fgets(line, sizeof line, stdin)) {
        const char *body;
        int64_t ns;

        line[strcspn(line, "\n")] = '\0';
        room[0] = '\0';
        ns = call_once((uint16_t)strtoul(argv[2], NULL, 10), token, line, room);
        body = strstr(room, "\r\n\r\n");
        printf("%lld %s\n", (long long)ns, body ? body + 4 : room);
        fflush(stdout);
    }
    return 0;
}
