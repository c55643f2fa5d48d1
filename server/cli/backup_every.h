/* Backups one after the other, by a process of its own beside the server: where there is no timer
 * and no shell, as in a container. */
#ifndef PITWALL_CLI_BACKUP_EVERY_H
#define PITWALL_CLI_BACKUP_EVERY_H

#include "engine.h"

/* Makes FOLDER/YYYYmmddTHHMMSSZ of `dir` at once and each `period_s` from then on, called .partial
 * until it is whole and checked, and holds VERIFIED then; leaves the newest `keep` of them, and
 * writes its name to DIR/backup.made. One that fails is said on stderr, removed, and tried again at
 * the next turn, with all but the newest out of the way: a full disk is one reason. Returns only
 * when the folder cannot be had (ERR_BUSY_DATA: another one works on it); SIGTERM and SIGINT end
 * the process with 0, in the middle of a copy as well. Main thread of a verb. */
enum status backup_every(const char *dir, const char *folder, int64_t period_s, uint32_t keep,
                         struct err *err);

#endif
