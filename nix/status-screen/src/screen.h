/* Lays the facts out on a screen of a given size. Writes text only; knows nothing of terminals. */
#ifndef SCREEN_H
#define SCREEN_H

#include <stdio.h>

#include "facts.h"

struct screen {
  int columns;
  int rows;
  /* First line. */
  const char *title;
  /* Which keys do something; no line is made for what is not there. */
  bool has_shell;
  bool has_wifi;
  /* Bold labels, and a QR code in fixed colours (a scanner needs dark on light). */
  bool colours;
};

/*
 * Prints at most screen->rows lines of at most screen->columns columns. What matters least goes first when there is no
 * room: the QR code, empty lines, the onion address, further host keys and addresses; the password goes last.
 * Every line ends in line_end.
 */
void print_screen(const struct screen *screen, const struct facts *facts, const char *line_end, FILE *output);

#endif
