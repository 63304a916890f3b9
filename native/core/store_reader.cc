#include "core/store_reader.h"

#include <array>
#include <utility>

#include "core/boot_hash.h"
#include "core/engine.h"
#include "core/paths.h"
#include "core/recovery.h"
#include "core/store_folder.h"

namespace millrace {

namespace {

constexpr std::size_t kReadSegmentsMax = 64;

// The control page of the metadata, opened at the first call that finds one. One thread.
class MetadataPage {
 public:
  MetadataPage(std::shared_ptr<Env> env, std::string directory, const LogIdentity& identity,
               std::uint64_t boot_hash)
      : env_(std::move(env)),
        directory_(std::move(directory)),
        identity_(identity),
        boot_hash_(boot_hash) {}

  std::shared_ptr<const ControlView> operator()() {
    if (view_ != nullptr) return view_;
    Result<std::shared_ptr<const ControlView>> view =
        LogFollower::open_view(*env_, directory_, identity_, boot_hash_);
    // Without it logs are looked for, and a failure is met by whoever reads the metadata.
    if (view) view_ = std::move(*view);
    return view_;
  }

 private:
  std::shared_ptr<Env> env_;
  std::string directory_;
  LogIdentity identity_;
  std::uint64_t boot_hash_;
  std::shared_ptr<const ControlView> view_;
};

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
  auto cache = std::make_shared<SegmentCache>(*env, *background, kReadSegmentsMax);
  const LogIdentity meta{*uuid, 0};
  // Shared by copies of the context, and so by all logs of the store.
  auto page = std::make_shared<MetadataPage>(env, join_path(root, "meta"), meta, *boot);
  auto herald = [page = std::move(page)] { return (*page)(); };
  return std::unique_ptr<StoreReader>(
      new StoreReader(std::move(background),
                      {std::move(env), std::move(cache), *boot, std::move(herald)}, root, meta));
}

std::unique_ptr<LogFollower> StoreReader::open_log(const LogIdentity& identity) const {
  const std::string directory = join_path(join_path(root_, "shards"), folder_name(identity));
  return std::make_unique<LogFollower>(context_, directory, identity);
}

std::unique_ptr<LogFollower> StoreReader::open_meta() const {
  FollowerContext context = context_;
  context.herald = {};
  return std::make_unique<LogFollower>(std::move(context), join_path(root_, "meta"), meta_);
}

}  // namespace millrace
