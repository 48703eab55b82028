#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/io/deflate.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// How an archive holds its arrays.
enum class NpzCompression { stored, deflated };

namespace detail {

// Source: PKWARE, .ZIP File Format Specification (APPNOTE.TXT), section 4.3.
inline constexpr std::uint32_t zip_local_signature = 0x04034b50;
inline constexpr std::uint32_t zip_directory_signature = 0x02014b50;
inline constexpr std::uint32_t zip_end_signature = 0x06054b50;
inline constexpr std::uint32_t zip64_end_signature = 0x06064b50;
inline constexpr std::uint32_t zip64_locator_signature = 0x07064b50;
inline constexpr std::uint16_t zip_stored = 0;
inline constexpr std::uint16_t zip_deflated = 8;
inline constexpr std::uint32_t zip_in_zip64 = 0xffffffff;  // the number is in a zip64 field instead
inline constexpr std::uint16_t zip64_field = 1;

/// A file in an archive.
struct ZipEntry {
  std::string name;
  std::uint16_t method = 0;
  std::uint32_t crc = 0;
  std::uint64_t stored_size = 0;
  std::uint64_t size = 0;
  std::uint64_t offset = 0;  // position of the local header
};

/// The contents of a stored entry. The read that reaches their end verifies the checksum.
class StoredStream final : public FileStream {
 public:
  StoredStream(const FileBytes& file, ByteReader name, std::uint64_t first, std::uint64_t size,
               std::uint32_t crc)
      : FileStream(file, std::move(name), first, size), expected_crc_(crc) {}

  /// Reads the rest once, since the checksum is that of the bytes in order.
  bool is_seekable() override {
    Bytes block(zlib_block);
    while (left() > 0) read(std::span(block).first(std::min<std::uint64_t>(zlib_block, left())));
    return true;
  }

 protected:
  void read_next(std::uint64_t position, std::span<std::uint8_t> out) override {
    const std::uint64_t end = position + out.size();
    while (!out.empty()) {
      const auto block = out.first(std::min(out.size(), zlib_block));
      read_at(end - out.size(), block);
      crc_.add(block);
      out = out.subspan(block.size());
    }
    if (end == size() && crc_.value() != expected_crc_) name().fail("the checksum is wrong");
  }

 private:
  std::uint32_t expected_crc_;
  Crc32 crc_;
};

/// Reads an archive. Its memory is that of the directory, at most three times 64 MiB.
class ZipReader {
 public:
  explicit ZipReader(FileBytes file) : file_(std::move(file)) {
    const Bytes bytes = read_directory();
    ByteReader directory(bytes, file_.source());
    std::uint64_t claimed = 0;
    while (!directory.left().empty()) {
      entries_.push_back(read_entry(directory));
      // Entries that overlap could produce many files from the same bytes.
      const std::uint64_t stored = entries_.back().stored_size;
      if (stored > file_.size() - claimed) file_.fail("the entries are larger than the archive");
      claimed += stored;
    }
    if (entries_.size() != entry_count_) {
      file_.fail("expected ", entry_count_, " entries, found ", entries_.size());
    }
  }

  const std::vector<ZipEntry>& entries() const { return entries_; }
  const FileBytes& file() const { return file_; }

  /// The contents of an entry as a stream.
  /// @throws FormatError if it is damaged, encrypted or compressed by a method other than deflate.
  std::unique_ptr<ByteStream> open(const ZipEntry& entry) const {
    constexpr std::uint64_t header_size = 30;
    ByteReader name({}, str_cat(file_.source(), ": ", entry.name));
    const FileBytes file(file_, name);
    const Bytes bytes = file.read(entry.offset, header_size);
    ByteReader header(bytes, name.source());
    expect_signature(header, zip_local_signature, "an entry");
    header.take(22);  // the directory contains these fields, too
    const auto name_size = header.take_number<std::uint16_t>();
    const auto extra_size = header.take_number<std::uint16_t>();
    const Bytes local_name = file.read(entry.offset + header_size, name_size);
    if (as_text(local_name) != entry.name) name.fail("the entry has another name");
    const std::uint64_t first = entry.offset + header_size + name_size + extra_size;
    file.expect_part(first, entry.stored_size);
    if (entry.method == zip_deflated) {
      return std::make_unique<InflatingStream>(file, std::move(name), first, entry.stored_size,
                                               entry.size, entry.crc);
    }
    if (entry.method != zip_stored) {
      name.fail("expected the compression method 0 (stored) or 8 (deflated), found ", entry.method);
    }
    if (entry.size != entry.stored_size) {
      name.fail("stored, yet ", entry.stored_size, " bytes are to be ", entry.size);
    }
    return std::make_unique<StoredStream>(file, std::move(name), first, entry.size, entry.crc);
  }

  /// The same in memory, which is taken as the bytes arrive.
  Bytes extract(const ZipEntry& entry) const { return open(entry)->take_rest(); }

 private:
  static void expect_signature(ByteReader& reader, std::uint32_t signature, std::string_view of) {
    if (reader.take_number<std::uint32_t>() != signature) {
      reader.fail("expected the signature of ", of);
    }
  }

  /// Finds the central directory through the record at the end of the archive. Bytes after that
  /// record, as of a file that was padded, are ignored.
  Bytes read_directory() {
    constexpr std::uint64_t end_size = 22;
    constexpr std::uint64_t longest_comment = 0xffff;
    constexpr std::uint64_t most_directory_bytes = 64 * 1024 * 1024;
    const std::uint64_t size = file_.size();
    const std::uint64_t tail_size = std::min(size, end_size + longest_comment);
    const Bytes tail = file_.read(size - tail_size, tail_size);
    for (std::uint64_t left = end_size; left <= tail_size; ++left) {
      if (tail[tail_size - left] != 'P') continue;
      ByteReader end(ByteSpan(tail).last(left), file_.source());
      if (end.take_number<std::uint32_t>() != zip_end_signature) continue;
      end.take(6);  // numbers of disks, and the count of entries on this one
      entry_count_ = end.take_number<std::uint16_t>();
      std::uint64_t directory_size = end.take_number<std::uint32_t>();
      std::uint64_t offset = end.take_number<std::uint32_t>();
      if (end.take_number<std::uint16_t>() > left - end_size) continue;
      if (entry_count_ == 0xffff || directory_size == zip_in_zip64 || offset == zip_in_zip64) {
        const Bytes bytes = read_zip64_end(size - left);
        ByteReader zip64(bytes, file_.source());
        zip64.take(32);  // up to the count of entries on this disk
        entry_count_ = zip64.take_number<std::uint64_t>();
        directory_size = zip64.take_number<std::uint64_t>();
        offset = zip64.take_number<std::uint64_t>();
      }
      if (directory_size > most_directory_bytes && directory_size <= size) {
        file_.fail("a directory of ", directory_size, " bytes, which is more than ",
                   most_directory_bytes);
      }
      return file_.read(offset, directory_size);
    }
    file_.fail("expected a zip archive; there is no record of its end");
  }

  /// The 64-bit version of the end record.
  Bytes read_zip64_end(std::uint64_t end_offset) const {
    constexpr std::uint64_t locator_size = 20;
    constexpr std::uint64_t zip64_end_size = 56;
    if (end_offset < locator_size) file_.fail("expected a zip64 locator before the end record");
    const Bytes locator_bytes = file_.read(end_offset - locator_size, locator_size);
    ByteReader locator(locator_bytes, file_.source());
    expect_signature(locator, zip64_locator_signature, "a zip64 locator");
    locator.take(4);  // the number of a disk
    Bytes bytes = file_.read(locator.take_number<std::uint64_t>(), zip64_end_size);
    ByteReader end(bytes, file_.source());
    expect_signature(end, zip64_end_signature, "zip64's end record");
    return bytes;
  }

  static ZipEntry read_entry(ByteReader& directory) {
    ZipEntry entry;
    expect_signature(directory, zip_directory_signature, "an entry of the directory");
    directory.take(4);  // versions
    const bool is_encrypted = (directory.take_number<std::uint16_t>() & 1) != 0;
    entry.method = directory.take_number<std::uint16_t>();
    directory.take(4);  // time and date
    entry.crc = directory.take_number<std::uint32_t>();
    entry.stored_size = directory.take_number<std::uint32_t>();
    entry.size = directory.take_number<std::uint32_t>();
    const auto name_size = directory.take_number<std::uint16_t>();
    const auto extra_size = directory.take_number<std::uint16_t>();
    const auto comment_size = directory.take_number<std::uint16_t>();
    directory.take(8);  // the number of a disk, attributes
    entry.offset = directory.take_number<std::uint32_t>();
    entry.name = directory.take_text(name_size);
    read_extra({directory.take(extra_size), directory.source()}, entry);
    directory.take(comment_size);
    if (is_encrypted) directory.fail(entry.name, " is encrypted");
    return entry;
  }

  /// Reads zip64's extra field: the numbers that do not fit into 32 bits.
  static void read_extra(ByteReader extra, ZipEntry& entry) {
    while (!extra.left().empty()) {
      const auto id = extra.take_number<std::uint16_t>();
      const auto size = extra.take_number<std::uint16_t>();
      ByteReader field(extra.take(size), extra.source());
      if (id != zip64_field) continue;
      for (std::uint64_t* number : {&entry.size, &entry.stored_size, &entry.offset}) {
        if (*number == zip_in_zip64) *number = field.take_number<std::uint64_t>();
      }
    }
  }

  FileBytes file_;
  std::uint64_t entry_count_ = 0;
  std::vector<ZipEntry> entries_;
};

/// Writes an archive, each file in it as its bytes arrive. It has no dates: the same files give the
/// same archive.
class ZipWriter {
 public:
  /// Writes the bytes of a file to the sink.
  using Write = std::function<void(ByteSink& out)>;

  /// Sizes and places from `zip64_from` on are written as zip64's.
  explicit ZipWriter(FileWriter& file, std::uint64_t zip64_from = zip_in_zip64)
      : file_(&file), zip64_from_(zip64_from) {}

  /// Adds a file of `size` bytes. Calls `write` twice, and with the same result, if the archive
  /// goes into a pipe: a pipe has the checksum before the bytes.
  /// @throws ValueError for a name of more than 65,535 bytes.
  void add(const std::string& name, std::uint64_t size, NpzCompression compression,
           const Write& write) {
    if (name.size() > 0xffff) {
      throw ValueError("zip: a name of ", name.size(), " bytes, which is more than 65,535");
    }
    ZipEntry entry{.name = name,
                   .method = compression == NpzCompression::deflated ? zip_deflated : zip_stored,
                   .stored_size = size,
                   .size = size,
                   .offset = file_->size()};
    const auto write_all = [&](ByteSink& out) {
      Summed contents(&out);
      if (entry.method == zip_deflated) {
        DeflatingSink deflated(out);
        contents.out = &deflated;
        write(contents);
        entry.stored_size = deflated.finish();
      } else {
        write(contents);
      }
      entry.crc = contents.crc.value();
    };
    if (file_->can_replace()) {
      file_->write(local_header(entry));
      write_all(*file_);
      file_->replace(entry.offset, local_header(entry));
    } else {
      Nowhere nowhere;
      write_all(nowhere);
      file_->write(local_header(entry));
      write_all(*file_);
    }
    entries_.push_back(std::move(entry));
  }

  /// Writes the directory.
  void finish() {
    const std::uint64_t offset = file_->size();
    Bytes bytes;
    for (const ZipEntry& entry : entries_) append_directory_entry(bytes, entry);
    const std::uint64_t size = bytes.size(), count = entries_.size();
    if (offset >= zip64_from_ || size >= zip64_from_ || count >= 0xffff) {
      append_number(bytes, zip64_end_signature);
      append_number<std::uint64_t>(bytes, 44);  // the size of the rest of this record
      append_number<std::uint16_t>(bytes, zip64_version);
      append_number<std::uint16_t>(bytes, zip64_version);
      append_number<std::uint64_t>(bytes, 0);  // numbers of disks
      append_number(bytes, count);
      append_number(bytes, count);
      append_number(bytes, size);
      append_number(bytes, offset);
      append_number(bytes, zip64_locator_signature);
      append_number<std::uint32_t>(bytes, 0);  // the number of a disk
      append_number(bytes, offset + size);
      append_number<std::uint32_t>(bytes, 1);  // disks
    }
    append_number(bytes, zip_end_signature);
    append_number<std::uint32_t>(bytes, 0);  // numbers of disks
    const auto short_count = static_cast<std::uint16_t>(std::min<std::uint64_t>(count, 0xffff));
    append_number(bytes, short_count);
    append_number(bytes, short_count);
    append_number(bytes, in_32_bits(size));
    append_number(bytes, in_32_bits(offset));
    append_number<std::uint16_t>(bytes, 0);  // no comment
    file_->write(bytes);
  }

 private:
  static constexpr std::uint16_t usual_version = 20;  // 2.0
  static constexpr std::uint16_t zip64_version = 45;

  struct Nowhere final : ByteSink {
    void write(ByteSpan) override {}
  };

  /// Computes the checksum of what passes through it.
  struct Summed final : ByteSink {
    explicit Summed(ByteSink* out_) : out(out_) {}
    void write(ByteSpan bytes) override {
      while (!bytes.empty()) {
        const ByteSpan block = bytes.first(std::min(bytes.size(), zlib_block));
        crc.add(block);
        out->write(block);
        bytes = bytes.subspan(block.size());
      }
    }
    ByteSink* out;
    Crc32 crc;
  };

  static bool is_ascii(std::string_view name) {
    return std::all_of(name.begin(), name.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  }

  std::uint32_t in_32_bits(std::uint64_t number) const {
    return number >= zip64_from_ ? zip_in_zip64 : static_cast<std::uint32_t>(number);
  }
  /// Whether the local header has room for sizes of 64 bits. It is decided before the stored size
  /// is known, which deflate makes larger by less than a thousandth.
  bool has_large_sizes(const ZipEntry& entry) const {
    return entry.size >= zip64_from_ - zip64_from_ / 1000;
  }

  /// The fields that the local header and the directory share.
  static void append_common(Bytes& bytes, const ZipEntry& entry, std::uint16_t version,
                            std::uint32_t stored_size, std::uint32_t size, std::size_t extra_size) {
    append_number(bytes, version);
    append_number<std::uint16_t>(bytes, is_ascii(entry.name) ? 0 : 0x0800);  // the name is UTF-8
    append_number(bytes, entry.method);
    append_number<std::uint16_t>(bytes, 0);           // midnight
    append_number<std::uint16_t>(bytes, 1 << 5 | 1);  // of January 1st, 1980
    append_number(bytes, entry.crc);
    append_number(bytes, stored_size);
    append_number(bytes, size);
    append_number(bytes, static_cast<std::uint16_t>(entry.name.size()));
    append_number(bytes, static_cast<std::uint16_t>(extra_size));
  }

  /// Zip64's extra field of these numbers.
  static Bytes zip64_extra(std::initializer_list<std::uint64_t> numbers) {
    Bytes extra;
    append_number<std::uint16_t>(extra, zip64_field);
    append_number(extra, static_cast<std::uint16_t>(8 * numbers.size()));
    for (const std::uint64_t number : numbers) append_number(extra, number);
    return extra;
  }

  Bytes local_header(const ZipEntry& entry) const {
    const bool is_large = has_large_sizes(entry);
    const Bytes extra = is_large ? zip64_extra({entry.size, entry.stored_size}) : Bytes();
    Bytes bytes;
    append_number(bytes, zip_local_signature);
    append_common(bytes, entry, is_large ? zip64_version : usual_version,
                  is_large ? zip_in_zip64 : static_cast<std::uint32_t>(entry.stored_size),
                  is_large ? zip_in_zip64 : static_cast<std::uint32_t>(entry.size), extra.size());
    append_text(bytes, entry.name);
    append_bytes(bytes, extra);
    return bytes;
  }

  void append_directory_entry(Bytes& bytes, const ZipEntry& entry) const {
    const bool is_large = has_large_sizes(entry) || entry.offset >= zip64_from_;
    const Bytes extra =
        is_large ? zip64_extra({entry.size, entry.stored_size, entry.offset}) : Bytes();
    const auto number = [&](std::uint64_t value) {
      return is_large ? zip_in_zip64 : static_cast<std::uint32_t>(value);
    };
    const std::uint16_t version = is_large ? zip64_version : usual_version;
    append_number(bytes, zip_directory_signature);
    append_number(bytes, version);
    append_common(bytes, entry, version, number(entry.stored_size), number(entry.size),
                  extra.size());
    // From the comment's length to the attributes.
    for (int i = 0; i < 5; ++i) append_number<std::uint16_t>(bytes, 0);
    append_number(bytes, number(entry.offset));
    append_text(bytes, entry.name);
    append_bytes(bytes, extra);
  }

  FileWriter* file_;
  std::uint64_t zip64_from_;
  std::vector<ZipEntry> entries_;
};

}  // namespace detail
}  // namespace dlfs
DLFS_STRICT_MATH_END
