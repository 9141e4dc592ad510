// The load: a closed loop of connections x depth calls on one epoll.
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "CLoad.h"
#include "histogram.h"
#include "sockets.h"

enum { EVENTS = 256, WAIT_MS_MAX = 50 };

static const uint64_t GREETING_NS_MAX = 20 * 1000000000ull;

typedef struct {
  int fd;
  frame_scanner scanner;
  uint32_t preface_replies_left;
  uint32_t calls_sent, calls_answered;
  uint64_t *sent_ns;  // when the call was written; by call number modulo the depth
} load_connection;

typedef struct {
  const cload_plan *plan;
  cload_result *result;
  int poll;
  uint32_t opened, greeted;
  load_connection *connections;
  uint64_t *sent_ns;
  uint8_t *input, *output;
  histogram *latencies;
} load;

static int fail(load *load, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int fail(load *load, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(load->result->problem, CLOAD_PROBLEM_BYTES, format, arguments);
  va_end(arguments);
  return 1;
}

static void store_little_endian_32(uint8_t *at, uint32_t value) {
  for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (8 * i));
}

static int submit(load *load, load_connection *c, uint32_t calls, uint64_t now) {
  const cload_plan *plan = load->plan;
  for (uint32_t i = 0; i < calls; i++) {
    uint8_t *frame = load->output + i * plan->request_bytes;
    memcpy(frame, plan->request, plan->request_bytes);
    c->sent_ns[c->calls_sent % plan->depth] = now;
    c->calls_sent++;
    if (plan->call_offset >= 0) store_little_endian_32(frame + plan->call_offset, c->calls_sent);
  }
  int error = send_whole(c->fd, load->output, calls * plan->request_bytes);
  if (error == 0) return 0;
  return fail(load, "sending failed after %llu calls: %s", (unsigned long long)load->latencies->count,
              strerror(-error));
}

static int start(load *load, load_connection *c) {
  load->greeted++;
  return submit(load, c, load->plan->depth, now_ns());
}

static int open_connection(load *load, load_connection *c) {
  const cload_plan *plan = load->plan;
  c->fd = connect_loopback(plan->port);
  if (c->fd < 0) {
    return fail(load, "connection %u of %u to 127.0.0.1:%u: %s", load->opened + 1, plan->connections, plan->port,
                strerror(-c->fd));
  }
  load->opened++;
  c->sent_ns = load->sent_ns + (size_t)(c - load->connections) * plan->depth;
  c->preface_replies_left = plan->preface_replies;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  if (epoll_ctl(load->poll, EPOLL_CTL_ADD, c->fd, &event) != 0) return fail(load, "epoll: %s", strerror(errno));
  int error = plan->preface_bytes > 0 ? send_whole(c->fd, plan->preface, plan->preface_bytes) : 0;
  if (error != 0) return fail(load, "sending the preface failed: %s", strerror(-error));
  return c->preface_replies_left == 0 ? start(load, c) : 0;
}

// Counts a reply under the right answer that it is, or as wrong; one of which only the end is here, as neither.
static void compare(load *load, uint32_t payload, const uint8_t *end, size_t bytes_before_end) {
  const cload_plan *plan = load->plan;
  if (payload > bytes_before_end) {
    load->result->uncompared++;
    return;
  }
  if (payload == plan->answer_bytes) {
    for (uint32_t i = 0; i < plan->answer_count; i++) {
      const uint8_t *answer = plan->answers + (size_t)i * payload + plan->answer_skip;
      if (memcmp(end - payload + plan->answer_skip, answer, payload - plan->answer_skip) != 0) continue;
      load->result->answered[i]++;
      return;
    }
  }
  load->result->wrong++;
}

// Notes a reply's size; keeps the bytes of the first reply and of the first refusal, where one read held them whole.
static void inspect(load *load, uint32_t payload, const uint8_t *end, size_t bytes_before_end) {
  cload_result *result = load->result;
  if (payload < result->reply_bytes_least) result->reply_bytes_least = payload;
  if (payload > result->reply_bytes_most) result->reply_bytes_most = payload;
  bool refusal = payload < load->plan->reply_bytes_min;
  result->refusals += refusal;
  if (load->plan->answer_count > 0) compare(load, payload, end, bytes_before_end);
  bool wanted = result->captured_bytes == 0 || (refusal && result->refusals == 1);
  if (wanted && payload <= CLOAD_CAPTURE_BYTES && payload <= bytes_before_end) {
    memcpy(result->captured, end - payload, payload);
    result->captured_bytes = payload;
  }
}

// Reads once, takes the replies, and sends as many new calls as were answered.
static int turn(load *load, load_connection *c) {
  ssize_t count = read(c->fd, load->input, READ_BYTES);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (count <= 0) {
    return fail(load, "the server closed a connection after %llu calls, %u of %u connections greeted",
                (unsigned long long)load->latencies->count, load->greeted, load->plan->connections);
  }
  uint64_t now = now_ns();
  uint32_t answered = 0;
  size_t at = 0;
  while (at < (size_t)count) {
    bool whole;
    at += scan_frame(&c->scanner, load->input + at, (size_t)count - at, &whole);
    if (!whole) break;
    if (c->preface_replies_left > 0) {
      if (--c->preface_replies_left == 0 && start(load, c) != 0) return 1;
      continue;
    }
    if (c->calls_answered == c->calls_sent) return fail(load, "a reply came for which there was no call");
    histogram_add(load->latencies, now - c->sent_ns[c->calls_answered++ % load->plan->depth]);
    inspect(load, c->scanner.payload, load->input + at, at);
    answered++;
  }
  return answered > 0 ? submit(load, c, answered, now) : 0;
}

static int drive(load *load) {
  const cload_plan *plan = load->plan;
  for (uint32_t i = 0; i < plan->connections; i++) {
    if (open_connection(load, &load->connections[i]) != 0) return 1;
  }
  // The clock begins when all are greeted: a server that is busy with the first ones greets the last ones late.
  uint64_t begin = now_ns(), counted_from = 0, end = 0;
  bool counting = false;
  struct epoll_event events[EVENTS];
  for (;;) {
    uint64_t now = now_ns();
    if (counted_from == 0 && load->greeted == plan->connections) {
      counted_from = now + (uint64_t)(plan->warmup_seconds * 1e9);
      end = counted_from + (uint64_t)(plan->seconds * 1e9);
    }
    if (counted_from == 0 && now >= begin + GREETING_NS_MAX) break;
    if (counted_from != 0 && !counting && now >= counted_from) {
      memset(load->latencies, 0, sizeof *load->latencies);
      counting = true;
      counted_from = now;
    }
    if (counting && (now >= end || (plan->calls_max > 0 && load->latencies->count >= plan->calls_max))) break;
    int count = epoll_wait(load->poll, events, EVENTS, WAIT_MS_MAX);
    for (int i = 0; i < count; i++) {
      if (turn(load, events[i].data.ptr) != 0) return 1;
    }
  }
  const histogram *latencies = load->latencies;
  if (load->greeted < plan->connections || latencies->count == 0) {
    return fail(load, "%llu calls answered, %u of %u connections greeted in %.1f s",
                (unsigned long long)latencies->count, load->greeted, plan->connections,
                (double)(now_ns() - begin) / 1e9);
  }
  cload_result *result = load->result;
  result->calls = latencies->count;
  result->seconds = (double)(now_ns() - counted_from) / 1e9;
  result->p50_us = histogram_quantile(latencies, .5) / 1e3;
  result->p99_us = histogram_quantile(latencies, .99) / 1e3;
  result->p999_us = histogram_quantile(latencies, .999) / 1e3;
  result->max_us = (double)latencies->most / 1e3;
  return 0;
}

static bool makes_sense(const cload_plan *plan) {
  return plan->connections > 0 && plan->depth > 0 && plan->request_bytes >= FRAME_PREFIX && plan->seconds > 0 &&
         plan->warmup_seconds >= 0 && plan->answer_count <= CLOAD_ANSWERS_MAX &&
         plan->answer_skip <= plan->answer_bytes &&
         (plan->call_offset < 0 || (size_t)plan->call_offset + sizeof(uint32_t) <= plan->request_bytes);
}

int cload_run(const cload_plan *plan, cload_result *result) {
  *result = (cload_result){.reply_bytes_least = UINT32_MAX};
  load load = {.plan = plan, .result = result, .poll = epoll_create1(EPOLL_CLOEXEC)};
  if (!makes_sense(plan)) return fail(&load, "the plan of this load makes no sense");
  load.connections = calloc(plan->connections, sizeof *load.connections);
  load.sent_ns = calloc((size_t)plan->connections * plan->depth, sizeof *load.sent_ns);
  load.input = malloc(READ_BYTES);
  load.output = malloc((size_t)plan->depth * plan->request_bytes);
  load.latencies = calloc(1, sizeof *load.latencies);
  int failed;
  if (load.poll < 0 || !load.connections || !load.sent_ns || !load.input || !load.output || !load.latencies) {
    failed = fail(&load, "no memory or no descriptor for the load");
  } else {
    failed = drive(&load);
  }
  for (uint32_t i = 0; i < load.opened; i++) close(load.connections[i].fd);
  if (load.poll >= 0) close(load.poll);
  free(load.connections);
  free(load.sent_ns);
  free(load.input);
  free(load.output);
  free(load.latencies);
  return failed;
}
