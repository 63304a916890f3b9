#include "core/md5.h"

#include <vector>

#include "core/md5_lane_kernels.h"
#include "core/md5_lanes.h"
#include "test/guarded_bytes.h"
#include "test/test.h"

namespace millrace::test {
namespace {

constexpr std::size_t kLengthMax = 130;  // up to three blocks

struct Vector {
  std::string text;
  const char* digest;
};

// RFC 1321, then keys around every border between one block and the next, from another
// implementation.
const std::vector<Vector>& published_vectors() {
  static const std::vector<Vector> vectors{
      {"", "d41d8cd98f00b204e9800998ecf8427e"},
      {"a", "0cc175b9c0f1b6a831c399e269772661"},
      {"abc", "900150983cd24fb0d6963f7d28e17f72"},
      {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
      {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
      {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
       "d174ab98d277d9f5a5611c2c9f419d9f"},
      {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
       "57edf4a22be3c955ac49da2e2107b67a"},
      {"héllo", "be50e8478cf24ff3595bc7307fb91b50"},
      {std::string(54, 'x'), "61ea0974c662328da964d977a8253873"},
      {std::string(55, 'x'), "04364420e25c512fd958a70738aa8f72"},
      {std::string(56, 'x'), "668a72d5ba17f08e62dabcafad6db14b"},
      {std::string(63, 'x'), "7dc2ca208106a2f703567bdff99d8981"},
      {std::string(64, 'x'), "c1bb4f81d892b2d57947682aeb252456"},
      {std::string(65, 'x'), "1bc932052302d074bdec39795fe00cf6"},
      {std::string(119, 'x'), "ab347a5f68c8a443cfcddc633f12c24f"},
      {std::string(120, 'x'), "fb98667f98096de92620b64f46e1c5b5"},
      {std::string(1024, 'x'), "7265f4d211b56873a381d321f586e4a9"},
  };
  return vectors;
}

// What byte `i` of the key of `length` bytes is in the digest of all lengths below.
std::byte patterned(std::size_t i, std::size_t length) {
  return static_cast<std::byte>(i * 7 + length);
}

const Suite md5_tests("md5", [](Suite& s) {
  s.test("answers the published vectors", [] {
    for (const Vector& vector : published_vectors()) {
      const Case at_length("length", vector.text.size());
      expect_eq(hex(md5(text_bytes(vector.text))), vector.digest);
    }
  });

  s.test("agrees with another implementation at every length up to three blocks", [] {
    std::vector<std::byte> digests;
    for (std::size_t length = 0; length <= kLengthMax; ++length) {
      std::vector<std::byte> key(length);
      for (std::size_t i = 0; i < length; ++i) key[i] = patterned(i, length);
      const Md5Digest digest = md5(key);
      digests.insert(digests.end(), digest.begin(), digest.end());
    }
    expect_eq(hex(md5(digests)), "df6954f2171934b3a1d651b1bf28ce12");
  });
});

// Each key in its own piece of the heap.
using KeysApart = std::vector<std::vector<std::byte>>;

// Every kernel, on keys that lie apart, against the scalar digest of each.
void expect_scalar_digests(const KeysApart& apart) {
  std::vector<Md5Key> keys;
  for (const auto& key : apart)
    keys.push_back({key.data(), static_cast<std::uint32_t>(key.size())});
  for (const NamedMd5LaneKernel& kernel : md5_lane_kernels()) {
    std::vector<Md5Digest> digests(keys.size());
    md5_batch_with(kernel, keys.data(), keys.size(), digests.data());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const Case at_key("key", i);
      const Case of_length("length", keys[i].length);
      expect(digests[i] == md5(apart[i]), kernel.name);
    }
  }
}

const Suite md5_lanes_tests("md5 lanes", [](Suite& s) {
  s.test("answer the scalar digest for every length of one block, in every lane", [] {
    Random random;
    for (std::size_t length = 0; length <= kLengthMax; ++length) {
      KeysApart keys;
      for (std::size_t i = 0; i < 2 * kMd5LanesMax; ++i) keys.push_back(random.bytes(length));
      expect_scalar_digests(keys);
    }
  });

  s.test("answer the scalar digests of mixed batches of any size", [] {
    Random random;
    for (std::size_t count = 0; count <= 70; ++count) {
      KeysApart keys;
      const std::uint64_t longest = random.once_in(2) ? 55 : kLengthMax;
      for (std::size_t i = 0; i < count; ++i)
        keys.push_back(random.bytes(random.between(0, longest)));
      expect_scalar_digests(keys);
    }
  });

  s.test("hash keys that lie one behind the other", [] {
    Random random;
    const std::vector<std::byte> bytes = random.bytes(20'000);
    std::vector<Md5Key> keys;
    for (std::size_t at = 0, i = 0; i < 500; ++i) {
      const std::uint64_t length = random.between(1, 40);
      keys.push_back({bytes.data() + at, static_cast<std::uint32_t>(length)});
      at += length;
    }
    std::vector<Md5Digest> digests(keys.size());
    md5_batch(keys.data(), keys.size(), digests.data());
    for (std::size_t i = 0; i < digests.size(); ++i) {
      const Case at_key("key", i);
      expect_eq(digests[i], md5(Bytes(keys[i].bytes, keys[i].length)));
    }
  });

  s.test("read nothing outside of a key", [] {
    Random random;
    const GuardedBytes page;
    random.fill(page.bytes());
    for (std::size_t length = 0; length <= kLengthMax; ++length) {
      const Case of_length("length", length);
      for (const Bytes key : {page.first(length), page.last(length)}) {
        const std::vector<Md5Key> keys(kMd5LanesMax,
                                       {key.data(), static_cast<std::uint32_t>(length)});
        std::vector<Md5Digest> digests(keys.size());
        for (const NamedMd5LaneKernel& kernel : md5_lane_kernels()) {
          md5_batch_with(kernel, keys.data(), keys.size(), digests.data());
          expect(digests.back() == md5(key), kernel.name);
        }
      }
    }
  });

  s.test("include the widest kernel this machine can run", [] {
    if (md5_lane_kernels().empty()) skip("this compiler has no vectors");
    expect_eq(md5_lane_kernels().back().lanes, 4u);
    for (std::size_t i = 1; i < md5_lane_kernels().size(); ++i) {
      expect(md5_lane_kernels()[i].lanes < md5_lane_kernels()[i - 1].lanes);
    }
  });
});

}  // namespace
}  // namespace millrace::test
