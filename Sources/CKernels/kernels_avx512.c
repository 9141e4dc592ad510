#include "tables.h"

#if defined(__x86_64__)
#define CK_TABLE ck_kernels_avx512
#define CK_NAME "avx512"
#define CK_LANES 16
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"))), apply_to = function)
#include "vectors.h"
#include "kernels.h"
#pragma clang attribute pop
#endif
