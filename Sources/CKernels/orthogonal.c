#include "include/CKernels.h"

#include <math.h>

// Eight chains, so that the loop vectorises and keeps its order.
static double dot(const double *a, const double *b, size_t count) {
  double s[8] = {0};
  size_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (int l = 0; l < 8; l++) s[l] += a[i + l] * b[i + l];
  for (int l = 0; i < count; i++, l++) s[l] += a[i] * b[i];
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

void ck_orthogonalize(float *matrix, size_t rows, size_t columns, double gain, double *work) {
  const bool wide = columns >= rows;
  const size_t vectors = wide ? rows : columns, length = wide ? columns : rows;
  for (size_t i = 0; i < vectors; i++)
    for (size_t j = 0; j < length; j++)
      work[i * length + j] = wide ? matrix[i * columns + j] : matrix[j * columns + i];
  for (size_t i = 0; i < vectors; i++) {
    double *v = work + i * length;
    for (int pass = 0; pass < 2; pass++)  // the second pass removes what rounding left of the first
      for (size_t k = 0; k < i; k++) {
        const double *u = work + k * length;
        const double projection = dot(u, v, length);
        for (size_t j = 0; j < length; j++) v[j] -= projection * u[j];
      }
    const double norm = sqrt(dot(v, v, length));
    for (size_t j = 0; j < length; j++) v[j] = norm > 0 ? v[j] / norm : 0;
  }
  for (size_t i = 0; i < vectors; i++)
    for (size_t j = 0; j < length; j++) {
      const float value = (float)(gain * work[i * length + j]);
      if (wide) matrix[i * columns + j] = value;
      else matrix[j * columns + i] = value;
    }
}
