/* Fuzz target: an order's id is printed and read back, and one character changed is no other id. */
#include "domain/order.h"
#include "fuzz/fuzz.h"

#include <string.h>

static void read_anything(const uint8_t *data, size_t size)
{
    char text[2 * ORDER_ID_TEXT_MAX] = {0};
    uint64_t id = 4711;
    uint64_t again;

    memcpy(text, data, size < sizeof text - 1 ? size : sizeof text - 1);
    if (!order_id_parse(text, &id)) {
        assert(id == 4711);
        return;
    }
    order_id_print(text, id);
    assert(order_id_parse(text, &again) && again == id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {.at = data, .left = size};
    char text[ORDER_ID_TEXT_MAX];
    uint64_t id;
    uint64_t other;
    size_t length;
    size_t at;

    read_anything(data, size);
    id = take_number(&in, 8);
    order_id_print(text, id);
    length = strlen(text);
    assert(length < ORDER_ID_TEXT_MAX && order_id_parse(text, &other) && other == id);
    at = take_byte(&in) % length;
    text[at] = (char)(take_byte(&in) % 255 + 1); /* changed, not cut short */
    assert(!order_id_parse(text, &other) || other == id);
    return 0;
}
