/* Reading an order that a person sends: strictly, exactly, into ticks and lots.
 *
 * What is malformed is refused (ERR_MALFORMED, ERR_UNKNOWN_FIELD); what is well-formed but no
 * order of that instrument is a denial: unknown_instrument, off_tick, off_lot. Pure. */
#ifndef PITWALL_CONTROL_ORDER_READ_H
#define PITWALL_CONTROL_ORDER_READ_H

#include "config/config.h"
#include "control/members.h"

/* {"instrument","side","qty","price"?,"type","tif"?,"post_only"?,"reduce_only"?}. `tif` is GTC when
 * it is not given, and IOC for a market order. */
enum status order_read(const struct config *config, const json_t *body, struct intent *intent,
                       enum denial *denial, struct err *err);

/* {"price"?,"qty"?}, at least one of them; what is not given stays 0: as it is. */
enum status amend_read(const struct instrument *instrument, const json_t *body,
                       struct command_amend_order *amend, enum denial *denial, struct err *err);

#endif
