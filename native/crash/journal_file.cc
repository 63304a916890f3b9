#include "crash/journal_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

#include "core/bytes.h"

namespace millrace::crash {

namespace {

// Of a call without its texts and bytes.
constexpr std::uint64_t kFixedBytes = 1 + 2 * sizeof(std::uint32_t) + 5 * sizeof(std::uint64_t);

template <typename T>
void put(std::string& out, const T& value) {
  const Bytes bytes = bytes_of(value);
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void put_text(std::string& out, std::string_view text) {
  put(out, std::uint64_t{text.size()});
  out.append(text);
}

std::string_view as_text(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Takes values off the front of a journal; once one is missing, all that follow are.
class Source {
 public:
  explicit Source(std::string_view rest) noexcept : rest_(rest) {}

  [[nodiscard]] bool is_whole() const noexcept { return whole_; }
  [[nodiscard]] bool is_empty() const noexcept { return rest_.empty(); }

  std::string_view take(std::uint64_t bytes) noexcept {
    whole_ = whole_ && bytes <= rest_.size();
    if (!whole_) return {};
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }
  template <typename T>
  T value() noexcept {
    T value{};
    const std::string_view taken = take(sizeof(T));
    if (whole_) std::memcpy(&value, taken.data(), sizeof(T));
    return value;
  }
  std::string_view text() noexcept { return take(value<std::uint64_t>()); }

 private:
  std::string_view rest_;
  bool whole_ = true;
};

RecordedCall take_call(Source& source) {
  RecordedCall call;
  call.kind = static_cast<RecordedCall::Kind>(source.value<std::uint8_t>());
  call.file = static_cast<RecordedFile>(source.value<std::uint32_t>());
  call.sys_errno = static_cast<int>(source.value<std::uint32_t>());
  call.at = {source.value<std::uint64_t>()};
  call.length = source.value<std::uint64_t>();
  call.path = source.text();
  call.to_path = source.text();
  const Bytes bytes = std::as_bytes(std::span(source.text()));
  call.bytes.assign(bytes.begin(), bytes.end());
  return call;
}

Error failed(const std::string& path, Errc code, const std::string& what) {
  return Error{.code = code, .sys_errno = code == Errc::kIo ? errno : 0, .message = path + what};
}

}  // namespace

std::string encode_call(const RecordedCall& call) {
  std::string out;
  out.reserve(encoded_bytes(call));
  put(out, static_cast<std::uint8_t>(call.kind));
  put(out, static_cast<std::uint32_t>(call.file));
  put(out, static_cast<std::uint32_t>(call.sys_errno));
  put(out, call.at.bytes);
  put(out, call.length);
  put_text(out, call.path);
  put_text(out, call.to_path);
  put_text(out, as_text(call.bytes));
  return out;
}

std::uint64_t encoded_bytes(const RecordedCall& call) noexcept {
  return kFixedBytes + call.path.size() + call.to_path.size() + call.bytes.size();
}

Result<void> write_journal(const std::string& path, const std::vector<RecordedCall>& calls) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << kJournalMagic;
  for (const RecordedCall& call : calls) file << encode_call(call);
  file.flush();
  if (!file) return failed(path, Errc::kIo, ": the journal cannot be written");
  return {};
}

Result<std::vector<RecordedCall>> read_journal(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return failed(path, Errc::kNotFound, ": there is no such journal");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  Source source(text);
  if (source.take(kJournalMagic.size()) != kJournalMagic) {
    return failed(path, Errc::kCorrupt, ": is no journal of this version");
  }
  std::vector<RecordedCall> calls;
  while (source.is_whole() && !source.is_empty()) calls.push_back(take_call(source));
  const bool known = std::ranges::all_of(calls, [](const RecordedCall& call) {
    return call.kind <= RecordedCall::Kind::kSyncDirectory;
  });
  if (!source.is_whole() || !known) {
    return failed(path, Errc::kCorrupt, ": the journal is not whole");
  }
  return calls;
}

}  // namespace millrace::crash
