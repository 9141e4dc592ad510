#include "include/CKernels.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

// Jobs last tens of microseconds and follow one another closely, so both sides spin for about that long before they
// sleep: a wake-up by the kernel costs as much as a job.
enum { SPINS = 4000 };
enum { IDLE, SUBMITTED, RUNNING, STOPPING };

struct ck_worker {
  _Atomic int state;
  _Atomic int asleep;  // threads that wait on `changed`: the worker, its owner, or both
  void (*job)(void *context);
  void *context;
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
};

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Waits as long as the state is `state`; returns the next one.
static int await_change(ck_worker *w, int state) {
  int now;
  for (int i = 0; i < SPINS; i++) {
    if ((now = atomic_load_explicit(&w->state, memory_order_acquire)) != state) return now;
    relax();
  }
  pthread_mutex_lock(&w->mutex);
  atomic_fetch_add(&w->asleep, 1);
  while ((now = atomic_load(&w->state)) == state) pthread_cond_wait(&w->changed, &w->mutex);
  atomic_fetch_sub(&w->asleep, 1);
  pthread_mutex_unlock(&w->mutex);
  return now;
}

// Sequentially consistent: whoever sleeps has raised `asleep` before it read the state for the last time, so either it
// saw this state or it is woken here.
static void announce(ck_worker *w) {
  if (atomic_load(&w->asleep) == 0) return;
  pthread_mutex_lock(&w->mutex);
  pthread_cond_broadcast(&w->changed);
  pthread_mutex_unlock(&w->mutex);
}

static bool claim(ck_worker *w, int next) {
  int expected = SUBMITTED;
  return atomic_compare_exchange_strong(&w->state, &expected, next);
}

static void *run(void *argument) {
  ck_worker *w = argument;
  for (;;) {
    const int state = await_change(w, IDLE);
    if (state == STOPPING) return NULL;
    if (!claim(w, RUNNING)) continue;
    w->job(w->context);
    atomic_store(&w->state, IDLE);
    announce(w);
  }
}

ck_worker *ck_worker_create(void) {
  ck_worker *w = calloc(1, sizeof *w);
  if (!w) return NULL;
  pthread_mutex_init(&w->mutex, NULL);
  pthread_cond_init(&w->changed, NULL);
  if (pthread_create(&w->thread, NULL, run, w) != 0) {
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->mutex);
    free(w);
    return NULL;
  }
  return w;
}

void ck_worker_destroy(ck_worker *w) {
  if (!w) return;
  atomic_store(&w->state, STOPPING);
  announce(w);
  pthread_join(w->thread, NULL);
  pthread_cond_destroy(&w->changed);
  pthread_mutex_destroy(&w->mutex);
  free(w);
}

void ck_worker_submit(ck_worker *w, void (*job)(void *context), void *context) {
  w->job = job;
  w->context = context;
  atomic_store(&w->state, SUBMITTED);
  announce(w);
}

void ck_worker_wait(ck_worker *w) {
  // On a busy machine the worker may not have had a processor yet: its owner is quicker to do the job than to wait.
  if (claim(w, IDLE)) {
    w->job(w->context);
    return;
  }
  while (atomic_load(&w->state) == RUNNING) await_change(w, RUNNING);
}
