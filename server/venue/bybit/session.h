/* Between the files of the protocol's WebSockets. */
#ifndef PITWALL_VENUE_BYBIT_SESSION_H
#define PITWALL_VENUE_BYBIT_SESSION_H

#include "venue/bybit/inside.h"

/* {"success",...} of public and private sockets. */
void session_put_reply(struct session *session, struct text *text, const json_t *frame,
                       const char *op, bool success, const char *says);
/* Draws what befalls a request and writes it to the ledger. False: it never arrived. */
bool session_befall(struct bybit *bybit, struct session *session, enum venue_fault_kind kind,
                    const char *raw, size_t length, int64_t received_ns, struct venue_fault *fault);
/* Ledger, then out, as the fault wants it. */
void session_reply(struct bybit *bybit, struct session *session, struct text *text,
                   enum venue_fault_kind kind, const struct venue_fault *fault);
/* subscribe and unsubscribe on /v5/private. */
void session_private_topics(struct bybit *bybit, struct session *session, json_t *frame,
                            const char *op, const struct venue_fault *fault);

#endif
