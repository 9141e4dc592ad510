// Gradients of a layer's weights and inputs.

static void backward_panel_weights(const ck_layer *layer, const float *x, size_t x_stride, const float *delta,
                                   size_t delta_stride, size_t rows, float *gradients) {
  const size_t in = layer->in, out_padded = layer->out_padded;
  for (size_t column = 0; column < out_padded; column += 8) {
    f8 sum = splat8(0);
    for (size_t r = 0; r < rows; r++) sum = sum + load8(delta + r * delta_stride + column);
    store8(gradients + layer->bias + column, sum);
  }
  float *g = gradients + layer->weights;
  for (size_t column = 0; column < out_padded; column += CK_PANEL_WIDTH) {
    const size_t width = out_padded - column < CK_PANEL_WIDTH ? out_padded - column : CK_PANEL_WIDTH;
    product p = {.a_row = 1, .a_step = x_stride, .b_step = delta_stride, .c = g, .c_row = width, .start_row = width};
    for (size_t r = 0; r < rows; r += CK_SLICE) {
      p.steps = rows - r < CK_SLICE ? rows - r : CK_SLICE;
      p.a = x + r * x_stride;
      p.b = delta + r * delta_stride + column;
      p.start = r > 0 ? g : NULL;
      multiply(&p, in, width);
    }
    g += width * in;
  }
}

// One output's row of weights: the sum over rows of its delta times the row's inputs.
static void backward_row_weights(const ck_layer *layer, const float *x, size_t x_stride, const float *delta,
                                 size_t delta_stride, size_t rows, float *gradients) {
  for (size_t o = 0; o < layer->out; o++) {
    float *g = gradients + layer->weights + o * layer->in_padded;
    float sum = 0;
    for (size_t r = 0; r < rows; r++) sum += delta[r * delta_stride + o];
    gradients[layer->bias + o] = sum;
    size_t k = 0;
    for (; k + 64 <= layer->in_padded; k += 64) {
      f8 s[8];
      CK_EACH(n, 8) s[n] = splat8(0);
      for (size_t r = 0; r < rows; r++) {
        const f8 d = splat8(delta[r * delta_stride + o]);
        CK_EACH(n, 8) s[n] = fma8(d, load8(x + r * x_stride + k + n * 8), s[n]);
      }
      CK_EACH(n, 8) store8(g + k + n * 8, s[n]);
    }
    for (; k < layer->in_padded; k += 8) {
      f8 s = splat8(0);
      for (size_t r = 0; r < rows; r++) s = fma8(splat8(delta[r * delta_stride + o]), load8(x + r * x_stride + k), s);
      store8(g + k, s);
    }
  }
}

static void backward_weights(const ck_layer *layer, const float *x, size_t x_stride, const float *delta,
                             size_t delta_stride, size_t rows, float *gradients) {
  if (layer->storage == CK_PANELS)
    backward_panel_weights(layer, x, x_stride, delta, delta_stride, rows, gradients);
  else
    backward_row_weights(layer, x, x_stride, delta, delta_stride, rows, gradients);
}

CK_INLINE f8 derivative(f8 d, f8 x, uint32_t activation) {
  if (activation == CK_TANH) return d * (splat8(1) - x * x);
  if (activation == CK_RELU) return select8(x > 0, d, splat8(0));
  return d;
}

// W [in][out] in panels over the outputs -> W^T [out][in_padded] in panels over the inputs, the padding zero.
CK_INLINE void transpose_panels(const ck_layer *layer, const float *w, float *t) {
  const size_t in = layer->in, out = layer->out_padded, in_padded = layer->in_padded;
  for (size_t column = 0; column < out; column += CK_PANEL_WIDTH) {
    const size_t width = out - column < CK_PANEL_WIDTH ? out - column : CK_PANEL_WIDTH;
    for (size_t panel = 0; panel < in_padded; panel += CK_PANEL_WIDTH) {
      const size_t height = in_padded - panel < CK_PANEL_WIDTH ? in_padded - panel : CK_PANEL_WIDTH;
      float *to = t + panel * out;
      for (size_t k = 0; k < height; k += 8)
        for (size_t j = 0; j < width; j += 8) {
          float *block = to + (column + j) * height + k;
          if (panel + k + 8 <= in) {
            transpose8(w + (panel + k) * width + j, width, block, height);
            continue;
          }
          for (size_t r = 0; r < 8; r++)
            for (size_t c = 0; c < 8; c++)
              block[c * height + r] = panel + k + r < in ? w[(panel + k + r) * width + j + c] : 0;
        }
    }
    w += width * in;
  }
}

static void backward_panel_inputs(const ck_layer *layer, const float *w, const float *delta, size_t delta_stride,
                                  size_t rows, uint32_t activation, const float *x, size_t x_stride, float *dx,
                                  size_t dx_stride, bool continues, bool finishes, float *scratch) {
  const size_t in_padded = layer->in_padded;
  transpose_panels(layer, w, scratch);
  panels(delta, delta_stride, scratch, layer->out_padded, in_padded, continues ? dx : NULL, continues ? dx_stride : 0,
         dx, dx_stride, rows, CK_IDENTITY);
  if (!finishes || activation == CK_IDENTITY) return;
  for (size_t r = 0; r < rows; r++)
    for (size_t k = 0; k < in_padded; k += 8)
      store8(dx + r * dx_stride + k,
             derivative(load8(dx + r * dx_stride + k), load8(x + r * x_stride + k), activation));
}

// Inlined for the usual numbers of outputs, so that their deltas wait in registers.
CK_INLINE void backward_row_inputs(size_t outputs, const ck_layer *layer, const float *w, const float *delta,
                                   size_t delta_stride, size_t rows, uint32_t activation, const float *x,
                                   size_t x_stride, float *dx, size_t dx_stride, bool continues, bool finishes) {
  const size_t in_padded = layer->in_padded;
  for (size_t r = 0; r < rows; r++)
    for (size_t k = 0; k < in_padded; k += 8) {
      f8 sum = continues ? load8(dx + r * dx_stride + k) : splat8(0);
      for (size_t o = 0; o < outputs; o++)
        sum = fma8(splat8(delta[r * delta_stride + o]), load8(w + o * in_padded + k), sum);
      if (finishes) sum = derivative(sum, load8(x + r * x_stride + k), activation);
      store8(dx + r * dx_stride + k, sum);
    }
}

static void backward_inputs(const ck_layer *layer, const float *parameters, const float *delta, size_t delta_stride,
                            size_t rows, uint32_t activation, const float *x, size_t x_stride, float *dx,
                            size_t dx_stride, bool continues, bool finishes, float *scratch) {
  const float *w = parameters + layer->weights;
  if (layer->storage == CK_PANELS)
    backward_panel_inputs(layer, w, delta, delta_stride, rows, activation, x, x_stride, dx, dx_stride, continues,
                          finishes, scratch);
  else if (layer->out == 1 && !continues && finishes && activation == CK_TANH)
    backward_row_inputs(1, layer, w, delta, delta_stride, rows, CK_TANH, x, x_stride, dx, dx_stride, false, true);
  else if (layer->out == 2 && !continues && finishes && activation == CK_TANH)
    backward_row_inputs(2, layer, w, delta, delta_stride, rows, CK_TANH, x, x_stride, dx, dx_stride, false, true);
  else
    backward_row_inputs(layer->out, layer, w, delta, delta_stride, rows, activation, x, x_stride, dx, dx_stride,
                        continues, finishes);
}
