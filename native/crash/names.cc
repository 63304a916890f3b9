#include "crash/names.h"

#include <algorithm>
#include <utility>

namespace millrace::crash {

namespace {

std::vector<std::string_view> components_of(std::string_view path) {
  std::vector<std::string_view> components;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view component = path.substr(at, end - at);
    if (!component.empty() && component != ".") components.push_back(component);
    at = end + 1;
  }
  return components;
}

bool is_about(const NameChange& change, NodeId directory) noexcept {
  return (change.from && change.from->directory == directory) ||
         (change.to && change.to->directory == directory);
}

bool share_a_name(const NameChange& a, const NameChange& b) noexcept {
  const auto touches = [&](const std::optional<Place>& place) {
    return place && (place == b.from || place == b.to);
  };
  return touches(a.from) || touches(a.to);
}

}  // namespace

Names::Names() {
  durable_[NodeId::kRoot];
  now_[NodeId::kRoot];
}

Place Names::place_of(std::string_view path) {
  const std::vector<std::string_view> components = components_of(path);
  NodeId directory = NodeId::kRoot;
  if (components.empty()) return {directory, ""};
  for (std::size_t i = 0; i + 1 < components.size(); ++i) {
    const Entries& entries = now_[directory];
    const auto found = entries.find(components[i]);
    if (found != entries.end()) {
      directory = found->second.id;
      continue;
    }
    const Node node{NodeId{next_node_++}, true};
    for (Tree* tree : {&durable_, &now_}) {
      (*tree)[directory].emplace(components[i], node);
      (*tree)[node.id];
    }
    directory = node.id;
  }
  return {directory, std::string(components.back())};
}

std::optional<Node> Names::find(std::string_view path) {
  const Place place = place_of(path);
  if (place.name.empty()) return Node{};
  const Entries& entries = now_[place.directory];
  const auto found = entries.find(place.name);
  if (found == entries.end()) return std::nullopt;
  return found->second;
}

Node Names::create(std::size_t call, std::string_view path, bool is_directory) {
  const Node node{NodeId{next_node_++}, is_directory};
  // Its entries, if it has any, are its own, whatever becomes of its name.
  if (is_directory) durable_[node.id];
  if (is_directory) now_[node.id];
  add({.call = call, .node = node, .from = {}, .to = place_of(path), .needs = {}});
  return node;
}

Node Names::adopt(std::string_view path, bool is_directory) {
  const Place place = place_of(path);
  const Node node{NodeId{next_node_++}, is_directory};
  for (Tree* tree : {&durable_, &now_}) {
    (*tree)[place.directory].emplace(place.name, node);
    if (is_directory) (*tree)[node.id];
  }
  return node;
}

void Names::remove(std::size_t call, std::string_view path) {
  const std::optional<Node> node = find(path);
  if (!node) return;
  add({.call = call, .node = *node, .from = place_of(path), .to = {}, .needs = {}});
}

void Names::rename(std::size_t call, std::string_view from, std::string_view to) {
  const std::optional<Node> node = find(from);
  if (!node || place_of(from) == place_of(to)) return;
  add({.call = call, .node = *node, .from = place_of(from), .to = place_of(to), .needs = {}});
}

void Names::add(NameChange change) {
  change.id = next_change_++;
  const bool moves = change.from && change.to && change.from->directory != change.to->directory;
  const bool removes_directory = change.node.is_directory && !change.to;
  for (const NameChange& earlier : unsure_) {
    const bool made_target = moves && earlier.to && earlier.node.id == change.to->directory;
    const bool emptied = removes_directory && is_about(earlier, change.node.id);
    if (share_a_name(earlier, change) || made_target || emptied) change.needs.push_back(earlier.id);
  }
  apply(now_, change);
  unsure_.push_back(std::move(change));
}

void Names::apply(Tree& tree, const NameChange& change) {
  if (change.from) tree[change.from->directory].erase(change.from->name);
  if (change.to) tree[change.to->directory].insert_or_assign(change.to->name, change.node);
}

void Names::sync(std::string_view directory) {
  const std::optional<Node> node = find(directory);
  if (!node) return;
  std::set<std::size_t> synced;
  for (auto change = unsure_.rbegin(); change != unsure_.rend(); ++change) {
    if (!is_about(*change, node->id) && !synced.contains(change->id)) continue;
    synced.insert(change->id);
    synced.insert(change->needs.begin(), change->needs.end());
  }
  for (const NameChange& change : unsure_) {
    if (synced.contains(change.id)) apply(durable_, change);
  }
  std::erase_if(unsure_, [&](const NameChange& change) { return synced.contains(change.id); });
}

std::set<NodeId> Names::reachable_files() const {
  std::set<NodeId> files;
  for (const Tree* tree : {&durable_, &now_}) {
    for (const auto& [directory, entries] : *tree) {
      for (const auto& [name, node] : entries) {
        if (!node.is_directory) files.insert(node.id);
      }
    }
  }
  for (const NameChange& change : unsure_) {
    if (!change.node.is_directory) files.insert(change.node.id);
  }
  return files;
}

Names::Tree Names::surviving(std::vector<bool> kept) const {
  Tree tree = durable_;
  std::set<std::size_t> lost;
  for (std::size_t i = 0; i < unsure_.size(); ++i) {
    const NameChange& change = unsure_[i];
    const bool has_all = std::ranges::none_of(
        change.needs, [&](std::size_t needed) { return lost.contains(needed); });
    if (kept[i] && has_all) {
      apply(tree, change);
    } else {
      lost.insert(change.id);
    }
  }
  return tree;
}

}  // namespace millrace::crash
