// The naive twins: what each kernel computes, by the most obvious loops over one number at a time. They are the
// yardstick of the tests, which ask for the same bits; signatures and meanings are those of `ck_kernels`.
#ifndef DOCENT_CKERNELS_NAIVE_H
#define DOCENT_CKERNELS_NAIVE_H

float ck_naive_tanh(float x);
float ck_naive_exp(float x);
float ck_naive_log(float x);

void ck_naive_forward(const ck_layer *layer, const float *parameters, const float *x, size_t x_stride, size_t rows,
                      float *y, size_t y_stride);
void ck_naive_backward_weights(const ck_layer *layer, const float *x, size_t x_stride, const float *delta,
                               size_t delta_stride, size_t rows, float *gradients);
void ck_naive_backward_inputs(const ck_layer *layer, const float *parameters, const float *delta, size_t delta_stride,
                              size_t rows, uint32_t activation, const float *x, size_t x_stride, float *dx,
                              size_t dx_stride, bool continues, bool finishes);

void ck_naive_normalize(const float *x, size_t rows, size_t width, const float *mean, const float *scale, float limit,
                        float *y, size_t y_stride);
float ck_naive_sum_of_squares(const float *x, size_t count);
void ck_naive_adam(const ck_adam_settings *settings, float *parameters, const float *gradients, float *first,
                   float *second, size_t count);
void ck_naive_standardize(float *x, size_t count, float epsilon);
void ck_naive_gae(size_t steps, size_t environments, const float *rewards, const float *values, const uint8_t *ended,
                  const float *last_values, float gamma, float lambda, float *advantages, float *returns);

void ck_naive_log_softmax(const float *logits, size_t rows, size_t width, float *out);
void ck_naive_sample(const float *logits, size_t rows, size_t width, const float *uniforms, int32_t *actions,
                     float *log_probabilities);
float ck_naive_distill(const float *teacher, const float *student, size_t rows, size_t width, float temperature,
                       float *gradient);
ck_ppo_statistics ck_naive_ppo(const ck_ppo_settings *settings, size_t rows, size_t width, const float *logits,
                               const float *values, const int32_t *actions, const float *old_log_probabilities,
                               const float *advantages, const float *returns, const float *old_values,
                               float *logit_gradients, float *value_gradients);

float ck_naive_normal(uint32_t word);
void ck_naive_gaussian(const float *means, const float *log_deviations, const uint32_t *words, const float *low,
                       const float *high, size_t count, float *actions);

#endif
