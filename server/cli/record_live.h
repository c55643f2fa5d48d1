/* `pitwall record --venue bybit`: live public frames to files, see record_live.c. Main thread. */
#ifndef PITWALL_CLI_RECORD_LIVE_H
#define PITWALL_CLI_RECORD_LIVE_H

int record_live(int argc, char **argv);

#endif
