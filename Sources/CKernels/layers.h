// Fully connected layers: forward, and the gradients of weights and inputs.

// Steps of a product that run before the next rows: a slice of a panel stays in the first-level cache meanwhile.
// Sums wait in C between slices, unrounded, so the slices do not show.
enum { CK_SLICE = 256 };

// One row through two neighbouring panels: eight independent chains hide the latency of a multiply-add.
static __attribute__((noinline)) void single_row_64(const float *x, const float *w, size_t in, const float *bias,
                                                    float *y, uint32_t activation) {
  f8 sum[8];
  CK_EACH(n, 8) sum[n] = load8(bias + n * 8);
  const float *second = w + 32 * in;
  for (size_t k = 0; k < in; k++) {
    const f8 value = splat8(x[k]);
    CK_EACH(n, 4) sum[n] = fma8(value, load8(w + k * 32 + n * 8), sum[n]);
    CK_EACH(n, 4) sum[n + 4] = fma8(value, load8(second + k * 32 + n * 8), sum[n + 4]);
  }
  CK_EACH(n, 8) store8(y + n * 8, sum[n]);
  if (activation != CK_IDENTITY) CK_EACH(n, 8) activate8(y + n * 8, activation);
}

// y = activation(x W + start) for weights in panels.
CK_INLINE void panels(const float *x, size_t x_stride, const float *w, size_t in, size_t out_padded,
                      const float *start, size_t start_stride, float *y, size_t y_stride, size_t rows,
                      uint32_t activation) {
  size_t column = 0;
  if (rows == 1 && start)
    for (; column + 64 <= out_padded; column += 64, w += 64 * in)
      single_row_64(x, w, in, start + column, y + column, activation);
  for (; column < out_padded; column += CK_PANEL_WIDTH) {
    const size_t width = out_padded - column < CK_PANEL_WIDTH ? out_padded - column : CK_PANEL_WIDTH;
    product p = {.a = x, .a_row = x_stride, .a_step = 1, .b_step = width, .c = y + column, .c_row = y_stride};
    for (size_t k = 0; k < in; k += CK_SLICE) {
      p.steps = in - k < CK_SLICE ? in - k : CK_SLICE;
      p.a = x + k;
      p.b = w + k * width;
      p.start = k > 0 ? p.c : start ? start + column : NULL;
      p.start_row = k > 0 ? y_stride : start_stride;
      p.activation = k + CK_SLICE >= in ? activation : CK_IDENTITY;
      multiply(&p, rows, width);
    }
    w += width * in;
  }
}

// R rows times O outputs, eight chains each.
#define CK_DOT_BLOCK(NAME, R, O)                                                                                     \
  CK_INLINE void NAME(const float *x, size_t x_stride, const float *w, size_t in_padded, const float *bias,          \
                      float *y, size_t y_stride) {                                                                   \
    f8 sum[R][O];                                                                                                    \
    CK_EACH(r, R) CK_EACH(o, O) sum[r][o] = splat8(0);                                                               \
    for (size_t k = 0; k < in_padded; k += 8) {                                                                      \
      f8 weight[O];                                                                                                  \
      CK_EACH(o, O) weight[o] = load8(w + o * in_padded + k);                                                        \
      CK_EACH(r, R) {                                                                                                \
        const f8 value = load8(x + (size_t)r * x_stride + k);                                                        \
        CK_EACH(o, O) sum[r][o] = fma8(value, weight[o], sum[r][o]);                                                 \
      }                                                                                                              \
    }                                                                                                                \
    CK_EACH(r, R) CK_EACH(o, O) y[(size_t)r * y_stride + o] = sum_lanes(sum[r][o]) + bias[o];                        \
  }

CK_DOT_BLOCK(dot_2x4, 2, 4)
CK_DOT_BLOCK(dot_1x4, 1, 4)
CK_DOT_BLOCK(dot_4x2, 4, 2)
CK_DOT_BLOCK(dot_1x2, 1, 2)
CK_DOT_BLOCK(dot_4x1, 4, 1)
CK_DOT_BLOCK(dot_1x1, 1, 1)

#define CK_DOTS(NAME, R)                                                                                             \
  for (; row + (R) <= rows; row += (R))                                                                              \
  NAME(x + row * x_stride, x_stride, w, in, bias + o, y + row * y_stride + o, y_stride)

CK_INLINE void dots(const float *x, size_t x_stride, const float *w, size_t in, size_t out, const float *bias,
                    float *y, size_t y_stride, size_t rows) {
  size_t o = 0;
  for (; o + 4 <= out; o += 4, w += 4 * in) {
    size_t row = 0;
    CK_DOTS(dot_2x4, 2);
    CK_DOTS(dot_1x4, 1);
  }
  for (; o + 2 <= out; o += 2, w += 2 * in) {
    size_t row = 0;
    CK_DOTS(dot_4x2, 4);
    CK_DOTS(dot_1x2, 1);
  }
  for (; o < out; o++, w += in) {
    size_t row = 0;
    CK_DOTS(dot_4x1, 4);
    CK_DOTS(dot_1x1, 1);
  }
}

static void forward(const ck_layer *layer, const float *parameters, const float *x, size_t x_stride, size_t rows,
                    float *y, size_t y_stride) {
  const float *w = parameters + layer->weights, *b = parameters + layer->bias;
  if (layer->storage == CK_PANELS)
    panels(x, x_stride, w, layer->in, layer->out_padded, b, 0, y, y_stride, rows, layer->activation);
  else
    dots(x, x_stride, w, layer->in_padded, layer->out, b, y, y_stride, rows);
}
