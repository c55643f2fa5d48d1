/* What other threads ask of the control thread and wait for. */
#include "control/inside.h"

struct call {
    void (*run)(void *ctx);
    void *ctx;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
};

static void run_call(void *job)
{
    struct call *call = job;

    call->run(call->ctx);
    pthread_mutex_lock(&call->lock);
    call->done = true;
    pthread_cond_signal(&call->wake);
    pthread_mutex_unlock(&call->lock);
}

/* The control thread runs every job that it has taken, also while it stops. */
enum status control_call(struct control *control, void (*run)(void *ctx), void *ctx,
                         struct err *err)
{
    struct call call = {.run = run,
                        .ctx = ctx,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .wake = PTHREAD_COND_INITIALIZER};

    if (!control_submit(control, run_call, &call))
        return err_set(err, ERR_UNAVAILABLE, "busy; try again");
    pthread_mutex_lock(&call.lock);
    while (!call.done)
        pthread_cond_wait(&call.wake, &call.lock);
    pthread_mutex_unlock(&call.lock);
    return OK;
}

/* ------------------------------------------------------------------- a fact that is waited for */

struct fact_call {
    struct control *control;
    const struct actor *actor;
    const struct control_fact *fact;
    struct err *err;
    enum status status;
};

static void record_fact(void *ctx)
{
    struct fact_call *call = ctx;
    uint64_t seq;

    call->status = control_record(call->control, call->actor, call->fact, 0, &seq, call->err);
    if (call->status == OK)
        call->status = control_wait_record(call->control, seq, call->err);
}

enum status control_note_durable(struct control *control, const struct actor *actor,
                                 const struct control_fact *fact, struct err *err)
{
    struct fact_call call = {.control = control, .actor = actor, .fact = fact, .err = err};
    enum status status = control_call(control, record_fact, &call, err);

    if (status == OK)
        return call.status;
    json_decref(fact->old_value);
    json_decref(fact->new_value);
    return status;
}
