// The measuring tools of `docent bench wire`: a raw epoll echo, which is the floor that a service is compared with, and
// a load that keeps a fixed number of calls in flight on each of its connections. Both speak frames of gRPC's
// length-prefixed form (a flags byte, a big-endian 32-bit length, the payload), on 127.0.0.1 alone.
#ifndef CLOAD_H
#define CLOAD_H

#include <stddef.h>
#include <stdint.h>

enum { CLOAD_CAPTURE_BYTES = 4096, CLOAD_PROBLEM_BYTES = 256 };

// MARK: Echo

// Listens on 127.0.0.1 at *port (0: any free one) and stores the port there. Returns the socket, or -errno.
int cload_listen(uint16_t *port);

// Answers every frame that comes to the listening socket's connections with a frame of `reply_bytes` zero bytes, on the
// calling thread, until the descriptor `until_closed` is at its end: a parent's pipe, so that no echo outlives it.
// Returns 0, or -errno.
int cload_echo(int listener, uint32_t reply_bytes, int until_closed);

// MARK: Load

typedef struct {
  uint16_t port;
  uint32_t connections;
  uint32_t depth;             // calls in flight on each connection
  double warmup_seconds;      // not counted
  double seconds;             // counted
  uint64_t calls_max;         // ends the run as soon as so many calls were answered; 0: only the time does
  const uint8_t *preface;     // sent once on connecting; may be NULL
  size_t preface_bytes;
  uint32_t preface_replies;   // frames that answer the preface; the calls begin after them
  const uint8_t *request;     // one whole frame
  size_t request_bytes;
  int32_t call_offset;        // where the frame holds its call number, a little-endian 32-bit word; -1: nowhere
  uint32_t reply_bytes_min;   // payload bytes; a shorter reply is a refusal
} cload_plan;

typedef struct {
  uint64_t calls;             // answered in `seconds`
  double seconds;             // measured
  double p50_us, p99_us, p999_us, max_us;
  uint64_t refusals;          // replies shorter than `reply_bytes_min`, the warm-up's included
  uint32_t reply_bytes_least, reply_bytes_most;  // payload bytes of the replies
  uint32_t captured_bytes;    // the payload of the first reply, or of the first refusal if there was one
  uint8_t captured[CLOAD_CAPTURE_BYTES];
  char problem[CLOAD_PROBLEM_BYTES];             // what went wrong, when cload_run returns other than 0
} cload_result;

// Runs the load on the calling thread: each connection has `depth` calls in flight and sends the next as soon as one is
// answered, numbered 1, 2, 3, ... Ends after warmup_seconds + seconds or calls_max calls, or earlier with 1 and `problem` set where the
// server closes a connection, does not greet all of them, or answers nothing. Refusals are counted, not an error.
int cload_run(const cload_plan *plan, cload_result *result);

#endif
