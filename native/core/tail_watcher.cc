#include "core/tail_watcher.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace millrace {

namespace {

constexpr std::uint64_t kMicrosecond = 1'000;
constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kForever = 3600 * kSecond;
constexpr std::uint64_t kLongestPollPause = 20 * kMillisecond;

// No log has this position.
constexpr std::uint64_t kDisarmed = UINT64_MAX;

// How long to pause between two looks at logs that nobody wakes for: the longer nothing came, the
// longer; and never so often that looking takes more than a hundredth of a processor.
std::uint64_t poll_pause_ns(std::uint64_t quiet_ns, std::uint64_t look_ns) noexcept {
  std::uint64_t pause = kLongestPollPause;
  if (quiet_ns < 2 * kMillisecond) {
    pause = 200 * kMicrosecond;
  } else if (quiet_ns < 20 * kMillisecond) {
    pause = 1 * kMillisecond;
  } else if (quiet_ns < 200 * kMillisecond) {
    pause = 5 * kMillisecond;
  }
  return std::max(pause, 100 * look_ns);
}

}  // namespace

struct TailWatcher::Entry {
  TailSource source;
  std::function<void()> grown;
  // The mark that was seen, or kDisarmed. Sequentially consistent, as is `polled`: either arm()
  // sees that nobody will wake the thread for this log, or the thread sees that it is armed.
  std::atomic<std::uint64_t> armed{kDisarmed};
  // Stored by the thread. True until it has taken the log's wake word among those it sleeps on.
  std::atomic<bool> polled{true};
  // The thread's own: the herald's word when it last looked for the log's files.
  std::optional<std::uint32_t> looked_at;

  // Whose waiters are woken when there is something new.
  [[nodiscard]] const ControlView* waker() const noexcept {
    return source.control != nullptr ? source.control.get() : source.herald.get();
  }
  [[nodiscard]] bool is_heralded() const noexcept {
    return source.control == nullptr && source.herald != nullptr;
  }
  [[nodiscard]] bool is_changed(std::uint64_t seen) const {
    if (source.control == nullptr) return source.has_files();
    // Also when it went back: that is what a recovery does to a log that was poisoned.
    return source.control->visible().bytes != seen;
  }
  // Whoever disarms it owes the call.
  bool disarm() noexcept { return armed.exchange(kDisarmed) != kDisarmed; }
};

TailWatcher::Watch::Watch(std::shared_ptr<TailWatcher> watcher, std::shared_ptr<Entry> entry)
    : watcher_(std::move(watcher)), entry_(std::move(entry)) {}

TailWatcher::Watch::~Watch() {
  entry_->disarm();
  watcher_->leave(entry_);
}

bool TailWatcher::Watch::arm(LogPosition seen) {
  entry_->armed.store(seen.bytes);
  const ControlView* const waker = entry_->waker();
  // The thread's wake word is older than this announcement, so a wake-up that answers it is seen.
  if (waker != nullptr) (void)waker->announce();
  // Unless the thread was faster, and calls.
  if (entry_->is_changed(seen.bytes)) return !entry_->disarm();
  if (entry_->polled.load()) watcher_->signal();
  return true;
}

void TailWatcher::Watch::disarm() noexcept { entry_->disarm(); }

std::shared_ptr<TailWatcher> TailWatcher::make(std::shared_ptr<Env> env) {
  return std::shared_ptr<TailWatcher>(new TailWatcher(std::move(env)));
}

TailWatcher::~TailWatcher() {
  {
    const std::lock_guard guard(mutex_);
    stopping_ = true;
  }
  signal();
  if (thread_.joinable()) thread_.join();
}

std::unique_ptr<TailWatcher::Watch> TailWatcher::watch(TailSource source,
                                                       std::function<void()> grown) {
  auto entry = std::make_shared<Entry>();
  entry->source = std::move(source);
  entry->grown = std::move(grown);
  {
    const std::lock_guard guard(mutex_);
    entries_.push_back(entry);
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }
  signal();
  return std::make_unique<Watch>(shared_from_this(), std::move(entry));
}

void TailWatcher::leave(const std::shared_ptr<Entry>& entry) {
  {
    const std::lock_guard guard(mutex_);
    std::erase(entries_, entry);
  }
  signal();  // so that the thread lets go of it
}

void TailWatcher::signal() noexcept {
  signal_.fetch_add(1);
  env_->wake_all(signal_);
}

// nullopt: the watcher is going.
std::optional<TailWatcher::Entries> TailWatcher::entries_now() {
  const std::lock_guard guard(mutex_);
  if (stopping_) return std::nullopt;
  return entries_;
}

void TailWatcher::run() {
  Entries entries;
  std::optional<std::uint32_t> known;  // the signal that `entries` belong to
  std::vector<WaitWord> words;
  std::uint64_t quiet_since_ns = env_->monotonic_ns();
  std::uint64_t poll_at_ns = 0;
  std::uint64_t all_at_ns = 0;
  for (;;) {
    // Before anything is looked at: what changes from here on keeps the thread from sleeping.
    const std::uint32_t signal = signal_.load();
    words.assign({{&signal_, signal}});
    if (known != signal) {
      std::optional<Entries> now = entries_now();
      if (!now) return;
      entries = std::move(*now);
      known = signal;
      quiet_since_ns = env_->monotonic_ns();
      poll_at_ns = 0;
    }
    const std::uint64_t begin_ns = env_->monotonic_ns();
    is_one_word_only_ = begin_ns < one_word_until_ns_;
    const Due due{.polls = begin_ns >= poll_at_ns, .all = begin_ns >= all_at_ns};
    const Round round = look(entries, due, words);
    const std::uint64_t end_ns = env_->monotonic_ns();
    if (due.all) all_at_ns = end_ns + kSecond;
    if (round.news) quiet_since_ns = end_ns;
    if (round.polled) {
      poll_at_ns = end_ns + poll_pause_ns(end_ns - quiet_since_ns, end_ns - begin_ns);
    }
    if (round.fired) {
      quiet_since_ns = end_ns;
      continue;
    }
    // A log may be armed while the thread sleeps, so it looks as long as there is any.
    std::uint64_t timeout_ns = entries.empty() ? kForever : kSecond;
    if (round.polling) timeout_ns = poll_at_ns - std::min(poll_at_ns, end_ns);
    sleep(words, timeout_ns);
  }
}

// Looks at every armed log and calls for those that grew; adds the words to sleep on to `words`.
TailWatcher::Round TailWatcher::look(const Entries& entries, Due due,
                                     std::vector<WaitWord>& words) {
  Round round;
  for (const std::shared_ptr<Entry>& entry : entries) {
    const std::optional<WaitWord> word = take_word(*entry, words);
    if (entry->polled.load() == word.has_value()) entry->polled.store(!word);
    const std::uint64_t seen = entry->armed.load();
    if (seen == kDisarmed) continue;
    const bool wakes = word && entry->waker()->announce();
    if (!wakes && word) entry->polled.store(true);
    if (!wakes) {
      round.polling = true;
      if (!due.polls) continue;
      round.polled = true;
    } else if (entry->is_heralded()) {
      // Its herald has other news, too, and looking for files takes longer than looking at a mark.
      const bool news = entry->looked_at != word->expected;
      if (!news && !due.all) continue;
      round.polling = round.polling || !(due.polls || due.all);
      if (!due.polls && !due.all) continue;
      round.polled = true;
      round.news = round.news || news;
      entry->looked_at = word->expected;
    }
    if (!entry->is_changed(seen) || !entry->disarm()) continue;
    round.fired = true;
    entry->grown();
  }
  return round;
}

// The word on which the thread is to sleep for an entry, and what it is now; nullopt: there is
// none.
std::optional<WaitWord> TailWatcher::take_word(const Entry& entry, std::vector<WaitWord>& words) {
  const ControlView* const waker = entry.waker();
  const auto* const word = waker == nullptr ? nullptr : waker->wake_word();
  if (word == nullptr || is_one_word_only_) return std::nullopt;
  // Many logs without files have the same herald.
  if (entry.is_heralded()) {
    for (const WaitWord& taken : words) {
      if (taken.word == word) return taken;
    }
  }
  if (words.size() == kWaitWordsMax) return std::nullopt;
  words.push_back({word, word->load()});  // before the announcement
  return words.back();
}

void TailWatcher::sleep(const std::vector<WaitWord>& words, std::uint64_t timeout_ns) {
  const Result<bool> slept = env_->wait_any(words, timeout_ns);
  if (slept) return;
  if (words.size() > 1) {
    // From the next round on, everything is looked at: for ever if that is what the system is like.
    const bool is_for_ever = slept.error().code == Errc::kUnsupported;
    one_word_until_ns_ = is_for_ever ? UINT64_MAX : env_->monotonic_ns() + kSecond;
    return;
  }
  // Not even its own word: then nobody wakes it, and it looks as often as it does where nothing
  // came for long.
  std::this_thread::sleep_for(std::chrono::nanoseconds(std::min(timeout_ns, kLongestPollPause)));
}

}  // namespace millrace
