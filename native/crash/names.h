#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::crash {

// A file or directory, whatever its name is. Not used again.
enum class NodeId : std::uint32_t { kRoot = 0 };

struct Node {
  NodeId id = NodeId::kRoot;
  bool is_directory = true;
  bool operator==(const Node&) const = default;
};

// A name in a directory.
struct Place {
  NodeId directory = NodeId::kRoot;
  std::string name;
  auto operator<=>(const Place&) const = default;
};

// One change of names: `node` gets the name `to`, and loses the name `from`; atomically.
struct NameChange {
  std::size_t id = 0;    // grows with each change
  std::size_t call = 0;  // its number in the journal
  Node node = {};
  std::optional<Place> from;
  std::optional<Place> to;
  std::vector<std::size_t> needs;  // ids of changes without which this one cannot be on the disk
};

// Which names a file system has, and which of them are surely on the disk.
//
// A change is sure once a directory that it is about was synced. Until then any of them may be on
// the disk or not, but for this: a change of a name needs the earlier ones of that name; moving
// something into a directory needs that directory; removing a directory needs that it was emptied.
// A directory may be synced although its own name is lost: then all in it is.
class Names {
 public:
  using Entries = std::map<std::string, Node, std::less<>>;
  using Tree = std::map<NodeId, Entries>;

  Names();

  // Where a path leads: nullopt if nothing is there. Directories above that were never heard of
  // count as having been there before the recording.
  [[nodiscard]] std::optional<Node> find(std::string_view path);
  // A new node; `call` numbers the change. A name that was taken is replaced.
  Node create(std::size_t call, std::string_view path, bool is_directory);
  // One that was there before the recording, durably.
  Node adopt(std::string_view path, bool is_directory);
  void remove(std::size_t call, std::string_view path);
  void rename(std::size_t call, std::string_view from, std::string_view to);
  void sync(std::string_view directory);

  [[nodiscard]] const std::vector<NameChange>& unsure() const noexcept { return unsure_; }
  [[nodiscard]] const Tree& newest() const noexcept { return now_; }
  // Files that have a name, or may have one on the disk.
  [[nodiscard]] std::set<NodeId> reachable_files() const;
  // With those unsure changes whose index is set, less those that need one that is not.
  [[nodiscard]] Tree surviving(std::vector<bool> kept) const;

 private:
  [[nodiscard]] Place place_of(std::string_view path);
  void add(NameChange change);
  static void apply(Tree& tree, const NameChange& change);

  Tree durable_;
  Tree now_;
  std::vector<NameChange> unsure_;  // in order
  std::size_t next_change_ = 1;
  std::uint32_t next_node_ = 1;
};

}  // namespace millrace::crash
