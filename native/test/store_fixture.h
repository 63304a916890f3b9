#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/env_forwarding.h"
#include "core/findings.h"
#include "core/store_report.h"
#include "test/log_fixture.h"

namespace millrace::test {

// A file system whose machine can go down and come up again.
class MachineEnv final : public EnvForwarding {
 public:
  explicit MachineEnv(std::shared_ptr<Env> base) : EnvForwarding(*base), base_(std::move(base)) {}
  Result<std::string> boot_id() override {
    return std::string(16, static_cast<char>('a' + boots_));
  }
  void reboot() { ++boots_; }

 private:
  std::shared_ptr<Env> base_;
  int boots_ = 0;
};

// Every file of a store, by path.
using StoreImage = std::map<std::string, std::vector<std::byte>>;

// A store with one log, whose files can be looked at, damaged and put back.
class StoreFixture {
 public:
  explicit StoreFixture(LogOptions options = {});

  MachineEnv& env() noexcept { return *env_; }
  LogFixture& log() noexcept { return log_; }
  // Paths: of the root, of the log's folder, of a file in it, of its n-th segment.
  [[nodiscard]] const std::string& root() const noexcept { return root_; }
  [[nodiscard]] std::string folder() const;
  [[nodiscard]] std::string file(const std::string& name) const;
  [[nodiscard]] std::string segment(std::size_t index);
  [[nodiscard]] std::size_t segment_count();

  // Opens the log; the rest of the test needs that.
  void open();
  // Closes it as a process that ends well does.
  void close();

  StoreReport inspect();
  StoreReport verify();
  // What verify finds, a line each: "damage shards/…/ctl @128: what".
  std::vector<std::string> findings();
  // Expects that verify finds no damage, and nothing at all unless notices are allowed.
  void expect_clean();
  void expect_no_damage();
  // Expects damage in `path`, described by a text that holds `what`.
  void expect_damage(const std::string& path, const std::string& what);
  void expect_notice(const std::string& path, const std::string& what);

  StoreImage image();
  // Whether the files are those, to the byte.
  bool is(const StoreImage& image);
  // Puts every file back as it was; others are removed.
  void restore(const StoreImage& image);
  void write(const std::string& path, std::uint64_t at, Bytes bytes);
  std::vector<std::byte> read(const std::string& path);
  void flip(const std::string& path, std::uint64_t bit);
  // Cuts a file to `bytes`.
  void truncate(const std::string& path, std::uint64_t bytes);

 private:
  bool holds(const std::string& path, const std::vector<std::byte>& bytes);
  void collect(const std::string& directory, std::vector<std::string>& paths);
  void expect_finding(Severity severity, const std::string& path, const std::string& what);

  std::string root_ = "store";
  std::shared_ptr<MachineEnv> env_;
  LogFixture log_;
};

// The findings, a line each.
std::vector<std::string> in_words(const std::vector<Finding>& findings);

}  // namespace millrace::test
