#pragma once

#include <string>
#include <utility>

#include "core/env.h"
#include "core/result.h"

namespace millrace {

// The temporary name of a file that is being made: what is there is removed again unless the file
// came under its own name. What a death of the process leaves, whoever makes it anew replaces.
class UnfinishedFile {
 public:
  UnfinishedFile(Env& env, std::string path) : env_(env), path_(std::move(path)) {}
  ~UnfinishedFile() {
    // Why it was not finished matters more than what became of this.
    if (!named_) (void)env_.unlink(path_);
  }
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  Result<void> name(const std::string& to) {
    Result<void> named = env_.rename(path_, to);
    named_ = static_cast<bool>(named);
    return named;
  }

 private:
  Env& env_;
  const std::string path_;
  bool named_ = false;
};

}  // namespace millrace
