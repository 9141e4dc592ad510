#include "include/CKernels.h"

#include <math.h>
