#include "venue/bybit/keys.h"

#include "thread/log.h"

#include <errno.h>
#include <inttypes.h>
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

static const char *const account_members[] = {"uid", "keys", "balances", NULL};
static const char *const key_members[] = {"key", "secret",     "permissions",
                                          "ips", "expires_ms", NULL};

static enum status check_members(const json_t *given, const char *const *names, struct err *err)
{
    if (!json_is_object(given))
        return err_format(err, ERR_CONFIG, "wanted an object with \"%s\"", names[0]);
    for (void *at = json_object_iter((json_t *)given); at;
         at = json_object_iter_next((json_t *)given, at)) {
        const char *const *name = names;

        while (*name && strcmp(*name, json_object_iter_key(at)) != 0)
            name++;
        if (!*name)
            return err_format(err, ERR_CONFIG, "there is no member \"%.40s\": see docs/venue.md",
                              json_object_iter_key(at));
    }
    return OK;
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
            return err_format(err, ERR_CONFIG,
                              "there is no permission '%s', but ContractTrade, Spot, Wallet and "
                              "Withdraw",
                              name ? name : "");
        key->permissions |= permissions[row].bit;
    }
    return OK;
}

static enum status read_key(struct keys *keys, const json_t *given, uint64_t uid, uint16_t account,
                            struct err *err)
{
    struct key *key = &keys->key[keys->count];
    const json_t *ips = json_object_get(given, "ips");

    if (check_members(given, key_members, err) != OK)
        return ERR_CONFIG;
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

static enum status no_coin(const struct keys *keys, const struct venue *venue, const char *name,
                           struct err *err)
{
    char list[160] = "";
    size_t length = 0;

    for (uint16_t at = 0; at < keys->coins && length < sizeof list; at++)
        length +=
            (size_t)snprintf(list + length, sizeof list - length, " %s", venue_coin(venue, at));
    return err_format(err, ERR_CONFIG, "balances: there is no coin '%.20s', but%s", name, list);
}

/* Deposits them in a new account; of one out of the state they are only looked at. */
static enum status read_balances(const struct keys *keys, struct venue *venue, uint16_t account,
                                 const json_t *balances, bool is_new, struct err *err)
{
    for (void *at = json_object_iter((json_t *)balances); at;
         at = json_object_iter_next((json_t *)balances, at)) {
        const char *name = json_object_iter_key(at);
        const char *text = json_string_value(json_object_iter_value(at));
        int64_t amount_e8 = 0;
        uint16_t coin;

        if (!text || !decimal_parse(text, strlen(text), 8, &amount_e8) || amount_e8 < 0)
            return err_format(err, ERR_CONFIG, "balance of %s: wanted a text such as \"100.5\"",
                              name);
        if (!find_coin(venue, keys->coins, name, &coin)) {
            if (keys->is_demo)
                continue;
            return no_coin(keys, venue, name, err);
        }
        if (is_new && amount_e8 > 0)
            venue_deposit(venue, account, coin, amount_e8);
    }
    return OK;
}

/* The account of the state that is this uid's; UINT16_MAX: it has none. */
static uint16_t account_of(const struct venue *venue, uint64_t uid)
{
    for (uint16_t at = VENUE_MARKET + 1; at < venue_accounts(venue); at++)
        if (venue_uid(venue, at) == uid)
            return at;
    return UINT16_MAX;
}

static bool has_uid(const struct keys *keys, uint64_t uid)
{
    for (uint16_t at = 0; at < keys->count; at++)
        if (keys->key[at].uid == uid)
            return true;
    return false;
}

/* An account of the state keeps what it has there; any other is new, and gets its balances. */
static enum status read_account(struct keys *keys, const json_t *given, struct venue *venue,
                                struct err *err)
{
    const json_t *list = json_object_get(given, "keys");
    int64_t uid = json_integer_value(json_object_get(given, "uid"));
    enum status status = check_members(given, account_members, err);
    uint16_t account;
    bool is_new;

    if (status != OK)
        return status;
    if (uid <= 0)
        return err_set(err, ERR_CONFIG, "\"uid\" wants a whole number above 0");
    if (json_array_size(list) == 0)
        return err_set(err, ERR_CONFIG,
                       "\"keys\" wants a list of at least one "
                       "{\"key\":\"K\",\"secret\":\"S\"}");
    if (has_uid(keys, (uint64_t)uid))
        return err_format(err, ERR_CONFIG, "uid %" PRId64 " is there twice", uid);
    account = account_of(venue, (uint64_t)uid);
    is_new = account == UINT16_MAX;
    if (is_new)
        account = venue_add_account(venue);
    if (account == UINT16_MAX)
        return err_format(err, ERR_CONFIG, "more than %d accounts", VENUE_ACCOUNTS_MAX - 1);
    venue_set_uid(venue, account, (uint64_t)uid);
    keys->accounts = (uint16_t)(venue_accounts(venue) - 1);
    for (size_t at = 0; status == OK && at < json_array_size(list); at++)
        status = read_key(keys, json_array_get(list, at), (uint64_t)uid, account, err);
    if (status == OK)
        status =
            read_balances(keys, venue, account, json_object_get(given, "balances"), is_new, err);
    return status;
}

static enum status read_all(struct keys *keys, const json_t *list, struct venue *venue,
                            struct err *err)
{
    char where[32];

    if (json_array_size(list) == 0)
        return err_set(err, ERR_CONFIG, "wanted a list of accounts");
    for (size_t at = 0; at < json_array_size(list); at++) {
        enum status status = read_account(keys, json_array_get(list, at), venue, err);

        snprintf(where, sizeof where, "account %zu", at + 1);
        if (status != OK)
            return err_wrap(err, status, where);
    }
    return OK;
}

/* Money of somebody who is not among the accounts any more is nobody else's. */
static enum status check_state_fits(const struct keys *keys, const struct venue *venue,
                                    struct err *err)
{
    for (uint16_t at = VENUE_MARKET + 1; at < venue_accounts(venue); at++)
        if (!has_uid(keys, venue_uid(venue, at)))
            return err_format(err, ERR_CONFIG,
                              "uid %" PRIu64 " of the state is not among the accounts: add it, or "
                              "name another --state file",
                              venue_uid(venue, at));
    return OK;
}

static json_t *load(const char *path, struct err *err)
{
    json_error_t problem;
    json_t *list = path ? json_load_file(path, JSON_REJECT_DUPLICATES, &problem)
                        : json_loads(demo, 0, &problem);

    if (list)
        return list;
    if (problem.line > 0)
        err_format(err, ERR_CONFIG, "%s:%d: %s", path ? path : "demo", problem.line, problem.text);
    else
        err_format(err, ERR_CONFIG, "%s: cannot be read: %s", path, strerrordesc_np(errno));
    return NULL;
}

enum status keys_open(struct keys *keys, const char *path, struct venue *venue, uint16_t coins,
                      struct err *err)
{
    json_t *list = load(path, err);
    enum status status;

    *keys = (struct keys){.coins = coins, .is_demo = !path};
    if (!list)
        return ERR_CONFIG;
    status = read_all(keys, list, venue, err);
    if (status == OK)
        status = check_state_fits(keys, venue, err);
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
