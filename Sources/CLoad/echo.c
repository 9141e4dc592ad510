#define _GNU_SOURCE
// The floor: one thread, one epoll, one read and one write per readable connection, and no other work.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "CLoad.h"
#include "sockets.h"

enum { EVENTS = 256, REPLY_BUFFER_BYTES = 1 << 20 };

typedef struct {
  int poll;
  uint32_t reply_bytes;
  uint8_t *input, *output;
  size_t output_bytes;
  frame_scanner *scanners;  // by descriptor
  int scanners_count;
} echo_server;

static int watch(int poll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  return epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

static void accept_all(echo_server *server, int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    if (fd >= server->scanners_count) {
      int count = fd * 2 + 64;
      frame_scanner *grown = realloc(server->scanners, (size_t)count * sizeof *grown);
      if (grown == NULL) {
        close(fd);
        return;
      }
      server->scanners = grown;
      server->scanners_count = count;
    }
    server->scanners[fd] = (frame_scanner){0};
    set_no_delay(fd);
    if (watch(server->poll, fd) != 0) close(fd);
  }
}

// Writes one reply's header behind the others; its payload is zeros already.
static size_t append_reply(echo_server *server, size_t at) {
  uint8_t *reply = server->output + at;
  uint32_t length = server->reply_bytes;
  reply[0] = 0;
  reply[1] = (uint8_t)(length >> 24);
  reply[2] = (uint8_t)(length >> 16);
  reply[3] = (uint8_t)(length >> 8);
  reply[4] = (uint8_t)length;
  return at + FRAME_PREFIX + length;
}

// Returns false when the connection is to be closed.
static bool answer(echo_server *server, int fd) {
  ssize_t count = read(fd, server->input, READ_BYTES);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  if (count == 0) return false;
  size_t at = 0, filled = 0;
  while (at < (size_t)count) {
    bool whole;
    at += scan_frame(&server->scanners[fd], server->input + at, (size_t)count - at, &whole);
    if (!whole) break;
    filled = append_reply(server, filled);
    if (filled + FRAME_PREFIX + server->reply_bytes > server->output_bytes) {
      if (send_whole(fd, server->output, filled) != 0) return false;
      filled = 0;
    }
  }
  return filled == 0 || send_whole(fd, server->output, filled) == 0;
}

static int serve(echo_server *server, int listener, int until_closed) {
  struct epoll_event events[EVENTS];
  for (;;) {
    int count = epoll_wait(server->poll, events, EVENTS, -1);
    if (count < 0 && errno != EINTR) return -errno;
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == until_closed) {
        if (read(fd, server->input, READ_BYTES) <= 0) return 0;
      } else if (fd == listener) {
        accept_all(server, listener);
      } else if (!answer(server, fd)) {
        close(fd);
      }
    }
  }
}

int cload_echo(int listener, uint32_t reply_bytes, int until_closed) {
  echo_server server = {.poll = epoll_create1(EPOLL_CLOEXEC), .reply_bytes = reply_bytes};
  if (server.poll < 0) return -errno;
  server.output_bytes = (size_t)reply_bytes + FRAME_PREFIX + REPLY_BUFFER_BYTES;
  server.input = malloc(READ_BYTES);
  server.output = calloc(1, server.output_bytes);
  int error = server.input == NULL || server.output == NULL ? -ENOMEM : 0;
  if (error == 0) error = watch(server.poll, listener);
  if (error == 0) error = watch(server.poll, until_closed);
  if (error == 0) error = serve(&server, listener, until_closed);
  close(server.poll);
  free(server.input);
  free(server.output);
  free(server.scanners);
  return error;
}
