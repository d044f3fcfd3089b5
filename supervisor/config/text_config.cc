#include "supervisor/config/text_config.h"

#include <fcntl.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"
#include "common/base/unique_fd.h"
#include "supervisor/config/suggestion.h"

namespace holt::supervisor {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::TextFormat;

// More would only repeat what the first one caused.
constexpr size_t kMaxComplaints = 8;

std::vector<std::string> FieldNames(const Descriptor& message) {
  std::vector<std::string> names;
  for (int i = 0; i < message.field_count(); ++i) {
    names.push_back(message.field(i)->name());
  }
  return names;
}

std::string UnknownField(absl::string_view name, const Descriptor& message) {
  const std::vector<std::string> known = FieldNames(message);
  const std::string meant = NearestWord(name, known);
  if (!meant.empty()) {
    return absl::StrCat("unknown field \"", name, "\"; did you mean \"", meant,
                        "\"?");
  }
  return absl::StrCat("unknown field \"", name, "\"; ", message.name(),
                      " has: ", absl::StrJoin(known, ", "));
}

// Turns protobuf's complaints into ours. Its lines and columns count from zero.
class Complaints final : public google::protobuf::io::ErrorCollector {
 public:
  Complaints(const std::string& text, absl::string_view file_name)
      : lines_(absl::StrSplit(text, '\n')), file_name_(file_name) {}

  void AddError(int line, int column, const std::string& message) override {
    if (complaints_.size() >= kMaxComplaints) return;
    const size_t quote = message.find("\" has no field named \"");
    if (quote == std::string::npos) {
      Add(line, column, message);
      return;
    }
    AddUnknownField(line, column, message);
  }

  [[nodiscard]] absl::Status ToStatus() const {
    return absl::InvalidArgumentError(absl::StrJoin(complaints_, "\n"));
  }

 private:
  void Add(int line, int column, absl::string_view sentence) {
    complaints_.push_back(absl::StrCat(file_name_, ":", line + 1, ":",
                                       column + 1, ": ", sentence));
  }

  // Message type "holt.config.v1.GatewayConfig" has no field named "limts".
  void AddUnknownField(int line, int column, const std::string& message) {
    const std::vector<std::string> quoted = absl::StrSplit(message, '"');
    const Descriptor* type =
        quoted.size() >= 4 ? google::protobuf::DescriptorPool::generated_pool()
                                 ->FindMessageTypeByName(quoted[1])
                           : nullptr;
    if (type == nullptr) {
      Add(line, column, message);
      return;
    }
    PointAtName(quoted[3], line, column);
    Add(line, column, UnknownField(quoted[3], *type));
  }

  // protobuf points behind the name; people look for the name itself.
  void PointAtName(const std::string& name, int& line, int& column) const {
    if (column < 0) return;
    auto up_to = static_cast<size_t>(column);
    for (int at = line; at >= 0; --at, up_to = std::string::npos) {
      if (static_cast<size_t>(at) >= lines_.size()) continue;
      const size_t found =
          lines_[static_cast<size_t>(at)].substr(0, up_to).rfind(name);
      if (found == std::string::npos) continue;
      line = at;
      column = static_cast<int>(found);
      return;
    }
  }

  std::vector<std::string> lines_;
  std::string file_name_;
  std::vector<std::string> complaints_;
};

// Writes down where each field that is set stands, for complaints about values.
class OriginRecorder {
 public:
  OriginRecorder(absl::string_view file_name, Origins& origins)
      : file_name_(file_name), origins_(origins) {}

  // NOLINTNEXTLINE(misc-no-recursion): the schema nests two levels.
  void Record(const Message& message, TextFormat::ParseInfoTree& tree,
              const std::string& prefix) {
    const Reflection& reflection = *message.GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection.ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      if (!field->is_repeated()) {
        RecordField(message, tree, *field, -1, prefix + field->name());
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        RecordField(message, tree, *field, i,
                    absl::StrCat(prefix, field->name(), "[", i, "]"));
      }
    }
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion)
  void RecordField(const Message& message, TextFormat::ParseInfoTree& tree,
                   const FieldDescriptor& field, int index,
                   const std::string& path) {
    const TextFormat::ParseLocation at = tree.GetLocation(&field, index);
    origins_.Set(
        path, absl::StrCat(file_name_, ":", at.line + 1, ":", at.column + 1));
    if (field.message_type() == nullptr) return;
    TextFormat::ParseInfoTree* nested = tree.GetTreeForNested(&field, index);
    if (nested == nullptr) return;
    const Reflection& reflection = *message.GetReflection();
    Record(index < 0 ? reflection.GetMessage(message, &field)
                     : reflection.GetRepeatedMessage(message, &field, index),
           *nested, path + ".");
  }

  std::string file_name_;
  Origins& origins_;
};

absl::StatusOr<std::string> ReadConfigFile(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd.valid()) {
    return ErrnoToStatus(
        errno, absl::StrCat("cannot read the configuration file ", path));
  }
  std::string text(kMaxConfigSize + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(fd.get(), &text[size], text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return ErrnoToStatus(
          errno, absl::StrCat("cannot read the configuration file ", path));
    }
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > kMaxConfigSize) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": a configuration has at most ", kMaxConfigSize,
                     " bytes; is this the right file?"));
  }
  text.resize(size);
  return text;
}

}  // namespace

absl::StatusOr<TextConfig> ParseTextConfig(const std::string& text,
                                           absl::string_view file_name) {
  TextConfig config;
  Complaints complaints(text, file_name);
  TextFormat::ParseInfoTree tree;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&complaints);
  parser.WriteLocationsTo(&tree);
  if (!parser.ParseFromString(text, &config.gateway)) {
    return complaints.ToStatus();
  }
  OriginRecorder(file_name, config.origins).Record(config.gateway, tree, "");
  return config;
}

absl::StatusOr<TextConfig> LoadTextConfig(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadConfigFile(path));
  return ParseTextConfig(text, path);
}

}  // namespace holt::supervisor
