// Actions of Gaussian heads.

// The standard normal whose cumulative probability is (word + 1/2) / 2^32, by Wichura's PPND7 (Algorithm AS 241, 1988)
// in fp32: rational functions of the distance from the middle, or of the root of the tail's logarithm. The side of the
// middle is a sign alone, so word and ~word give opposite numbers; the tail is at least 2^-33, where PPND7's third
// branch has not begun.
CK_INLINE f8 normal8(i8 word) {
  const i8 centred = word ^ INT32_MIN, negative = centred >> 31, distance = centred ^ negative;
  const f8 unit = splat8(0x1p-32f), half = splat8(0.5f);
  const f8 q = (__builtin_convertvector(distance, f8) + half) * unit;
  f8 r = fma8(-q, q, splat8(0.180625f));
  f8 n = fma8(splat8(59.10937472f), r, splat8(159.29113202f));
  f8 d = fma8(splat8(67.1875636f), r, splat8(78.757757664f));
  n = fma8(n, r, splat8(50.434271938f));
  d = fma8(d, r, splat8(17.895169469f));
  n = fma8(n, r, splat8(3.3871327179f));
  d = fma8(d, r, splat8(1.0f));
  const f8 middle = (q * n) / d;

  const f8 tail = (__builtin_convertvector(INT32_MAX - distance, f8) + half) * unit;
  r = __builtin_elementwise_sqrt(-log8(tail)) - splat8(1.6f);
  n = fma8(splat8(0.17023821103f), r, splat8(1.3067284816f));
  d = fma8(splat8(0.12021132975f), r, splat8(0.7370016425f));
  n = fma8(n, r, splat8(2.75681539f));
  d = fma8(d, r, splat8(1.0f));
  n = fma8(n, r, splat8(1.4234372777f));
  const f8 z = select8(q <= splat8(0.425f), middle, n / d);
  return select8(negative, -z, z);
}

static void gaussian(const float *means, const float *log_deviations, const uint32_t *words, const float *low,
                     const float *high, size_t count, float *actions) {
  for (size_t i = 0; i < count; i += 8) {
    const size_t n = count - i;
    f8 action = load_some(means + i, n);
    if (words) {
      const f8 deviation = exp8(load_some(log_deviations + i, n));
      action = fma8(deviation, normal8(load_actions((const int32_t *)words + i, n)), action);
    }
    store_some(actions + i, max8(min8(action, load_some(high + i, n)), load_some(low + i, n)), n);
  }
}
