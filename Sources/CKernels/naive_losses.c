// Naive twins of the losses. A sum over rows r runs in chain r mod 8.
#include "naive.h"

// log softmax of scale * row, into `out`.
static void log_softmax_row(const float *row, size_t width, float scale, float *out) {
  float largest = row[0] * scale, sum = 0;
  for (size_t a = 1; a < width; a++) largest = row[a] * scale > largest ? row[a] * scale : largest;
  for (size_t a = 0; a < width; a++) sum += ck_naive_exp(row[a] * scale - largest);
  const float log_sum = ck_naive_log(sum);
  for (size_t a = 0; a < width; a++) out[a] = row[a] * scale - largest - log_sum;
}

void ck_naive_log_softmax(const float *logits, size_t rows, size_t width, float *out) {
  for (size_t r = 0; r < rows; r++) log_softmax_row(logits + r * width, width, 1, out + r * width);
}

void ck_naive_sample(const float *logits, size_t rows, size_t width, const float *uniforms, int32_t *actions,
                     float *log_probabilities) {
  for (size_t r = 0; r < rows; r++) {
    float lp[width], cumulative = 0;
    log_softmax_row(logits + r * width, width, 1, lp);
    int32_t action = 0;
    for (size_t a = 0; a + 1 < width; a++) {
      cumulative += ck_naive_exp(lp[a]);
      if (cumulative <= uniforms[r]) action = (int32_t)a + 1;
    }
    actions[r] = action;
    log_probabilities[r] = lp[action];
  }
}

float ck_naive_distill(const float *teacher, const float *student, size_t rows, size_t width, float temperature,
                       float *gradient) {
  chains loss = {0};
  for (size_t r = 0; r < rows; r++) {
    float lt[width], ls[width], sum = 0;
    log_softmax_row(teacher + r * width, width, 1 / temperature, lt);
    log_softmax_row(student + r * width, width, 1 / temperature, ls);
    for (size_t a = 0; a < width; a++) {
      const float pt = ck_naive_exp(lt[a]), ps = ck_naive_exp(ls[a]);
      sum = fmaf(pt, lt[a] - ls[a], sum);
      gradient[r * width + a] = temperature / (float)rows * (ps - pt);
    }
    loss.lane[r % 8] += sum;
  }
  return chains_total(loss) * (temperature * temperature) / (float)rows;
}

static void value_row(const ck_ppo_settings *settings, size_t rows, float value, float target, float old,
                      float *square, float *gradient) {
  const float scale = 2 * settings->value / (float)rows, error = value - target;
  *square = error * error;
  *gradient = error * scale;
  if (settings->value_clip < 0) return;
  const float range = settings->value_clip, change = value - old;
  float held_change = change > range ? range : change;
  held_change = held_change < -range ? -range : held_change;
  const float held = old + held_change - target;
  if (settings->value_maximum && !(held * held > *square)) return;
  *square = held * held;
  *gradient = change > range || change < -range ? 0 : held * scale;
}

ck_ppo_statistics ck_naive_ppo(const ck_ppo_settings *settings, size_t rows, size_t width, const float *logits,
                               const float *values, const int32_t *actions, const float *old_log_probabilities,
                               const float *advantages, const float *returns, const float *old_values,
                               float *logit_gradients, float *value_gradients) {
  const float mean = 1 / (float)rows, low = 1 - settings->clip, high = 1 + settings->clip;
  chains policy_loss = {0}, value_loss = {0}, entropies = {0}, kl = {0}, clipped_rows = {0};
  for (size_t r = 0; r < rows; r++) {
    float lp[width], entropy = 0;
    log_softmax_row(logits + r * width, width, 1, lp);
    for (size_t a = 0; a < width; a++) entropy = fmaf(-ck_naive_exp(lp[a]), lp[a], entropy);
    const float log_ratio = lp[actions[r]] - old_log_probabilities[r], ratio = ck_naive_exp(log_ratio);
    float held = ratio > high ? high : ratio;
    held = held < low ? low : held;
    const float plain = advantages[r] * ratio, clipped = advantages[r] * held;
    const float pull = plain <= clipped ? -plain * mean : 0;
    for (size_t a = 0; a < width; a++) {
      const float p = ck_naive_exp(lp[a]), taken = (int32_t)a == actions[r] ? 1 : 0;
      const float from_entropy = settings->entropy / (float)rows * p * (lp[a] + entropy);
      logit_gradients[r * width + a] = fmaf(pull, taken - p, from_entropy);
    }
    float square;
    value_row(settings, rows, values[r], returns[r], old_values ? old_values[r] : 0, &square, &value_gradients[r]);
    policy_loss.lane[r % 8] -= clipped < plain ? clipped : plain;
    entropies.lane[r % 8] += entropy;
    kl.lane[r % 8] += (ratio - 1) - log_ratio;
    clipped_rows.lane[r % 8] += ratio < low || ratio > high ? 1 : 0;
    value_loss.lane[r % 8] += square;
  }
  return (ck_ppo_statistics){chains_total(policy_loss) * mean, chains_total(value_loss) * mean,
                             chains_total(entropies) * mean, chains_total(kl) * mean,
                             chains_total(clipped_rows) * mean};
}
