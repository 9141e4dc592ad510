#include "include/CFuzzing.h"

int LLVMFuzzerRunDriver(int *count, char ***arguments, fuzzing_test test);

static fuzzing_test chosen_test;
static fuzzing_mutation chosen_mutation;

// libFuzzer looks for these two names.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return chosen_test(data, size); }

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed) {
  return chosen_mutation(data, size, size_max, seed);
}

int fuzzing_run(int count, char **arguments, fuzzing_test test, fuzzing_mutation mutation) {
  chosen_test = test;
  chosen_mutation = mutation;
  return LLVMFuzzerRunDriver(&count, &arguments, LLVMFuzzerTestOneInput);
}
