// Fully connected layers: forward, and the gradients of weights and inputs.
//
// A block keeps R rows x N vectors of results in registers and walks the inner dimension once. Rows and columns never
// mix, so how a batch is cut into blocks does not show in the results.

// R rows of x times P neighbouring panels of N vectors each; `start` is where the chains begin: a row of biases
// (start_stride 0), earlier results, or NULL for zero.
#define CK_PANEL_BLOCK(NAME, F, S, R, P, N)                                                                          \
  CK_INLINE void NAME(const float *x, size_t x_stride, const float *w, size_t in, const float *start,                \
                      size_t start_stride, float *y, size_t y_stride, uint32_t activation) {                         \
    enum { L = S, W = (N) * S };                                                                                     \
    F sum[R][P][N];                                                                                                  \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < R; r++)                                                   \
        _Pragma("clang loop unroll(full)") for (int p = 0; p < P; p++)                                               \
            _Pragma("clang loop unroll(full)") for (int n = 0; n < N; n++)                                           \
                sum[r][p][n] = start ? load##S(start + (size_t)r * start_stride + p * W + n * L) : splat##S(0);      \
    for (size_t k = 0; k < in; k++) {                                                                                \
      F weight[P][N];                                                                                                \
      _Pragma("clang loop unroll(full)") for (int p = 0; p < P; p++)                                                 \
          _Pragma("clang loop unroll(full)") for (int n = 0; n < N; n++)                                             \
              weight[p][n] = load##S(w + (size_t)p * in * W + k * W + n * L);                                        \
      _Pragma("clang loop unroll(full)") for (int r = 0; r < R; r++) {                                               \
        const F value = splat##S(x[(size_t)r * x_stride + k]);                                                       \
        _Pragma("clang loop unroll(full)") for (int p = 0; p < P; p++)                                               \
            _Pragma("clang loop unroll(full)") for (int n = 0; n < N; n++)                                           \
                sum[r][p][n] = fma##S(value, weight[p][n], sum[r][p][n]);                                            \
      }                                                                                                              \
    }                                                                                                                \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < R; r++)                                                   \
        _Pragma("clang loop unroll(full)") for (int p = 0; p < P; p++)                                               \
            _Pragma("clang loop unroll(full)") for (int n = 0; n < N; n++) {                                         \
      F v = sum[r][p][n];                                                                                            \
      if (activation == CK_TANH) v = tanh##S(v);                                                                     \
      if (activation == CK_RELU) v = relu##S(v);                                                                     \
      store##S(y + (size_t)r * y_stride + p * W + n * L, v);                                                         \
    }                                                                                                                \
  }

CK_PANEL_BLOCK(panel_3x32, f8, 8, 3, 1, 4)
CK_PANEL_BLOCK(panel_2x32, f8, 8, 2, 1, 4)
CK_PANEL_BLOCK(panel_1x64, f8, 8, 1, 2, 4)
CK_PANEL_BLOCK(panel_1x32, f8, 8, 1, 1, 4)
CK_PANEL_BLOCK(panel_4x24, f8, 8, 4, 1, 3)
CK_PANEL_BLOCK(panel_1x24, f8, 8, 1, 1, 3)
CK_PANEL_BLOCK(panel_4x16, f8, 8, 4, 1, 2)
CK_PANEL_BLOCK(panel_1x16, f8, 8, 1, 1, 2)
CK_PANEL_BLOCK(panel_8x8, f8, 8, 8, 1, 1)
CK_PANEL_BLOCK(panel_1x8, f8, 8, 1, 1, 1)

#define CK_ROWS_DO(NAME, R, COLUMN)                                                                                  \
  for (; row + (R) <= rows; row += (R))                                                                              \
  NAME(x + row * x_stride, x_stride, w, in, start ? start + row * start_stride + (COLUMN) : 0, start_stride,         \
       y + row * y_stride + (COLUMN), y_stride, activation)

// All panels of a layer, in any number of rows.
CK_INLINE void panels(const float *x, size_t x_stride, const float *w, size_t in, size_t out_padded,
                      const float *start, size_t start_stride, float *y, size_t y_stride, size_t rows,
                      uint32_t activation) {
  size_t column = 0;
  if (rows == 1)
    for (; column + 64 <= out_padded; column += 64, w += 64 * in)
      panel_1x64(x, x_stride, w, in, start ? start + column : 0, 0, y + column, y_stride, activation);
  for (; column < out_padded; column += 32) {
    const size_t width = out_padded - column < 32 ? out_padded - column : 32;
    size_t row = 0;
    if (width == 32) {
      for (; row + 3 <= rows && rows - row != 4; row += 3)
        panel_3x32(x + row * x_stride, x_stride, w, in, start ? start + row * start_stride + column : 0, start_stride,
                   y + row * y_stride + column, y_stride, activation);
      CK_ROWS_DO(panel_2x32, 2, column);
      CK_ROWS_DO(panel_1x32, 1, column);
    } else if (width == 24) {
      CK_ROWS_DO(panel_4x24, 4, column);
      CK_ROWS_DO(panel_1x24, 1, column);
    } else if (width == 16) {
      CK_ROWS_DO(panel_4x16, 4, column);
      CK_ROWS_DO(panel_1x16, 1, column);
    } else {
      CK_ROWS_DO(panel_8x8, 8, column);
      CK_ROWS_DO(panel_1x8, 1, column);
    }
    w += width * in;
  }
}

// R rows times O outputs, eight chains each.
#define CK_DOT_BLOCK(NAME, R, O)                                                                                     \
  CK_INLINE void NAME(const float *x, size_t x_stride, const float *w, size_t in_padded, const float *bias,          \
                      float *y, size_t y_stride, uint32_t activation) {                                              \
    f8 sum[R][O];                                                                                                    \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < R; r++)                                                   \
        _Pragma("clang loop unroll(full)") for (int o = 0; o < O; o++) sum[r][o] = splat8(0);                        \
    for (size_t k = 0; k < in_padded; k += 8) {                                                                      \
      f8 weight[O];                                                                                                  \
      _Pragma("clang loop unroll(full)") for (int o = 0; o < O; o++) weight[o] = load8(w + o * in_padded + k);       \
      _Pragma("clang loop unroll(full)") for (int r = 0; r < R; r++) {                                               \
        const f8 value = load8(x + (size_t)r * x_stride + k);                                                        \
        _Pragma("clang loop unroll(full)") for (int o = 0; o < O; o++) sum[r][o] =                                   \
            fma8(value, weight[o], sum[r][o]);                                                                       \
      }                                                                                                              \
    }                                                                                                                \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < R; r++)                                                   \
        _Pragma("clang loop unroll(full)") for (int o = 0; o < O; o++) {                                             \
      float v = sum_lanes(sum[r][o]) + bias[o];                                                                      \
      if (activation == CK_TANH) v = tanh8(splat8(v)).x;                                                             \
      if (activation == CK_RELU) v = v > 0 ? v : 0;                                                                  \
      y[(size_t)r * y_stride + o] = v;                                                                               \
    }                                                                                                                \
  }

CK_DOT_BLOCK(dot_3x4, 3, 4)
CK_DOT_BLOCK(dot_1x4, 1, 4)
CK_DOT_BLOCK(dot_4x2, 4, 2)
CK_DOT_BLOCK(dot_1x2, 1, 2)
CK_DOT_BLOCK(dot_4x1, 4, 1)
CK_DOT_BLOCK(dot_1x1, 1, 1)

#define CK_DOT_DO(NAME, R)                                                                                           \
  for (; row + (R) <= rows; row += (R))                                                                              \
  NAME(x + row * x_stride, x_stride, w, in, bias + o, y + row * y_stride + o, y_stride, activation)

CK_INLINE void dots(const float *x, size_t x_stride, const float *w, size_t in, size_t out, const float *bias,
                    float *y, size_t y_stride, size_t rows, uint32_t activation) {
  size_t o = 0;
  for (; o + 4 <= out; o += 4, w += 4 * in) {
    size_t row = 0;
    CK_DOT_DO(dot_3x4, 3);
    CK_DOT_DO(dot_1x4, 1);
  }
  for (; o + 2 <= out; o += 2, w += 2 * in) {
    size_t row = 0;
    CK_DOT_DO(dot_4x2, 4);
    CK_DOT_DO(dot_1x2, 1);
  }
  for (; o < out; o++, w += in) {
    size_t row = 0;
    CK_DOT_DO(dot_4x1, 4);
    CK_DOT_DO(dot_1x1, 1);
  }
}

static void forward(const ck_layer *layer, const float *parameters, const float *x, size_t x_stride, size_t rows,
                    float *y, size_t y_stride) {
  const float *w = parameters + layer->weights, *b = parameters + layer->bias;
  if (layer->storage == CK_PANELS)
    panels(x, x_stride, w, layer->in, layer->out_padded, b, 0, y, y_stride, rows, layer->activation);
  else
    dots(x, x_stride, w, layer->in_padded, layer->out, b, y, y_stride, rows, layer->activation);
}

// K inputs x N vectors of outputs of x^T delta, over all rows.
#define CK_OUTER_BLOCK(NAME, K, N)                                                                                   \
  CK_INLINE void NAME(const float *x, size_t x_stride, const float *delta, size_t delta_stride, size_t rows,         \
                      float *g) {                                                                                    \
    f8 sum[K][N];                                                                                                    \
    _Pragma("clang loop unroll(full)") for (int k = 0; k < K; k++)                                                   \
        _Pragma("clang loop unroll(full)") for (int n = 0; n < N; n++) sum[k][n] = splat8(0);                        \
    for (size_t r = 0; r < rows; r++) {                                                                              \
      f8 d[N];                                                                                                       \
      _Pragma("clang loop unroll(full)") for (int n = 0; n < N; n++) d[n] = load8(delta + r * delta_stride + n * 8); \
      _Pragma("clang loop unroll(full)") for (int k = 0; k < K; k++) {                                               \
        const f8 value = splat8(x[r * x_stride + k]);                                                                \
        _Pragma("clang loop unroll(full)") for (int n = 0; n < N; n++) sum[k][n] = fma8(value, d[n], sum[k][n]);     \
      }                                                                                                              \
    }                                                                                                                \
    _Pragma("clang loop unroll(full)") for (int k = 0; k < K; k++)                                                   \
        _Pragma("clang loop unroll(full)") for (int n = 0; n < N; n++) store8(g + (k * (N) + n) * 8, sum[k][n]);     \
  }

CK_OUTER_BLOCK(outer_3x32, 3, 4)
CK_OUTER_BLOCK(outer_2x32, 2, 4)
CK_OUTER_BLOCK(outer_1x32, 1, 4)
CK_OUTER_BLOCK(outer_4x24, 4, 3)
CK_OUTER_BLOCK(outer_1x24, 1, 3)
CK_OUTER_BLOCK(outer_4x16, 4, 2)
CK_OUTER_BLOCK(outer_1x16, 1, 2)
CK_OUTER_BLOCK(outer_8x8, 8, 1)
CK_OUTER_BLOCK(outer_1x8, 1, 1)

#define CK_OUTER_DO(NAME, K)                                                                                         \
  for (; k + (K) <= in; k += (K)) NAME(x + k, x_stride, delta + column, delta_stride, rows, g + k * width)

static void backward_weights(const ck_layer *layer, const float *x, size_t x_stride, const float *delta,
                             size_t delta_stride, size_t rows, float *gradients) {
  float *g = gradients + layer->weights, *bias = gradients + layer->bias;
  const size_t in = layer->in;
  if (layer->storage == CK_PANELS) {
    for (size_t column = 0; column < layer->out_padded; column += 8) {
      f8 sum = splat8(0);
      for (size_t r = 0; r < rows; r++) sum = sum + load8(delta + r * delta_stride + column);
      store8(bias + column, sum);
    }
    for (size_t column = 0; column < layer->out_padded; column += 32) {
      const size_t width = layer->out_padded - column < 32 ? layer->out_padded - column : 32;
      size_t k = 0;
      if (width == 32) {
        for (; k + 3 <= in && in - k != 4; k += 3)
          outer_3x32(x + k, x_stride, delta + column, delta_stride, rows, g + k * width);
        CK_OUTER_DO(outer_2x32, 2);
        CK_OUTER_DO(outer_1x32, 1);
      } else if (width == 24) {
        CK_OUTER_DO(outer_4x24, 4);
        CK_OUTER_DO(outer_1x24, 1);
      } else if (width == 16) {
        CK_OUTER_DO(outer_4x16, 4);
        CK_OUTER_DO(outer_1x16, 1);
      } else {
        CK_OUTER_DO(outer_8x8, 8);
        CK_OUTER_DO(outer_1x8, 1);
      }
      g += width * in;
    }
    return;
  }
  for (size_t o = 0; o < layer->out; o++, g += layer->in_padded) {
    float sum = 0;
    for (size_t r = 0; r < rows; r++) sum += delta[r * delta_stride + o];
    bias[o] = sum;
    size_t k = 0;
    for (; k + 32 <= layer->in_padded; k += 32) {
      f8 s0 = splat8(0), s1 = s0, s2 = s0, s3 = s0;
      for (size_t r = 0; r < rows; r++) {
        const f8 d = splat8(delta[r * delta_stride + o]);
        const float *row = x + r * x_stride + k;
        s0 = fma8(d, load8(row), s0);
        s1 = fma8(d, load8(row + 8), s1);
        s2 = fma8(d, load8(row + 16), s2);
        s3 = fma8(d, load8(row + 24), s3);
      }
      store8(g + k, s0);
      store8(g + k + 8, s1);
      store8(g + k + 16, s2);
      store8(g + k + 24, s3);
    }
    for (; k < layer->in_padded; k += 8) {
      f8 s = splat8(0);
      for (size_t r = 0; r < rows; r++) s = fma8(splat8(delta[r * delta_stride + o]), load8(x + r * x_stride + k), s);
      store8(g + k, s);
    }
  }
}

CK_INLINE f8 derivative(f8 d, f8 x, uint32_t activation) {
  if (activation == CK_TANH) return d * (splat8(1) - x * x);
  if (activation == CK_RELU) return select8(x > 0, d, splat8(0));
  return d;
}

// W [in][out] in panels over the outputs -> W^T [out][in_padded] in panels over the inputs, the padding zero.
CK_INLINE void transpose_panels(const ck_layer *layer, const float *w, float *t) {
  const size_t in = layer->in, out = layer->out_padded, in_padded = layer->in_padded;
  for (size_t column = 0; column < out; column += 32) {
    const size_t width = out - column < 32 ? out - column : 32;
    for (size_t panel = 0; panel < in_padded; panel += 32) {
      const size_t height = in_padded - panel < 32 ? in_padded - panel : 32;
      float *to = t + panel * out;
      for (size_t j = 0; j < width; j++)
        for (size_t k = 0; k < height; k++)
          to[(column + j) * height + k] = panel + k < in ? w[(panel + k) * width + j] : 0;
    }
    w += width * in;
  }
}

static void backward_inputs(const ck_layer *layer, const float *parameters, const float *delta, size_t delta_stride,
                            size_t rows, uint32_t activation, const float *x, size_t x_stride, float *dx,
                            size_t dx_stride, bool continues, bool finishes, float *scratch) {
  const float *w = parameters + layer->weights;
  const size_t in_padded = layer->in_padded;
  if (layer->storage == CK_PANELS) {
    transpose_panels(layer, w, scratch);
    panels(delta, delta_stride, scratch, layer->out_padded, in_padded, continues ? dx : 0, continues ? dx_stride : 0,
           dx, dx_stride, rows, CK_IDENTITY);
    if (!finishes || activation == CK_IDENTITY) return;
    for (size_t r = 0; r < rows; r++)
      for (size_t k = 0; k < in_padded; k += 8)
        store8(dx + r * dx_stride + k,
               derivative(load8(dx + r * dx_stride + k), load8(x + r * x_stride + k), activation));
    return;
  }
  for (size_t r = 0; r < rows; r++)
    for (size_t k = 0; k < in_padded; k += 8) {
      f8 sum = continues ? load8(dx + r * dx_stride + k) : splat8(0);
      for (size_t o = 0; o < layer->out; o++)
        sum = fma8(splat8(delta[r * delta_stride + o]), load8(w + o * in_padded + k), sum);
      if (finishes) sum = derivative(sum, load8(x + r * x_stride + k), activation);
      store8(dx + r * dx_stride + k, sum);
    }
}
