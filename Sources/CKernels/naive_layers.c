// Naive twins of the layers.
#include "naive.h"

// Where the weight from input k to output j lies.
static size_t place(const ck_layer *layer, size_t k, size_t j) {
  if (layer->storage == CK_ROWS) return layer->weights + j * layer->in_padded + k;
  const size_t panel = j / CK_PANEL_WIDTH, left = layer->out_padded - panel * CK_PANEL_WIDTH;
  const size_t width = left < CK_PANEL_WIDTH ? left : CK_PANEL_WIDTH;
  return layer->weights + panel * CK_PANEL_WIDTH * layer->in + k * width + j % CK_PANEL_WIDTH;
}

static float activate(float x, uint32_t activation) {
  if (activation == CK_TANH) return ck_naive_tanh(x);
  if (activation == CK_RELU) return x > 0 ? x : 0;
  return x;
}

void ck_naive_forward(const ck_layer *layer, const float *parameters, const float *x, size_t x_stride, size_t rows,
                      float *y, size_t y_stride) {
  const bool in_panels = layer->storage == CK_PANELS;
  for (size_t r = 0; r < rows; r++)
    for (size_t j = 0; j < (in_panels ? layer->out_padded : layer->out); j++) {
      float sum = parameters[layer->bias + j];
      if (in_panels) {
        for (size_t k = 0; k < layer->in; k++) sum = fmaf(x[r * x_stride + k], parameters[place(layer, k, j)], sum);
      } else {
        chains s = {0};
        for (size_t k = 0; k < layer->in_padded; k++)
          s.lane[k % 8] = fmaf(x[r * x_stride + k], parameters[place(layer, k, j)], s.lane[k % 8]);
        sum = chains_total(s) + sum;
      }
      y[r * y_stride + j] = activate(sum, layer->activation);
    }
}

void ck_naive_backward_weights(const ck_layer *layer, const float *x, size_t x_stride, const float *delta,
                               size_t delta_stride, size_t rows, float *gradients) {
  const bool in_panels = layer->storage == CK_PANELS;
  const size_t inputs = in_panels ? layer->in : layer->in_padded;
  for (size_t j = 0; j < (in_panels ? layer->out_padded : layer->out); j++) {
    float bias = 0;
    for (size_t r = 0; r < rows; r++) bias += delta[r * delta_stride + j];
    gradients[layer->bias + j] = bias;
    for (size_t k = 0; k < inputs; k++) {
      float sum = 0;
      for (size_t r = 0; r < rows; r++) sum = fmaf(x[r * x_stride + k], delta[r * delta_stride + j], sum);
      gradients[place(layer, k, j)] = sum;
    }
  }
}

void ck_naive_backward_inputs(const ck_layer *layer, const float *parameters, const float *delta, size_t delta_stride,
                              size_t rows, uint32_t activation, const float *x, size_t x_stride, float *dx,
                              size_t dx_stride, bool continues, bool finishes) {
  for (size_t r = 0; r < rows; r++)
    for (size_t k = 0; k < layer->in_padded; k++) {
      const bool padding = layer->storage == CK_PANELS && k >= layer->in;
      float sum = continues ? dx[r * dx_stride + k] : 0;
      for (size_t j = 0; j < (layer->storage == CK_PANELS ? layer->out_padded : layer->out); j++)
        sum = fmaf(delta[r * delta_stride + j], padding ? 0 : parameters[place(layer, k, j)], sum);
      const float value = x[r * x_stride + k];
      if (finishes && activation == CK_TANH) sum *= 1 - value * value;
      if (finishes && activation == CK_RELU && !(value > 0)) sum = 0;
      dx[r * dx_stride + k] = sum;
    }
}
