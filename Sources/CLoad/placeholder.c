#include "CLoad.h"
void cload_placeholder(void) {}
