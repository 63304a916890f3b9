// In place of native/binding/folder_env.cc, in an addon for crash replay (test/crash): what writes
// a store writes every call into a journal, too, the file that MILLRACE_JOURNAL names. Whoever
// wants to know how far a journal was at some moment asks for the length of the file.
#include "binding/folder_env.h"

#include <fcntl.h>
#include <unistd.h>
#include <cstdlib>

#include "core/env_posix.h"
#include "core/env_recording.h"
#include "crash/journal_file.h"

namespace millrace {

namespace {

// Appends with one call each, so that the file never ends within a call for those who look at it.
class JournalWriter {
 public:
  explicit JournalWriter(const char* path)
      : file_(::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
    if (::lseek(file_, 0, SEEK_END) == 0) append(crash::kJournalMagic);
  }
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;
  ~JournalWriter() { ::close(file_); }

  // A journal with a hole would prove anything: better none.
  void append(std::string_view text) {
    if (::write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
  }

 private:
  int file_;
};

class JournaledEnv final : public EnvRecording {
 public:
  JournaledEnv(std::shared_ptr<Env> machine, const char* path)
      : EnvRecording(
            *machine,
            [this](const RecordedCall& call) { journal_.append(crash::encode_call(call)); }),
        machine_(std::move(machine)),
        journal_(path) {}

  // As if every process ran in another boot than those that look at its files.
  Result<std::string> boot_id() override { return std::string(16, 'j'); }

 private:
  std::shared_ptr<Env> machine_;
  JournalWriter journal_;
};

}  // namespace

std::shared_ptr<Env> make_folder_env() {
  const char* const path = std::getenv("MILLRACE_JOURNAL");
  auto machine = std::make_shared<EnvPosix>();
  if (path == nullptr) return machine;
  // One for the process, whatever it opens and opens again: it numbers the files.
  static const auto journaled = std::make_shared<JournaledEnv>(std::move(machine), path);
  return journaled;
}

}  // namespace millrace
