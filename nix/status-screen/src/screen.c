#include "screen.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "qr.h"

enum {
  MAX_LINES = 128,
  LINE_SIZE = 256,
  LABEL_WIDTH = 12,
  GAP = 2,
  /* On a narrower screen the labels go, so that an address or the password stays in one piece. */
  TEXT_WITH_LABELS = 32,
  /* Narrower than this, text beside the QR code would be torn apart. */
  TEXT_BESIDE_QR = 44,
  JSON_SIZE = 4096,
};

/* In the order in which they go when there is no room. */
enum worth { BLANK, EXTRA, USEFUL, KEY, NEEDED, MOST_NEEDED };

struct line {
  char label[LABEL_WIDTH + 1];
  char text[LINE_SIZE];
  enum worth worth;
  int item; /* lines of one item stay or go together */
};

struct lines {
  struct line at[MAX_LINES];
  int count;
  int items;
};

/* One line, or several where the text is wider than the screen: nothing that is to be typed is cut off. */
static void add_line(struct lines *lines, int width, enum worth worth, const char *label, const char *text) {
  if (width < TEXT_WITH_LABELS) label = NULL;
  int room = label == NULL ? width : width - LABEL_WIDTH;
  if (room < 1) room = 1;
  if (room >= LINE_SIZE) room = LINE_SIZE - 1;
  lines->items++;
  do {
    if (lines->count == MAX_LINES) return;
    struct line *line = &lines->at[lines->count++];
    line->worth = worth;
    line->item = lines->items;
    snprintf(line->label, sizeof line->label, "%-*s", label == NULL ? 0 : LABEL_WIDTH, label == NULL ? "" : label);
    snprintf(line->text, sizeof line->text, "%.*s", room, text);
    text += strlen(line->text);
    if (label != NULL) label = "";
  } while (*text != '\0');
}

static void add_addresses(struct lines *lines, int width, const struct facts *facts) {
  const struct address *best = best_address(facts);
  const char *label = "Addresses";
  char text[LINE_SIZE];
  int name_width = 0;
  for (size_t i = 0; i < facts->address_count; i++) {
    int length = (int)strlen(facts->addresses[i].interface);
    if (length > name_width) name_width = length;
  }
  for (size_t i = 0; i < facts->address_count; i++) {
    const struct address *address = &facts->addresses[i];
    const char *what = address->address[0] != '\0' ? address->address
                       : address->has_carrier      ? "no address yet"
                                                   : "no cable or network";
    snprintf(text, sizeof text, "%-*s  %s", name_width, address->interface, what);
    add_line(lines, width, address == best ? NEEDED : KEY, label, text);
    label = "";
  }
  if (facts->address_count == 0) add_line(lines, width, NEEDED, label, "no network interface was found");
}

static void lay_out(struct lines *lines, int width, const struct screen *screen, const struct facts *facts) {
  char text[LINE_SIZE];
  lines->count = 0;
  lines->items = 0;
  add_line(lines, width, USEFUL, NULL, screen->title);
  add_line(lines, width, BLANK, NULL, "");
  if (facts->hostname[0] != '\0') {
    snprintf(text, sizeof text, "%s.local", facts->hostname);
    add_line(lines, width, EXTRA, "Name", text);
  }
  add_addresses(lines, width, facts);
  const struct address *best = best_address(facts);
  if (best != NULL) {
    snprintf(text, sizeof text, "ssh root@%s", best->address);
    add_line(lines, width, USEFUL, "Log in", text);
  }
  add_line(lines, width, MOST_NEEDED, "Password",
           facts->password[0] != '\0' ? facts->password : "none was set; log in with a key");
  add_line(lines, width, BLANK, NULL, "");
  for (size_t i = 0; i < facts->host_key_count; i++) {
    snprintf(text, sizeof text, "%s %s", facts->host_keys[i].type, facts->host_keys[i].fingerprint);
    /* The first that ssh asks about is the one people compare. */
    bool common = strcmp(facts->host_keys[i].type, "ED25519") == 0;
    add_line(lines, width, common ? KEY : EXTRA, i == 0 ? "Host keys" : "", text);
  }
  if (facts->host_key_count == 0) add_line(lines, width, EXTRA, "Host keys", "not made yet");
  if (facts->onion[0] != '\0') add_line(lines, width, EXTRA, "Tor", facts->onion);
  if (screen->has_shell || screen->has_wifi) {
    add_line(lines, width, BLANK, NULL, "");
    snprintf(text, sizeof text, "%s%s%s", screen->has_shell ? "Enter: shell" : "",
             screen->has_shell && screen->has_wifi ? "   " : "", screen->has_wifi ? "w: Wi-Fi" : "");
    add_line(lines, width, NEEDED, NULL, text);
  }
}

static void drop(struct lines *lines, int item) {
  int kept = 0;
  for (int i = 0; i < lines->count; i++)
    if (lines->at[i].item != item) lines->at[kept++] = lines->at[i];
  lines->count = kept;
}

/* Drops what is worth least, from the end, until there are at most rows lines; of the last item, what does not fit. */
static void fit(struct lines *lines, int rows) {
  for (int worth = BLANK; worth < MOST_NEEDED; worth++) {
    for (int item = lines->items; item > 0 && lines->count > rows; item--) {
      for (int i = 0; i < lines->count; i++) {
        if (lines->at[i].item != item || (int)lines->at[i].worth != worth) continue;
        drop(lines, item);
        break;
      }
    }
  }
  if (lines->count > rows) lines->count = rows;
}

/* The QR code with the most in it that leaves room for the text beside it; false if none does. */
static bool choose_qr(const struct screen *screen, const struct facts *facts, struct qr *qr) {
  char json[JSON_SIZE];
  if (facts->password[0] == '\0' && best_address(facts) == NULL && facts->onion[0] == '\0') return false;
  for (enum detail detail = WITH_EVERYTHING; detail < DETAIL_LEVELS; detail++) {
    facts_json(facts, detail, json, sizeof json);
    if (!make_qr(json, qr)) continue;
    if (qr->rows <= screen->rows && qr->columns + GAP + TEXT_BESIDE_QR <= screen->columns) return true;
    free_qr(qr);
  }
  return false;
}

void print_screen(const struct screen *screen, const struct facts *facts, const char *line_end, FILE *output) {
  struct qr qr = {0, 0, NULL};
  bool has_qr = choose_qr(screen, facts, &qr);
  int width = screen->columns - (has_qr ? qr.columns + GAP : 0);
  struct lines *lines = malloc(sizeof *lines);
  char *modules = malloc((size_t)qr.columns * 3 + 1);
  if (lines != NULL && modules != NULL && screen->rows > 0) {
    lay_out(lines, width, screen, facts);
    fit(lines, screen->rows);
    int rows = has_qr && qr.rows > lines->count ? qr.rows : lines->count;
    for (int row = 0; row < rows; row++) {
      bool in_text = row < lines->count;
      const char *label = in_text ? lines->at[row].label : "";
      const char *text = in_text ? lines->at[row].text : "";
      bool bold = screen->colours && label[0] != '\0';
      fprintf(output, "%s%s%s%s", bold ? "\033[1m" : "", label, bold ? "\033[0m" : "", text);
      if (has_qr && row < qr.rows) {
        int used = (int)(strlen(label) + strlen(text));
        qr_row(&qr, row, modules);
        fprintf(output, "%*s%s%s%s", width + GAP - used, "", screen->colours ? "\033[97;40m" : "", modules,
                screen->colours ? "\033[0m" : "");
      }
      fputs(line_end, output);
    }
  }
  free(lines);
  free(modules);
  free_qr(&qr);
}
