/* What a failed assertion does in the server: one line on stderr, then the hook once (it may try to
 * have our orders cancelled, and has to return soon), then _exit(70). No cleaning up: the journal's
 * hot lanes are mapped files and keep what was committed, and the next start recovers as after any
 * crash and comes up in the stricter state. Any thread, the engine's included. */
#ifndef PITWALL_THREAD_PANIC_H
#define PITWALL_THREAD_PANIC_H

/* At start, once. */
void panic_on(void (*hook)(void));

/* Runs the hook, the first time that anybody asks. */
void panic_run_hook(void);

#endif
