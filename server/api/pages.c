#include "api/pages.h"

#include "api/pack.h"
#include "api/variant.h"
#include "thread/log.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PAGES_MAX = 512, PAGES_BYTES_MAX = 16 << 20, PAGES_DEPTH = 6, LEVEL_BEST = 9 };

struct pages {
    uint32_t count;
    size_t bytes;
    struct page page[PAGES_MAX];
};

static const char unbuilt[] =
    "<!doctype html><html lang=\"en\"><title>Pitwall</title>\n"
    "<p>The dashboard has not been built. Run <code>make web</code> and start again; "
    "the API works without it.\n";

static const char *type_of(const char *name)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".json", "application/json"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
    };
    const char *ending = strrchr(name, '.');

    for (size_t i = 0; ending && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(ending, types[i].ending) == 0)
            return types[i].type;
    return "application/octet-stream";
}

static enum status page_read(struct pages *pages, const char *file, const char *path, size_t size,
                             struct err *err)
{
    struct page *page = &pages->page[pages->count];
    FILE *in;

    if (pages->count == PAGES_MAX || pages->bytes + size > PAGES_BYTES_MAX ||
        strlen(path) >= sizeof page->path)
        return err_format(err, ERR_CONFIG, "%s: the dashboard's files are too many or too large",
                          file);
    in = fopen(file, "rbe");
    if (!in)
        return err_format(err, ERR_IO, "%s: %s", file, strerror(errno));
    page->bytes = malloc(size ? size : 1);
    page->length = page->bytes ? fread(page->bytes, 1, size, in) : 0;
    fclose(in);
    if (!page->bytes)
        return err_format(err, ERR_INTERNAL, "%s: out of memory", file);
    if (page->length != size) {
        free(page->bytes);
        return err_format(err, ERR_IO, "%s: cannot be read", file);
    }
    strcpy(page->path, path);
    page->type = type_of(file);
    page->immutable = strncmp(path, "/static/", 8) == 0;
    pages->bytes += size;
    pages->count++;
    return OK;
}

static enum status folder_read(struct pages *pages, const char *folder, const char *path, int depth,
                               struct err *err);

static enum status entry_read(struct pages *pages, const char *folder, const char *path,
                              const char *name, int depth, struct err *err)
{
    char file[1024], address[512];
    struct stat stat;

    if (name[0] == '.')
        return OK;
    if (snprintf(file, sizeof file, "%s/%s", folder, name) >= (int)sizeof file ||
        snprintf(address, sizeof address, "%s/%s", path, name) >= (int)sizeof address)
        return err_format(err, ERR_CONFIG, "%s: a name is too long", folder);
    if (lstat(file, &stat) != 0)
        return err_format(err, ERR_IO, "%s: %s", file, strerror(errno));
    if (S_ISDIR(stat.st_mode) && depth < PAGES_DEPTH)
        return folder_read(pages, file, address, depth + 1, err);
    return S_ISREG(stat.st_mode) ? page_read(pages, file, address, (size_t)stat.st_size, err) : OK;
}

static enum status folder_read(struct pages *pages, const char *folder, const char *path, int depth,
                               struct err *err)
{
    DIR *dir = opendir(folder);
    enum status status = OK;

    if (!dir)
        return OK;
    for (struct dirent *entry; status == OK && (entry = readdir(dir));)
        status = entry_read(pages, folder, path, entry->d_name, depth, err);
    closedir(dir);
    return status;
}

static enum status index_read(struct pages *pages, const char *web_dir, struct err *err)
{
    char file[1024];
    struct stat stat_index;

    snprintf(file, sizeof file, "%s/index.html", web_dir);
    if (stat(file, &stat_index) == 0)
        return page_read(pages, file, "/", (size_t)stat_index.st_size, err);
    pages->page[pages->count] = (struct page){
        .path = "/", .type = "text/html; charset=utf-8", .length = sizeof unbuilt - 1};
    pages->page[pages->count].bytes = strdup(unbuilt);
    return pages->page[pages->count++].bytes ? OK : err_set(err, ERR_INTERNAL, "out of memory");
}

/* The reference page is built with the dashboard, or is not there. */
static enum status docs_read(struct pages *pages, const char *web_dir, struct err *err)
{
    char file[1024];
    struct stat stat_docs;

    snprintf(file, sizeof file, "%s/docs.html", web_dir);
    if (stat(file, &stat_docs) != 0)
        return OK;
    return page_read(pages, file, "/docs", (size_t)stat_docs.st_size, err);
}

static enum status pages_pack(struct pages *pages, struct err *err)
{
    struct packer *packer = packer_open(LEVEL_BEST);

    if (!packer)
        return err_set(err, ERR_INTERNAL, "out of memory");
    for (uint32_t i = 0; i < pages->count; i++) {
        struct page *page = &pages->page[i];

        variant_tag(page->bytes, page->length, page->etag);
        strcpy(page->packed_etag, page->etag);
        strcat(page->packed_etag, "-gzip");
        if (!packer_pack(packer, page->bytes, page->length, &page->packed, &page->packed_length))
            page->packed = NULL;
    }
    packer_close(packer);
    return OK;
}

enum status pages_open(struct pages **out, const char *web_dir, struct err *err)
{
    struct pages *pages = calloc(1, sizeof *pages);
    char folder[1024];
    enum status status;

    if (!pages)
        return err_set(err, ERR_INTERNAL, "out of memory");
    status = index_read(pages, web_dir ? web_dir : "", err);
    if (status == OK && web_dir)
        status = docs_read(pages, web_dir, err);
    if (status == OK && web_dir) {
        snprintf(folder, sizeof folder, "%s/static", web_dir);
        status = folder_read(pages, folder, "/static", 0, err);
    }
    if (status == OK)
        status = pages_pack(pages, err);
    if (status != OK) {
        pages_close(pages);
        return status;
    }
    *out = pages;
    return OK;
}

const struct page *pages_find(const struct pages *pages, const char *path)
{
    for (uint32_t i = 0; i < pages->count; i++)
        if (strcmp(pages->page[i].path, path) == 0)
            return &pages->page[i];
    return NULL;
}

void pages_close(struct pages *pages)
{
    for (uint32_t i = 0; pages && i < pages->count; i++) {
        free(pages->page[i].bytes);
        free(pages->page[i].packed);
    }
    free(pages);
}
