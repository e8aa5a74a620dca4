/*
 * The client of the benchmarks: keeps connections busy and costs almost nothing itself.
 *
 *     client port=8000 path=/files/1g connections=16 seconds=1 random=65536 size=1073741824
 *
 * Speaks just enough HTTP/1.1 for answers with a Content-Length. Bodies are drained in the
 * kernel (MSG_TRUNC), so they are never copied here. Prints one line of JSON.
 *
 *   connections  kept alive, one request at a time on each (1)
 *   requests     stop after so many; 0: no bound (0)
 *   seconds      stop after so many, even in the middle of a body (10)
 *   status       what every answer must have (200)
 *   first, last  a Range for every request, inclusive; none if last is -1 (-1)
 *   random       instead: ranges of so many bytes at random offsets of a file of `size` bytes
 *   pause        microseconds between two requests of a connection (0)
 *   rate         bytes a second that each connection reads at most; 0: all it can (0)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 1024
#define HEAD_SIZE 8192
#define GULP (4 << 20)

struct connection {
    int fd;
    int reading_body;
    size_t head_length;
    long long owed; /* bytes of the body still to come */
    long long taken; /* bytes read since the start, for `rate` */
    double began;
    char head[HEAD_SIZE];
};

static struct {
    int port, connections, status;
    long long requests, first, last, random, size, rate, pause;
    double seconds;
    const char *path;
} want = {.connections = 1, .status = 200, .last = -1, .seconds = 10, .path = "/"};

static struct connection connections[MAX_CONNECTIONS];
static long long asked, answered, received;
static double *latencies;
static size_t capacity;
static uint64_t seed = 88172645463325252ULL;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    fprintf(stderr, "client: %s: %s\n", what, errno ? strerror(errno) : "unexpected");
    exit(1);
}

static uint64_t xorshift(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

static void read_arguments(int count, char **arguments)
{
    for (int i = 1; i < count; i++) {
        char *value = strchr(arguments[i], '=');
        if (!value)
            fail(arguments[i]);
        *value++ = 0;
        const char *name = arguments[i];
        if (!strcmp(name, "port")) want.port = atoi(value);
        else if (!strcmp(name, "path")) want.path = value;
        else if (!strcmp(name, "connections")) want.connections = atoi(value);
        else if (!strcmp(name, "requests")) want.requests = atoll(value);
        else if (!strcmp(name, "seconds")) want.seconds = atof(value);
        else if (!strcmp(name, "status")) want.status = atoi(value);
        else if (!strcmp(name, "first")) want.first = atoll(value);
        else if (!strcmp(name, "last")) want.last = atoll(value);
        else if (!strcmp(name, "random")) want.random = atoll(value);
        else if (!strcmp(name, "size")) want.size = atoll(value);
        else if (!strcmp(name, "pause")) want.pause = atoll(value);
        else if (!strcmp(name, "rate")) want.rate = atoll(value);
        else fail(name);
    }
    if (want.connections < 1 || want.connections > MAX_CONNECTIONS)
        fail("connections");
}

static void open_connection(struct connection *c)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(want.port)};
    int on = 1;
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address))
        fail("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void ask(struct connection *c)
{
    char request[1024], range[128] = "";
    long long first = want.first, last = want.last;
    if (want.random) {
        first = xorshift() % (want.size - want.random + 1);
        last = first + want.random - 1;
    }
    if (last >= 0)
        sprintf(range, "Range: bytes=%lld-%lld\r\n", first, last);
    int length = snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: benchmarks\r\n"
        "Accept: */*\r\nAccept-Encoding: identity\r\n%s\r\n", want.path, range);
    c->reading_body = 0;
    c->head_length = 0;
    c->began = now();
    asked++;
    if (send(c->fd, request, length, MSG_NOSIGNAL) != length)
        fail("send");
}

/* Read the head if it is complete; what came after it belongs to the body. */
static void read_head(struct connection *c)
{
    c->head[c->head_length] = 0;
    char *end = strstr(c->head, "\r\n\r\n");
    if (!end) {
        if (c->head_length >= HEAD_SIZE - 1)
            fail("the head is too long");
        return;
    }
    int status = atoi(c->head + 9);
    if (status != want.status) {
        fprintf(stderr, "client: the status is %d and not %d\n", status, want.status);
        exit(1);
    }
    char *length = strcasestr(c->head, "\r\ncontent-length:");
    if (!length || length > end)
        fail("no Content-Length");
    c->reading_body = 1;
    c->owed = atoll(length + 17);
    long long come = c->head + c->head_length - (end + 4);
    c->owed -= come;
    received += come;
}

/* One read; true if it completed an answer. */
static int advance(struct connection *c, size_t most)
{
    ssize_t got;
    if (c->reading_body) {
        size_t next = c->owed < (long long)most ? (size_t)c->owed : most;
        got = recv(c->fd, NULL, next, MSG_TRUNC | MSG_DONTWAIT);
        if (got > 0) {
            c->owed -= got;
            received += got;
        }
    } else {
        got = recv(c->fd, c->head + c->head_length, HEAD_SIZE - 1 - c->head_length, MSG_DONTWAIT);
        if (got > 0) {
            c->head_length += got;
            read_head(c);
        }
    }
    if (got == 0)
        fail("the server closed the connection");
    if (got < 0 && errno != EAGAIN)
        fail("recv");
    c->taken += got > 0 ? got : 0;
    return c->reading_body && c->owed <= 0;
}

static void note(double seconds)
{
    if ((size_t)answered == capacity) {
        capacity = capacity ? 2 * capacity : 1024;
        latencies = realloc(latencies, capacity * sizeof *latencies);
    }
    latencies[answered++] = seconds;
}

static int more(void)
{
    return !want.requests || asked < want.requests;
}

/* As fast as it goes. */
static void run(double until)
{
    struct epoll_event events[64];
    int poll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < want.connections; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
        epoll_ctl(poll, EPOLL_CTL_ADD, connections[i].fd, &event);
        if (more())
            ask(&connections[i]);
    }
    while (answered < asked) {
        double left = until - now();
        if (left <= 0)
            return;
        int ready = epoll_wait(poll, events, 64, (int)(left * 1000) + 1);
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (!advance(c, GULP))
                continue;
            note(now() - c->began);
            if (want.pause)
                usleep(want.pause);
            if (more() && now() < until)
                ask(c);
        }
    }
}

/* Every connection reads `rate` bytes a second, a little every 20 ms. */
static void crawl(double began, double until)
{
    for (int i = 0; i < want.connections; i++)
        ask(&connections[i]);
    for (double t; (t = now()) < until; usleep(20000)) {
        for (int i = 0; i < want.connections; i++) {
            struct connection *c = &connections[i];
            long long allowed = (long long)((t - began) * want.rate) - c->taken;
            if (allowed > 0 && advance(c, allowed)) {
                note(now() - c->began);
                ask(c);
            }
        }
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double q)
{
    return answered ? latencies[(size_t)(q * (answered - 1) + 0.5)] : 0;
}

int main(int count, char **arguments)
{
    read_arguments(count, arguments);
    seed ^= (uint64_t)(now() * 1e9);
    for (int i = 0; i < want.connections; i++)
        open_connection(&connections[i]);
    double began = now();
    if (want.rate)
        crawl(began, began + want.seconds);
    else
        run(began + want.seconds);
    double seconds = now() - began;
    qsort(latencies, answered, sizeof *latencies, ascending);
    printf("{\"requests\": %lld, \"bytes\": %lld, \"seconds\": %.6f, "
           "\"p50\": %.9f, \"p99\": %.9f, \"max\": %.9f}\n",
           answered, received, seconds, quantile(0.5), quantile(0.99), quantile(1));
    return 0;
}
