#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "core/background.h"
#include "core/mapping.h"
#include "core/result.h"
#include "core/segment_list.h"

namespace millrace {

// Mappings of segments for reading, shared by all logs of a store: the most recently used ones
// stay, so that the process's mappings are bounded whatever the store's size. Any thread may call.
class SegmentCache {
 public:
  // `background` unmaps what falls out; it outlives the cache.
  SegmentCache(Env& env, Background& background, std::size_t capacity)
      : env_(env), background_(background), capacity_(capacity) {}

  // The whole segment, readable. What is handed out stays mapped until its last user lets go.
  Result<std::shared_ptr<const Mapping>> get(const Segment& segment);
  // The file is about to go: later calls may not get the old mapping.
  void forget(const std::string& path);
  // The same for all files of a folder. Its name may come back, with other files of the same names.
  void forget_folder(const std::string& path);
  [[nodiscard]] Background& background() const noexcept { return background_; }

 private:
  struct Entry {
    std::string path;
    std::shared_ptr<const Mapping> mapping;
  };

  void release(std::shared_ptr<const Mapping> mapping);

  Env& env_;
  Background& background_;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::list<Entry> recent_;  // most recently used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_path_;
};

}  // namespace millrace
