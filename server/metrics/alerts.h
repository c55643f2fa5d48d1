/* The families of the program's own alerts, for metrics_extra.append. Any control-plane thread. */
#ifndef PITWALL_METRICS_ALERTS_H
#define PITWALL_METRICS_ALERTS_H

#include "alerts/alerts.h"
#include "metrics/exposition.h"

void metrics_alerts(struct alerts *alerts, const struct config *config, struct exposition *page);

#endif
