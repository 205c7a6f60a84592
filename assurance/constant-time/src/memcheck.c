/* Valgrind's client requests as functions. Outside Valgrind each of them does nothing. */

#include <stddef.h>
#include <valgrind/memcheck.h>

int assurance_in_valgrind(void) { return RUNNING_ON_VALGRIND > 0; }

void assurance_mark_secret(const void *at, size_t len) { VALGRIND_MAKE_MEM_UNDEFINED(at, len); }

void assurance_mark_public(const void *at, size_t len) { VALGRIND_MAKE_MEM_DEFINED_IF_ADDRESSABLE(at, len); }

/* How many of the bits are secret. */
size_t assurance_secret_bits(const unsigned char *at, size_t len) {
  size_t count = 0;
  for (size_t i = 0; i < len; i++) {
    unsigned char bits = 0;
    /* The answer lies in `bits`, and is itself public. */
    if (VALGRIND_GET_VBITS(at + i, &bits, 1) == 1) count += (size_t)__builtin_popcount(bits);
  }
  return count;
}

void assurance_report_errors(int on) {
  if (on) {
    VALGRIND_ENABLE_ERROR_REPORTING;
  } else {
    VALGRIND_DISABLE_ERROR_REPORTING;
  }
}
