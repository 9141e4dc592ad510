#include "include/CKernels.h"

extern const ck_kernels ck_kernels_avx512, ck_kernels_avx2, ck_kernels_baseline;
