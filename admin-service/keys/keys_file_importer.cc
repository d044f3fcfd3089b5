#include "admin-service/keys/keys_file_importer.h"

#include <openssl/crypto.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "common/base/log.h"
#include "common/base/status_macros.h"

namespace holt::admin {
namespace {

// The file's bytes, which may be keys in clear: wiped on destruction.
class FileBytes {
 public:
  static absl::StatusOr<FileBytes> Read(int fd);
  FileBytes(FileBytes&&) = default;
  FileBytes& operator=(FileBytes&&) = delete;
  ~FileBytes() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  [[nodiscard]] absl::string_view view() const { return bytes_; }

 private:
  FileBytes() : bytes_(kMaxKeysFileSize + 1, '\0') {}
  std::string bytes_;
};

absl::StatusOr<FileBytes> FileBytes::Read(int fd) {
  FileBytes file;
  size_t used = 0;
  // The descriptor is read from the start whatever others did with it.
  for (;;) {
    const ssize_t got =
        ::pread(fd, file.bytes_.data() + used, file.bytes_.size() - used,
                static_cast<off_t>(used));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoToStatus(errno, "reading the keys file");
    if (got == 0) break;
    used += static_cast<size_t>(got);
    if (used > kMaxKeysFileSize) {
      return absl::ResourceExhaustedError("the keys file is too large");
    }
  }
  file.bytes_.resize(used);
  return file;
}

}  // namespace

absl::Status KeysFileImporter::Load(int fd) { return Note(Import(fd)); }

absl::Status KeysFileImporter::Missing() {
  if (status().load_time == absl::InfinitePast()) {
    return Note(Apply(KeysFile{}));
  }
  return Note(absl::NotFoundError("the keys file is gone; its keys stay"));
}

absl::Status KeysFileImporter::Import(int fd) {
  ASSIGN_OR_RETURN(const FileBytes bytes, FileBytes::Read(fd));
  ASSIGN_OR_RETURN(const KeysFile file, ParseKeysFile(bytes.view()));
  return Apply(file);
}

absl::Status KeysFileImporter::Apply(const KeysFile& file) {
  ASSIGN_OR_RETURN(const int foreign,
                   registry_.SyncSource(KeySource::kFile, file.keys));
  for (const size_t position : file.skipped) {
    Log(Severity::kWarning, "keys_file_entry_skipped")
        .Number("position", position);
  }
  Log(Severity::kInfo, "keys_file_loaded")
      .Number("keys", file.keys.size())
      .Number("skipped", file.skipped.size())
      .Number("managed_elsewhere", foreign);
  absl::MutexLock lock(&mutex_);
  status_.load_time = clock_.Now();
  status_.key_count = file.keys.size();
  status_.skip_count = file.skipped.size();
  return absl::OkStatus();
}

absl::Status KeysFileImporter::Note(absl::Status status) {
  if (!status.ok()) {
    Log(Severity::kError, "keys_file_not_loaded").Code("status", status);
  }
  absl::MutexLock lock(&mutex_);
  status_.stale = !status.ok();
  return status;
}

KeysFileStatus KeysFileImporter::status() const {
  absl::MutexLock lock(&mutex_);
  return status_;
}

}  // namespace holt::admin
