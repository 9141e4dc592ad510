#include "tables.h"

#if defined(__x86_64__)
#define CK_TABLE ck_kernels_avx2
#define CK_NAME "avx2"
#define CK_LANES 8
#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#include "vectors.h"
#include "kernels.h"
#pragma clang attribute pop
#endif
