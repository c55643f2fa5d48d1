/* The token of `metrics_token_file`: a secret that is agreed upon before the program's first start,
 * so that a scraper can be set up with it where nobody is there to call `pitwall token create`. It
 * opens the metrics listener and nothing else. Only its hash is kept. */
#ifndef PITWALL_API_SCRAPE_TOKEN_H
#define PITWALL_API_SCRAPE_TOKEN_H

#include "config/config.h"

#include <stdbool.h>

enum { SCRAPE_TOKEN_HASH = 32 };

struct scrape_token {
    bool is_set;
    unsigned char hash[SCRAPE_TOKEN_HASH];
};

/* Reads the file that the configuration names, if it does. ERR_CONFIG: it cannot be read, others
 * can read it, or its first line has not 32 to 255 characters. Main thread. */
enum status scrape_token_read(struct scrape_token *token, const struct config *config,
                              struct err *err);
/* Is this it? In a time that does not tell how near it is. Any thread. */
bool scrape_token_is(const struct scrape_token *token, const char *sent);

#endif
