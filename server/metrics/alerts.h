/* The alerts' own series, for metrics_extra.append. Any control-plane thread. */
#ifndef PITWALL_METRICS_ALERTS_H
#define PITWALL_METRICS_ALERTS_H

#include "alerts/alerts.h"

#include <stdio.h>

void metrics_alerts(struct alerts *alerts, FILE *out);

#endif
