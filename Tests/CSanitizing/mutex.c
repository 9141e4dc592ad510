#include "include/CSanitizing.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) && defined(__linux__)

#include <dlfcn.h>
#include <stdint.h>

// ThreadSanitizer sees how a Mutex of Swift's Synchronization is taken while nobody has it, and released while nobody
// waits: that code is compiled into its users. The rest is in the library, which is built without ThreadSanitizer:
// what one thread did under the lock and another does after waiting for it would be called a race. So the library's
// two functions are called through these of the same names, which say what they do.

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef SWIFT void (*lock_slow)(uint32_t thread, SELF void *mutex);
typedef SWIFT void (*unlock_slow)(SELF void *mutex);

SWIFT void docent_lock_slow(uint32_t thread, SELF void *mutex) __asm__(LOCK);
SWIFT void docent_unlock_slow(SELF void *mutex) __asm__(UNLOCK);

SWIFT void docent_lock_slow(uint32_t thread, SELF void *mutex) {
  static _Atomic(lock_slow) library;
  lock_slow lock = library;
  if (!lock) library = lock = (lock_slow)dlsym(RTLD_NEXT, LOCK);
  lock(thread, mutex);
  __tsan_acquire(mutex);
}

SWIFT void docent_unlock_slow(SELF void *mutex) {
  static _Atomic(unlock_slow) library;
  unlock_slow unlock = library;
  if (!unlock) library = unlock = (unlock_slow)dlsym(RTLD_NEXT, UNLOCK);
  __tsan_release(mutex);
  unlock(mutex);
}

#endif
#endif
