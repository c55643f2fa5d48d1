/* DIR/kills: which scopes stand killed, beside the process, for what no journal can tell.
 *
 * A kill that the engine obeys is in the journal. One that it cannot obey, because it is stuck or
 * silent, stands on the kill page alone, and that is memory: the gateways obey it, but a start
 * after a SIGKILL would not know of it. So the page's words are copied here, into a shared mapping,
 * which outlives the process (not a power failure: then the journal is what there is).
 *
 * Fixed layout, one entry per scope with its name, because numbers change with the configuration.
 * A kill that stands of a scope that is not configured any more is kept behind the configured ones:
 * it holds when the scope is configured again. What a start writes once is under a CRC32C; the
 * words, which rise while threads run, are only looked at for what cannot be (cleared above word).
 * A kill is copied word first and a resume `cleared` last: what is half copied reads as killed.
 *
 * kill_file_note: any thread, no lock; stores that the kernel may hold up while it writes the page
 * out. Everything else: main thread, before threads start. */
#ifndef PITWALL_KILL_FILE_H
#define PITWALL_KILL_FILE_H

#include "config/config.h"
#include "engine.h"
#include "store/store.h"

struct kill_file;

/* Reads what the run before has left, halts those scopes in `saved` that it knew no kill of, and
 * begins the file anew with them in it. ERR_DAMAGED when it cannot be read: nobody can tell then
 * what was killed. ERR_CONFIG when the kills of scopes that are not configured do not fit: the file
 * is left as it was. */
enum status kill_file_open(struct kill_file **file, const char *dir, const struct config *config,
                           struct store_saved *saved, struct err *err);
/* OK where there is none; ERR_DAMAGED: nobody could tell from it what was killed. Any thread, while
 * no program changes it. */
enum status kill_file_check(const char *dir, struct err *err);
/* A directory that was made from a backup: its firm stands killed by `incident`, and `why` is told
 * by DIR/restored as long as it does. Nobody has started in it yet. */
enum status kill_file_restored(const char *dir, uint64_t incident, const char *why,
                               struct err *err);
void kill_file_close(struct kill_file *file);

void kill_file_note(struct kill_file *file, struct kill_page *page);

#endif
