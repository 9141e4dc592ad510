#include "docent/v1/arena.h"

#include <stdlib.h>

enum { ALIGNMENT = 16 };

typedef struct block {
  struct block *next;
  size_t bytes;
  _Alignas(ALIGNMENT) uint8_t data[];
} block;

struct docent_arena {
  ProtobufCAllocator allocator;
  uint8_t *cursor, *end;
  size_t remaining;  // of the limit, beyond what the current block holds
  block *first;
  block *later;      // newest first
  int exhausted;
};

static block *new_block(size_t bytes) {
  if (bytes > SIZE_MAX - sizeof(block)) return NULL;
  block *b = malloc(sizeof(block) + bytes);
  if (b) b->bytes = bytes;
  return b;
}

static void *slow_allocate(docent_arena *arena, size_t bytes) {
  size_t wanted = arena->first->bytes;
  while (wanted < bytes && wanted <= SIZE_MAX / 2) wanted *= 2;
  if (bytes > arena->remaining || wanted < bytes) { arena->exhausted = 1; return NULL; }
  if (wanted > arena->remaining) wanted = arena->remaining;
  block *b = new_block(wanted);
  if (!b) { arena->exhausted = 1; return NULL; }
  arena->remaining -= wanted;
  b->next = arena->later;
  arena->later = b;
  arena->cursor = b->data + bytes;
  arena->end = b->data + wanted;
  return b->data;
}

void *docent_arena_allocate(docent_arena *arena, size_t bytes) {
  if (bytes > SIZE_MAX - ALIGNMENT) return NULL;
  bytes = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  if (bytes > (size_t)(arena->end - arena->cursor)) return slow_allocate(arena, bytes);
  void *at = arena->cursor;
  arena->cursor += bytes;
  return at;
}

static void *allocate(void *arena, size_t bytes) { return docent_arena_allocate(arena, bytes); }

// protobuf-c frees what it replaces while it unpacks; the arena takes it all back at the reset.
static void release(void *arena, void *at) { (void)arena, (void)at; }

void docent_arena_reset(docent_arena *arena, size_t limit_bytes) {
  while (arena->later) {
    block *next = arena->later->next;
    free(arena->later);
    arena->later = next;
  }
  size_t kept = arena->first->bytes < limit_bytes ? arena->first->bytes : limit_bytes;
  arena->cursor = arena->first->data;
  arena->end = arena->cursor + kept;
  arena->remaining = limit_bytes - kept;
  arena->exhausted = 0;
}

docent_arena *docent_arena_new(size_t first_bytes) {
  docent_arena *arena = calloc(1, sizeof *arena);
  if (!arena) return NULL;
  arena->first = new_block(first_bytes < ALIGNMENT ? ALIGNMENT : first_bytes);
  if (!arena->first) { free(arena); return NULL; }
  arena->allocator = (ProtobufCAllocator){ .alloc = allocate, .free = release, .allocator_data = arena };
  docent_arena_reset(arena, SIZE_MAX);
  return arena;
}

void docent_arena_free(docent_arena *arena) {
  if (!arena) return;
  docent_arena_reset(arena, 0);
  free(arena->first);
  free(arena);
}

ProtobufCAllocator *docent_arena_allocator(docent_arena *arena) { return &arena->allocator; }

size_t docent_arena_held(const docent_arena *arena) {
  size_t bytes = arena->first->bytes;
  for (const block *b = arena->later; b; b = b->next) bytes += b->bytes;
  return bytes;
}

int docent_arena_exhausted(const docent_arena *arena) { return arena->exhausted; }
