#include "include/CKernels.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

// Jobs last tens of microseconds and follow one another closely, so both sides spin for about that long before they
// sleep: a wake-up by the kernel costs as much as a job.
enum { SPINS = 4000 };
enum { IDLE, SUBMITTED, STOPPING };

struct ck_worker {
  _Atomic int state;
  _Atomic bool asleep, owner_asleep;
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

// Waits until the state is not (while_equal true) or is (false) `state`.
static int await(ck_worker *w, int state, bool while_equal, _Atomic bool *sleeping) {
  for (int i = 0; i < SPINS; i++) {
    const int now = atomic_load_explicit(&w->state, memory_order_acquire);
    if ((now == state) != while_equal) return now;
    relax();
  }
  pthread_mutex_lock(&w->mutex);
  atomic_store(sleeping, true);
  int now;
  while (((now = atomic_load(&w->state)) == state) == while_equal) pthread_cond_wait(&w->changed, &w->mutex);
  atomic_store(sleeping, false);
  pthread_mutex_unlock(&w->mutex);
  return now;
}

static void move(ck_worker *w, int state, _Atomic bool *sleeping) {
  atomic_store(&w->state, state);
  if (!atomic_load(sleeping)) return;
  pthread_mutex_lock(&w->mutex);
  pthread_cond_broadcast(&w->changed);
  pthread_mutex_unlock(&w->mutex);
}

static void *run(void *argument) {
  ck_worker *w = argument;
  while (await(w, IDLE, true, &w->asleep) != STOPPING) {
    w->job(w->context);
    move(w, IDLE, &w->owner_asleep);
  }
  return NULL;
}

ck_worker *ck_worker_create(void) {
  ck_worker *w = calloc(1, sizeof *w);
  if (!w) return NULL;
  pthread_mutex_init(&w->mutex, NULL);
  pthread_cond_init(&w->changed, NULL);
  if (pthread_create(&w->thread, NULL, run, w) != 0) {
    free(w);
    return NULL;
  }
  return w;
}

void ck_worker_destroy(ck_worker *w) {
  if (!w) return;
  move(w, STOPPING, &w->asleep);
  pthread_join(w->thread, NULL);
  pthread_mutex_destroy(&w->mutex);
  pthread_cond_destroy(&w->changed);
  free(w);
}

void ck_worker_submit(ck_worker *w, void (*job)(void *context), void *context) {
  w->job = job;
  w->context = context;
  move(w, SUBMITTED, &w->asleep);
}

void ck_worker_wait(ck_worker *w) { await(w, IDLE, false, &w->owner_asleep); }
