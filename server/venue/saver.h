/* Keeps the state file of the venue within a second of the truth: what has changed is packed on the
 * caller's thread and written by one of its own, so that a slow disk stalls nobody. A write that
 * fails is logged and tried again a second later.
 *
 * saver_note() and saver_turn(): the venue's thread. */
#ifndef PITWALL_VENUE_SAVER_H
#define PITWALL_VENUE_SAVER_H

#include "venue/venue.h"

struct saver;

/* Writes the state once, here and now. ERR_CONFIG: the file cannot be written. */
enum status saver_open(struct saver **saver, const struct venue *venue, const char *path,
                       struct err *err);
/* Something has changed; NULL saver: nothing is kept. */
void saver_note(struct saver *saver);
void saver_turn(struct saver *saver, int64_t now_ns);
/* Waits for the write under way; writes nothing more. */
void saver_close(struct saver *saver);

#endif
