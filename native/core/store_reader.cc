#include "core/store_reader.h"

#include <array>
#include <utility>

#include "core/engine.h"
#include "core/paths.h"
#include "core/recovery.h"
#include "core/store_folder.h"

namespace millrace {

namespace {

constexpr std::size_t kMappedSegmentsMax = 64;

}  // namespace

StoreReader::StoreReader(std::shared_ptr<Background> background, FollowerContext context,
                         std::string root, const LogIdentity& meta)
    : background_(std::move(background)),
      context_(std::move(context)),
      root_(std::move(root)),
      meta_(meta) {}

StoreReader::~StoreReader() {
  context_.cache.reset();
  background_->drain();
}

Result<std::unique_ptr<StoreReader>> StoreReader::open(std::shared_ptr<Env> env,
                                                       std::shared_ptr<Background> background,
                                                       const std::string& root) {
  Result<std::array<std::byte, 16>> uuid = read_store_format(*env, root);
  if (!uuid) return uuid.error();
  Result<std::uint64_t> boot = current_boot_hash(*env);
  if (!boot) return boot.error();
  auto cache = std::make_shared<SegmentCache>(*env, *background, kMappedSegmentsMax);
  return std::unique_ptr<StoreReader>(new StoreReader(
      std::move(background), {std::move(env), std::move(cache), *boot}, root, {*uuid, 0}));
}

std::unique_ptr<LogFollower> StoreReader::open_log(const LogIdentity& identity) const {
  const std::string directory = join_path(join_path(root_, "shards"), folder_name(identity));
  return std::make_unique<LogFollower>(context_, directory, identity);
}

std::unique_ptr<LogFollower> StoreReader::open_meta() const {
  return std::make_unique<LogFollower>(context_, join_path(root_, "meta"), meta_);
}

}  // namespace millrace
