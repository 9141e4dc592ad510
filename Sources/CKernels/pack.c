#include "include/CKernels.h"

void ck_pack(const ck_layer *layer, const float *weights, const float *bias, float *parameters) {
  const size_t in = layer->in, out = layer->out;
  float *to = parameters + layer->weights;
  if (layer->storage == CK_ROWS) {
    for (size_t j = 0; j < out; j++)
      for (size_t k = 0; k < layer->in_padded; k++) *to++ = k < in ? weights[j * in + k] : 0;
  } else {
    for (size_t column = 0; column < layer->out_padded; column += CK_PANEL_WIDTH) {
      const size_t left = layer->out_padded - column, width = left < CK_PANEL_WIDTH ? left : CK_PANEL_WIDTH;
      for (size_t k = 0; k < in; k++)
        for (size_t j = column; j < column + width; j++) *to++ = j < out ? weights[j * in + k] : 0;
    }
  }
  for (size_t j = 0; j < layer->out_padded; j++) parameters[layer->bias + j] = j < out ? bias[j] : 0;
}

void ck_unpack(const ck_layer *layer, const float *parameters, float *weights, float *bias) {
  const size_t in = layer->in, out = layer->out;
  const float *from = parameters + layer->weights;
  if (layer->storage == CK_ROWS) {
    for (size_t j = 0; j < out; j++)
      for (size_t k = 0; k < in; k++) weights[j * in + k] = from[j * layer->in_padded + k];
  } else {
    for (size_t column = 0; column < out; column += CK_PANEL_WIDTH) {
      const size_t left = layer->out_padded - column, width = left < CK_PANEL_WIDTH ? left : CK_PANEL_WIDTH;
      for (size_t k = 0; k < in; k++)
        for (size_t j = 0; j < width && column + j < out; j++) weights[(column + j) * in + k] = from[k * width + j];
      from += in * width;
    }
  }
  for (size_t j = 0; j < out; j++) bias[j] = parameters[layer->bias + j];
}
