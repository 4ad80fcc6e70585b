/* A QR code as text, two modules above each other in one letter. */
#ifndef QR_H
#define QR_H

#include <stdbool.h>
#include <stddef.h>

struct qr {
  int columns;
  int rows;
  unsigned char *modules; /* columns × columns, 1 is dark; free with free_qr */
};

enum {
  /* Light modules around the code; ISO/IEC 18004 asks for 4, phones do with 2. */
  QR_QUIET = 2,
};

/* False if the text is too long for any QR code. */
bool make_qr(const char *text, struct qr *qr);
void free_qr(struct qr *qr);

/* UTF-8 of one row of letters into to, which holds 3 bytes a column and a NUL. */
void qr_row(const struct qr *qr, int row, char *to);

#endif
