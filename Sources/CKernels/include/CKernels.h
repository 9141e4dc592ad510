// The numeric kernels of Docent: one source, compiled once for each instruction set, behind one table of functions.
//
// Every sum has one fixed order that depends on the sizes of a layer alone: never on the batch, the instruction set or
// the number of threads. So all tables give the same bits, and so do the naive twins in CKernelsNaive.h.
#ifndef DOCENT_CKERNELS_H
#define DOCENT_CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CK_IDENTITY = 0, CK_TANH = 1, CK_RELU = 2 };

// How the weights of a layer lie in the parameter buffer.
// CK_PANELS: panels of 32 output columns (the last as wide as what is left of `out_padded`), each [in][width].
//            output = fma chain over the inputs in order, starting at the bias.
// CK_ROWS:   [out][in_padded], the padding zero. Output = eight interleaved fma chains over the inputs starting at 0,
//            added as ((0+4)+(2+6))+((1+5)+(3+7)), and the bias last.
enum { CK_PANELS = 0, CK_ROWS = 1 };
enum { CK_PANEL_WIDTH = 32 };

// One fully connected layer; offsets count floats from the start of the parameter buffer.
typedef struct {
  uint32_t in, out;
  uint32_t in_padded, out_padded;  // the next multiples of 8
  uint32_t activation;             // CK_IDENTITY, CK_TANH or CK_RELU
  uint32_t storage;                // CK_PANELS or CK_ROWS
  size_t weights, bias;
} ck_layer;

// The clipped surrogate of PPO (Schulman et al. 2017, equations 7 and 9) for one minibatch.
typedef struct {
  float clip;               // epsilon of equation 7
  float entropy;            // c2
  float value;              // c1, times the mean of (V - R)^2
  float value_clip;         // range of the value's change; negative: none
  uint32_t value_maximum;   // 1: the larger of the clipped and the plain error; 0: the clipped value alone
} ck_ppo_settings;

typedef struct {
  float policy_loss, value_loss, entropy, approximate_kl, clip_fraction;
} ck_ppo_statistics;

typedef struct {
  float learning_rate;      // already divided by the first bias correction
  float beta1, beta2, epsilon;
  float second_scale;       // 1 / sqrt(second bias correction)
  float gradient_scale;     // 1, or what clips the gradient's norm
} ck_adam_settings;

typedef struct ck_kernels {
  const char *name;

  // y[rows][y_stride] = activation(x[rows][x_stride] W + b). CK_PANELS writes out_padded columns (the padding is 0 or
  // the activation of 0), CK_ROWS writes `out` and reads in_padded columns of x, the padding of which must be finite.
  void (*forward)(const ck_layer *layer, const float *parameters, const float *x, size_t x_stride, size_t rows,
                  float *y, size_t y_stride);

  // Gradients of a layer's weights and biases: overwritten, in the layout of the parameters. `delta` is
  // [rows][delta_stride] with out_padded (CK_PANELS) or `out` (CK_ROWS) columns. Sums run over the rows in order.
  void (*backward_weights)(const ck_layer *layer, const float *x, size_t x_stride, const float *delta,
                           size_t delta_stride, size_t rows, float *gradients);

  // dx[rows][in_padded] = delta W^T, times the derivative of the activation whose results are x. The sum runs over
  // the outputs in order; `continues` starts it at what dx holds (another head of the same trunk), and `finishes`
  // says whether to multiply by the derivative. `scratch` holds in_padded * out_padded floats (CK_PANELS only).
  void (*backward_inputs)(const ck_layer *layer, const float *parameters, const float *delta, size_t delta_stride,
                          size_t rows, uint32_t activation, const float *x, size_t x_stride, float *dx,
                          size_t dx_stride, bool continues, bool finishes, float *scratch);

  // Elementwise, count floats; in place is allowed.
  void (*tanh)(const float *x, float *y, size_t count);
  void (*exp)(const float *x, float *y, size_t count);
  void (*log)(const float *x, float *y, size_t count);

  // y[rows][y_stride]: clip((x - mean) * scale, -limit, limit) for `width` columns, zero up to the stride.
  // mean NULL: plain copies.
  void (*normalize)(const float *x, size_t rows, size_t width, const float *mean, const float *scale, float limit,
                    float *y, size_t y_stride);

  // Sum of squares of x in 32 interleaved chains.
  float (*sum_of_squares)(const float *x, size_t count);
  void (*adam)(const ck_adam_settings *settings, float *parameters, const float *gradients, float *first,
               float *second, size_t count);

  // Rows of `width` logits.
  void (*log_softmax)(const float *logits, size_t rows, size_t width, float *out);
  void (*sample)(const float *logits, size_t rows, size_t width, const float *uniforms, int32_t *actions,
                 float *log_probabilities);
  float (*distill)(const float *teacher, const float *student, size_t rows, size_t width, float temperature,
                   float *gradient);
  ck_ppo_statistics (*ppo)(const ck_ppo_settings *settings, size_t rows, size_t width, const float *logits,
                           const float *values, const int32_t *actions, const float *old_log_probabilities,
                           const float *advantages, const float *returns, const float *old_values,
                           float *logit_gradients, float *value_gradients);
  void (*standardize)(float *x, size_t count, float epsilon);
  void (*gae)(size_t steps, size_t environments, const float *rewards, const float *values, const uint8_t *ended,
              const float *last_values, float gamma, float lambda, float *advantages, float *returns);
  void (*gather)(const float *x, size_t width, const int32_t *indices, size_t rows, float *out);

  // actions[i] = clip(means[i] + e^log_deviations[i] z, low[i], high[i]), where z is the standard normal whose
  // cumulative probability is (words[i] + 1/2) / 2^32. words NULL: the means, clipped. NaN stays NaN.
  void (*gaussian)(const float *means, const float *log_deviations, const uint32_t *words, const float *low,
                   const float *high, size_t count, float *actions);
} ck_kernels;

enum { CK_AVX512 = 0, CK_AVX2 = 1, CK_BASELINE = 2 };

// The kernels of a path, or NULL where this processor (or this build) has none.
const ck_kernels *ck_kernels_for(int path);

// Between PyTorch's order, weights [out][in] and bias [out], and a layer's own storage (padding zero).
void ck_pack(const ck_layer *layer, const float *weights, const float *bias, float *parameters);
void ck_unpack(const ck_layer *layer, const float *parameters, float *weights, float *bias);

// A matrix [rows][columns] with orthonormal rows or columns (whichever are fewer) from one of independent standard
// normals, by Gram-Schmidt in the order of the shorter side, in doubles, times the gain. `work`: rows * columns doubles.
void ck_orthogonalize(float *matrix, size_t rows, size_t columns, double gain, double *work);

// How one policy's outputs differ from a reference's over rows: sums that grow by each call.
//
// A row on which the reference is not finite says nothing, and is not counted. One on which the other alone is not counts
// as an error, with the largest divergence and difference and no agreement.
typedef struct {
  size_t rows;
  double kl;         // of KL(reference to other), in nats; each row's at most CK_DIVERGENCE_MAX
  double agreement;  // rows whose greedy actions agree
  double value;      // of |reference value - other value|, each at most CK_DIVERGENCE_MAX
  double errors;     // rows
} ck_divergence;

#define CK_DIVERGENCE_MAX 1e9
// Greedy actions of Gaussians agree where they differ by no more than this part of the range in every dimension, or of the
// reference's standard deviation where the range is infinite.
#define CK_AGREEMENT_RANGE 0.05
#define CK_AGREEMENT_DEVIATIONS 0.1

// Softmaxes of [rows][width] logits, or of Q values at temperature 1, whose values are the largest of a row (is_q).
// The greedy action is the first of the largest. Values NULL (both): there are none to compare.
void ck_discrete_divergence(const float *reference, const float *other, const float *reference_values,
                            const float *other_values, size_t rows, size_t width, bool is_q, ck_divergence *sums);

// Gaussians of [rows][2 * dimensions] means, then log standard deviations. The greedy action is the mean within
// low...high.
void ck_gaussian_divergence(const float *reference, const float *other, const float *reference_values,
                            const float *other_values, size_t rows, size_t dimensions, const float *low,
                            const float *high, ck_divergence *sums);

// A thread that runs one job at a time beside its owner: submit, do something else, wait. A job that the thread has not
// begun by then runs on the owner's.
typedef struct ck_worker ck_worker;
ck_worker *ck_worker_create(void);
void ck_worker_destroy(ck_worker *worker);
void ck_worker_submit(ck_worker *worker, void (*job)(void *context), void *context);
void ck_worker_wait(ck_worker *worker);

#include "CKernelsNaive.h"

#endif
