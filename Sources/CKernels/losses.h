// Losses over rows of logits, eight rows side by side: lane l holds row l of a block, so that a row's numbers do not
// depend on its place. Sums over rows run in eight chains (row r in chain r mod 8), added as sum_lanes does.

// Column `a` of eight rows of logits; rows past the end are zero.
CK_INLINE f8 column8(const float *x, size_t width, size_t a, size_t rows) {
  float lanes[8] = {0};
  if (rows >= 8)
    for (size_t l = 0; l < 8; l++) lanes[l] = x[l * width + a];
  else
    for (size_t l = 0; l < rows; l++) lanes[l] = x[l * width + a];
  return load8(lanes);
}

CK_INLINE void store_column8(float *x, size_t width, size_t a, size_t rows, f8 v) {
  float lanes[8];
  store8(lanes, v);
  for (size_t l = 0; l < (rows < 8 ? rows : 8); l++) x[l * width + a] = lanes[l];
}

CK_INLINE f8 mask_rows(f8 v, size_t rows) {
  const i8 lane = {0, 1, 2, 3, 4, 5, 6, 7};
  return rows >= 8 ? v : select8(lane < (int32_t)rows, v, splat8(0));
}

CK_INLINE i8 load_actions(const int32_t *p, size_t rows) {
  i8 v = (i8)(0);
  __builtin_memcpy(&v, p, (rows < 8 ? rows : 8) * sizeof(int32_t));
  return v;
}

typedef struct {
  f8 largest, log_sum;  // of scale * logits
} normalizer8;

CK_INLINE normalizer8 normalizer_of(const float *x, size_t width, size_t rows, f8 scale) {
  normalizer8 z = {column8(x, width, 0, rows) * scale, splat8(0)};
  for (size_t a = 1; a < width; a++) z.largest = max8(z.largest, column8(x, width, a, rows) * scale);
  f8 sum = splat8(0);
  for (size_t a = 0; a < width; a++) sum = sum + exp8(column8(x, width, a, rows) * scale - z.largest);
  z.log_sum = log8(sum);
  return z;
}

CK_INLINE f8 log_probability(const float *x, size_t width, size_t a, size_t rows, f8 scale, normalizer8 z) {
  return column8(x, width, a, rows) * scale - z.largest - z.log_sum;
}

static void log_softmax(const float *logits, size_t rows, size_t width, float *out) {
  for (size_t r = 0; r < rows; r += 8, logits += 8 * width, out += 8 * width) {
    const size_t n = rows - r;
    const normalizer8 z = normalizer_of(logits, width, n, splat8(1));
    for (size_t a = 0; a < width; a++)
      store_column8(out, width, a, n, log_probability(logits, width, a, n, splat8(1), z));
  }
}

// The inverse of the cumulative distribution: the number of actions whose cumulative probability is at most u.
static void sample(const float *logits, size_t rows, size_t width, const float *uniforms, int32_t *actions,
                   float *log_probabilities) {
  for (size_t r = 0; r < rows; r += 8, logits += 8 * width) {
    const size_t n = rows - r;
    const normalizer8 z = normalizer_of(logits, width, n, splat8(1));
    const f8 u = load_some(uniforms + r, n);
    f8 cumulative = splat8(0), chosen = log_probability(logits, width, 0, n, splat8(1), z);
    i8 action = (i8)(0);
    for (size_t a = 0; a + 1 < width; a++) {
      cumulative = cumulative + exp8(log_probability(logits, width, a, n, splat8(1), z));
      const i8 beyond = cumulative <= u;
      action -= beyond;
      chosen = select8(beyond, log_probability(logits, width, a + 1, n, splat8(1), z), chosen);
    }
    __builtin_memcpy(actions + r, &action, (n < 8 ? n : 8) * sizeof(int32_t));
    if (log_probabilities) store_some(log_probabilities + r, chosen, n);
  }
}

// tau^2 KL(softmax(teacher / tau) to softmax(student / tau)), mean over rows, and its gradient tau (p_S - p_T) / rows
// (Hinton et al. 2015).
static float distill(const float *teacher, const float *student, size_t rows, size_t width, float temperature,
                     float *gradient) {
  const f8 inverse = splat8(1 / temperature), scale = splat8(temperature / (float)rows);
  f8 loss = splat8(0);
  for (size_t r = 0; r < rows; r += 8, teacher += 8 * width, student += 8 * width, gradient += 8 * width) {
    const size_t n = rows - r;
    const normalizer8 zt = normalizer_of(teacher, width, n, inverse), zs = normalizer_of(student, width, n, inverse);
    f8 row = splat8(0);
    for (size_t a = 0; a < width; a++) {
      const f8 lt = log_probability(teacher, width, a, n, inverse, zt);
      const f8 ls = log_probability(student, width, a, n, inverse, zs);
      const f8 pt = exp8(lt), ps = exp8(ls);
      row = fma8(pt, lt - ls, row);
      store_column8(gradient, width, a, n, scale * (ps - pt));
    }
    loss = loss + mask_rows(row, n);
  }
  return sum_lanes(loss) * (temperature * temperature) / (float)rows;
}

static ck_ppo_statistics ppo(const ck_ppo_settings *settings, size_t rows, size_t width, const float *logits,
                             const float *values, const int32_t *actions, const float *old_log_probabilities,
                             const float *advantages, const float *returns, const float *old_values,
                             float *logit_gradients, float *value_gradients) {
  const f8 mean = splat8(1 / (float)rows), one = splat8(1), zero = splat8(0);
  const f8 low = splat8(1 - settings->clip), high = splat8(1 + settings->clip);
  const f8 entropy_scale = splat8(settings->entropy / (float)rows);
  const f8 value_scale = splat8(2 * settings->value / (float)rows);
  f8 policy_loss = zero, value_loss = zero, entropies = zero, kl = zero, clipped_rows = zero;
  for (size_t r = 0; r < rows; r += 8, logits += 8 * width, logit_gradients += 8 * width) {
    const size_t n = rows - r;
    const normalizer8 z = normalizer_of(logits, width, n, one);
    const i8 action = load_actions(actions + r, n);
    f8 chosen = zero, entropy = zero;
    for (size_t a = 0; a < width; a++) {
      const f8 lp = log_probability(logits, width, a, n, one, z);
      chosen = select8(action == (int32_t)a, lp, chosen);
      entropy = fma8(-exp8(lp), lp, entropy);
    }
    const f8 advantage = load_some(advantages + r, n);
    const f8 log_ratio = chosen - load_some(old_log_probabilities + r, n);
    const f8 ratio = exp8(log_ratio);
    const f8 plain = advantage * ratio, clipped = advantage * max8(min8(ratio, high), low);
    const f8 pull = select8(plain <= clipped, -plain * mean, zero);  // d loss / d log probability of the action
    for (size_t a = 0; a < width; a++) {
      const f8 lp = log_probability(logits, width, a, n, one, z), p = exp8(lp);
      const f8 taken = select8(action == (int32_t)a, one, zero);
      const f8 g = fma8(pull, taken - p, entropy_scale * p * (lp + entropy));
      store_column8(logit_gradients, width, a, n, g);
    }
    policy_loss = policy_loss - mask_rows(min8(plain, clipped), n);
    entropies = entropies + mask_rows(entropy, n);
    kl = kl + mask_rows((ratio - one) - log_ratio, n);
    clipped_rows = clipped_rows + mask_rows(select8((ratio < low) | (ratio > high), one, zero), n);

    const f8 value = load_some(values + r, n), target = load_some(returns + r, n);
    const f8 error = value - target;
    f8 square = error * error, g = error * value_scale;
    if (settings->value_clip >= 0) {
      const f8 range = splat8(settings->value_clip), old = load_some(old_values + r, n);
      const f8 change = value - old;
      const f8 held = old + max8(min8(change, range), -range) - target;
      const f8 held_square = held * held;
      const f8 held_gradient = select8((change > range) | (change < -range), zero, held * value_scale);
      const i8 use = settings->value_maximum ? held_square > square : held_square == held_square;
      square = select8(use, held_square, square);
      g = select8(use, held_gradient, g);
    }
    value_loss = value_loss + mask_rows(square, n);
    store_some(value_gradients + r, g, n);
  }
  const float scale = 1 / (float)rows;
  return (ck_ppo_statistics){sum_lanes(policy_loss) * scale, sum_lanes(value_loss) * scale,
                             sum_lanes(entropies) * scale, sum_lanes(kl) * scale, sum_lanes(clipped_rows) * scale};
}
