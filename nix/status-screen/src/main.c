/* status-screen: how this machine can be reached, kept up to date. See --help. */
#include <getopt.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "facts.h"
#include "json.h"
#include "screen.h"
#include "terminal.h"

enum {
  /* Milliseconds between looks at files and the host name, which nobody announces. */
  LOOK_AGAIN = 2000,
  /* One change of the network comes as a burst of messages. */
  SETTLE = 100,
};

static const char usage[] =
    "usage: status-screen [OPTION]...\n"
    "\n"
    "Shows how to reach this machine: name, addresses, root's password, SSH host keys, Tor address, and all of it\n"
    "as a QR code where there is room. Follows the network and the terminal's size.\n"
    "\n"
    "  --json                print the facts as one JSON object, and end\n"
    "  --once                print one screen, and end\n"
    "  --columns N, --rows N size of the screen, instead of the terminal's\n"
    "  --title TEXT          first line\n"
    "  --password-file FILE  root's password, on its first line (/run/installer/root-password)\n"
    "  --onion-file FILE     Tor address (/var/lib/tor/onion/ssh/hostname)\n"
    "  --host-keys FOLDER    of ssh_host_*_key.pub (/etc/ssh)\n"
    "  --shell COMMAND       run this when Enter is pressed\n"
    "  --wifi COMMAND        run this when w is pressed\n"
    "  --facts FILE          show these instead of the machine's own, e.g. \"address eth0 192.0.2.7\" a line\n"
    "  --help                this text\n"
    "\n"
    "  status-screen --shell 'bash --login' --wifi iwctl\n"
    "  status-screen --json | jq -r .addrs[]\n"
    "\n"
    "Exit status: 0 done, or ended by a signal; 2 wrong usage. Ctrl-C ends it.\n";

struct options {
  struct sources sources;
  struct screen screen;
  const char *shell;
  const char *wifi;
  bool json;
  bool once;
  int columns;
  int rows;
};

static int positive_number(const char *option, const char *text) {
  char *end;
  long number = strtol(text, &end, 10);
  if (*end != '\0' || end == text || number < 1 || number > 10000) {
    fprintf(stderr, "status-screen: --%s must be a number from 1 to 10000, not '%s'\n", option, text);
    exit(2);
  }
  return (int)number;
}

static void parse_options(int count, char **arguments, struct options *options) {
  static const struct option known[] = {
      {"json", no_argument, NULL, 'j'},           {"once", no_argument, NULL, 'o'},
      {"columns", required_argument, NULL, 'c'},  {"rows", required_argument, NULL, 'r'},
      {"title", required_argument, NULL, 't'},    {"password-file", required_argument, NULL, 'p'},
      {"onion-file", required_argument, NULL, 'n'}, {"host-keys", required_argument, NULL, 'k'},
      {"shell", required_argument, NULL, 's'},    {"wifi", required_argument, NULL, 'w'},
      {"facts", required_argument, NULL, 'f'},    {"help", no_argument, NULL, 'h'},
      {NULL, 0, NULL, 0},
  };
  *options = (struct options){
      .sources = {"/run/installer/root-password", "/var/lib/tor/onion/ssh/hostname", "/etc/ssh", NULL},
      .screen = {.title = "NixOS installer"},
  };
  int letter;
  while ((letter = getopt_long(count, arguments, "", known, NULL)) != -1) {
    switch (letter) {
      case 'j': options->json = true; break;
      case 'o': options->once = true; break;
      case 'c': options->columns = positive_number("columns", optarg); break;
      case 'r': options->rows = positive_number("rows", optarg); break;
      case 't': options->screen.title = optarg; break;
      case 'p': options->sources.password_file = optarg; break;
      case 'n': options->sources.onion_file = optarg; break;
      case 'k': options->sources.host_key_folder = optarg; break;
      case 's': options->shell = optarg; break;
      case 'w': options->wifi = optarg; break;
      case 'f': options->sources.facts_file = optarg; break;
      case 'h': fputs(usage, stdout); exit(0);
      default: fputs("See status-screen --help.\n", stderr); exit(2);
    }
  }
  if (optind < count) {
    fprintf(stderr, "status-screen: unexpected argument '%s'; see status-screen --help\n", arguments[optind]);
    exit(2);
  }
  options->screen.has_shell = options->shell != NULL;
  options->screen.has_wifi = options->wifi != NULL;
}

static void measure(const struct options *options, struct screen *screen) {
  terminal_size(&screen->columns, &screen->rows);
  if (options->columns > 0) screen->columns = options->columns;
  if (options->rows > 0) screen->rows = options->rows;
}

/* The whole screen in one write, over the old one: no flicker. */
static void show(const struct screen *screen, const struct facts *facts) {
  char *text = NULL;
  size_t length = 0;
  FILE *buffer = open_memstream(&text, &length);
  if (buffer == NULL) return;
  fputs("\033[H", buffer);
  print_screen(screen, facts, "\033[K\r\n", buffer);
  fclose(buffer);
  /* A newline after the last row would scroll the first one away. */
  if (length >= 2) length -= 2;
  terminal_write(text, length);
  terminal_write("\033[J", 3);
  free(text);
}

static int open_network_events(void) {
  int events = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  struct sockaddr_nl address = {
      .nl_family = AF_NETLINK,
      .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
  };
  if (events >= 0 && bind(events, (struct sockaddr *)&address, sizeof address) == 0) return events;
  if (events >= 0) close(events);
  return -1; /* poll leaves it alone; the look every two seconds remains */
}

static void drain(int events) {
  char message[8192];
  poll(NULL, 0, SETTLE);
  while (recv(events, message, sizeof message, 0) > 0) {
  }
}

static void follow(const struct options *options) {
  struct screen screen = options->screen;
  screen.colours = true;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGWINCH);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  signal(SIGTTOU, SIG_IGN);
  bool has_keys = terminal_begin();
  atexit(terminal_end);

  struct pollfd wait_for[] = {
      {.fd = signalfd(-1, &signals, SFD_CLOEXEC), .events = POLLIN},
      {.fd = open_network_events(), .events = POLLIN},
      {.fd = has_keys ? STDIN_FILENO : -1, .events = POLLIN},
  };
  struct facts shown;
  struct facts now;
  bool again = true;
  gather_facts(&options->sources, &now);
  for (;;) {
    if (again || memcmp(&shown, &now, sizeof now) != 0) {
      measure(options, &screen);
      show(&screen, &now);
      shown = now;
    }
    again = false;
    if (poll(wait_for, 3, LOOK_AGAIN) > 0) {
      if (wait_for[0].revents & POLLIN) {
        struct signalfd_siginfo signal_info;
        if (read(wait_for[0].fd, &signal_info, sizeof signal_info) != sizeof signal_info) continue;
        if (signal_info.ssi_signo != SIGWINCH) return;
        again = true;
      }
      if (wait_for[1].revents & POLLIN) drain(wait_for[1].fd);
      if (wait_for[2].revents & (POLLIN | POLLHUP)) {
        char key;
        if (read(STDIN_FILENO, &key, 1) != 1) return; /* the terminal is gone */
        const char *command = key == '\n' || key == '\r' ? options->shell : key == 'w' ? options->wifi : NULL;
        if (command != NULL) {
          terminal_end();
          terminal_run(command);
          terminal_begin();
        }
        again = true; /* whatever was printed over the screen is gone with the next key */
      }
    }
    gather_facts(&options->sources, &now);
  }
}

int main(int count, char **arguments) {
  struct options options;
  parse_options(count, arguments, &options);
  if (options.json || options.once) {
    struct facts facts;
    gather_facts(&options.sources, &facts);
    if (options.json) {
      char json[4096];
      facts_json(&facts, WITH_EVERYTHING, json, sizeof json);
      puts(json);
    } else {
      measure(&options, &options.screen);
      print_screen(&options.screen, &facts, "\n", stdout);
    }
    return 0;
  }
  follow(&options);
  return 0;
}
