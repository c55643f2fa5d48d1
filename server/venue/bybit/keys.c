#include "venue/bybit/keys.h"

#include "thread/log.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    uint8_t bit;
} permissions[] = {{"ContractTrade", KEY_LINEAR},
                   {"Spot", KEY_SPOT},
                   {"Wallet", KEY_WALLET},
                   {"Withdraw", KEY_WITHDRAW}};

static const char demo[] =
    "[{\"uid\":1001,\"keys\":[{\"key\":\"demo-key-one\",\"secret\":\"demo-secret-one\","
    "\"permissions\":[\"ContractTrade\",\"Spot\"]}],"
    "\"balances\":{\"USDT\":\"1000000\",\"USDC\":\"100000\",\"BTC\":\"10\",\"ETH\":\"100\"}},"
    "{\"uid\":1002,\"keys\":[{\"key\":\"demo-key-two\",\"secret\":\"demo-secret-two\","
    "\"permissions\":[\"ContractTrade\",\"Spot\"]}],"
    "\"balances\":{\"USDT\":\"1000000\",\"USDC\":\"100000\",\"BTC\":\"10\",\"ETH\":\"100\"}}]";

static bool copy_text(char *out, size_t room, const json_t *value)
{
    const char *text = json_string_value(value);

    if (!text || strlen(text) == 0 || strlen(text) >= room)
        return false;
    strcpy(out, text);
    return true;
}

static enum status read_permissions(struct key *key, const json_t *list, struct err *err)
{
    for (size_t at = 0; at < json_array_size(list); at++) {
        const char *name = json_string_value(json_array_get(list, at));
        size_t row = 0;

        while (row < sizeof permissions / sizeof permissions[0] &&
               (!name || strcmp(name, permissions[row].name) != 0))
            row++;
        if (row == sizeof permissions / sizeof permissions[0])
            return err_format(err, ERR_CONFIG, "there is no permission '%s'", name ? name : "");
        key->permissions |= permissions[row].bit;
    }
    return OK;
}

static enum status read_key(struct keys *keys, const json_t *given, uint64_t uid, uint16_t account,
                            struct err *err)
{
    struct key *key = &keys->key[keys->count];
    const json_t *ips = json_object_get(given, "ips");

    if (keys->count == KEYS_MAX)
        return err_set(err, ERR_CONFIG, "too many keys");
    *key = (struct key){.uid = uid, .account = account};
    if (!copy_text(key->key, sizeof key->key, json_object_get(given, "key")) ||
        !copy_text(key->secret, sizeof key->secret, json_object_get(given, "secret")))
        return err_format(err, ERR_CONFIG, "\"key\" and \"secret\" want texts of 1 to %d",
                          KEY_TEXT_MAX - 1);
    if (keys_find(keys, key->key))
        return err_format(err, ERR_CONFIG, "key '%s' is there twice", key->key);
    for (size_t at = 0; at < json_array_size(ips); at++)
        if (at == KEY_IPS_MAX ||
            !copy_text(key->ips[key->ip_count++], KEY_IP_MAX, json_array_get(ips, at)))
            return err_format(err, ERR_CONFIG, "\"ips\" wants up to %d addresses", KEY_IPS_MAX);
    key->expires_ms = json_integer_value(json_object_get(given, "expires_ms"));
    keys->count++;
    return read_permissions(key, json_object_get(given, "permissions"), err);
}

static bool find_coin(const struct venue *venue, uint16_t coins, const char *name, uint16_t *coin)
{
    for (uint16_t at = 0; at < coins; at++) {
        *coin = at;
        if (strcmp(venue_coin(venue, at), name) == 0)
            return true;
    }
    return false;
}

static enum status deposit(const struct keys *keys, struct venue *venue, uint16_t account,
                           const json_t *balances, struct err *err)
{
    for (void *at = json_object_iter((json_t *)balances); at;
         at = json_object_iter_next((json_t *)balances, at)) {
        const char *coin_name = json_object_iter_key(at);
        const char *text = json_string_value(json_object_iter_value(at));
        int64_t amount_e8 = 0;
        uint16_t coin;

        if (!text || !decimal_parse(text, strlen(text), 8, &amount_e8) || amount_e8 < 0)
            return err_format(err, ERR_CONFIG, "balance of %s: wanted a text such as \"100.5\"",
                              coin_name);
        /* A coin that nothing here is traded in is of no use, and no mistake. */
        if (find_coin(venue, keys->coins, coin_name, &coin) && amount_e8 > 0)
            venue_deposit(venue, account, coin, amount_e8);
    }
    return OK;
}

static enum status read_account(struct keys *keys, const json_t *given, struct venue *venue,
                                bool deposits, struct err *err)
{
    const json_t *list = json_object_get(given, "keys");
    uint64_t uid = (uint64_t)json_integer_value(json_object_get(given, "uid"));
    uint16_t account = deposits ? venue_add_account(venue) : (uint16_t)(keys->accounts + 1);
    enum status status = OK;

    if (account == UINT16_MAX)
        return err_set(err, ERR_CONFIG, "too many accounts");
    if (uid == 0 || json_array_size(list) == 0)
        return err_set(err, ERR_CONFIG, "\"uid\" wants a number above 0, \"keys\" a list");
    keys->accounts++;
    for (size_t at = 0; status == OK && at < json_array_size(list); at++)
        status = read_key(keys, json_array_get(list, at), uid, account, err);
    if (status == OK && deposits)
        status = deposit(keys, venue, account, json_object_get(given, "balances"), err);
    return status;
}

static enum status read_all(struct keys *keys, const json_t *list, struct venue *venue,
                            bool deposits, struct err *err)
{
    char where[32];

    if (json_array_size(list) == 0)
        return err_set(err, ERR_CONFIG, "wanted a list of accounts");
    for (size_t at = 0; at < json_array_size(list); at++) {
        enum status status = read_account(keys, json_array_get(list, at), venue, deposits, err);

        snprintf(where, sizeof where, "account %zu", at + 1);
        if (status != OK)
            return err_wrap(err, status, where);
    }
    return OK;
}

enum status keys_open(struct keys *keys, const char *path, struct venue *venue, uint16_t coins,
                      bool deposits, struct err *err)
{
    json_error_t problem;
    json_t *list = path ? json_load_file(path, JSON_REJECT_DUPLICATES, &problem)
                        : json_loads(demo, 0, &problem);
    enum status status;

    *keys = (struct keys){.coins = coins};
    if (!list)
        return err_format(err, ERR_CONFIG, "%s:%d: %s", path ? path : "demo", problem.line,
                          problem.text);
    status = read_all(keys, list, venue, deposits, err);
    json_decref(list);
    return status == OK || !path ? status : err_wrap(err, status, path);
}

const struct key *keys_find(const struct keys *keys, const char *key)
{
    for (uint16_t at = 0; at < keys->count; at++)
        if (strcmp(keys->key[at].key, key) == 0)
            return &keys->key[at];
    return NULL;
}

const struct key *keys_of_account(const struct keys *keys, uint16_t account)
{
    for (uint16_t at = 0; at < keys->count; at++)
        if (keys->key[at].account == account)
            return &keys->key[at];
    return NULL;
}
