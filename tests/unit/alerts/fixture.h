/* A desk whose alerts are judged: two venues (one simulated), two instruments, a strategy besides
 * `manual`; all is well until a test says otherwise. */
#ifndef TESTS_UNIT_ALERTS_FIXTURE_H
#define TESTS_UNIT_ALERTS_FIXTURE_H

#include "alerts/instances.h"

enum { SIM, BYBIT };

/* Defaults of the settings; static memory, anew at each call. */
struct alert_inputs *well_inputs(void);
/* Looks; how many samples of the alert have that verdict. */
uint32_t judged(const struct alert_inputs *in, enum alert_id alert, enum alert_verdict verdict);
/* Its first sample of the latest look; NULL: none. */
const struct alert_sample *sample_of(enum alert_id alert);
const struct alert_look *latest_look(void);

#endif
