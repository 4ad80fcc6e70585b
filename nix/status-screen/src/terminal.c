#include "terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static volatile sig_atomic_t changed;

void terminal_size(int *columns, int *rows) {
  struct winsize size;
  bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
  *columns = known ? size.ws_col : 80;
  *rows = known ? size.ws_row : 24;
}

void terminal_write(const char *text, size_t length) {
  while (length > 0) {
    ssize_t written = write(STDOUT_FILENO, text, length);
    if (written <= 0) return;
    text += written;
    length -= (size_t)written;
  }
}

static void put(const char *sequence) { terminal_write(sequence, strlen(sequence)); }

bool terminal_begin(void) {
  if (tcgetattr(STDIN_FILENO, &before) != 0) return false;
  struct termios raw = before;
  raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  changed = 1;
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  /* UTF-8 for the QR code (a Linux console may be without), no cursor, an empty screen. */
  put("\033%G\033[?25l\033[H\033[2J");
  return true;
}

void terminal_end(void) {
  if (!changed) return;
  changed = 0;
  put("\033[0m\033[?25h\033[H\033[2J");
  tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

void terminal_run(const char *command) {
  pid_t child = fork();
  if (child < 0) return;
  if (child == 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    tcsetpgrp(STDIN_FILENO, getpid());
    signal(SIGTTOU, SIG_DFL);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
  }
  setpgid(child, child);
  while (waitpid(child, NULL, 0) < 0) {
  }
  /* A background process that asks for the terminal is stopped by SIGTTOU, which main ignores. */
  tcsetpgrp(STDIN_FILENO, getpgrp());
}
