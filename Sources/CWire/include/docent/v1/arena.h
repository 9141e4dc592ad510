// A bump allocator behind protobuf-c's allocator interface.
//
// A frame is unpacked into an arena, read, and forgotten: the arena is reset before the next frame, and nothing is
// freed by itself. Blocks beyond the first are kept only until the next reset, so one large frame does not
// hold its memory for the rest of a connection's life.
#ifndef DOCENT_V1_ARENA_H
#define DOCENT_V1_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

typedef struct docent_arena docent_arena;

// `first_bytes`: the block that is kept across resets. NULL where memory is out.
docent_arena *docent_arena_new(size_t first_bytes);
void docent_arena_free(docent_arena *arena);

// Forgets everything that was allocated. Until the next reset at most `limit_bytes` are given out; an allocation
// beyond them fails, as malloc would: a small frame may ask for many times its size.
void docent_arena_reset(docent_arena *arena, size_t limit_bytes);

// Aligned to 16 bytes; NULL beyond the limit.
void *docent_arena_allocate(docent_arena *arena, size_t bytes);

// For protobuf-c's unpack functions.
ProtobufCAllocator *docent_arena_allocator(docent_arena *arena);

// Bytes of memory that it holds: at most the last reset's limit, or the first block where that is larger.
size_t docent_arena_held(const docent_arena *arena);

// True where an allocation failed since the last reset.
int docent_arena_exhausted(const docent_arena *arena);

#endif
