/* Paths given by a person, and the recordings in the folders among them. No state. */
#ifndef PITWALL_GATEWAY_RECORDING_FILES_H
#define PITWALL_GATEWAY_RECORDING_FILES_H

#include "engine.h"

enum { RECORDING_FILES_MAX = 512 };

/* Files as they are given; of a folder its *.gz, *.txt and *.jsonl by name. found[] has
 * RECORDING_FILES_MAX places; the caller frees the *count paths in it, also after a failure. */
enum status files_find(const char *const paths[], uint32_t paths_count, char **found,
                       uint32_t *count, struct err *err);

#endif
