/* The anchor of our HTTP figures: libmicrohttpd as bare as it goes, in the mode that we use. */
#include "load.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct MHD_Response *constant;

/* Answering at the first call would close the connection after each answer. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **slot)
{
    static int seen;

    (void)ctx, (void)url, (void)method, (void)version, (void)data, (void)size;
    if (!*slot) {
        *slot = &seen;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, constant);
}

static bool constant_make(size_t bytes)
{
    char *body = malloc(bytes + 1);

    if (!body)
        return false;
    memset(body, 'x', bytes);
    constant = MHD_create_response_from_buffer(bytes, body, MHD_RESPMEM_MUST_FREE);
    return constant && MHD_add_response_header(constant, MHD_HTTP_HEADER_CONTENT_TYPE,
                                               "application/json") == MHD_YES;
}

int bare_main(int argc, char **argv)
{
    struct MHD_Daemon *daemon;
    char byte;

    if (argc != 4 || !load_pin(argv[2]) || !constant_make(strtoul(argv[3], NULL, 10)))
        return 1;
    daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, on_request,
                              NULL, MHD_OPTION_CONNECTION_LIMIT, 1100U, MHD_OPTION_END);
    if (!daemon)
        return 1;
    printf("%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    MHD_stop_daemon(daemon);
    MHD_destroy_response(constant);
    return 0;
}
