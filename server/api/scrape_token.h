/* The token of `metrics_token_file`: a secret that is agreed upon before the program's first start,
 * so that a scraper can be set up with it where nobody is there to call `pitwall token create`. It
 * opens the metrics listener and nothing else. Only hashes are kept.
 *
 * The file has one line, or two while it is changed: both are taken, so that there is no moment in
 * which the scraper shows what is not taken yet, or not any more, and somebody is paged for it. A
 * file that has changed is read again within LOOK_NS, when a token is shown; one that is refused
 * leaves what was in force. */
#ifndef PITWALL_API_SCRAPE_TOKEN_H
#define PITWALL_API_SCRAPE_TOKEN_H

#include "config/config.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/stat.h>

enum { SCRAPE_TOKEN_HASH = 32, SCRAPE_TOKENS = 2 };

struct scrape_token {
    char path[CONFIG_TEXT_MAX * 2]; /* empty: none is taken */
    pthread_mutex_t lock;           /* over what follows */
    struct stat seen;               /* of the file when it was last read, or refused */
    int64_t looked_ns;              /* monotonic */
    int count;
    unsigned char hash[SCRAPE_TOKENS][SCRAPE_TOKEN_HASH];
};

/* Reads the file that the configuration names, if it does. ERR_CONFIG: it cannot be read, others
 * can read it, a line has not 32 to 255 characters, or there are more than two. Main thread. */
enum status scrape_token_read(struct scrape_token *token, const struct config *config,
                              struct err *err);
/* Is this one of them? In a time that does not tell how near it is. Any thread; may read the file
 * again. */
bool scrape_token_is(struct scrape_token *token, const char *sent);

#endif
