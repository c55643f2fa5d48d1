#include "gateway/bybit/inside.h"
#include "thread/log.h"

#define AGAIN_NS (5 * SECOND_NS)

/* Some kinds of account leave totals empty. */
static int64_t total_of(const json_t *row, const char *key)
{
    const char *text;
    int64_t value_e8;

    return bybit_text(row, key, &text) && bybit_money_down(text, &value_e8) ? value_e8
                                                                            : GATEWAY_UNKNOWN;
}

void bybit_balance_take(struct bybit *bybit, const json_t *row, int64_t at_ms, int64_t received_ns)
{
    struct gateway_balance balance;

    if (at_ms < bybit->balance.at_ms || at_ms > BYBIT_TIME_MAX_MS)
        return;
    bybit->balance.at_ms = at_ms;
    balance = (struct gateway_balance){
        .equity_e8 = total_of(row, "totalEquity"),
        .wallet_e8 = total_of(row, "totalWalletBalance"),
        .available_e8 = total_of(row, "totalAvailableBalance"),
        .venue_ns = at_ms * MS_NS,
        .told_ns = received_ns,
    };
    gateway_tell_balance(&bybit->base, &balance);
}

static void took(struct bybit *bybit, struct bybit_about about, const struct bybit_reply *reply)
{
    const json_t *row = json_array_get(bybit_rows(reply), 0);
    bool is_fine = reply->class == BYBIT_DONE && row;
    char shown[96];

    (void)about;
    bybit->balance.is_asked = false;
    if (is_fine)
        bybit_balance_take(bybit, row, reply->time_ms, reply->received_ns);
    else if (!bybit->balance.has_failed)
        log_line(LOG_WARN, "gateway", "the venue does not tell the balance", "venue=%s why=%s",
                 bybit->name, log_escape(shown, sizeof shown, reply->says ? reply->says : ""));
    bybit->balance.has_failed = !is_fine;
}

void bybit_balance_turn(struct bybit *bybit)
{
    struct bybit_balance *balance = &bybit->balance;

    if (bybit->config.is_spot || balance->is_asked || bybit->mono_ns < balance->due_ns ||
        !bybit_session_can_read(bybit) || bybit_is_banned(bybit))
        return;
    balance->is_asked = bybit_get(bybit, "/v5/account/wallet-balance", "accountType=UNIFIED", true,
                                  took, (struct bybit_about){0});
    balance->due_ns = bybit->mono_ns + (balance->is_asked ? bybit->config.reconcile_ns : AGAIN_NS);
}
