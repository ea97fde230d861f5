#pragma once
// The syntax of selections: text to tree. selection.h has the language's rules, selection_eval the meaning.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "core/graph/selection.h"

namespace assetd {

enum class Attribute { key, group, kind, tag, owner, status, stale, freshness, import, path };

/// Does this attribute ask for the state of assets rather than for what is declared?
constexpr bool asks_for_state(Attribute attribute) {
  return attribute == Attribute::status || attribute == Attribute::stale || attribute == Attribute::freshness;
}

struct SelectionNode {
  enum class Kind {
    any_of,  ///< children: one or more
    all_of,  ///< children: one or more
    except,  ///< child: what not to take
    walk,    ///< child, with what is up to `up` levels above and `down` levels below it
    roots,   ///< child: those without a parent in it
    sinks,   ///< child: those without a child in it
    everything,
    attribute,  ///< `attribute` and `text`; a name is Attribute::key
  };
  Kind kind = Kind::everything;
  int column = 0;
  std::vector<SelectionNode> children;
  std::uint32_t up = 0, down = 0;
  Attribute attribute = Attribute::key;
  std::string text;  ///< unquoted
};

std::expected<SelectionNode, SelectionError> parse_selection(std::string_view expression);

}  // namespace assetd
