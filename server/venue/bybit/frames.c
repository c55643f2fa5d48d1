/* Orders, executions, positions and wallets as JSON objects: one text for answers and pushes, which
 * differ in a few keys. Orders of keys as documented. */
#include "venue/bybit/inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *order_status(const struct venue_order *order)
{
    static const char *const names[] = {
        [VENUE_ORDER_NEW] = "New",
        [VENUE_ORDER_PARTLY_FILLED] = "PartiallyFilled",
        [VENUE_ORDER_FILLED] = "Filled",
        [VENUE_ORDER_CANCELLED] = "Cancelled",
        [VENUE_ORDER_PARTLY_CANCELLED] = "PartiallyFilledCanceled",
        [VENUE_ORDER_REJECTED] = "Rejected",
    };

    return names[order->status];
}

static const char *cancel_type(uint8_t end)
{
    static const char *const names[] = {
        [VENUE_END_NONE] = "UNKNOWN",
        [VENUE_END_BY_USER] = "CancelByUser",
        [VENUE_END_BY_CANCEL_ALL] = "CancelAllBeforeLiq",
        [VENUE_END_BY_DCP] = "CancelByDCP",
        [VENUE_END_WOULD_TAKE] = "UNKNOWN",
        [VENUE_END_NOTHING_THERE] = "UNKNOWN",
        [VENUE_END_NOT_WHOLE] = "UNKNOWN",
        [VENUE_END_SELF_MATCH] = "CancelBySmp",
        [VENUE_END_REDUCE_ONLY] = "CancelByReduceOnly",
        [VENUE_END_LIQUIDATION] = "CancelByPrepareLiq",
        [VENUE_END_TOO_LATE] = "CancelByUser",
        [VENUE_END_BY_VENUE] = "CancelByAdmin",
    };

    return end == VENUE_END_BY_CANCEL_ALL ? "CancelByUser" : names[end];
}

static const char *reject_reason(uint8_t end)
{
    static const char *const names[] = {
        [VENUE_END_NONE] = "EC_NoError",
        [VENUE_END_BY_USER] = "EC_PerCancelRequest",
        [VENUE_END_BY_CANCEL_ALL] = "EC_PerCancelRequest",
        [VENUE_END_BY_DCP] = "EC_PerCancelRequest",
        [VENUE_END_WOULD_TAKE] = "EC_PostOnlyWillTakeLiquidity",
        [VENUE_END_NOTHING_THERE] = "EC_NoImmediateQtyToFill",
        [VENUE_END_NOT_WHOLE] = "EC_CancelForNoFullFill",
        [VENUE_END_SELF_MATCH] = "EC_BySelfMatch",
        [VENUE_END_REDUCE_ONLY] = "EC_NoError",
        [VENUE_END_LIQUIDATION] = "EC_NoError",
        [VENUE_END_TOO_LATE] = "EC_OrigClOrdIDDoesNotExist",
        [VENUE_END_BY_VENUE] = "EC_NoError",
    };

    return names[end];
}

static const char *tif_text(const struct venue_order *order)
{
    static const char *const names[] = {[TIF_GTC] = "GTC", [TIF_IOC] = "IOC", [TIF_FOK] = "FOK"};

    return order->flags & ORDER_POST_ONLY ? "PostOnly" : names[order->tif];
}

static const char *side_text(uint8_t side)
{
    return side == SIDE_BUY ? "Buy" : "Sell";
}

static const char *type_text(uint8_t type)
{
    return type == TYPE_MARKET ? "Market" : "Limit";
}

static const char *smp_text(uint8_t smp)
{
    static const char *const names[] = {"None", "CancelMaker", "CancelTaker", "CancelBoth"};

    return names[smp & 3];
}

/* The coin that the fee of this order is charged in. */
static const char *fee_coin(const struct bybit *bybit, const struct venue_instrument *row,
                            uint8_t side)
{
    uint16_t coin = row->category == VENUE_LINEAR ? row->settle
                    : side == SIDE_BUY            ? row->base
                                                  : row->quote;

    return venue_coin(bybit->venue, coin);
}

static bool has_ended(const struct venue_order *order)
{
    return order->status != VENUE_ORDER_NEW && order->status != VENUE_ORDER_PARTLY_FILLED;
}

/* 0 when there is no price, or it does not fit. */
static int64_t value_e8(const struct venue_instrument *row, int64_t ticks, int64_t lots)
{
    int64_t value = 0;

    return ticks > 0 && instrument_value_e8(&row->grid, ticks, lots, &value) ? value : 0;
}

/* Of an order zero is shown as any other size. */
static void put_filled(struct text *text, const struct venue_instrument *row, int64_t lots)
{
    text_decimal(text, lots * row->grid.lot_units, row->grid.qty_decimals,
                 row->category == VENUE_SPOT);
}

static void put_sizes(struct text *text, const struct venue_instrument *row,
                      const struct venue_order *order)
{
    int64_t leaves = has_ended(order) ? 0 : order->qty_lots - order->filled_lots;

    text_put(text, "\"leavesQty\":");
    put_filled(text, row, leaves);
    text_put(text, ",");
    text_money(text, "leavesValue", value_e8(row, order->price_ticks, leaves));
    text_put(text, "\"cumExecQty\":");
    put_filled(text, row, order->filled_lots);
    text_put(text, ",");
    text_money(text, "cumExecValue", order->filled_value_e8);
    text_put(text, "\"avgPrice\":");
    if (order->filled_lots == 0)
        text_put(text, "\"\"");
    else
        put_average(text, row, order->filled_value_e8, order->filled_lots);
}

static void put_order_head(struct bybit *bybit, struct text *text,
                           const struct venue_instrument *row, const struct venue_order *order)
{
    char id[WIRE_ID_MAX];

    text_put(text, "\"symbol\":\"%s\",\"orderId\":\"%s\",\"side\":\"%s\",\"orderType\":\"%s\",",
             row->symbol, order_id_text(bybit, id, order), side_text(order->side),
             type_text(order->type));
    text_put(text, "\"cancelType\":\"%s\",\"price\":", cancel_type(order->end));
    put_price(text, row, order->price_ticks);
    text_put(text, ",\"qty\":");
    put_qty(text, row, order->qty_lots);
    text_put(text, ",\"orderIv\":\"\",\"timeInForce\":\"%s\",\"orderStatus\":\"%s\",",
             tif_text(order), order_status(order));
    text_put(text, "\"orderLinkId\":");
    text_json(text, order->link);
    text_put(text, ",\"lastPriceOnCreated\":");
    put_price(text, row, order->mark_ticks);
    text_put(text, ",\"reduceOnly\":%s,", order->flags & ORDER_REDUCE_ONLY ? "true" : "false");
}

static void put_fee_detail(struct text *text, const char *coin, int64_t fee_e8)
{
    text_put(text, "\"cumFeeDetail\":{");
    if (fee_e8 != 0) {
        text_put(text, "\"%s\":", coin);
        text_decimal(text, fee_e8, 8, true);
    }
    text_put(text, "}");
}

void put_order(struct bybit *bybit, struct text *text, const struct venue_order *order,
               bool is_push)
{
    const struct venue_instrument *row = venue_instrument(bybit->venue, order->instrument);
    const char *coin = fee_coin(bybit, row, order->side);

    text_put(text, "{");
    if (is_push)
        text_put(text, "\"category\":\"%s\",", category_name(row->category));
    put_order_head(bybit, text, row, order);
    put_sizes(text, row, order);
    text_put(text, ",\"blockTradeId\":\"\",\"positionIdx\":0,");
    text_money(text, "cumExecFee", order->fee_e8);
    text_put(text,
             "\"createdTime\":\"%" PRId64 "\",\"updatedTime\":\"%" PRId64
             "\",\"rejectReason\":\"%s\",",
             wire_ms(bybit, order->created_ns), wire_ms(bybit, order->updated_ns),
             reject_reason(order->end));
    text_put(text,
             "\"stopOrderType\":\"\",\"tpslMode\":\"\",\"triggerPrice\":\"\",\"takeProfit\":\"\","
             "\"stopLoss\":\"\",\"tpTriggerBy\":\"\",\"slTriggerBy\":\"\",\"tpLimitPrice\":\"\","
             "\"slLimitPrice\":\"\",\"triggerDirection\":0,\"triggerBy\":\"\","
             "\"closeOnTrigger\":false,\"isLeverage\":\"\",\"placeType\":\"\","
             "\"slippageToleranceType\":\"UNKNOWN\",\"slippageTolerance\":\"\",\"extraFees\":\"\","
             "\"rpiTakerAccess\":false,\"rpiMatchedQty\":\"0\","
             "\"smpType\":\"%s\",\"smpGroup\":0,\"smpOrderId\":\"\",\"feeCurrency\":\"%s\",",
             smp_text(order->smp), is_push && row->category == VENUE_SPOT ? coin : "");
    if (is_push)
        text_put(text, "\"createType\":\"CreateByUser\",\"closedPnl\":\"0\",");
    put_fee_detail(text, coin, order->fee_e8);
    text_put(text, "}");
}

static const char *exec_type_text(uint8_t type)
{
    static const char *const names[] = {[VENUE_EXEC_TRADE] = "Trade",
                                        [VENUE_EXEC_FUNDING] = "Funding",
                                        [VENUE_EXEC_LIQUIDATION] = "BustTrade"};

    return names[type];
}

static void put_execution_ids(struct bybit *bybit, struct text *text,
                              const struct venue_instrument *row,
                              const struct venue_execution *execution)
{
    char id[WIRE_ID_MAX];

    text_put(text, "\"execId\":\"%s\",",
             id_text(bybit, id, row->category,
                     (struct id_parts){execution->no, execution->life, ID_EXECUTION}));
    text_put(text, "\"execPrice\":");
    put_price(text, row, execution->price_ticks);
    text_put(text, ",\"execQty\":");
    put_qty(text, row, execution->lots);
    text_put(text, ",\"orderId\":\"%s\",\"orderLinkId\":",
             execution->order_no
                 ? id_text(bybit, id, row->category,
                           (struct id_parts){execution->order_no, execution->order_life, ID_ORDER})
                 : "");
    text_json(text, execution->link);
    text_put(text, ",\"side\":\"%s\",\"execTime\":\"%" PRId64 "\",\"isMaker\":%s,\"seq\":%" PRIu64,
             side_text(execution->side), wire_ms(bybit, execution->at_ns),
             execution->maker ? "true" : "false", execution->seq);
}

void put_execution_fast(struct bybit *bybit, struct text *text,
                        const struct venue_execution *execution)
{
    const struct venue_instrument *row = venue_instrument(bybit->venue, execution->instrument);

    text_put(text, "{\"category\":\"%s\",\"symbol\":\"%s\",", category_name(row->category),
             row->symbol);
    put_execution_ids(bybit, text, row, execution);
    text_put(text, "}");
}

static void put_execution_sizes(struct text *text, const struct venue_instrument *row,
                                const struct venue_execution *execution)
{
    text_put(text, "\"closedSize\":");
    put_qty(text, row, execution->closed_lots);
    text_put(text, ",\"leavesQty\":");
    put_qty(text, row, execution->leaves_lots);
    text_put(text, ",\"orderPrice\":");
    put_price(text, row, execution->order_price_ticks);
    text_put(text, ",\"orderQty\":");
    put_qty(text, row, execution->order_lots);
    text_put(text, ",");
    text_money(text, "execValue", execution->value_e8);
    text_money(text, "execFee", execution->fee_e8);
    text_money(text, "feeRate", execution->fee_rate_e8);
}

void put_execution(struct bybit *bybit, struct text *text, const struct venue_execution *execution,
                   bool is_push)
{
    const struct venue_instrument *row = venue_instrument(bybit->venue, execution->instrument);

    text_put(text, "{");
    if (is_push)
        text_put(text, "\"category\":\"%s\",", category_name(row->category));
    text_put(text, "\"symbol\":\"%s\",", row->symbol);
    put_execution_sizes(text, row, execution);
    text_put(text, "\"execType\":\"%s\",\"orderType\":\"%s\",\"markPrice\":",
             exec_type_text(execution->exec_type), type_text(execution->order_type));
    put_price(text, row, venue_ticker(bybit->venue, execution->instrument).mark_ticks);
    text_put(text,
             ",\"tradeIv\":\"\",\"markIv\":\"\",\"blockTradeId\":\"\",\"indexPrice\":\"\","
             "\"underlyingPrice\":\"\",\"stopOrderType\":\"\",\"isLeverage\":\"0\","
             "\"feeCurrency\":\"%s\",\"marketUnit\":\"\",\"extraFees\":\"\",",
             venue_coin(bybit->venue, execution->fee_coin));
    if (is_push)
        text_put(text, "\"createType\":\"CreateByUser\",\"execPnl\":\"0\",");
    put_execution_ids(bybit, text, row, execution);
    text_put(text, "}");
}

/* Value of the position at the mark, and what it has gained since. */
static int64_t unrealised_e8(const struct venue_instrument *row,
                             const struct venue_position *position, int64_t mark_ticks)
{
    int64_t now_e8 = value_e8(row, mark_ticks, llabs(position->lots));

    if (position->lots == 0 || mark_ticks == 0)
        return 0;
    return position->lots > 0 ? now_e8 - position->entry_value_e8
                              : position->entry_value_e8 - now_e8;
}

static int64_t share_e8(int64_t amount_e8, int64_t ratio_e8)
{
    int64_t result = 0;

    return money_scale(amount_e8, ratio_e8, &result) ? result : 0;
}

static void put_position_money(struct text *text, const struct venue_instrument *row,
                               const struct venue_position *position, int64_t mark_ticks)
{
    int64_t entry_e8 = position->entry_value_e8;
    int64_t initial_e8 = position->leverage_e8
                             ? (int64_t)((__int128)entry_e8 * RATIO_ONE_E8 / position->leverage_e8)
                             : entry_e8;

    text_money(text, "leverage", position->leverage_e8);
    text_money(text, "positionValue", position->lots ? entry_e8 : 0);
    text_money(text, "positionBalance", position->lots ? initial_e8 : 0);
    text_put(text, "\"markPrice\":");
    put_price(text, row, mark_ticks);
    text_put(text, ",");
    text_money(text, "positionIM", initial_e8);
    text_money(text, "positionIMByMp", initial_e8);
    text_money(text, "positionMM", share_e8(entry_e8, row->grid.maintenance_margin_e8));
    text_money(text, "positionMMByMp", share_e8(entry_e8, row->grid.maintenance_margin_e8));
    text_money(text, "unrealisedPnl", unrealised_e8(row, position, mark_ticks));
    text_money(text, "curRealisedPnl", position->day_realised_e8);
    text_money(text, "cumRealisedPnl", position->realised_e8);
}

void put_position(struct bybit *bybit, struct text *text, uint16_t account, uint16_t instrument,
                  bool is_push)
{
    const struct venue_instrument *row = venue_instrument(bybit->venue, instrument);
    const struct venue_position *position = venue_position(bybit->venue, account, instrument);
    int64_t liquidation = venue_liquidation_ticks(bybit->venue, account, instrument);

    text_put(text,
             "{\"positionIdx\":0,\"tradeMode\":0,\"riskId\":1,\"riskLimitValue\":\"2000000\","
             "\"symbol\":\"%s\",\"side\":\"%s\",\"size\":",
             row->symbol,
             position->lots > 0   ? "Buy"
             : position->lots < 0 ? "Sell"
                                  : "");
    put_qty(text, row, llabs(position->lots));
    text_put(text, ",\"%s\":", is_push ? "entryPrice" : "avgPrice");
    put_average(text, row, position->entry_value_e8, llabs(position->lots));
    text_put(text, ",\"breakEvenPrice\":");
    put_average(text, row, position->entry_value_e8, llabs(position->lots));
    text_put(text, ",");
    put_position_money(text, row, position, venue_ticker(bybit->venue, instrument).mark_ticks);
    text_put(text, "\"takeProfit\":\"\",\"stopLoss\":\"\",\"trailingStop\":\"0\","
                   "\"sessionAvgPrice\":\"\",\"tpslMode\":\"Full\",\"liqPrice\":");
    if (position->lots == 0 || liquidation == INT64_MAX)
        text_put(text, "\"\"");
    else
        put_price(text, row, liquidation);
    text_put(text,
             ",\"bustPrice\":\"\",\"category\":\"linear\",\"positionStatus\":\"Normal\","
             "\"adlRankIndicator\":0,\"autoAddMargin\":0,\"leverageSysUpdatedTime\":\"\","
             "\"mmrSysUpdatedTime\":\"\",\"createdTime\":\"%" PRId64 "\",\"updatedTime\":\"%" PRId64
             "\",\"seq\":%" PRIu64 ",\"isReduceOnly\":false}",
             wire_ms(bybit, position->created_ns), wire_ms(bybit, position->updated_ns),
             position->seq);
}
