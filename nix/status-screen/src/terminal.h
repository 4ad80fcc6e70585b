/* The terminal that the screen is shown on. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Columns and rows of the terminal on standard output; 80 × 24 if it does not say (a serial line). */
void terminal_size(int *columns, int *rows);

/* Switches to single keys without echo and hides the cursor; false if standard input is no terminal. */
bool terminal_begin(void);

/* Puts everything back. May be called at any time, in a signal handler as well. */
void terminal_end(void);

/* Writes all of it, as long as there is a terminal. */
void terminal_write(const char *text, size_t length);

/*
 * Runs a shell command line on the terminal, as its foreground job, and waits for it. The terminal must be between
 * terminal_end and terminal_begin.
 */
void terminal_run(const char *command);

#endif
