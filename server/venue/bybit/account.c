/* The account: leverage, mode, wallet, fees, keys, coins. */
#include "venue/bybit/inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void do_leverage(struct call *call)
{
    char rooms[2][64];
    const char *buy = arg_text(call, "buyLeverage", rooms[0]);
    const char *sell = arg_text(call, "sellLeverage", rooms[1]);
    int64_t leverage_e8 = 0;
    int64_t sell_e8 = 0;
    uint16_t instrument;
    enum venue_answer answer;

    if (!arg_category(call) || !call_may_trade(call) || !arg_instrument(call, &instrument))
        return;
    if (!decimal_parse(buy, strlen(buy), 8, &leverage_e8) ||
        !decimal_parse(sell, strlen(sell), 8, &sell_e8) || leverage_e8 != sell_e8) {
        call_refuse(call, CODE_PARAMS, "buy leverage invalid: must equal sell leverage");
        return;
    }
    answer = venue_set_leverage(call->bybit->venue, call->key->account, instrument, leverage_e8,
                                call->now_ns);
    if (answer == VENUE_UNCHANGED)
        call_fail(call, CODE_UNCHANGED_LEVERAGE);
    else if (answer != VENUE_OK)
        call_answer(call, answer);
}

/* One-way is the only mode there is. */
void do_switch_mode(struct call *call)
{
    if (!arg_category(call) || !call_may_trade(call))
        return;
    if (arg_whole(call, "mode", 0) == 0)
        call_fail(call, CODE_UNCHANGED_MODE);
    else
        call_refuse(call, CODE_PARAMS, "hedge mode: not supported by the venue simulator");
}

void do_trading_stop(struct call *call)
{
    if (!arg_category(call) || !call_may_trade(call))
        return;
    call_refuse(call, CODE_PARAMS, "trading-stop: not supported by the venue simulator");
}

void get_wallet(struct call *call)
{
    char rooms[2][64];
    const char *type = arg_text(call, "accountType", rooms[0]);

    if (strcmp(type, "UNIFIED") != 0) {
        call_refuse(call, CODE_PARAMS, "accountType only support UNIFIED.");
        return;
    }
    text_put(call->result, "{\"list\":[");
    put_wallet(call->bybit, call->result, call->key->account, arg_text(call, "coin", rooms[1]));
    text_put(call->result, "]}");
}

void get_account(struct call *call)
{
    const struct dcp *dcp = call->bybit->dcp[call->key->account];
    bool is_on = dcp[PRODUCT_DERIVATIVES].window_s || dcp[PRODUCT_SPOT].window_s ||
                 dcp[PRODUCT_OPTIONS].window_s;

    text_put(call->result,
             "{\"marginMode\":\"REGULAR_MARGIN\",\"updatedTime\":\"1697078946000\","
             "\"unifiedMarginStatus\":5,\"dcpStatus\":\"%s\",\"timeWindow\":10,\"smpGroup\":0,"
             "\"isMasterTrader\":false,\"spotHedgingStatus\":\"OFF\"}",
             is_on ? "ON" : "OFF");
}

static void put_fee_row(struct call *call, const struct venue_instrument *row, bool first)
{
    text_put(call->result, "%s{\"symbol\":\"%s\",", first ? "" : ",", row->symbol);
    text_money(call->result, "takerFeeRate", row->grid.taker_fee_e8);
    text_money(call->result, "makerFeeRate", row->grid.maker_fee_e8);
    call->result->length--;
    text_put(call->result, "}");
}

void get_fees(struct call *call)
{
    char rooms[2][64];
    const char *symbol = arg_text(call, "symbol", rooms[0]);
    const char *base = arg_text(call, "baseCoin", rooms[1]);
    struct venue *venue = call->bybit->venue;
    bool first = true;

    if (!arg_category(call))
        return;
    text_put(call->result, "{\"category\":\"%s\",\"list\":[", category_name(call->category));
    for (uint16_t at = 0; at < venue_instruments(venue); at++) {
        const struct venue_instrument *row = venue_instrument(venue, at);

        if (row->category != call->category || (*symbol && strcmp(symbol, row->symbol) != 0) ||
            (*base && strcmp(base, venue_coin(venue, row->base)) != 0))
            continue;
        put_fee_row(call, row, first);
        first = false;
    }
    text_put(call->result, "]}");
}

static void put_expiry(struct text *text, int64_t expires_ms)
{
    time_t at_s = (time_t)(expires_ms / 1000);
    struct tm parts;
    char out[32];

    gmtime_r(&at_s, &parts);
    strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%SZ", &parts);
    text_put(text, "\"expiredAt\":\"%s\"", out);
}

static void put_permissions(struct text *text, uint8_t permissions)
{
    bool linear = permissions & KEY_LINEAR;
    bool wallet = permissions & KEY_WALLET;

    text_put(text,
             "\"permissions\":{\"ContractTrade\":[%s],\"Spot\":[%s],\"Wallet\":[%s%s%s],"
             "\"Options\":[],\"Derivatives\":[%s],\"CopyTrading\":[],\"BlockTrade\":[],"
             "\"Exchange\":[],\"NFT\":[],\"Affiliate\":[],\"Earn\":[],\"FiatP2P\":[],"
             "\"FiatConvertBroker\":[],\"FiatGlobalPay\":[],\"FiatBitPay\":[],\"BitCard\":[],"
             "\"ByXPost\":[]},",
             linear ? "\"Order\",\"Position\"" : "", permissions & KEY_SPOT ? "\"SpotTrade\"" : "",
             wallet ? "\"AccountTransfer\",\"SubMemberTransfer\"" : "",
             wallet && permissions & KEY_WITHDRAW ? "," : "",
             permissions & KEY_WITHDRAW ? "\"Withdraw\"" : "",
             linear ? "\"DerivativesTrade\"" : "");
}

void get_key_info(struct call *call)
{
    const struct key *key = call->key;
    struct text *text = call->result;

    text_put(text,
             "{\"id\":\"%u\",\"note\":\"pitwall venue\",\"apiKey\":\"%s\",\"readOnly\":%d,"
             "\"secret\":\"\",",
             key->account, key->key, key->permissions & (KEY_LINEAR | KEY_SPOT) ? 0 : 1);
    put_permissions(text, key->permissions);
    text_put(text, "\"ips\":[");
    for (uint8_t at = 0; at < key->ip_count; at++)
        text_put(text, "%s\"%s\"", at ? "," : "", key->ips[at]);
    text_put(text, "%s],\"type\":1,\"deadlineDay\":%" PRId64 ",", key->ip_count ? "" : "\"*\"",
             key->expires_ms ? (key->expires_ms - wire_ms(call->bybit, call->now_ns)) / 86400000
                             : -2);
    put_expiry(text, key->expires_ms);
    text_put(text,
             ",\"createdAt\":\"2024-01-01T00:00:00Z\",\"unified\":0,\"uta\":1,\"userID\":%" PRIu64
             ",\"inviterID\":0,\"vipLevel\":\"No VIP\",\"mktMakerLevel\":\"0\",\"affiliateID\":0,"
             "\"rsaPublicKey\":\"\",\"isMaster\":true,\"parentUid\":\"0\","
             "\"kycLevel\":\"LEVEL_DEFAULT\",\"kycRegion\":\"\",\"userIDInt64\":\"%" PRIu64
             "\",\"inviterIDInt64\":\"0\",\"affiliateIDInt64\":\"0\"}",
             key->uid, key->uid);
}

void get_coins(struct call *call)
{
    char room[64];
    const char *only = arg_text(call, "coin", room);
    bool first = true;

    text_put(call->result, "{\"rows\":[");
    for (uint16_t at = 0; at < call->bybit->coins; at++) {
        const char *coin = venue_coin(call->bybit->venue, at);

        if (*only && strcmp(only, coin) != 0)
            continue;
        text_put(call->result,
                 "%s{\"name\":\"%s\",\"coin\":\"%s\",\"remainAmount\":\"0\",\"chains\":[{"
                 "\"chainType\":\"%s\",\"confirmation\":\"1\",\"withdrawFee\":\"0\","
                 "\"depositMin\":\"0\",\"withdrawMin\":\"0\",\"chain\":\"%s\","
                 "\"chainDeposit\":\"0\",\"chainWithdraw\":\"0\",\"minAccuracy\":\"8\","
                 "\"withdrawPercentageFee\":\"0\",\"contractAddress\":\"\"}]}",
                 first ? "" : ",", coin, coin, coin, coin);
        first = false;
    }
    text_put(call->result, "]}");
}
