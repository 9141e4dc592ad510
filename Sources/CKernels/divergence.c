// How the answers of one policy differ from those of another: row by row in doubles, in the order of the rows. The
// logarithms and exponentials are the library's: few rows come here, and small differences are what is asked for.
#include "include/CKernels.h"

#include <math.h>

static bool finite_row(const float *x, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!isfinite(x[i])) return false;
  return true;
}

static double capped(double divergence) {
  // Rounding can leave a little less than zero. What overflowed is NaN or infinity, and as far apart as can be.
  return divergence < CK_DIVERGENCE_MAX ? fmax(divergence, 0) : CK_DIVERGENCE_MAX;
}

static double difference(double a, double b) {
  const double d = fabs(a - b);
  return d < CK_DIVERGENCE_MAX ? d : CK_DIVERGENCE_MAX;
}

// A row that only the other policy answered with NaN or infinity.
static void add_error(ck_divergence *sums) {
  sums->rows++;
  sums->errors++;
  sums->kl += CK_DIVERGENCE_MAX;
  sums->value += CK_DIVERGENCE_MAX;
}

static size_t largest(const float *x, size_t width) {
  size_t best = 0;
  for (size_t a = 1; a < width; a++)
    if (x[a] > x[best]) best = a;
  return best;
}

static double log_sum_exp(const float *x, size_t width, double most) {
  double sum = 0;
  for (size_t a = 0; a < width; a++) sum += exp(x[a] - most);
  return most + log(sum);
}

void ck_discrete_divergence(const float *reference, const float *other, const float *reference_values,
                            const float *other_values, size_t rows, size_t width, bool is_q, ck_divergence *sums) {
  for (size_t r = 0; r < rows; r++) {
    const float *x = reference + r * width, *y = other + r * width;
    const float *v = reference_values ? reference_values + r : NULL, *w = v ? other_values + r : NULL;
    if (!finite_row(x, width) || (v && !isfinite(*v))) continue;
    if (!finite_row(y, width) || (w && !isfinite(*w))) {
      add_error(sums);
      continue;
    }
    const size_t best_x = largest(x, width), best_y = largest(y, width);
    const double log_x = log_sum_exp(x, width, x[best_x]), log_y = log_sum_exp(y, width, y[best_y]);
    double kl = 0;
    for (size_t a = 0; a < width; a++) {
      const double log_p = x[a] - log_x;
      kl += exp(log_p) * (log_p - (y[a] - log_y));
    }
    sums->rows++;
    sums->kl += capped(kl);
    sums->agreement += best_x == best_y;
    if (is_q) sums->value += difference(x[best_x], y[best_y]);
    if (v) sums->value += difference(*v, *w);
  }
}

static double clipped(double mean, double low, double high) { return fmax(fmin(mean, high), low); }

void ck_gaussian_divergence(const float *reference, const float *other, const float *reference_values,
                            const float *other_values, size_t rows, size_t dimensions, const float *low,
                            const float *high, ck_divergence *sums) {
  for (size_t r = 0; r < rows; r++) {
    const float *x = reference + 2 * r * dimensions, *y = other + 2 * r * dimensions;
    const float *v = reference_values ? reference_values + r : NULL, *w = v ? other_values + r : NULL;
    if (!finite_row(x, 2 * dimensions) || (v && !isfinite(*v))) continue;
    if (!finite_row(y, 2 * dimensions) || (w && !isfinite(*w))) {
      add_error(sums);
      continue;
    }
    double kl = 0;
    bool agrees = true;
    for (size_t d = 0; d < dimensions; d++) {
      const double log_x = x[dimensions + d], log_y = y[dimensions + d], apart = (double)x[d] - y[d];
      kl += log_y - log_x + (exp(2 * (log_x - log_y)) + apart * apart * exp(-2 * log_y) - 1) / 2;
      const double range = (double)high[d] - low[d];
      const double most = isfinite(range) ? CK_AGREEMENT_RANGE * range : CK_AGREEMENT_DEVIATIONS * exp(log_x);
      if (fabs(clipped(x[d], low[d], high[d]) - clipped(y[d], low[d], high[d])) > most) agrees = false;
    }
    sums->rows++;
    sums->kl += capped(kl);
    sums->agreement += agrees;
    if (v) sums->value += difference(*v, *w);
  }
}
