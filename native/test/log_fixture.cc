#include "test/log_fixture.h"

#include <cstring>
#include <utility>

namespace millrace::test {

std::uint32_t BatchBuilder::put(std::string_view text) {
  const auto at = static_cast<std::uint32_t>(bytes_.size());
  const Bytes from = std::as_bytes(std::span(text));
  bytes_.insert(bytes_.end(), from.begin(), from.end());
  return at;
}

BatchBuilder& BatchBuilder::add(std::string_view key, std::string_view payload) {
  order_.push_back(static_cast<std::uint32_t>(order_.size()));
  const std::uint32_t key_at = put(key);
  const std::uint32_t data_at = put(payload);
  columns_.insert(columns_.end(), {key_at, static_cast<std::uint32_t>(key.size()), data_at,
                                   static_cast<std::uint32_t>(payload.size()), kNoHashKey, 0});
  return *this;
}

BatchBuilder& BatchBuilder::add_hashed(std::string_view key, std::string_view hash_key,
                                       std::string_view payload) {
  add(key, payload);
  columns_[columns_.size() - column::kStride + column::kHashKeyAt] = put(hash_key);
  return *this;
}

BatchBuilder& BatchBuilder::at(std::int64_t arrival_ms) {
  arrival_ms_ = arrival_ms;
  return *this;
}

PackedBatch BatchBuilder::packed() const {
  return {.bytes = bytes_, .columns = columns_, .order = order_, .arrival = {arrival_ms_}};
}

LogIdentity some_identity() {
  LogIdentity identity;
  identity.uuid.fill(std::byte{7});
  identity.shard = 3;
  return identity;
}

LogFixture::LogFixture(std::shared_ptr<Env> env, std::string directory, LogOptions options,
                       const LogIdentity& identity)
    : env_(std::move(env)),
      directory_(std::move(directory)),
      options_(options),
      identity_(identity) {}

LogFixture::~LogFixture() { crash(); }

Result<void> LogFixture::open() {
  if (!background_) {
    background_ = std::make_unique<Background>();
    cache_ = std::make_shared<SegmentCache>(*env_, *background_, 8);
  }
  Result<std::unique_ptr<ShardLog>> log =
      ShardLog::open({env_, background_.get(), cache_}, directory_, identity_, options_);
  if (!log) return log.error();
  log_ = std::move(*log);
  return {};
}

void LogFixture::crash() {
  log_.reset();
  cache_.reset();
  background_.reset();
}

void LogFixture::reopen() {
  expect_ok(log_->close());
  crash();
  if (Result<void> opened = open(); !opened) stop(opened.error().message);
}

void LogFixture::reopen(const LogOptions& options) {
  options_ = options;
  reopen();
}

void LogFixture::drain() { background_->drain(); }

std::uint64_t LogFixture::append(std::string_view key, std::string_view payload,
                                 std::int64_t at_ms) {
  return append(BatchBuilder().add(key, payload).at(at_ms)).at(0);
}

std::vector<std::uint64_t> LogFixture::append(const BatchBuilder& batch) {
  std::vector<double> offsets(batch.count());
  std::vector<double> arrivals(batch.count());
  Result<std::size_t> done = log_->append(batch.packed(), {offsets, arrivals});
  if (!done) stop(done.error().message);
  expect_eq(*done, batch.count());
  return {offsets.begin(), offsets.end()};
}

Result<std::vector<ReadRecord>> read_page(const ReadCall& read, std::uint64_t from,
                                          std::size_t records, std::uint64_t bytes, Page& page) {
  std::vector<std::byte> buffer(bytes);
  std::vector<std::uint32_t> columns(records * column::kStride);
  std::vector<double> offsets(records);
  std::vector<double> arrivals(records);
  for (;;) {
    Result<Page> got = read({from}, {bytes, records}, {buffer, columns, offsets, arrivals});
    if (!got && got.error().code == Errc::kTooLarge) {
      buffer.resize(got.error().detail);
      continue;
    }
    if (!got) return got.error();
    page = *got;
    break;
  }
  std::vector<ReadRecord> out;
  for (std::size_t i = 0; i < page.count; ++i) {
    const std::uint32_t* words = columns.data() + i * column::kStride;
    const auto text = [&](std::size_t at, std::size_t size) {
      return std::string(reinterpret_cast<const char*>(buffer.data()) + words[at], words[size]);
    };
    out.push_back({static_cast<std::uint64_t>(offsets[i]), static_cast<std::int64_t>(arrivals[i]),
                   text(column::kKeyAt, column::kKeyBytes),
                   text(column::kDataAt, column::kDataBytes)});
  }
  return out;
}

Result<std::vector<ReadRecord>> read_page(ShardLog& log, std::uint64_t from, std::size_t records,
                                          std::uint64_t bytes, Page& page) {
  const ReadCall read = [&log](Sequence at, const PageLimits& limits, const PageBuffers& into) {
    return log.read(at, limits, into);
  };
  return read_page(read, from, records, bytes, page);
}

std::vector<ReadRecord> LogFixture::read_all(std::uint64_t from, std::size_t page_records,
                                             std::uint64_t page_bytes) {
  std::vector<ReadRecord> all;
  for (;;) {
    Page page;
    Result<std::vector<ReadRecord>> records =
        read_page(*log_, from, page_records, page_bytes, page);
    if (!records) stop(records.error().message);
    all.insert(all.end(), records->begin(), records->end());
    from = page.next.value;
    if (page.at_tail) return all;
  }
}

}  // namespace millrace::test
