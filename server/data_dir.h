/* The data directory: made, locked, numbered.
 *
 * DIR is 0700. DIR/lock is held with flock for as long as the process lives and names its pid.
 * DIR/epoch counts the starts: it is raised and synced before anything else is written, so that
 * ids which carry it (orders, commands, incidents) never repeat, whatever a crash has lost.
 * DIR/live is there when what the directory holds is real. DIR/run.json tells others where the
 * running program listens. Main thread. */
#ifndef PITWALL_DATA_DIR_H
#define PITWALL_DATA_DIR_H

#include "engine.h"

enum { DATA_PATH_MAX = 512 };

/* For a start, before it makes anything: refused when root would run on the directory of another
 * user, whose service could then not open what was made. */
enum status data_dir_not_for_root(const char *dir, struct err *err);
/* ERR_BUSY_DATA when another process holds it. The lock goes with *fd, at the latest with the
 * process. */
enum status data_dir_lock(const char *dir, int *fd, struct err *err);
enum status data_dir_next_epoch(const char *dir, uint64_t *epoch, struct err *err);
/* The count of `dir`, raised by `starts`; nothing is written. */
enum status data_dir_epoch_after(const char *dir, uint64_t starts, uint64_t *epoch,
                                 struct err *err);
/* Synced. A directory in use without its count is refused by every start: what is being put
 * together gets it last. Whoever holds no lock has just made the directory. */
enum status data_dir_write_epoch(const char *dir, uint64_t epoch, struct err *err);
/* What is real and what is simulated are never counted together: a directory is one or the other
 * from its first start on. ERR_CONFIG: it is the other. Before anything else is written to it. */
enum status data_dir_keep_apart(const char *dir, bool is_live, struct err *err);
/* `metrics_url` NULL: there is none. */
enum status data_dir_write_run(const char *dir, const char *url, const char *kill_url,
                               const char *metrics_url, const char *mode, struct err *err);
void data_dir_remove_run(const char *dir);

#endif
