/* What the two files of a backup share: backup.c makes and restores, backup_check.c says whether it
 * is whole. Inside of them only; main thread. */
#ifndef PITWALL_BACKUP_INSIDE_H
#define PITWALL_BACKUP_INSIDE_H

#include "engine.h"

#include <jansson.h>

enum { BACKUP_PATH_BYTES = 4096 };

/* What errno says of `path`; ERR_NOT_FOUND: it is not there, else ERR_IO. */
enum status backup_fail(struct err *err, const char *path);
void backup_path(char path[BACKUP_PATH_BYTES], const char *dir, const char *name);
/* *entry is the file's as a manifest has it: {path, bytes, sha256}; the caller's. */
enum status backup_hash_file(const char *dir, const char *name, json_t **entry, struct err *err);
/* As backup_check, of a manifest that has been read. */
enum status backup_check_all(const char *from, const json_t *manifest, struct err *err);

#endif
