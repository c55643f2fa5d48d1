/* What the lists of orders and fills begin with: those of earlier runs (store/past.h).
 *
 * The lists alone: nothing that is counted, timed, compared with a venue or measured against a
 * limit looks at them (model_fills_kept, view_order_is_live). An order that is still alive is said
 * by the engine at the start (ORDER_CARRIED) and is one of this run from then on. One that had not
 * ended and that the engine does not state is UNKNOWN: nobody can say what became of it, and it is
 * not among those that are open. Inside view/ only, under the view's lock. */
#ifndef PITWALL_VIEW_EARLIER_H
#define PITWALL_VIEW_EARLIER_H

#include "view/model.h"

/* Once, before the first event. Whatever is wrong with audit.db makes the lists shorter, never the
 * start fail; some 20 ms for full lists, half a second at most. */
void earlier_take(struct view *view);

/* Of this run, or of an earlier one whose strategy is not configured any more. */
const char *earlier_strategy_name(const struct view *view, uint16_t strategy);

/* The fill of that number, as fill_count counts. */
static inline bool earlier_is_fill(const struct view *view, uint64_t number)
{
    return number < view->earlier_fills;
}

#endif
