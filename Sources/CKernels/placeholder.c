#include "include/CKernels.h"
void ckernels_placeholder(void) {}
