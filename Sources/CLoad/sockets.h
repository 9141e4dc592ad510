// What the echo and the load share: sockets, the clock, and counting the frames of a byte stream.
#ifndef CLOAD_SOCKETS_H
#define CLOAD_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { FRAME_PREFIX = 5, READ_BYTES = 1 << 18 };

// Counts frames without keeping them: a connection's state is these few bytes, whatever the length of a frame.
typedef struct {
  uint32_t payload_left;
  uint32_t payload;
  uint8_t header_used;
  uint8_t header[FRAME_PREFIX];
} frame_scanner;

// Takes bytes up to the end of the next frame. Returns how many it took, and sets *whole when that frame is complete
// (its payload's length is then in scanner->payload).
size_t scan_frame(frame_scanner *scanner, const uint8_t *bytes, size_t count, bool *whole);

// A loopback socket that does not block and does not delay. Returns -errno when it cannot be made or connected.
int connect_loopback(uint16_t port);
void set_no_delay(int fd);

// Sends everything, waiting for room where there is none. Returns 0, or -errno (-ETIMEDOUT: the peer read nothing for
// five seconds).
int send_whole(int fd, const uint8_t *bytes, size_t count);

uint64_t now_ns(void);

#endif
