#include "json.h"

#include <stdio.h>
#include <string.h>

struct text {
  char *at;
  size_t size;
  size_t length;
};

static void add(struct text *text, const char *piece) {
  for (; *piece != '\0' && text->length + 1 < text->size; piece++) text->at[text->length++] = *piece;
  text->at[text->length] = '\0';
}

/* The facts hold printable ASCII only: nothing but these two letters needs an escape (RFC 8259, section 7). */
static void add_string(struct text *text, const char *value) {
  add(text, "\"");
  for (; *value != '\0'; value++) {
    const char letter[] = {*value, '\0'};
    if (*value == '"' || *value == '\\') add(text, "\\");
    add(text, letter);
  }
  add(text, "\"");
}

size_t facts_json(const struct facts *facts, enum detail detail, char *to, size_t size) {
  struct text text = {to, size, 0};
  add(&text, "{\"pass\":");
  add_string(&text, facts->password);
  if (detail < WITHOUT_ONION) {
    add(&text, ",\"tor\":");
    add_string(&text, facts->onion);
  }
  add(&text, ",\"addrs\":[");
  const char *comma = "";
  for (size_t i = 0; i < facts->address_count; i++) {
    const struct address *address = &facts->addresses[i];
    if (address->address[0] == '\0' || address->is_link_local) continue;
    add(&text, comma);
    add_string(&text, address->address);
    comma = ",";
  }
  add(&text, "]");
  if (detail < WITHOUT_HOST_KEYS) {
    add(&text, ",\"host\":");
    add_string(&text, facts->hostname);
    add(&text, ",\"keys\":[");
    comma = "";
    for (size_t i = 0; i < facts->host_key_count; i++) {
      add(&text, comma);
      add_string(&text, facts->host_keys[i].fingerprint);
      comma = ",";
    }
    add(&text, "]");
  }
  add(&text, "}");
  return text.length;
}
