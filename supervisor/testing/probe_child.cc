// What launcher_test starts: tells, on the descriptor that its first argument
// names, what it finds itself to be, one "name=value" a line. Tests only.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

unsigned long long Limit(int resource) {
  rlimit limit{};
  ::getrlimit(static_cast<__rlimit_resource>(resource), &limit);
  return limit.rlim_cur;
}

// A line of /proc/self/status, without its name.
void TellStatusLine(int out, const char* name) {
  std::FILE* file = std::fopen("/proc/self/status", "r");
  if (file == nullptr) return;
  char line[256];
  while (std::fgets(line, sizeof(line), file) != nullptr) {
    if (std::strncmp(line, name, std::strlen(name)) != 0) continue;
    char value[64] = "";
    std::sscanf(line, "%*s %63s", value);
    ::dprintf(out, "%s=%s\n", name, value);
  }
  std::fclose(file);
}

void TellOpenDescriptors(int out) {
  ::dprintf(out, "open=");
  for (int fd = 0; fd < 1024; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) ::dprintf(out, "%d,", fd);
  }
  ::dprintf(out, "\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const int out = std::atoi(argv[1]);
  // Before anything of the library opens files.
  TellOpenDescriptors(out);
  ::dprintf(out, "uid=%d\ngid=%d\ngroups=%d\n", ::getuid(), ::getgid(),
            ::getgroups(0, nullptr));
  ::dprintf(out, "leads_session=%d\n", ::getsid(0) == ::getpid() ? 1 : 0);
  int variables = 0;
  for (char** entry = environ; *entry != nullptr; ++entry) ++variables;
  ::dprintf(out, "variables=%d\narguments=%d\n", variables, argc);
  int death_signal = 0;
  ::prctl(PR_GET_PDEATHSIG, &death_signal);
  ::dprintf(out, "death_signal=%d\nno_new_privs=%d\n", death_signal,
            ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  ::dprintf(out, "core=%llu\nfiles=%llu\nsize=%llu\n", Limit(RLIMIT_CORE),
            Limit(RLIMIT_NOFILE), Limit(RLIMIT_FSIZE));
  char directory[PATH_MAX] = "";
  ::dprintf(out, "directory=%s\n", ::getcwd(directory, sizeof(directory)));
  TellStatusLine(out, "CapEff:");
  TellStatusLine(out, "CapBnd:");
  TellStatusLine(out, "SigBlk:");
  TellStatusLine(out, "SigIgn:");
  return 0;
}
