/* The crowd: all clients of the stream, and the one epoll that waits for them.
 *
 * Stream thread only. Telling 1,000 clients of a change is a reference into each queue and one
 * send() each; a client whose socket takes nothing is left alone until epoll says that it does
 * again. A descriptor that can do nothing more leaves epoll at once: EPOLLHUP cannot be masked. */
#ifndef PITWALL_STREAM_CROWD_H
#define PITWALL_STREAM_CROWD_H

#include "stream/client.h"

struct crowd {
    int epoll;
    uint32_t count;
    struct client *client[STREAM_CLIENTS_MAX];
};

bool crowd_open(struct crowd *crowd);
void crowd_close(struct crowd *crowd); /* frees who is left */

/* Takes the client over, and reads what it said with its handshake. */
void crowd_add(struct crowd *crowd, struct client *client, int64_t now_ns);
/* Also waits for what no client owns, an eventfd. */
bool crowd_watch_wake(struct crowd *crowd, int fd);
/* Waits, reads, and writes where there is room again. True: the eventfd was written. */
bool crowd_wait(struct crowd *crowd, int timeout_ms);

/* Does anybody subscribe to the topic; *now: does somebody wait for its beginning. */
bool crowd_wants(const struct crowd *crowd, enum topic_id topic, bool *now);
void crowd_feed(struct crowd *crowd, enum topic_id topic, struct channel *channel, int64_t now_ns);
/* Writes; gives each client its next share of reading; frees who is done. Returns how many. */
uint32_t crowd_flush(struct crowd *crowd, int64_t now_ns);

#endif
