#pragma once

#include <algorithm>

#include "dlfs/core/shape.hpp"
#include "dlfs/simd/level.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::simd {

/// The 2 by 2 blocks of images of (N, C, H, W) elements. An odd last row or column is left out.
struct Blocks {
  Index planes;
  Index height;
  Index width;

  Index in_row() const { return width / 2; }
  Index rows() const { return planes * (height / 2); }

  /// Number of leading rows that whole vectors can write without passing the end of all rows.
  Index rows_of_whole_vectors(Index lanes) const {
    const Index vectors = (in_row() + lanes - 1) / lanes;
    return std::max<Index>(0, rows() - (vectors * lanes - 1) / in_row());
  }
};

/// Iterates over the rows of blocks: `for (BlockRow row(blocks, 0); row.index < end; row.next())`.
struct BlockRow {
  Blocks blocks;
  Index index;     // index among the rows of all planes
  Index in_plane;  // index among the rows of its own plane
  Index top;       // the offsets of its two rows of pixels, and of its results
  Index bottom;
  Index out;

  DLFS_INLINE BlockRow(const Blocks& blocks_, Index index_)
      : blocks(blocks_),
        index(index_),
        in_plane(index % (blocks.height / 2)),
        top((index / (blocks.height / 2) * blocks.height + 2 * in_plane) * blocks.width),
        bottom(top + blocks.width),
        out(index * blocks.in_row()) {}

  DLFS_INLINE void next() {
    ++index;
    top += 2 * blocks.width;
    out += blocks.in_row();
    if (++in_plane == blocks.height / 2) {
      in_plane = 0;
      top += blocks.height % 2 * blocks.width;
    }
    bottom = top + blocks.width;
  }
};

}  // namespace dlfs::simd
DLFS_STRICT_MATH_END
