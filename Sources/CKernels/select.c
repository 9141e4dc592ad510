#include "tables.h"

const ck_kernels *ck_kernels_for(int path) {
  switch (path) {
#if defined(__x86_64__)
    case CK_AVX512:
      return __builtin_cpu_supports("x86-64-v4") ? &ck_kernels_avx512 : NULL;
    case CK_AVX2:
      return __builtin_cpu_supports("x86-64-v3") ? &ck_kernels_avx2 : NULL;
#endif
    case CK_BASELINE:
      return &ck_kernels_baseline;
    default:
      return NULL;
  }
}
