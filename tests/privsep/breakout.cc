// A taken-over child, as far as the kernel can tell: enters the real sandbox of
// its role, then makes one forbidden attempt, named on the command line. Exits
// with 0 when the attempt worked, with its errno when it was refused; being
// killed is the third end. breakout_test.cc says which it must be.
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "common/child/enter.h"
#include "common/ipc/descriptors.h"

namespace holt {
namespace {

constexpr int kSetUpFailed = 200;
constexpr int kNotRefused = 0;

long Raw(long number, long a = 0, long b = 0, long c = 0, long d = 0,
         long e = 0) {
  return ::syscall(number, a, b, c, d, e);
}

sockaddr_in Elsewhere() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(9);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

long SendToElsewhere() {
  const sockaddr_in address = Elsewhere();
  return ::sendto(kWorkerListenerFd, "x", 1, 0,
                  reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

long SendMessageFastOpen() {
  msghdr message{};
  return ::sendmsg(kSupervisorChannelFd, &message, MSG_FASTOPEN);
}

long ConnectTo(int socket) {
  const sockaddr_in address = Elsewhere();
  return ::connect(socket, reinterpret_cast<const sockaddr*>(&address),
                   sizeof(address));
}

// A port that nobody configured.
long ConnectElsewhere() { return ConnectTo(::socket(AF_INET, SOCK_STREAM, 0)); }

long BindTcp() {
  sockaddr_in any{};
  any.sin_family = AF_INET;
  return ::bind(::socket(AF_INET, SOCK_STREAM, 0),
                reinterpret_cast<const sockaddr*>(&any), sizeof(any));
}

long Execute() {
  const char* arguments[] = {"/bin/true", nullptr};
  return ::execve(arguments[0], const_cast<char**>(arguments), environ);
}

long ReadMemoryOfParent() {
  char byte = 0;
  iovec here = {&byte, 1};
  iovec there = {reinterpret_cast<void*>(0x10000), 1};
  return ::process_vm_readv(::getppid(), &here, 1, &there, 1, 0);
}

long OpenMemoryOfParent() {
  char path[64];
  std::snprintf(path, sizeof(path), "/proc/%d/mem", ::getppid());
  return ::open(path, O_RDONLY);
}

void* Map(int protection) {
  return ::mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

long MapExecutable() {
  return Map(PROT_READ | PROT_EXEC) == MAP_FAILED ? -1 : 0;
}

long MakeExecutable() {
  return ::mprotect(Map(PROT_READ | PROT_WRITE), 4096, PROT_READ | PROT_EXEC);
}

long WriteReadOnlyMemory() {
  return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
                kWorkerKeyTableFd, 0) == MAP_FAILED
             ? -1
             : 0;
}

long FilterListener() {
  sock_filter drop_all = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog program = {1, &drop_all};
  return ::setsockopt(kWorkerListenerFd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
                      sizeof(program));
}

long RaiseLimitOfParent() {
  const rlimit none = {0, 0};
  return ::prlimit(::getppid(), RLIMIT_NOFILE, &none, nullptr);
}

long SignalOwnInterest() {
  return ::fcntl(kSupervisorChannelFd, F_SETOWN, ::getppid());
}

long CloneProcess() { return Raw(SYS_clone, SIGCHLD); }

// Says that it has entered, then waits for the supervisor to close the channel.
long TellAndWait() {
  pollfd channel = {kSupervisorChannelFd, POLLIN, 0};
  if (::write(channel.fd, "r", 1) != 1) return -1;
  return ::poll(&channel, 1, -1) == 1 ? 0 : -1;
}

// The same, and nothing but a signal ends it.
long TellAndStay() {
  if (::write(kSupervisorChannelFd, "r", 1) != 1) return -1;
  return ::poll(nullptr, 0, -1);
}

using Attempt = long (*)();

const std::map<std::string, Attempt>& Attempts() {
  static const auto* attempts = new std::map<std::string, Attempt>{
      // Files.
      {"open", [] { return long{::open("/etc/passwd", O_RDONLY)}; }},
      {"create", [] { return long{::open("/tmp/x", O_CREAT | O_RDWR, 0600)}; }},
      {"openat2", [] { return Raw(SYS_openat2, AT_FDCWD); }},
      {"old_open", [] { return Raw(SYS_open); }},
      {"open_beside_state",
       [] { return long{::openat(kAdminStateDirFd, "..", O_RDONLY)}; }},
      {"parent_memory_file", &OpenMemoryOfParent},
      {"mkdir", [] { return long{::mkdir("x", 0700)}; }},
      {"symlink", [] { return long{::symlink("/", "x")}; }},
      {"link", [] { return long{::link("/etc/passwd", "x")}; }},
      {"chroot", [] { return long{::chroot("/")}; }},
      {"mount", [] { return Raw(SYS_mount); }},
      // Sockets.
      {"socket_tcp", [] { return long{::socket(AF_INET, SOCK_STREAM, 0)}; }},
      {"socket_unix", [] { return long{::socket(AF_UNIX, SOCK_STREAM, 0)}; }},
      {"socket_netlink",
       [] { return long{::socket(AF_NETLINK, SOCK_RAW, 0)}; }},
      {"socket_raw", [] { return long{::socket(AF_INET, SOCK_RAW, 1)}; }},
      {"socketpair", [] { return Raw(SYS_socketpair, AF_UNIX, SOCK_STREAM); }},
      {"connect", [] { return ConnectTo(kSupervisorChannelFd); }},
      {"connect_elsewhere", &ConnectElsewhere},
      {"bind_tcp", &BindTcp},
      {"listen", [] { return long{::listen(kSupervisorChannelFd, 1)}; }},
      {"send_to_address", &SendToElsewhere},
      {"send_fast_open", &SendMessageFastOpen},
      {"send_many", [] { return Raw(SYS_sendmmsg, kSupervisorChannelFd); }},
      {"shut_listener",
       [] { return long{::shutdown(kWorkerListenerFd, SHUT_RDWR)}; }},
      {"filter_listener", &FilterListener},
      // Programs and processes.
      {"execve", &Execute},
      {"execveat", [] { return Raw(SYS_execveat, AT_FDCWD); }},
      {"fork", [] { return Raw(SYS_fork); }},
      {"vfork", [] { return Raw(SYS_vfork); }},
      {"clone_process", &CloneProcess},
      {"clone3", [] { return Raw(SYS_clone3); }},
      {"unshare", [] { return long{::unshare(CLONE_NEWUSER)}; }},
      {"setuid", [] { return long{::setuid(0)}; }},
      // Other processes.
      {"ptrace", [] { return ::ptrace(PTRACE_ATTACH, ::getppid(), 0, 0); }},
      {"read_parent", &ReadMemoryOfParent},
      {"kill_parent", [] { return long{::kill(::getppid(), 0)}; }},
      {"tgkill_parent",
       [] { return long{::tgkill(::getppid(), ::getppid(), 0)}; }},
      {"queue_signal", [] { return Raw(SYS_rt_sigqueueinfo, ::getppid()); }},
      {"pidfd", [] { return Raw(SYS_pidfd_open, ::getppid()); }},
      {"signal_by_descriptor", &SignalOwnInterest},
      {"limit_parent", &RaiseLimitOfParent},
      // Memory.
      {"map_executable", &MapExecutable},
      {"make_executable", &MakeExecutable},
      {"pkey", [] { return Raw(SYS_pkey_mprotect); }},
      {"write_key_table", &WriteReadOnlyMemory},
      {"resize_memory", [] { return long{::ftruncate(kCountersFd, 1 << 20)}; }},
      {"reseal_memory",
       [] { return long{::fcntl(kCountersFd, F_ADD_SEALS, F_SEAL_WRITE)}; }},
      {"memfd", [] { return long{::memfd_create("x", 0)}; }},
      {"memfd_secret", [] { return Raw(SYS_memfd_secret); }},
      {"lock", [] { return Raw(SYS_mlock); }},
      {"shared_memory", [] { return Raw(SYS_shmget); }},
      {"userfaultfd", [] { return Raw(SYS_userfaultfd); }},
      // The kernel's wider doors.
      {"io_uring", [] { return Raw(SYS_io_uring_setup, 1); }},
      {"bpf", [] { return Raw(SYS_bpf); }},
      {"perf", [] { return Raw(SYS_perf_event_open); }},
      {"keyring", [] { return Raw(SYS_keyctl); }},
      {"seccomp", [] { return Raw(SYS_seccomp); }},
      {"make_dumpable", [] { return long{::prctl(PR_SET_DUMPABLE, 1)}; }},
      {"ioctl", [] { return long{::ioctl(2, TIOCSTI, "x")}; }},
      {"x32", [] { return Raw(0x40000000 | SYS_getpid); }},
      // Not an attempt: what is allowed, to see that the harness works.
      {"nothing", [] { return 0L; }},
      {"abort", []() -> long { std::abort(); }},
      {"wait", &TellAndWait},
      {"stay", &TellAndStay},
  };
  return *attempts;
}

}  // namespace

int Break(int argc, char** argv) {
  if (argc != 4) return kSetUpFailed;
  const auto role =
      static_cast<Role>(std::atoi(argv[2] + std::strlen("--role=")));
  const auto attempt = Attempts().find(argv[3]);
  if (attempt == Attempts().end()) return kSetUpFailed;
  if (const absl::Status entered = EnterChild(role, argc, argv);
      !entered.ok()) {
    std::fprintf(stderr, "%s\n", entered.ToString().c_str());
    return kSetUpFailed + 1;
  }
  return attempt->second() == -1 ? errno : kNotRefused;
}

}  // namespace holt

int main(int argc, char** argv) { return holt::Break(argc, argv); }
