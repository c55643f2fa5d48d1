/* Of the program that is built with the thread sanitizer, and of no other: gcc 12's does not know
 * pthread_mutex_clocklock(), so it misses the lock and calls the unlock wrong. Here it is made of
 * what the sanitizer does know. */
#include <errno.h>
#include <pthread.h>
#include <time.h>

static int is_over(clockid_t clock, const struct timespec *end)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return now.tv_sec > end->tv_sec || (now.tv_sec == end->tv_sec && now.tv_nsec >= end->tv_nsec);
}

int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *end)
{
    static const struct timespec moment = {.tv_nsec = 50000};
    int answer;

    while ((answer = pthread_mutex_trylock(mutex)) == EBUSY && !is_over(clock, end))
        nanosleep(&moment, NULL);
    return answer == EBUSY ? ETIMEDOUT : answer;
}
