#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <zlib.h>

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

/// A file in an archive.
struct ZipEntry {
  std::string name;
  std::uint16_t method = 0;
  std::uint32_t crc = 0;
  std::uint64_t stored_size = 0;
  std::uint64_t size = 0;
  std::uint64_t offset = 0;  // position of the local header
};

/// Reads an archive that is completely in memory.
class ZipReader {
 public:
  explicit ZipReader(ByteReader file) : file_(std::move(file)) {
    ByteReader directory = find_directory();
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

  /// The contents of an entry.
  /// @throws FormatError if it is damaged, encrypted or compressed by a method other than deflate.
  Bytes extract(const ZipEntry& entry) const {
    const ByteReader named(file_.left(), str_cat(file_.source(), ": ", entry.name));
    ByteReader header = named.from(entry.offset);
    expect_signature(header, zip_local_signature, "an entry");
    header.take(22);  // the directory contains these fields, too
    const auto name_size = header.take_number<std::uint16_t>();
    const auto extra_size = header.take_number<std::uint16_t>();
    if (header.take_text(name_size) != entry.name) header.fail("the entry has another name");
    header.take(extra_size);
    const ByteSpan stored = header.take(entry.stored_size);
    Bytes bytes;
    if (entry.method == zip_deflated) {
      bytes = inflated(stored, entry.size, header);
    } else if (entry.method != zip_stored) {
      header.fail("expected the compression method 0 (stored) or 8 (deflated), found ",
                  entry.method);
    } else if (entry.size != entry.stored_size) {
      header.fail("stored, yet ", entry.stored_size, " bytes are to be ", entry.size);
    } else {
      bytes.assign(stored.begin(), stored.end());
    }
    if (crc32_z(0, bytes.data(), bytes.size()) != entry.crc) header.fail("the checksum is wrong");
    return bytes;
  }

 private:
  static void expect_signature(ByteReader& reader, std::uint32_t signature, std::string_view of) {
    if (reader.take_number<std::uint32_t>() != signature) {
      reader.fail("expected the signature of ", of);
    }
  }

  /// Finds the central directory through the record at the end of the archive.
  ByteReader find_directory() {
    constexpr std::uint64_t end_size = 22;
    constexpr std::uint64_t longest_comment = 0xffff;
    const std::uint64_t size = file_.size();
    for (std::uint64_t comment = 0; comment <= longest_comment && end_size + comment <= size;
         ++comment) {
      ByteReader end = file_.part(size - end_size - comment, end_size + comment);
      if (end.take_number<std::uint32_t>() != zip_end_signature) continue;
      end.take(6);  // numbers of disks, and the count of entries on this one
      entry_count_ = end.take_number<std::uint16_t>();
      std::uint64_t directory_size = end.take_number<std::uint32_t>();
      std::uint64_t offset = end.take_number<std::uint32_t>();
      if (end.take_number<std::uint16_t>() != comment) continue;
      if (entry_count_ == 0xffff || directory_size == zip_in_zip64 || offset == zip_in_zip64) {
        ByteReader zip64 = find_zip64_end(size - end_size - comment);
        entry_count_ = zip64.take_number<std::uint64_t>();
        directory_size = zip64.take_number<std::uint64_t>();
        offset = zip64.take_number<std::uint64_t>();
      }
      return file_.part(offset, directory_size);
    }
    file_.fail("expected a zip archive; there is no record of its end");
  }

  /// The 64-bit version of the end record, from its count of entries on.
  ByteReader find_zip64_end(std::uint64_t end_offset) const {
    constexpr std::uint64_t locator_size = 20;
    constexpr std::uint64_t zip64_end_size = 56;
    if (end_offset < locator_size) file_.fail("expected a zip64 locator before the end record");
    ByteReader locator = file_.part(end_offset - locator_size, locator_size);
    expect_signature(locator, zip64_locator_signature, "a zip64 locator");
    locator.take(4);  // the number of a disk
    ByteReader end = file_.part(locator.take_number<std::uint64_t>(), zip64_end_size);
    expect_signature(end, zip64_end_signature, "zip64's end record");
    end.take(28);  // its size, versions, numbers of disks, and the count of entries on this one
    return end;
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
    constexpr std::uint16_t zip64_field = 1;
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

  ByteReader file_;
  std::uint64_t entry_count_ = 0;
  std::vector<ZipEntry> entries_;
};

/// Builds an archive in memory. It has no dates: the same files give the same archive.
class ZipWriter {
 public:
  /// @throws ValueError if the archive would need zip64: at 4 GB or 65,535 entries.
  void add(const std::string& name, ByteSpan bytes, NpzCompression compression) {
    constexpr std::size_t room_for_records = 0x20000;
    constexpr std::size_t largest_archive = 0xffffffff - room_for_records;
    if (bytes.size() > largest_archive ||
        archive_.size() + directory_.size() + name.size() > largest_archive - bytes.size()) {
      throw ValueError("zip: with ", name, " the archive has more than 4 GB");
    }
    if (count_ == 0xfffe || name.size() > 0xffff) {
      throw ValueError("zip: more than 65,534 entries, or a name of more than 65,535 bytes");
    }
    const Bytes stream = compression == NpzCompression::deflated ? deflated(bytes) : Bytes();
    const ByteSpan stored = compression == NpzCompression::deflated ? ByteSpan(stream) : bytes;

    Bytes common;  // the fields that the local header and the directory share
    append_number<std::uint16_t>(common, 20);  // the version of the format: 2.0
    append_number<std::uint16_t>(common, is_ascii(name) ? 0 : 0x0800);  // the name is UTF-8
    append_number(common, compression == NpzCompression::deflated ? zip_deflated : zip_stored);
    append_number<std::uint16_t>(common, 0);           // midnight
    append_number<std::uint16_t>(common, 1 << 5 | 1);  // of January 1st, 1980
    append_number(common, static_cast<std::uint32_t>(crc32_z(0, bytes.data(), bytes.size())));
    append_number(common, static_cast<std::uint32_t>(stored.size()));
    append_number(common, static_cast<std::uint32_t>(bytes.size()));
    append_number(common, static_cast<std::uint16_t>(name.size()));
    append_number<std::uint16_t>(common, 0);  // no extra fields

    append_number(directory_, zip_directory_signature);
    append_number<std::uint16_t>(directory_, 20);
    append_bytes(directory_, common);
    for (int i = 0; i < 5; ++i)
      append_number<std::uint16_t>(directory_, 0);  // from the comment's length to the attributes
    append_number(directory_, static_cast<std::uint32_t>(archive_.size()));
    append_text(directory_, name);

    append_number(archive_, zip_local_signature);
    append_bytes(archive_, common);
    append_text(archive_, name);
    append_bytes(archive_, stored);
    ++count_;
  }

  /// The complete archive.
  Bytes finish() && {
    const std::size_t offset = archive_.size();
    append_bytes(archive_, directory_);
    append_number(archive_, zip_end_signature);
    append_number<std::uint32_t>(archive_, 0);  // numbers of disks
    append_number(archive_, count_);
    append_number(archive_, count_);
    append_number(archive_, static_cast<std::uint32_t>(directory_.size()));
    append_number(archive_, static_cast<std::uint32_t>(offset));
    append_number<std::uint16_t>(archive_, 0);  // no comment
    return std::move(archive_);
  }

 private:
  static bool is_ascii(std::string_view name) {
    return std::all_of(name.begin(), name.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  }

  Bytes archive_;
  Bytes directory_;
  std::uint16_t count_ = 0;
};

}  // namespace detail
}  // namespace dlfs
DLFS_STRICT_MATH_END
