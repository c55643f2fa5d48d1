/* The table of orders: numbers, links, and the lists of each account. */
#include "venue/inside.h"

#include <string.h>

enum { SLOT_MASK = VENUE_ORDERS_MAX - 1 };

uint32_t venue_slot_at(const struct venue *venue, const struct venue_slot *slot)
{
    return (uint32_t)(slot - venue->slots);
}

struct venue_slot *venue_slot(const struct venue *venue, uint64_t no)
{
    struct venue_slot *slot = &venue->slots[no & SLOT_MASK];

    return no != 0 && slot->order.no == no ? slot : NULL;
}

const struct venue_order *venue_order(const struct venue *venue, uint64_t no)
{
    const struct venue_slot *slot = venue_slot(venue, no);

    return slot ? &slot->order : NULL;
}

/* ---- links ------------------------------------------------------------------------------ */

/* FNV-1a over the account and the text. */
static uint32_t *link_head(const struct venue *venue, uint16_t account, const char *link)
{
    uint32_t hash = (2166136261U ^ account) * 16777619U;

    for (; *link; link++)
        hash = (hash ^ (uint8_t)*link) * 16777619U;
    return &venue->link_heads[(hash ^ hash >> 16) & (VENUE_LINK_HEADS - 1)];
}

void venue_link_add(struct venue *venue, struct venue_slot *slot)
{
    uint32_t *head = link_head(venue, slot->order.account, slot->order.link);

    slot->link_next = VENUE_NO_SLOT;
    if (slot->order.link[0] == 0)
        return;
    slot->link_next = *head;
    *head = venue_slot_at(venue, slot);
}

static void link_remove(struct venue *venue, struct venue_slot *slot)
{
    uint32_t *at = link_head(venue, slot->order.account, slot->order.link);

    if (slot->order.link[0] == 0)
        return;
    while (*at != venue_slot_at(venue, slot))
        at = &venue->slots[*at].link_next;
    *at = slot->link_next;
}

const struct venue_order *venue_order_by_link(const struct venue *venue, uint16_t account,
                                              const char *link)
{
    const struct venue_slot *slot;

    for (uint32_t at = *link_head(venue, account, link); at != VENUE_NO_SLOT;
         at = slot->link_next) {
        slot = &venue->slots[at];
        if (slot->order.account == account && strcmp(slot->order.link, link) == 0)
            return &slot->order;
    }
    return NULL;
}

/* ---- remembered orders ------------------------------------------------------------------ */

static void list_add(struct venue *venue, struct venue_slot *slot)
{
    struct venue_account *account = &venue->account[slot->order.account];
    struct venue_slot *older = venue_slot(venue, account->newest_order);

    slot->older = account->newest_order;
    slot->newer = 0;
    if (older)
        older->newer = slot->order.no;
    account->newest_order = slot->order.no;
}

static void list_remove(struct venue *venue, struct venue_slot *slot)
{
    struct venue_slot *older = venue_slot(venue, slot->older);
    struct venue_slot *newer = venue_slot(venue, slot->newer);

    if (older)
        older->newer = slot->newer;
    if (newer)
        newer->older = slot->older;
    else
        venue->account[slot->order.account].newest_order = slot->older;
}

static void forget(struct venue *venue, struct venue_slot *slot)
{
    assert(!slot->active);
    if (slot->order.no == 0)
        return;
    link_remove(venue, slot);
    list_remove(venue, slot);
}

/* Accounts have fewer active orders together than there are slots, so the walk ends. */
struct venue_slot *venue_slot_take(struct venue *venue, uint16_t account)
{
    struct venue_slot *slot;

    while (venue->slots[venue->next_order & SLOT_MASK].active)
        venue->next_order++;
    slot = &venue->slots[venue->next_order & SLOT_MASK];
    forget(venue, slot);
    *slot = (struct venue_slot){
        .order = {.no = venue->next_order++, .life = venue->life, .account = account},
        .link_next = VENUE_NO_SLOT};
    list_add(venue, slot);
    return slot;
}

struct venue_slot *venue_slot_restore(struct venue *venue, const struct venue_order *order)
{
    struct venue_slot *slot = &venue->slots[order->no & SLOT_MASK];

    assert(slot->order.no == 0);
    *slot = (struct venue_slot){.order = *order, .link_next = VENUE_NO_SLOT};
    list_add(venue, slot);
    venue_link_add(venue, slot);
    return slot;
}

const struct venue_order *venue_next_order(const struct venue *venue, uint16_t account,
                                           uint64_t before)
{
    const struct venue_slot *slot = venue_slot(venue, before);
    uint64_t no;

    assert(account < venue->accounts);
    no =
        slot && slot->order.account == account ? slot->older : venue->account[account].newest_order;
    slot = venue_slot(venue, no);
    while (slot && before != 0 && slot->order.no >= before)
        slot = venue_slot(venue, slot->older);
    return slot ? &slot->order : NULL;
}

/* ---- active ones ------------------------------------------------------------------------ */

void venue_activate(struct venue *venue, struct venue_slot *slot)
{
    struct venue_account *account = &venue->account[slot->order.account];
    uint32_t at = venue_slot_at(venue, slot);

    assert(!slot->active);
    slot->active = true;
    slot->active_next = VENUE_NO_SLOT;
    slot->active_previous = account->active_last;
    if (account->active_last == VENUE_NO_SLOT)
        account->active_first = at;
    else
        venue->slots[account->active_last].active_next = at;
    account->active_last = at;
    account->active[venue->instrument[slot->order.instrument].category]++;
}

void venue_deactivate(struct venue *venue, struct venue_slot *slot)
{
    struct venue_account *account = &venue->account[slot->order.account];

    assert(slot->active);
    slot->active = false;
    if (slot->active_previous == VENUE_NO_SLOT)
        account->active_first = slot->active_next;
    else
        venue->slots[slot->active_previous].active_next = slot->active_next;
    if (slot->active_next == VENUE_NO_SLOT)
        account->active_last = slot->active_previous;
    else
        venue->slots[slot->active_next].active_previous = slot->active_previous;
    account->active[venue->instrument[slot->order.instrument].category]--;
}
