/* What the screen shows: how this machine can be reached. */
#ifndef FACTS_H
#define FACTS_H

#include <stdbool.h>
#include <stddef.h>

enum {
  MAX_ADDRESSES = 32,
  MAX_HOST_KEYS = 8,
  /* Fits an IPv6 address with its zone, "fe80::…%enp0s31f6np0". */
  ADDRESS_SIZE = 80,
  NAME_SIZE = 72,
  VALUE_SIZE = 128,
};

/* One address of an interface; an interface without any has one entry whose address is empty. */
struct address {
  char interface[NAME_SIZE];
  char address[ADDRESS_SIZE];
  bool has_carrier;
  bool is_link_local;
};

struct host_key {
  char type[16];        /* ED25519 */
  char fingerprint[64]; /* SHA256:… */
};

/* Strings that are not known are empty. */
struct facts {
  char hostname[NAME_SIZE]; /* the kernel allows 64 letters */
  char password[VALUE_SIZE];
  char onion[VALUE_SIZE];
  struct address addresses[MAX_ADDRESSES];
  size_t address_count;
  struct host_key host_keys[MAX_HOST_KEYS];
  size_t host_key_count;
};

/* Where facts come from. */
struct sources {
  const char *password_file;
  const char *onion_file;
  const char *host_key_folder;
  /* Shown instead of the machine's own, if not NULL: lines such as "address eth0 192.0.2.7". */
  const char *facts_file;
};

/* Gathers everything anew. What cannot be read is empty, never an error: the screen shows what there is. */
void gather_facts(const struct sources *sources, struct facts *facts);

/* The first address that another machine can use, or NULL. */
const struct address *best_address(const struct facts *facts);

#endif
