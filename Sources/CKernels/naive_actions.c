// Naive twins of the actions.
#include "naive.h"

float ck_naive_normal(uint32_t word) {
  const bool negative = word < 0x80000000u;
  const uint32_t distance = negative ? 0x7fffffffu - word : word - 0x80000000u;
  const float q = ((float)distance + 0.5f) * 0x1p-32f;
  float numerator, denominator;
  if (q <= 0.425f) {
    const float r = fmaf(-q, q, 0.180625f);
    const float a[] = {59.10937472f, 159.29113202f, 50.434271938f, 3.3871327179f};
    const float b[] = {67.1875636f, 78.757757664f, 17.895169469f, 1};
    numerator = a[0], denominator = b[0];
    for (int i = 1; i < 4; i++) {
      numerator = fmaf(numerator, r, a[i]);
      denominator = fmaf(denominator, r, b[i]);
    }
    numerator *= q;
  } else {
    const float tail = ((float)(0x7fffffffu - distance) + 0.5f) * 0x1p-32f;
    const float r = sqrtf(-ck_naive_log(tail)) - 1.6f;
    const float c[] = {0.17023821103f, 1.3067284816f, 2.75681539f, 1.4234372777f};
    const float d[] = {0.12021132975f, 0.7370016425f, 1};
    numerator = c[0], denominator = d[0];
    for (int i = 1; i < 4; i++) numerator = fmaf(numerator, r, c[i]);
    for (int i = 1; i < 3; i++) denominator = fmaf(denominator, r, d[i]);
  }
  const float z = numerator / denominator;
  return negative ? -z : z;
}

void ck_naive_gaussian(const float *means, const float *log_deviations, const uint32_t *words, const float *low,
                       const float *high, size_t count, float *actions) {
  for (size_t i = 0; i < count; i++) {
    const float drawn =
        words ? fmaf(ck_naive_exp(log_deviations[i]), ck_naive_normal(words[i]), means[i]) : means[i];
    actions[i] = clip(drawn, low[i], high[i]);
  }
}
