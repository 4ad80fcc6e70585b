#include "facts.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <glob.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Copies what fits, and turns what a terminal could take for a command into "?". */
static void copy_text(char *to, size_t size, const char *from) {
  size_t length = 0;
  for (; from[length] != '\0' && length + 1 < size; length++) {
    unsigned char letter = (unsigned char)from[length];
    to[length] = letter < 0x20 || letter >= 0x7f ? '?' : from[length];
  }
  to[length] = '\0';
}

/* The first line of a file, without its end. */
static void read_line(const char *path, char *to, size_t size) {
  to[0] = '\0';
  FILE *file = path == NULL ? NULL : fopen(path, "re");
  if (file == NULL) return;
  char line[VALUE_SIZE];
  if (fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\r\n")] = '\0';
    copy_text(to, size, line);
  }
  fclose(file);
}

static void add_host_key(struct facts *facts, const char *type, const char *fingerprint) {
  if (facts->host_key_count == MAX_HOST_KEYS) return;
  struct host_key *key = &facts->host_keys[facts->host_key_count++];
  copy_text(key->type, sizeof key->type, type);
  copy_text(key->fingerprint, sizeof key->fingerprint, fingerprint);
}

/* ssh-keygen prints "256 SHA256:… comment (ED25519)". */
static void fingerprint_of(const char *path, struct facts *facts) {
  int ends[2];
  if (pipe2(ends, 0) != 0) return;
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    if (freopen("/dev/null", "w", stderr) == NULL) _exit(127);
    execlp("ssh-keygen", "ssh-keygen", "-l", "-f", path, (char *)NULL);
    _exit(127);
  }
  close(ends[1]);
  FILE *output = fdopen(ends[0], "r");
  char line[512];
  if (child > 0 && output != NULL && fgets(line, sizeof line, output) != NULL) {
    char *fingerprint = strstr(line, "SHA256:");
    char *type = strrchr(line, '(');
    if (fingerprint != NULL && type != NULL && fingerprint < type) {
      fingerprint[strcspn(fingerprint, " ")] = '\0';
      type[strcspn(type, ")")] = '\0';
      add_host_key(facts, type + 1, fingerprint);
    }
  }
  if (output != NULL) fclose(output);
  else close(ends[0]);
  if (child > 0) waitpid(child, NULL, 0);
}

static void gather_host_keys(const char *folder, struct facts *facts) {
  /* Fingerprints are asked for again only when a key file is another. */
  static struct facts known;
  static struct timespec known_time;
  static size_t known_files;

  char pattern[512];
  snprintf(pattern, sizeof pattern, "%s/ssh_host_*_key.pub", folder);
  glob_t found;
  if (glob(pattern, 0, NULL, &found) != 0) {
    known_files = 0;
    return;
  }
  struct timespec newest = {0, 0};
  for (size_t i = 0; i < found.gl_pathc; i++) {
    struct stat status;
    if (stat(found.gl_pathv[i], &status) != 0) continue;
    struct timespec changed = status.st_ctim;
    if (changed.tv_sec > newest.tv_sec || (changed.tv_sec == newest.tv_sec && changed.tv_nsec > newest.tv_nsec))
      newest = changed;
  }
  if (known_files != found.gl_pathc || known_time.tv_sec != newest.tv_sec || known_time.tv_nsec != newest.tv_nsec) {
    known.host_key_count = 0;
    for (size_t i = 0; i < found.gl_pathc; i++) fingerprint_of(found.gl_pathv[i], &known);
    known_files = found.gl_pathc;
    known_time = newest;
  }
  memcpy(facts->host_keys, known.host_keys, sizeof known.host_keys);
  facts->host_key_count = known.host_key_count;
  globfree(&found);
}

static struct address *add_address(struct facts *facts, const char *interface, const char *address) {
  if (facts->address_count == MAX_ADDRESSES) return NULL;
  struct address *added = &facts->addresses[facts->address_count++];
  memset(added, 0, sizeof *added);
  copy_text(added->interface, sizeof added->interface, interface);
  copy_text(added->address, sizeof added->address, address);
  added->has_carrier = true;
  added->is_link_local = strncmp(address, "fe80:", 5) == 0 || strncmp(address, "169.254.", 8) == 0;
  return added;
}

static void add_interface_address(struct facts *facts, const struct ifaddrs *entry) {
  char text[INET6_ADDRSTRLEN];
  char zoned[ADDRESS_SIZE];
  if (entry->ifa_addr->sa_family == AF_INET) {
    struct sockaddr_in address;
    memcpy(&address, entry->ifa_addr, sizeof address);
    if (inet_ntop(AF_INET, &address.sin_addr, text, sizeof text) == NULL) return;
    add_address(facts, entry->ifa_name, text);
  } else {
    struct sockaddr_in6 address;
    memcpy(&address, entry->ifa_addr, sizeof address);
    if (inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text) == NULL) return;
    bool zone = IN6_IS_ADDR_LINKLOCAL(&address.sin6_addr);
    snprintf(zoned, sizeof zoned, "%s%s%s", text, zone ? "%" : "", zone ? entry->ifa_name : "");
    add_address(facts, entry->ifa_name, zoned);
  }
}

/* Of each interface: its IPv4 addresses, then its IPv6 ones, link-local ones only where there is nothing else. */
static void gather_addresses(struct facts *facts) {
  struct ifaddrs *entries;
  if (getifaddrs(&entries) != 0) return;
  for (const struct ifaddrs *link = entries; link != NULL; link = link->ifa_next) {
    /* Every interface has one entry of this family, in the order of the kernel's list. */
    if (link->ifa_addr == NULL || link->ifa_addr->sa_family != AF_PACKET || (link->ifa_flags & IFF_LOOPBACK)) continue;
    size_t first = facts->address_count;
    for (int family = 0; family < 2; family++) {
      for (const struct ifaddrs *entry = entries; entry != NULL; entry = entry->ifa_next) {
        if (entry->ifa_addr == NULL || entry->ifa_addr->sa_family != (family == 0 ? AF_INET : AF_INET6)) continue;
        if (strcmp(entry->ifa_name, link->ifa_name) == 0) add_interface_address(facts, entry);
      }
    }
    size_t usable = 0;
    for (size_t i = first; i < facts->address_count; i++) usable += !facts->addresses[i].is_link_local;
    if (usable > 0) {
      size_t kept = first;
      for (size_t i = first; i < facts->address_count; i++)
        if (!facts->addresses[i].is_link_local) facts->addresses[kept++] = facts->addresses[i];
      facts->address_count = kept;
    }
    if (facts->address_count == first) {
      struct address *none = add_address(facts, link->ifa_name, "");
      if (none != NULL) none->has_carrier = (link->ifa_flags & IFF_RUNNING) != 0;
    }
  }
  freeifaddrs(entries);
}

static void read_facts(const char *path, struct facts *facts) {
  FILE *file = fopen(path, "re");
  if (file == NULL) return;
  char line[512];
  while (fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\r\n")] = '\0';
    char *rest = line;
    const char *word = strsep(&rest, " ");
    const char *first = rest == NULL ? "" : strsep(&rest, " ");
    const char *second = rest == NULL ? "" : rest;
    if (strcmp(word, "hostname") == 0) copy_text(facts->hostname, sizeof facts->hostname, first);
    else if (strcmp(word, "password") == 0) copy_text(facts->password, sizeof facts->password, first);
    else if (strcmp(word, "onion") == 0) copy_text(facts->onion, sizeof facts->onion, first);
    else if (strcmp(word, "host-key") == 0) add_host_key(facts, first, second);
    else if (strcmp(word, "address") == 0) add_address(facts, first, second);
    else if (strcmp(word, "unplugged") == 0) {
      struct address *none = add_address(facts, first, "");
      if (none != NULL) none->has_carrier = false;
    }
  }
  fclose(file);
}

void gather_facts(const struct sources *sources, struct facts *facts) {
  memset(facts, 0, sizeof *facts);
  if (sources->facts_file != NULL) {
    read_facts(sources->facts_file, facts);
    return;
  }
  char hostname[VALUE_SIZE] = "";
  if (gethostname(hostname, sizeof hostname - 1) == 0) copy_text(facts->hostname, sizeof facts->hostname, hostname);
  read_line(sources->password_file, facts->password, sizeof facts->password);
  read_line(sources->onion_file, facts->onion, sizeof facts->onion);
  gather_host_keys(sources->host_key_folder, facts);
  gather_addresses(facts);
}

const struct address *best_address(const struct facts *facts) {
  const struct address *best = NULL;
  for (size_t i = 0; i < facts->address_count; i++) {
    const struct address *candidate = &facts->addresses[i];
    if (candidate->address[0] == '\0') continue;
    if (best == NULL || (best->is_link_local && !candidate->is_link_local)) best = candidate;
  }
  return best;
}
