/*
 * For LD_PRELOAD: delays fdatasync() by the microseconds in the file FLUSH_DELAY_FILE, an unsigned 32-bit number in native byte
 * order. The file is mapped, so the delay can be changed while the program runs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int (*flush)(int);
static const volatile uint32_t *delay_microseconds;

__attribute__((constructor)) static void prepare(void) {
  flush = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  const char *path = getenv("FLUSH_DELAY_FILE");
  int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void *mapped = mmap(NULL, sizeof(uint32_t), PROT_READ, MAP_SHARED, file, 0);
  if (mapped != MAP_FAILED) delay_microseconds = mapped;
  close(file);
}

int fdatasync(int file) {
  uint32_t microseconds = delay_microseconds == NULL ? 0 : *delay_microseconds;
  struct timespec left = {.tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000};
  if (microseconds > 0)
    while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
  return flush(file);
}
