// A courier's life inside its sandbox: gRPC over descriptors it was given; a
// call, a deadline, the death of its peer, and a new channel after that.
#include <grpcpp/channel.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "tests/privsep/inmate.h"

namespace holt {
namespace {

constexpr int kFirstChannelFd = 8;
constexpr int kSecondChannelFd = 9;

grpc::StatusCode Call(grpc::GenericStub& stub, const std::string& method,
                      std::chrono::milliseconds deadline) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(Clock::Real().Now()) + deadline);
  const grpc::Slice slice("batch");
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  std::promise<grpc::StatusCode> ended;
  stub.UnaryCall(&context, method, grpc::StubOptions(), &request, &response,
                 [&ended](const grpc::Status& status) {
                   ended.set_value(status.error_code());
                 });
  return ended.get_future().get();
}

absl::Status Work(const InmateArguments& /*arguments*/) {
  constexpr std::chrono::seconds kLong(20);
  grpc::GenericStub first(
      grpc::CreateInsecureChannelFromFd("admin", kFirstChannelFd));
  RETURN_IF_ERROR(Expect(Call(first, "/echo", kLong) == grpc::OK, "call"));
  RETURN_IF_ERROR(Expect(Call(first, "/hang", std::chrono::milliseconds(50)) ==
                             grpc::DEADLINE_EXCEEDED,
                         "deadline"));
  // The supervisor kills our peer now: the call that hangs ends.
  TellSupervisor();
  RETURN_IF_ERROR(
      Expect(Call(first, "/hang", kLong) == grpc::UNAVAILABLE, "peer death"));
  grpc::GenericStub second(
      grpc::CreateInsecureChannelFromFd("admin", kSecondChannelFd));
  return Expect(Call(second, "/echo", kLong) == grpc::OK, "new channel");
}

}  // namespace
}  // namespace holt

int main(int argc, char** argv) {
  return holt::RunInmate(holt::Role::kCourier, argc, argv, &holt::Work);
}
