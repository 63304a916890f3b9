#pragma once

#include <memory>
#include <mutex>

#include "core/control_file.h"

namespace millrace {

class SharedLog;

// Tells whoever waits for the first record of a log that there is one. A log has no files before,
// and so no page to sleep on; those who wait sleep on the page of the metadata instead, which has
// files before any other log of its store (TailSource::herald). Any thread.
class Beginnings {
 public:
  // The log of the metadata, as this process has it.
  void herald_by(const std::shared_ptr<SharedLog>& metadata);
  // Whose page they sleep on; null while the metadata has no files.
  [[nodiscard]] std::shared_ptr<ControlFile> herald() const;
  // A log has its first files: wakes those who wait.
  void log_began() const;

 private:
  mutable std::mutex mutex_;  // guards what follows; held for moments
  std::weak_ptr<SharedLog> metadata_;
};

}  // namespace millrace
