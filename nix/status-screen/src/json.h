/* The facts as JSON, for programs and for the QR code. */
#ifndef JSON_H
#define JSON_H

#include "facts.h"

/* How much of the facts: a QR code that is too large for the screen is tried again with less. */
enum detail {
  WITH_EVERYTHING,
  WITHOUT_HOST_KEYS,
  WITHOUT_ONION,
  DETAIL_LEVELS,
};

/*
 * One object: "pass", "tor" and "addrs" (the names that clan's tools read), "host" and "keys".
 * Returns its length; cut off, and never longer than size - 1, if it does not fit.
 */
size_t facts_json(const struct facts *facts, enum detail detail, char *to, size_t size);

#endif
