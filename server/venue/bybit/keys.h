/* Who may log in: accounts and their API keys, from a JSON file or the two of the demo.
 *   [{"uid":1001,"keys":[{"key":"K","secret":"S","permissions":["ContractTrade","Spot"],
 *     "ips":["127.0.0.1"],"expires_ms":0}],"balances":{"USDT":"100000","BTC":"2"}}]
 * Permissions: ContractTrade, Spot, Wallet, Withdraw; none of the first two: the key reads only.
 * No ips: any; expires_ms 0 or missing: never. Read at start; one thread. */
#ifndef PITWALL_VENUE_BYBIT_KEYS_H
#define PITWALL_VENUE_BYBIT_KEYS_H

#include "venue/venue.h"

enum { KEY_TEXT_MAX = 64, KEY_IPS_MAX = 4, KEYS_MAX = 256, KEY_IP_MAX = 48 };
enum { KEY_LINEAR = 1, KEY_SPOT = 2, KEY_WALLET = 4, KEY_WITHDRAW = 8 };

struct key {
    char key[KEY_TEXT_MAX], secret[KEY_TEXT_MAX];
    uint8_t permissions, ip_count;
    char ips[KEY_IPS_MAX][KEY_IP_MAX];
    int64_t expires_ms;
    uint64_t uid;
    uint16_t account; /* the core's */
};

struct keys {
    uint16_t count, accounts, coins;
    bool is_demo; /* its balances may be of coins that this market has not */
    struct key key[KEYS_MAX];
};

/* NULL path: the demo's. An account that the venue has by its uid, out of a state, keeps what it
 * has; others are added with their balances. ERR_CONFIG: what is wrong in the file, or an account of
 * the state is not in it. */
enum status keys_open(struct keys *keys, const char *path, struct venue *venue, uint16_t coins,
                      struct err *err);
const struct key *keys_find(const struct keys *keys, const char *key);
/* NULL: none of that account. */
const struct key *keys_of_account(const struct keys *keys, uint16_t account);

#endif
