// Amends of the fake desk: a gate that knows tick and lots, and a venue that answers later.

/** As the gate: on tick, no more than max_order_lots. Null, or why not. */
export function amendDenial(desk, market, { price, qty }) {
  const ticks = Number(price ?? 0) * 10 ** market.places;
  if (Math.abs(ticks - Math.round(ticks)) > 1e-6) {
    return { code: "off_tick", detail: "off_tick the price is no multiple of the tick" };
  }
  const lots = Math.round(Number(qty ?? 0) * 10 ** market.qty);
  const most = desk.limitsOf("firm").limits.max_order_lots;
  const detail = `max_order_lots ${lots} > ${most} of firm: lots of this order`;
  return lots > most ? { code: "max_order_lots", detail } : null;
}

/** The amend is on its way. */
export function amendSend(desk, order, change) {
  Object.assign(order, { state: "PENDING_AMEND", asked: change, askedAt: Date.now() });
  desk.touched?.push(order);
  return order;
}

/** What the venue makes of amends after `amendMs`: `venueRefuses` leaves the order as it was. */
export function amendsAnswer(desk) {
  const due = (order) =>
    order.state === "PENDING_AMEND" && Date.now() - order.askedAt >= (desk.amendMs ?? 200);
  for (const order of desk.orders.filter(due)) {
    const leaves = order.asked.qty ?? order.qty;
    Object.assign(order, desk.venueRefuses ? {} : { ...order.asked, leaves }, { state: "WORKING" });
    desk.touched?.push(order);
  }
}
