#include "qr.h"

#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

bool make_qr(const char *text, struct qr *qr) {
  /* Least redundancy: a screen has no scratches, and a smaller code has larger modules. */
  QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
  if (code == NULL) return false;
  int inner = code->width;
  qr->columns = inner + 2 * QR_QUIET;
  qr->rows = (qr->columns + 1) / 2;
  qr->modules = calloc((size_t)qr->columns * (size_t)qr->columns, 1);
  if (qr->modules != NULL) {
    for (int y = 0; y < inner; y++)
      for (int x = 0; x < inner; x++)
        qr->modules[(y + QR_QUIET) * qr->columns + x + QR_QUIET] = code->data[y * inner + x] & 1;
  }
  QRcode_free(code);
  return qr->modules != NULL;
}

void free_qr(struct qr *qr) {
  free(qr->modules);
  qr->modules = NULL;
}

void qr_row(const struct qr *qr, int row, char *to) {
  /* White on black: a letter's ink is a light module. Index: upper light, lower light. */
  static const char *const letters[2][2] = {{" ", "▄"}, {"▀", "█"}};
  to[0] = '\0';
  char *end = to;
  for (int x = 0; x < qr->columns; x++) {
    int upper = 2 * row;
    int lower = upper + 1;
    int upper_light = !qr->modules[upper * qr->columns + x];
    /* Below an odd last row there is only the screen. */
    int lower_light = lower < qr->columns ? !qr->modules[lower * qr->columns + x] : 0;
    end = stpcpy(end, letters[upper_light][lower_light]);
  }
}
