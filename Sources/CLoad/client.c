// One connection that a caller plays by hand.
#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "CLoad.h"
#include "sockets.h"

int cload_connect(uint16_t port) { return connect_loopback(port); }

int cload_send(int fd, const uint8_t *bytes, size_t count) { return send_whole(fd, bytes, count); }

int64_t cload_receive(int fd, uint8_t *bytes, size_t count, int timeout_ms) {
  for (;;) {
    ssize_t got = recv(fd, bytes, count, 0);
    if (got >= 0) return got;
    if (errno == EAGAIN) {
      struct pollfd readable = {.fd = fd, .events = POLLIN};
      int ready = poll(&readable, 1, timeout_ms);
      if (ready == 0) return -ETIMEDOUT;
      if (ready < 0 && errno != EINTR) return -errno;
    } else if (errno != EINTR) {
      return -errno;
    }
  }
}

int cload_end_sending(int fd) { return shutdown(fd, SHUT_WR) == 0 ? 0 : -errno; }

void cload_close(int fd) { close(fd); }

void cload_reset(int fd) {
  struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(fd);
}

uint64_t cload_raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before;
}
