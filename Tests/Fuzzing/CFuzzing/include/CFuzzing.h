// libFuzzer's interface: https://llvm.org/docs/LibFuzzer.html
#ifndef CFUZZING_H
#define CFUZZING_H

#include <stddef.h>
#include <stdint.h>

typedef int (*fuzzing_test)(const uint8_t *data, size_t size);
typedef size_t (*fuzzing_mutation)(uint8_t *data, size_t size, size_t size_max, unsigned seed);

// Runs libFuzzer with the arguments of a program whose name is the first.
int fuzzing_run(int count, char **arguments, fuzzing_test test, fuzzing_mutation mutation);

// libFuzzer's own mutation: changes `data` in place, and returns its new size.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);

#endif
