// The naive twins: the same results by the most obvious loops, one number at a time. They are the tests' yardstick.
#ifndef DOCENT_CKERNELS_NAIVE_H
#define DOCENT_CKERNELS_NAIVE_H

#include <stddef.h>
#include <stdint.h>

float ck_naive_tanh(float x);
float ck_naive_exp(float x);
float ck_naive_log(float x);

#endif
