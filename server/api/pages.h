/* The dashboard's files, read into memory at start: index.html at /, docs.html (the
 * reference of the REST interface) at /docs, others under /static/<hash>/.
 * Each is tagged, and packed where that makes it smaller, once, at start. Only names found at start
 * exist, so no request can reach another file. Read-only after start; any thread. Bounded: 512
 * files, 16 MiB together. */
#ifndef PITWALL_API_PAGES_H
#define PITWALL_API_PAGES_H

#include "api/http.h"

#include <stdbool.h>
#include <stddef.h>

struct pages;

struct page {
    char path[160]; /* as in the request, "/static/0123/app.js" */
    const char *type;
    void *bytes;
    size_t length;
    void *packed; /* gzip; NULL: it does not become smaller */
    size_t packed_length;
    char etag[ETAG_MAX], packed_etag[ETAG_MAX]; /* without quotes */
    bool immutable;                             /* its address changes with its content */
};

/* A missing or incomplete folder is no error: / then says how to build it. */
enum status pages_open(struct pages **pages, const char *web_dir, struct err *err);
/* NULL: no such page. */
const struct page *pages_find(const struct pages *pages, const char *path);
void pages_close(struct pages *pages);

#endif
