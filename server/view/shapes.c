#include "view/shapes.h"

#include "store/row_text.h"

#include <stdio.h>

json_t *shape_decimal(int64_t units, uint32_t scale)
{
    char text[DECIMAL_TEXT_MAX];

    decimal_print(text, units, scale, true);
    return json_string(text);
}

json_t *shape_money(bool known, int64_t amount_e8)
{
    return known ? shape_decimal(amount_e8, 8) : json_null();
}

json_t *shape_age(int64_t now_ns, int64_t at_ns)
{
    if (at_ns == 0)
        return json_null();
    return shape_decimal(now_ns > at_ns ? now_ns - at_ns : 0, 0);
}

json_t *shape_id(uint64_t id)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)id);
    return json_string(text);
}

json_t *shape_text(const char *text)
{
    return text && *text ? json_string(text) : json_null();
}

json_t *shape_order_id(uint64_t id)
{
    char text[ORDER_ID_TEXT_MAX];

    order_id_print(text, id);
    return json_string(text);
}

json_t *shape_fill_id(const struct instrument *instrument, uint64_t exec_id)
{
    char text[40];

    (void)snprintf(text, sizeof text, "%u-%llu", instrument->venue, (unsigned long long)exec_id);
    return json_string(text);
}

json_t *shape_incident(uint64_t incident)
{
    char text[INCIDENT_TEXT_MAX];

    incident_print(text, incident);
    return incident == 0 ? json_null() : json_string(text);
}

json_t *shape_price(const struct instrument *instrument, int64_t price_ticks)
{
    char text[DECIMAL_TEXT_MAX];

    price_print(text, instrument, price_ticks);
    return json_string(text);
}

json_t *shape_average(const struct instrument *instrument, int64_t price_e8_ticks)
{
    char text[DECIMAL_TEXT_MAX];

    average_print(text, instrument, price_e8_ticks);
    return price_e8_ticks == 0 ? json_null() : json_string(text);
}

json_t *shape_qty(const struct instrument *instrument, int64_t lots)
{
    char text[DECIMAL_TEXT_MAX];

    qty_print(text, instrument, lots);
    return json_string(text);
}

json_t *shape_scope(const struct view *view, uint16_t scope)
{
    char name[SCOPE_TEXT_MAX];

    config_scope_name(view->from.config, scope, name);
    return json_string(name);
}

json_t *shape_list(json_t *items, uint64_t cursor)
{
    return json_pack("{s:o, s:o}", "items", items, "next",
                     cursor == 0 ? json_null() : shape_id(cursor));
}
