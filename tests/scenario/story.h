/* A story: one .scn file, told to the rig line by line.
 *
 *   # a comment; blank lines are skipped. A line is a verb, its words, and what it must lead to:
 *   VERB WORDS... [-> CLAUSE, CLAUSE...]
 *
 * Before the first other verb (they shape the day that then starts):
 *   limits none                              no limit is set anywhere (else all are wide, on firm)
 *   latency ORDER ACK                        of the venue: `latency 2ms 3ms`; 0 without it
 *   fees MAKER TAKER                         ratios
 *   strategy NAME key=value...               switches maker or momentum on: order max half_spread
 *                                            requote life_ms fast_ms slow_ms entry cooldown_ms
 *   fault KIND VERB [nth N] [for TIME] [code N]   of the venue, as a fault script has them
 *   patience TIME VOID                       an answer not had for TIME is not known, and asked for
 *                                            as often; after VOID the venue may say it never was
 *   permit STRATEGY none|INSTRUMENT          what it may trade (else everything)
 * Any time:
 *   limit NAME VALUE|null|unset [SCOPE]      firm without SCOPE
 *   book INSTRUMENT BIDS ASKS                a snapshot: PRICE/LOTS,PRICE/LOTS or -
 *   delta INSTRUMENT BIDS ASKS [gap]         the next update; with gap, the one after a hole
 *   trade INSTRUMENT buy|sell LOTS @ PRICE   buy: the taker bought
 *   lost|ended INSTRUMENT
 *   submit ID buy|sell LOTS @ PRICE|market [WORDS]
 *          ioc fok post reduce, `by STRATEGY`, `in INSTRUMENT` (else manual, BTCUSDT)
 *   cancel ID                                a person cancels
 *   amend ID LOTS @ PRICE                    a person amends; LOTS is the new total
 *   cancel-all SCOPE
 *   ack|reject|cancelled|expired|cancel-rejected|timeout ID        the venue says so
 *   fill ID LOTS @ PRICE [exec N]            N: to say the same fill twice
 *   kill "REASON" [SCOPE]
 *   resume SCOPE [incident N]                to ACTIVE, clearing the kill seen (or N)
 *   state SCOPE ACTIVE|REDUCING|HALTED
 *   gateway stops|goes                       orders stay on the ring, or leave
 *   venue silent|answers                     whether messages are answered
 *   stop                                     the desk goes home
 *   advance TIME                             5us 10ms 2s
 *   expect CLAUSE, CLAUSE...
 * Clauses; events and cancels are counted since the last line that was not `expect`:
 *   an order state in lower case             of the ID of the line
 *   denied REASON [MEASURED > LIMIT]         of the ID of the line
 *   order ID STATE [leaves LOTS]
 *   halted|reducing|active [SCOPE]           cancel ID          unsent ID
 *   position [INSTRUMENT] LOTS               open N             sent N
 *   realised|fee [INSTRUMENT] MONEY          book INSTRUMENT STATUS
 *   quote STRATEGY buy|sell none|LOTS @ PRICE   its one live order there, in BTCUSDT
 *   event NAME [xN]                          refused CODE       applied
 *   receipt unsent|sent|confirmed|refused|unknown N
 */
#ifndef PITWALL_SCENARIO_STORY_H
#define PITWALL_SCENARIO_STORY_H

#include <stdbool.h>
#include <stddef.h>

/* True when the story holds. Else `why` reads `FILE:LINE: what`. */
bool story_tell(const char *path, char *why, size_t size);

#endif
