// Naive twins of the elementwise kernels.
#include "naive.h"

static float power_of_two(int32_t n) {
  const uint32_t bits = (uint32_t)(n + 127) << 23;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

float ck_naive_tanh(float x) {
  x = clip(x, -9.0f, 9.0f);
  const float t = x * x;
  const float p[] = {1.3354647321765618e-08f, 2.0609071119066835e-05f, 0.0034955874116654067f, 0.13381025033696772f, 1};
  const float q[] = {7.776552209883499e-07f, 0.00032856336701977566f, 0.02587697945624327f, 0.467143406315744f, 1};
  float numerator = p[0], denominator = q[0];
  for (int i = 1; i < 5; i++) {
    numerator = fmaf(numerator, t, p[i]);
    denominator = fmaf(denominator, t, q[i]);
  }
  return clip((x * numerator) / denominator, -1.0f, 1.0f);
}

float ck_naive_exp(float x) {
  if (x < -87.33654f) return 0;
  const float c = clip(x, -88.0f, 89.0f);
  const float n = fmaf(c, 1.44269504088896341f, 12582912.0f) - 12582912.0f;  // rounds to an integer
  float r = fmaf(n, -0.693359375f, c);
  r = fmaf(n, 2.12194440e-4f, r);
  const float p[] = {0.001381461285854058f, 0.008368709859155117f, 0.04166838736983787f, 0.16666520689461567f,
                     0.4999999345166503f};
  float sum = p[0];
  for (int i = 1; i < 5; i++) sum = fmaf(sum, r, p[i]);
  const float fraction = fmaf(sum, r * r, r) + 1.0f;
  const int32_t e = (int32_t)n, half = e >> 1;
  return fraction * power_of_two(half) * power_of_two(e - half);
}

float ck_naive_log(float x) {
  if (!(x >= 0)) return NAN;
  if (x == 0) return -INFINITY;
  if (x == INFINITY) return x;
  const bool tiny = x < 1.17549435e-38f;
  const float y = tiny ? x * 8388608.0f : x;
  int32_t bits;
  memcpy(&bits, &y, 4);
  bits -= 0x3f3504f3;  // of sqrt 1/2
  const float e = (float)((bits >> 23) - (tiny ? 23 : 0));
  const int32_t mantissa = (bits & 0x007fffff) + 0x3f3504f3;
  float f;
  memcpy(&f, &mantissa, 4);
  f -= 1.0f;
  const float p[] = {-0.07634488188665124f, 0.12761573695803813f, -0.1316018397527369f,  0.14201758559246577f,
                     -0.16623357236219344f, 0.20001226850226178f, -0.25000821037058907f, 0.33333331707948877f};
  float sum = p[0];
  for (int i = 1; i < 8; i++) sum = fmaf(sum, f, p[i]);
  float r = fmaf(sum * f, f * f, e * -2.12194440e-4f);
  r = fmaf(f * f, -0.5f, r) + f;
  return fmaf(e, 0.693359375f, r);
}

void ck_naive_normalize(const float *x, size_t rows, size_t width, const float *mean, const float *scale, float limit,
                        float *y, size_t y_stride) {
  for (size_t r = 0; r < rows; r++)
    for (size_t k = 0; k < y_stride; k++) {
      const float value = k < width ? x[r * width + k] : 0;
      y[r * y_stride + k] = k < width && mean ? clip((value - mean[k]) * scale[k], -limit, limit) : value;
    }
}

float ck_naive_sum_of_squares(const float *x, size_t count) {
  float sum[32] = {0};
  for (size_t i = 0; i < count; i++) sum[i % 32] = fmaf(x[i], x[i], sum[i % 32]);
  chains s;
  for (int l = 0; l < 8; l++) s.lane[l] = (sum[l] + sum[l + 16]) + (sum[l + 8] + sum[l + 24]);
  return chains_total(s);
}

void ck_naive_adam(const ck_adam_settings *a, float *parameters, const float *gradients, float *first, float *second,
                   size_t count) {
  for (size_t i = 0; i < count; i++) {
    const float g = gradients[i] * a->gradient_scale;
    first[i] = fmaf(1 - a->beta1, g - first[i], first[i]);
    second[i] = fmaf((1 - a->beta2) * g, g, a->beta2 * second[i]);
    const float denominator = fmaf(sqrtf(second[i]), a->second_scale, a->epsilon);
    parameters[i] = fmaf(-a->learning_rate, first[i] / denominator, parameters[i]);
  }
}

void ck_naive_standardize(float *x, size_t count, float epsilon) {
  if (count < 2) return;
  chains sum = {0}, squares = {0};
  for (size_t i = 0; i < count; i++) sum.lane[i % 8] += x[i];
  const float mean = chains_total(sum) / (float)count;
  for (size_t i = 0; i < count; i++) squares.lane[i % 8] = fmaf(x[i] - mean, x[i] - mean, squares.lane[i % 8]);
  const float deviation = sqrtf(chains_total(squares) / (float)(count - 1));
  for (size_t i = 0; i < count; i++) x[i] = (x[i] - mean) / (deviation + epsilon);
}

void ck_naive_gae(size_t steps, size_t environments, const float *rewards, const float *values, const uint8_t *ended,
                  const float *last_values, float gamma, float lambda, float *advantages, float *returns) {
  for (size_t e = 0; e < environments; e++) {
    float later = 0, next = last_values[e];
    for (size_t s = steps; s-- > 0;) {
      const size_t i = s * environments + e;
      const float alive = ended[i] ? 0 : gamma;
      const float delta = fmaf(alive, next, rewards[i]) - values[i];
      later = fmaf(alive * lambda, later, delta);
      next = values[i];
      advantages[i] = later;
      returns[i] = later + values[i];
    }
  }
}
