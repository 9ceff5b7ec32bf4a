#include <gtest/gtest.h>

#include <random>

#include "protocol/byte_order.h"
#include "protocol/listpack.h"
#include "protocol/ziplist.h"
#include "tests/unit/protocol/rdb_samples.h"

namespace replete {
namespace {

// The entries, and at the end "malformed" if it is.
template <typename Reader>
std::vector<std::string> Walk(std::string_view bytes) {
  std::vector<std::string> texts;
  Reader reader(bytes);
  PackedEntry entry;
  PackedStep step;
  while ((step = reader.Next(&entry)) == PackedStep::kEntry) {
    texts.emplace_back(entry.text());
  }
  EXPECT_EQ(reader.Next(&entry), step) << "the end stays the end";
  if (step == PackedStep::kMalformed) {
    texts.emplace_back("malformed");
  }
  return texts;
}

template <typename Reader>
bool WellFormed(std::string_view bytes) {
  const std::vector<std::string> texts = Walk<Reader>(bytes);
  return texts.empty() || texts.back() != "malformed";
}

std::string Number(uint64_t value, size_t bytes) {
  std::string stored(bytes, '\0');
  StoreLittleEndian(stored.data(), value, bytes);
  return stored;
}

std::string BigNumber(uint64_t value, size_t bytes) {
  std::string stored(bytes, '\0');
  StoreBigEndian(stored.data(), value, bytes);
  return stored;
}

struct Element {
  std::string bytes;
  std::string text;
};

std::string ListpackString(const std::string& text) {
  if (text.size() < 64) {
    return Number(0x80 | text.size(), 1) + text;
  }
  if (text.size() < 4096) {
    return BigNumber(0xe000 | text.size(), 2) + text;
  }
  return "\xf0" + Number(text.size(), 4) + text;
}

std::string Listpack(const std::vector<Element>& elements) {
  std::string body;
  for (const Element& element : elements) {
    const size_t size = element.bytes.size();
    size_t bytes = 1;  // as lpEncodeBacklen has it
    bytes += size > 127 ? 1 : 0;
    bytes += size >= 16383 ? 1 : 0;
    bytes += size >= 2097151 ? 1 : 0;
    body += element.bytes;
    for (size_t i = bytes; i > 0; --i) {
      body.push_back(static_cast<char>((size >> (7 * (i - 1)) & 127) | (i == bytes ? 0 : 128)));
    }
  }
  return Number(body.size() + 7, 4) + Number(elements.size(), 2) + body + "\xff";
}

std::string ZiplistString(const std::string& text) {
  if (text.size() < 64) {
    return Number(text.size(), 1) + text;
  }
  if (text.size() < 16384) {
    return BigNumber(0x4000 | text.size(), 2) + text;
  }
  return "\x80" + BigNumber(text.size(), 4) + text;
}

std::string Ziplist(const std::vector<Element>& elements) {
  std::string body;
  size_t last = 0;
  size_t previous = 0;
  for (const Element& element : elements) {
    last = body.size();
    body += previous < 254 ? Number(previous, 1) : "\xfe" + Number(previous, 4);
    body += element.bytes;
    previous = body.size() - last;
  }
  return Number(body.size() + 11, 4) + Number(10 + last, 4) + Number(elements.size(), 2) + body +
         "\xff";
}

std::vector<std::string> Texts(const std::vector<Element>& elements) {
  std::vector<std::string> texts;
  for (const Element& element : elements) {
    texts.push_back(element.text);
  }
  return texts;
}

const std::vector<Element>& ListpackElements() {
  static const std::vector<Element> elements = {
      {Number(0, 1), "0"},
      {Number(127, 1), "127"},
      {FromHex("c080"), "128"},
      {FromHex("cfff"), "4095"},
      {FromHex("d000"), "-4096"},
      {FromHex("dfff"), "-1"},
      {"\xf1" + Number(0x8000, 2), "-32768"},
      {"\xf1" + Number(0x7fff, 2), "32767"},
      {"\xf2" + Number(0x800000, 3), "-8388608"},
      {"\xf2" + Number(0x7fffff, 3), "8388607"},
      {"\xf3" + Number(0x80000000, 4), "-2147483648"},
      {"\xf3" + Number(0x7fffffff, 4), "2147483647"},
      {"\xf4" + Number(uint64_t{1} << 63, 8), "-9223372036854775808"},
      {"\xf4" + Number(~uint64_t{0} >> 1, 8), "9223372036854775807"},
      {ListpackString(""), ""},
      {ListpackString(std::string(63, 'a')), std::string(63, 'a')},
      {ListpackString(std::string(64, 'b')), std::string(64, 'b')},
      {ListpackString("end"), "end"},
  };
  return elements;
}

const std::vector<Element>& ZiplistElements() {
  static const std::vector<Element> elements = {
      {FromHex("f1"), "0"},
      {FromHex("fd"), "12"},
      {FromHex("feff"), "-1"},
      {"\xc0" + Number(0x8000, 2), "-32768"},
      {"\xf0" + Number(0x800000, 3), "-8388608"},
      {"\xf0" + Number(0x7fffff, 3), "8388607"},
      {"\xd0" + Number(0x80000000, 4), "-2147483648"},
      {"\xe0" + Number(uint64_t{1} << 63, 8), "-9223372036854775808"},
      {ZiplistString(""), ""},
      {ZiplistString(std::string(63, 'a')), std::string(63, 'a')},
      {ZiplistString(std::string(300, 'b')), std::string(300, 'b')},
      {ZiplistString("end"), "end"},
  };
  return elements;
}

TEST(Listpack, ReadsEveryEncoding) {
  EXPECT_EQ(Walk<ListpackReader>(Listpack(ListpackElements())), Texts(ListpackElements()));
  EXPECT_EQ(Walk<ListpackReader>(Listpack({})), std::vector<std::string>{});
}

// At 16378 Redis 7.0.15 changes to three bytes for the size behind: 16378 + 5 is 16383.
TEST(Listpack, ReadsSizesAroundTheirLimits) {
  for (const size_t size : {125, 126, 127, 4095, 4096, 16377, 16378, 16379, 2097145, 2097146}) {
    const std::string text(size, 'w');
    EXPECT_EQ(Walk<ListpackReader>(Listpack({{ListpackString(text), text}, {"\x01", "1"}})),
              (std::vector<std::string>{text, "1"}))
        << size;
  }
  const std::string from_redis = FromHex(
                                     "0c400000"
                                     "0200"
                                     "f0fa3f0000") +
                                 std::string(16378, 'w') +
                                 FromHex(
                                     "00ffff"
                                     "817402ff");
  EXPECT_EQ(Walk<ListpackReader>(from_redis).back(), "t");
}

TEST(Ziplist, ReadsEveryEncoding) {
  EXPECT_EQ(Walk<ZiplistReader>(Ziplist(ZiplistElements())), Texts(ZiplistElements()));
  EXPECT_EQ(Walk<ZiplistReader>(Ziplist({})), std::vector<std::string>{});
}

TEST(Ziplist, ReadsSizesAroundTheirLimits) {
  for (const size_t size : {63, 64, 250, 251, 252, 253, 254, 255, 16383, 16384, 100000}) {
    const std::string text(size, 'w');
    EXPECT_EQ(Walk<ZiplistReader>(Ziplist({{ZiplistString(text), text}, {"\xf2", "1"}})),
              (std::vector<std::string>{text, "1"}))
        << size;
  }
}

// Redis leaves a wide size in place when the entry before has become small.
TEST(Ziplist, AcceptsAWideSizeOfASmallEntry) {
  const std::string wide = FromHex(
      "14000000"
      "0d000000"
      "0200"
      "000161"
      "fe03000000f1"
      "ff");
  EXPECT_EQ(Walk<ZiplistReader>(wide), (std::vector<std::string>{"a", "0"}));
}

TEST(PackedLists, AcceptAnUnknownCountAndNoWrongOne) {
  std::string listpack = Listpack(ListpackElements());
  std::string ziplist = Ziplist(ZiplistElements());
  ++listpack[4];
  ++ziplist[8];
  EXPECT_FALSE(WellFormed<ListpackReader>(listpack));
  EXPECT_FALSE(WellFormed<ZiplistReader>(ziplist));
  listpack[4] = listpack[5] = ziplist[8] = ziplist[9] = '\xff';
  EXPECT_TRUE(WellFormed<ListpackReader>(listpack));
  EXPECT_TRUE(WellFormed<ZiplistReader>(ziplist));
}

template <typename Reader>
void RefusesWhatIsCutOrLonger(const std::string& good) {
  ASSERT_TRUE(WellFormed<Reader>(good));
  for (size_t size = 0; size < good.size(); ++size) {
    std::string cut(good, 0, size);
    EXPECT_FALSE(WellFormed<Reader>(cut)) << size;
    if (size >= 11) {  // also when the header says so and the mark is there
      StoreLittleEndian(cut.data(), size, 4);
      cut.back() = '\xff';
      EXPECT_FALSE(WellFormed<Reader>(cut)) << size;
    }
  }
  std::string longer = good + "\xff";
  EXPECT_FALSE(WellFormed<Reader>(longer));
  StoreLittleEndian(longer.data(), longer.size(), 4);
  EXPECT_FALSE(WellFormed<Reader>(longer));
}

TEST(PackedLists, RefuseWhatIsCutOrLonger) {
  RefusesWhatIsCutOrLonger<ListpackReader>(Listpack(ListpackElements()));
  RefusesWhatIsCutOrLonger<ZiplistReader>(Ziplist(ZiplistElements()));
}

// Bits of content may flip unseen, those of structure may not; nothing may be read outside.
template <typename Reader>
void SurvivesDamage(const std::string& good) {
  for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string flipped = good;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    const std::vector<std::string> texts = Walk<Reader>(flipped);
    EXPECT_TRUE(texts.back() == "malformed" || texts.size() == Walk<Reader>(good).size()) << bit;
  }
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    std::string random_bytes = good;
    for (unsigned i = 0; i < 1 + random() % 8; ++i) {
      random_bytes[6 + random() % (good.size() - 7)] = static_cast<char>(random());
    }
    const std::vector<std::string> texts = Walk<Reader>(random_bytes);
    EXPECT_LE(texts.size(), good.size());
  }
}

TEST(PackedLists, SurviveDamage) {
  SurvivesDamage<ListpackReader>(Listpack(ListpackElements()));
  SurvivesDamage<ZiplistReader>(Ziplist(ZiplistElements()));
}

TEST(PackedLists, RefuseEncodingsThatDoNotExist) {
  for (unsigned first = 0xf5; first < 0xff; ++first) {
    EXPECT_FALSE(WellFormed<ListpackReader>(Listpack({{Number(first, 1), ""}}))) << first;
  }
  for (const unsigned first : {0xc1, 0xcf, 0xd1, 0xe1, 0xef, 0xff}) {
    const Element element = {Number(first, 1), ""};
    EXPECT_FALSE(WellFormed<ZiplistReader>(Ziplist({element}))) << first;
  }
}

TEST(Ziplist, RefusesWrongLinks) {
  std::string wrong_tail = Ziplist(ZiplistElements());
  --wrong_tail[4];
  EXPECT_FALSE(WellFormed<ZiplistReader>(wrong_tail));
  std::string wrong_previous = Ziplist(ZiplistElements());
  ++wrong_previous[12];
  EXPECT_FALSE(WellFormed<ZiplistReader>(wrong_previous));
}

}  // namespace
}  // namespace replete
