#include "core/append_window.h"

#include <chrono>
#include <future>
#include <thread>

#include "core/env_forwarding.h"
#include "core/env_memory.h"
#include "core/log_options.h"
#include "test/test.h"

namespace millrace::test {
namespace {

// Holds up every populate() of threads other than the one that made it, until it is opened.
class HeldUpEnv final : public EnvForwarding {
 public:
  explicit HeldUpEnv(Env& base) : EnvForwarding(base) {}
  Result<void> populate(MutableBytes pages) override {
    if (std::this_thread::get_id() != writer_) {
      if (!std::exchange(reached_, true)) helper_here_.set_value();
      opened_.wait();
    }
    return EnvForwarding::populate(pages);
  }
  void wait_for_helper() { helper_here_.get_future().wait(); }
  void let_through() { gate_.set_value(); }

 private:
  const std::thread::id writer_ = std::this_thread::get_id();
  bool reached_ = false;  // helper only
  std::promise<void> helper_here_;
  std::promise<void> gate_;
  std::shared_future<void> opened_ = gate_.get_future().share();
};

const Suite append_window_tests("append_window", [](Suite& s) {
  s.test("lets the writer go on while the helper is held up", [] {
    EnvMemory memory;
    HeldUpEnv env(memory);
    std::shared_ptr<AppendWindow> window = take(AppendWindow::create(env, "next", 8 * kMiB));
    Background background;
    const FileOffset start{window->data_offset()};
    window->keep_ahead(background, start, 4 * kMiB);
    env.wait_for_helper();
    // Were the writer to wait, nobody would ever open the gate.
    expect_ok(window->ensure({start.bytes + 100'000}));
    expect_ok(window->ensure({start.bytes + 1 * kMiB}));
    window->base()[start.bytes + 1 * kMiB - 1] = std::byte{1};
    env.let_through();
    background.drain();
    expect_ok(window->ensure({start.bytes + 6 * kMiB}));
    expect(window->bytes()[start.bytes + 1 * kMiB - 1] == std::byte{1});
  });
  s.test("is gone with its owner, whatever it has asked the helper for", [] {
    auto env = std::make_shared<EnvMemory>();
    const std::weak_ptr<EnvMemory> env_seen = env;
    std::shared_ptr<AppendWindow> window = take(AppendWindow::create(*env, "next", 16 * kMiB));
    const std::weak_ptr<AppendWindow> window_seen = window;
    std::promise<void> first_step_done;
    std::promise<void> gate;
    Background background;
    window->keep_ahead(background, FileOffset{window->data_offset()}, 8 * kMiB);
    // Behind the first step, and before the second one, which the first one posts.
    background.post(Background::Lane::kPages, [&] {
      first_step_done.set_value();
      gate.get_future().wait();
    });
    first_step_done.get_future().wait();
    window.reset();
    env.reset();
    expect(window_seen.expired());
    expect(env_seen.expired());
    gate.set_value();
    background.drain();
  });
});

}  // namespace
}  // namespace millrace::test
