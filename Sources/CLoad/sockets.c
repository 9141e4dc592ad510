#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "CLoad.h"

enum { SEND_WAIT_MS = 5000 };

static uint32_t big_endian_32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

size_t scan_frame(frame_scanner *scanner, const uint8_t *bytes, size_t count, bool *whole) {
  size_t taken = 0;
  *whole = false;
  if (scanner->header_used < FRAME_PREFIX) {
    size_t wanted = FRAME_PREFIX - scanner->header_used;
    size_t some = count < wanted ? count : wanted;
    memcpy(scanner->header + scanner->header_used, bytes, some);
    scanner->header_used += (uint8_t)some;
    taken = some;
    if (scanner->header_used < FRAME_PREFIX) return taken;
    scanner->payload = scanner->payload_left = big_endian_32(scanner->header + 1);
  }
  size_t rest = count - taken;
  size_t some = rest < scanner->payload_left ? rest : scanner->payload_left;
  scanner->payload_left -= (uint32_t)some;
  if (scanner->payload_left == 0) {
    *whole = true;
    scanner->header_used = 0;
  }
  return taken + some;
}

static struct sockaddr_in loopback(uint16_t port) {
  return (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

void set_no_delay(int fd) {
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int connect_loopback(uint16_t port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  struct sockaddr_in address = loopback(port);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  set_no_delay(fd);
  return fd;
}

int cload_listen(uint16_t *port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = loopback(*port);
  socklen_t length = sizeof address;
  if (bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 1024) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  *port = ntohs(address.sin_port);
  return fd;
}

int send_whole(int fd, const uint8_t *bytes, size_t count) {
  while (count > 0) {
    ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes += sent;
      count -= (size_t)sent;
    } else if (errno == EAGAIN) {
      struct pollfd room = {.fd = fd, .events = POLLOUT};
      if (poll(&room, 1, SEND_WAIT_MS) == 0) return -ETIMEDOUT;
    } else if (errno != EINTR) {
      return -errno;
    }
  }
  return 0;
}

uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}
