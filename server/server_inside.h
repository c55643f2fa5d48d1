/* The pieces of server.c: all of the main thread. */
#ifndef PITWALL_SERVER_INSIDE_H
#define PITWALL_SERVER_INSIDE_H

#include "engine_room.h"
#include "kill_file.h"
#include "server.h"

#include <jansson.h>

/* Everything that runs, in the order in which it was made. */
struct server {
    const struct server_options *options;
    struct config config;
    uint64_t epoch;
    struct journal *journal;
    struct state_fold *fold;
    struct state_found found;
    struct store *store;
    struct store_saved saved;
    struct kill_file *kills;
    struct engine_room room;
    struct view_sources view_sources;
    struct view *view;
    struct access *access;
    struct keep *keep;
    struct overrides *overrides;
    struct control *control;
    struct alerts *alerts;
    struct stream *stream;
    struct http *http;
    json_t *first_login;
    bool held[MAX_INSTRUMENTS]; /* at the start */
    uint32_t orders_carried;
};

/* server_market.c */
/* Reads the configuration into the server. *feed is the caller's; NULL: no venue is simulated. */
enum status open_feed(struct server *server, struct feed **feed, struct err *err);
void close_feed(struct feed *feed); /* NULL: none */

/* server_words.c */
/* Once it answers: log-ins, what is halted, what is held, addresses; the last line is the `ready`
 * that scripts wait for. */
void print_ready(const struct server *server);

#endif
