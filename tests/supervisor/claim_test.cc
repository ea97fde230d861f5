#include "supervisor/claim.h"

#include <gtest/gtest.h>

#include "supervisor/frame.h"

namespace assetd::supervisor {
namespace {

const Origin kOrigin{"93b7c618-2c17-42ec-883b-d3f90c6f2d07", "store-1", 1'700'000'000'000};
const ShimIdentity kShim{4711, 123'456'789'012, {4712, 1'700'000'000'001}};
const StopOrder kStop{{2, 15}, 10'000};
const End kEnd{.outcome = Outcome::signaled,
               .signal = 9,
               .core_dumped = true,
               .stopped = true,
               .started_at_ms = 5,
               .ended_at_ms = 6,
               .usage = {7, 8, 9},
               .cause = Cause::out_of_memory,
               .detail = "why"};

void put(std::string& file, const SlotWrite& slot) { file.replace(slot.offset, slot.bytes.size(), slot.bytes); }

std::string whole_claim() {
  auto file = encode_claim(kOrigin);
  put(file, encode_shim(kShim));
  put(file, encode_stop(kStop));
  put(file, encode_end(kEnd));
  return file;
}

TEST(ClaimTest, KeepsWhatWasWritten) {
  const auto file = whole_claim();
  EXPECT_EQ(file.size(), kClaimSize);
  const auto claim = decode_claim(file);
  EXPECT_EQ(claim.origin, kOrigin);
  EXPECT_EQ(claim.shim, kShim);
  EXPECT_EQ(claim.stop, kStop);
  EXPECT_EQ(claim.end, kEnd);
}

TEST(ClaimTest, SlotsThatWereNeverWrittenAreAbsent) {
  const auto claim = decode_claim(encode_claim(kOrigin));
  EXPECT_EQ(claim.origin, kOrigin);
  EXPECT_FALSE(claim.shim || claim.stop || claim.end);
}

TEST(ClaimTest, AnEndTornAnywhereIsAbsentAndTheRestIntact) {
  const auto slot = encode_end(kEnd);
  const auto meaningful = slot.bytes.find(kEnd.detail) + kEnd.detail.size();
  for (std::size_t kept = 0; kept < slot.bytes.size(); ++kept) {
    auto file = encode_claim(kOrigin);
    file.replace(slot.offset, kept, slot.bytes.substr(0, kept));
    const auto claim = decode_claim(file);
    // The bytes after the detail are zero both in the file and in the record: a tear there changes nothing.
    if (claim.end) {
      EXPECT_EQ(claim.end, kEnd) << kept;
    }
    EXPECT_EQ(claim.origin, kOrigin);
    if (kept < meaningful) {
      EXPECT_FALSE(claim.end) << kept;
    }
  }
}

TEST(ClaimTest, OneFlippedBitOfTheRecordIsNoticed) {
  const auto slot = encode_end(kEnd);
  for (std::size_t at = 0; at < slot.bytes.size(); ++at) {
    auto file = whole_claim();
    file[slot.offset + at] ^= 4;
    EXPECT_FALSE(decode_claim(file).end) << at;
  }
}

TEST(ClaimTest, AFileOfAnyLengthIsRead) {
  const auto file = whole_claim();
  for (std::size_t size = 0; size < file.size(); ++size) {
    const auto claim = decode_claim(std::string_view(file).substr(0, size));
    EXPECT_TRUE(!claim.end || claim.end == kEnd);
  }
  EXPECT_FALSE(decode_claim("").origin);
}

TEST(ClaimTest, TooMuchIsCutNotRefused) {
  End end = kEnd;
  end.detail = std::string(5000, 'x');
  auto file = encode_claim({kOrigin.boot_id, std::string(500, 's'), 1});
  put(file, encode_end(end));
  EXPECT_EQ(file.size(), kClaimSize);
  EXPECT_EQ(decode_claim(file).end->detail, std::string(kMaxDetail, 'x'));
  EXPECT_EQ(decode_claim(file).origin->store_id, std::string(kMaxStoreId, 's'));
}

TEST(FrameTest, ArrivesWholeHoweverItIsCut) {
  std::string bytes;
  append_frame(bytes, "first");
  append_frame(bytes, "");
  append_frame(bytes, std::string(70'000, 'x'));
  FrameReader reader;
  std::vector<std::string> frames;
  for (const char byte : bytes) {
    reader.feed({&byte, 1});
    while (const auto frame = reader.next()) frames.emplace_back(*frame);
  }
  EXPECT_EQ(frames, (std::vector<std::string>{"first", "", std::string(70'000, 'x')}));
}

TEST(FrameTest, MoreThanSixteenMebibytesEndTheConversation) {
  FrameReader reader;
  reader.feed(std::string("\x01\x00\x00\x01", 4));
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.oversized());
}

}  // namespace
}  // namespace assetd::supervisor
