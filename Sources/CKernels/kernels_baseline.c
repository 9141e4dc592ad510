#include "tables.h"

#define CK_TABLE ck_kernels_baseline
#define CK_NAME "baseline"
#define CK_LANES 4
#include "vectors.h"
#include "kernels.h"
