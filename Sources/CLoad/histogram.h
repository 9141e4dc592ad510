// Latencies in fixed memory: buckets 1/256 of their value wide, so that a percentile is right to 0.4%.
#ifndef CLOAD_HISTOGRAM_H
#define CLOAD_HISTOGRAM_H

#include <stdint.h>

enum { SUB_BITS = 8, SUB_BUCKETS = 1 << SUB_BITS, BUCKETS = (64 - SUB_BITS + 1) * SUB_BUCKETS };

typedef struct {
  uint64_t count, most;
  uint64_t buckets[BUCKETS];
} histogram;

static inline void histogram_add(histogram *h, uint64_t value) {
  unsigned bucket = (unsigned)value;
  if (value >= SUB_BUCKETS) {
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - SUB_BITS;
    bucket = (shift + 1) * SUB_BUCKETS + (unsigned)((value >> shift) & (SUB_BUCKETS - 1));
  }
  h->buckets[bucket]++;
  h->count++;
  if (value > h->most) h->most = value;
}

// The middle of the bucket that holds the value of rank floor(count x part); 0 where nothing was added.
static inline double histogram_quantile(const histogram *h, double part) {
  uint64_t rank = (uint64_t)((double)h->count * part), seen = 0;
  for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
    seen += h->buckets[bucket];
    if (seen <= rank) continue;
    unsigned group = bucket / SUB_BUCKETS, sub = bucket % SUB_BUCKETS;
    if (group == 0) return sub;
    uint64_t width = 1ull << (group - 1);
    return (double)((SUB_BUCKETS + sub) * width) + (double)(width - 1) / 2;
  }
  return 0;
}

#endif
