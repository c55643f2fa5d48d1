/* Inside the Bybit protocol of the venue: the one struct, and what its files owe each other.
 *
 *   rest.c        requests by HTTP: signature, key, rate, route        routes.def
 *   do_orders.c, do_batches.c, do_account.c      what changes something
 *   get_market.c, get_orders.c, get_account.c    what is asked
 *   session.c     public and private WebSockets: auth, subscribe, ping    trade.c   /v5/trade
 *   streams.c, books.c, tickers.c   public topics      pushes.c, frames.c   private topics
 *   dcp.c         disconnect cancels                   sim.c     the tests' own door
 *
 * Everything runs on the server's thread. What the core tells by its listener during a request is
 * kept (pushes.c) and leaves after the request's own answer. */
#ifndef PITWALL_VENUE_BYBIT_INSIDE_H
#define PITWALL_VENUE_BYBIT_INSIDE_H

#include "venue/bybit/bybit.h"
#include "venue/bybit/codes.h"
#include "venue/bybit/keys.h"
#include "thread/clock.h"
#include "venue/bybit/rate.h"
#include "venue/faults.h"
#include "venue/ledger.h"
#include "venue/market.h"
#include "venue/server.h"
#include "venue/text.h"
#include "venue/venue.h"

#include <jansson.h>

#define NS_PER_MS 1000000LL
#define NS_PER_S 1000000000LL

enum {
    CATEGORY_INVERSE = VENUE_CATEGORY_COUNT, /* known, and nothing is traded there */
    CATEGORY_OPTION,
    CATEGORY_NONE,
};

enum { BYBIT_IPS_MAX = 64 }; /* addresses counted apart; the others together */

enum stream {
    STREAM_BOOK_1,
    STREAM_BOOK_50,
    STREAM_BOOK_200,
    STREAM_BOOK_1000,
    STREAM_TRADE,
    STREAM_TICKER,
    STREAM_COUNT,
    STREAM_BOOKS = STREAM_TRADE
};

enum topic { TOPIC_ORDER, TOPIC_EXECUTION, TOPIC_FAST, TOPIC_POSITION, TOPIC_WALLET, TOPIC_COUNT };
enum product { PRODUCT_DERIVATIVES, PRODUCT_SPOT, PRODUCT_OPTIONS, PRODUCT_COUNT };

enum session_kind { SESSION_PUBLIC, SESSION_PRIVATE, SESSION_TRADE };
enum { SESSION_ID_MAX = 40, SESSION_REQ_IDS = 64, REQ_ID_MAX = 40 };
enum { SESSION_STREAMS = VENUE_INSTRUMENTS_MAX * STREAM_COUNT };

struct session {
    struct session *prev, *next;
    struct venue_conn *conn;
    uint8_t kind, category;
    char id[SESSION_ID_MAX];
    const struct key *key;       /* NULL: not logged in */
    int64_t heard_ns, active_ns; /* cut when silent for active_ns */
    bool streams[SESSION_STREAMS];
    bool topic_all[TOPIC_COUNT];
    bool topic_of[TOPIC_COUNT][VENUE_CATEGORY_COUNT]; /* "order.linear" */
    bool dcp[PRODUCT_COUNT];
    char req_ids[SESSION_REQ_IDS][REQ_ID_MAX]; /* the newest, to find repeats */
    uint32_t req_id_count;
};

struct subscribers {
    struct session **session;
    uint32_t count, room;
};

/* What was last published of one depth of one book, to all. */
struct stream_book {
    int64_t u;
    uint64_t seq;
    int64_t sent_ns, stale_until_ns;
    bool live, wants_snapshot;
    uint32_t count[2];
    struct level *levels[2]; /* room for the depth */
};

enum { TICKER_FIELDS_MAX = 32, TICKER_TEXT_MAX = DECIMAL_TEXT_MAX, PENDING_TRADES_MAX = 1024 };
struct ticker_text {
    const char *name;
    char text[TICKER_TEXT_MAX];
};

struct streams {
    struct subscribers of[VENUE_INSTRUMENTS_MAX][STREAM_COUNT];
    struct stream_book books[VENUE_INSTRUMENTS_MAX][STREAM_BOOKS];
    uint32_t trade_count[VENUE_INSTRUMENTS_MAX];
    struct venue_trade trades[VENUE_INSTRUMENTS_MAX][PENDING_TRADES_MAX];
    int64_t last_trade_ticks[VENUE_INSTRUMENTS_MAX];
    uint8_t last_direction[VENUE_INSTRUMENTS_MAX];
    struct ticker_text ticker[VENUE_INSTRUMENTS_MAX][TICKER_FIELDS_MAX]; /* as last sent */
    uint64_t ticker_seq[VENUE_INSTRUMENTS_MAX];
    int64_t next_ns; /* multiple of 10 ms */
};

enum push_kind { PUSH_ORDER, PUSH_EXECUTION, PUSH_POSITION, PUSH_WALLET };
struct push {
    uint8_t kind;
    uint16_t account, at; /* at: instrument or coin */
    union {
        struct venue_order order;
        struct venue_execution execution;
    };
};

struct dcp {
    bool set;
    int64_t window_s, next_window_s; /* in force; asked for */
    int64_t armed_ns;                /* when next_window_s comes into force */
    int64_t lost_ns;                 /* since when no connection carries the topic; 0: one does */
    bool carried;                    /* one has */
};

struct saver;

struct bybit {
    struct bybit_config config;
    struct venue *venue;
    struct venue_market *market;
    struct venue_server *server;
    struct keys keys;
    struct venue_ledger *ledger;
    struct venue_faults *faults;
    uint16_t coins;
    int64_t clock_offset_ns;
    int64_t ban_until_ns, ratelimit_until_ns, maintenance_until_ns, refuse_until_ns, stall_until_ns,
        bad_cert_until_ns;
    struct code_row ratelimit_code;
    struct saver *saver; /* of the state; NULL: none is kept */
    struct session *sessions;
    struct streams *streams;
    struct push *pushes;
    uint32_t push_count, push_room, push_done; /* done: of the flush under way */
    uint64_t push_no;
    int64_t late_fill_ns; /* what is told meanwhile leaves so much later */
    struct dcp dcp[VENUE_ACCOUNTS_MAX][PRODUCT_COUNT];
    struct rate_window (*rates)[RATE_COUNT][VENUE_CATEGORY_COUNT]; /* per account */
    struct rate_window *ip_requests, *ip_sockets;                  /* per address */
    char (*ips)[KEY_IP_MAX];
    int64_t *ip_banned_ns;
    struct text result, ext, out, frame; /* scratch: result, retExtInfo, whole answer, push */
    struct text headers;
    struct venue_fault publish_fault; /* of the public frame under way */
};

/* --- one request --- */
struct call;
struct route {
    const char *method, *path;
    bool is_private;
    uint8_t rate; /* enum rate; RATE_NONE */
    uint8_t kind; /* enum venue_fault_kind */
    void (*serve)(struct call *call);
};

struct call {
    struct bybit *bybit;
    struct venue_conn *conn;
    const struct route *route;
    const struct key *key;
    json_t *args;    /* the body, or the query as texts */
    const char *raw; /* as it came, for the ledger */
    size_t raw_length;
    struct text *result, *ext; /* "" of ext: {} */
    int code;
    const char *message;
    char message_text[200];
    struct rate_verdict rate;
    int64_t now_ns, received_ns; /* of serving it; when its bytes were read */
    uint8_t category;
    uint64_t order_no; /* for the ledger */
    struct venue_fault fault;
};

#define ROUTE(method, path, is_private, rate, kind, handler) void handler(struct call *call);
#include "venue/bybit/routes.def"
#undef ROUTE
const struct route *bybit_route(const char *method, const char *path);
const struct route *bybit_route_of_op(const char *op);
void call_fail(struct call *call, enum bybit_code code);
/* printf into the message. */
void call_refuse(struct call *call, enum bybit_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void call_answer(struct call *call, enum venue_answer answer);
/* Draws faults, checks permission and rate, serves. False: the request was dropped by a fault. */
bool call_run(struct call *call, const struct key *key);
/* The answer's line; before it leaves. */
void call_log_out(struct call *call, const struct text *answer);
/* False: refused already; the key may not trade this category. */
bool call_may_trade(struct call *call);

/* Arguments. "" and false when not there; numbers are taken for texts. */
const char *arg_text(struct call *call, const char *name, char room[64]);
bool arg_is(struct call *call, const char *name);
int64_t arg_whole(struct call *call, const char *name, int64_t otherwise);
uint8_t category_find(const char *name);
const char *category_name(uint8_t category);
/* Sets call->category; false: refused already. Inverse and option pass. */
bool arg_category(struct call *call);
bool arg_instrument(struct call *call, uint16_t *instrument);
/* A price or size in units of `unit` * 10^-decimals. */
bool units_read(const char *text, uint32_t decimals, int64_t unit, int64_t *units);

/* --- ids and numbers on the wire --- */
enum { WIRE_ID_MAX = 40 };
const char *order_id_text(const struct bybit *bybit, char out[WIRE_ID_MAX],
                          const struct venue_order *order);
bool order_id_find(const struct bybit *bybit, const char *text, uint64_t *no);
enum id_kind { ID_ORDER = 1, ID_EXECUTION, ID_TRADE };
struct id_parts {
    uint64_t no;
    uint32_t life; /* of the venue, when the number was given */
    enum id_kind kind;
};
const char *id_text(const struct bybit *bybit, char out[WIRE_ID_MAX], uint8_t category,
                    struct id_parts parts);
void put_price(struct text *text, const struct venue_instrument *row, int64_t ticks);
void put_qty(struct text *text, const struct venue_instrument *row, int64_t lots);
/* Value per size, eight decimals, trimmed. */
void put_average(struct text *text, const struct venue_instrument *row, int64_t value_e8,
                 int64_t lots);
/* A stamp of the core's (real) clock as the venue tells it: in ms, off by what a fault has set. */
int64_t wire_ms(const struct bybit *bybit, int64_t ns);

/* --- what answers and pushes say of a thing: JSON objects --- */
void put_order(struct bybit *bybit, struct text *text, const struct venue_order *order,
               bool is_push);
void put_execution(struct bybit *bybit, struct text *text, const struct venue_execution *execution,
                   bool is_push);
void put_execution_fast(struct bybit *bybit, struct text *text,
                        const struct venue_execution *execution);
void put_position(struct bybit *bybit, struct text *text, uint16_t account, uint16_t instrument,
                  bool is_push);
void put_wallet(struct bybit *bybit, struct text *text, uint16_t account, const char *coin);

/* --- private pushes --- */
struct venue_listener pushes_listener(struct bybit *bybit);
void pushes_flush(struct bybit *bybit, int64_t now_ns);

/* --- public streams --- */
enum status streams_open(struct bybit *bybit, struct err *err);
void streams_close(struct bybit *bybit);
bool streams_find(const struct bybit *bybit, uint8_t category, const char *topic,
                  uint16_t *instrument, enum stream *stream);
void streams_subscribe(struct bybit *bybit, struct session *session, uint16_t instrument,
                       enum stream stream, int64_t now_ns);
void streams_unsubscribe(struct bybit *bybit, struct session *session, uint16_t instrument,
                         enum stream stream);
/* The greeting of a new subscriber; after the reply. */
void streams_greet(struct bybit *bybit, struct session *session, uint16_t instrument,
                   enum stream stream, int64_t now_ns);
void streams_note_trade(struct bybit *bybit, uint16_t instrument, const struct venue_trade *trade);
/* "PlusTick": of the newest trade. */
const char *streams_direction(const struct bybit *bybit, uint16_t instrument);
void streams_turn(struct bybit *bybit, int64_t now_ns);
void streams_publish(struct bybit *bybit, uint16_t instrument, enum stream stream,
                     const struct text *text, int64_t now_ns);
uint32_t stream_depth(enum stream stream);
/* Brings the published state of one depth up to date; to its subscribers too. */
const struct stream_book *book_refresh(struct bybit *bybit, uint16_t instrument, enum stream stream,
                                       int64_t now_ns);
void book_greet(struct bybit *bybit, struct session *session, uint16_t instrument,
                enum stream stream, int64_t now_ns);
void book_turn(struct bybit *bybit, uint16_t instrument, enum stream stream, int64_t now_ns);
uint32_t ticker_fields(struct bybit *bybit, uint16_t instrument,
                       struct ticker_text fields[TICKER_FIELDS_MAX]);
void ticker_turn(struct bybit *bybit, uint16_t instrument, int64_t now_ns);
void ticker_greet(struct bybit *bybit, struct session *session, uint16_t instrument,
                  int64_t now_ns);

/* --- sessions --- */
int session_upgrade(void *ctx, struct venue_conn *conn, const struct wire_request *request);
void session_opened(void *ctx, struct venue_conn *conn);
void session_message(void *ctx, struct venue_conn *conn, char *text, size_t length,
                     int64_t received_ns);
void session_closed(struct bybit *bybit, struct venue_conn *conn);
/* Sends a text to one session; `how` NULL: at once. */
void session_send(struct session *session, const struct text *text,
                  const struct venue_delivery *how);
void session_turn(struct bybit *bybit, int64_t now_ns);
/* NULL: well. Checks [key, expires, signature] for GET/realtime. */
const struct key *session_auth(struct bybit *bybit, struct session *session, json_t *args,
                               int64_t now_ns, enum bybit_code *code);
void trade_message(struct bybit *bybit, struct session *session, json_t *frame, const char *raw,
                   size_t raw_length, int64_t received_ns);

/* --- disconnect cancels --- */
void dcp_carrier_changed(struct bybit *bybit, uint16_t account, enum product product,
                         int64_t now_ns);
void dcp_turn(struct bybit *bybit, int64_t now_ns);

/* --- requests by HTTP --- */
/* The place of an address in the tables per address. */
uint32_t bybit_ip(struct bybit *bybit, const char *peer);
void rest_request(void *ctx, struct venue_conn *conn, const struct wire_request *request,
                  int64_t received_ns);
/* The tests' own door; false: not one of its paths. */
bool sim_request(struct bybit *bybit, struct venue_conn *conn, const struct wire_request *request);

/* --- faults and ledger --- */
/* Does what befalls the whole venue or the connection by itself. */
void fault_apply(struct bybit *bybit, struct venue_conn *conn, uint16_t account,
                 uint16_t instrument, const struct venue_fault *fault, int64_t now_ns);
/* Its message does not leave: lost, or the connection is gone. */
bool fault_silences(const struct venue_fault *fault);
struct venue_delivery fault_delivery(const struct venue_fault *fault);
void bybit_log(struct bybit *bybit, const struct venue_ledger_line *line);

#endif
