/* The publish protocol of engine/base/ring.h on a machine that keeps stores back and lets them out
 * in any order: payload before tail, the payload read before head, or a message is torn or lost.
 *
 * Here               In C
 * slot               the bytes of the ring: one message each, numbered from 1
 * tail, head         the members of struct ring; write_at, head_seen, read_at and tail_seen too
 * Stores             the producer's store buffer: what is in it is not in memory yet. A release
 *                    waits until what was stored before it is there.
 *
 * A load may be done early (before the load that an acquire would put it behind) or late (after the
 * store that a release would put before it): breaks.txt moves it there and expects to be told.
 * mirrors engine/base/ring.h: atomic_store_explicit(&ring->tail, ring->write_at, memory_order_release);
 * mirrors engine/base/ring.h: ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
 * mirrors engine/base/ring.h: atomic_store_explicit(&ring->head, ring->read_at, memory_order_release);
 * mirrors engine/base/ring.h: ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire); */
#define SLOTS 2
#define MESSAGES 6

byte slot[SLOTS], tail, head;
chan payload_kept = [SLOTS] of { byte, byte }; /* place, message */
chan tail_kept = [1] of { byte };

active proctype Producer()
{
    byte write_at, head_seen, tail_at;

    do
    :: write_at == MESSAGES && tail_at == MESSAGES -> break
    :: write_at < MESSAGES ->
        if
        :: write_at - head_seen == SLOTS -> head_seen = head
        :: else
        fi;
        if
        :: write_at - head_seen < SLOTS ->
            payload_kept ! write_at % SLOTS, write_at + 1;
            write_at++
        :: else /* full */
        fi
    :: tail_at != write_at -> /* one message or a batch of two */
        empty(payload_kept); /* the release */
        tail_kept ! write_at;
        tail_at = write_at
    od
}

active proctype Stores()
{
    byte place, message, at;

end:
    do
    :: atomic { payload_kept ? place, message -> slot[place] = message; place = 0; message = 0 }
    :: atomic { tail_kept ? at -> tail = at; at = 0 }
    od
}

active proctype Consumer()
{
    byte read_at, tail_seen, message;

    do
    :: read_at == MESSAGES -> break
    :: else ->
        if
        :: read_at == tail_seen -> tail_seen = tail
        :: else
        fi;
        if
        :: read_at != tail_seen ->
            message = slot[read_at % SLOTS];
            assert(message == read_at + 1);
            read_at++;
            head = read_at
        :: else /* empty */
        fi
    od
}
