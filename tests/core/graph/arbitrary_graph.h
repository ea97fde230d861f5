#pragma once
#include <rapidcheck.h>

#include <cstdint>
#include <vector>

namespace assetd::testing {

/// Parents by number for up to 24 assets; an asset's parents have smaller numbers.
inline rc::Gen<std::vector<std::vector<std::uint32_t>>> arbitrary_parents() {
  return rc::gen::exec([] {
    const auto size = *rc::gen::inRange<std::uint32_t>(1, 24);
    std::vector<std::vector<std::uint32_t>> parents(size);
    for (std::uint32_t i = 1; i < size; ++i)
      parents[i] =
          *rc::gen::resize(3, rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(0, i)));
    return parents;
  });
}

}  // namespace assetd::testing
