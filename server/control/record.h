/* A control-lane record: compact JSON with the fields of an audit item,
 *   {"actor","person","role","kind","scope","old","new","reason","request_id","engine_seq"}
 * the record's cause is the command id it led to (0: none), its kind CONTROL_RECORD. The audit
 * store makes one row of each, and names the actor of engine events by their cause. */
#ifndef PITWALL_CONTROL_RECORD_H
#define PITWALL_CONTROL_RECORD_H

enum { CONTROL_RECORD = 1 };

#endif
