// The measuring tools of `docent bench`: a raw epoll echo, which is the floor that a service is compared with; a load
// that keeps a fixed number of calls in flight on each of its connections; and single connections that are played by
// hand. Echo and load speak frames of gRPC's length-prefixed form (a flags byte, a big-endian 32-bit length, the
// payload). All of them use 127.0.0.1 alone.
#ifndef CLOAD_H
#define CLOAD_H

#include <stddef.h>
#include <stdint.h>

enum { CLOAD_CAPTURE_BYTES = 4096, CLOAD_PROBLEM_BYTES = 256, CLOAD_ANSWERS_MAX = 8 };

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
  const uint8_t *answers;     // payloads that are right, of answer_bytes each, one after the other; may be NULL
  uint32_t answer_count;      // at most CLOAD_ANSWERS_MAX; 0: any reply is right
  uint32_t answer_bytes;
  uint32_t answer_skip;       // leading bytes of a payload that are not compared: they differ from call to call
} cload_plan;

typedef struct {
  uint64_t calls;             // answered in `seconds`
  double seconds;             // measured
  double p50_us, p99_us, p999_us, max_us;
  uint64_t refusals;          // replies shorter than `reply_bytes_min`, the warm-up's included
  // The warm-up's included, as of `refusals`:
  uint64_t answered[CLOAD_ANSWERS_MAX];          // replies that were each of the right answers
  uint64_t wrong;                                // replies that were none of them
  uint64_t uncompared;                           // replies that did not come in one piece
  uint32_t reply_bytes_least, reply_bytes_most;  // payload bytes of the replies
  uint32_t captured_bytes;    // the payload of the first reply, or of the first refusal if there was one
  uint8_t captured[CLOAD_CAPTURE_BYTES];
  char problem[CLOAD_PROBLEM_BYTES];             // what went wrong, when cload_run returns other than 0
} cload_result;

// Runs the load on the calling thread: each connection has `depth` calls in flight and sends the next as soon as one is
// answered, numbered 1, 2, 3, ... Once all connections are greeted it ends after warmup_seconds + seconds, or as soon as
// calls_max calls were counted. Returns 1 with `problem` set where the server closes a connection, does not greet all of
// them in 20 seconds, or answers nothing. Refusals are counted, not an error.
int cload_run(const cload_plan *plan, cload_result *result);

// MARK: Connections by hand

// Connects to 127.0.0.1. Returns the socket, or -errno.
int cload_connect(uint16_t port);

// Sends everything, waiting for room where there is none. Returns 0, or -errno (-ETIMEDOUT: the peer read nothing for
// five seconds). A peer that has gone is -EPIPE, and no signal.
int cload_send(int fd, const uint8_t *bytes, size_t count);

// Waits for bytes, and takes at most `count` of what is there. Returns how many, 0 at the end of the stream, or -errno
// (-ETIMEDOUT: nothing came in timeout_ms).
int64_t cload_receive(int fd, uint8_t *bytes, size_t count, int timeout_ms);

// Says that no more will be sent; what the peer sends is still read. Returns 0, or -errno.
int cload_end_sending(int fd);

void cload_close(int fd);

// Closes a socket as one whose process was killed with bytes unread: the peer is told that it is gone.
void cload_reset(int fd);

// MARK: Descriptors

// Raises this process's soft limit of open descriptors to the hard one; the processes that it starts get the same.
// Returns the limit there is now.
uint64_t cload_raise_descriptor_limit(void);

#endif
