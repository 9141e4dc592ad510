// Elementwise functions, the optimizer and the normalizer.

#define CK_MAP(NAME)                                                                                                 \
  static void NAME##_map(const float *x, float *y, size_t count) {                                                   \
    size_t i = 0;                                                                                                    \
    for (; i + 16 <= count; i += 16) store16(y + i, NAME##16(load16(x + i)));                                        \
    for (; i < count; i += 8) store_some(y + i, NAME##8(load_some(x + i, count - i)), count - i);                    \
  }
CK_MAP(tanh)
CK_MAP(exp)
CK_MAP(log)

static void normalize(const float *x, size_t rows, size_t width, const float *mean, const float *scale, float limit,
                      float *y, size_t y_stride) {
  for (size_t r = 0; r < rows; r++, x += width, y += y_stride) {
    for (size_t k = 0; k < width; k += 8) {
      f8 v = load_some(x + k, width - k);
      if (mean) {
        v = (v - load_some(mean + k, width - k)) * load_some(scale + k, width - k);
        v = max8(min8(v, splat8(limit)), splat8(-limit));
      }
      store_some(y + k, v, width - k);
    }
    for (size_t k = width; k < y_stride; k++) y[k] = 0;
  }
}

static float sum_of_squares(const float *x, size_t count) {
  f8 s[4] = {splat8(0), splat8(0), splat8(0), splat8(0)};
  size_t i = 0;
  for (; i + 32 <= count; i += 32)
    for (int n = 0; n < 4; n++) {
      const f8 v = load8(x + i + n * 8);
      s[n] = fma8(v, v, s[n]);
    }
  for (int n = 0; i < count; i += 8, n++) {
    const f8 v = load_some(x + i, count - i);
    s[n] = fma8(v, v, s[n]);
  }
  return sum_lanes((s[0] + s[2]) + (s[1] + s[3]));
}

#define CK_ADAM_STEP(F, S)                                                                                           \
  CK_INLINE F adam_step##S(const ck_adam_settings *a, F p, F g, F *first, F *second) {                               \
    g = g * splat##S(a->gradient_scale);                                                                             \
    *first = fma##S(splat##S(1 - a->beta1), g - *first, *first);                                                     \
    *second = fma##S(splat##S(1 - a->beta2) * g, g, splat##S(a->beta2) * *second);                                   \
    const F root = __builtin_elementwise_sqrt(*second);                                                              \
    const F denominator = fma##S(root, splat##S(a->second_scale), splat##S(a->epsilon));                             \
    return fma##S(splat##S(-a->learning_rate), *first / denominator, p);                                             \
  }
CK_ADAM_STEP(f8, 8)
CK_ADAM_STEP(f16, 16)

static void adam(const ck_adam_settings *a, float *parameters, const float *gradients, float *first, float *second,
                 size_t count) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    f16 m = load16(first + i), v = load16(second + i);
    store16(parameters + i, adam_step16(a, load16(parameters + i), load16(gradients + i), &m, &v));
    store16(first + i, m);
    store16(second + i, v);
  }
  for (; i < count; i += 8) {
    const size_t n = count - i;
    f8 m = load_some(first + i, n), v = load_some(second + i, n);
    store_some(parameters + i, adam_step8(a, load_some(parameters + i, n), load_some(gradients + i, n), &m, &v), n);
    store_some(first + i, m, n);
    store_some(second + i, v, n);
  }
}

// (x - mean) / (standard deviation, unbiased, + epsilon); the sums in eight chains.
static void standardize(float *x, size_t count, float epsilon) {
  if (count < 2) return;
  f8 s = splat8(0);
  for (size_t i = 0; i < count; i += 8) s = s + load_some(x + i, count - i);
  const float mean = sum_lanes(s) / (float)count;
  f8 q = splat8(0);
  for (size_t i = 0; i < count; i += 8) {
    f8 d = load_some(x + i, count - i) - splat8(mean);
    if (count - i < 8) {
      float lanes[8] = {0};
      store_some(lanes, d, count - i);
      d = load8(lanes);
    }
    q = fma8(d, d, q);
  }
  const float deviation = __builtin_sqrtf(sum_lanes(q) / (float)(count - 1));
  const f8 divisor = splat8(deviation + epsilon);
  for (size_t i = 0; i < count; i += 8)
    store_some(x + i, (load_some(x + i, count - i) - splat8(mean)) / divisor, count - i);
}

static void gather(const float *x, size_t width, const int32_t *indices, size_t rows, float *out) {
  if (width == 1) {
    for (size_t r = 0; r < rows; r++) out[r] = x[indices[r]];
    return;
  }
  for (size_t r = 0; r < rows; r++)
    __builtin_memcpy(out + r * width, x + (size_t)indices[r] * width, width * sizeof(float));
}

// Generalised advantage estimation (Schulman et al. 2016, equation 16), backwards in time, environments side by side.
static void gae(size_t steps, size_t environments, const float *rewards, const float *values, const uint8_t *ended,
                const float *last_values, float gamma, float lambda, float *advantages, float *returns) {
  for (size_t s = steps; s-- > 0;) {
    const float *next = s + 1 < steps ? values + (s + 1) * environments : last_values;
    for (size_t e = 0; e < environments; e++) {
      const size_t i = s * environments + e;
      const float alive = ended[i] ? 0 : gamma;
      const float delta = __builtin_fmaf(alive, next[e], rewards[i]) - values[i];
      const float later = s + 1 < steps ? advantages[i + environments] : 0;
      advantages[i] = __builtin_fmaf(alive * lambda, later, delta);
      returns[i] = advantages[i] + values[i];
    }
  }
}
